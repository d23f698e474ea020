internal import IncidentModel
internal import TimelineStore

/// A playbook run, read from its journal: steps, waves, what became of each target.
struct RunView {
  /// A step as it ran.
  struct Step {
    var id: String
    /// What the playbook calls it; the id where it has no name.
    var title: String
    var start: Instant
    var end: Instant?
    var outcomes: [String: Int] = [:]
  }
  /// What is known of one action on one target.
  struct Action {
    var step: String
    var target: String
    var outcome: String
    var reason: String
    var detail: String
    var wave: Int?
    var at: Instant
    var isUndo: Bool
    /// Waits for something: no result yet, not known, or not to be reached.
    var isPending: Bool
  }
  let id: String
  private(set) var title = ""
  private(set) var started: Instant?
  private(set) var approved: Instant?
  private(set) var finished: Instant?
  private(set) var last: Instant?
  private(set) var steps: [Step] = []
  private(set) var actions: [Action] = []
  private(set) var halts: [(at: Instant, words: String)] = []
  private(set) var gates: [(at: Instant, words: String)] = []
  private(set) var waits: [(from: Instant, to: Instant)] = []
  let records: Int

  /// Reasons that mean that a target is still to be dealt with.
  private static let waiting: Set<String> = [
    "unreachable", "queued", "pending", "never_seen", "deferred", "maintenance_window", "window", "budget",
    "battery",
  ]

  init(id: String, rows: [JournalRow]) {
    self.id = id
    records = rows.count
    var position: [String: Int] = [:]
    var stepIndex: [String: Int] = [:]
    for row in rows {
      let at = Instant(nanoseconds: row.wallTime)
      last = max(last ?? at, at)
      switch row.kind {
      case "run_started":
        started = started ?? at
        if title.isEmpty { title = row.detail }
      case "approved": approved = approved ?? at
      case "run_finished": finished = at
      case "step_started":
        if let step = row.step {
          stepIndex[step] = steps.count
          steps.append(Step(id: step, title: row.detail.isEmpty ? step : row.detail, start: at))
        }
      case "step_finished":
        if let step = row.step, let index = stepIndex[step] { steps[index].end = at }
      case "halted": halts.append((at, row.detail))
      case "gate":
        gates.append((at, [row.outcome ?? "", row.detail].filter { !$0.isEmpty }.joined(separator: ": ")))
      default: break
      }
      guard let target = row.target,
        ["intent", "result", "verified", "undone", "queued"].contains(row.kind) || row.outcome != nil
      else { continue }
      let isUndo = row.action == "undo"
      let key = "\(row.step ?? "")\u{0}\(target)\u{0}\(isUndo)"
      let outcome = row.outcome ?? (row.kind == "intent" ? "no result yet" : row.kind)
      let isPending =
        row.outcome == nil || row.outcome == "unknown"
        || (row.outcome == "skipped" && Self.waiting.contains(row.reason ?? ""))
      let action = Action(
        step: row.step ?? "", target: target, outcome: outcome, reason: row.reason ?? "", detail: row.detail,
        wave: row.wave,
        at: at, isUndo: isUndo, isPending: isPending)
      if let known = position[key] {
        // A later record without an outcome does not unsay an earlier one.
        if row.outcome != nil || actions[known].isPending { actions[known] = action }
      } else {
        position[key] = actions.count
        actions.append(action)
      }
    }
    for action in actions {
      if let index = stepIndex[action.step] { steps[index].outcomes[action.outcome, default: 0] += 1 }
    }
    if let started, let approved, approved > started { waits.append((started, approved)) }
  }

  /// Where it stands, in a word or two.
  var status: String {
    guard halts.isEmpty else { return finished != nil ? "halted" : "halted, not finished" }
    return finished != nil ? "finished" : "running or interrupted"
  }
  /// What a step is called.
  func title(ofStep id: String) -> String { steps.first { $0.id == id }?.title ?? id }
  /// Number of actions by outcome.
  var outcomes: [(String, Int)] {
    var counts: [String: Int] = [:]
    for action in actions where !action.isUndo { counts[action.outcome, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }
  /// What waits.
  var queue: [Action] { actions.filter(\.isPending) }
}
