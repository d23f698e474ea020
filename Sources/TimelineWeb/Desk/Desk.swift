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
  private let pool = Mutex(Pool())
  private let views = Mutex<IncidentView?>(nil)
  private let sites = Mutex<(state: CaseState, index: DeviceAttributeIndex?)?>(nil)

  private let inventories = Mutex<(state: CaseState, inventory: Inventory)?>(nil)
  private let previews = Mutex<[Audience: (state: CaseState, markup: String)]>([:])

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
    // Opened before the page is: what is no case is said on the terminal.
    let reader = try CaseReader(path: path)
    guard let identity = FileIdentity(path: path) else {
      throw PageError(status: 410, title: "The case has gone", words: path)
    }
    self.identity = identity
    try reader.limitCache(bytes: Self.cacheBytes)
    let state = try reader.state()
    let pooled = PooledReader(reader: reader, state: state)
    pool.withLock { $0.free.append(pooled) }
  }

  /// The file's name without its folder.
  var caseName: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Throws where the file of the case is another than when the server began, or none.
  func checkIdentity() throws {
    guard let now = FileIdentity(path: path) else {
      throw PageError(
        status: 410, title: "The case has gone",
        words: "There is no file '\(path)' any more: it was moved or deleted while this page was open. "
          + "Nothing was changed by this server. Put the file back, or start 'firebreak serve' with another case."
      )
    }
    guard now == identity else {
      throw PageError(
        status: 410, title: "The case was replaced",
        words:
          "'\(path)' is another file than when this server began. What it showed may not be in the new one, so it "
          + "shows no more. Start 'firebreak serve' again to see the new case.")
    }
  }

  /// Runs with a reader that nobody else uses and that knows all of the case.
  func read<Result>(_ body: (CaseReader, CaseState) throws -> Result) throws -> Result {
    try checkIdentity()
    let (reader, state) = try current()
    let result = try reader.limited(seconds: Self.pageSeconds) { try body(reader, state) }
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

  /// The newest trace with what pages want to know of it; nil when the case has none.
  func incident(_ reader: CaseReader, _ state: CaseState) throws -> IncidentView? {
    guard state.trace > 0 else { return nil }
    return try views.withLock { view in
      if let view, view.number == state.trace { return view }
      view = nil
      view = try IncidentView(reader: reader, number: state.trace)
      return view
    }
  }

  /// The inventory's column of places by device; nil where there is none.
  func siteIndex(_ reader: CaseReader, _ state: CaseState) throws -> DeviceAttributeIndex? {
    try sites.withLock { known in
      if let known, known.state.hasSameEvidence(as: state) { return known.index }
      let names = reader.attributes
      let column = ["site", "location", "plant", "building", "region"].first { names.contains($0) }
      let index = try column.flatMap { try reader.attributeIndex($0) }
      known = (state, index)
      return index
    }
  }

  /// The inventory, read once.
  func inventory(_ reader: CaseReader, _ state: CaseState) throws -> Inventory {
    try inventories.withLock { known in
      if let known, known.state.hasSameEvidence(as: state) { return known.inventory }
      let inventory = try reader.inventory()
      known = (state, inventory)
      return inventory
    }
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
      "note", "note \(kept.id)", "\(kept.kind.rawValue) \(kept.subject ?? kept.value ?? "")", in: file)
    return kept
  }

  /// Writes an entry of the custody log.
  func record(_ action: String, _ subject: String, _ detail: String, in file: CaseFile? = nil) throws {
    try checkIdentity()
    _ = try CustodyLog(file ?? CaseFile(path: path), digest: services.digest).append([
      CustodyEntry(
        at: services.now, actor: services.author, action: action, subject: subject,
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
