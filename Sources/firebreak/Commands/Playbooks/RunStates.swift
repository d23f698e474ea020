import PlaybookModel
import PlaybookRunner
import PostmortemReport
import TimelineStore

extension RunState {
  /// The state of a run by the records of its journal: for the report and the page, with the numbers of `status` and `queue`.
  init(_ rows: [JournalRow], case path: String) {
    let history = RunHistory(rows.lazy.map(CaseJournal.record))
    let run = rows.first?.run ?? ""
    let standing = history.standing
    self.init()
    if RunLock.holder(folder: path + ".runs")?.hasPrefix("run \(run) ") ?? false {
      words = "running"
    } else {
      words = history.end.map { RunCommandSupport.end($0, missed: history.missedCount) } ?? "killed"
    }
    if let back = TakenBackWords.text(history.isTakenBack, standing) { words += ", \(back)" }
    counts = RunCommandSupport.words(standing)
    inForce = standing.inForce
    inDoubt = standing.inDoubt
    takenBack = standing.takenBack
    sentOnce = standing.sentOnce
    released = standing.released
    brokenGlass = history.brokenGlass
    // Plans of large fleets are read only where somebody may wait.
    guard !history.isTakenBack, history.visits.values.contains(where: { $0.last?.queued.isEmpty == false })
    else { return }
    if let plan = RunChoice.planToLookAt(run, case: path) {
      for entry in QueueRun.entries(plan, history, SystemClock()) {
        waiting.insert(Act(step: entry.step.id, device: entry.target.device))
      }
    } else {
      for (step, visits) in history.visits {
        for device in visits.last?.queued.keys ?? [:].keys { waiting.insert(Act(step: step, device: device)) }
      }
    }
  }
}
