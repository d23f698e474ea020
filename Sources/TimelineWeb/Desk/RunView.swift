internal import IncidentModel
internal import PostmortemReport
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
    /// Numbers of its acts by outcome.
    var outcomes: [String: Int] = [:]
    /// The same of what took them back.
    var undos: [String: Int] = [:]
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
  /// When the first act on a device was begun.
  private(set) var firstIntent: Instant?
  let records: Int
  /// What of it is in force, as the program counts it.
  let state: RunState

  /// - Parameter state: Of these records.
  init(id: String, rows: [JournalRow], state: RunState) {
    self.id = id
    self.state = state
    records = rows.count
    var position: [String: Int] = [:]
    var stepIndex: [String: Int] = [:]
    // By action: whether its outcome is known.
    var isKnown: [Bool] = []
    for row in rows {
      let at = Instant(nanoseconds: row.wallTime)
      last = max(last ?? at, at)
      switch row.kind {
      case "run_started":
        started = started ?? at
        if title.isEmpty { title = row.detail }
      case "approved":
        // A broken glass is no approval, and nobody was asked where the operator ran it alone.
        if row.reason != "break-glass", !row.detail.hasPrefix("the operator ran the plan ") {
          approved = approved ?? at
        }
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
      if row.kind == "intent", !isUndo { firstIntent = min(firstIntent ?? at, at) }
      let key = "\(row.step ?? "")\u{0}\(target)\u{0}\(isUndo)"
      let outcome = row.outcome ?? (row.kind == "intent" ? "no result yet" : row.kind)
      let action = Action(
        step: row.step ?? "", target: target, outcome: outcome, reason: row.reason ?? "", detail: row.detail,
        wave: row.wave, at: at, isUndo: isUndo)
      if let known = position[key] {
        // An intent says that the outcome so far counts no more; any other record without one unsays nothing.
        if row.outcome != nil || row.kind == "intent" || !isKnown[known] {
          actions[known] = action
          isKnown[known] = row.outcome != nil && row.outcome != "unknown"
        }
      } else {
        position[key] = actions.count
        actions.append(action)
        isKnown.append(row.outcome != nil && row.outcome != "unknown")
      }
    }
    for action in actions {
      guard let index = stepIndex[action.step] else { continue }
      if action.isUndo {
        steps[index].undos[action.outcome, default: 0] += 1
      } else {
        steps[index].outcomes[action.outcome, default: 0] += 1
      }
    }
    if let started, let approved, approved > started { waits.append((started, approved)) }
  }

  /// What a step is called.
  func title(ofStep id: String) -> String { steps.first { $0.id == id }?.title ?? id }
  /// Number of actions by outcome.
  var outcomes: [(String, Int)] {
    var counts: [String: Int] = [:]
    for action in acts { counts[action.outcome, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }
  /// Its acts; what took them back is none of them.
  var acts: [Action] { actions.filter { !$0.isUndo } }
  /// What waits in its queue.
  var queue: [Action] {
    acts.filter { state.waiting.contains(RunState.Act(step: $0.step, device: $0.target)) }
  }
}
