import Foundation
import Glibc
import Testing

/// A case with several runs, when one of them is overdue, was altered, or lost its records.
@Suite struct CaseRunsTests {
  private let work: Workspace

  init() throws {
    work = try Workspace()
    try work.ingestFleet()
  }

  private func act(_ arguments: String...) throws -> BuiltProgram.Run { try work.playbook(arguments) }

  /// A run of its own on one device; the id.
  private func run(_ device: String, rollout: String = "", undo: String = "sed", _ more: String...) throws
    -> (id: String, errors: String)
  {
    let text = work.touchPlaybook(rollout: rollout).replacingOccurrences(of: "\"sed ", with: "\"\(undo) ")
    try work.write("p.yaml", text)
    try? FileManager.default.removeItem(atPath: work.at("p.plan"))
    let plan = try act(
      "plan", work.at("p.yaml"), "--targets", "device:\(device)", "--output", work.at("p.plan"),
      "--answer", "done")
    try #require(plan.exit == 0 && plan.errors.contains("p.plan --answer done\n"), "\(plan)")
    let run = try work.playbook(["run", work.at("p.plan")] + more)
    try #require(run.exit == 0, "\(run)")
    return (try #require(try rows().last?.first), run.errors)
  }

  private func rows() throws -> [[String]] {
    try act("runs", "--format", "csv").output.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  private func doctor() throws -> BuiltProgram.Run {
    try work.firebreak("doctor", "--case", work.at("x.firebreak"), "--sample", "0")
  }

  /// Without the line breaks of a narrow page.
  private func words(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private func sqlite(_ verb: String, _ change: String) throws {
    let name = "journal_\(verb.lowercased())"
    let trigger =
      "CREATE TRIGGER \(name) BEFORE \(verb) ON journal BEGIN\n  SELECT RAISE(ABORT, 'the journal is append-only');\nEND"
    try work.write("change.sql", "DROP TRIGGER \(name); \(change); \(trigger);")
    let changed = try Shell.run("sqlite3 x.firebreak < change.sql", in: work)
    try #require(changed.status == 0, "\(changed)")
  }

  /// The text of every report that `postmortem` writes, and what it says on standard error.
  private func postmortem() throws -> (reports: [String], errors: String) {
    let made = try work.firebreak(
      "postmortem", "--case", work.at("x.firebreak"), "--output", work.at("report"), "--no-timeline")
    try #require(made.exit == 0, "\(made)")
    let reports = try ["html", "md", "json"].map {
      try String(contentsOfFile: work.at("report/postmortem.\($0)"), encoding: .utf8)
    }
    return (reports, made.errors)
  }

  @Test func whatIsOverdueInAnOlderRunIsNamedAndTakenBackWithAll() throws {
    let old = try run("gw-2", rollout: "time_to_live_ms: 1200", "--answer", "done")
    #expect(old.errors.contains("undo \(old.id) --expired --watch 30 --answer done'"), "\(old.errors)")
    let new = try run("gw-3")
    Thread.sleep(forTimeInterval: 1.3)
    let latest = try act("undo", "--expired")
    #expect(latest.exit == 1 && latest.errors.contains("no step of run '\(new.id)'"), "\(latest)")
    #expect(words(latest.errors).contains("1 device of run \(old.id) ('touch', begun"), "\(latest)")
    #expect(words(latest.errors).contains("firebreak playbook undo \(old.id) --expired"), "\(latest)")
    let listed = try act("runs")
    #expect(words(listed.output).contains("1 OVERDUE"), "\(listed)")
    #expect(try rows().map { $0.last } == ["1", "0"])
    #expect(words(try doctor().output).contains("overdue: 1 device of run \(old.id)"))
    let all = try act("undo", "--expired", "--all")
    #expect(all.exit == 0 && work.acted == ["gw-3"], "\(all)")
    #expect(try act("undo", "--expired", "--all").output.contains("nothing that a run"))
    // The word follows the facts, also where nobody took the run back as a whole.
    #expect(try rows().map { $0[4] } == ["succeeded and taken back", "succeeded"])
    #expect(!words(try act("runs").output).contains("OVERDUE"))
  }

  @Test func anAlteredJournalIsNamedAndKeepsNoOtherRunFromBeingTakenBack() throws {
    let bad = try run("gw-2").id
    let good = try run("gw-3").id
    try sqlite("UPDATE", "UPDATE journal SET wall_time = wall_time + 1 WHERE sequence = 9 AND run = '\(bad)'")
    let looked = try doctor()
    #expect(looked.exit == 1 && words(looked.output).contains("run \(bad) was altered"), "\(looked)")
    #expect(!looked.output.contains("all journals verify"), "\(looked)")
    let told = try postmortem()
    #expect(words(told.errors).contains("the journal of run \(bad) was altered"), "\(told.errors)")
    for report in told.reports { #expect(words(report).contains("altered after they were written")) }
    #expect(words(told.reports[1]).contains("| touch |"), "\(told.reports[1])")
    let expired = try act("undo", bad, "--expired")
    #expect(expired.exit == 2 && expired.errors.contains("was altered"), "\(expired)")
    let all = try act("undo", "--all")
    #expect(all.exit == 1 && work.acted == ["gw-2"], "\(all)")
    #expect(
      words(all.errors).contains("run \(bad) ('touch'") && all.errors.contains("status \(bad)"), "\(all)")
    #expect(all.output.contains("undo of run \(good): succeeded"), "\(all)")
    let again = try act("undo", "--all")
    #expect(again.exit == 1 && again.output.contains("another run"), "\(again)")
  }

  @Test func aRunWhoseRecordsWereCutOutOfTheJournalIsMissed() throws {
    let gone = try run("gw-2").id
    let kept = try run("gw-3").id
    let whole = try work.firebreak("verify", "--log-only", "--case", work.at("x.firebreak"))
    #expect(whole.exit == 0 && !whole.output.contains("no records"), "\(whole)")
    try sqlite("DELETE", "DELETE FROM journal WHERE run = '\(gone)'")
    let sentence = "the journal has no records of run \(gone), whose plan lies in "
    let verified = try work.firebreak("verify", "--log-only", "--case", work.at("x.firebreak"))
    #expect(verified.exit == 3 && words(verified.output).contains(sentence), "\(verified)")
    for command in ["runs", "status"] {
      let told = try act(command)
      #expect(told.exit == 0 && words(told.errors).contains(sentence), "\(told)")
      #expect(told.output.contains(kept), "\(told)")
    }
    #expect(words(try doctor().output).contains(sentence))
    let named = try act("status", gone)
    #expect(named.exit == 2 && words(named.errors).contains(sentence), "\(named)")
    let told = try postmortem()
    #expect(words(told.errors).contains(sentence), "\(told.errors)")
    for report in told.reports { #expect(words(report).contains("its journal has no records of them")) }
    // What it did stays, and a run that lost its plan, too: neither keeps the last from being taken back.
    let other = try run("gw-4").id
    try FileManager.default.removeItem(atPath: work.at("x.firebreak.runs/\(kept)/plan"))
    let expired = try act("undo", "--expired", "--all")
    #expect(expired.exit == 1 && words(expired.errors).contains("its plan cannot be read"), "\(expired)")
    let all = try act("undo", "--all")
    #expect(all.exit == 1 && words(all.errors).contains(sentence), "\(all)")
    #expect(words(all.errors).contains("run \(kept) ('touch'") && all.output.contains("run \(other): succ"))
    #expect(work.acted == ["gw-2", "gw-3"], "\(all)")
  }

  /// A device that another run works on, or a secret that is missing, is of one run.
  @Test func aRunThatCannotBeBegunWithKeepsNoOtherFromBeingTakenBack() throws {
    let first = try run("gw-2").id
    let held = try run("gw-3").id
    let last = try run("gw-4").id
    // Another case of this user works on gw-3.
    try work.write(
      "p.yaml",
      work.touchPlaybook().replacingOccurrences(of: "command: \"echo", with: "command: \"sleep 4; echo"))
    try? FileManager.default.removeItem(atPath: work.at("p.plan"))
    let made = try Shell.run(
      """
      cp x.firebreak y.firebreak
      $FIREBREAK playbook plan ./p.yaml --targets device:gw-3 --case y.firebreak --output p.plan
      sed -i /gw-3/d acted
      """, in: work)
    try #require(made.status == 0, "\(made)")
    let told = try Shell.run(
      """
      $FIREBREAK playbook run p.plan --case y.firebreak >other.txt 2>&1 & pid=$!
      n=0; while ! grep -q wave other.txt && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
      $FIREBREAK playbook undo --all --case x.firebreak; echo "status $?"; cat acted; wait $pid
      """, in: work)
    #expect(told.output.contains("status 1\n") && work.acted == ["gw-3"], "\(told)")
    #expect(told.output.contains("undo of run \(first): succeeded"), "\(told)")
    #expect(told.output.contains("undo of run \(last): succeeded"), "\(told)")
    let text = words(told.output)
    #expect(
      text.contains("run \(held) ('touch', begun") && text.contains("is left as it is: run '"), "\(told)")
    #expect(
      text.contains("not taken back: 'firebreak playbook undo \(held) --case x.firebreak' goes on with it"),
      "\(told)")
    let rest = try act("undo", "--all")
    #expect(rest.exit == 0 && rest.output.contains("undo of run \(held): succeeded"), "\(rest)")
  }

  @Test func aMissingSecretOfOneRunKeepsNoOtherFromBeingTakenBack() throws {
    let plain = try run("gw-2").id
    try work.write("token", "a-long-token\n")
    chmod(work.at("token"), 0o600)
    let text = work.touchPlaybook(rollout: "time_to_live_ms: 500").replacingOccurrences(
      of: "{__device__: {type: string}}", with: "{__device__: {type: string}, __key__: {type: string}}"
    ).replacingOccurrences(
      of: "bindings: {__device__: device}", with: "bindings: {__device__: device, __key__: secret.token}")
    try work.write("p.yaml", text)
    try? FileManager.default.removeItem(atPath: work.at("p.plan"))
    let plan = try act("plan", work.at("p.yaml"), "--targets", "device:gw-3", "--output", work.at("p.plan"))
    try #require(plan.exit == 0, "\(plan)")
    let secret = "token=file:\(work.at("token"))"
    let made = try act("run", work.at("p.plan"), "--secret", secret)
    try #require(made.exit == 0, "\(made)")
    let locked = try #require(try rows().last?.first)
    try FileManager.default.moveItem(atPath: work.at("token"), toPath: work.at("kept"))
    let timed = try run("gw-4", rollout: "time_to_live_ms: 500").id
    Thread.sleep(forTimeInterval: 0.6)
    let expired = try act("undo", "--expired", "--all")
    #expect(expired.exit == 1 && work.acted == ["gw-2", "gw-3"], "\(expired)")
    #expect(expired.output.contains("run \(timed)"), "\(expired)")
    let all = try act("undo", "--all")
    #expect(all.exit == 1 && work.acted == ["gw-3"] && all.output.contains("run \(plain): succ"), "\(all)")
    #expect(words(all.errors).contains("cannot open the file of the secret 'token'"), "\(all)")
    #expect(words(all.errors).contains("not taken back: 'firebreak playbook undo \(locked)"), "\(all)")
    // What was moved is found where somebody says that it lies now.
    let moved = try act("undo", "--all", "--secret", "token=file:\(work.at("kept"))")
    #expect(moved.exit == 0 && work.acted.isEmpty, "\(moved)")
  }

  @Test func aJournalWhoseEndWasCutOffWithItsCheckpointIsToldWhereItWasSigned() throws {
    let id = try run("gw-2").id
    func verify() throws -> BuiltProgram.Run {
      try work.firebreak(
        "verify", "--log-only", "--case", work.at("x.firebreak"),
        environment: ["FIREBREAK_JOURNAL_KEY": work.at("journal.key")])
    }
    let whole = try verify()
    #expect(whole.exit == 0 && whole.output.contains("no shorter than this machine knows it"), "\(whole)")
    try sqlite(
      "DELETE",
      """
      DELETE FROM journal WHERE sequence >
        (SELECT sequence FROM journal WHERE kind = 'checkpoint' ORDER BY sequence DESC LIMIT 1 OFFSET 1)
      """)
    let cut = try verify()
    #expect(cut.exit == 1 && cut.output.contains("journal \(id): CUT OFF: it ends at record"), "\(cut)")
    let status = try act("status")
    #expect(status.exit == 1 && words(status.output).contains("the journal is CUT OFF"), "\(status)")
    let sentence = "the journal of run \(id) was cut off"
    #expect(words(try act("runs").errors).contains(sentence))
    let doctor = try work.firebreak(
      "doctor", "--case", work.at("x.firebreak"), "--sample", "0",
      environment: ["FIREBREAK_JOURNAL_KEY": work.at("journal.key")])
    #expect(words(doctor.output).contains(sentence), "\(doctor)")
    // Elsewhere it is not known, and nothing is said of it.
    try FileManager.default.copyItem(atPath: work.at("x.firebreak"), toPath: work.at("z.firebreak"))
    let other = try work.firebreak(
      "verify", "--log-only", "--case", work.at("z.firebreak"),
      environment: ["FIREBREAK_JOURNAL_KEY": work.at("journal.key")])
    #expect(!other.output.contains("CUT OFF") && !other.output.contains("knows it"), "\(other)")
    // What is known is taken back; that it may not be all is no success.
    let undo = try act("undo")
    #expect(undo.exit == 1 && words(undo.errors).contains(sentence) && work.acted.isEmpty, "\(undo)")
    // Written on, it is as long as it was, and is told all the same.
    let longer = try verify()
    #expect(longer.exit == 1 && longer.output.contains("journal \(id): CUT OFF: "), "\(longer)")
  }

  @Test func anUndoThatTookNothingBackIsNotCalledPartlyTakenBack() throws {
    let failed = try run("gw-2", undo: "false sed").id
    let undo = try act("undo")
    #expect(undo.exit == 1 && undo.output.contains("undo of run \(failed): failed"), "\(undo)")
    let listed = words(try act("runs").output)
    #expect(listed.contains("not taken back") && !listed.contains("partly"), "\(listed)")
    #expect(try act("status").output.contains("succeeded, not taken back (undo goes on with that)"))
  }
}
