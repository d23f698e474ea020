import Glibc
import IncidentModel
import LogFormats

/// Records that are no lines, and sources that are not read front to back.
extension LineReader {
  /// Takes all whole records of the arena, as the format's framing cuts them. Returns where the last one ends.
  mutating func processFrames(
    mark: Int, end: StretchEnd, isAtEnd: Bool, isCut: Bool = false, _ source: inout SourceState
  ) -> Int {
    // Late-noticed damage: nothing of what came last can be checked record by record.
    if end == .corrupt { return 0 }
    var offset = mark
    var recordStart = 0
    while offset < rawEnd {
      let rest = UnsafeRawBufferPointer(start: arena + offset, count: rawEnd - offset)
      guard let frame = source.framer.next(rest, isAtEnd: isAtEnd), frame.consumed > 0 else { break }
      var end = offset + frame.consumed
      if frame.isStructure {
        takeStructure(recordStart..<end, &source)
      } else if frame.end + offset - recordStart > limits.lineBytes {
        // Its end is at hand by chance: it is cut as one whose end is not.
        end = recordStart + limits.lineBytes
        takeCutRecord(offset + frame.start, recordStart..<end, &source)
      } else {
        takeFrame(offset + frame.start, frame.end - frame.start, recordStart..<end, isCut: isCut, &source)
      }
      offset = end
      recordStart = end
    }
    return recordStart
  }

  /// One record that may span lines: its first line counts as the event's, the others as continuations.
  mutating func takeFrame(
    _ start: Int, _ count: Int, _ range: Range<Int>, isCut: Bool, _ source: inout SourceState
  ) {
    let eventsBefore = source.bytesBy.events
    read(start, count, UInt64(range.count), at: range.lowerBound, &source, isCut: isCut)
    guard source.reader.framing.spansLines else {
      source.line &+= 1
      return
    }
    let (feeds, firstEnd, search) = lineFeeds(in: range)
    source.line &+= feeds
    if source.bytesBy.events > eventsBefore, firstEnd < range.upperBound {
      let further = UInt64(range.upperBound - firstEnd)
      source.bytesBy.events -= further
      source.bytesBy.continuations += further
      let endsWithFeed = search == range.upperBound
      source.linesBy.continuations += feeds - (endsWithFeed ? 1 : 0)
    }
  }

  /// What stands around the elements of a document.
  private mutating func takeStructure(_ range: Range<Int>, _ source: inout SourceState) {
    source.bytesBy.structure &+= UInt64(range.count)
    source.linesBy.structure &+= 1
    source.isOpen = false
    source.line &+= lineFeeds(in: range).count
  }

  /// Line feeds of a stretch, the offset behind the first of them (the stretch's end where there is none), and behind the last.
  private func lineFeeds(in range: Range<Int>) -> (count: UInt64, firstEnd: Int, lastEnd: Int) {
    var feeds: UInt64 = 0
    var firstEnd = range.upperBound
    var search = range.lowerBound
    while search < range.upperBound, let hit = memchr(arena + search, 0x0A, range.upperBound - search) {
      search = hit - arena + 1
      if feeds == 0 { firstEnd = search }
      feeds += 1
    }
    return (feeds, firstEnd, search)
  }

  mutating func refuse(
    _ reason: Refusal, _ start: Int, _ count: Int, _ offset: UInt64, _ total: UInt64,
    _ source: inout SourceState
  ) {
    source.bytesBy.refused &+= total
    source.linesBy.refused &+= 1
    source.refusedBy[Int(reason.rawValue)] &+= 1
    source.isOpen = false
    batch.refused.append(
      RefusedLine(
        line: source.line, byteOffset: offset, byteLength: total, reason: reason.code,
        excerpt: ByteRange(start: UInt32(start), count: UInt32(min(count, 1024)))))
  }

  /// Puts the head and all that follows into a room of `journalLimit` bytes. Returns the bytes kept and those read.
  mutating func takeAll(
    _ stream: any ByteStream, into room: UnsafeMutableRawPointer
  ) throws(IntakeError) -> (kept: Int, total: UInt64) {
    memcpy(room, arena, rawEnd)
    var kept = rawEnd
    var total = UInt64(rawEnd)
    var end = headEnd
    while end == .none {
      let target = UnsafeMutableRawBufferPointer(start: room + kept, count: Self.chunk)
      let stretch = try stream.read(into: target)
      total += UInt64(stretch.count)
      kept = min(kept + stretch.count, Self.journalLimit)
      end = stretch.end
      if stretch.isLast { break }
    }
    rawEnd = 0
    return (kept, total)
  }

  /// Ready for events that name no device.
  mutating func prepareDefaultDevice(_ setup: SourceSetup) {
    defaultDevice = DeviceID(name: setup.deviceName)
  }

  /// Has a record read that was built from `size` bytes at `offset` of the source.
  mutating func add(
    _ record: [UInt8], at offset: Int, size: Int, _ source: inout SourceState, _ lane: any EventLane
  ) throws {
    if rawEnd + record.count > rawCapacity {
      rawEnd = 0
      try flush(final: false, &source, lane)
    }
    let start = rawEnd
    record.withUnsafeBytes { if let from = $0.baseAddress { memcpy(arena + start, from, $0.count) } }
    rawEnd += record.count
    source.base = UInt64(offset) &- UInt64(start)
    read(start, record.count, UInt64(size), at: start, &source, isCut: false)
    source.line &+= 1
  }
}
