import PlaybookModel

/// What is sent to a server or a broker: a text in which no value becomes structure.
enum MessageText {
  /// The text with its values, by its media type: JSON, a form, or plain words. Without a type it is JSON where it begins like it.
  static func filled(
    _ text: String, mediaType: String?, _ values: [String: String]
  ) throws(RunnerError) -> String {
    let type = (mediaType ?? "").lowercased().prefix { $0 != ";" }
    let uses = VariableReference.all(in: text)
    let isJSON = type.hasSuffix("json") || (type.isEmpty && beginsAsJSON(text))
    if isJSON { return try json(text, values) }
    guard !uses.isEmpty else { return text }
    if type == "application/x-www-form-urlencoded" {
      return try Template.fill(text, values) { (_, value) throws(RunnerError) in
        HTTPRequestText.percentEncoded(value)
      }
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
          "the value of '\(name)' may mean something in a text of type '\(type.isEmpty ? "unknown" : type)': only letters, digits, space and + , - . / : @ _ go there"
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
            "the value of '\(use.name)' stands outside of quotes in a JSON text and is no number, true, false or null"
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
      throw RunnerError(.badArgument, "the text is no JSON: \(error)")
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

  private static func beginsAsJSON(_ text: String) -> Bool {
    text.first { !$0.isWhitespace }.map { "{[".contains($0) } ?? false
  }
}
