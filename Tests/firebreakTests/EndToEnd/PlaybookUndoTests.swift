import Foundation
import Testing

/// What was done and is taken back: by its time to live, by people, by the script that needs no program.
@Suite struct PlaybookUndoTests {
  @Test func whatHasATimeToLiveIsShownAndTakenBackByUndoExpiredAndByResume() throws {
    for way in ["undo", "resume", "watch"] {
      let work = try Workspace.fleet(rollout: "time_to_live_ms: 2500")
      let made = try work.plan("device:gw-2 OR device:gw-3")
      #expect(made.exit == 0 && made.output.contains("2500 ms after it was begun"), "\(made)")
      let run = try work.playbook("run", work.at("p.plan"))
      #expect(run.exit == 0 && run.errors.contains("2 devices to be taken back"), "\(run)")
      #expect(work.acted.sorted() == ["gw-2", "gw-3"])
      let status = try work.playbook("status")
      #expect(
        status.output.contains("2 to be taken back after their time to live, the first in"), "\(status)")
      if way == "watch" {
        // It stays until nothing has a time to live, and ends by itself.
        let watch = try work.playbook("undo", "--expired", "--watch", "1")
        #expect(watch.exit == 0 && work.acted.isEmpty, "\(watch)")
        continue
      }
      let early = try work.playbook("undo", "--expired")
      #expect(early.exit == 0 && work.acted.count == 2, "\(early)")
      Thread.sleep(forTimeInterval: 2.6)
      #expect(try work.playbook("status", "--format", "csv").output.contains("overdue: undo --expired"))
      let late = try way == "undo" ? work.playbook("undo", "--expired") : work.playbook("resume")
      #expect(late.exit == 0 && work.acted.isEmpty, "\(way): \(late)")
      #expect(try work.playbook("status").output.contains("2 changed"))
      #expect(try work.firebreak("verify", "--log-only", "--case", work.at("x.firebreak")).exit == 0)
    }
    let never = try Workspace.fleet()
    try #require(try never.plan("device:gw-2").exit == 0)
    try #require(try never.playbook("run", never.at("p.plan")).exit == 0)
    let none = try never.playbook("undo", "--expired")
    #expect(none.exit == 1 && none.errors.contains("time to live"), "\(none)")
    #expect(never.acted == ["gw-2"])
  }

  /// What was done by a playbook that was revoked since can be taken back, and does not go on.
  @Test func aRevokedPlaybookCanBeTakenBackAndDoesNotGoOn() throws {
    let work = try Workspace.fleet()
    try #require(try work.plan("device:gw-2").exit == 0)
    try #require(try work.playbook("run", work.at("p.plan")).exit == 0)
    try work.write("p.yaml", work.touchPlaybook(head: "revoked: true"))
    for arguments in [["resume"], ["queue", "--act"]] {
      let refused = try BuiltProgram.run(
        ["playbook"] + arguments, in: work.folder, environment: ["FIREBREAK_CASE": work.at("x.firebreak")])
      #expect(refused.exit == 1 && refused.errors.contains("was revoked"), "\(refused)")
    }
    #expect(try work.playbook("undo").exit == 0 && work.acted.isEmpty)
  }

  @Test func undoEndsARunAndAsksForAnInventoryOfToday() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let work = try Workspace.fleet(rollout: lock + "\n        undo_is_safe: false")
    try #require(try work.plan("device:gw-2").exit == 0)
    try #require(try work.playbook("run", work.at("p.plan")).exit == 0)
    for command in ["undo", "resume"] {
      let old = try work.playbook(command, "--max-inventory-age", "0")
      #expect(old.exit == 2 && old.errors.contains("--max-inventory-age"), "\(old)")
    }
    #expect(work.acted == ["gw-2"])
    #expect(try work.playbook("undo").exit == 0 && work.acted.isEmpty)
    let resume = try work.playbook("resume")
    #expect(resume.exit == 2 && resume.errors.contains("was taken back"), "\(resume)")
    #expect(try work.playbook("status").output.contains("succeeded, taken back"))
  }

  @Test func undoScriptAsksTheInterlocksOfTheInventoryOfThatMoment() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let work = try Workspace.fleet(rollout: lock + "\n        undo_is_safe: false")
    try #require(try work.plan("device:gw-2 OR device:gw-3 OR device:gw-4").exit == 0)
    try #require(try work.playbook("run", work.at("p.plan")).exit == 0)
    #expect(work.acted.sorted() == ["gw-2", "gw-3", "gw-4"])
    let script = "$(ls -d x.firebreak.runs/*/undo.sh)"
    #expect(try Shell.run("test $(stat -c %a \(script)) = 700 && sh -n \(script)", in: work).status == 0)
    let without = try Shell.run("\(script)", in: work)
    #expect(without.status != 0 && work.acted.count == 3, "\(without)")
    try work.write("now.csv", "device,note,life_safety\ngw-2,\"a, \"\"b\"\"\",no\ngw-3,x,yes\r\n")
    let run = try Shell.run("INVENTORY=now.csv \(script)", in: work)
    #expect(
      run.status != 0 && run.output.contains("gw-3 is left alone")
        && run.output.contains("gw-4 is left alone"), "\(run)")
    #expect(work.acted.sorted() == ["gw-3", "gw-4"])
    // The engine's own undo asks the case.
    try work.write("inv2.csv", "device,life_safety\ngw-3,no\ngw-4,yes\n")
    try work.write("d.log", Workspace.log(1, host: "gw-4"))
    try #require(
      try work.ingest(work.at("d.log"), options: ["--inventory", work.at("inv2.csv")]).run.exit == 0)
    let undo = try work.playbook("undo")
    #expect(undo.exit == 1, "\(undo)")
    #expect(work.acted == ["gw-4"])
  }

  /// What was killed and taken back does not go on, and nobody is told that it does.
  @Test func statusOfARunThatWasKilledAndTakenBackDoesNotSendToResume() throws {
    let work = try Workspace.fleet()
    let cut = "[ -e \(work.at("cut")) ] || { touch \(work.at("cut")); kill -9 $PPID; }; echo"
    try work.write(
      "p.yaml", work.touchPlaybook().replacingOccurrences(of: "command: \"echo", with: "command: \"\(cut)"))
    try #require(try work.plan("device:gw-2 OR device:gw-3").exit == 0)
    #expect(try work.playbook("run", work.at("p.plan")).exit != 0)
    #expect(try work.playbook("status").output.contains("resume goes on"))
    for _ in 0..<100 where work.acted.isEmpty { usleep(20_000) }
    try #require(try work.playbook("undo", "--yes").exit == 0)
    let status = try work.playbook("status")
    #expect(
      !status.output.contains("resume goes on") && status.output.contains("does not go on"), "\(status)")
    #expect(try work.playbook("resume").exit == 2)
  }

  @Test func aRunThatDidNotSucceedEverywhereIsNotSaidToHaveLater() throws {
    let work = try Workspace.fleet(rollout: "failure_percent: 100")
    try work.write(
      "p.yaml",
      work.touchPlaybook(rollout: "failure_percent: 100").replacingOccurrences(
        of: "command: \"echo", with: "command: \"test __device__:value != gw-3 && echo"))
    try #require(try work.plan("device:gw-2 OR device:gw-3").exit == 0)
    let words = "succeeded, but not everywhere"
    #expect(try work.playbook("run", work.at("p.plan")).output.contains(words))
    for command in ["status", "runs"] {
      let said = try Shell.run("COLUMNS=120 $FIREBREAK playbook \(command) --case x.firebreak", in: work)
      #expect(said.output.contains(words), "\(said)")
    }
    #expect(try work.playbook("runs", "--format", "csv").output.contains(",1,0\n"))
  }
}
