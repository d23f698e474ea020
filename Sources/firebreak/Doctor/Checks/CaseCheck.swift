import ConsoleOutput
import PlaybookModel
import PlaybookRunner

/// Can the case be read, do its journals verify, and is a run unfinished?
struct CaseCheck: DoctorCheck {
  static let name = "case"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    guard let path = context.casePath else {
      return [
        .skipped(
          "case",
          "--case FILE, once there is one; 'firebreak ingest --inventory' makes one before anything happens")
      ]
    }
    let subject = Sanitizer.escape(path)
    if let problem = context.caseProblem {
      return [.failure(subject, Sanitizer.escape(problem), "ingest again, or name another case")]
    }
    var findings: [DoctorFinding] = []
    do {
      let journal = try CaseJournal(case: path, readOnly: true)
      var open: [String] = []
      var altered: [String] = []
      var standing = 0
      let runs = try RunOverview.all(in: journal)
      for run in runs {
        if !run.isWhole { altered.append(run.run) }
        if run.isUnfinished && run.isWhole { open.append(run.run) }
        standing += run.standing.changes
      }
      if let first = altered.first {
        findings.append(
          .failure(
            subject, "the journal of run \(first) was altered", "see 'firebreak playbook status \(first)'"))
      }
      let stands = standing > 0 ? "; \(Figures.counted(standing, "change")) in force ('playbook runs')" : ""
      if let last = open.last {
        findings.append(
          .warning(
            subject, "\(open.count) of \(runs.count) runs are unfinished, the last is \(last)\(stands)",
            "firebreak playbook status \(last), then resume it or undo it: undo also ends one that changed nothing"
          ))
      } else if altered.isEmpty {
        findings.append(
          .ok(subject, "readable, \(Figures.counted(runs.count, "run")), all journals verify\(stands)"))
      }
      let overdue = try OverdueRuns.counts(case: path, in: journal, among: runs)
      for run in runs {
        guard let count = overdue[run.run] else { continue }
        findings.append(
          .warning(
            subject, Sanitizer.escape("overdue: \(OverdueRuns.sentence(count, run))"),
            "firebreak playbook undo \(run.run) --expired"))
      }
      for sentence in runs.compactMap({ CutRuns.sentence($0, case: path) }) {
        findings.append(
          .warning(
            subject, Sanitizer.escape(sentence),
            "keep case and folder as they are; look for another copy of the case"))
      }
      for run in RunFolders.unrecorded(beside: path, recorded: runs.map(\.run)) {
        findings.append(
          .warning(
            subject, Sanitizer.escape(RunFolders.sentence(run, case: path)),
            "keep case and folder as they are; read undo.sh before anybody runs it"))
      }
    } catch {
      findings.append(
        .failure(
          subject, Sanitizer.escape("\(error)"), "the journal cannot be read: do not run anything on it"))
    }
    return findings
  }
}
