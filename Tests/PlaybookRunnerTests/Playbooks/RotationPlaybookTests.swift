import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// Rotations on real targets: the new credential works before the old one goes, and no device is locked out.
@Suite(.serialized) struct RotationPlaybookTests {
  @Test func aSSHKeyIsReplacedAndADeviceThatDoesNotTakeTheNewOneKeepsTheOld() async throws {
    guard Support.has("sshd") else { return }
    let names = (1...5).map { "pump-\($0)" }
    let fleet = try await SSHFleet(names, strange: "pump-4")
    let (lab, plan) = try PlaybookLab.keyRotation(fleet, names)
    let summary = try await lab.run(plan)
    #expect(summary.counts[.failed] == 1, "\(lab.story)")
    for name in names where name != "pump-4" {
      #expect(try fleet.lets("new", into: name), "\(name)")
      #expect(try !fleet.lets("old", into: name), "\(name)")
    }
    // Its sshd reads its keys elsewhere: the new one never worked, so nobody took the old one away.
    #expect(try fleet.lets("old", into: "pump-4"))
    #expect(fleet.file("pump-4", "authorized")?.contains(try fleet.publicKey("old")) == true)
    _ = try await lab.undo(plan)
    #expect(try fleet.lets("old", into: "pump-1"))
    #expect(try !fleet.lets("new", into: "pump-1"), "\(lab.story)")
  }

  /// A key is the same key whatever options and comment its line has, and undo puts its lines back as they were.
  @Test func theOldKeyGoesWhateverItsLinesSayBesideIt() async throws {
    guard Support.has("sshd") else { return }
    let names = ["pump-1", "pump-2"]
    let fleet = try await SSHFleet(names)
    let old = try fleet.publicKey("old").split(separator: " ").map(String.init)
    let lines = [
      "# keys of the night shift", "from=\"127.0.0.0/8\",no-pty \(old[0]) \(old[1]) ann@desk",
      "\(old[0])  \(old[1])", try fleet.publicKey("stranger"),
    ]
    let before = lines.joined(separator: "\n") + "\n"
    try fleet.put("pump-1", "authorized", before)
    let (lab, plan) = try PlaybookLab.keyRotation(fleet, names, comment: "somebody@else")
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    for name in names {
      #expect(try !fleet.lets("old", into: name) && fleet.lets("new", into: name), "\(lab.story)")
    }
    #expect(try fleet.lets("stranger", into: "pump-1"))
    #expect(fleet.file("pump-1", "authorized")?.hasPrefix(lines[0] + "\n" + lines[3]) == true)
    #expect(try await lab.undo(plan).end == .succeeded, "\(lab.story)")
    let after = try #require(fleet.file("pump-1", "authorized"))
    #expect(after.split(separator: "\n").sorted() == before.split(separator: "\n").sorted(), "\(after)")
  }

  /// A second rotation that was taken back leaves nothing behind that the undo of the first could take for its own.
  @Test func theUndoOfTwoRotationsPutsTheFirstLinesBackAsTheyWere() async throws {
    guard Support.has("sshd") else { return }
    let fleet = try await SSHFleet(["pump-1"])
    let before = "from=\"127.0.0.0/8\",no-pty \(try fleet.publicKey("old"))\n"
    try fleet.put("pump-1", "authorized", before)
    let (first, one) = try PlaybookLab.keyRotation(fleet, ["pump-1"])
    #expect(try await first.run(one).end == .succeeded, "\(first.story)")
    let (second, two) = try PlaybookLab.keyRotation(
      fleet, ["pump-1"], old: "new", new: "stranger", newSecret: "stranger",
      now: Support.now + 60_000_000_000)
    #expect(try await second.run(two).end == .succeeded, "\(second.story)")
    _ = try await second.undo(two)
    #expect(
      try fleet.lets("new", into: "pump-1") && !fleet.lets("stranger", into: "pump-1"), "\(second.story)")
    _ = try await first.undo(one)
    #expect(fleet.file("pump-1", "authorized") == before, "\(first.story)")
  }

  /// The last key that works is never taken away: not by a new key that is the old one, nor by a secret that holds the old one.
  @Test(arguments: [("old", "new"), ("new", "old"), ("old", "old"), ("new", "stranger")])
  func noDeviceIsLockedOutByTheWrongKey(_ new: String, _ secret: String) async throws {
    guard Support.has("sshd") else { return }
    let names = ["pump-1", "pump-2"]
    let fleet = try await SSHFleet(names)
    let (lab, plan) = try PlaybookLab.keyRotation(fleet, names, new: new, newSecret: secret)
    #expect(try await lab.run(plan).end == .halted, "\(lab.story)")
    for name in names { #expect(try fleet.lets("old", into: name), "\(lab.story)") }
    _ = try await lab.undo(plan)
    for name in names {
      #expect(try fleet.lets("old", into: name) && !fleet.lets("new", into: name), "\(lab.story)")
      #expect(fleet.file(name, "authorized") == (try fleet.publicKey("old")) + "\n")
    }
  }

  /// Taken out of the file that everybody thinks of, and let in by another: that is no success.
  @Test func aKeyThatIsLetInByAnotherFileIsNotRotated() async throws {
    guard Support.has("sshd") else { return }
    let names = ["pump-1", "pump-2"]
    let fleet = try await SSHFleet(names)
    let (lab, plan) = try PlaybookLab.keyRotation(fleet, names)
    try fleet.put("pump-1", "second", try fleet.publicKey("old") + "\n")
    let summary = try await lab.run(plan)
    #expect(summary.end == .halted && summary.counts[.failed] == 1, "\(lab.story)")
    #expect(lab.story.contains("let in all the same"), "\(lab.story)")
  }

  @Test func anMQTTPasswordIsReplacedOnDeviceAndBrokerAndTheOldOneStaysSealed() async throws {
    guard Support.has("mosquitto"), Support.has("sshd"), Support.has("age"), Support.has("mosquitto_pub")
    else { return }
    let names = ["pump-1", "pump-2", "pump-3"]
    let broker = try await MosquittoBroker(clients: names)
    let fleet = try await SSHFleet(names)
    let vault = fleet.folder.path + "/vault"
    for folder in [vault, fleet.folder.path + "/oldpw"] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }
    for name in names {
      try fleet.put(name, "password", "device-password")
      _ = try fleet.folder.write("oldpw/\(name)", "device-password\n")
    }
    let identity = fleet.folder.path + "/identity"
    #expect(
      try shell("age-keygen -o \(identity) 2>/dev/null && age-keygen -y \(identity) > \(identity).pub").code
        == 0)
    let (lab, plan) = try PlaybookLab.passwordRotation(
      broker, fleet, names)
    let summary = try await lab.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    var secrets: [String] = ["device-password"]
    for name in names {
      let fresh = try String(contentsOfFile: vault + "/" + name, encoding: .utf8)
      secrets.append(fresh)
      #expect(fleet.file(name, "password") == fresh)
      let sealed = try shell("age -d -i \(identity) \(vault)/sealed/\(name).age")
      #expect(sealed.output == "device-password")
      let old = try Client(port: broker.port, user: name)
      #expect(await old.wait { $0.connectCode != nil })
      #expect(!old.current.connected)
      old.close()
      let new = try Client(port: broker.port, user: name, password: fresh)
      #expect(await new.waitForConnection())
      new.close()
    }
    #expect(Set(secrets).count == 4)
    let written = try lab.everythingWritten(plan)
    for secret in secrets { #expect(!written.contains(secret)) }
    _ = try await lab.undo(plan)
    let back = try Client(port: broker.port, user: "pump-2")
    #expect(await back.waitForConnection(), "\(lab.story)")
    back.close()
    #expect(fleet.file("pump-2", "password") == "device-password")
  }

  /// What an undo would put back must be what is there now.
  @Test func aDeviceWithAnotherPasswordThanTheOldOneKeepsIt() async throws {
    guard Support.has("mosquitto"), Support.has("sshd"), Support.has("age"), Support.has("mosquitto_pub")
    else { return }
    let broker = try await MosquittoBroker(clients: ["pump-1"])
    let fleet = try await SSHFleet(["pump-1"])
    try fleet.put("pump-1", "password", "device-password")
    try FileManager.default.createDirectory(
      atPath: fleet.folder.path + "/oldpw", withIntermediateDirectories: false)
    _ = try fleet.folder.write("oldpw/pump-1", "password-of-last-year\n")
    let identity = fleet.folder.path + "/identity"
    let made = try shell(
      "age-keygen -o \(identity) 2>/dev/null && age-keygen -y \(identity) > \(identity).pub")
    #expect(made.code == 0)
    let (lab, plan) = try PlaybookLab.passwordRotation(broker, fleet, ["pump-1"])
    #expect(try await lab.run(plan).end == .halted, "\(lab.story)")
    #expect(
      fleet.file("pump-1", "password.new") == nil && fleet.file("pump-1", "password") == "device-password")
    #expect(lab.story.contains("not that of old-password"), "\(lab.story)")
    let client = try Client(port: broker.port, user: "pump-1")
    #expect(await client.waitForConnection())
    client.close()
  }

  /// The run makes the new passwords: none are there before, and those of an earlier rotation are none of this one.
  @Test func anEmptyVaultIsFilledAndOneOfAnEarlierRotationIsRefused() async throws {
    guard Support.has("mosquitto"), Support.has("sshd"), Support.has("age"), Support.has("mosquitto_pub")
    else { return }
    let names = ["pump-1", "pump-2", "pump-3"]
    let broker = try await MosquittoBroker(clients: names)
    let fleet = try await SSHFleet(names)
    let vault = fleet.folder.path + "/vault"
    let old = fleet.folder.path + "/oldpw"
    try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: false)
    for name in names { try fleet.put(name, "password", "device-password") }
    // Of one device nobody knows the password of now.
    for name in names.dropLast() { _ = try fleet.folder.write("oldpw/\(name)", "device-password\n") }
    let identity = fleet.folder.path + "/identity"
    let made = try shell(
      "age-keygen -o \(identity) 2>/dev/null && age-keygen -y \(identity) > \(identity).pub")
    #expect(made.code == 0)
    let (lab, plan) = try PlaybookLab.passwordRotation(
      broker, fleet, names)
    let summary = try await lab.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    let fresh = try String(contentsOfFile: vault + "/pump-1", encoding: .utf8)
    #expect(fleet.file("pump-1", "password") == fresh && fresh != "device-password")
    // In no step.
    let alone = lab.journal.all.filter { $0.target == "pump-3" }
    #expect(
      alone.allSatisfy { $0.kind != .intent } && alone.contains { $0.reason == "no-secret" }, "\(lab.story)")
    #expect(try shell("find \(vault) -name 'pump-3*'").output.isEmpty)
    #expect(fleet.file("pump-3", "password.new") == nil)
    // The next rotation, into the vault of the last one: what leaked may be just that.
    #expect(try shell("find \(vault) -type f -exec touch -d '3 days ago' {} +").code == 0)
    for name in names.dropLast() {
      #expect(try shell("cp \(vault)/\(name) \(old)/\(name)").code == 0)
    }
    let again = try await lab.run(plan, id: "s")
    #expect(again.end == .halted && lab.story.contains("of an earlier rotation"), "\(lab.story)")
    #expect(fleet.file("pump-1", "password") == fresh)
    // Nothing was done, so nothing is taken back: the only record of the password in force stays.
    #expect(try !RunHistory(run: "s", in: lab.journal).standing.isAny, "\(lab.story)")
    _ = try await lab.undo(plan, id: "s")
    for name in names.dropLast() {
      #expect(try shell("test -s \(vault)/\(name) && test -s \(vault)/sealed/\(name).age").code == 0)
    }
  }

  /// A device that the new password could not be put on must not lose the old one at the broker.
  @Test func aDeviceThatIsOutOfReachIsNotLockedOut() async throws {
    guard Support.has("mosquitto"), Support.has("sshd"), Support.has("age"), Support.has("mosquitto_pub")
    else { return }
    // One in six of the last wave is out of reach: that is borne.
    let names = (1...9).map { "pump-\($0)" }
    let broker = try await MosquittoBroker(clients: names)
    let fleet = try await SSHFleet(Array(names.dropLast()))
    let vault = fleet.folder.path + "/vault"
    for folder in [vault, fleet.folder.path + "/oldpw"] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }
    for name in names {
      if name != "pump-9" { try fleet.put(name, "password", "device-password") }
      _ = try fleet.folder.write("oldpw/\(name)", "device-password\n")
    }
    let identity = fleet.folder.path + "/identity"
    let made = try shell(
      "age-keygen -o \(identity) 2>/dev/null && age-keygen -y \(identity) > \(identity).pub")
    #expect(made.code == 0)
    let (lab, plan) = try PlaybookLab.passwordRotation(
      broker, fleet, names,
      address: { $0 == "pump-9" ? "127.0.0.99" : fleet.address($0) })
    let summary = try await lab.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    for (name, isLetIn) in [("pump-9", true), ("pump-8", false)] {
      let old = try Client(port: broker.port, user: name)
      #expect(await old.wait { $0.connectCode != nil })
      #expect(old.current.connected == isLetIn, "\(name): \(lab.story)")
      old.close()
    }
  }

  @Test func aClientCertificateIsReplacedProvenRevokedAndItsOldSessionEnds() async throws {
    guard Support.has("mosquitto"), Support.has("sshd"), Support.has("openssl") else { return }
    let names = ["pump-1", "pump-2"]
    let authority = try TestAuthority()
    try authority.issue("admin")
    for name in names { try authority.issue(name) }
    let broker = try await MosquittoBroker(clients: names, authority: authority)
    let fleet = try await SSHFleet(names)
    for name in names {
      let both = try String(contentsOfFile: "\(authority.path)/\(name).pem", encoding: .utf8)
      try fleet.put(name, "client.pem", both)
    }
    let (lab, plan) = try PlaybookLab.certificateRotation(broker, fleet, authority, names)
    #expect(plan.approval == .two)
    // A session that began with the old certificate.
    let session = try Client(
      port: broker.securePort, user: "pump-1", transport: authority.transport("pump-1"))
    #expect(await session.waitForConnection())
    let summary = try await lab.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    #expect(await session.wait { !$0.connected })
    session.close()
    let again = try Client(port: broker.securePort, user: "pump-1", transport: authority.transport("pump-1"))
    try await Task.sleep(for: .seconds(1))
    #expect(!again.current.connected)
    again.close()
    for name in names {
      let file = "\(fleet.folder.path)/\(name)/client.pem"
      let new = TransportSecurity(authorities: authority.certificate, certificate: file, key: file)
      let client = try Client(port: broker.securePort, user: name, transport: new)
      #expect(await client.waitForConnection(), "\(name)")
      client.close()
    }
    #expect(try !lab.everythingWritten(plan).contains("PRIVATE KEY"))
  }

  /// What an earlier rotation left on the device and in `issued` is none of this one.
  @Test func aSecondRotationIsTakenBackToTheCertificateOfTheFirst() async throws {
    guard Support.has("mosquitto"), Support.has("sshd"), Support.has("openssl") else { return }
    let authority = try TestAuthority()
    for name in ["admin", "pump-1"] { try authority.issue(name) }
    let broker = try await MosquittoBroker(clients: ["pump-1"], authority: authority)
    let fleet = try await SSHFleet(["pump-1"])
    try fleet.put(
      "pump-1", "client.pem", try String(contentsOfFile: "\(authority.path)/pump-1.pem", encoding: .utf8))
    let (first, one) = try PlaybookLab.certificateRotation(broker, fleet, authority, ["pump-1"])
    #expect(try await first.run(one).end == .succeeded, "\(first.story)")
    let ofFirst = try #require(fleet.file("pump-1", "client.pem"))
    // The broker refuses the one of before: to put it back would lock the device out.
    #expect(try await first.undo(one).end == .failed, "\(first.story)")
    #expect(
      fleet.file("pump-1", "client.pem") == ofFirst && first.story.contains("the device keeps the new one"))
    // The certificate of before in `issued` is revoked: nothing is made, and nothing taken for done.
    let (stale, two) = try PlaybookLab.certificateRotation(
      broker, fleet, authority, ["pump-1"], vault: "vault-2")
    #expect(
      try await stale.run(two).end == .halted && stale.story.contains("revoked already"), "\(stale.story)")
    #expect(fleet.file("pump-1", "client.pem") == ofFirst)
    #expect(try shell("cp \(fleet.folder.path)/vault/pump-1.crt \(authority.path)/pump-1.crt").code == 0)
    // This one cannot write its list.
    let (last, three) = try PlaybookLab.certificateRotation(
      broker, fleet, authority, ["pump-1"], vault: "vault-3", list: "nowhere/list.pem")
    #expect(try await last.run(three).end == .halted, "\(last.story)")
    #expect(fleet.file("pump-1", "client.pem") != ofFirst)
    _ = try await last.undo(three)
    #expect(fleet.file("pump-1", "client.pem") == ofFirst, "\(last.story)")
  }
}
