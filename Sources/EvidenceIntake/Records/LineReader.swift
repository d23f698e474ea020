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
  private var batch = EventBatch()
  /// The arena's storage; renewed whenever the batch has been out of our hands.
  private var arena: UnsafeMutableRawPointer
  private let rawCapacity: Int
  private var capacity: Int
  private var extraEnd: Int
  /// Raw bytes at hand: `0..<rawEnd`.
  private var rawEnd = 0
  private var headEnd = StretchEnd.none
  private var miner = TemplateMiner()
  private var reading = Reading()
  private var devices = IDSet()
  private var templates = IDSet()
  private var defaultDevice = DeviceID(rawValue: 0)
  private var lastProgram = ByteRange.empty
  private var lastNeedsMining = false
  private var counted: (start: Int, end: Int, feeds: UInt64) = (-1, 0, 0)

  init(limits: IntakeLimits, catalog: FormatCatalog) {
    self.limits = limits
    self.catalog = catalog
    rawCapacity = limits.lineBytes + Self.chunk
    capacity = rawCapacity + 4 * Self.chunk
    extraEnd = rawCapacity
    batch.arena = [UInt8](repeating: 0, count: capacity)
    arena = batch.arena.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped }
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
    templates.removeAll()
  }

  // MARK: One source

  /// Reads the first bytes of a source, at least 64 KiB where there are as many. They are valid until `run`. As
  /// many as there is room for are taken: a small compressed file is checked as a whole before its lines are read.
  mutating func readHead(_ stream: any ByteStream) throws(IntakeError) -> UnsafeRawBufferPointer {
    rawEnd = 0
    headEnd = .none
    while rawEnd < 64 << 10 {
      let stretch = try stream.read(
        into: UnsafeMutableRawBufferPointer(start: arena + rawEnd, count: rawCapacity - rawEnd))
      rawEnd += stretch.count
      headEnd = stretch.end
      if stretch.count == 0 || stretch.end != .none { break }
    }
    return UnsafeRawBufferPointer(start: arena, count: rawEnd)
  }

  /// Reads the source whose head has just been read, to its end. The lane's source has been begun.
  mutating func run(
    _ stream: any ByteStream, setup: SourceSetup, isBinary: Bool, lane: any EventLane
  ) throws -> SourceState {
    let head = UnsafeRawBufferPointer(start: arena, count: rawEnd)
    var context = SourceContext()
    context.path = [setup.description.path] + setup.description.members
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
    while true {
      var done =
        isLines
        ? process(mark: mark, scanned: scanned, end: end, &source)
        : processFrames(mark: mark, end: end, isAtEnd: false, &source)
      if end != .none, rawEnd > done {
        dropDamaged(done, rawEnd - done, &source)
        done = rawEnd
      }
      if done > 0 { mark = 0 }
      try flush(final: false, &source, lane)
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
      if rawEnd >= limits.lineBytes, !isLines {
        takeLongRecord(&source)
        try flush(final: false, &source, lane)
      } else if rawEnd >= limits.lineBytes {
        total += try skipLongLine(stream, &source, &end, lane)
        scanned = 0
        if end != .none { continue }
      }
      let stretch = try stream.read(
        into: UnsafeMutableRawBufferPointer(start: arena + rawEnd, count: Self.chunk))
      end = stretch.end
      rawEnd += stretch.count
      total += UInt64(stretch.count)
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
      take(mark, rawEnd - mark, UInt64(rawEnd), at: 0, &source)
      source.base += UInt64(rawEnd)
      rawEnd = 0
    }
    try flush(final: true, &source, lane)
    return source
  }

  /// Takes all whole lines of the arena. Returns where the last one ends.
  private mutating func process(
    mark: Int, scanned: Int, end: StretchEnd, _ source: inout SourceState
  ) -> Int {
    let limit = end == .corrupt ? trustworthy(from: scanned, &source) : rawEnd
    var start = mark
    var lineStart = 0
    var search = scanned
    while search < limit, let hit = memchr(arena + search, 0x0A, limit - search) {
      let lineEnd = hit - arena
      take(start, lineEnd - start, UInt64(lineEnd + 1 - lineStart), at: lineStart, &source)
      start = lineEnd + 1
      lineStart = start
      search = start
    }
    return lineStart
  }

  /// One record: `count` content bytes from `start` on (line feed excluded), of `total` bytes from `lineStart` on.
  @inline(__always)
  private mutating func take(
    _ start: Int, _ count: Int, _ total: UInt64, at lineStart: Int, _ source: inout SourceState,
    isCut: Bool = false
  ) {
    var count = count
    if count > 0, (arena + start + count - 1).load(as: UInt8.self) == 0x0D { count &-= 1 }
    read(start, count, total, at: lineStart, &source, isCut: isCut)
    source.line &+= 1
  }

  /// Has one record read and counts it.
  @inline(__always)
  private mutating func read(
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
      if source.isOpen {
        source.bytesBy.continuations &+= total
        source.linesBy.continuations &+= 1
        extend(start, count, through: offset &+ total, &source)
      } else {
        refuse(.orphan, start, count, offset, total, &source)
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
  }

  // MARK: Records that are no lines

  /// Takes all whole records of the arena, as the format's framing cuts them. Returns where the last one ends.
  private mutating func processFrames(
    mark: Int, end: StretchEnd, isAtEnd: Bool, isCut: Bool = false, _ source: inout SourceState
  ) -> Int {
    // Late-noticed damage: nothing of what came last can be checked record by record.
    if end == .corrupt { return 0 }
    var offset = mark
    var recordStart = 0
    while offset < rawEnd {
      let rest = UnsafeRawBufferPointer(start: arena + offset, count: rawEnd - offset)
      guard let frame = source.framer.next(rest, isAtEnd: isAtEnd), frame.consumed > 0 else { break }
      let end = offset + frame.consumed
      takeFrame(offset + frame.start, frame.end - frame.start, recordStart..<end, isCut: isCut, &source)
      offset = end
      recordStart = end
    }
    return recordStart
  }

  /// One record that may span lines: its first line counts as the event's, the others as continuations.
  private mutating func takeFrame(
    _ start: Int, _ count: Int, _ range: Range<Int>, isCut: Bool, _ source: inout SourceState
  ) {
    let eventsBefore = source.bytesBy.events
    read(start, count, UInt64(range.count), at: range.lowerBound, &source, isCut: isCut)
    guard source.reader.framing == .jsonValues else {
      source.line &+= 1
      return
    }
    var feeds: UInt64 = 0
    var firstEnd = range.upperBound
    var search = range.lowerBound
    while search < range.upperBound, let hit = memchr(arena + search, 0x0A, range.upperBound - search) {
      search = hit - arena + 1
      if feeds == 0 { firstEnd = search }
      feeds += 1
    }
    source.line &+= feeds
    if source.bytesBy.events > eventsBefore, firstEnd < range.upperBound {
      let further = UInt64(range.upperBound - firstEnd)
      source.bytesBy.events -= further
      source.bytesBy.continuations += further
      let endsWithFeed = search == range.upperBound
      source.linesBy.continuations += feeds - (endsWithFeed ? 1 : 0)
    }
  }

  private mutating func refuse(
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

  // MARK: Sources that are not read front to back

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

  // MARK: Events

  /// Adds the event that `reading` holds.
  @inline(__always)
  private mutating func emit(
    _ start: Int, _ count: Int, _ offset: UInt64, _ total: UInt64, _ source: inout SourceState
  ) {
    if lastNeedsMining { mineLast() }
    let scratch =
      Int(reading.fields.count) &+ Int(reading.message.count) &+ Int(reading.stamp.count)
      &+ Int(reading.program.count) &+ Int(reading.device.count)
    makeRoom(2 &* scratch &+ 4 &* TemplateMiner.messageLimit)
    let record = UnsafeRawBufferPointer(start: arena + start, count: count)
    var event = EventRecord()
    event.line = source.line
    if reading.element.isEmpty {
      event.byteOffset = offset
      event.byteLength = UInt32(clamping: total)
    } else {
      event.byteOffset = source.base &+ UInt64(start &+ reading.element.start)
      event.byteLength = reading.element.count
      event.line &+= lineFeeds(before: start &+ reading.element.start, in: start)
    }
    let resolved = source.times.resolve(
      kind: reading.kind, time: reading.time, resolution: reading.resolution, ordinal: source.events,
      flags: reading.flags, wall: reading.wall)
    event.time = resolved.time
    event.timeError = resolved.error
    event.quality = resolved.quality
    event.severity = reading.severity
    if reading.device.isEmpty {
      event.device = defaultDevice
      event.basis = source.setup.deviceBasis
      if !source.usesDefaultDevice {
        source.usesDefaultDevice = true
        announceDefaultDevice(source.setup.deviceName)
      }
    } else {
      let name = UnsafeRawBufferPointer(
        rebasing: reading.bytes(reading.device, of: record).prefix(Self.deviceNameLimit))
      event.device = DeviceID(rawValue: ContentHash.of(name))
      event.basis = reading.basis
      if devices.insert(event.device.rawValue) {
        batch.devices.append(DeviceDefinition(id: event.device, name: keep(name)))
      }
    }
    event.stamp = range(reading.stamp, start, record)
    event.message = range(reading.message, start, record)
    event.fields = range(reading.fields, start, record)
    lastProgram = range(reading.program, start, record)
    mine(&event)
    batch.records.append(event)
    source.events &+= 1
    source.isOpen = true
  }

  /// Line feeds between the beginning of a record and one of its elements; carries on where it stopped.
  private mutating func lineFeeds(before end: Int, in start: Int) -> UInt64 {
    if counted.start != start || counted.end > end { counted = (start, start, 0) }
    while counted.end < end, let hit = memchr(arena + counted.end, 0x0A, end - counted.end) {
      counted.end = hit - arena + 1
      counted.feeds += 1
    }
    counted.end = max(counted.end, end)
    return counted.feeds
  }

  /// Bytes of a device's name that count.
  static let deviceNameLimit = 512

  private mutating func announceDefaultDevice(_ name: String) {
    guard devices.insert(defaultDevice.rawValue) else { return }
    var name = name
    let range = name.withUTF8 { text in
      makeRoom(text.count)
      return keep(UnsafeRawBufferPointer(text))
    }
    batch.devices.append(DeviceDefinition(id: defaultDevice, name: range))
  }

  /// Where a slice's bytes lie in the arena; those of the scratch buffer are copied there.
  @inline(__always)
  private mutating func range(
    _ slice: Slice, _ start: Int, _ record: UnsafeRawBufferPointer
  ) -> ByteRange {
    if slice.isEmpty { return .empty }
    if !slice.isInScratch {
      return ByteRange(start: UInt32(truncatingIfNeeded: start &+ slice.start), count: slice.count)
    }
    return keep(reading.bytes(slice, of: record))
  }

  /// Copies bytes to the extras. Room has been made.
  @inline(__always)
  private mutating func keep(_ bytes: UnsafeRawBufferPointer) -> ByteRange {
    let range = ByteRange(
      start: UInt32(truncatingIfNeeded: extraEnd), count: UInt32(truncatingIfNeeded: bytes.count))
    if let source = bytes.baseAddress { memcpy(arena + extraEnd, source, bytes.count) }
    extraEnd &+= bytes.count
    return range
  }

  private mutating func keep(_ byte: UInt8) {
    arena.storeBytes(of: byte, toByteOffset: extraEnd, as: UInt8.self)
    extraEnd += 1
  }

  @inline(__always)
  private func bytes(_ range: ByteRange) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: arena + Int(range.start), count: Int(range.count))
  }

  /// Finds template and variables of an event's message.
  @inline(__always)
  private mutating func mine(_ event: inout EventRecord) {
    miner.mine(message: bytes(event.message), program: bytes(lastProgram))
    event.template = miner.template
    event.firstVariable = UInt32(truncatingIfNeeded: batch.variables.count)
    event.variableCount = UInt16(truncatingIfNeeded: miner.variableCount)
    for index in 0..<miner.variableCount {
      let variable = miner.variable(index)
      batch.variables.append(
        ByteRange(
          start: event.message.start &+ UInt32(truncatingIfNeeded: variable.start),
          count: UInt32(truncatingIfNeeded: variable.count)))
    }
    if templates.insert(miner.template.rawValue) {
      makeRoom(miner.templateText.count &+ Int(lastProgram.count))
      let program = keep(bytes(lastProgram))
      batch.templates.append(
        TemplateDefinition(id: miner.template, program: program, text: keep(miner.templateText)))
    }
  }

  private mutating func mineLast() {
    lastNeedsMining = false
    guard var event = batch.records.popLast() else { return }
    batch.variables.removeLast(batch.variables.count - Int(event.firstVariable))
    mine(&event)
    batch.records.append(event)
  }

  /// Adds a continuation line to the last event.
  private mutating func extend(
    _ start: Int, _ count: Int, through end: UInt64, _ source: inout SourceState
  ) {
    guard var event = batch.records.popLast() else { return }
    let added = Int(reading.message.count)
    makeRoom(Int(event.message.count) + Int(event.fields.count) + added + Int(reading.fields.count) + 8)
    let record = UnsafeRawBufferPointer(start: arena + start, count: count)
    event.byteLength = UInt32(clamping: end - event.byteOffset)
    let messageEnd = Int(event.message.start + event.message.count)
    let isAdjacent =
      !reading.message.isInScratch && start + reading.message.start == messageEnd + 1
      && messageEnd < rawCapacity && (arena + messageEnd).load(as: UInt8.self) == 0x0A
    if Int(event.message.count) + added >= limits.lineBytes {
      // Kept up to the limit; the rest is known by offset and length.
    } else if isAdjacent, !event.message.isEmpty {
      event.message.count += UInt32(added) + 1
    } else {
      if messageEnd != extraEnd || event.message.isEmpty { event.message = keep(bytes(event.message)) }
      keep(0x0A)
      _ = keep(reading.bytes(reading.message, of: record))
      event.message.count += UInt32(added) + 1
    }
    if reading.fields.count > 2 { mergeFields(&event, record) }
    batch.records.append(event)
    lastNeedsMining = true
  }

  /// Appends the members of the reading's fields to the event's.
  private mutating func mergeFields(_ event: inout EventRecord, _ record: UnsafeRawBufferPointer) {
    guard event.fields.count > 2 else {
      event.fields = keep(reading.bytes(reading.fields, of: record))
      return
    }
    let first = event.fields
    event.fields = keep(bytes(ByteRange(start: first.start, count: first.count - 1)))
    keep(0x2C)
    let more = keep(UnsafeRawBufferPointer(rebasing: reading.bytes(reading.fields, of: record).dropFirst()))
    event.fields.count += 1 + more.count
  }

  /// Makes sure that the extras can take some more bytes. The arena may move.
  @inline(__always)
  private mutating func makeRoom(_ count: Int) {
    if extraEnd &+ count > capacity { grow(count) }
  }

  private mutating func grow(_ count: Int) {
    capacity = max(capacity * 2, extraEnd + count + Self.chunk)
    var larger = [UInt8](repeating: 0, count: capacity)
    larger.withUnsafeMutableBytes { $0.baseAddress?.copyMemory(from: arena, byteCount: extraEnd) }
    batch.arena = larger
    larger = []
    arena = batch.arena.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped }
  }

  // MARK: Handing over

  /// Hands the batch to the lane. The last event stays behind, since continuation lines may follow, unless `final`.
  mutating func flush(final: Bool, _ source: inout SourceState, _ lane: any EventLane) throws {
    if lastNeedsMining { mineLast() }
    var held: HeldEvent?
    if !final, source.isOpen, let last = batch.records.popLast() { held = hold(last) }
    if !batch.records.isEmpty || !batch.refused.isEmpty || !batch.devices.isEmpty || !batch.templates.isEmpty
    {
      defer { arena = batch.arena.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped } }
      try lane.append(batch)
    }
    counted.start = -1
    batch.records.removeAll(keepingCapacity: true)
    batch.variables.removeAll(keepingCapacity: true)
    batch.refused.removeAll(keepingCapacity: true)
    batch.devices.removeAll(keepingCapacity: true)
    batch.templates.removeAll(keepingCapacity: true)
    extraEnd = rawCapacity
    if let held { putBack(held) }
  }

  private struct HeldEvent {
    var event: EventRecord
    var texts: [UInt8]
    var program: UInt32
    var variables: [ByteRange]
  }

  private mutating func hold(_ event: EventRecord) -> HeldEvent {
    var texts: [UInt8] = []
    for range in [event.message, event.stamp, event.fields, lastProgram] {
      texts.append(contentsOf: bytes(range))
    }
    let variables = batch.variables[Int(event.firstVariable)...].map {
      ByteRange(start: $0.start - event.message.start, count: $0.count)
    }
    batch.variables.removeLast(variables.count)
    return HeldEvent(event: event, texts: texts, program: lastProgram.count, variables: variables)
  }

  private mutating func putBack(_ held: HeldEvent) {
    var event = held.event
    makeRoom(held.texts.count)
    let all = held.texts.withUnsafeBytes { keep($0) }
    event.message.start = all.start
    event.stamp.start = event.message.start + event.message.count
    event.fields.start = event.stamp.start + event.stamp.count
    lastProgram = ByteRange(start: event.fields.start + event.fields.count, count: held.program)
    event.firstVariable = 0
    for variable in held.variables {
      batch.variables.append(ByteRange(start: variable.start + event.message.start, count: variable.count))
    }
    batch.records.append(event)
  }

  // MARK: Bytes that are no lines

  /// Drops the last event if it would stay; damage has separated it from what follows.
  private mutating func dropDamaged(_ start: Int, _ count: Int, _ source: inout SourceState) {
    source.bytesBy.damaged += UInt64(count)
    source.linesBy.damaged += 1
    source.note(
      "lost-line", offset: source.base + UInt64(start), length: UInt64(count),
      "\(count) bytes before the damage are no whole line")
    source.isOpen = false
    source.line += 1
  }

  /// End of the lines that can be trusted where damage was noticed late: at the first line that the elected format
  /// refuses or that holds what no line before held, and the line before it is not trusted either.
  private mutating func trustworthy(from stretchStart: Int, _ source: inout SourceState) -> Int {
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
  private mutating func skipLongLine(
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
    source.note(
      "limit-line", offset: source.base + UInt64(kept), length: total - UInt64(kept),
      "a line of \(total) bytes: the first \(kept) are kept as its text, the rest by its offset")
    if foundEnd || end == .none {
      take(0, kept, total, at: 0, &source, isCut: true)
    } else {
      source.bytesBy.damaged += total
      source.linesBy.damaged += 1
      source.line += 1
      source.isOpen = false
    }
    try flush(final: false, &source, lane)
    source.base += total
    if !rest.isEmpty { memmove(arena, arena + rest.lowerBound, rest.count) }
    rawEnd = rest.count
    return read
  }

  /// A record longer than the limit, whose end has not been seen: what is at hand is taken for all of it.
  private mutating func takeLongRecord(_ source: inout SourceState) {
    source.note(
      "limit-record", offset: source.base, length: nil,
      "a record of more than \(limits.lineBytes) bytes: it is cut there")
    takeFrame(0, rawEnd, 0..<rawEnd, isCut: true, &source)
    source.base += UInt64(rawEnd)
    rawEnd = 0
  }

  /// Counts a source that is no text as one refused record.
  private mutating func refuseWhole(
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
