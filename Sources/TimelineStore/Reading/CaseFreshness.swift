internal import CSQLite
internal import Glibc

/// What tells one file from another, whatever its name.
public struct FileIdentity: Sendable, Hashable {
  /// Device and inode number.
  public var device: UInt64
  /// Inode number.
  public var inode: UInt64

  /// The identity of the file at a path; nil where there is none.
  public init?(path: String) {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    device = UInt64(info.st_dev)
    inode = UInt64(info.st_ino)
  }
}

/// What shows without opening a file that somebody wrote to it.
public struct FileVersion: Sendable, Hashable {
  private var size: Int64
  private var modified: [Int]
  private var changed: [Int]

  /// The version of the file at a path; nil where there is none.
  public init?(path: String) {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    size = Int64(info.st_size)
    modified = [info.st_mtim.tv_sec, info.st_mtim.tv_nsec]
    changed = [info.st_ctim.tv_sec, info.st_ctim.tv_nsec]
  }
}

/// What a case held at one time, by which it is known again. Sources and custody entries are only ever added: a file that lacks the
/// newest of them, or has others in their place, is another case, or an older copy.
public struct CaseMark: Sendable, Hashable {
  private var source: [String?] = []
  private var custody: [String?] = []

  private static let sources = "SELECT ordinal, sha256, path, members, bytes FROM source"
  private static let entries = "SELECT id, at, actor, action, subject, sha256, detail FROM custody"

  fileprivate init(_ connection: SQLiteConnection) throws(StoreError) {
    source = try Self.row(connection, "\(Self.sources) ORDER BY ordinal DESC LIMIT 1", columns: 5)
    custody = try Self.row(connection, "\(Self.entries) ORDER BY id DESC LIMIT 1", columns: 7)
  }

  /// The mark of the case at a path now, where it is the one that was marked, whatever was added since; nil where it is another.
  /// Read through a connection of its own: one that is open may hold pages of what was there before.
  public func renewed(at path: String) throws(StoreError) -> CaseMark? {
    let connection = try CaseOpening.readOnly(path, cacheBytes: 1 << 20).connection
    func isKept(_ row: [String?], _ sql: String, _ key: String) throws(StoreError) -> Bool {
      guard let number = row.first ?? nil, let id = Int64(number) else { return true }
      return try Self.row(connection, "\(sql) WHERE \(key) = \(id)", columns: row.count) == row
    }
    guard try isKept(source, Self.sources, "ordinal"), try isKept(custody, Self.entries, "id") else {
      return nil
    }
    return try CaseMark(connection)
  }

  /// The first row of a statement as text; empty where there is none.
  private static func row(_ connection: SQLiteConnection, _ sql: String, columns: Int)
    throws(StoreError) -> [String?]
  {
    let row = try connection.prepare(sql)
    guard try row.next() else { return [] }
    return (0..<columns).map { row.textOrNil(Int32($0)) }
  }
}

/// What a case holds in numbers that only grow: a change in any of them says what is new.
public struct CaseState: Sendable, Hashable {
  /// Events.
  public var events: Int64 = 0
  /// Loads that made a segment.
  public var segments: Int64 = 0
  /// Sources.
  public var sources: Int64 = 0
  /// Notes, retracted ones and retractions included.
  public var notes: Int64 = 0
  /// Records of playbook runs.
  public var journal: Int64 = 0
  /// Number of the newest stored trace; 0: none.
  public var trace: Int64 = 0
  /// Entries of the custody log.
  public var custody: Int64 = 0
  /// Latest instant of any event, nanoseconds since the epoch; nil: none has a time.
  public var newest: Int64?

  /// An empty case.
  public init() {}

  /// True where the small tables that a reader keeps in memory are the same.
  public func hasSameEvidence(as other: CaseState) -> Bool {
    segments == other.segments && events == other.events && sources == other.sources && trace == other.trace
  }
}

extension CaseReader {
  /// By what the case is known again.
  public func mark() throws(StoreError) -> CaseMark { try CaseMark(connection) }

  /// The numbers as committed now.
  public func state() throws(StoreError) -> CaseState {
    var state = CaseState()
    func number(_ sql: String) throws(StoreError) -> Int64 { try connection.prepare(sql).integer() ?? 0 }
    state.events = try number("SELECT coalesce(sum(events), 0) FROM segment")
    state.segments = try number("SELECT count(*) FROM segment")
    state.sources = try number("SELECT count(*) FROM source")
    state.notes = try number("SELECT coalesce(max(id), 0) FROM note")
    state.journal = try number("SELECT coalesce(max(id), 0) FROM journal")
    state.trace = try number("SELECT coalesce(max(number), 0) FROM trace_result")
    state.custody = try number("SELECT coalesce(max(id), 0) FROM custody")
    state.newest = try connection.prepare("SELECT max(last_time) FROM segment").integer()
    return state
  }

  /// Changes whenever another connection has committed to the case.
  public func changeCounter() throws(StoreError) -> Int64 {
    try connection.prepare("PRAGMA data_version").integer() ?? 0
  }

  /// Bounds the pages kept in memory; for programs that hold several readers.
  public func limitCache(bytes: Int) throws(StoreError) {
    try connection.execute(
      "PRAGMA cache_size = \(-max(1 << 20, bytes) / 1024)", what: "cannot read case")
  }

  /// Runs reading that is stopped with `.limit` once it has taken this long, wall time. Inside another such call the
  /// earlier of both ends counts.
  public func limited<Result>(seconds: Double, _ body: () throws -> Result) throws -> Result {
    let outer = DeadlineScope.current
    let deadline = Deadline(seconds: seconds, noLaterThan: outer)
    stop(at: deadline)
    defer { stop(at: outer) }
    return try DeadlineScope.$current.withValue(deadline) { try body() }
  }

  /// The deadline must be kept alive by the caller.
  private func stop(at deadline: Deadline?) {
    guard let deadline else { return sqlite3_progress_handler(connection.handle, 0, nil, nil) }
    sqlite3_progress_handler(
      connection.handle, 1000,
      { Unmanaged<Deadline>.fromOpaque($0!).takeUnretainedValue().hasPassed ? 1 : 0 },
      Unmanaged.passUnretained(deadline).toOpaque())
  }
}

/// The end of the innermost bounded reading of this thread.
enum DeadlineScope {
  @TaskLocal static var current: Deadline?
}

/// An instant of the monotonic clock.
final class Deadline: Sendable {
  private let end: Double
  init(seconds: Double, noLaterThan other: Deadline? = nil) {
    end = min(Self.now + seconds, other?.end ?? .infinity)
  }
  var hasPassed: Bool { Self.now > end }
  /// Seconds of the monotonic clock.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
