/// Cuts a source into records as its format's `Framing` asks. Holds what must be known across chunks, so that a caller may
/// feed a buffer that grows.
public struct RecordFramer: Sendable {
  /// A record in the bytes handed in.
  public struct Frame: Sendable {
    /// First byte of the record.
    public var start: Int
    /// Offset behind its last byte, line end left out.
    public var end: Int
    /// Bytes used up, line end included.
    public var consumed: Int
    /// True for what stands around the elements of a document: structure, which no parser need see.
    public var isStructure = false
  }

  /// How records are cut.
  public let framing: Framing

  /// Around the elements of the document that is being read.
  private var shell: JSONShell?

  /// A framer.
  public init(_ framing: Framing) { self.framing = framing }

  /// The first record of these bytes, which begin where the last one ended. Nil where it is not whole yet; then call
  /// again with more bytes, or with `isAtEnd`, which makes a record of whatever is left.
  public mutating func next(_ bytes: UnsafeRawBufferPointer, isAtEnd: Bool) -> Frame? {
    guard !bytes.isEmpty else { return nil }
    switch framing {
    case .lines: return Self.line(bytes, isAtEnd)
    case .whole: return isAtEnd ? Frame(start: 0, end: bytes.count, consumed: bytes.count) : nil
    case .fixed(let size):
      if bytes.count >= size { return Frame(start: 0, end: size, consumed: size) }
      return isAtEnd ? Frame(start: 0, end: bytes.count, consumed: bytes.count) : nil
    case .jsonValues: return value(bytes, isAtEnd)
    case .jsonElements: return element(bytes, isAtEnd)
    case .journalExport: return block(bytes, isAtEnd)
    case .dlt: return message(bytes, isAtEnd)
    case .octetCounted: return OctetCount.frame(bytes, isAtEnd: isAtEnd)
    case .nulEnded: return nulEnded(bytes, isAtEnd)
    case .carriageReturns: return carriageReturn(bytes, isAtEnd)
    }
  }

  static func line(_ bytes: UnsafeRawBufferPointer, _ isAtEnd: Bool) -> Frame? {
    let end = Bytes.find(0x0A, bytes, from: 0, to: bytes.count)
    guard end < bytes.count || isAtEnd else { return nil }
    let last = end > 0 && bytes[end - 1] == 0x0D ? end - 1 : end
    return Frame(start: 0, end: last, consumed: min(end + 1, bytes.count))
  }

  /// Up to a NUL; further ones, and a line feed behind them, belong to its end.
  private func nulEnded(_ bytes: UnsafeRawBufferPointer, _ isAtEnd: Bool) -> Frame? {
    let end = Bytes.find(0, bytes, from: 0, to: bytes.count)
    var next = end
    while next < bytes.count, bytes[next] == 0 { next += 1 }
    guard next < bytes.count || isAtEnd else { return nil }
    if next < bytes.count, bytes[next] == 0x0A { next += 1 }
    return Frame(start: 0, end: end, consumed: next)
  }

  private func carriageReturn(_ bytes: UnsafeRawBufferPointer, _ isAtEnd: Bool) -> Frame? {
    let mark = Bytes.find(0x0D, bytes, from: 0, to: bytes.count)
    let end = Bytes.find(0x0A, bytes, from: 0, to: mark)
    guard end + 1 < bytes.count || isAtEnd else { return nil }
    var next = min(end + 1, bytes.count)
    if end == mark, next < bytes.count, bytes[next] == 0x0A { next += 1 }
    return Frame(start: 0, end: end, consumed: next)
  }

  /// The fields up to an empty line. A line without `=` names a field whose value follows as eight bytes of length, little-endian,
  /// the bytes, and a line feed.
  private func block(_ bytes: UnsafeRawBufferPointer, _ isAtEnd: Bool) -> Frame? {
    var i = 0
    while i < bytes.count {
      let end = Bytes.find(0x0A, bytes, from: i, to: bytes.count)
      if end == bytes.count { break }
      if end == i { return Frame(start: 0, end: i, consumed: i + 1) }
      if Bytes.findNear(0x3D, bytes, from: i, to: min(end, i + 256)) < min(end, i + 256) || end - i > 64 {
        i = end + 1
        continue
      }
      guard end + 9 <= bytes.count else { break }
      let length = Bytes.word(bytes, end + 1)
      // A length beyond reason: the line is damaged, not a name.
      guard length < 1 << 30 else {
        i = end + 1
        continue
      }
      i = end + 9 + Int(length) + 1
    }
    return isAtEnd ? Frame(start: 0, end: bytes.count, consumed: bytes.count) : nil
  }

  /// A storage header (16 bytes, `DLT` and 1 first) and the message whose length stands in its standard header. Bytes before the
  /// next storage header are a record of their own, which nobody can read.
  private func message(_ bytes: UnsafeRawBufferPointer, _ isAtEnd: Bool) -> Frame? {
    func rest(_ end: Int) -> Frame { Frame(start: 0, end: end, consumed: end) }
    guard Bytes.matches("DLT\u{01}", bytes, at: 0) else {
      if let next = Bytes.find("DLT\u{01}", bytes) { return rest(next) }
      return isAtEnd ? rest(bytes.count) : bytes.count > 3 ? rest(bytes.count - 3) : nil
    }
    guard bytes.count >= 20 else { return isAtEnd ? rest(bytes.count) : nil }
    let length = Int(bytes[18]) << 8 | Int(bytes[19])
    guard length >= 4 else { return rest(20) }
    let whole = 16 + length
    if bytes.count >= whole {
      // A length that lies reaches over the header of the next message.
      let inside = UnsafeRawBufferPointer(rebasing: bytes[20..<whole])
      if let next = Bytes.find("DLT\u{01}", inside) { return rest(20 + next) }
      return rest(whole)
    }
    guard isAtEnd else { return nil }
    let inside = UnsafeRawBufferPointer(rebasing: bytes[20...])
    if let next = Bytes.find("DLT\u{01}", inside) { return rest(20 + next) }
    return rest(bytes.count)
  }

  /// A value, or a part of a document that is too large to be one.
  private mutating func element(_ bytes: UnsafeRawBufferPointer, _ isAtEnd: Bool) -> Frame? {
    func structure(_ count: Int) -> Frame { Frame(start: 0, end: count, consumed: count, isStructure: true) }
    guard var open = shell else {
      if let (opened, end) = JSONShell.opening(bytes) {
        shell = opened
        return structure(end)
      }
      return value(bytes, isAtEnd)
    }
    let part = open.part(bytes, isAtEnd: isAtEnd)
    shell = open.isClosed ? nil : open
    switch part {
    case .structure(let count): return count > 0 ? structure(count) : Self.line(bytes, isAtEnd)
    case .unknown: return nil
    case .element(let start):
      // Of a row there is nothing to go into.
      let limit = bytes[start] == 0x5B ? Int.max : start + JSONShell.certainSize
      let window = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, limit)])
      if let end = JSONText.bracketEnd(window, from: start) {
        return Frame(start: 0, end: end, consumed: Self.afterLineEnd(bytes, end))
      }
      if bytes.count >= limit {
        open.enter()
        shell = open
        return structure(start + 1)
      }
      return isAtEnd ? Frame(start: 0, end: bytes.count, consumed: bytes.count) : nil
    }
  }

  private static func afterLineEnd(_ bytes: UnsafeRawBufferPointer, _ end: Int) -> Int {
    var consumed = end
    if consumed < bytes.count, bytes[consumed] == 0x0D { consumed += 1 }
    return consumed < bytes.count && bytes[consumed] == 0x0A ? consumed + 1 : end
  }

  /// A JSON value that begins here; brackets and commas of an outer array are records of their own, and so is a line in which no
  /// value begins.
  private func value(_ bytes: UnsafeRawBufferPointer, _ isAtEnd: Bool) -> Frame? {
    var i = 0
    while i < bytes.count {
      if bytes[i] <= 0x20 || bytes[i] == 0x2C || bytes[i] == 0x5B || bytes[i] == 0x5D {
        i += 1
      } else if bytes[i] == 0xEF, Bytes.part(bytes, i, bytes.count).starts(with: [0xEF, 0xBB, 0xBF]) {
        // Another document was appended, its byte-order mark with it.
        i += 3
      } else {
        break
      }
    }
    // Space and brackets before a value: structure, up to the value.
    if i > 0 {
      if i == bytes.count, !isAtEnd { return nil }
      return Frame(start: 0, end: i, consumed: i)
    }
    guard bytes[0] == 0x7B else { return Self.line(bytes, isAtEnd) }
    guard let end = JSONText.bracketEnd(bytes, from: 0) else {
      return isAtEnd ? Frame(start: 0, end: bytes.count, consumed: bytes.count) : nil
    }
    return Frame(start: 0, end: end, consumed: Self.afterLineEnd(bytes, end))
  }
}
