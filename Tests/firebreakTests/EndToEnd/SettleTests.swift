import Foundation
import Glibc
import Testing

/// An undo that nobody can look at and that was cut off: it is not sent again blindly, and a person can say what is true.
@Suite struct SettleTests {
  /// Runs on gw-2 and gw-3, and kills the program while its undo is at gw-2. The undo notes each device that it is sent to.
  private func cutOff(_ more: String = "") throws -> Workspace {
    let work = try Workspace()
    try work.ingestFleet()
    let undo =
      "[ -e \(work.at("cut")) ] || { touch \(work.at("cut")); kill -9 $PPID; }; echo __device__:value >> \(work.at("sent")); sed"
    let text = work.touchPlaybook().replacingOccurrences(of: "\"sed ", with: "\"\(undo) ")
      .replacingOccurrences(of: "undo: {", with: "undo: {\(more)")
    try work.write("p.yaml", text)
    let plan = try work.playbook(
      [
        "plan", work.at("p.yaml"), "--targets", "device:gw-2 OR device:gw-3", "--output", work.at("p.plan"),
      ])
    try #require(plan.exit == 0, "\(plan)")
    try #require(try work.playbook(["run", work.at("p.plan")]).exit == 0)
    #expect(try work.playbook(["undo"]).exit != 0)
    return work
  }

  private func sent(_ work: Workspace) -> [String] {
    ((try? String(contentsOfFile: work.at("sent"), encoding: .utf8)) ?? "").split(separator: "\n").map(
      String.init)
  }

  @Test func anUndoThatNobodyCanLookAtIsNotSentAgainAndAPersonSettlesIt() throws {
    let work = try cutOff()
    // Whatever becomes of the program, what it had begun goes on.
    for _ in 0..<100 where sent(work).isEmpty { usleep(20_000) }
    for _ in 1...2 {
      let undo = try work.playbook(["undo"])
      #expect(undo.exit == 1 && undo.output.contains("1 unknown"), "\(undo)")
      #expect(
        undo.errors.contains("playbook settle") && undo.errors.contains("--device gw-2 --in-force"), "\(undo)"
      )
      #expect(sent(work).filter { $0 == "gw-2" }.count == 1)
    }
    #expect(sent(work).contains("gw-3"))
    let status = try work.playbook(["status"])
    #expect(
      status.output.contains("playbook settle") && status.output.contains("in force now: 1"), "\(status)")
    let stranger = try work.playbook(["settle", "--device", "gw-3", "--in-force", "--seen", "x"])
    #expect(stranger.exit == 1 && stranger.errors.contains("what is in doubt: gw-2"), "\(stranger)")
    let both = try work.playbook(["settle", "--device", "gw-2", "--seen", "x"])
    #expect(both.exit == 64 && both.errors.contains("--not-in-force"), "\(both)")
    let settled = try work.playbook(
      ["settle", "--device", "gw-2", "--not-in-force", "--seen", "Ann: its lamp\u{1B}[31m is green"])
    #expect(settled.exit == 0 && settled.output.contains("in force now: 0, taken back: 2"), "\(settled)")
    let after = try work.playbook(["status", "--all"])
    #expect(after.output.contains("verifies, signed") && after.output.contains("taken back: 2"), "\(after)")
    #expect(!after.output.contains("playbook settle"), "\(after)")
    let journal = try work.firebreak(
      "query", "--case", work.at("x.firebreak"), "--sql",
      "SELECT detail FROM journal WHERE detail LIKE '%Ann%'",
      "--format", "json")
    #expect(journal.output.contains("Ann: its lamp") && !journal.output.contains("\u{1B}"), "\(journal)")
    #expect(try work.playbook(["undo"]).exit == 0 && sent(work).filter { $0 == "gw-2" }.count == 1)
  }

  @Test func whatAPersonSeesInForceIsSentAgain() throws {
    let work = try cutOff()
    for _ in 0..<100 where sent(work).isEmpty { usleep(20_000) }
    #expect(try work.playbook(["undo"]).exit == 1)
    let settled = try work.playbook(["settle", "--device", "gw-*", "--in-force", "--seen", "Ann: still out"])
    #expect(settled.exit == 0 && settled.output.contains("in force now: 1, taken back: 1"), "\(settled)")
    let undo = try work.playbook(["undo"])
    #expect(undo.exit == 0 && sent(work).filter { $0 == "gw-2" }.count == 2, "\(undo)")
  }

  @Test func anUndoThatIsRepeatableIsSentAgain() throws {
    let work = try cutOff("repeatable: true, ")
    for _ in 0..<100 where sent(work).isEmpty { usleep(20_000) }
    let undo = try work.playbook(["undo"])
    #expect(undo.exit == 0 && undo.output.contains("2 changed"), "\(undo)")
    #expect(sent(work).filter { $0 == "gw-2" }.count == 2 && work.acted.isEmpty)
  }
}
