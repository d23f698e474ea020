import PlaybookModel

/// Putting values into the parts of an HTTP request, each by the rule of its place. A value never becomes structure.
enum HTTPRequestText {
  /// Path and query. A use that is the whole target must be a path; every other one becomes percent-encoded text of one
  /// path segment or query value. Control characters are refused, and so are `.` and `..`, which servers take for steps
  /// in the tree.
  static func target(_ text: String, _ values: [String: String]) throws(RunnerError) -> String {
    let uses = VariableReference.all(in: text)
    let isWhole = uses.count == 1 && uses[0].range == 0..<text.utf8.count
    let filled = try Template.fill(text, values) { (name, value) throws(RunnerError) in
      if isWhole {
        guard value.hasPrefix("/"), !value.hasPrefix("//"),
          value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 })
        else { throw RunnerError(.badArgument, "the value of '\(name)' is no path of a URL") }
        return value
      }
      try refuseControls(name, value)
      guard value != ".", value != ".." else {
        throw RunnerError(.badArgument, "the value of '\(name)' is '\(value)', which is a step in a path")
      }
      return percentEncoded(value)
    }
    guard filled.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw RunnerError(.badArgument, "'\(RemoteText.excerpt(filled))' is no path of a URL")
    }
    return filled
  }

  /// A header's value: one line.
  static func header(_ name: String, _ text: String, _ values: [String: String]) throws(RunnerError) -> String
  {
    let token = Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    guard !name.isEmpty, name.utf8.allSatisfy(token.contains) else {
      throw RunnerError(.badArgument, "'\(RemoteText.excerpt(name))' is no name of a header")
    }
    let ours = [
      "host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer",
    ]
    guard !ours.contains(name.lowercased()) else {
      throw RunnerError(.badArgument, "the header '\(name)' is ours to set: it frames the request")
    }
    let filled = try Template.fill(text, values) { (name, value) throws(RunnerError) in
      try refuseControls(name, value)
      return value
    }
    guard !filled.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw RunnerError(.badArgument, "the header '\(name)' holds control characters")
    }
    return filled
  }

  /// The body, by its media type: JSON text, a form, or plain words.
  static func body(
    _ text: String, mediaType: String?, _ values: [String: String]
  ) throws(RunnerError) -> String {
    let type = (mediaType ?? "").lowercased().prefix { $0 != ";" }
    let uses = VariableReference.all(in: text)
    let isJSON = type.hasSuffix("json") || (type.isEmpty && text.first.map { "{[".contains($0) } ?? false)
    if isJSON { return try json(text, values) }
    guard !uses.isEmpty else { return text }
    if type == "application/x-www-form-urlencoded" {
      return try Template.fill(text, values) { (_, value) throws(RunnerError) in percentEncoded(value) }
    }
    if uses.count == 1 && uses[0].range == 0..<text.utf8.count { return try Template.plain(text, values) }
    return try Template.fill(text, values) { (name, value) throws(RunnerError) in
      let isPlain = value.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20, 0x2B...0x2F, 0x3A, 0x40, 0x5F: true
        default: false
        }
      }
      guard isPlain else {
        throw RunnerError(
          .badArgument,
          "the value of '\(name)' may mean something in a body of type '\(type.isEmpty ? "unknown" : type)': only letters, digits, space and + , - . / : @ _ go there"
        )
      }
      return value
    }
  }

  /// Inside strings values are escaped; outside only numbers, `true`, `false` and `null` may stand.
  private static func json(_ text: String, _ values: [String: String]) throws(RunnerError) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    var isInString = false
    for use in VariableReference.all(in: text) {
      var index = position
      while index < use.range.lowerBound {
        if bytes[index] == 0x5C && isInString {
          index += 2
          continue
        }
        if bytes[index] == 0x22 { isInString.toggle() }
        index += 1
      }
      guard let value = values[use.name] else {
        throw RunnerError(.badArgument, "the variable '\(use.name)' has no value")
      }
      result += bytes[position..<use.range.lowerBound]
      if isInString {
        var quoted: [UInt8] = []
        CanonicalJSON.append(string: value, to: &quoted)
        result += quoted.dropFirst().dropLast()
      } else {
        guard isScalar(value) else {
          throw RunnerError(
            .badArgument,
            "the value of '\(use.name)' stands outside of quotes in a JSON body and is no number, true, false or null"
          )
        }
        result += Array(value.utf8)
      }
      position = use.range.upperBound
    }
    result += bytes[position...]
    do {
      _ = try ReadDocument.read(result)
    } catch {
      throw RunnerError(.badArgument, "the body is no JSON: \(error)")
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isScalar(_ value: String) -> Bool {
    if ["true", "false", "null"].contains(value) { return true }
    guard let document = try? ReadDocument.read(Array("[\(value)]".utf8)).root, let items = document.items,
      items.count == 1, case .number = items[0].value
    else { return false }
    return true
  }

  private static func refuseControls(_ name: String, _ value: String) throws(RunnerError) {
    guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw RunnerError(.badArgument, "the value of '\(name)' holds line ends or other control characters")
    }
  }

  /// Everything but the unreserved characters of RFC 3986, 2.3 as `%XX`.
  static func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + HexText.lower([byte]).uppercased()
      }
    }
    return result
  }
}
