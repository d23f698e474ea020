import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// The way on from a run whose journal somebody changed, and from a case that is opened no more: what still holds, how
/// devices are let in, and where work goes on, without losing a record.
enum AlteredJournal {
  /// What to do next, a sentence each. `path` is the case.
  static func advice(
    _ run: String, _ verification: JournalVerification, _ folder: RunFolder, case path: String
  ) -> [String] {
    let whole = verification.records
    let signed = verification.lastSigned
    let holds =
      whole == 0
      ? "what holds: nothing of this journal"
      : "what holds: records 1 to \(whole) hang together"
        + (signed == 0 ? ", none of them is signed" : signed < whole ? ", signed are those to \(signed)" : "")
    let script = "\(path).runs/\(run)/undo.sh"
    let isVouched = folder.scriptRecord > 0 && folder.scriptRecord <= whole
    let byHand: String
    switch folder.state("undo.sh", in: "\(path).runs/\(run)") {
    case .same where isVouched:
      byHand =
        "'\(script)' takes back all that its plan names; it is what record \(folder.scriptRecord) notes, which holds"
    case .same, .notNoted:
      byHand = "read '\(script)' before you run it to take back what its plan names: nothing vouches for it"
    case .differs: byHand = "do not run '\(script)': it is not what the journal notes"
    case .unreadable:
      byHand = "there is no undo.sh in '\(path).runs/\(run)': by hand, as the playbook's README says"
    }
    return [
      holds + "; the numbers above count the rest, too", "resume and undo refuse this run: \(byHand)",
      goOn(path, verify: true),
    ]
  }

  /// Where the work goes on.
  private static func goOn(_ path: String, verify: Bool) -> String {
    "keep '\(path)' and '\(path).runs' as they are, they are evidence"
      + (verify ? " ('firebreak verify' lists what else differs)" : "")
      + "; go on in a new case: 'firebreak ingest EVIDENCE --inventory FILE --case NEW.firebreak', then plan and run there. "
      + "What is in force already is found so and left alone"
  }

  /// What to do about a case that is not opened any more and has had runs; empty where it has had none.
  static func advice(unopened path: String) -> [String] {
    let folder = "\(path).runs"
    let runs = RunFolders.all(beside: path).filter { access("\(folder)/\($0)/undo.sh", F_OK) == 0 }
    guard !runs.isEmpty else { return [] }
    let over = overRuns(runs, path)
    let scripts = runs.filter { !over.contains($0) }.map { "\(folder)/\($0)/undo.sh" }.sorted(by: >)
    let shown = scripts.prefix(5).map { "'\($0)'" }.joined(separator: ", ") + (scripts.count > 5 ? ", …" : "")
    let leftOut =
      over.isEmpty
      ? ""
      : "\(over.count == 1 ? "1 run is" : "\(over.count) runs are") left out, which \(over.count == 1 ? "was" : "were") taken back by a journal that this machine signed"
    guard !scripts.isEmpty else { return [leftOut, goOn(path, verify: false)] }
    return [
      "what its runs changed stays as it is. Without the case their scripts take it back, newest first: \(shown); read each "
        + "before you run it, nothing vouches for it now" + (leftOut.isEmpty ? "" : ". \(leftOut)"),
      "the journal is still there to be read: sqlite3 -readonly \(ExecutionOptions.word(path)) 'SELECT * FROM journal'",
      goOn(path, verify: false),
    ]
  }
  /// Runs of such a case that were taken back. Who changed the case may have written anything into it: only what this machine's
  /// key signs to the last record is believed. A run that was not undone may have gone on since, and that was cut off.
  private static func overRuns(_ runs: [String], _ path: String) -> Set<String> {
    guard access(JournalKey.path, R_OK) == 0, let signer = try? JournalSigner(keyFile: JournalKey.path)
    else { return [] }
    return Set(
      runs.filter { run in
        var verification = JournalVerification(pinned: [signer.publicKey])
        var history = RunHistory([])
        do {
          try JournalStore.forEachUncheckedRow(path: path, run: run) { row in
            let record = CaseJournal.record(row)
            verification.add(record)
            history.add(record)
          }
        } catch { return false }
        return verification.records > 0 && verification.problem == nil
          && verification.lastSigned == verification.records && history.isTakenBack && !history.standing.isAny
      })
  }
}
