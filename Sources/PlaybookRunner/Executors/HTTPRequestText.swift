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
