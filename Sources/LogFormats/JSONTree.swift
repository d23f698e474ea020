/// A JSON value in memory, for small documents: format definitions, samples. Not for log lines.
enum JSONTree: Equatable, Sendable {
  case null
  case bool(Bool)
  /// As written.
  case number(String)
  case string(String)
  case array([JSONTree])
  /// In order; of equal keys the last counts.
  case object([(key: String, value: JSONTree)])

  /// The value that fills the bytes; nil where they are no JSON.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard JSONText.valueEnd(bytes, from: 0) > 0, Bytes.isValidUTF8(bytes) else { return nil }
    var i = 0
    self = Self.read(bytes, &i)
    guard JSONText.skipSpace(bytes, from: i) == bytes.count else { return nil }
  }

  /// The value of an object's member.
  subscript(_ key: String) -> JSONTree? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key == key }?.value
  }

  /// The text of a string.
  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// Text, number or truth as written.
  var scalarText: String? {
    switch self {
    case .string(let text), .number(let text): text
    case .bool(let truth): truth ? "true" : "false"
    default: nil
    }
  }

  /// The elements of an array; a single value counts as an array of one.
  var list: [JSONTree] {
    if case .array(let elements) = self { return elements }
    return self == .null ? [] : [self]
  }

  /// The members of an object.
  var members: [(key: String, value: JSONTree)] {
    guard case .object(let members) = self else { return [] }
    return members
  }

  /// Reads a value that has been checked.
  private static func read(_ bytes: UnsafeRawBufferPointer, _ i: inout Int) -> JSONTree {
    i = JSONText.skipSpace(bytes, from: i)
    switch bytes[i] {
    case 0x22: return .string(string(bytes, &i))
    case 0x7B:
      var members: [(key: String, value: JSONTree)] = []
      i = JSONText.skipSpace(bytes, from: i + 1)
      while bytes[i] != 0x7D {
        if bytes[i] == 0x2C { i = JSONText.skipSpace(bytes, from: i + 1) }
        let key = string(bytes, &i)
        i = JSONText.skipSpace(bytes, from: i) + 1
        members.append((key, read(bytes, &i)))
        i = JSONText.skipSpace(bytes, from: i)
      }
      i += 1
      return .object(members)
    case 0x5B:
      var elements: [JSONTree] = []
      i = JSONText.skipSpace(bytes, from: i + 1)
      while bytes[i] != 0x5D {
        if bytes[i] == 0x2C { i += 1 }
        elements.append(read(bytes, &i))
        i = JSONText.skipSpace(bytes, from: i)
      }
      i += 1
      return .array(elements)
    case 0x74:
      i += 4
      return .bool(true)
    case 0x66:
      i += 5
      return .bool(false)
    case 0x6E:
      i += 4
      return .null
    default:
      let end = JSONText.numberEnd(bytes, from: i)
      defer { i = end }
      return .number(String(decoding: bytes[i..<end], as: UTF8.self))
    }
  }

  private static func string(_ bytes: UnsafeRawBufferPointer, _ i: inout Int) -> String {
    var escaped = false
    let end = JSONText.stringEnd(bytes, from: i + 1, escaped: &escaped)
    defer { i = end + 1 }
    if !escaped { return String(decoding: bytes[(i + 1)..<end], as: UTF8.self) }
    var scratch = Reading()
    let slice = scratch.unescape(bytes, i + 1, end)
    return scratch.text(slice, of: bytes)
  }

  static func == (a: JSONTree, b: JSONTree) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let x), .bool(let y)): x == y
    case (.number(let x), .number(let y)), (.string(let x), .string(let y)): x == y
    case (.array(let x), .array(let y)): x == y
    case (.object(let x), .object(let y)):
      x.count == y.count && zip(x, y).allSatisfy { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }
}
