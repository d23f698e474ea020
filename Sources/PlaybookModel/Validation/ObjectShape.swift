/// The form of one kind of object: its properties, which of them are required, and that there are no others.
///
/// The standard closes its objects; what is not in it belongs into an extension. A misspelt property is therefore
/// an error and never ignored.
struct ObjectShape: Sendable {
  /// What the object is, for messages: `an action step`.
  var name: String
  /// Properties that must be there.
  var required: [String]
  /// All properties.
  var properties: [String: ValueRule]

  init(_ name: String, required: [String] = [], _ properties: [String: ValueRule]) {
    self.name = name
    self.required = required
    self.properties = properties
  }

  /// This shape with more properties.
  func extended(_ name: String, required: [String] = [], _ more: [String: ValueRule]) -> ObjectShape {
    ObjectShape(
      name, required: self.required + required, properties.merging(more) { _, new in new })
  }
}

/// The form of one value.
indirect enum ValueRule: Sendable {
  case any
  case string
  /// A string with at least one character that is not white space.
  case text
  case flag
  case integer(ClosedRange<Int>)
  /// A timestamp; with `true` exactly three fractional digits.
  case timestamp(milliseconds: Bool)
  /// An identifier; its type must be one of these when there are any.
  case identifier([String])
  case list(ValueRule, minimum: Int)
  /// One such value, or a list of at least one.
  case oneOrMore(ValueRule)
  /// An object with any keys.
  case dictionary(ValueRule)
  case shape(ObjectShape)
  /// One of these texts.
  case oneOf(Set<String>)
  /// A text, advised to be one of these (open vocabulary).
  case advised(Set<String>)
  /// Text of RFC 4648 section 4.
  case base64
  /// A list of variable names.
  case variableNames
  /// An object whose keys name extension definitions.
  case extensions
  /// String or null.
  case stringOrNull
}

extension DocumentChecker {
  /// Checks an object against its shape. Returns false when it is no object at all.
  @discardableResult
  mutating func check(_ node: DocumentNode, _ pointer: DocumentPointer, is shape: ObjectShape) -> Bool {
    guard let members = node.members else {
      report(
        "shape.type", .error, pointer, node.line, "\(shape.name) must be an object, not \(node.kindInWords)")
      return false
    }
    for name in shape.required where node[name] == nil {
      report("shape.missing", .error, pointer, node.line, "\(shape.name) must have '\(name)'")
    }
    for member in members {
      let here = pointer.appending(member.name)
      if let rule = shape.properties[member.name] {
        check(member.value, here, member.name, rule)
      } else {
        var message = "\(shape.name) has no property '\(member.name)'"
        if let near = nearest(member.name, shape.properties.keys) { message += "; did you mean '\(near)'?" }
        report("shape.unknown-property", .error, here, member.line, message)
      }
    }
    return true
  }

  /// Checks one value.
  mutating func check(_ node: DocumentNode, _ pointer: DocumentPointer, _ name: String, _ rule: ValueRule) {
    func mismatch(_ wanted: String) {
      report("shape.type", .error, pointer, node.line, "'\(name)' must be \(wanted), not \(node.kindInWords)")
    }
    switch rule {
    case .any: break
    case .string: if node.text == nil { mismatch("a string") }
    case .text:
      guard let text = node.text else { return mismatch("a string") }
      if text.allSatisfy(\.isWhitespace) {
        report("shape.empty", .error, pointer, node.line, "'\(name)' must not be empty")
      }
    case .flag: if node.flag == nil { mismatch("true or false") }
    case .integer(let range):
      guard let number = node.integer else { return mismatch("a whole number") }
      if !range.contains(number) {
        let limits =
          range.upperBound == Int.max
          ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        report("shape.range", .error, pointer, node.line, "'\(name)' must be \(limits), not \(number)")
      }
    case .timestamp(let milliseconds): checkTimestamp(node, pointer, name, milliseconds)
    case .identifier(let types): checkIdentifier(node, pointer, name, types)
    case .list(let itemRule, let minimum):
      guard let items = node.items else { return mismatch("a list") }
      if items.count < minimum {
        report(
          "shape.too-few", .error, pointer, node.line,
          "'\(name)' must have at least \(minimum) \(minimum == 1 ? "entry" : "entries"), not \(items.count)")
      }
      for (index, item) in items.enumerated() { check(item, pointer.appending(index), name, itemRule) }
    case .oneOrMore(let rule):
      check(node, pointer, name, node.items == nil ? rule : .list(rule, minimum: 1))
    case .dictionary(let valueRule):
      guard let members = node.members else { return mismatch("an object") }
      for member in members { check(member.value, pointer.appending(member.name), member.name, valueRule) }
    case .shape(let shape): check(node, pointer, is: shape)
    case .oneOf(let values):
      guard let text = node.text else { return mismatch("a string") }
      if !values.contains(text) {
        report(
          "vocabulary.closed", .error, pointer, node.line,
          "'\(name)' must be one of \(values.sorted().joined(separator: ", ")), not '\(text)'")
      }
    case .advised(let values):
      guard let text = node.text else { return mismatch("a string") }
      if !values.contains(text) {
        report(
          "vocabulary.open", .note, pointer, node.line,
          "'\(text)' is not in the standard's vocabulary for '\(name)'")
      }
    case .base64:
      guard let text = node.text else { return mismatch("a string") }
      if text.isEmpty || Base64Text.decode(text) == nil {
        report(
          "command.base64", .error, pointer, node.line,
          "'\(name)' is not base64 (RFC 4648 section 4: standard alphabet, padded, no line ends)")
      }
    case .variableNames: checkVariableNames(node, pointer, name)
    case .extensions: checkExtensionUses(node, pointer, name)
    case .stringOrNull:
      if node.text == nil, node.value != .null { mismatch("a string or null") }
    }
  }

  private mutating func checkTimestamp(
    _ node: DocumentNode, _ pointer: DocumentPointer, _ name: String, _ milliseconds: Bool
  ) {
    guard let text = node.text else {
      report(
        "shape.type", .error, pointer, node.line, "'\(name)' must be a timestamp, not \(node.kindInWords)")
      return
    }
    guard let time = DocumentTimestamp.parse(text) else {
      report(
        "timestamp.format", .error, pointer, node.line,
        "'\(name)' must be a UTC time as 2026-01-31T12:00:00.000Z, not '\(text)'")
      return
    }
    if milliseconds && time.fractionDigits != 3 {
      report(
        "timestamp.precision", .error, pointer, node.line,
        "'\(name)' must have exactly three fractional digits, not \(time.fractionDigits)")
    }
  }

  private mutating func checkIdentifier(
    _ node: DocumentNode, _ pointer: DocumentPointer, _ name: String, _ types: [String]
  ) {
    guard let text = node.text else {
      report(
        "shape.type", .error, pointer, node.line, "'\(name)' must be an identifier, not \(node.kindInWords)")
      return
    }
    guard let identifier = ObjectIdentifier(text) else {
      report(
        "identifier.format", .error, pointer, node.line,
        "'\(name)' must be an identifier as type--UUID (RFC 4122, versions 1 to 5), not '\(text)'")
      return
    }
    if !types.isEmpty && !types.contains(identifier.type) {
      report(
        "identifier.type", .error, pointer, node.line,
        "'\(name)' must name \(types.map { "\($0)--…" }.joined(separator: " or ")), not '\(text)'")
    }
  }

  private mutating func checkVariableNames(_ node: DocumentNode, _ pointer: DocumentPointer, _ name: String) {
    guard let items = node.items else {
      report("shape.type", .error, pointer, node.line, "'\(name)' must be a list of variable names")
      return
    }
    if items.isEmpty {
      report("shape.too-few", .error, pointer, node.line, "'\(name)' must have at least 1 entry, not 0")
    }
    for (index, item) in items.enumerated() {
      let here = pointer.appending(index)
      guard let text = item.text else {
        report("shape.type", .error, here, item.line, "'\(name)' must hold names of variables")
        continue
      }
      if !VariableName.isWellFormed(text) {
        let hint = text.hasSuffix(":value") ? "; arguments are names, without ':value'" : ""
        report(
          "variable.name", .error, here, item.line, "'\(text)' is no name of a variable (__name__)\(hint)")
      }
    }
  }

  /// The known name that differs by few letters from an unknown one.
  private func nearest(_ name: String, _ known: some Collection<String>) -> String? {
    let folded = name.lowercased().replacingDashes
    if let same = known.first(where: { $0.replacingDashes == folded }) { return same }
    let candidates = known.map { ($0, editDistance(name, $0)) }.filter { $0.1 <= 2 }
    return candidates.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
  }

  private func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[b.count]
  }
}

extension String {
  fileprivate var replacingDashes: String { String(map { $0 == "-" ? "_" : $0 }) }
}
