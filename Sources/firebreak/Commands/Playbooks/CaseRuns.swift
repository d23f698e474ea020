import ArgumentParser
import Glibc
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// Devices of a case's runs that are beyond their time to live.
enum OverdueRuns {
  /// How many, by run; runs that have none are left out, and so are those that were altered or taken back.
  static func counts(
    case path: String, in journal: CaseJournal, among runs: [RunOverview]
  ) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for run in runs where run.isWhole && run.standing.isAny && !run.isTakenBack {
      guard let plan = timedPlan(run.run, path) else { continue }
      let history = try RunHistory(run: run.run, in: journal, timed: plan.timedSteps)
      let environment = RunEnvironment(
        executors: try ExecutionOptions.parse([]).make().executors, journal: journal)
      // What a later run counts on ends with that one.
      let due = try UndoRun.expiries(
        plan, history, run: run.run, in: environment, planOf: { RunChoice.planToLookAt($0, case: path) }
      ).count { $0.left <= 0 }
      if due > 0 { counts[run.run] = due }
    }
    return counts
  }

  /// The plan of a run where a step of it has a time to live. Plans of large fleets are parsed only then.
  static func timedPlan(_ run: String, _ path: String) -> ExecutionPlan? {
    guard let bytes = try? PlaybookFiles.read("\(path).runs/\(run)/plan") else { return nil }
    guard contains(bytes, Array("time_to_live_ms".utf8)) else { return nil }
    let plan = RunChoice.planToLookAt(run, case: path)
    return plan.flatMap { $0.timedSteps.isEmpty ? nil : $0 }
  }

  private static func contains(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return false }
      var at = 0
      while at + word.count <= bytes.count,
        let found = memchr(start + at, Int32(word[0]), bytes.count - at - word.count + 1)
      {
        if memcmp(found, word, word.count) == 0 { return true }
        at = UnsafeRawPointer(found) - start + 1
      }
      return false
    }
  }

  /// `2 devices of run R ('isolate', begun 2 h ago) are beyond their time to live`.
  static func sentence(_ count: Int, _ run: RunOverview) -> String {
    "\(count == 1 ? "1 device" : "\(count) devices") of \(RunLine.text(run)) "
      + "\(count == 1 ? "is beyond its" : "are beyond their") time to live"
  }
}

/// Folders of runs beside a case.
enum RunFolders {
  /// The runs that keep a plan or an undo script there, oldest first.
  static func all(beside path: String) -> [String] {
    let folder = "\(path).runs"
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var runs: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !name.hasPrefix(".") else { continue }
      if ["undo.sh", "plan"].contains(where: { access("\(folder)/\(name)/\($0)", F_OK) == 0 }) {
        runs.append(name)
      }
    }
    return runs.sorted()
  }

  /// Their files, as they are packed with a case.
  static func files(beside path: String) -> [RunFile] {
    all(beside: path).flatMap { run in
      ["plan", "undo.sh"].filter { access("\(path).runs/\(run)/\($0)", F_OK) == 0 }
        .map { RunFile(run: run, name: $0) }
    }
  }

  /// Those that the journal has no record of. The folder is made before the first record: one that is begun right now is no
  /// such.
  static func unrecorded(beside path: String, recorded: [String]) -> [String] {
    let known = Set(recorded)
    let unknown = all(beside: path).filter { !known.contains($0) }
    guard !unknown.isEmpty else { return [] }
    let holder = RunLock.holder(folder: path + ".runs")
    return unknown.filter { !(holder?.contains($0) ?? false) }
  }

  /// What is to be known of such a run.
  static func sentence(_ run: String, case path: String) -> String {
    "the journal has no records of run \(run), whose plan lies in '\(path).runs/\(run)': it was killed before its first, or "
      + "the journal was cut; nothing vouches for the undo.sh there"
  }
}

/// Journals that are shorter than this machine has signed them, as far as a look at their length tells; `verify` and `status` also
/// tell one that was written on since.
enum CutRuns {
  /// A sentence for a run whose journal was cut off; nil for others.
  static func sentence(_ run: RunOverview, case path: String) -> String? {
    guard let last = JournalKey.ends(case: path).noted(run: run.run).keys.max(), last > run.records else {
      return nil
    }
    return
      "the journal of run \(run.run) was cut off, or this is an older copy of the case: it has \(run.records) records, and this "
      + "machine signed \(last); what the run did after that is not known here"
  }
}

/// How far a run was taken back, in words.
enum TakenBackWords {
  /// `taken back`, `partly taken back`, `not taken back` where an undo was begun and took nothing back, `ended by undo` where
  /// there was nothing to take back; nil where nobody began to.
  static func text(_ isTakenBack: Bool, _ standing: RunHistory.Standing) -> String? {
    if standing.takenBack > 0 {
      return standing.isAny || standing.sentOnce > 0 ? "partly taken back" : "taken back"
    }
    guard isTakenBack else { return nil }
    if standing.isAny { return "not taken back" }
    return standing.released > 0 ? "taken back" : "ended by undo"
  }
}
