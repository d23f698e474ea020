internal import IncidentModel

/// Puts the sources of a load together, in evidence order: drops duplicates, gives final ids and ordinals, and hands all
/// rows on. One thread at a time; its outcome depends on the content and the lanes' order alone.
final class CaseAssembly {
  /// A source that is kept, and what became of it.
  struct Item {
    var lane: LoadLane
    var source: SpooledSource
    var ordinal: Int64
    var account: SourceAccount
    var firstEvent: Int64
    var origins: OriginWriter
  }
  /// A source whose rows are handed on before its end is known, and what to go back to if they must not be.
  private struct Stream {
    var replay: SourceReplay
    let contents: CaseContents
    let rollups: Rollups
    let minutesEnd: Int64
  }
  let path: String
  private(set) var items: [Item] = []
  private(set) var duplicates: [(of: Int64, duplicate: LoadSummary.Duplicate)] = []
  private(set) var rollups = Rollups()
  private(set) var contents: CaseContents
  /// Minutes that did not fit into memory.
  private(set) var minuteSpool: Spool?
  /// Rows of `search_group` to come.
  private(set) var searchGroups: [SearchGroup] = []
  let firstEvent: Int64
  /// Number of events handed on.
  var events: Int64 { contents.nextEvent - firstEvent }
  private let makeWriter: () throws(StoreError) -> any EventWriter
  private var writer: (any EventWriter)?
  /// True when there was a row.
  private(set) var hasWriter = false
  private var search: SearchIndexBuilder?
  private var stream: Stream?

  /// - Parameter makeWriter: Called when there is a first event.
  init(
    path: String, contents: CaseContents, makeWriter: @escaping () throws(StoreError) -> any EventWriter
  ) {
    self.path = path
    self.contents = contents
    self.makeWriter = makeWriter
    firstEvent = contents.nextEvent
  }

  private static let maximumOrigins: Int64 = 1 << 23

  private func openWriter() throws(StoreError) -> any EventWriter {
    if let writer { return writer }
    let new = try makeWriter()
    writer = new
    hasWriter = true
    search = SearchIndexBuilder(
      firstNumber: contents.nextSearchGroup, firstEvent: contents.nextEvent, writer: new)
    return new
  }

  /// True while rows are handed on: still true when that has failed.
  private var isBusy = false

  private func begin() throws(StoreError) {
    guard !isBusy else {
      throw StoreError(
        code: .invalid, what: "cannot load into", path: path, reason: "the load has failed before")
    }
    isBusy = true
  }

  // MARK: - Sources

  /// Adds the next source in evidence order; of equal ones the first is kept.
  func add(_ source: SpooledSource, of lane: LoadLane) throws(StoreError) {
    try begin()
    try keep(source, of: lane)
    isBusy = false
  }

  private func keep(_ source: SpooledSource, of lane: LoadLane) throws(StoreError) {
    let hash = source.account.sha256
    if let original = contents.originalOfHash[hash] {
      try takeBack()
      duplicates.append((original.ordinal, .init(source: source.description, original: original.source)))
      return
    }
    guard hash.utf8.count == 64, let id = UInt64(hash.prefix(16), radix: 16) else {
      throw StoreError(
        code: .invalid, what: "cannot load", path: source.description.path,
        reason: "'\(hash)' is not a SHA-256 in 64 hexadecimal digits")
    }
    let key = Int64(bitPattern: id)
    if let other = contents.hashOfSourceID[key], other != hash {
      throw StoreError(
        code: .collision, what: "cannot load", path: source.description.path,
        reason: "its SHA-256 begins with the same 64 bits as that of another source",
        advice: "load it into a case of its own")
    }
    try checkLimits(source)
    let spooled = source.adjustments.isEmpty ? nil : try takeBackIntoSpool()
    var replay =
      stream?.replay
      ?? SourceReplay(
        ordinal: contents.nextSource, path: source.description.path, contents: contents,
        adjustments: source.adjustments)
    try replay.learn(source.known, of: lane, contents: &contents)
    // Rows are linked to the tree at the end of each source, streamed or not: so the pages' order is always the same.
    if stream == nil, source.events > 0 { try (openWriter() as? any StreamingEventWriter)?.mark() }
    if let spooled { try take(spooled, 0..<spooled.end, &replay) }
    try take(lane.spool, source.frames, &replay)
    try (writer as? any StreamingEventWriter)?.commit()
    stream = nil
    try lane.blockSpool.forEach(from: source.blockFrames.lowerBound, to: source.blockFrames.upperBound) {
      (frame) throws(StoreError) in
      try search?.append(
        events: Int(UInt64(bigEndian: frame.loadUnaligned(as: UInt64.self))),
        signature: UnsafeRawBufferPointer(rebasing: frame[8...]))
    }
    contents.hashOfSourceID[key] = hash
    contents.originalOfHash[hash] = (contents.nextSource, source.description)
    contents.nextEvent = replay.id
    contents.nextOrigin = replay.origins.next
    var account = source.account
    account.firstTime = replay.firstTime == .max ? nil : Instant(nanoseconds: replay.firstTime)
    account.lastTime = replay.lastTime == .min ? nil : Instant(nanoseconds: replay.lastTime)
    items.append(
      Item(
        lane: lane, source: source.withoutKnowledge, ordinal: contents.nextSource, account: account,
        firstEvent: replay.first, origins: replay.origins))
    contents.nextSource += 1
  }

  private func checkLimits(_ source: SpooledSource) throws(StoreError) {
    let origins = Int64(source.known.origins.count + 3 * source.adjustments.count)
    guard contents.nextOrigin + origins < Self.maximumOrigins,
      contents.nextEvent + Int64(source.events) < IndexEntry.maximumID
    else {
      throw StoreError(
        code: .limit, what: "cannot load into", path: path,
        reason: "it would hold too many events or kinds of origin",
        advice: "split the evidence into several cases")
    }
  }

  private func take(_ spool: Spool, _ frames: Range<Int64>, _ replay: inout SourceReplay) throws(StoreError) {
    guard !frames.isEmpty else { return }
    let writer = try openWriter()
    // Called directly: the usual writer is asked for each row.
    if let pages = writer as? PageEventWriter {
      try take(spool, frames, &replay, into: pages)
    } else {
      try take(spool, frames, &replay, into: writer)
    }
  }

  @inline(__always)
  private func take(
    _ spool: Spool, _ frames: Range<Int64>, _ replay: inout SourceReplay, into writer: some EventWriter
  ) throws(StoreError) {
    // Counted in variables of their own: the class's would be checked for exclusive access at every event.
    var rollups = self.rollups
    self.rollups = Rollups()
    var own = replay
    var rewritten = ByteBuffer(capacity: 256)
    try spool.forEach(from: frames.lowerBound, to: frames.upperBound) { (frame) throws(StoreError) in
      try own.take(frame, into: writer, &rollups, &rewritten)
      if rollups.minuteCount > Self.maximumMinutes { try spillMinutes(of: &rollups) }
    }
    self.rollups = rollups
    replay = own
  }

  // MARK: - Rows before the end of their source

  /// Learns what the lane knows of a source that goes on, whose rows are handed on next; false where the writer needs its end first.
  func expect(_ known: RowMaker.Known, of lane: LoadLane) throws(StoreError) -> Bool {
    guard let writer = try openWriter() as? any StreamingEventWriter else { return false }
    try begin()
    if stream == nil {
      writer.mark()
      let replay = SourceReplay(
        ordinal: contents.nextSource, path: path, contents: contents, adjustments: [])
      stream = Stream(
        replay: replay, contents: contents, rollups: rollups, minutesEnd: minuteSpool?.end ?? 0)
    }
    try stream!.replay.learn(known, of: lane, contents: &contents)
    isBusy = false
    return true
  }

  /// Hands on rows of the source that was announced by `expect`.
  func take(unfinished frames: Range<Int64>, in spool: Spool) throws(StoreError) {
    guard var stream else { preconditionFailure("rows of a source that nobody expects") }
    try begin()
    self.stream = nil
    try take(spool, frames, &stream.replay)
    self.stream = stream
    isBusy = false
  }

  /// Drops the rows of a source that was begun: it is not wanted.
  func takeBack() throws(StoreError) {
    guard let stream else { return }
    try (writer as? any StreamingEventWriter)?.rewind(to: stream.replay.first)
    contents = stream.contents
    rollups = stream.rollups
    try minuteSpool?.truncate(to: stream.minutesEnd)
    self.stream = nil
  }

  /// Takes rows back whose times have to be put right, as the lane had made them; nil where there are none.
  private func takeBackIntoSpool() throws(StoreError) -> Spool? {
    guard let stream, let writer = writer as? any StreamingEventWriter else { return nil }
    let spool = Spool(beside: path)
    let reverse = stream.replay.reversed()
    try writer.forEachSinceMark(from: stream.replay.first) { (record) throws(StoreError) in
      reverse(record)
      try spool.append { $0.append(UnsafeRawBufferPointer(record)) }
    }
    try takeBack()
    return spool
  }

  // MARK: - The end

  /// Ends the writer, if there was an event.
  func finish() throws(StoreError) {
    try begin()
    guard let writer else { return }
    try search?.finish()
    searchGroups = search?.groups ?? []
    search = nil
    var eventsByDevice = [Int64](repeating: 0, count: rollups.devices.count + 1)
    for (ordinal, device) in rollups.devices.enumerated() { eventsByDevice[ordinal + 1] = device.events }
    eventsByDevice[0] = events - eventsByDevice.reduce(0, +)
    try writer.finish(eventsByDevice: eventsByDevice)
    self.writer = nil
  }

  private static let maximumMinutes = 100_000

  private func spillMinutes(of rollups: inout Rollups) throws(StoreError) {
    if minuteSpool == nil { minuteSpool = Spool(beside: path) }
    try rollups.takeMinutes { (key, events) throws(StoreError) in
      try minuteSpool!.append {
        $0.reserve(24)
        $0.putBigEndian(UInt64(bitPattern: key), bytes: 8)
        $0.putBigEndian(UInt64(bitPattern: events), bytes: 8)
      }
    }
  }

  /// Calls `body` with all minutes counted (minute × 16 + severity, 8 for none); one may come more than once.
  func forEachMinute(_ body: (Int64, Int64) throws(StoreError) -> Void) throws(StoreError) {
    if let minuteSpool {
      var last = rollups
      try spillMinutes(of: &last)
      try minuteSpool.forEach(from: 0, to: minuteSpool.end) { (frame) throws(StoreError) in
        try body(
          Int64(bigEndian: frame.loadUnaligned(as: Int64.self)),
          Int64(bigEndian: frame.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
      }
    } else {
      try rollups.takeMinutes(body)
    }
  }
}
