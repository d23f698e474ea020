import CascadeAnalysis
import IncidentModel

/// The changes of an incident that its trace takes for the cause: the one that it names, and what else tells of that one.
///
/// That receivers failed more often than the others is no cause yet: one device more of a hundred is chance, and where a cabinet dies
/// its lamps fail whatever they received before. The trace weighs a change against chance and against what else explains the
/// failures; a report blames none that it does not.
struct ExplainingChanges {
  /// The named one first.
  private(set) var all: [ChangeEvent] = []
  private let phases: [Phase]

  /// Messages of one announcer that begin within this time of each other tell of one change: devices word it differently.
  private static let oneChange: Int64 = 600_000_000_000

  init(_ incident: Incident?) {
    guard let incident else {
      phases = []
      return
    }
    phases = incident.phases.filter { $0.name == .trigger || $0.name == .massUpdate }
    // Mass updates, steps by a change and origins that announced one are told of where, and only where, a change is the cause.
    let isNamed =
      phases.contains { $0.name == .massUpdate } || incident.origins.first?.method == .change
      || incident.edges.contains { $0.kind == .change }
    guard isNamed else { return }
    let shown = Set(phases.flatMap(\.evidence))
    let seen = incident.changes.filter { !$0.devices.isEmpty }
    guard
      let named = seen.first(where: { !shown.isDisjoint(with: $0.evidence) })
        ?? seen.first(where: { $0.failedShare > $0.failedShareOfOthers })
    else { return }
    let others = seen.filter { other in
      guard other.template != named.template || other.start != named.start else { return false }
      guard other.failedShare > other.failedShareOfOthers else { return false }
      return other.template == named.template
        || named.actor != nil && other.actor == named.actor
          && abs(other.start.nanoseconds - named.start.nanoseconds) <= Self.oneChange
    }
    all = [named] + others
  }

  /// Whether a moment is that of the change, by its time or its events.
  func tell(of at: Instant, _ events: [EventID]) -> Bool {
    guard !all.isEmpty else { return false }
    return phases.contains { $0.start == at }
      || all.contains { $0.start == at || !Set($0.evidence).isDisjoint(with: events) }
  }

  /// What a change has to do with the failures: whether it is the cause, or what speaks against it.
  func bearing(of change: ChangeEvent, on picture: IncidentPicture) -> String {
    func isOne(_ other: ChangeEvent) -> Bool {
      other.template == change.template && other.start == change.start
    }
    if let named = all.first, isOne(named) { return "the cause, as the trace sees it" }
    if all.contains(where: isOne) { return "tells of the cause, too" }
    let onset = Dictionary(
      picture.onsets.map { ($0.device, $0.time) }, uniquingKeysWith: { first, _ in first })
    let received = zip(
      change.devices, change.receivedAt.isEmpty ? change.devices.map { _ in change.start } : change.receivedAt
    )
    let failed = received.compactMap { device, time in onset[device].map { (failed: $0, received: time) } }
    guard !failed.isEmpty else { return "none: no receiver failed" }
    let after = failed.count { $0.failed.nanoseconds > $0.received.nanoseconds + Self.sameMoment }
    if after * 2 <= failed.count { return "none seen: it came with the failures or after them" }
    let receivers = Set(change.devices)
    let inventory = picture.facts.inventory
    let others = inventory.devices.count { !receivers.contains($0) }
    let othersFailed = onset.keys.count { !receivers.contains($0) && inventory.rowOfDevice[$0] != nil }
    // One in a hundred: of the few changes that a case shows, none is as telling by chance.
    if others > 0,
      Statistics.chanceOfAsMany(after, of: receivers.count, others: othersFailed, of: others) > 0.01
    {
      return "none shown: receivers failed about as often as others"
    }
    return "not the cause, as the trace sees it"
  }

  /// What is written within this time of a failure belongs to it.
  private static let sameMoment: Int64 = 5_000_000_000
}
