import Glibc
import IncidentModel
import LogFormats

/// Bytes that are no lines: damage, binary data, lines without end.
extension LineReader {
  /// Drops the last event if it would stay; damage has separated it from what follows.
  mutating func dropDamaged(_ start: Int, _ count: Int, _ source: inout SourceState) {
    source.bytesBy.damaged += UInt64(count)
    source.linesBy.damaged += 1
    source.note(
      "lost-line", offset: source.base + UInt64(start), length: UInt64(count),
      "\(count) bytes before the damage are no whole line")
    source.isOpen = false
    source.line += 1
  }

  /// Bytes up to the end of the first line, or all where it does not end.
  var restOfLine: Int { memchr(arena, 0x0A, rawEnd).map { $0 - arena + 1 } ?? rawEnd }

  /// Drops what a gap has left of a line, where records are lines. False where the end of that line is still to come. Nothing of the raw bytes has
  /// been handed on.
  mutating func dropTorn(_ source: inout SourceState) -> Bool {
    switch source.reader.framing {
    case .lines, .jsonValues, .jsonElements: break
    default: return true
    }
    let count = restOfLine
    guard count > 0 else { return false }
    let isWhole = (arena + count - 1).load(as: UInt8.self) == 0x0A
    source.bytesBy.damaged += UInt64(count)
    if isWhole {
      source.linesBy.damaged += 1
      source.line += 1
    }
    source.note(
      "lost-line", offset: source.base, length: UInt64(count),
      "\(count) bytes behind the damage are no whole line")
    source.isOpen = false
    source.base += UInt64(count)
    rawEnd -= count
    memmove(arena, arena + count, rawEnd)
    return isWhole
  }

  /// End of the lines that can be trusted where damage was noticed late: at the first line that the elected format
  /// refuses or that holds what no line before held, and the line before it is not trusted either.
  mutating func trustworthy(from stretchStart: Int, _ source: inout SourceState) -> Int {
    var start = stretchStart
    while start > 0, (arena + start - 1).load(as: UInt8.self) != 0x0A { start -= 1 }
    var previous = start
    while start < rawEnd, let hit = memchr(arena + start, 0x0A, rawEnd - start) {
      let end = hit - arena
      let record = UnsafeRawBufferPointer(start: arena + start, count: end - start)
      let verdict = source.reader.parse(record, into: &reading)
      var isSuspicious = !Plausibility.isText(record)
      if case .refused = verdict { isSuspicious = true }
      if isSuspicious { return previous }
      previous = start
      start = end + 1
    }
    return start
  }

  /// A line longer than the limit: its beginning is in the arena; reads on to its end and keeps what follows.
  /// Returns the number of bytes read.
  mutating func skipLongLine(
    _ stream: any ByteStream, _ source: inout SourceState, _ end: inout StretchEnd, _ lane: any EventLane
  ) throws -> UInt64 {
    let kept = limits.lineBytes
    var total = UInt64(rawEnd)
    var read: UInt64 = 0
    var rest = 0..<0
    var foundEnd = false
    // What lies behind the limit has no line end in it and makes room for what follows.
    let room = kept
    while true {
      let target = UnsafeMutableRawBufferPointer(start: arena + room, count: Self.chunk)
      let stretch = try stream.read(into: target)
      read += UInt64(stretch.count)
      end = stretch.end
      if let hit = memchr(arena + room, 0x0A, stretch.count) {
        let after = hit - arena + 1
        total += UInt64(after - room)
        rest = after..<room + stretch.count
        foundEnd = true
        break
      }
      total += UInt64(stretch.count)
      if stretch.count == 0 || stretch.end != .none { break }
    }
    noteLongLine(at: source.base, of: total, &source)
    if foundEnd || end == .none {
      take(0, kept, total, at: 0, &source, isCut: true)
    } else {
      source.bytesBy.damaged += total
      source.linesBy.damaged += 1
      source.line += 1
      source.isOpen = false
    }
    rawEnd = rest.upperBound
    try flush(final: false, left: rest.lowerBound, &source, lane)
    source.base += total
    if !rest.isEmpty { memmove(arena, arena + rest.lowerBound, rest.count) }
    rawEnd = rest.count
    return read
  }

  /// Says of a line that it is longer than the limit.
  func noteLongLine(at offset: UInt64, of total: UInt64, _ source: inout SourceState) {
    let kept = UInt64(limits.lineBytes)
    source.note(
      "limit-line", offset: offset + kept, length: total - kept,
      "a line of \(total) bytes: the first \(kept) are kept as its text, the rest by its offset")
  }

  /// A record longer than the limit, whose end has not been seen: so many bytes are taken for all of it.
  mutating func takeLongRecord(_ source: inout SourceState, _ lane: any EventLane) throws {
    let kept = limits.lineBytes
    takeCutRecord(0, 0..<kept, &source)
    // What follows moves over bytes that the batch points to: it has to be gone by then.
    try flush(final: false, left: kept, &source, lane)
    source.base += UInt64(kept)
    rawEnd -= kept
    memmove(arena, arena + kept, rawEnd)
  }

  /// Takes the first bytes of a record that is longer than the limit.
  mutating func takeCutRecord(_ start: Int, _ range: Range<Int>, _ source: inout SourceState) {
    source.note(
      "limit-record", offset: source.base + UInt64(range.lowerBound), length: nil,
      "a record of more than \(limits.lineBytes) bytes: it is cut there")
    takeFrame(start, range.upperBound - start, range, isCut: true, &source)
  }

  /// Keeps count of the lines that a document is gathered from: those of one that gives no event are refused as one record.
  @inline(never)
  mutating func follow(
    _ gathering: GatheredDocument, _ offset: UInt64, _ total: UInt64, _ source: inout SourceState
  ) {
    if gathering.losses != source.losses { refuseGathered(gathering, &source) }
    guard gathering.isOpen else {
      source.gathered = GatheredLines()
      return
    }
    if source.gathered.lines == 0 {
      source.gathered.line = source.line
      source.gathered.offset = offset
    }
    source.gathered.lines += 1
    source.gathered.bytes += total
  }

  /// A document that the source ends in gives no event.
  mutating func endGathering(_ source: inout SourceState) {
    guard let gathering = source.gathering, gathering.isOpen else { return }
    gathering.lose(.truncated)
    refuseGathered(gathering, &source)
  }

  private mutating func refuseGathered(_ gathering: GatheredDocument, _ source: inout SourceState) {
    source.losses = gathering.losses
    let lost = source.gathered
    source.gathered = GatheredLines()
    guard lost.lines > 0 else { return }
    source.bytesBy.structure -= lost.bytes
    source.linesBy.structure -= lost.lines
    source.bytesBy.refused += lost.bytes
    source.linesBy.refused += 1
    source.refusedBy[Int(gathering.reason.rawValue)] += 1
    makeRoom(gathering.beginning.count)
    batch.refused.append(
      RefusedLine(
        line: lost.line, byteOffset: lost.offset, byteLength: lost.bytes, reason: gathering.reason.code,
        excerpt: gathering.beginning.withUnsafeBytes { keep($0) }))
  }

  /// Counts a source that is no text as one refused record.
  mutating func refuseWhole(
    _ stream: any ByteStream, _ source: inout SourceState, _ lane: any EventLane
  ) throws {
    var total = UInt64(rawEnd)
    source.isBinary = true
    let room = UnsafeMutableRawBufferPointer(start: arena + 4096, count: Self.chunk)
    while total < limits.sourceBytes {
      let stretch = try stream.read(into: room)
      total += UInt64(stretch.count)
      if stretch.isLast { break }
    }
    if total >= limits.sourceBytes {
      source.note("limit-bytes", offset: total, length: nil, "a binary source: the rest was not read")
    }
    if total > 0 { refuse(.binary, 0, min(rawEnd, 1024), 0, total, &source) }
    source.base = total
    try flush(final: true, &source, lane)
    rawEnd = 0
  }
}

/// Whether bytes can be a line of text.
enum Plausibility {
  /// False for control characters other than tab, carriage return and escape, and for invalid UTF-8.
  static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var hasHigh = false
    for byte in bytes {
      if byte < 0x20, byte != 9, byte != 13, byte != 27 { return false }
      if byte == 0x7F { return false }
      if byte >= 0x80 { hasHigh = true }
    }
    return !hasHigh || String(validating: bytes, as: UTF8.self) != nil
  }
}
