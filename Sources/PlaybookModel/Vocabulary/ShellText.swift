/// Finds out in which quotes a variable's use stands in a shell text, so that it can be replaced by an expansion of an
/// environment variable. The value itself never becomes part of the text, whatever it holds.
public enum ShellText {
  private enum Quote { case none, single, double }

  /// Why a text cannot take its variables, or nil when it can.
  public static func problem(in text: String) -> String? {
    do {
      _ = try replacing(in: text) { _ in "X" }
      return nil
    } catch {
      return error.description
    }
  }

  /// A use of a variable at a place where no expansion is safe.
  public struct PlacementError: Error, CustomStringConvertible {
    /// What is wrong, in one sentence.
    public var description: String
  }

  /// The text with each use of a variable replaced by the expansion of an environment variable, always as one word
  /// or part of one: `"${NAME}"` outside of quotes, `${NAME}` in double quotes, `'"${NAME}"'` in single quotes.
  ///
  /// Here-documents, backquotes, `$'…'` and comments are refused when a variable is used in the text, since quoting
  /// follows other rules there.
  public static func replacing(
    in text: String, environmentName: (String) -> String
  ) throws(PlacementError) -> String {
    let uses = VariableReference.all(in: text)
    guard !uses.isEmpty else { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var quote = Quote.none
    // Quotes around each open `$(`: inside it quoting starts afresh.
    var outer: [(quote: Quote, depth: Int)] = []
    var parentheses = 0
    var index = 0
    var nextUse = 0
    while index < bytes.count {
      if nextUse < uses.count, uses[nextUse].range.lowerBound == index {
        let name = "${\(environmentName(uses[nextUse].name))}"
        switch quote {
        case .none: result += Array("\"\(name)\"".utf8)
        case .double: result += Array(name.utf8)
        case .single: result += Array("'\"\(name)\"'".utf8)
        }
        index = uses[nextUse].range.upperBound
        nextUse += 1
        continue
      }
      let byte = bytes[index]
      let next = index + 1 < bytes.count ? bytes[index + 1] : 0
      if quote == .single {
        if byte == UInt8(ascii: "'") { quote = .none }
      } else if byte == UInt8(ascii: "\\") {
        result.append(byte)
        index += 1
        if index < bytes.count {
          if nextUse < uses.count, uses[nextUse].range.lowerBound == index {
            throw PlacementError(description: "a variable must not follow a backslash")
          }
          result.append(bytes[index])
        }
        index += 1
        continue
      } else if byte == UInt8(ascii: "`") {
        throw PlacementError(description: "backquotes cannot be used together with variables; write $(…)")
      } else if byte == UInt8(ascii: "$") && next == UInt8(ascii: "(") {
        if index + 2 < bytes.count, bytes[index + 2] == UInt8(ascii: "(") {
          throw PlacementError(description: "arithmetic $((…)) cannot be used together with variables")
        }
        outer.append((quote, parentheses))
        quote = .none
        parentheses += 1
        result += [byte, next]
        index += 2
        continue
      } else if byte == UInt8(ascii: "$") && next == UInt8(ascii: "{") {
        // Quoting inside `${…}` depends on what is around it and on the operator.
        guard let close = bytes[index...].firstIndex(of: UInt8(ascii: "}")),
          !(nextUse < uses.count && uses[nextUse].range.lowerBound < close)
        else { throw PlacementError(description: "a variable must not stand within ${…}") }
      } else if byte == UInt8(ascii: "\"") {
        quote = quote == .double ? .none : .double
      } else if quote == .none {
        if byte == UInt8(ascii: "'") {
          if result.last == UInt8(ascii: "$") {
            throw PlacementError(description: "$'…' cannot be used together with variables")
          }
          quote = .single
        } else if byte == UInt8(ascii: "<") && next == UInt8(ascii: "<") {
          throw PlacementError(description: "here-documents cannot be used together with variables")
        } else if byte == UInt8(ascii: "#") && (result.last.map { " \t\n;&|()".utf8.contains($0) } ?? true) {
          throw PlacementError(description: "comments cannot be used together with variables")
        } else if byte == UInt8(ascii: "(") {
          parentheses += 1
        } else if byte == UInt8(ascii: ")") {
          parentheses -= 1
          if let open = outer.last, open.depth == parentheses {
            quote = open.quote
            outer.removeLast()
          }
        }
      }
      result.append(byte)
      index += 1
    }
    guard quote == .none, outer.isEmpty else {
      throw PlacementError(description: "the command's quotes or parentheses are not closed")
    }
    return String(decoding: result, as: UTF8.self)
  }
}
