/// A JSON value as it stands in a document: with its line, and members in the order they were written,
/// so that a document can be reported on by place and written back without loss.
public struct DocumentNode: Sendable, Hashable {
  /// The value.
  public var value: Value
  /// 1-based line of the value's first character; 0 for nodes that come from no document.
  public var line: Int

  /// The kinds of JSON values.
  public enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The number as written (JSON grammar).
    case number(String)
    case string(String)
    case array([DocumentNode])
    case object([Member])
  }

  /// One name/value pair of an object.
  public struct Member: Sendable, Hashable {
    /// The name.
    public var name: String
    /// 1-based line of the name.
    public var line: Int
    /// The value.
    public var value: DocumentNode
    /// A member from its parts.
    public init(name: String, line: Int = 0, value: DocumentNode) {
      self.name = name
      self.line = line
      self.value = value
    }
  }

  /// A node from a value.
  public init(_ value: Value, line: Int = 0) {
    self.value = value
    self.line = line
  }

  /// A string node.
  public static func string(_ text: String) -> DocumentNode { DocumentNode(.string(text)) }
  /// An integer node.
  public static func number(_ number: Int) -> DocumentNode { DocumentNode(.number(String(number))) }
  /// A boolean node.
  public static func bool(_ flag: Bool) -> DocumentNode { DocumentNode(.bool(flag)) }
  /// The null node.
  public static var null: DocumentNode { DocumentNode(.null) }
  /// An array node.
  public static func array(_ items: [DocumentNode]) -> DocumentNode { DocumentNode(.array(items)) }
  /// An object node; members with a nil value are left out.
  public static func object(_ members: [(String, DocumentNode?)]) -> DocumentNode {
    DocumentNode(.object(members.compactMap { name, node in node.map { Member(name: name, value: $0) } }))
  }

  /// The text, when this is a string.
  public var text: String? { if case .string(let text) = value { text } else { nil } }
  /// The flag, when this is a boolean.
  public var flag: Bool? { if case .bool(let flag) = value { flag } else { nil } }
  /// The items, when this is an array.
  public var items: [DocumentNode]? { if case .array(let items) = value { items } else { nil } }
  /// The members, when this is an object.
  public var members: [Member]? { if case .object(let members) = value { members } else { nil } }
  /// The number, when this is one.
  public var double: Double? { if case .number(let text) = value { Double(text) } else { nil } }
  /// The number, when this is a whole one that fits; `1.0` and `1e2` are whole numbers of JSON too.
  public var integer: Int? {
    guard case .number(let text) = value else { return nil }
    if let whole = Int(text) { return whole }
    guard let number = Double(text), number.rounded() == number, abs(number) < 9_007_199_254_740_992 else {
      return nil
    }
    return Int(number)
  }

  /// The value of a member; of several with the same name the last, as most parsers do. Nil when there is none.
  public subscript(name: String) -> DocumentNode? {
    guard case .object(let members) = value else { return nil }
    return members.last { $0.name == name }?.value
  }

  /// What the value is, in words for messages: `a string`, `an array`…
  public var kindInWords: String {
    switch value {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// A JSON pointer (RFC 6901).
public struct DocumentPointer: Sendable, Hashable, CustomStringConvertible {
  /// The text: empty for the whole document, else `/`-separated with `~0` and `~1` escapes.
  public private(set) var description: String
  /// The whole document.
  public static let root = DocumentPointer(description: "")

  /// The pointer to a member of this object.
  public func appending(_ name: String) -> DocumentPointer {
    var text = description + "/"
    for character in name.unicodeScalars {
      switch character {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.unicodeScalars.append(character)
      }
    }
    return DocumentPointer(description: text)
  }

  /// The pointer to an item of this array, counted from 0.
  public func appending(_ index: Int) -> DocumentPointer {
    DocumentPointer(description: "\(description)/\(index)")
  }

  private static func unescaped(_ part: Substring) -> String {
    var name = ""
    var escaped = false
    for character in part.unicodeScalars {
      if escaped {
        name.unicodeScalars.append(character == "1" ? "/" : character == "0" ? "~" : character)
        escaped = false
      } else if character == "~" {
        escaped = true
      } else {
        name.unicodeScalars.append(character)
      }
    }
    return name
  }

  /// The node this pointer leads to; nil when there is none. Array items are found by index.
  public static func resolve(_ pointer: String, in node: DocumentNode) -> DocumentNode? {
    if pointer.isEmpty { return node }
    guard pointer.hasPrefix("/") else { return nil }
    var current = node
    for part in pointer.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      let name = part.contains(UInt8(ascii: "~")) ? unescaped(Substring(part)) : String(Substring(part))
      if let items = current.items {
        guard let index = Int(name), items.indices.contains(index) else { return nil }
        current = items[index]
      } else if let next = current[name] {
        current = next
      } else {
        return nil
      }
    }
    return current
  }
}
