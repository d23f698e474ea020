/// A JSON document as one flat list of its values, for documents that hold events. Made anew for every document without calling
/// the allocator, once the list has its size: texts stay where they stand in the document, and those with escapes are resolved
/// into one buffer beside it.
final class JSONTape {
  /// What a value is.
  enum Kind: UInt8 { case null, bool, number, string, array, object }

  /// One value. Those inside a container follow it; in an object each behind its name.
  struct Node {
    var kind = Kind.null
    /// First byte in the document; of a string the one behind its quote.
    var start: UInt32 = 0
    /// Behind its last byte; of a string where its closing quote stands.
    var end: UInt32 = 0
    /// The node behind all that is inside it.
    var next: Int32 = 0
    /// Text of a string, in the document or in the buffer beside it.
    var text = Slice.empty
  }

  /// Nodes that are kept from document to document; a larger list is given back.
  private static let kept = 1 << 16

  private var nodes: UnsafeMutablePointer<Node>
  private var count = 0
  private var capacity = 256
  @exclusivity(unchecked) private var texts = Reading()

  init() { nodes = .allocate(capacity: 256) }

  deinit { nodes.deallocate() }

  /// Reads a document, which has been checked: `JSONText.valueEnd` is its end, and it is UTF-8. Gives its value, which holds until
  /// the next document is read.
  func read(_ document: UnsafeRawBufferPointer) -> JSONTapeValue {
    if capacity > Self.kept, document.count < Self.kept {
      nodes.deallocate()
      capacity = Self.kept
      nodes = .allocate(capacity: capacity)
    }
    count = 0
    texts.reset()
    var i = 0
    value(document, &i)
    return root(of: document)
  }

  /// The value of the document that was read last.
  func root(of document: UnsafeRawBufferPointer) -> JSONTapeValue {
    JSONTapeValue(nodes: nodes, document: document, texts: texts.buffer, index: 0)
  }

  private func add(_ node: Node) {
    if count == capacity {
      let larger = UnsafeMutablePointer<Node>.allocate(capacity: 2 * capacity)
      larger.moveInitialize(from: nodes, count: count)
      nodes.deallocate()
      nodes = larger
      capacity *= 2
    }
    (nodes + count).initialize(to: node)
    count += 1
  }

  private func value(_ document: UnsafeRawBufferPointer, _ i: inout Int) {
    i = JSONText.skipSpace(document, from: i)
    switch document[i] {
    case 0x22: string(document, &i)
    case 0x7B: container(.object, until: 0x7D, document, &i)
    case 0x5B: container(.array, until: 0x5D, document, &i)
    case 0x74: scalar(.bool, from: i, to: &i, i + 4)
    case 0x66: scalar(.bool, from: i, to: &i, i + 5)
    case 0x6E: scalar(.null, from: i, to: &i, i + 4)
    default: scalar(.number, from: i, to: &i, JSONText.numberEnd(document, from: i))
    }
  }

  private func scalar(_ kind: Kind, from start: Int, to i: inout Int, _ end: Int) {
    add(Node(kind: kind, start: UInt32(start), end: UInt32(end), next: Int32(count + 1)))
    i = end
  }

  private func container(
    _ kind: Kind, until close: UInt8, _ document: UnsafeRawBufferPointer, _ i: inout Int
  ) {
    let own = count
    add(Node(kind: kind, start: UInt32(i)))
    i = JSONText.skipSpace(document, from: i + 1)
    while document[i] != close {
      if document[i] == 0x2C { i = JSONText.skipSpace(document, from: i + 1) }
      if kind == .object {
        string(document, &i)
        i = JSONText.skipSpace(document, from: i) + 1
      }
      value(document, &i)
      i = JSONText.skipSpace(document, from: i)
    }
    i += 1
    nodes[own].end = UInt32(i)
    nodes[own].next = Int32(count)
  }

  private func string(_ document: UnsafeRawBufferPointer, _ i: inout Int) {
    var isEscaped = false
    let start = i + 1
    let end = JSONText.stringEnd(document, from: start, escaped: &isEscaped)
    let text =
      isEscaped ? texts.unescape(document, start, end) : Slice.record(start, end - start)
    add(Node(kind: .string, start: UInt32(start), end: UInt32(end), next: Int32(count + 1), text: text))
    i = end + 1
  }
}

/// A value on a tape.
struct JSONTapeValue {
  fileprivate let nodes: UnsafeMutablePointer<JSONTape.Node>
  fileprivate let document: UnsafeRawBufferPointer
  fileprivate let texts: UnsafeMutableRawPointer
  /// Its number on the tape.
  let index: Int32

  fileprivate var node: JSONTape.Node { nodes[Int(index)] }

  /// Another value of the same tape, by its number.
  func at(_ index: Int32) -> JSONTapeValue {
    JSONTapeValue(nodes: nodes, document: document, texts: texts, index: index)
  }

  /// The same; nil for -1.
  func known(at index: Int32) -> JSONTapeValue? { index < 0 ? nil : at(index) }

  /// What it is.
  var kind: JSONTape.Kind { node.kind }

  /// Where it stands in the document; of a string what is between its quotes.
  var range: Range<Int> { Int(node.start)..<Int(node.end) }

  /// The bytes of a string with its escapes resolved; any other value as it is written.
  var bytes: UnsafeRawBufferPointer {
    let node = node
    guard node.kind == .string else { return UnsafeRawBufferPointer(rebasing: document[range]) }
    guard node.text.isInScratch else {
      return UnsafeRawBufferPointer(rebasing: document[node.text.start..<node.text.end])
    }
    return UnsafeRawBufferPointer(start: texts + node.text.start, count: Int(node.text.count))
  }

  /// The text of a string; nil for any other value.
  var text: UnsafeRawBufferPointer? { kind == .string ? bytes : nil }

  /// Text, number or truth as written; nil for containers and null.
  var scalar: UnsafeRawBufferPointer? {
    switch kind {
    case .string, .number, .bool: bytes
    case .null, .array, .object: nil
    }
  }

  /// True for a string of these bytes.
  func isText(_ text: StaticString) -> Bool {
    kind == .string && Bytes.areSame(text, bytes)
  }

  /// The value of an object's member; of equal names the last counts.
  subscript(_ name: StaticString) -> JSONTapeValue? {
    var found: JSONTapeValue?
    for member in members where Bytes.areSame(name, member.name.bytes) { found = member.value }
    return found
  }

  /// The members of an object; none for any other value.
  var members: JSONTapeMembers {
    kind == .object ? JSONTapeMembers(first: at(index + 1), end: node.next) : .none(of: self)
  }

  /// The elements of an array; a single value counts as an array of one, null as an empty one.
  var list: JSONTapeElements {
    switch kind {
    case .array: JSONTapeElements(first: at(index + 1), end: node.next)
    case .null: JSONTapeElements(first: self, end: index)
    default: JSONTapeElements(first: self, end: node.next)
    }
  }
}

/// The members of an object on a tape, in order.
struct JSONTapeMembers: Sequence, IteratorProtocol {
  fileprivate var first: JSONTapeValue
  fileprivate let end: Int32

  static func none(of value: JSONTapeValue) -> JSONTapeMembers {
    JSONTapeMembers(first: value, end: value.index)
  }

  mutating func next() -> (name: JSONTapeValue, value: JSONTapeValue)? {
    guard first.index < end else { return nil }
    let name = first
    let value = name.at(name.index + 1)
    first = name.at(value.node.next)
    return (name, value)
  }
}

/// The elements of an array on a tape, in order.
struct JSONTapeElements: Sequence, IteratorProtocol {
  fileprivate var first: JSONTapeValue
  fileprivate let end: Int32

  mutating func next() -> JSONTapeValue? {
    guard first.index < end else { return nil }
    let element = first
    first = element.at(element.node.next)
    return element
  }
}

extension JSONTapeValue? {
  /// The elements; none where there is no value.
  func elements(of root: JSONTapeValue) -> JSONTapeElements {
    self?.list ?? JSONTapeElements(first: root, end: root.index)
  }
}

extension Reading {
  /// Appends a value as compact JSON.
  mutating func appendJSON(_ value: JSONTapeValue) {
    switch value.kind {
    case .null, .bool, .number: append(value.bytes)
    case .string: appendJSONString(value.bytes)
    case .array:
      append(0x5B)
      var isFirst = true
      for element in value.list {
        if !isFirst { append(0x2C) }
        isFirst = false
        appendJSON(element)
      }
      append(0x5D)
    case .object:
      append(0x7B)
      var isFirst = true
      for member in value.members {
        if !isFirst { append(0x2C) }
        isFirst = false
        appendJSONString(member.name.bytes)
        append(0x3A)
        appendJSON(member.value)
      }
      append(0x7D)
    }
  }

  /// Members of an object as members of the fields.
  mutating func fields(_ members: JSONTapeMembers) {
    for member in members {
      key(member.name.bytes)
      appendJSON(member.value)
    }
  }
}
