import Glibc
import IncidentModel
import LogFormats

/// Cuts a source into lines, has them read, and hands batches of events to a lane. One per worker, reused for
/// all its sources; no allocation and no `String` per line.
///
/// The content is read straight into the batch's arena, and the events' texts are ranges of it: nothing is copied
/// but what had to be unescaped or built. The arena is `[ raw bytes | extras ]`.
struct LineReader: ~Copyable {
  /// Bytes read at a time.
  static let chunk = 256 << 10

  let limits: IntakeLimits
  let catalog: FormatCatalog
  var batch = EventBatch()
  /// The arena's storage; renewed whenever the batch has been out of our hands.
  var arena: UnsafeMutableRawPointer
  let rawCapacity: Int
  var capacity: Int
  var extraEnd: Int
  /// Raw bytes at hand: `0..<rawEnd`.
  var rawEnd = 0
  var headEnd = StretchEnd.none
  /// The content begins behind a gap, mostly inside a line.
  var headIsTorn = false
  let feeds = LineFeeds()
  var miner = TemplateMiner()
  var reading = Reading()
  var devices = IDSet()
  /// Those of this lane that name nobody; they are not announced.
  var placeholders: Set<UInt64> = []
  /// With the numbers of those that were announced.
  let deviceNames = KnownTexts(bits: 11, strideBits: 6)
  /// Devices that were announced by now, to all lanes and before this one.
  var named: (devices: UInt32, before: UInt32) = (0, 0)
  var templates = IDSet()
  /// Templates that were announced by now, to all lanes and before this one.
  var announced: (templates: UInt32, before: UInt32) = (0, 0)
  var defaultDevice = DeviceID(rawValue: 0)
  var lastProgram = ByteRange.empty
  var lastNeedsMining = false
  /// Templates of this source that hold secrets.
  var secrets: [SecretMark] = []
  /// Templates of this lane that are marked.
  var marked: Set<UInt64> = []
  var counted: (start: Int, end: Int, feeds: UInt64) = (-1, 0, 0)

  init(limits: IntakeLimits, catalog: FormatCatalog) {
    self.limits = limits
    self.catalog = catalog
    rawCapacity = limits.lineBytes + Self.chunk
    capacity = rawCapacity + 4 * Self.chunk
    extraEnd = rawCapacity
    batch.arena = Self.unwritten(capacity)
    arena = batch.arena.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped }
  }

  /// Storage of an arena. Nothing is read from it before it is written, and what a short source does not need is never touched.
  static func unwritten(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { _, initialized in initialized = count }
  }

  /// How the head that was read last ended.
  var endOfHead: StretchEnd { headEnd }

  /// Room that nobody uses between sources.
  var scratch: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: arena, count: Self.chunk)
  }

  /// Ready for another lane: every device and template has to be announced anew.
  mutating func beginLane() {
    devices.removeAll()
    placeholders = []
    templates.removeAll()
    announced.before = announced.templates
    named.before = named.devices
    marked.removeAll()
    secrets = []
  }

  // MARK: One source

  /// Reads the first bytes of a source, at least 64 KiB where there are as many. They are valid until `run`. As
  /// many as there is room for are taken: a small compressed file is checked as a whole before its lines are read.
  mutating func readHead(_ stream: any ByteStream) throws(IntakeError) -> UnsafeRawBufferPointer {
    rawEnd = 0
    headEnd = .none
    headIsTorn = false
    while rawEnd < 64 << 10 {
      let stretch = try stream.read(
        into: UnsafeMutableRawBufferPointer(start: arena + rawEnd, count: rawCapacity - rawEnd))
      rawEnd += stretch.count
      // What is missing before the first byte ends nothing.
      if rawEnd == 0, stretch.end != .none {
        headIsTorn = headIsTorn || stretch.end == .torn
        continue
      }
      headEnd = stretch.end
      if stretch.count == 0 || stretch.end != .none { break }
    }
    return UnsafeRawBufferPointer(start: arena, count: rawEnd)
  }

  /// Reads the source whose head has just been read, to its end. The lane's source has been begun.
  mutating func run(
    _ stream: any ByteStream, setup: SourceSetup, isBinary: Bool, lane: any EventLane
  ) throws -> SourceState {
    var isTorn = headIsTorn
    // A part of a line tells nothing of the format.
    let partial = isTorn ? restOfLine : 0
    let head = UnsafeRawBufferPointer(start: arena + partial, count: rawEnd - partial)
    var context = SourceContext()
    context.path = [setup.description.path] + setup.description.members
    context.knownDevices = setup.known
    context.isOfKnownDevice = setup.known.contains(setup.deviceName)
    var source = SourceState(
      setup, reader: catalog.reader(head: head, context: context, forced: setup.format))
    defaultDevice = DeviceID(name: setup.deviceName)
    if isBinary {
      try refuseWhole(stream, &source, lane)
      return source
    }
    // A byte-order mark belongs to its line but is not handed to the parser.
    let bom: [UInt8] = [0xEF, 0xBB, 0xBF]
    var mark = head.starts(with: bom) ? bom.count : 0
    var scanned = mark
    var end = headEnd
    var total = UInt64(rawEnd)
    let isLines = source.reader.framing == .lines
    if isTorn { isTorn = !dropTorn(&source) }
    while true {
      var done =
        isLines
        ? process(mark: mark, scanned: scanned, end: end, &source)
        : processFrames(mark: mark, end: end, isAtEnd: false, &source)
      if end != .none, rawEnd > done {
        dropDamaged(done, rawEnd - done, &source)
        done = rawEnd
      }
      if end == .torn { isTorn = true }
      if done > 0 { mark = 0 }
      try flush(final: false, left: done, &source, lane)
      rawEnd -= done
      if rawEnd > 0, done > 0 { memmove(arena, arena + done, rawEnd) }
      source.base += UInt64(done)
      scanned = max(mark, rawEnd)
      if total >= limits.sourceBytes {
        source.note(
          "limit-bytes", offset: source.base + UInt64(rawEnd), length: nil,
          "more than \(limits.sourceBytes) bytes in one source: the rest was not read")
        break
      }
      // Of more than the limit, so that it does not matter how many bytes were read at a time.
      if rawEnd > limits.lineBytes, !isLines {
        try takeLongRecord(&source, lane)
      } else if rawEnd > limits.lineBytes, nulsBefore(0, limits.lineBytes, orAll: true) == limits.lineBytes {
        passHole(&source)
        scanned = rawEnd
      } else if rawEnd > limits.lineBytes {
        total += try skipLongLine(stream, &source, &end, lane)
        scanned = 0
        if end != .none { continue }
      }
      let stretch = try stream.read(
        into: UnsafeMutableRawBufferPointer(start: arena + rawEnd, count: Self.chunk))
      end = stretch.end
      rawEnd += stretch.count
      total += UInt64(stretch.count)
      if isTorn, rawEnd > 0 { isTorn = !dropTorn(&source) }
      if stretch.isLast { break }
    }
    if !isLines {
      _ = processFrames(mark: mark, end: .none, isAtEnd: true, &source)
      source.base += UInt64(rawEnd)
      rawEnd = 0
    } else if rawEnd > scanned {
      // What a long line left behind may hold whole lines.
      let done = process(mark: 0, scanned: scanned, end: .none, &source)
      try flush(final: false, &source, lane)
      rawEnd -= done
      if rawEnd > 0, done > 0 { memmove(arena, arena + done, rawEnd) }
      source.base += UInt64(done)
    }
    if rawEnd > 0 {
      takeLine(mark, rawEnd - mark, UInt64(rawEnd), at: 0, &source)
      source.base += UInt64(rawEnd)
      rawEnd = 0
    }
    endGathering(&source)
    try flush(final: true, &source, lane)
    return source
  }

  /// Takes all whole lines of the arena. Returns where the last one ends.
  mutating func process(
    mark: Int, scanned: Int, end: StretchEnd, _ source: inout SourceState
  ) -> Int {
    let limit = end == .corrupt ? trustworthy(from: scanned, &source) : rawEnd
    var start = mark
    var lineStart = 0
    var from = scanned
    while from < limit {
      let to = min(limit, from &+ LineFeeds.window)
      for word in 0..<feeds.mark(arena + from, to &- from) {
        var ends = feeds.words[word]
        while ends != 0 {
          let lineEnd = from &+ word &<< 6 &+ ends.trailingZeroBitCount
          ends &= ends &- 1
          takeLine(start, lineEnd &- start, UInt64(lineEnd &+ 1 &- lineStart), at: lineStart, &source)
          start = lineEnd &+ 1
          lineStart = start
        }
      }
      from = to
    }
    return lineStart
  }

  /// One line whose end is at hand; of one beyond the limit no more than that is kept as text.
  @inline(__always)
  private mutating func takeLine(
    _ start: Int, _ count: Int, _ total: UInt64, at lineStart: Int, _ source: inout SourceState
  ) {
    guard start &+ count &- lineStart > limits.lineBytes else {
      // Only a line that is longer than most is looked through for holes.
      if count > 2 &* source.usualLine &+ 64 {
        return takeAcrossHoles(start, count, total, at: lineStart, &source)
      }
      source.usualLine &+= (count &- source.usualLine) &>> 4
      return take(start, count, total, at: lineStart, &source)
    }
    let kept = limits.lineBytes
    noteLongLine(at: source.base + UInt64(lineStart), of: total, &source)
    take(start, kept - (start - lineStart), total, at: lineStart, &source, isCut: true)
  }

  /// A line with holes inside: what a power cut leaves where it fell into a line, and what was written afterwards. Each part is a record, with the hole
  /// behind it among its bytes.
  @inline(never)
  private mutating func takeAcrossHoles(
    _ start: Int, _ count: Int, _ total: UInt64, at lineStart: Int, _ source: inout SourceState
  ) {
    source.usualLine = source.usualLine == 0 ? count : source.usualLine &+ (count &- source.usualLine) &>> 4
    let end = start + count
    var first = start
    var at = lineStart
    while let hole = hole(from: first + nulsBefore(first, end - first, orAll: true), to: end),
      hole.upperBound < end
    {
      take(first, hole.lowerBound - first, UInt64(hole.upperBound - at), at: at, &source)
      source.line &-= 1
      at = hole.upperBound
      first = at
    }
    take(first, end - first, total - UInt64(at - lineStart), at: at, &source)
  }

  /// The next NULs in a row that are a hole.
  private func hole(from start: Int, to end: Int) -> Range<Int>? {
    var i = start
    while i < end, let hit = memchr(arena + i, 0, end - i) {
      let first = hit - arena
      let nuls = nulsBefore(first, end - first, orAll: true)
      if nuls >= Self.hole { return first..<first + nuls }
      i = first + nuls
    }
    return nil
  }

  /// NULs in a row that no program writes into a line.
  private static let hole = 16

  /// One record: `count` content bytes from `start` on (line feed excluded), of `total` bytes from `lineStart` on.
  @inline(__always)
  mutating func take(
    _ start: Int, _ count: Int, _ total: UInt64, at lineStart: Int, _ source: inout SourceState,
    isCut: Bool = false
  ) {
    var count = count
    if count > 0 {
      if (arena + start + count - 1).load(as: UInt8.self) == 0x0D { count &-= 1 }
      // NUL, or a byte from that on which a byte-order mark begins with.
      if (arena + start).load(as: UInt8.self) &+ 0x11 <= 0x11 {
        let unread = unreadBefore(start, count)
        read(start + unread, count - unread, total, at: lineStart, &source, isCut: isCut)
        source.line &+= 1
        return
      }
    }
    read(start, count, total, at: lineStart, &source, isCut: isCut)
    source.line &+= 1
  }

  /// NULs before a line's first byte, which a power cut leaves in a file, or a log that was emptied while its writer went on:
  /// they belong to the line's bytes and not to its text. Where there is nothing else none, or `orAll`.
  @inline(never)
  private func nulsBefore(_ start: Int, _ count: Int, orAll: Bool) -> Int {
    var nuls = 0
    while nuls < count, (arena + start + nuls).load(as: UInt8.self) == 0 { nuls += 1 }
    return nuls == count && !orAll ? 0 : nuls
  }

  /// NULs before a line's first byte, and a byte-order mark, which another file begins with that was appended to this one.
  @inline(never)
  private func unreadBefore(_ start: Int, _ count: Int) -> Int {
    let nuls = nulsBefore(start, count, orAll: false)
    let rest = UnsafeRawBufferPointer(start: arena + start + nuls, count: count - nuls)
    return rest.starts(with: [0xEF, 0xBB, 0xBF]) ? nuls + 3 : nuls
  }

  /// Of a hole that is longer than a line may be, so many bytes are blank.
  private mutating func passHole(_ source: inout SourceState) {
    let count = limits.lineBytes
    source.bytesBy.blanks &+= UInt64(count)
    source.base += UInt64(count)
    rawEnd -= count
    memmove(arena, arena + count, rawEnd)
  }

  /// Has one record read and counts it.
  @inline(__always)
  mutating func read(
    _ start: Int, _ count: Int, _ total: UInt64, at lineStart: Int, _ source: inout SourceState, isCut: Bool
  ) {
    let record = UnsafeRawBufferPointer(start: arena + start, count: count)
    let offset = source.base &+ UInt64(lineStart)
    let verdict = source.reader.parse(record, into: &reading)
    switch verdict {
    case .event:
      source.bytesBy.events &+= total
      source.linesBy.events &+= 1
      emit(start, count, offset, total, &source)
      while reading.flags.contains(.more) {
        let again = UnsafeRawBufferPointer(start: arena + start, count: count)
        guard source.reader.next(again, into: &reading) == .event else { break }
        emit(start, count, offset, total, &source)
      }
    case .continuation:
      // Forwarded streams without line ends: events may follow the rest of a message in the same line.
      let own = reading.flags.contains(.more) ? UInt64(reading.element.end) : total
      let goesOn = own < total
      if source.isOpen {
        source.bytesBy.continuations &+= own
        source.linesBy.continuations &+= 1
        extend(start, count, through: offset &+ own, &source)
      } else {
        refuse(.orphan, start, goesOn ? Int(own) : count, offset, own, &source)
      }
      guard goesOn else { break }
      source.bytesBy.events &+= total &- own
      while true {
        let again = UnsafeRawBufferPointer(start: arena + start, count: count)
        guard source.reader.next(again, into: &reading) == .event else { break }
        emit(start, count, offset, total, &source)
        guard reading.flags.contains(.more) else { break }
      }
    case .structure:
      source.bytesBy.structure &+= total
      source.linesBy.structure &+= 1
      source.isOpen = false
      if reading.flags.contains(.bootMarker) { source.times.markBoot() }
    case .blank:
      source.bytesBy.blanks &+= total
      source.linesBy.blanks &+= 1
    case .refused(let reason):
      refuse(isCut ? .tooLong : reason, start, count, offset, total, &source)
    }
    if let gathering = source.gathering { follow(gathering, offset, total, &source) }
  }
}
