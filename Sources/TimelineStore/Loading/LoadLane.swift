internal import IncidentModel

/// A lane of a load: encodes events into rows with ordinals of its own and spools them. One thread at a time.
final class LoadLane: EventLane {
  let order: Int
  let path: String
  private(set) var spool: Spool
  /// The one before, for the next: what it waits in costs less than other memory. Not touched while its rows are handed on.
  private var emptied: Spool?
  /// Signatures of blocks of events, for the search index.
  let blockSpool: Spool
  private(set) var refusedSpool: Spool?
  private(set) var sources: [SpooledSource] = []
  private var rows = RowMaker()
  private var current: SourceDescription?
  private var start: Int64 = 0
  private var refusedStart: Int64 = 0
  private var blockStart: Int64 = 0
  private var isClosed = false
  private let turn: LoadTurn?
  private let memory: Memory
  private let whenClosed: (LoadLane) -> Void

  /// Bytes of rows that a lane has in memory.
  struct Memory {
    /// A source that has more waiting hands them on when it is its turn.
    var streamed: Int
    /// Beyond this they are written to a file.
    var spooled: Int
  }

  /// The lane's devices and templates, used or not.
  var devices: ContentDictionary { rows.devices }
  var templates: ContentDictionary { rows.templates }

  /// - Parameter turn: nil spools everything.
  init(
    order: Int, path: String, turn: LoadTurn?, memory: Memory, whenClosed: @escaping (LoadLane) -> Void
  ) {
    self.order = order
    self.path = path
    self.turn = turn
    self.memory = memory
    self.whenClosed = whenClosed
    spool = Spool(beside: path, bufferSize: memory.spooled)
    blockSpool = Spool(beside: path, bufferSize: 512 << 10)
  }

  func beginSource(_ source: SourceDescription) throws {
    guard current == nil else { throw invalid("a source was begun before the one before it was ended") }
    current = source
    start = spool.end
    refusedStart = refusedSpool?.end ?? 0
    blockStart = blockSpool.end
    rows.beginSource()
  }

  func append(_ batch: borrowing EventBatch) throws {
    guard current != nil else { throw invalid("events came outside a source") }
    do throws(RowFault) {
      try rows.append(batch, to: spool, blockSpool)
    } catch {
      throw explained(error)
    }
    if !batch.refused.isEmpty { try appendRefused(batch) }
    guard let turn, spool.end - start > memory.streamed, try turn.isTurn(of: order), !turn.isTaking else {
      return
    }
    try handOver(to: turn.assembly)
    try stream(to: turn)
  }

  /// Hands the rows of the source on that have been made by now.
  private func stream(to turn: LoadTurn) throws(StoreError) {
    guard try turn.assembly.expect(rows.known, of: self) else { return }
    let frames = start..<spool.end
    start = 0
    guard hasFile else {
      try turn.assembly.take(unfinished: frames, in: spool)
      return try spool.truncate(to: 0)
    }
    // What lies in a file has to wait for the disk: meanwhile the lane goes on with another one, which has been emptied since its own turn.
    let full = spool
    spool = emptied ?? Spool(beside: path, bufferSize: memory.spooled)
    emptied = full
    turn.inBackground { () throws(StoreError) in
      try turn.assembly.take(unfinished: frames, in: full)
      try full.truncate(to: 0)
    }
  }

  /// True when not all rows that wait are in memory.
  var hasFile: Bool { spool.hasFile }

  /// Gives the assembly the sources that have ended, and forgets their rows.
  func handOver(to assembly: CaseAssembly) throws(StoreError) {
    // The case has a closed lane's rows then: what is refused is all that is still asked for.
    defer {
      if isClosed {
        spool.release()
        blockSpool.release()
        emptied = nil
      }
    }
    guard !sources.isEmpty else { return }
    for source in sources { try assembly.add(source, of: self) }
    sources.removeAll()
    if current == nil || spool.end == start {
      try spool.truncate(to: 0)
      start = 0
    }
  }

  private func appendRefused(_ batch: borrowing EventBatch) throws {
    let spool = refusedSpool ?? Spool(beside: path)
    refusedSpool = spool
    for refused in batch.refused {
      try batch.arena.withUnsafeBytes { (arena: UnsafeRawBufferPointer) throws in
        guard let excerpt = refused.excerpt.bytes(in: arena) else { throw explained(.outsideBatch) }
        try spool.append { RefusedCodec.encode(refused, excerpt: excerpt, into: &$0) }
      }
    }
  }

  func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {
    guard let current else { throw invalid("a source was ended that was not begun") }
    for adjustment in adjustments
    where adjustment.events.lowerBound < 0 || adjustment.events.upperBound > rows.events {
      throw invalid("an adjustment of events \(adjustment.events), but the source has \(rows.events)")
    }
    do throws(RowFault) {
      try rows.endBlock(blockSpool)
    } catch {
      throw explained(error)
    }
    sources.append(
      SpooledSource(
        description: current, account: account, frames: start..<spool.end,
        refusedFrames: refusedStart..<(refusedSpool?.end ?? 0), blockFrames: blockStart..<blockSpool.end,
        events: rows.events, known: rows.known, adjustments: adjustments))
    self.current = nil
    if let turn, try turn.isTurn(of: order) {
      try turn.settle()
      try handOver(to: turn.assembly)
    }
  }

  func discardSource() throws {
    guard current != nil else { throw invalid("a source was discarded that was not begun") }
    if let turn, try turn.isTurn(of: order) {
      try turn.settle()
      try handOver(to: turn.assembly)
      try turn.assembly.takeBack()
    }
    try spool.truncate(to: start)
    try refusedSpool?.truncate(to: refusedStart)
    try blockSpool.truncate(to: blockStart)
    current = nil
  }

  func close() throws {
    guard current == nil else { throw invalid("a lane was closed before its source was ended") }
    try spool.finishWriting()
    try refusedSpool?.finishWriting()
    try blockSpool.finishWriting()
    isClosed = true
    try turn?.end(self)
    whenClosed(self)
  }

  // MARK: - Errors

  private func invalid(_ reason: String) -> StoreError {
    StoreError(code: .invalid, what: "cannot load into", path: path, reason: reason)
  }

  private func explained(_ fault: RowFault) -> StoreError {
    switch fault {
    case .outsideBatch: invalid("a range of bytes is not in its batch")
    case .undefined(let kind, let id): invalid("an event's \(kind) \(String(id, radix: 16)) was not defined")
    case .collision(let kind, let id):
      StoreError(
        code: .collision, what: "cannot load into", path: path,
        reason: "two \(kind)s have the same 64-bit id \(String(id, radix: 16))",
        advice: "load one of them into a case of its own, and report it")
    case .full(let kind):
      StoreError(
        code: .limit, what: "cannot load into", path: path,
        reason: "more than \(ContentDictionary.maximumCount) \(kind)s",
        advice: "split the evidence into several cases")
    case .spool(let error): error
    }
  }
}
