/// Why a query expression cannot be understood: what, where, and what to write instead.
public struct QueryError: Error, Hashable, Sendable {
  /// A stable code for programs.
  public enum Code: String, Sendable, CaseIterable {
    /// The expression breaks the grammar.
    case syntax
    /// A value does not fit its name: no such severity, no such time.
    case value
    /// The operator does not go with the name.
    case comparison
    /// A time is relative to something that is not there.
    case reference
    /// The expression is longer or deeper than allowed.
    case limit
  }
  /// What kind of mistake it is.
  public var code: Code
  /// One sentence: what is wrong.
  public var message: String
  /// What to write instead; nil where nothing sensible can be said.
  public var hint: String?
  /// The expression as given.
  public var expression: String
  /// Where the mistake lies: UTF-8 offsets into `expression`. Empty at the end of the expression.
  public var range: Range<Int>

  /// An error from its parts.
  public init(code: Code, message: String, hint: String? = nil, expression: String, range: Range<Int>) {
    self.code = code
    self.message = message
    self.hint = hint
    self.expression = expression
    self.range = range
  }
}

extension QueryError: CustomStringConvertible {
  /// The part of the expression around the mistake, on one line of at most `width` characters, and the line with
  /// the caret below it. Control characters are shown as `·`; the caret counts characters, not bytes.
  public func excerpt(width: Int = 72) -> (line: String, caret: String) {
    let bytes = Array(expression.utf8)
    let lower = min(max(0, range.lowerBound), bytes.count)
    let upper = min(max(lower, range.upperBound), bytes.count)
    var before = Self.shown(bytes[..<lower])
    var after = Self.shown(bytes[lower...])
    let marked = max(1, Self.shown(bytes[lower..<upper]).count)
    let room = max(16, width)
    if before.count > room / 2 { before = ["…"] + before.suffix(room / 2 - 1) }
    if after.count > room - before.count { after = after.prefix(room - before.count - 1) + ["…"] }
    let caret =
      String(repeating: " ", count: before.count) + "^"
      + String(repeating: "~", count: max(0, min(marked, after.count) - 1))
    return (String(before + after), caret)
  }

  /// Message, expression with a caret at the place, and hint, on several lines.
  public var description: String {
    let (line, caret) = excerpt()
    return "\(message)\n  \(line)\n  \(caret)" + (hint.map { "\n\($0)" } ?? "")
  }

  private static func shown(_ bytes: ArraySlice<UInt8>) -> [Character] {
    String(decoding: bytes, as: UTF8.self).map { character in
      character.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "·" : character
    }
  }
}
