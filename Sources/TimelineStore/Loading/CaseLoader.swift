internal import CSQLite
internal import Glibc
public import IncidentModel
internal import Synchronization

/// Loads evidence into a case: the `EventSink` of the store.
///
/// A new case is built beside the path and renamed onto it when it is whole and durable; a load into an existing case is
/// one transaction. Whatever ends the process before, the case is as it was. Lanes may be fed by as many threads as
/// there are lanes; ids follow from the lanes' order.
public final class CaseLoader: EventSink {
  /// What a load is told.
  public struct Options: Sendable {
    /// The program and its version, as noted in the case.
    public var tool = "firebreak"
    /// Time of the load, noted in the case; nil takes the clock.
    public var now: Instant?
    /// Makes the table of words `full_text` (FTS5). A case that has it keeps it up without this.
    public var fullText = false
    /// Pages a case may have; 0 is SQLite's own limit. For tests of a full disk.
    var maximumPages = 0
    /// False sends a new case's rows through SQLite too: the oracle of the tests.
    var writesPages = true
    /// Index entries kept in memory at a time, 48 bytes each.
    var entriesInMemory = 1 << 18
    /// Loads of at least so many events get a segment of their own.
    var largeLoad: Int64 = 50_000
    /// Bytes of rows that a source may have waiting when it is its lane's turn.
    var streamedBytes = 128 << 10
    /// Bytes of rows that a lane keeps in memory before it writes them to a file.
    var spooledInMemory = Spool.usualBuffer
    /// Told when a load comes to its next stage.
    var onStage: (@Sendable (LoadStage) -> Void)?
    /// The usual options.
    public init() {}
  }

  /// Where the case is, or will be.
  public let path: String
  /// True when the load makes the case.
  public let isNewCase: Bool
  private let options: Options
  private let known: Set<String>
  private let now: Instant
  /// Of a new case, whose rows are written as pages.
  private let turn: LoadTurn?
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var lock: WriterLock?
    var lanes: [LoadLane] = []
    var orders: Set<Int> = []
    var inventory: Inventory?
    var topology: Topology?
    var embedded: [(path: String, file: [CChar], sha256: String)] = []
    var isDone = false
  }

  /// Begins a load into the case at `path`, which is made if it is not there.
  /// Throws when the file is not a case, or was tampered with, or another load is running.
  public init(path: String, options: Options = Options()) throws(StoreError) {
    self.path = path
    self.options = options
    let now = options.now ?? SystemClock.now()
    self.now = now
    SystemFile.allowManyFiles()
    var status = stat()
    isNewCase = lstat(path, &status) != 0 && errno == ENOENT
    if isNewCase {
      known = []
      let lock = try WriterLock(path: Self.buildingPath(path), create: true)
      turn = options.writesPages ? LoadTurn(assembly: Self.newCase(path, lock.path, options, now)) : nil
      state = Mutex(State(lock: lock))
    } else {
      let lock = try WriterLock(path: path, create: false)
      guard !CasePack.isPacked(path) else { throw CasePack.readOnlyError(path) }
      let connection = try CaseOpening.readOnly(path).connection
      known = Set(try connection.rows("SELECT sha256 FROM source").compactMap { $0[0].text })
      turn = nil
      state = Mutex(State(lock: lock))
    }
  }

  /// The rows of a new case: SQLite makes the schema with an empty segment when there is a first row, the rest is pages.
  private static func newCase(
    _ path: String, _ building: String, _ options: Options, _ now: Instant
  ) -> CaseAssembly {
    CaseAssembly(path: path, contents: CaseContents()) { () throws(StoreError) in
      let connection = try SQLiteConnection(path: building, flags: SQLITE_OPEN_READWRITE)
      try CaseCreation.prepareToWrite(connection, isNew: true, maximumPages: options.maximumPages)
      try connection.execute("BEGIN EXCLUSIVE")
      try CaseCreation.writeSchema(connection, tool: options.tool, now: now)
      let roots = try CaseCreation.makeSegment(1, connection)
      try connection.execute("COMMIT")
      try connection.close()
      let file = try PageFile(path: building, maximumPages: options.maximumPages)
      return PageEventWriter(
        file: file, roots: roots, slices: SliceTreeWriter(file: file, root: roots.slice),
        entriesInMemory: options.entriesInMemory)
    }
  }

  deinit { cancel() }

  /// Where a new case is built.
  static func buildingPath(_ path: String) -> String { path + ".building" }

  /// True when a source with this SHA-256 was in the case before the load. Equal sources within one load are found
  /// at its end, so that the first in evidence order is kept whatever the threads do.
  public func contains(sha256: String) throws -> Bool { known.contains(sha256) }

  /// Opens the lane of one path.
  public func openLane(order: Int) throws -> any EventLane {
    let isFree = state.withLock { $0.isDone ? false : $0.orders.insert(order).inserted }
    guard isFree else { throw invalid("lane \(order) was opened twice, or after the end") }
    // What is added to a case is little, as a rule: large pages of memory would cost more than they save.
    let spooled = isNewCase ? options.spooledInMemory : min(options.spooledInMemory, Spool.smallBuffer)
    let memory = LoadLane.Memory(streamed: options.streamedBytes, spooled: spooled)
    return LoadLane(order: order, path: path, turn: turn, memory: memory) {
      [weak self] lane in
      let handed = HandedOver(lane: lane)
      self?.state.withLock { $0.lanes.append(handed.lane) }
    }
  }

  /// A lane that its thread has done with.
  private struct HandedOver: @unchecked Sendable { let lane: LoadLane }

  /// Sets the fleet's attributes; they replace those in the case.
  public func setInventory(_ inventory: Inventory) { state.withLock { $0.inventory = inventory } }

  /// Sets the fleet's links; they replace those in the case.
  public func setTopology(_ topology: Topology) { state.withLock { $0.topology = topology } }

  /// Keeps a file of evidence in the case as it lies there, so that the case stands alone. It is copied by `finish`.
  /// - Parameters:
  ///   - path: The file's path as its source has it.
  ///   - file: The path's bytes with a NUL behind them, where `path` does not spell them; nil: it does.
  ///   - sha256: The file's SHA-256 in 64 lower-case hexadecimal digits, as its source has it.
  public func embed(path: String, file: [CChar]? = nil, sha256: String) {
    state.withLock { $0.embedded.append((path, file ?? Array(path.utf8CString), sha256)) }
  }

  /// Writes everything and makes it durable. All lanes must have been closed.
  public func finish() throws(StoreError) -> LoadSummary {
    let result: Result<LoadSummary, StoreError> = state.withLock { state in
      do throws(StoreError) {
        guard let lock = state.lock, !state.isDone else { throw invalid("the load has ended") }
        guard state.lanes.count == state.orders.count else {
          throw invalid("\(state.orders.count - state.lanes.count) lanes are still open")
        }
        let summary = try write(&state, lock)
        end(&state)
        return .success(summary)
      } catch {
        end(&state)
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Gives up: the case is as it was before.
  public func cancel() { state.withLock { end(&$0) } }

  private func end(_ state: inout State) {
    guard !state.isDone else { return }
    state.isDone = true
    turn?.abandon()
    state.lanes.removeAll()
    if isNewCase, let lock = state.lock { unlink(lock.path) }
    state.lock = nil
  }

  private func write(_ state: inout State, _ lock: WriterLock) throws(StoreError) -> LoadSummary {
    if let turn { return try write(turn, state, lock) }
    let connection = try SQLiteConnection(path: lock.path, flags: SQLITE_OPEN_READWRITE)
    try CaseCreation.prepareToWrite(connection, isNew: isNewCase, maximumPages: options.maximumPages)
    try connection.execute(isNewCase ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE")
    var contents = CaseContents()
    if isNewCase {
      try CaseCreation.writeSchema(connection, tool: options.tool, now: now)
    } else {
      // Somebody else may have written between the first look and the lock.
      _ = try SchemaInspection.check(connection)
      contents = try CaseContents(connection)
    }
    let lanes = state.lanes.sorted { $0.order < $1.order }
    let segment = try CaseCreation.chooseSegment(
      connection, events: Self.newEvents(in: lanes, contents: contents), largeLoad: options.largeLoad)
    if !isNewCase, segment.isNew, options.writesPages {
      // No other load can come between; notes and journals may, and do not matter here.
      try connection.execute("ROLLBACK")
      return try write(contents, lanes, segment, connection, state, lock)
    }
    let assembly = CaseAssembly(path: path, contents: contents) { () throws(StoreError) in
      try SQLiteEventWriter(connection: connection, segment: segment.number, isNew: segment.isNew)
    }
    for lane in lanes { try lane.handOver(to: assembly) }
    options.onStage?(.indexes)
    try assembly.finish()
    return try writeTables(connection, assembly, segment, state, lock)
  }

  /// A load of its own segment into a case that is there.
  private func write(
    _ contents: CaseContents, _ lanes: [LoadLane], _ segment: (number: Int64, isNew: Bool),
    _ connection: SQLiteConnection, _ state: borrowing State, _ lock: WriterLock
  ) throws(StoreError) -> LoadSummary {
    let staging = try SegmentStaging(number: segment.number, beside: path, options: options)
    let assembly = CaseAssembly(path: path, contents: contents) { () throws(StoreError) in
      try staging.makeWriter()
    }
    for lane in lanes { try lane.handOver(to: assembly) }
    options.onStage?(.indexes)
    try assembly.finish()
    if assembly.events > 0 { try staging.attach(to: connection) }
    try connection.execute("BEGIN IMMEDIATE")
    _ = try SchemaInspection.check(connection)
    if assembly.events > 0 { try staging.carryOver(connection) }
    return try writeTables(connection, assembly, segment, state, lock)
  }

  /// Events of the sources that are not in the case, each counted once.
  private static func newEvents(in lanes: [LoadLane], contents: CaseContents) -> Int64 {
    var seen: Set<String> = []
    var events: Int64 = 0
    for source in lanes.flatMap(\.sources)
    where contents.originalOfHash[source.account.sha256] == nil && seen.insert(source.account.sha256).inserted
    {
      events += Int64(source.events)
    }
    return events
  }

  /// The end of a load into a new case whose rows went into pages.
  private func write(_ turn: LoadTurn, _ state: borrowing State, _ lock: WriterLock) throws(StoreError)
    -> LoadSummary
  {
    try turn.endAll()
    options.onStage?(.indexes)
    try turn.assembly.finish()
    let connection = try SQLiteConnection(path: lock.path, flags: SQLITE_OPEN_READWRITE)
    try CaseCreation.prepareToWrite(connection, isNew: true, maximumPages: options.maximumPages)
    try connection.execute("BEGIN EXCLUSIVE")
    if !turn.assembly.hasWriter {
      try CaseCreation.writeSchema(connection, tool: options.tool, now: now)
    } else if turn.assembly.events == 0 {
      // There were rows, but they were taken back.
      try connection.execute("DROP TABLE segment_1")
    }
    return try writeTables(connection, turn.assembly, (1, true), state, lock)
  }

  private func writeTables(
    _ connection: SQLiteConnection, _ assembly: CaseAssembly, _ segment: (number: Int64, isNew: Bool),
    _ state: borrowing State, _ lock: WriterLock
  ) throws(StoreError) -> LoadSummary {
    options.onStage?(.tables)
    var summary = try CaseTablesWriter(
      connection: connection, assembly: assembly, tool: options.tool, now: now.nanoseconds
    ).write(segment: assembly.events > 0 ? segment : nil)
    let hasFullText = try FullTextTable.exists(connection)
    if options.fullText || hasFullText {
      let segments = try connection.rows("SELECT number FROM segment ORDER BY number").compactMap(
        \.first?.integer)
      try FullTextTable.write(connection, segments: segments, from: assembly.firstEvent)
    }
    if let inventory = state.inventory { try FleetTables.write(inventory, to: connection) }
    if let topology = state.topology { try FleetTables.write(topology, to: connection) }
    for file in state.embedded {
      try EmbeddedEvidence.write(path: file.path, file: file.file, sha256: file.sha256, to: connection)
    }
    options.onStage?(.syncing)
    try connection.execute("COMMIT")
    summary.isNewCase = isNewCase
    if isNewCase {
      try connection.close()
      try lock.sync()
      options.onStage?(.publishing)
      try CaseCreation.publish(lock.path, as: path)
    }
    options.onStage?(.done)
    return summary
  }

  private func invalid(_ reason: String) -> StoreError {
    StoreError(code: .invalid, what: "cannot load into", path: path, reason: reason)
  }
}

/// How far a load is: what a kill may hit.
enum LoadStage: UInt8, Sendable, CaseIterable {
  /// Evidence is read, rows are written.
  case reading
  case indexes
  /// Dictionaries, accounts, roll-ups.
  case tables
  /// Everything is being made durable.
  case syncing
  /// A new case gets its name.
  case publishing
  case done
}

/// The wall clock.
enum SystemClock {
  static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
