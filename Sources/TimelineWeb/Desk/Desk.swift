internal import IncidentModel
internal import PostmortemReport
internal import Synchronization
internal import TimelineStore

/// A reader between two users: the pool gives it to one thread at a time.
struct PooledReader: @unchecked Sendable {
  let reader: CaseReader
  let state: CaseState
}

/// The case on the desk: readers for its pages, a writer for notes, and what was computed from it once.
final class Desk: Sendable {
  let path: String
  let services: any DeskServices
  private let identity: FileIdentity
  private let served: Mutex<Served>
  private let pool = Mutex(Pool())
  private let traces: TraceShelf
  private let known = Mutex<[String: (state: CaseState, value: any Sendable)]>([:])
  private let isLearning = Atomic(false)
  private let previews = Mutex<[Audience: (state: CaseState, markup: String)]>([:])

  /// The case as it was when somebody last looked at its file from outside.
  private struct Served {
    var version: FileVersion
    var mark: CaseMark
    /// What was read of the file that was there before is kept in many places: there is no way back.
    var isAnother = false
  }
  private struct Pool {
    var free: [PooledReader] = []
  }
  /// Readers kept for later requests; each holds up to `cacheBytes` of pages.
  private static let kept = 3
  private static let cacheBytes = 12 << 20
  /// Wall seconds that a page may read.
  static let pageSeconds = 8.0

  init(path: String, services: any DeskServices) throws {
    self.path = path
    self.services = services
    traces = TraceShelf(path: path)
    // Opened before the page is: what is no case is said on the terminal.
    let reader = try CaseReader(path: path)
    guard let identity = FileIdentity(path: path), let version = FileVersion(path: path) else {
      throw PageError(status: 410, title: "The case has gone", words: path)
    }
    self.identity = identity
    served = Mutex(Served(version: version, mark: try reader.mark()))
    try reader.limitCache(bytes: Self.cacheBytes)
    let state = try reader.state()
    let pooled = PooledReader(reader: reader, state: state)
    pool.withLock { $0.free.append(pooled) }
    // By the time somebody has opened the link, they are mostly there.
    learn()
  }

  /// Reads the places of the devices, then the trace, on threads of their own.
  private func learn() {
    guard !isLearning.exchange(true, ordering: .relaxed) else { return }
    detachThread { [self] in
      defer { isLearning.store(false, ordering: .relaxed) }
      // What goes wrong here does so again where somebody asks, and is said there.
      _ = try? read { reader, state in
        _ = try siteIndex(reader, state)
        _ = try traces.content(state.trace, patience: 0)
      }
    }
  }

  /// The inventory's column of places, for counting by it; nil where there is none.
  func sites(_ reader: CaseReader, _ state: CaseState) -> FacetAttribute? {
    if let entry = known.withLock({ $0["sites"] }), entry.state.hasSameEvidence(as: state),
      let index = entry.value as? DeviceAttributeIndex?
    {
      return index.map { .known($0) }
    }
    learn()
    return Self.siteColumn(reader).map { .asked($0) }
  }

  /// The file's name without its folder.
  var caseName: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Throws where the file of the case is another than when the server began, holds another case, or is none.
  func checkIdentity() throws {
    guard let now = FileIdentity(path: path), let version = FileVersion(path: path) else {
      throw PageError(
        status: 410, title: "The case has gone",
        words: "There is no file '\(path)' any more: it was moved or deleted while this page was open. "
          + "Nothing was changed by this server. Put the file back, or start 'firebreak serve' with another case."
      )
    }
    guard try now == identity && isStillServed(version) else {
      throw PageError(
        status: 410, title: "The case was replaced",
        words:
          "'\(path)' is another file than when this server began. What it showed may not be in the new one, so it "
          + "shows no more. Start 'firebreak serve' again to see the new case.")
    }
  }

  /// Whether the file holds what it held. Another case may be written over it in place, and a connection that is open may not notice:
  /// whenever somebody has written to the file, the case is looked at through a new one.
  private func isStillServed(_ version: FileVersion) throws -> Bool {
    try served.withLock { served in
      guard !served.isAnother, version != served.version else { return !served.isAnother }
      guard let mark = try served.mark.renewed(at: path) else {
        served.isAnother = true
        return false
      }
      (served.mark, served.version) = (mark, version)
      return true
    }
  }

  /// Runs with a reader that nobody else uses and that knows all of the case.
  func read<Result>(_ body: (CaseReader, CaseState) throws -> Result) throws -> Result {
    try checkIdentity()
    let (reader, state) = try current()
    let result: Result
    do {
      result = try reader.limited(seconds: Self.pageSeconds) { try body(reader, state) }
    } catch {
      // Half of one case and half of another reads like damage.
      try checkIdentity()
      throw error
    }
    // Nothing is shown of a file that was written over meanwhile. Who holds a lock on it is no copy: the next look will tell.
    do { try checkIdentity() } catch let error as StoreError where error.code == .locked {}
    // A reader that threw may stand in the middle of something, and is not used again.
    let pooled = PooledReader(reader: reader, state: state)
    pool.withLock { if $0.free.count < Self.kept { $0.free.append(pooled) } }
    return result
  }

  private func current() throws -> (CaseReader, CaseState) {
    while let entry = pool.withLock({ $0.free.popLast() }) {
      let now = try entry.reader.state()
      if now.hasSameEvidence(as: entry.state) { return (entry.reader, now) }
    }
    let reader = try CaseReader(path: path)
    try reader.limitCache(bytes: Self.cacheBytes)
    return (reader, try reader.state())
  }

  /// The newest trace, for pages that are something without it.
  /// - Parameter patience: Seconds to wait while it is being read.
  func trace(_ state: CaseState, patience: Double) throws -> TraceShelf.Content {
    try traces.content(state.trace, patience: patience)
  }

  /// The newest trace, for pages that are nothing without it; nil when the case has none.
  func incident(_ state: CaseState) throws -> IncidentView? {
    switch try traces.content(state.trace, patience: Self.pageSeconds) {
    case .none: return nil
    case .ready(let view): return view
    case .loading:
      throw PageError(
        status: 503, title: "The trace is being read",
        words: "It is a large one. Load the page again in a moment; the timeline can be used meanwhile.",
        next: (Link("timeline"), "To the timeline"))
    }
  }

  /// What follows from the evidence and the newest trace alone: made once, and anew when one of them has changed.
  func once<Value: Sendable>(_ name: String, _ state: CaseState, _ make: () throws -> Value) rethrows -> Value
  {
    if let entry = known.withLock({ $0[name] }), entry.state.hasSameEvidence(as: state),
      let value = entry.value as? Value
    {
      return value
    }
    let value = try make()
    known.withLock { $0[name] = (state, value) }
    return value
  }

  /// The inventory's column of places by device; nil where there is none.
  func siteIndex(_ reader: CaseReader, _ state: CaseState) throws -> DeviceAttributeIndex? {
    try once("sites", state) { try Self.siteColumn(reader).flatMap { try reader.attributeIndex($0) } }
  }

  /// The name of that column.
  static func siteColumn(_ reader: CaseReader) -> String? {
    let names = reader.attributes
    return PlaceColumns.best(names).map { names[$0] }
  }

  /// The inventory.
  func inventory(_ reader: CaseReader, _ state: CaseState) throws -> Inventory {
    try once("inventory", state) { try reader.inventory() }
  }

  /// What the report says to an audience, as its renderer wrote it: made in a process of its own, kept until the case
  /// changes.
  func preview(_ audience: Audience, _ state: CaseState) throws -> String {
    if let known = previews.withLock({ $0[audience] }), known.state == state { return known.markup }
    let document = try services.report(path: path, audience: audience)
    guard let start = document.firstRange(of: "<main id=\"main\">"),
      let end = document.firstRange(of: "</main>")
    else {
      throw PageError(
        status: 500, title: "The report has no text",
        words: "Its renderer wrote something else than expected.")
    }
    let markup = String(document[start.upperBound..<end.lowerBound])
    previews.withLock { $0[audience] = (state, markup) }
    return markup
  }

  /// Keeps a note with author and time, and says so in the custody log.
  @discardableResult
  func add(_ note: Note) throws -> Note {
    try checkIdentity()
    let file = try CaseFile(path: path)
    let kept = try NoteStore(file).add(note)
    try record(
      Note.custodyAction, kept.custodySubject, "\(kept.kind.rawValue) \(kept.subject ?? kept.value ?? "")",
      sha256: services.digest(kept.custodyText), in: file)
    return kept
  }

  /// Writes an entry of the custody log.
  func record(
    _ action: String, _ subject: String, _ detail: String, sha256: String? = nil, in file: CaseFile? = nil
  ) throws {
    try checkIdentity()
    _ = try CustodyLog(file ?? CaseFile(path: path), digest: services.digest).append([
      CustodyEntry(
        at: services.now, actor: services.author, action: action, subject: subject, sha256: sha256,
        detail: "\(services.toolVersion): page: \(detail)")
    ])
  }

  /// A note of now by who sits here.
  func note(
    _ kind: Note.Kind, event: EventID? = nil, subject: String? = nil, value: String? = nil, text: String = ""
  )
    -> Note
  {
    Note(
      createdAt: services.now, author: services.author, kind: kind, event: event, subject: subject,
      value: value,
      text: text)
  }
}
