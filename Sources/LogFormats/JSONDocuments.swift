import IncidentModel

/// A kind of JSON document: where in it its events stand, and what each of them says.
protocol DocumentKind: Sendable {
  /// Where the parts of an event stand on the tape: numbers of values, so that a list of events is one flat stretch of memory.
  associatedtype Place
  /// True where messages may be JSON or pairs themselves, which are to be opened.
  var opensMessages: Bool { get }
  /// True for the name of an object that stands before the rows of a document that is too large to be one record, and tells whose they are.
  func isHead(_ name: [UInt8]) -> Bool
  /// Lists the events of a document, in order. False where it is not of this kind: then every object at the top, or in the array
  /// at the top, is an event.
  func list(_ document: JSONTapeValue, into places: inout [Place]) -> Bool
  /// Reads one event into a reading that was reset. All its texts go to scratch.
  func read(_ place: Place, of document: JSONTapeValue, into reading: inout Reading)
}

extension DocumentKind {
  var opensMessages: Bool { false }
  func isHead(_ name: [UInt8]) -> Bool { false }
}

/// Reads JSON documents that may span lines: lines are gathered until the value is whole, then its events are handed out. The
/// lines before the last count as structure. Document, tape and lists are kept from one document to the next.
final class JSONDocumentParser<Kind: DocumentKind>: RecordParser {
  private let kind: Kind
  private let isFramed: Bool
  /// The document that is being gathered, or the whole one whose events are handed out.
  @exclusivity(unchecked) private var document: [UInt8] = []
  private let gathered: GatheredDocument?
  private var depth = 0
  private var inString = false
  private var afterBackslash = false
  private let tape = JSONTape()
  @exclusivity(unchecked) private var places: [Kind.Place] = []
  /// Offsets in the document.
  @exclusivity(unchecked) private var elements: [(start: Int, end: Int)] = []
  private var position = 0
  /// The element that was handed out last holds further events.
  private var isInside = false
  /// Name of the element that was parsed last in the map that it stands in, as it stands between its quotes.
  @exclusivity(unchecked) private var name: [UInt8] = []
  /// Name and bytes of the object before the rows that are being read.
  private var head: (name: [UInt8], object: [UInt8]) = ([], [])
  private let objects: JSONDispatcher
  private lazy var nested = NestedJSON()
  /// How many documents may still be gone through for a list behind other members.
  private var searches = 32

  /// `isFramed`: records are whole values already (`Framing.jsonValues`), brackets and commas of an array around them apart.
  init(_ kind: Kind, isFramed: Bool = false, traits: SourceTraits = SourceTraits()) {
    objects = JSONDispatcher(traits: traits)
    self.kind = kind
    self.isFramed = isFramed
    gathered = isFramed ? nil : GatheredDocument()
  }

  var gathering: GatheredDocument? { gathered }

  /// Bytes of one document.
  static var limit: Int { 16 << 20 }
  /// Bytes of a document whose storage is kept for the next one.
  private static var kept: Int { 1 << 20 }

  /// True for what stands around documents: space, brackets, and the byte-order mark of one that was appended.
  private static func isAround(_ byte: UInt8) -> Bool {
    switch byte {
    case ...0x20, 0x2C, 0x5B, 0x5D, 0xEF, 0xBB, 0xBF: true
    default: false
    }
  }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    if let gathered {
      if let verdict = gather(record, gathered) { return verdict }
    } else {
      if Bytes.isBlank(record) { return .blank }
      if record.allSatisfy(Self.isAround) { return .structure }
      forget()
      let element = Bytes.part(record, takeName(record), record.count)
      if !name.isEmpty, kind.isHead(name) {
        head = (name, Array(element))
        return .structure
      }
      if element.first == 0x5B, !head.object.isEmpty {
        addRow(element)
      } else {
        document.append(contentsOf: element)
      }
    }
    let verdict = open()
    // Of one line nothing was taken before.
    if case .refused(let reason) = verdict, document.count > record.count + 1 { gathered?.lose(reason) }
    return verdict == .event ? next(record, into: &reading) : verdict
  }

  /// A row alone, as a document that has no other.
  private func addRow(_ row: UnsafeRawBufferPointer) {
    document += Array("{\"".utf8) + head.name + Array("\":".utf8) + head.object + Array(",\"values\":[".utf8)
    document.append(contentsOf: row)
    document += Array("]}".utf8)
  }

  /// Adds a line to the document; nil where that is whole then.
  private func gather(_ record: UnsafeRawBufferPointer, _ gathered: GatheredDocument) -> Verdict? {
    // A document that was cut off must not swallow the ones behind it: a whole value on one line, not indented, is one of its own
    // where the document does not wait for one.
    if gathered.isOpen, let first = record.first, first == 0x7B, !expectsValue,
      JSONText.valueEnd(record, from: 0) == record.count
    {
      gathered.lose(.truncated)
    }
    if !gathered.isOpen {
      if Bytes.isBlank(record) { return .blank }
      let start = JSONText.skipSpace(record, from: 0)
      guard start < record.count, record[start] == 0x7B || record[start] == 0x5B else {
        return .refused(.notJSON)
      }
      forget()
      gathered.open(record)
    }
    guard document.count + record.count < Self.limit else {
      gathered.lose(.tooLong)
      return .refused(.tooLong)
    }
    count(record)
    document.append(contentsOf: record)
    document.append(0x0A)
    if depth > 0 || inString { return .structure }
    gathered.close()
    return nil
  }

  /// True where the document goes on with a value: behind a comma, a colon, or the bracket that opens a list.
  private var expectsValue: Bool {
    guard !inString, let last = document.last(where: { $0 > 0x20 }) else { return false }
    return last == 0x2C || last == 0x3A || last == 0x5B
  }

  func next(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    if !isInside { position += 1 }
    let index = position - 1
    guard index < max(places.count, elements.count) else { return .structure }
    let hasMore = position < max(places.count, elements.count)
    let verdict = document.withUnsafeBytes { all in
      if !places.isEmpty {
        kind.read(places[index], of: tape.root(of: all), into: &reading)
        if kind.opensMessages {
          nested.open(all, into: &reading)
          nested.openText(all, into: &reading)
        }
        return Verdict.event
      }
      var element = UnsafeRawBufferPointer(rebasing: all[elements[index].start..<elements[index].end])
      if element.first == 0x22 { element = UnsafeRawBufferPointer(rebasing: element[takeName(element)...]) }
      let verdict =
        isInside ? objects.next(element, into: &reading) : objects.parse(element, into: &reading)
      isInside = verdict == .event && reading.flags.contains(.more)
      reading.keepSlices(of: element)
      if verdict == .event { addName(&reading) }
      return verdict
    }
    if hasMore || isInside { reading.flags.insert(.more) } else { reading.flags.remove(.more) }
    return verdict
  }

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

  /// Begins a document.
  private func forget() {
    if document.capacity > Self.kept, document.count < Self.kept { document = [] }
    document.removeAll(keepingCapacity: true)
    depth = 0
    inString = false
    afterBackslash = false
  }

  /// Counts the brackets of one more line.
  private func count(_ record: UnsafeRawBufferPointer) {
    var depth = depth
    var inString = inString
    var afterBackslash = afterBackslash
    for byte in record {
      if inString {
        if afterBackslash {
          afterBackslash = false
        } else if byte == 0x5C {
          afterBackslash = true
        } else if byte == 0x22 {
          inString = false
        }
        continue
      }
      switch byte {
      case 0x22: inString = true
      case 0x7B, 0x5B: depth += 1
      case 0x7D, 0x5D: depth -= 1
      default: break
      }
    }
    self.depth = depth
    self.inString = inString
    self.afterBackslash = afterBackslash
  }

  /// Lists the events of the document, or the objects in it.
  private func open() -> Verdict {
    places.removeAll(keepingCapacity: true)
    elements.removeAll(keepingCapacity: true)
    position = 0
    isInside = false
    return document.withUnsafeBytes { bytes in
      let end = JSONText.valueEnd(bytes, from: 0)
      guard end > 0, JSONText.skipSpace(bytes, from: end) == bytes.count else {
        return .refused(end == JSONText.tooDeep ? .tooDeep : .notJSON)
      }
      guard Bytes.isValidUTF8(bytes) else { return .refused(.badUTF8) }
      let root = tape.read(bytes)
      if kind.list(root, into: &places) { return places.isEmpty ? .structure : .event }
      if JSONWrapper.soleMap(root, into: &elements) { return .event }
      var i = JSONText.skipSpace(bytes, from: 0)
      let isArray = bytes[i] == 0x5B
      if isArray {
        i = JSONText.skipSpace(bytes, from: i + 1)
      } else if let first = JSONWrapper.firstElement(bytes, at: i, searching: searches > 0) {
        i = first
      } else if searches > 0 {
        searches -= 1
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
