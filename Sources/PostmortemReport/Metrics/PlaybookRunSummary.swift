import IncidentModel
import PlaybookModel

/// One playbook run, read from its journal.
struct PlaybookRunSummary: Hashable {
  var run: String
  var started: Int64?
  /// When the last approval that it was begun with was given; nil where none was asked for, and where the glass was broken.
  var approved: Int64?
  /// When the plan was made, as the approval in the journal says.
  var planned: Int64?
  var firstIntent: Int64?
  var finished: Int64?
  var last: Int64
  /// Last known outcome per (step, target); an intent without a result is unknown.
  var ok = 0
  var changed = 0
  var failed = 0
  var unknown = 0
  var skipped = 0
  var undone = 0
  var undoneOK = 0
  var halted: [String] = []
  var steps: [Step] = []
  var title = ""
  /// Name of its playbook; empty where the journal does not say.
  var playbook: String {
    // playbook 'NAME' (HASH) on N devices
    let start = "playbook '"
    guard title.hasPrefix(start), let end = title.ranges(of: "' (").last?.lowerBound else { return "" }
    let name = title.index(title.startIndex, offsetBy: start.count)
    return name <= end ? String(title[name..<end]) : ""
  }
  /// Approvals that were not given: somebody broke the glass.
  var brokenGlass: [BrokenGlass] = []

  /// Devices that it acted on, or would have.
  var targets: Set<String> = []
  /// Where the clock of the machine that ran it was moved.
  var clockMoves: [ClockMove] = []
  /// True where an earlier run was of the same plan: what that one waited for was there already.
  var isOfKnownPlan = false

  /// A wall clock that was set while a run went on.
  struct ClockMove: Hashable {
    /// When, by its new setting.
    var at: Int64
    /// By how much; negative is back.
    var by: Int64
  }

  /// When a step ran.
  struct Step: Hashable {
    var id: String
    var start: Int64
    var end: Int64?
    var targets = 0
  }

  /// Actions on devices with a result, and those whose outcome is unknown.
  var attempted: Int { ok + changed + failed + unknown }

  static func all(in records: [RunRecord]) -> [PlaybookRunSummary] {
    var byRun: [String: [RunRecord]] = [:]
    for record in records { byRun[record.run, default: []].append(record) }
    var runs = byRun.values.map { PlaybookRunSummary(records: $0.sorted { $0.sequence < $1.sequence }) }
      .sorted { ($0.started ?? $0.last, $0.run) < ($1.started ?? $1.last, $1.run) }
    // A plan is known by the instant at which it was made.
    var plans: Set<Int64> = []
    for index in runs.indices {
      if let plan = runs[index].planned { runs[index].isOfKnownPlan = !plans.insert(plan).inserted }
    }
    return runs
  }

  /// The time after `made ` in the sentence of an approval: `… signed the plan 3f…, made 2026-04-07T09:08:09Z`.
  private static func planMade(_ detail: String) -> Int64? {
    guard let mark = detail.firstRange(of: " made ") else { return nil }
    let word = detail[mark.upperBound...].prefix { $0 != "," && $0 != " " }
    return Instant(rfc3339: String(word)).flatMap { Format.isPlausible($0) ? $0.nanoseconds : nil }
  }

  /// The wait for approval: from the plan, else from the run's start, to the last approval that it was begun with. Nil where none was
  /// asked for, where an earlier run of the plan had it, and where the clock was moved: nobody can say how long it was then.
  var waited: ClosedRange<Int64>? {
    guard let approved, !isOfKnownPlan, clockMoves.isEmpty, let from = planned ?? started, from <= approved
    else { return nil }
    return from...approved
  }

  /// What the journal says where nobody had to approve.
  private static func wasAsked(_ sentence: String) -> Bool {
    !sentence.hasPrefix("the operator ran the plan ")
  }

  /// A jump that is worth a word: 2 s.
  private static let notableMove: Int64 = 2_000_000_000

  /// Follows wall clock and monotonic clock through the records of a run: where one moves against the other, it was set.
  private static func moves(_ records: [RunRecord]) -> [ClockMove] {
    var moves: [ClockMove] = []
    var known: Int64?
    var boot = ""
    for record in records {
      if record.kind == .note, record.reason == "boot", record.detail != boot {
        // The monotonic clock begins anew.
        if !boot.isEmpty { known = nil }
        boot = record.detail
      }
      guard record.monotonicTime > 0, Format.plausible.contains(record.wallTime) else { continue }
      let offset = record.wallTime &- record.monotonicTime
      if let known, (offset &- known).magnitude > Self.notableMove.magnitude {
        moves.append(ClockMove(at: record.wallTime, by: offset &- known))
      }
      known = offset
    }
    return moves
  }

  private struct Action: Hashable {
    var step: String
    var target: String
  }

  private init(records: [RunRecord]) {
    run = records[0].run
    // A responder's clock that is not set says nothing about when.
    clockMoves = Self.moves(records)
    last = records.lazy.map(\.wallTime).filter { Format.plausible.contains($0) }.max() ?? 0
    var outcome: [Action: RunRecord.Outcome] = [:]
    var undo: [Action: RunRecord.Outcome] = [:]
    var stepIndex: [String: Int] = [:]
    var hasBegun = false
    for record in records {
      let time = Format.plausible.contains(record.wallTime) ? record.wallTime : nil
      let action = record.target.map { Action(step: record.step ?? "", target: $0) }
      if let target = record.target { targets.insert(target) }
      switch record.kind {
      case .runStarted:
        started = started ?? time
        if title.isEmpty { title = record.detail }
      case .approved:
        planned = planned ?? Self.planMade(record.detail)
        if record.reason == "break-glass" {
          // What it waited for did not come.
          if !hasBegun { approved = nil }
          brokenGlass.append(BrokenGlass(run: run, time: time, sentence: record.detail))
        } else if Self.wasAsked(record.detail), !hasBegun {
          // What is approved later lets an interrupted run go on; it was not waited for before it began.
          approved = time ?? approved
        }
      case .runFinished: finished = time
      case .stepStarted:
        hasBegun = true
        if let step = record.step, let time {
          stepIndex[step] = steps.count
          steps.append(Step(id: step, start: time))
        }
      case .stepFinished:
        if let step = record.step, let index = stepIndex[step] { steps[index].end = time }
      case .intent, .result, .verified:
        guard let action else { continue }
        if record.action == .undo {
          undo[action] = record.outcome ?? undo[action] ?? .unknown
        } else {
          if record.kind == .intent {
            firstIntent = firstIntent ?? time
            if let index = record.step.flatMap({ stepIndex[$0] }) { steps[index].targets += 1 }
          }
          // A refusal that the workflow had a way on from.
          if record.outcome == .failed, record.reason == "handled" {
            outcome[action] = nil
            continue
          }
          outcome[action] =
            record.outcome ?? (record.kind == .intent ? .unknown : outcome[action] ?? .unknown)
        }
      case .halted: halted.append(record.detail)
      default: break
      }
    }
    undone = undo.count
    undoneOK = undo.values.count { $0 == .ok || $0 == .changed }
    for result in outcome.values {
      switch result {
      case .ok: ok += 1
      case .changed: changed += 1
      case .failed: failed += 1
      case .unknown: unknown += 1
      case .skipped: skipped += 1
      }
    }
  }
}

extension PlaybookRunSummary.ClockMove {
  /// `set back by 1 h 00 min`.
  var words: String {
    "set \(by < 0 ? "back" : "forward") by \(Format.duration(nanoseconds: Int64(clamping: by.magnitude)))"
  }
}
