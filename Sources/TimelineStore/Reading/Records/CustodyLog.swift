public import IncidentModel

/// SHA-256 as 64 lower-case hex digits. Given from outside: the store has no cryptography of its own.
public typealias SHA256Function = @Sendable ([UInt8]) -> String

/// An entry of the custody log: who did what to the case or with it.
public struct CustodyEntry: Sendable, Hashable {
  /// When.
  public var at: Instant
  /// Who: account and machine.
  public var actor: String
  /// What was done: `ingest`, `note`, `trace`, `run`, `reveal`…
  public var action: String
  /// To what.
  public var subject: String
  /// SHA-256 of what it is about, 64 lower-case hex digits; nil where that is nothing with bytes.
  public var sha256: String?
  /// Tool version, arguments, counts: one sentence.
  public var detail: String

  /// An entry from its parts.
  public init(
    at: Instant, actor: String, action: String, subject: String, sha256: String? = nil, detail: String
  ) {
    self.at = at
    self.actor = actor
    self.action = action
    self.subject = subject
    self.sha256 = sha256
    self.detail = detail
  }
}

/// An entry of the custody log in its place.
public struct CustodyRecord: Sendable, Hashable {
  /// From 1.
  public var number: Int64
  /// Who did what, when.
  public var entry: CustodyEntry
  /// The link of the chain as stored; nil where the entry was made without one.
  public var link: String?
}

/// The custody log of a case: append-only, a hash chain. A chain inside a file can be rewritten as a whole: what counts
/// is its head, written down elsewhere.
public final class CustodyLog: Sendable {
  /// The head of an empty log.
  public static let start = String(repeating: "0", count: 64)
  private let file: CaseFile
  private let digest: SHA256Function

  /// The log of an open case.
  public init(_ file: CaseFile, digest: @escaping SHA256Function) {
    self.file = file
    self.digest = digest
  }

  /// Adds entries, all or none, durable on return.
  /// - Returns: The head of the chain.
  @discardableResult
  public func append(_ entries: [CustodyEntry]) throws(StoreError) -> String {
    let digest = digest
    return try file.write { (connection) throws(StoreError) -> String in
      var head = Self.start
      for record in try Self.read(connection) { head = Self.link(record.entry, after: head, digest) }
      let statement = try connection.prepare(
        "INSERT INTO custody (at, actor, action, subject, sha256, detail) VALUES (?, ?, ?, ?, ?, ?)")
      for entry in entries {
        head = Self.link(entry, after: head, digest)
        try statement.run(
          .integer(entry.at.nanoseconds), .text(entry.actor), .text(entry.action), .text(entry.subject),
          SQLiteValue(entry.sha256), .text(RecordText.object([("text", entry.detail), ("link", head)])))
      }
      return head
    }
  }

  /// What the chain says of itself and of a head that was written down.
  public struct Verdict: Sendable, Hashable {
    /// Number of entries.
    public var entries: Int
    /// Head as computed from the entries.
    public var head: String
    /// The first entry whose stored link is not the one computed; nil when all hold.
    public var brokenAt: Int64?
    /// How many entries the given head covers; nil when it is the head of no beginning of this log, or none was given.
    public var coveredByHead: Int?
  }

  /// Computes the chain of entries anew.
  /// - Parameter head: A head that was written down earlier.
  public static func verify(
    _ records: [CustodyRecord], head: String? = nil, digest: SHA256Function
  ) -> Verdict {
    var verdict = Verdict(entries: records.count, head: start, brokenAt: nil, coveredByHead: nil)
    let wanted = head?.lowercased()
    if wanted == start { verdict.coveredByHead = 0 }
    for (index, record) in records.enumerated() {
      verdict.head = link(record.entry, after: verdict.head, digest)
      let holds = record.number == Int64(index + 1) && (record.link == nil || record.link == verdict.head)
      if !holds, verdict.brokenAt == nil { verdict.brokenAt = record.number }
      if verdict.head == wanted { verdict.coveredByHead = index + 1 }
    }
    return verdict
  }

  static func read(_ connection: SQLiteConnection) throws(StoreError) -> [CustodyRecord] {
    let row = try connection.prepare(
      "SELECT id, at, actor, action, subject, sha256, detail FROM custody ORDER BY id")
    var records: [CustodyRecord] = []
    while try row.next() {
      let detail = row.text(6)
      records.append(
        CustodyRecord(
          number: row.int64(0),
          entry: CustodyEntry(
            at: Instant(nanoseconds: row.int64(1)), actor: row.text(2), action: row.text(3),
            subject: row.text(4),
            sha256: row.textOrNil(5), detail: RecordText.member("text", of: detail) ?? detail),
          link: RecordText.member("link", of: detail)))
    }
    return records
  }

  /// SHA-256 of the link before, a line feed, and a JSON array of the entry's values.
  private static func link(_ entry: CustodyEntry, after previous: String, _ digest: SHA256Function) -> String
  {
    let values = [
      String(entry.at.nanoseconds), entry.actor, entry.action, entry.subject, entry.sha256 ?? "",
      entry.detail,
    ]
    return digest(Array("\(previous)\n\(JSONText.array(values))".utf8))
  }
}

extension CaseReader {
  /// The custody log, oldest first.
  public func custody() throws(StoreError) -> [CustodyRecord] { try CustodyLog.read(connection) }
}
