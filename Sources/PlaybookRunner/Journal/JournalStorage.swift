public import PlaybookModel

/// Where the journal's records are kept. The case file is one; tests have others.
public protocol JournalStorage: Sendable {
  /// Keeps records. When it returns they are durable: a process started afterwards reads them, whatever happens to
  /// this one or to the power.
  func append(_ records: [RunRecord]) throws
  /// All records of a run, in order.
  func records(run: String) throws -> [RunRecord]
  /// Calls `body` with each record of a run, in order, without holding them all.
  func forEachRecord(run: String, _ body: (RunRecord) throws -> Void) throws
  /// The same with the records after a number only.
  func forEachRecord(run: String, after sequence: Int, _ body: (RunRecord) throws -> Void) throws
  /// Ids of all runs, in order of their first record.
  func runs() throws -> [String]
  /// Histories that were read already; nil where each is read anew.
  var readings: RunReadings? { get }
}

extension JournalStorage {
  /// For storages that hold them all anyway.
  public func forEachRecord(run: String, _ body: (RunRecord) throws -> Void) throws {
    for record in try records(run: run) { try body(record) }
  }

  /// For storages that read them all anyway.
  public func forEachRecord(run: String, after sequence: Int, _ body: (RunRecord) throws -> Void) throws {
    try forEachRecord(run: run) { if $0.sequence > sequence { try body($0) } }
  }

  /// For storages that are read once.
  public var readings: RunReadings? { nil }
}

/// A draft of a record: what is to be said, before it has a place in the journal.
public struct RecordDraft: Sendable {
  /// See `RunRecord`.
  public var kind: RunRecord.Kind
  /// See `RunRecord`.
  public var step: String?
  /// See `RunRecord`.
  public var target: String?
  /// See `RunRecord`.
  public var action: RunRecord.Action?
  /// See `RunRecord`.
  public var outcome: RunRecord.Outcome?
  /// See `RunRecord`.
  public var reason: String?
  /// See `RunRecord`.
  public var wave: Int?
  /// See `RunRecord`.
  public var detail: String
  /// True where a checkpoint follows, whatever is said: the end of something that was done.
  public var isSigned = false

  /// A draft from its parts.
  public init(
    _ kind: RunRecord.Kind, step: String? = nil, target: String? = nil, action: RunRecord.Action? = nil,
    outcome: RunRecord.Outcome? = nil, reason: String? = nil, wave: Int? = nil, detail: String
  ) {
    self.kind = kind
    self.step = step
    self.target = target
    self.action = action
    self.outcome = outcome
    self.reason = reason
    self.wave = wave
    self.detail = detail
  }
}
