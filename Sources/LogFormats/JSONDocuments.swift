import IncidentModel

/// An event taken out of a JSON document.
struct PreparedEvent: Sendable {
  var kind = StampKind.none
  var time: Int64 = 0
  var resolution: Int64 = 1
  var stamp = ""
  var device = ""
  var basis = IdentityBasis.selfAsserted
  var severity: UInt8 = 255
  var program = ""
  var message = ""
  /// Members of the fields object, as JSON text.
  var fields: [(key: String, json: String)] = []

  /// Fills a reading; all texts go to scratch.
  func fill(_ reading: inout Reading) {
    reading.kind = kind
    reading.time = time
    reading.resolution = kind == .none ? 0 : resolution
    reading.severity = severity
    func slice(_ text: String) -> Slice {
      var text = text
      return text.isEmpty ? .empty : text.withUTF8 { reading.appendSlice(UnsafeRawBufferPointer($0)) }
    }
    reading.stamp = slice(stamp)
    reading.device = slice(device)
    if !device.isEmpty { reading.basis = basis }
    reading.program = slice(program)
    reading.message = slice(message)
    reading.beginFields()
    for (key, json) in fields {
      var key = key
      var json = json
      key.withUTF8 { reading.key(UnsafeRawBufferPointer($0)) }
      json.withUTF8 { reading.append(UnsafeRawBufferPointer($0)) }
    }
    reading.endFields()
  }
}

/// Reads JSON documents that may span lines: lines are gathered until the value is whole, then its events are handed out. The
/// lines before the last count as structure.
final class JSONDocumentParser: RecordParser {
  /// Bytes of one document.
  static let limit = 16 << 20

  private let interpret: @Sendable (JSONTree) -> [PreparedEvent]?
  private let isFramed: Bool
  private var document: [UInt8] = []
  private var depth = 0
  private var inString = false
  private var afterBackslash = false
  private var prepared: [PreparedEvent] = []
  private var elements: [(start: Int, end: Int)] = []
  private var position = 0
  /// Name of the element that was parsed last in the map that it stands in, as it stands between its quotes.
  private var name: [UInt8] = []
  private let objects = JSONDispatcher()

  /// `interpret` makes events of a whole document, or nil where it is not of its kind: then every object at the top, or in the
  /// array at the top, is an event.
  /// `isFramed`: records are whole values already (`Framing.jsonValues`), brackets and commas of an array around them apart.
  init(isFramed: Bool = false, _ interpret: @escaping @Sendable (JSONTree) -> [PreparedEvent]?) {
    self.interpret = interpret
    self.isFramed = isFramed
  }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    if isFramed {
      if Bytes.isBlank(record) { return .blank }
      if record.allSatisfy({ $0 <= 0x20 || $0 == 0x5B || $0 == 0x5D || $0 == 0x2C }) { return .structure }
      let start = takeName(record)
      let verdict = open(Array(record[start...]))
      return verdict == .event ? next(record, into: &reading) : verdict
    }
    // A document that was cut off must not swallow the ones behind it: a whole value on one line, not indented, is one of its own.
    if !document.isEmpty, let first = record.first, first == 0x7B,
      JSONText.valueEnd(record, from: 0) == record.count
    {
      forget()
    }
    if document.isEmpty {
      if Bytes.isBlank(record) { return .blank }
      let start = JSONText.skipSpace(record, from: 0)
      guard start < record.count, record[start] == 0x7B || record[start] == 0x5B else {
        return .refused(.notJSON)
      }
    }
    guard document.count + record.count < Self.limit else {
      forget()
      return .refused(.tooLong)
    }
    for byte in record { step(byte) }
    document.append(contentsOf: record)
    document.append(0x0A)
    if depth > 0 || inString { return .structure }
    let whole = document
    forget()
    let verdict = open(whole)
    guard verdict == .event else { return verdict }
    return next(record, into: &reading)
  }

  func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    guard position < max(prepared.count, elements.count) else { return .structure }
    let index = position
    position += 1
    let hasMore = position < max(prepared.count, elements.count)
    var verdict = Verdict.event
    if !prepared.isEmpty {
      prepared[index].fill(&reading)
    } else {
      verdict = last.withUnsafeBytes { all in
        var element = UnsafeRawBufferPointer(rebasing: all[elements[index].start..<elements[index].end])
        if element.first == 0x22 { element = UnsafeRawBufferPointer(rebasing: element[takeName(element)...]) }
        let verdict = objects.parse(element, into: &reading)
        reading.keepSlices(of: element)
        if verdict == .event { addName(&reading) }
        return verdict
      }
    }
    if hasMore { reading.flags.insert(.more) } else { reading.flags.remove(.more) }
    return verdict
  }

  private var last: [UInt8] = []

  /// Takes the name of a map's element, `"name": {…}`. Returns where the element itself begins.
  private func takeName(_ record: UnsafeRawBufferPointer) -> Int {
    name.removeAll(keepingCapacity: true)
    guard record.first == 0x22 else { return 0 }
    var escaped = false
    let end = JSONText.stringEnd(record, from: 1, escaped: &escaped)
    guard end > 0 else { return 0 }
    let colon = JSONText.skipSpace(record, from: end + 1)
    guard colon < record.count, record[colon] == 0x3A else { return 0 }
    name += record[1..<end]
    return JSONText.skipSpace(record, from: colon + 1)
  }

  /// Adds the element's name in its map to its fields.
  private func addName(_ reading: inout Reading) {
    guard !name.isEmpty,
      name.withUnsafeBytes({ Bytes.isValidUTF8($0) && JSONText.escapesAreValid($0, 0, $0.count) })
    else { return }
    reading.reopenFields()
    reading.key("json_key")
    reading.append(0x22)
    name.withUnsafeBytes { reading.append($0) }
    reading.append(0x22)
    reading.endFields()
  }

  private func forget() {
    document.removeAll(keepingCapacity: true)
    depth = 0
    inString = false
    afterBackslash = false
  }

  @inline(__always) private func step(_ byte: UInt8) {
    if inString {
      if afterBackslash {
        afterBackslash = false
      } else if byte == 0x5C {
        afterBackslash = true
      } else if byte == 0x22 {
        inString = false
      }
      return
    }
    switch byte {
    case 0x22: inString = true
    case 0x7B, 0x5B: depth += 1
    case 0x7D, 0x5D: depth -= 1
    default: break
    }
  }

  private func open(_ whole: [UInt8]) -> Verdict {
    prepared = []
    elements = []
    position = 0
    return whole.withUnsafeBytes { bytes in
      let end = JSONText.valueEnd(bytes, from: 0)
      guard end > 0, JSONText.skipSpace(bytes, from: end) == bytes.count else {
        return .refused(end == JSONText.tooDeep ? .tooDeep : .notJSON)
      }
      guard let tree = JSONTree(bytes) else { return .refused(.badUTF8) }
      if let events = interpret(tree) {
        prepared = events
        return events.isEmpty ? .structure : .event
      }
      last = whole
      var i = JSONText.skipSpace(bytes, from: 0)
      if let map = JSONWrapper.soleMap(tree, bytes, at: i) {
        elements = map
        return .event
      }
      let isArray = bytes[i] == 0x5B
      if isArray {
        i = JSONText.skipSpace(bytes, from: i + 1)
      } else if let first = JSONWrapper.firstElement(bytes, at: i) {
        i = first
      }
      let isList = isArray || i > JSONText.skipSpace(bytes, from: 0)
      while i < bytes.count, bytes[i] == 0x7B {
        let end = JSONText.valueEnd(bytes, from: i)
        guard end > i else { break }
        elements.append((i, end))
        i = JSONText.skipSpace(bytes, from: end)
        guard isList, i < bytes.count, bytes[i] == 0x2C else { break }
        i = JSONText.skipSpace(bytes, from: i + 1)
      }
      return elements.isEmpty ? .refused(.notAnObject) : .event
    }
  }
}
