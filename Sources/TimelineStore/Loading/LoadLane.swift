internal import IncidentModel

/// A lane of a load: encodes events into rows with ordinals of its own and spools them. One thread at a time.
final class LoadLane: EventLane {
  let order: Int
  let path: String
  let spool: Spool
  private(set) var refusedSpool: Spool?
  private(set) var sources: [SpooledSource] = []
  private var rows = RowMaker()
  private var current: SourceDescription?
  private var start: Int64 = 0
  private var refusedStart: Int64 = 0
  private let whenClosed: (LoadLane) -> Void

  /// The lane's devices and templates, used or not.
  var devices: ContentDictionary { rows.devices }
  var templates: ContentDictionary { rows.templates }

  init(order: Int, path: String, whenClosed: @escaping (LoadLane) -> Void) throws(StoreError) {
    self.order = order
    self.path = path
    self.whenClosed = whenClosed
    spool = try Spool(beside: path)
  }

  func beginSource(_ source: SourceDescription) throws {
    guard current == nil else { throw invalid("a source was begun before the one before it was ended") }
    current = source
    start = spool.end
    refusedStart = refusedSpool?.end ?? 0
    rows.beginSource()
  }

  func append(_ batch: borrowing EventBatch) throws {
    guard current != nil else { throw invalid("events came outside a source") }
    do throws(RowFault) {
      try rows.append(batch, to: spool)
    } catch {
      throw explained(error)
    }
    if !batch.refused.isEmpty { try appendRefused(batch) }
  }

  private func appendRefused(_ batch: borrowing EventBatch) throws {
    let spool = try refusedSpool ?? Spool(beside: path)
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
    sources.append(
      SpooledSource(
        description: current, account: account, frames: start..<spool.end,
        refusedFrames: refusedStart..<(refusedSpool?.end ?? 0), events: rows.events, origins: rows.origins,
        devices: rows.usedDevices, templates: rows.usedTemplates, adjustments: adjustments))
    self.current = nil
  }

  func discardSource() throws {
    guard current != nil else { throw invalid("a source was discarded that was not begun") }
    try spool.truncate(to: start)
    try refusedSpool?.truncate(to: refusedStart)
    current = nil
  }

  func close() throws {
    guard current == nil else { throw invalid("a lane was closed before its source was ended") }
    try spool.finishWriting()
    try refusedSpool?.finishWriting()
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
