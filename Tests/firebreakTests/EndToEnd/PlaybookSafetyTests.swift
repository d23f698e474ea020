import Foundation
import Testing

/// What a run begins only with, and what stays to be checked: the plan as it was made, people's approval, secrets, the journal.
@Suite struct PlaybookSafetyTests {
  @Test func aChangeSinceThePlanWasMadeIsRefused() throws {
    for change in ["playbook", "plan", "evidence", "inventory"] {
      let work = try Workspace.fleet()
      try #require(try work.plan("device:gw-2").exit == 0)
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
      let run = try work.playbook("run", work.at("p.plan"))
      #expect(
        run.exit == 2 && run.errors.contains("chang") || run.errors.contains("alter"), "\(change): \(run)")
      #expect(work.acted.isEmpty, "\(change)")
    }
  }

  @Test func expiredRevokedAndNotYetValidPlaybooksAreRefused() throws {
    for (head, word) in [
      ("valid_until: 2026-01-03T00:00:00.000Z", "not valid since"), ("revoked: true", "revoked"),
      ("valid_from: 2999-01-01T00:00:00.000Z", "not valid before"),
    ] {
      let work = try Workspace.fleet(head: head)
      let made = try work.plan("device:gw-2")
      #expect(made.exit == 2 && made.errors.contains(word), "\(head): \(made)")
    }
  }

  @Test func manyDevicesDoNotGetOneSecretByMistake() throws {
    let work = try Workspace.fleet()
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
    let made = try work.plan("device:gw-1 OR device:gw-2")
    try #require(made.exit == 0, "\(made)")
    let run = try work.playbook(
      "run", work.at("p.plan"), "--secret", "new-password=file:\(work.at("secret"))")
    #expect(run.exit == 2 && run.errors.contains("new-password=folder:PATH"), "\(run)")
    #expect(work.acted.isEmpty)
  }

  /// A secret that is missing is found before the run begins, not by its first device.
  @Test func aMissingSecretStopsTheRunBeforeItBegins() throws {
    let work = try Workspace.fleet()
    let playbook = Repository.root.appending(path: "Playbooks/isolate-device").path(percentEncoded: false)
    let made = try work.playbook(
      "plan", playbook, "--targets", "device:gw-2", "--set", "broker=mqtt://127.0.0.1:9", "--output",
      work.at("b.plan"))
    try #require(made.exit == 0, "\(made)")
    let run = try work.playbook("run", work.at("b.plan"), "--secret", "broker-admin=file:\(work.at("none"))")
    #expect(run.exit == 2 && run.errors.contains("broker-admin"), "\(run)")
    #expect(try work.playbook("status").exit == 1)
  }

  @Test func theSamePersonTwiceIsOnePersonAndAListThatOthersCanWriteIsNone() throws {
    let work = try Workspace.fleet(rollout: "approval: two")
    try #require(try work.plan("device:gw-2").exit == 0)
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
    func run(_ signatures: String..., more: [String] = []) throws -> BuiltProgram.Run {
      try BuiltProgram.run(
        ["playbook", "run", work.at("p.plan"), "--allowed-signers", work.at("signers")] + more
          + signatures.flatMap { ["--signature", work.at($0)] },
        in: work.folder,
        environment: [
          "FIREBREAK_CASE": work.at("x.firebreak"), "FIREBREAK_LOCKS": work.at("locks"),
          "FIREBREAK_JOURNAL_KEY": work.at("journal.key"),
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
    #expect(work.acted.isEmpty)
    // Who signed agreed to what was so then.
    let late = try run("alice.sig", "bob.sig", more: ["--max-approval-age", "0.000001"])
    #expect(late.exit == 1 && late.errors.contains("--max-approval-age HOURS"), "\(late)")
    #expect(work.acted.isEmpty)
    #expect(try run("alice.sig", "bob.sig").exit == 0)
    #expect(work.acted == ["gw-2"])
    // And to one run.
    #expect(try work.playbook("undo", "--yes").exit == 0 && work.acted.isEmpty)
    let again = try run("alice.sig", "bob.sig")
    #expect(again.exit == 1 && again.errors.contains("used up") && work.acted.isEmpty, "\(again)")
  }

  @Test func breakGlassIsOnePersonsWordForATime() throws {
    let work = try Workspace.fleet(rollout: "approval: two")
    try #require(try work.plan("device:gw-2").exit == 0)
    let run = try work.playbook(
      "run", work.at("p.plan"), "--break-glass", "the worm spreads and Bob is asleep",
      "--break-glass-minutes", "5")
    #expect(run.exit == 0 && run.errors.contains("BREAK GLASS"), "\(run)")
    let status = try work.playbook("status")
    #expect(
      status.output.contains("BREAK GLASS by ") && status.output.contains("with 0 of 2 approvals"),
      "\(status)")
    #expect(try work.playbook("runs").output.contains("break glass"))
    // Who goes on with it needs a word of his own.
    let queue = try work.playbook("queue", "--act")
    #expect(queue.exit == 1 && queue.errors.contains("needs 2 approvals"), "\(queue)")
    let journal = try Shell.run(
      "sqlite3 x.firebreak \"SELECT detail FROM journal WHERE kind='approved'\"", in: work)
    #expect(journal.output.contains("break-glass") && journal.output.contains("for 5 min"), "\(journal)")
  }

  @Test func verifyChecksTheJournalOfflineAndSeesWhatWasChanged() throws {
    let work = try Workspace.fleet()
    try #require(try work.plan("device:gw-2 OR device:gw-3").exit == 0)
    try #require(try work.playbook("run", work.at("p.plan")).exit == 0)
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
