import Foundation
import Testing

/// What must not happen, by the program as people run it.
@Suite struct PlaybookSafetyTests {
  /// A case with devices gw-1 to gw-8 in the inventory.
  private func scene(
    _ log: String = Workspace.log(20), rollout: String = "", head: String = "",
    columns: String = "life_safety",
    row: String = "no"
  ) throws -> Workspace {
    let work = try Workspace()
    try work.ingestFleet(log, columns: columns, row: row)
    try work.write("p.yaml", work.touchPlaybook(rollout: rollout, head: head))
    return work
  }

  private func plan(_ work: Workspace, _ targets: String, _ more: String..., output: String = "p.plan") throws
    -> BuiltProgram.Run
  {
    try BuiltProgram.run(
      ["playbook", "plan", work.at("p.yaml"), "--targets", targets, "--output", work.at(output)] + more,
      in: work.folder, environment: ["FIREBREAK_CASE": work.at("x.firebreak")])
  }

  private func act(_ work: Workspace, _ arguments: String...) throws -> BuiltProgram.Run {
    try work.playbook(arguments)
  }

  private func acted(_ work: Workspace) -> [String] {
    work.acted
  }

  @Test func oneForgedHostNameInTenThousandLinesHasNothingDoneToThatHost() throws {
    // gw-1 is in trouble in 10,000 lines. One more line, that anybody on the network could have sent, says gw-7 is.
    var lines: [String] = (0..<9_999).map { (index: Int) -> String in
      let time = String(format: "%02d:%02d:%02d", 9 + index / 3600, index / 60 % 60, index % 60)
      return "2026-04-07T\(time).000000+00:00 gw-1 relayd[41]: <err> relay \(index) lost its upstream"
    }
    lines.insert(
      "2026-04-07T10:11:12.000000+00:00 gw-7 relayd[41]: <err> relay 7 lost its upstream", at: 4321)
    let work = try scene(lines.joined(separator: "\n") + "\n")
    // A name that only a line asserts selects nobody, gw-1's own lines in the same file neither.
    let refused = try plan(work, "text:upstream")
    #expect(refused.exit == 2 && refused.errors.contains("self-asserted"), "\(refused)")
    #expect(!FileManager.default.fileExists(atPath: work.at("p.plan")))
    // Together with the inventory: the devices that the inventory names, and not the one that the line names.
    let mixed = try plan(work, "device:gw-2 OR text:upstream")
    #expect(
      mixed.exit == 0 && mixed.output.contains("gw-7") && mixed.output.contains("self-asserted"), "\(mixed)")
    let run = try act(work, "run", work.at("p.plan"))
    #expect(run.exit == 0, "\(run)")
    #expect(acted(work) == ["gw-2"])
    // Who takes it all the same needs two people.
    let wide = try plan(work, "text:upstream", "--include-self-asserted", output: "wide.plan")
    #expect(wide.exit == 0 && wide.output.contains("two"), "\(wide)")
    #expect(try act(work, "run", work.at("wide.plan")).exit == 1)
    #expect(acted(work) == ["gw-2"])
  }

  @Test func aGatewayIsNotCutOffWithWhomItCarriesInAPlanOfOneDevice() throws {
    // gw-1 carries the others, by the inventory's column; people depend on gw-5.
    let work = try Workspace()
    try work.write("a.log", Workspace.log(20))
    let rows = (2...8).map { "gw-\($0),\($0 == 5 ? "yes" : "no"),gw-1" }
    try work.write("inv.csv", "device,life_safety,gateway\ngw-1,no,\n" + rows.joined(separator: "\n") + "\n")
    try #require(
      try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    let interlock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    try work.write("p.yaml", work.touchPlaybook(rollout: interlock))
    let alone = try plan(work, "device:gw-1")
    #expect(alone.exit == 2 && alone.errors.contains("7 devices hang on it"), "\(alone)")
    // Named, it is still held back by the one behind it that the interlock protects.
    let named = try plan(work, "device:gw-1", "--include-gateway", "gw-*")
    #expect(named.exit == 2 && named.errors.contains("'gw-5' hangs on it"), "\(named)")
    // Without interlock it may be taken, and all eight count for the limit.
    try work.write("p.yaml", work.touchPlaybook(rollout: "max_percent: 25"))
    let taken = try plan(work, "device:gw-1", "--include-gateway", "gw-1")
    #expect(taken.exit == 0 && taken.output.contains("cuts off 7 more"), "\(taken)")
    #expect(taken.output.contains("two (1 of 8 devices with the 7"), "\(taken)")
    #expect(try act(work, "run", work.at("p.plan")).exit != 0 && acted(work).isEmpty)
    // Who is to sign can read it.
    let shown = try act(work, "show", work.at("p.plan"))
    #expect(shown.exit == 0 && shown.output.contains("cuts off 7 more"), "\(shown)")
    #expect(shown.output.contains("Hash ") && shown.errors.contains("ssh-keygen -Y sign"), "\(shown)")
  }

  @Test func targetsThatWereNotMeantAreRefusedAsAMistake() throws {
    let work = try scene()
    for (targets, said) in [
      ("", "write 'device:*'"), ("  ", "write 'device:*'"), ("gw-3", "did you mean device:gw-3?"),
      ("life_safety:no AND gw-3", "did you mean device:gw-3?"), ("upstream", "text:upstream"),
    ] {
      let plan = try plan(work, targets)
      #expect(plan.exit == 64 && plan.errors.contains(said), "\(targets): \(plan)")
    }
    let typo = try plan(work, "device:gw-3", "--protect", "gw-33")
    #expect(typo.exit == 64 && typo.errors.contains("did you mean 'gw-3'?"), "\(typo)")
  }

  @Test func manyDevicesDoNotGetOneSecretByMistake() throws {
    let work = try scene()
    let bound = work.touchPlaybook().replacingOccurrences(
      of: "bindings: {__device__: device}",
      with: "bindings: {__device__: device, __new__: secret.new-password}")
    try work.write(
      "p.yaml",
      bound.replacingOccurrences(
        of: "playbook_variables: {__device__: {type: string}}",
        with: "playbook_variables: {__device__: {type: string}, __new__: {type: string}}"))
    try work.write("secret", "hunter2\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: work.at("secret"))
    let made = try plan(work, "device:gw-1 OR device:gw-2")
    try #require(made.exit == 0, "\(made)")
    let run = try act(work, "run", work.at("p.plan"), "--secret", "new-password=file:\(work.at("secret"))")
    #expect(run.exit == 2 && run.errors.contains("new-password=folder:PATH"), "\(run)")
    #expect(acted(work).isEmpty)
  }

  @Test func aCardKeepsTheLinesOfAScript() throws {
    let work = try scene()
    let script = work.touchPlaybook().replacingOccurrences(
      of: "command: \"echo __device__:value >> \(work.at("acted"))\"",
      with: "command: \"set -eu\\ncp -p a b\\nmv b c\"")
    try work.write("p.yaml", script)
    let card = try act(work, "card", work.at("p.yaml"))
    #expect(card.exit == 0 && card.output.contains("   | set -eu\n   | cp -p a b\n   | mv b c\n"), "\(card)")
  }

  @Test func aChangeSinceThePlanWasMadeIsRefused() throws {
    for change in ["playbook", "plan", "evidence", "inventory"] {
      let work = try scene()
      try #require(try plan(work, "device:gw-2").exit == 0)
      switch change {
      case "playbook":
        try work.write(
          "p.yaml", work.touchPlaybook().replacingOccurrences(of: "name: touch\n", with: "name: tough\n"))
      case "plan":
        let text = try String(contentsOfFile: work.at("p.plan"), encoding: .utf8)
        try work.write("p.plan", text.replacingOccurrences(of: "\"gw-2\"", with: "\"gw-3\""))
      case "evidence":
        try work.write("b.log", Workspace.log(5, host: "gw-3"))
        try #require(try work.ingest(work.at("b.log")).run.exit == 0)
      default:
        try work.write("inv.csv", "device,life_safety\ngw-2,yes\n")
        try work.write("c.log", Workspace.log(1, host: "gw-4"))
        try #require(
          try work.ingest(work.at("c.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
      }
      let run = try act(work, "run", work.at("p.plan"))
      #expect(
        run.exit == 2 && run.errors.contains("chang") || run.errors.contains("alter"), "\(change): \(run)")
      #expect(acted(work).isEmpty, "\(change)")
    }
  }

  @Test func expiredRevokedAndNotYetValidPlaybooksAreRefused() throws {
    for (head, word) in [
      ("valid_until: 2026-01-03T00:00:00.000Z", "not valid since"), ("revoked: true", "revoked"),
      ("valid_from: 2999-01-01T00:00:00.000Z", "not valid before"),
    ] {
      let work = try scene(head: head)
      let made = try plan(work, "device:gw-2")
      #expect(made.exit == 2 && made.errors.contains(word), "\(head): \(made)")
    }
  }

  @Test func anInventoryThatIsTooOldOrSaysNothingHoldsBack() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let work = try scene(rollout: lock)
    let old = try plan(work, "device:gw-2", "--max-inventory-age", "0")
    #expect(old.exit == 2 && old.errors.contains("hours old") || old.errors.contains("future"), "\(old)")
    #expect(try plan(work, "device:gw-2").exit == 0)
    let silent = try scene(rollout: lock, row: "")
    let none = try plan(silent, "device:gw-2")
    #expect(none.exit == 2 && none.errors.contains("does not say its 'life_safety'"), "\(none)")
  }

  @Test func theSamePersonTwiceIsOnePersonAndAListThatOthersCanWriteIsNone() throws {
    let work = try scene(rollout: "approval: two")
    try #require(try plan(work, "device:gw-2").exit == 0)
    for name in ["alice", "bob"] {
      try #require(
        try Shell.run(
          "ssh-keygen -q -t ed25519 -N '' -f \(name) && ssh-keygen -Y sign -n firebreak-plan -f \(name) < p.plan > \(name).sig",
          in: work
        ).status == 0)
    }
    try #require(
      try Shell.run(
        "ssh-keygen -q -t ed25519 -N '' -f alice2 && ssh-keygen -Y sign -n firebreak-plan -f alice2 < p.plan > alice2.sig",
        in: work
      ).status == 0)
    try #require(
      try Shell.run(
        "for p in alice bob; do echo \"$p $(cat $p.pub)\"; done > signers; echo \"alice $(cat alice2.pub)\" >> signers; chmod 644 signers",
        in: work
      ).status == 0)
    func run(_ signatures: String...) throws -> BuiltProgram.Run {
      try BuiltProgram.run(
        ["playbook", "run", work.at("p.plan"), "--allowed-signers", work.at("signers")]
          + signatures.flatMap { ["--signature", work.at($0)] },
        in: work.folder,
        environment: [
          "FIREBREAK_CASE": work.at("x.firebreak"), "FIREBREAK_LOCKS": work.at("locks"),
          "FIREBREAK_JOURNAL_KEY": work.at("k"),
        ])
    }
    for signatures in [["alice.sig", "alice.sig"], ["alice.sig", "alice2.sig"]] {
      let twice = try run(signatures[0], signatures[1])
      #expect(twice.exit == 1 && twice.errors.contains("signed twice"), "\(twice)")
    }
    #expect(try run("alice.sig").exit == 1)
    chmod(work.at("signers"), 0o666)
    let open = try run("alice.sig", "bob.sig")
    #expect(open.exit == 1 && open.errors.contains("can be written by others"), "\(open)")
    chmod(work.at("signers"), 0o644)
    if geteuid() == 0 {
      chown(work.at("signers"), 65_534, 65_534)
      let foreign = try run("alice.sig", "bob.sig")
      #expect(foreign.exit == 1 && foreign.errors.contains("belong to somebody else"), "\(foreign)")
      chown(work.at("signers"), 0, 0)
    }
    #expect(acted(work).isEmpty)
    #expect(try run("alice.sig", "bob.sig").exit == 0)
    #expect(acted(work) == ["gw-2"])
  }

  @Test func breakGlassIsOnePersonsWordForATime() throws {
    let work = try scene(rollout: "approval: two")
    try #require(try plan(work, "device:gw-2").exit == 0)
    let run = try act(
      work, "run", work.at("p.plan"), "--break-glass", "the worm spreads and Bob is asleep",
      "--break-glass-minutes", "5")
    #expect(run.exit == 0 && run.errors.contains("BREAK GLASS"), "\(run)")
    let status = try act(work, "status")
    #expect(
      status.output.contains("BREAK GLASS by ") && status.output.contains("with 0 of 2 approvals"),
      "\(status)")
    #expect(try act(work, "runs").output.contains("break glass"))
    // Who goes on with it needs a word of his own.
    let queue = try act(work, "queue", "--act")
    #expect(queue.exit == 1 && queue.errors.contains("needs 2 approvals"), "\(queue)")
    let journal = try Shell.run(
      "sqlite3 x.firebreak \"SELECT detail FROM journal WHERE kind='approved'\"", in: work)
    #expect(journal.output.contains("break-glass") && journal.output.contains("for 5 min"), "\(journal)")
  }

  @Test func whatHasATimeToLiveIsShownAndTakenBackByUndoExpiredAndByResume() throws {
    for way in ["undo", "resume", "watch"] {
      let work = try scene(rollout: "time_to_live_ms: 2500")
      let made = try plan(work, "device:gw-2 OR device:gw-3")
      #expect(made.exit == 0 && made.output.contains("2500 ms after it was begun"), "\(made)")
      let run = try act(work, "run", work.at("p.plan"))
      #expect(run.exit == 0 && run.errors.contains("2 devices to be taken back"), "\(run)")
      #expect(acted(work).sorted() == ["gw-2", "gw-3"])
      let status = try act(work, "status")
      #expect(
        status.output.contains("2 to be taken back after their time to live, the first in"), "\(status)")
      if way == "watch" {
        // It stays until nothing has a time to live, and ends by itself.
        let watch = try act(work, "undo", "--expired", "--watch", "1")
        #expect(watch.exit == 0 && acted(work).isEmpty, "\(watch)")
        continue
      }
      let early = try act(work, "undo", "--expired")
      #expect(early.exit == 0 && acted(work).count == 2, "\(early)")
      Thread.sleep(forTimeInterval: 2.6)
      #expect(try act(work, "status", "--format", "csv").output.contains("overdue: undo --expired"))
      let late = try way == "undo" ? act(work, "undo", "--expired") : act(work, "resume")
      #expect(late.exit == 0 && acted(work).isEmpty, "\(way): \(late)")
      #expect(try act(work, "status").output.contains("2 changed"))
      #expect(try work.firebreak("verify", "--log-only", "--case", work.at("x.firebreak")).exit == 0)
    }
    let never = try scene()
    try #require(try plan(never, "device:gw-2").exit == 0)
    try #require(try act(never, "run", never.at("p.plan")).exit == 0)
    let none = try act(never, "undo", "--expired")
    #expect(none.exit == 1 && none.errors.contains("time to live"), "\(none)")
    #expect(acted(never) == ["gw-2"])
  }

  /// One page for a phone: what is needed, whom it must not hit, what each step does, and how it is done by hand.
  @Test func everyPlaybooksCardIsOnePage() throws {
    let folder = Repository.root.appending(path: "Playbooks").path(percentEncoded: false)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(names.count >= 15)
    let work = try Workspace()
    for name in names {
      let card = try work.firebreak("playbook", "card", folder + "/" + name)
      let lines = card.output.split(separator: "\n", omittingEmptySubsequences: false)
      // Lines of scripts stay whole.
      let isNarrow = lines.allSatisfy { $0.count <= 46 || $0.hasPrefix("   | ") }
      #expect(card.exit == 0 && lines.count <= 66 && isNarrow, "\(name): \(lines.count) \(card)")
      #expect(card.output.contains("by hand: ") && card.output.contains("\n1. "), "\(name)")
    }
  }

  /// A secret that is missing is found before the run begins, not by its first device.
  @Test func aMissingSecretStopsTheRunBeforeItBegins() throws {
    let work = try scene()
    let playbook = Repository.root.appending(path: "Playbooks/isolate-device").path(percentEncoded: false)
    let made = try act(
      work, "plan", playbook, "--targets", "device:gw-2", "--set", "broker=mqtt://127.0.0.1:9", "--output",
      work.at("b.plan"))
    try #require(made.exit == 0, "\(made)")
    let run = try act(work, "run", work.at("b.plan"), "--secret", "broker-admin=file:\(work.at("none"))")
    #expect(run.exit == 2 && run.errors.contains("broker-admin"), "\(run)")
    #expect(try act(work, "status").exit == 1)
  }

  /// What was done by a playbook that was revoked since can be taken back, and does not go on.
  @Test func aRevokedPlaybookCanBeTakenBackAndDoesNotGoOn() throws {
    let work = try scene()
    try #require(try plan(work, "device:gw-2").exit == 0)
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    try work.write("p.yaml", work.touchPlaybook(head: "revoked: true"))
    for arguments in [["resume"], ["queue", "--act"]] {
      let refused = try BuiltProgram.run(
        ["playbook"] + arguments, in: work.folder, environment: ["FIREBREAK_CASE": work.at("x.firebreak")])
      #expect(refused.exit == 1 && refused.errors.contains("was revoked"), "\(refused)")
    }
    #expect(try act(work, "undo").exit == 0 && acted(work).isEmpty)
  }

  @Test func undoEndsARunAndAsksForAnInventoryOfToday() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let work = try scene(rollout: lock + "\n        undo_is_safe: false")
    try #require(try plan(work, "device:gw-2").exit == 0)
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    for command in ["undo", "resume"] {
      let old = try act(work, command, "--max-inventory-age", "0")
      #expect(old.exit == 2 && old.errors.contains("--max-inventory-age"), "\(old)")
    }
    #expect(acted(work) == ["gw-2"])
    #expect(try act(work, "undo").exit == 0 && acted(work).isEmpty)
    let resume = try act(work, "resume")
    #expect(resume.exit == 2 && resume.errors.contains("was taken back"), "\(resume)")
    #expect(try act(work, "status").output.contains("succeeded, taken back"))
  }

  @Test func undoScriptAsksTheInterlocksOfTheInventoryOfThatMoment() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"
    let work = try scene(rollout: lock + "\n        undo_is_safe: false")
    try #require(try plan(work, "device:gw-2 OR device:gw-3 OR device:gw-4").exit == 0)
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    #expect(acted(work).sorted() == ["gw-2", "gw-3", "gw-4"])
    let script = "$(ls -d x.firebreak.runs/*/undo.sh)"
    #expect(try Shell.run("test $(stat -c %a \(script)) = 700 && sh -n \(script)", in: work).status == 0)
    let without = try Shell.run("\(script)", in: work)
    #expect(without.status != 0 && acted(work).count == 3, "\(without)")
    try work.write("now.csv", "device,note,life_safety\ngw-2,\"a, \"\"b\"\"\",no\ngw-3,x,yes\r\n")
    let run = try Shell.run("INVENTORY=now.csv \(script)", in: work)
    #expect(
      run.status != 0 && run.output.contains("gw-3 is left alone")
        && run.output.contains("gw-4 is left alone"), "\(run)")
    #expect(acted(work).sorted() == ["gw-3", "gw-4"])
    // The engine's own undo asks the case.
    try work.write("inv2.csv", "device,life_safety\ngw-3,no\ngw-4,yes\n")
    try work.write("d.log", Workspace.log(1, host: "gw-4"))
    try #require(
      try work.ingest(work.at("d.log"), options: ["--inventory", work.at("inv2.csv")]).run.exit == 0)
    let undo = try act(work, "undo")
    #expect(undo.exit == 1, "\(undo)")
    #expect(acted(work) == ["gw-4"])
  }

  @Test func statusListsByDeviceWhatMustBeVisitedOrReplaced() throws {
    let work = try scene(
      rollout:
        "interlocks: [{attribute: image, present: true, code: no-rollback-image, reason: nothing to go back to}, {attribute: kind, require: [new], code: unsupported, reason: too old}]",
      columns: "site,image,kind", row: "north,v1,new")
    try work.write(
      "inv.csv",
      "device,site,image,kind\ngw-1,north,v1,new\ngw-2,south,,new\ngw-3,south,v1,old\ngw-4,north,v1,new\n")
    try work.write("b.log", Workspace.log(1, host: "gw-1", from: 50))
    try #require(
      try work.ingest(work.at("b.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    try #require(try plan(work, "device:gw-*").exit == 0)
    let run = try act(work, "run", work.at("p.plan"))
    #expect(run.exit == 0, "\(run)")
    let csv = try act(work, "status", "--format", "csv")
    let lines = csv.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "device,state,reason,detail,step,site,advice")
    #expect(
      lines.contains { $0.hasPrefix("gw-2,no rollback image,") && $0.hasSuffix("south,visit") },
      "\(csv.output)")
    #expect(lines.contains { $0.hasPrefix("gw-3,unsupported,") && $0.hasSuffix("south,replace or visit") })
    #expect(lines.count == 3)
  }

  @Test func verifyChecksTheJournalOfflineAndSeesWhatWasChanged() throws {
    let work = try scene()
    try #require(try plan(work, "device:gw-2 OR device:gw-3").exit == 0)
    try #require(try act(work, "run", work.at("p.plan")).exit == 0)
    let good = try work.firebreak(
      "verify", "--case", work.at("x.firebreak"), "--journal-key", work.at("journal.key"))
    #expect(good.exit == 0 && good.output.contains("chain whole, signed up to record"), "\(good)")
    let other = try work.firebreak(
      "verify", "--case", work.at("x.firebreak"), "--journal-key",
      Data(count: 32).base64EncodedString())
    #expect(other.exit == 1 && other.output.contains("another key"), "\(other)")
    // Somebody without the program, but with the file.
    try #require(
      try Shell.run(
        "sqlite3 x.firebreak \"DROP TRIGGER journal_update; UPDATE journal SET outcome='failed' WHERE outcome='changed' AND target='gw-3'\"",
        in: work
      ).status == 0)
    let bad = try work.firebreak("verify", "--case", work.at("x.firebreak"))
    #expect(bad.exit != 0, "\(bad)")
  }
}
