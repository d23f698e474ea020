/// One record of a playbook run as the case keeps it: append-only, never changed.
public struct JournalRow: Sendable, Hashable {
  /// The run's id.
  public var run: String
  /// Position in the run's journal, from 1.
  public var sequence: Int
  /// Wall clock, nanoseconds since the epoch.
  public var wallTime: Int64
  /// Monotonic clock, nanoseconds since an arbitrary start.
  public var monotonicTime: Int64
  /// What the record says.
  public var kind: String
  /// Step id; nil for records about the run as a whole.
  public var step: String?
  /// Target device's name; nil for records about a step or the run.
  public var target: String?
  /// What an intent or result is about.
  public var action: String?
  /// The outcome.
  public var outcome: String?
  /// A short stable code that refines the outcome.
  public var reason: String?
  /// Number of the wave.
  public var wave: Int?
  /// One sentence.
  public var detail: String
  /// Link of the run's hash chain.
  public var hash: String

  /// A record from its parts.
  public init(
    run: String, sequence: Int, wallTime: Int64, monotonicTime: Int64, kind: String, step: String?,
    target: String?,
    action: String?, outcome: String?, reason: String?, wave: Int?, detail: String, hash: String
  ) {
    self.run = run
    self.sequence = sequence
    self.wallTime = wallTime
    self.monotonicTime = monotonicTime
    self.kind = kind
    self.step = step
    self.target = target
    self.action = action
    self.outcome = outcome
    self.reason = reason
    self.wave = wave
    self.detail = detail
    self.hash = hash
  }
}

/// The journals of playbook runs in a case. Records are durable when `append` returns, and can be read by other processes
/// from then on; the case's triggers refuse to change or delete one.
public final class JournalStore: Sendable {
  private let file: CaseFile

  /// The journal of an open case.
  public init(_ file: CaseFile) { self.file = file }

  /// Opens a case for its journal.
  public convenience init(path: String) throws(StoreError) { self.init(try CaseFile(path: path)) }

  /// Keeps records, all or none. Each must follow its run's last one.
  public func append(_ rows: [JournalRow]) throws(StoreError) {
    guard !rows.isEmpty else { return }
    let path = file.path
    try file.write { (connection) throws(StoreError) in
      let last = try connection.prepare("SELECT coalesce(max(sequence), 0) FROM journal WHERE run = ?")
      let insert = try connection.prepare("INSERT INTO journal VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      // Nobody else writes between two rows of one transaction.
      var ends: [String: Int64] = [:]
      for row in rows {
        let before: Int64
        if let known = ends[row.run] {
          before = known
        } else {
          before = try last.integer([.text(row.run)]) ?? 0
        }
        ends[row.run] = Int64(row.sequence)
        guard Int64(row.sequence) == before + 1 else {
          throw StoreError(
            code: .invalid, what: "cannot write the journal in case", path: path,
            reason: "record \(row.sequence) of run '\(row.run)' does not follow record \(before)",
            advice: "another process runs the same run, or the journal was changed")
        }
        // Columns of their own for what is searched; the rest beside the sentence.
        let detail = RecordText.object([
          ("text", row.detail), ("action", row.action), ("reason", row.reason),
          ("wave", row.wave.map { String($0) }),
        ])
        try insert.run(
          .text(row.run), SQLiteValue(row.sequence), .integer(row.wallTime), .integer(row.monotonicTime),
          .text(row.kind), SQLiteValue(row.step), SQLiteValue(row.target), SQLiteValue(row.outcome),
          .text(detail),
          .text(row.hash))
      }
    }
  }

  /// All records of a run, in order.
  public func rows(run: String) throws(StoreError) -> [JournalRow] {
    try file.read { (connection) throws(StoreError) in try Self.rows(connection, run) }
  }

  /// Ids of all runs, in order of their first record.
  public func runs() throws(StoreError) -> [String] {
    try file.read { (connection) throws(StoreError) in try Self.runs(connection) }
  }

  static func runs(_ connection: SQLiteConnection) throws(StoreError) -> [String] {
    let row = try connection.prepare("SELECT run FROM journal GROUP BY run ORDER BY min(id)")
    var runs: [String] = []
    while try row.next() { runs.append(row.text(0)) }
    return runs
  }

  /// Calls `body` with the records of a run that come after a number, in order, one at a time.
  public func forEachRow(
    run: String, after sequence: Int = 0, _ body: (JournalRow) throws -> Void
  ) throws {
    let problem = try file.read { (connection) throws(StoreError) -> (any Error)? in
      try Self.forEachRow(connection, run, after: sequence, body)
    }
    if let problem { throw problem }
  }

  static func rows(_ connection: SQLiteConnection, _ run: String) throws(StoreError) -> [JournalRow] {
    var rows: [JournalRow] = []
    _ = try forEachRow(connection, run, after: 0) { rows.append($0) }
    return rows
  }

  /// Returns what `body` threw; the rest is not read then.
  static func forEachRow(
    _ connection: SQLiteConnection, _ run: String, after sequence: Int, _ body: (JournalRow) throws -> Void
  ) throws(StoreError) -> (any Error)? {
    let row = try connection.prepare(
      """
      SELECT sequence, wall_time, monotonic_time, kind, step, target, outcome, detail, hash FROM journal
      WHERE run = ? AND sequence > ? ORDER BY sequence
      """)
    row.bound([.text(run), SQLiteValue(sequence)])
    while try row.next() {
      let detail = row.text(7)
      let record = JournalRow(
        run: run, sequence: Int(row.int64(0)), wallTime: row.int64(1), monotonicTime: row.int64(2),
        kind: row.text(3), step: row.textOrNil(4), target: row.textOrNil(5),
        action: RecordText.member("action", of: detail), outcome: row.textOrNil(6),
        reason: RecordText.member("reason", of: detail),
        wave: RecordText.member("wave", of: detail).flatMap { Int($0) },
        detail: RecordText.member("text", of: detail) ?? detail, hash: row.text(8))
      do {
        try body(record)
      } catch {
        return error
      }
    }
    return nil
  }
}

extension JournalStore {
  /// Calls `body` with the records of a run of a case that is opened no more, since its schema is not the one that
  /// Firebreak makes. Nothing vouches for them but what is signed. Where the journal itself is another there are none.
  public static func forEachUncheckedRow(
    path: String, run: String, _ body: (JournalRow) throws -> Void
  ) throws {
    let connection = try CaseOpening.unchecked(path)
    let known = CaseSchema.tables.first { $0.type == "table" && $0.name == "journal" }?.sql
    let found = try connection.rows("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'journal'")
    guard let known, found.first?.first?.text == known else { return }
    if let problem = try forEachRow(connection, run, after: 0, body) { throw problem }
  }
}

extension CaseReader {
  /// Ids of all playbook runs, in order of their first record.
  public func runs() throws(StoreError) -> [String] { try JournalStore.runs(connection) }

  /// Calls `body` with the records of a playbook run that come after a number, in order, one at a time.
  public func forEachJournalRow(
    run: String, after sequence: Int = 0, _ body: (JournalRow) throws -> Void
  ) throws {
    if let problem = try JournalStore.forEachRow(connection, run, after: sequence, body) { throw problem }
  }

  /// Calls `body` with number and target of each intent of a run that comes after a number.
  public func forEachIntent(
    run: String, after sequence: Int, _ body: (_ sequence: Int, _ target: String) -> Void
  ) throws(StoreError) {
    let row = try connection.prepare(
      "SELECT sequence, target FROM journal WHERE run = ? AND sequence > ? AND kind = 'intent' ORDER BY sequence"
    )
    row.bound([.text(run), SQLiteValue(sequence)])
    while try row.next() { body(Int(row.int64(0)), row.text(1)) }
  }

  /// All records of a playbook run, in order.
  public func journal(run: String) throws(StoreError) -> [JournalRow] {
    try JournalStore.rows(connection, run)
  }
}
