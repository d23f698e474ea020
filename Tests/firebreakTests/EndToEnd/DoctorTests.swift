import Foundation
import Glibc
import Testing

/// `firebreak doctor` as people run it: before anything happens, and in the middle of it.
@Suite struct DoctorTests {
  private struct Report {
    let run: BuiltProgram.Run
    let document: [String: Any]
    init(_ run: BuiltProgram.Run) throws {
      self.run = run
      document = try jsonObject(run.output)
    }
    var rows: [[String: String]] { document["rows"] as? [[String: String]] ?? [] }
    func of(_ check: String, _ subject: String? = nil) -> [[String: String]] {
      rows.filter { $0["check"] == check && (subject == nil || $0["subject"] == subject) }
    }
    func states(_ check: String, _ subject: String? = nil) -> Set<String> {
      Set(of(check, subject).compactMap { $0["state"] })
    }
  }

  private static let playbooks = Repository.root.appending(path: "Playbooks").path(percentEncoded: false)
  private static let columns =
    "device,site,life_safety,address,rollback_image,rollback_sha256\n"

  private func doctor(_ work: Workspace, _ options: String...) throws -> Report {
    try Report(
      BuiltProgram.run(
        ["doctor", "--format", "json", "--sample", "0"] + options, in: work.folder,
        environment: ["FIREBREAK_CASE": "", "FIREBREAK_PLAYBOOKS": Self.playbooks]))
  }

  private func makeCase(_ work: Workspace, _ inventory: String) throws {
    try work.write("a.log", Workspace.log(20))
    try work.write("inv.csv", inventory)
    try #require(
      try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
  }

  @Test func looksAtWhatThereIsWithoutACase() throws {
    let work = try Workspace()
    let report = try doctor(work)
    #expect(report.document["schema"] as? String == "firebreak.doctor/1")
    #expect([0, 1].contains(report.run.exit), "\(report.run.errors)")
    #expect(report.states("case") == ["skipped"])
    for check in [
      "clock", "disk", "programs", "signers", "case", "inventory", "playbooks", "secrets", "backends",
    ] {
      #expect(!report.of(check).isEmpty, "\(check)")
    }
    #expect(report.states("playbooks") == ["ok"], "\(report.of("playbooks"))")
    for row in report.rows where row["state"] != "ok" { #expect(row["advice"]?.isEmpty == false, "\(row)") }
    // A case that was named must be there.
    let missing = try work.firebreak("doctor", "--case", work.at("none.firebreak"), "--format", "json")
    #expect(missing.exit == 1 && missing.output.contains("none.firebreak"), "\(missing.output)")
  }

  @Test func anInventoryThatIsOldOrSilentIsSaid() throws {
    let work = try Workspace()
    try makeCase(work, Self.columns + "gw-1,a,no,127.0.0.1,/img/fw.swu,\npump-1,a,,::ffff:127.0.0.1,,\n")
    var report = try doctor(work, "--case", work.at("x.firebreak"))
    #expect(report.states("inventory", "age") == ["ok"], "\(report.of("inventory"))")
    let safety = report.of("inventory", "column").first { $0["found"]?.contains("'life_safety'") == true }
    #expect(safety?["state"] == "warning" && safety?["found"]?.contains("1 of 2") == true)
    #expect(report.states("inventory", "rollback images") == ["warning"])
    let shared = report.of("inventory", "address").first?["found"] ?? ""
    #expect(shared.contains("'gw-1' and 'pump-1'"), "\(report.of("inventory"))")
    // The same file, last written two days ago.
    let old = try Workspace()
    try old.write("a.log", Workspace.log(20))
    let csv = try old.write("inv.csv", Self.columns + "gw-1,a,no,,,\n")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -2 * 86_400)], ofItemAtPath: csv)
    _ = try old.ingest(old.at("a.log"), options: ["--inventory", csv])
    report = try doctor(old, "--case", old.at("x.firebreak"))
    #expect(report.states("inventory", "age") == ["failure"], "\(report.of("inventory"))")
    #expect(report.run.exit == 1)
    report = try doctor(old, "--case", old.at("x.firebreak"), "--max-age", "72")
    #expect(report.states("inventory", "age") == ["ok"])
  }

  @Test func rollbackImagesAreComparedWithTheInventory() throws {
    let work = try Workspace()
    try work.write("images/good.swu", "abc")
    try work.write("images/bad.swu", "altered")
    // SHA-256 of "abc" (FIPS 180-2, appendix B.1).
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    try makeCase(
      work,
      Self.columns
        + "gw-1,a,no,,/img/good.swu,\(hash)\npump-1,a,no,,/img/bad.swu,\(hash)\npump-2,a,no,,/img/none.swu,\(hash)\n"
    )
    let report = try doctor(work, "--case", work.at("x.firebreak"), "--images", work.at("images"))
    #expect(report.states("inventory", "good.swu") == ["ok"])
    #expect(report.states("inventory", "bad.swu") == ["failure"])
    #expect(report.states("inventory", "none.swu") == ["failure"])
  }

  @Test func approversArePeopleWithKeysOfTheirOwn() throws {
    let work = try Workspace()
    func key(_ name: String) throws -> String {
      let made = try Shell.run("ssh-keygen -q -t ed25519 -N '' -f \(name)", in: work)
      try #require(made.status == 0)
      return try String(contentsOfFile: work.at(name + ".pub"), encoding: .utf8).split(separator: " ").prefix(
        2
      )
      .joined(separator: " ")
    }
    let (first, second) = (try key("a"), try key("b"))
    func states(_ text: String, mode: Int = 0o644) throws -> Set<String> {
      try work.write("signers", text)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: work.at("signers"))
      return try doctor(work, "--allowed-signers", work.at("signers")).states("signers", work.at("signers"))
    }
    let scope = "namespaces=\"firebreak-plan\""
    #expect(try states("alice \(scope) \(first)\nbob \(scope) \(second)\n") == ["ok"])
    #expect(try states("alice \(scope) \(first)\n") == ["warning"])
    #expect(try states("alice \(first)\nbob \(first)\n").contains("failure"))
    #expect(try states("alice namespaces=\"git\" \(first)\n") == ["failure"])
    #expect(try states("alice \(first)\nbob \(second)\n", mode: 0o666).contains("failure"))
    #expect(
      try states("alice valid-before=\"20200101\" \(first)\nbob \(second)\n").contains("warning"))
    #expect(try states("what is this\n").contains("failure"))
    let none = try doctor(work, "--allowed-signers", work.at("absent"))
    #expect(none.states("signers") == ["failure"])
  }

  @Test func aSecretThatOthersCanReadOrABrokerThatIsDownIsAFailure() throws {
    let work = try Workspace()
    try work.write("admin", "admin\nsecret-of-the-doctor\n")
    chmod(work.at("admin"), 0o644)
    let open = try doctor(
      work, "--playbook", "isolate-device", "--secret", "broker-admin=file:\(work.at("admin"))")
    #expect(open.states("secrets", "broker-admin") == ["failure"])
    #expect(open.run.exit == 1)
    chmod(work.at("admin"), 0o600)
    let server = try UnhelpfulBrokerTests.Server(.down)
    let down = try doctor(
      work, "--playbook", "isolate-device", "--secret", "broker-admin=file:\(work.at("admin"))", "--broker",
      "mqtt://127.0.0.1:\(server.port)")
    server.stop()
    #expect(down.states("secrets", "broker-admin") == ["ok"])
    #expect(down.states("backends") == ["failure"], "\(down.of("backends"))")
    #expect(!(down.run.output + down.run.errors).contains("secret-of-the-doctor"))
    let silent = try UnhelpfulBrokerTests.Server(.silent)
    defer { silent.stop() }
    let mute = try doctor(
      work, "--playbook", "isolate-device", "--secret", "broker-admin=file:\(work.at("admin"))", "--broker",
      "mqtt://127.0.0.1:\(silent.port)", "--broker", "http://x", "--service",
      "http://127.0.0.1:\(silent.port)")
    #expect(mute.states("backends", "mqtt://127.0.0.1:\(silent.port)") == ["failure"])
    #expect(mute.states("backends", "http://127.0.0.1:\(silent.port)") == ["ok"])
    #expect(mute.states("backends", "http://x") == ["failure"])
    // Named, and nothing to reach it with.
    let bare = try doctor(work, "--playbook", "isolate-device")
    #expect(bare.states("secrets", "broker-admin") == ["failure"])
    // What the run makes is not there before it.
    let rotation = try doctor(
      work, "--playbook", "rotate-mqtt-password", "--secret", "new-password=folder:\(work.at("none"))",
      "--secret", "old-password=folder:\(work.at("none"))")
    #expect(rotation.states("secrets", "new-password") == ["ok"])
    #expect(rotation.states("secrets", "old-password") == ["failure"])
  }

  @Test func aRealBrokerIsAskedWhetherWeMayAdministerIt() throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/sbin/mosquitto") else {
      if geteuid() == 0 { Issue.record("mosquitto is not installed") } else { print("skipped: no mosquitto") }
      return
    }
    let work = try Workspace()
    let server = try UnhelpfulBrokerTests.Server(.down)
    let port = server.port
    server.stop()
    let made = try Shell.run(
      """
      mosquitto_ctrl dynsec init d.json admin right-password >/dev/null &&
      printf 'user root\\nlistener \(port) 127.0.0.1\\nallow_anonymous false\\nplugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so\\nplugin_opt_config_file %s/d.json\\n' "$PWD" > m.conf
      """, in: work)
    try #require(made.status == 0, "\(made.output)")
    let broker = Process()
    broker.executableURL = URL(filePath: "/usr/sbin/mosquitto")
    broker.arguments = ["-c", work.at("m.conf")]
    broker.standardError = FileHandle.nullDevice
    broker.standardOutput = FileHandle.nullDevice
    try broker.run()
    defer {
      // Threads of tasks block SIGTERM, and what they start inherits that.
      kill(broker.processIdentifier, SIGKILL)
      broker.waitUntilExit()
    }
    let up = try Shell.run(
      "for i in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/\(port)) 2>/dev/null && exit 0; sleep 0.1; done; exit 1",
      in: work)
    try #require(up.status == 0)
    for (password, wanted) in [("right-password", "ok"), ("wrong-password", "failure")] {
      try work.write(password, "admin\n\(password)\n")
      chmod(work.at(password), 0o600)
      let report = try doctor(
        work, "--playbook", "isolate-device", "--secret", "broker-admin=file:\(work.at(password))",
        "--broker",
        "mqtt://127.0.0.1:\(port)")
      #expect(report.states("backends") == [wanted], "\(report.of("backends"))")
    }
  }

  @Test func theTableIsForPeopleAndStrictTakesWarningsForFailures() throws {
    let work = try Workspace()
    let environment = ["FIREBREAK_CASE": "", "FIREBREAK_PLAYBOOKS": Self.playbooks, "COLUMNS": "80"]
    let table = try BuiltProgram.run(["doctor"], in: work.folder, environment: environment)
    #expect(table.output.contains("not looked at"))
    let wide = table.output.split(separator: "\n").filter { $0.count > 80 }
    #expect(wide.isEmpty, "\(wide)")
    #expect(
      try BuiltProgram.run(["doctor", "--strict"], in: work.folder, environment: environment).exit == 1)
    #expect(
      try BuiltProgram.run(["doctor", "--max-age", "0"], in: work.folder, environment: environment).exit == 64
    )
    #expect(
      try BuiltProgram.run(["doctor", "--playbook", "nothing"], in: work.folder, environment: environment)
        .exit == 2)
  }
}
