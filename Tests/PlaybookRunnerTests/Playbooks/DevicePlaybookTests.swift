import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// Playbooks that act on devices over a real sshd.
@Suite(.serialized) struct DevicePlaybookTests {
  @Test func evidenceIsFetchedHashedAndMadeReadOnly() async throws {
    guard Support.has("sshd") else { return }
    let names = ["pump-1", "pump-2", "pump-3"]
    let fleet = try await SSHFleet(names)
    for name in names {
      try FileManager.default.createDirectory(
        atPath: "\(fleet.folder.path)/\(name)/var/log", withIntermediateDirectories: true)
      try fleet.put(name, "var/log/messages", "line of \(name)\n")
    }
    // One device has no such folder.
    try FileManager.default.removeItem(atPath: fleet.folder.path + "/pump-3/var")
    let folder = fleet.folder.path + "/evidence"
    let lab = try PlaybookLab(fleet.folder, knownHosts: fleet.knownHosts)
    func plan(_ devices: [String], port: Int? = nil) throws -> ExecutionPlan {
      try lab.plan(
        "collect-evidence", devices, ["address": fleet.address],
        set: [
          "folder": folder, "root": ".", "paths": "var/log", "user": NSUserName(),
          "key": fleet.folder.path + "/old",
          "known_hosts": fleet.knownHosts, "port": "\(port ?? fleet.port)",
        ])
    }
    let summary = try await lab.run(try plan(names))
    #expect(summary.counts[.changed] == 2 && summary.counts[.failed] == 1, "\(lab.story)")
    for name in ["pump-1", "pump-2"] {
      let archive = "\(folder)/\(name).tar.gz"
      #expect(try shell("tar -xzOf \(archive) var/log/messages").output == "line of \(name)\n")
      #expect(try shell("cd \(folder) && sha256sum -c \(name).tar.gz.sha256").code == 0)
      let attributes = try FileManager.default.attributesOfItem(atPath: archive)
      #expect(attributes[.posixPermissions] as? Int == 0o400)
    }
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/pump-3.tar.gz"))
    // A second run finds what it has and fetches nothing.
    let again = try await lab.run(try plan(["pump-1", "pump-2"]), id: "s")
    #expect(again.counts[.ok] == 2, "\(lab.story)")
    // What lies there from before the plan is of another incident: nothing is fetched, and that is no success.
    #expect(try shell("touch -d '2 days ago' \(folder)/pump-1.tar.gz").code == 0)
    let stale = try await lab.run(try plan(["pump-1"]), id: "t")
    #expect(stale.end != .succeeded && stale.counts == [.failed: 1], "\(lab.story)")
    #expect(lab.story.contains("pump-1.tar.gz is there already, from 20"), "\(lab.story)")
    #expect(try shell("tar -xzOf \(folder)/pump-1.tar.gz var/log/messages").output == "line of pump-1\n")
  }

  /// In an incident devices are away: nobody else waits for them, the first one neither, and they are fetched when they are back.
  @Test func evidenceOfDevicesOutOfReachIsFetchedLater() async throws {
    guard Support.has("sshd") else { return }
    let names = ["pump-1", "pump-2", "pump-3", "pump-4"]
    let fleet = try await SSHFleet(names)
    for name in names {
      try FileManager.default.createDirectory(
        atPath: "\(fleet.folder.path)/\(name)/var/log", withIntermediateDirectories: true)
      try fleet.put(name, "var/log/messages", "line of \(name)\n")
    }
    let folder = fleet.folder.path + "/evidence"
    let lab = try PlaybookLab(fleet.folder, knownHosts: fleet.knownHosts)
    // Nobody listens there, nobody routes there, and there the host's key is not known.
    let away = ["pump-1": "127.0.0.99", "pump-2": "fe80::1%lo"]
    let plan = try lab.plan(
      "collect-evidence", names, ["address": { away[$0] ?? fleet.address($0) }],
      set: [
        "folder": folder, "root": ".", "user": NSUserName(), "key": fleet.folder.path + "/old",
        "known_hosts": fleet.knownHosts, "port": "\(fleet.port)",
      ])
    let summary = try await lab.run(plan)
    #expect(summary.counts == [.changed: 2, .skipped: 2], "\(lab.story)")
    #expect(summary.end == .succeeded, "\(lab.story)")
    let waiting = QueueRun.entries(plan, try RunHistory(run: summary.run, in: lab.journal), SystemClock())
    #expect(waiting.map(\.target.device).sorted() == ["pump-1", "pump-2"], "\(lab.story)")
    #expect(waiting.allSatisfy { $0.reason == "unreachable" })
    // Who was reached and does not let us in is no device out of reach.
    let strange = try lab.plan(
      "collect-evidence", ["pump-3"], ["address": fleet.address],
      set: [
        "folder": folder + "2", "root": ".", "user": NSUserName(), "key": fleet.folder.path + "/stranger",
        "known_hosts": fleet.knownHosts, "port": "\(fleet.port)",
      ])
    #expect(try await lab.run(strange, id: "u").counts == [.failed: 1], "\(lab.story)")
  }

  @Test func logsReachOurCollectorThroughRealRsyslogAndNoLongerAfterUndo() async throws {
    guard Support.has("sshd"), Support.has("rsyslogd"), Support.has("logger"), Support.has("python3") else {
      return
    }
    let names = ["pump-1", "pump-2"]
    let fleet = try await SSHFleet(names)
    let received = try fleet.folder.write("received", "")
    let port = try Support.freePort()
    let collector = try ChildProcess(
      "/usr/bin/python3",
      [
        "-c",
        "import socketserver,sys\nclass H(socketserver.StreamRequestHandler):\n def handle(self):\n  for l in self.rfile:\n   open('\(received)','ab').write(l)\nsocketserver.ThreadingTCPServer.allow_reuse_address=True\nsocketserver.ThreadingTCPServer(('127.0.0.1',\(port)),H).serve_forever()",
      ])
    defer { collector.stop() }
    for name in names {
      let home = fleet.folder.path + "/" + name
      try FileManager.default.createDirectory(atPath: home + "/rules", withIntermediateDirectories: true)
      try fleet.put(
        name, "rsyslog.conf",
        "module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=\"\(home)/log\" CreatePath=\"on\")\ninclude(file=\"\(home)/rules/*.conf\" mode=\"optional\")\n*.* \(home)/messages\n"
      )
      // A restart as an init system does it: the old one ended, the new one listening.
      try fleet.put(
        name, "restart.sh",
        "[ ! -s pid ] || { p=$(cat pid); kill $p; while kill -0 $p 2>/dev/null; do sleep 0.05; done; }\nrm -f log pid\nsetsid /usr/sbin/rsyslogd -f $PWD/rsyslog.conf -i $PWD/pid </dev/null >/dev/null 2>&1\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -S log ] && [ -s pid ] && exit 0; sleep 0.1; done; exit 1\n"
      )
    }
    defer { for name in names { _ = try? shell("kill $(cat \(fleet.folder.path)/\(name)/pid)") } }
    let lab = try PlaybookLab(
      fleet.folder, secrets: [try fleet.secret("fleet-ssh", key: "old")], knownHosts: fleet.knownHosts)
    let values = [
      "collector": "127.0.0.1", "collector_port": "\(port)", "received": received,
      "rule": "rules/90-firebreak.conf",
      "restart": "sh restart.sh", "say": "logger -u log -t firebreak-probe", "port": "\(fleet.port)",
    ]
    let plan = try lab.plan("restore-monitoring", names, ["address": fleet.address], set: values)
    var slow = lab
    slow.clock = SystemClock()
    let summary = try await slow.run(plan)
    #expect(summary.end == .succeeded, "\(lab.story)")
    let text = try String(contentsOfFile: received, encoding: .utf8)
    for name in names { #expect(text.contains("firebreak-\(name)-127.0.0.1-\(port)"), "\(text)") }
    #expect(try await slow.undo(plan).end == .succeeded, "\(lab.story)")
    #expect(try shell("cd \(fleet.folder.path)/pump-1 && logger -u log said-afterwards && sleep 1").code == 0)
    #expect(fleet.file("pump-1", "messages")?.contains("said-afterwards") == true)
    #expect(try !String(contentsOfFile: received, encoding: .utf8).contains("said-afterwards"))
    // The next incident: the lines of the first run still lie there, and prove nothing.
    let again = try lab.plan(
      "restore-monitoring", names, ["address": fleet.address], set: values, now: Support.now + 60_000_000_000)
    #expect(try await slow.run(again, id: "s").counts == [.changed: 2], "\(lab.story)")
    #expect(try shell("cd \(fleet.folder.path)/pump-1 && logger -u log said-again && sleep 1").code == 0)
    #expect(try String(contentsOfFile: received, encoding: .utf8).contains("said-again"))
    // A rule that somebody took away is none, whatever lines there are.
    #expect(
      try shell("cd \(fleet.folder.path)/pump-1 && rm rules/90-firebreak.conf && sh restart.sh").code == 0)
    #expect(try await slow.run(again, id: "t").counts == [.changed: 1, .ok: 1], "\(lab.story)")
  }

  @Test func firmwareGoesBackByARealUpdaterAndForwardAgainByUndo() async throws {
    guard Support.has("sshd"), Support.has("swupdate"), Support.has("cpio"), Support.has("openssl") else {
      return
    }
    let names = ["pump-1", "pump-2", "pump-3"]
    let fleet = try await SSHFleet(names)
    let images = try FirmwareImages(fleet.folder)
    var hashes: [String: String] = [:]
    for name in names {
      let home = fleet.folder.path + "/" + name
      try fleet.put(name, "version", "2.0\n")
      for version in ["1.0", "2.0"] {
        try images.make(version, slot: home + "/version", to: "\(home)/fw-\(version).swu")
        hashes[name + version] = try Self.sha256("\(home)/fw-\(version).swu")
      }
      try FileManager.default.createDirectory(atPath: home + "/tmp", withIntermediateDirectories: true)
    }
    // The image of one device was altered after the inventory was written.
    _ = try shell("printf x >> \(fleet.folder.path)/pump-3/fw-1.0.swu")
    let lab = try PlaybookLab(
      fleet.folder, secrets: [try fleet.secret("fleet-ssh", key: "old")], knownHosts: fleet.knownHosts)
    func plan(_ hardware: String) throws -> ExecutionPlan {
      try lab.plan(
        "rollback-firmware-ssh", names,
        [
          "address": fleet.address, "rollback_image": { _ in "fw-1.0.swu" },
          "rollback_version": { _ in "1.0" },
          "rollback_sha256": { hashes[$0 + "1.0"] ?? "" }, "current_image": { _ in "fw-2.0.swu" },
          "current_sha256": { hashes[$0 + "2.0"] ?? "" }, "current_version": { _ in "2.0" },
        ],
        set: [
          "install": "TMPDIR=$PWD/tmp swupdate -k \(images.certificate) -H \(hardware) -i",
          "show": "cat version",
          "restart": "true", "port": "\(fleet.port)",
        ])
    }
    // Hardware that the image is not for: the updater refuses, the canary fails, everything stops.
    let refused = try await lab.run(try plan("valve:9.9"), id: "wrong")
    #expect(refused.end == .halted && fleet.file("pump-1", "version") == "2.0\n", "\(lab.story)")
    let rollback = try plan("pump:1.0")
    let summary = try await lab.run(rollback)
    #expect(
      fleet.file("pump-1", "version") == "1.0\n" && fleet.file("pump-2", "version") == "1.0\n", "\(lab.story)"
    )
    #expect(summary.counts[.failed] == 1 && fleet.file("pump-3", "version") == "2.0\n")
    #expect(lab.journal.all.contains { $0.target == "pump-3" && $0.outcome == .failed })
    _ = try await lab.undo(rollback)
    #expect(fleet.file("pump-1", "version") == "2.0\n", "\(lab.story)")
  }

  /// "Taken back" is said of a device that runs the version of before, and of no other: not of one whose version cannot be read,
  /// nor of one that runs a third.
  @Test func anUndoOfFirmwareIsNoneWhereAnotherVersionOrNoneIsShown() async throws {
    guard Support.has("sshd") else { return }
    let names = ["pump-1", "pump-2", "pump-3"]
    let fleet = try await SSHFleet(names)
    for name in names {
      try fleet.put(name, "version", "2.0\n")
      try fleet.put(name, "fw-1", "1.0\n")
      try fleet.put(name, "fw-2", "2.0\n")
      // An installer that notes what it was asked for.
      try fleet.put(name, "install.sh", "echo \"$1\" >> asked; cp \"$1\" version\n")
    }
    let lab = try PlaybookLab(
      fleet.folder, secrets: [try fleet.secret("fleet-ssh", key: "old")], knownHosts: fleet.knownHosts)
    let hashes = try ["fw-1", "fw-2"].map { try Self.sha256("\(fleet.folder.path)/pump-1/\($0)") }
    let plan = try lab.plan(
      "rollback-firmware-ssh", names,
      [
        "address": fleet.address, "rollback_image": { _ in "fw-1" }, "rollback_version": { _ in "1.0" },
        "rollback_sha256": { _ in hashes[0] }, "current_image": { _ in "fw-2" },
        "current_sha256": { _ in hashes[1] }, "current_version": { _ in "2.0" },
      ],
      set: ["install": "sh install.sh", "show": "cat version", "restart": "true", "port": "\(fleet.port)"])
    #expect(try await lab.run(plan).counts == [.changed: 3], "\(lab.story)")
    try FileManager.default.removeItem(atPath: "\(fleet.folder.path)/pump-2/version")
    try fleet.put("pump-2", "install.sh", "exit 0\n")
    try fleet.put("pump-3", "version", "0.9-broken\n")
    let undo = try await lab.undo(plan)
    #expect(undo.counts == [.changed: 2, .failed: 1] && undo.end == .failed, "\(lab.story)")
    #expect(fleet.file("pump-3", "version") == "2.0\n" && fleet.file("pump-3", "asked") == "fw-1\nfw-2\n")
    let standing = try RunHistory(run: "r", in: lab.journal).standing
    #expect(standing.devices == ["pump-2"] && standing.takenBack == 2, "\(lab.story)")
  }

  /// What undo would install must be what runs now: a device that runs a third version is refused, and undo has nothing to do there.
  @Test func aDeviceThatRunsAnotherVersionThanTheInventorySaysIsLeftAlone() async throws {
    guard Support.has("sshd") else { return }
    let fleet = try await SSHFleet(["pump-1"])
    try fleet.put("pump-1", "version", "2.5\n")
    for image in ["fw-1", "fw-2"] { try fleet.put("pump-1", image, image) }
    try fleet.put("pump-1", "install.sh", "echo \"$1\" >> asked; cp \"$1\" version\n")
    let hashes = try ["fw-1", "fw-2"].map { try Self.sha256("\(fleet.folder.path)/pump-1/\($0)") }
    let lab = try PlaybookLab(
      fleet.folder, secrets: [try fleet.secret("fleet-ssh", key: "old")], knownHosts: fleet.knownHosts)
    let plan = try lab.plan(
      "rollback-firmware-ssh", ["pump-1"],
      [
        "address": fleet.address, "rollback_image": { _ in "fw-1" }, "rollback_version": { _ in "fw-1" },
        "rollback_sha256": { _ in hashes[0] }, "current_image": { _ in "fw-2" },
        "current_sha256": { _ in hashes[1] }, "current_version": { _ in "fw-2" },
      ],
      set: ["install": "sh install.sh", "show": "cat version", "restart": "true", "port": "\(fleet.port)"])
    #expect(try await lab.run(plan).counts == [.failed: 1], "\(lab.story)")
    #expect(lab.story.contains("2.5 runs, not the current_version of the inventory"), "\(lab.story)")
    _ = try await lab.undo(plan)
    #expect(
      fleet.file("pump-1", "asked") == nil && fleet.file("pump-1", "version") == "2.5\n", "\(lab.story)")
  }

  private static func sha256(_ path: String) throws -> String {
    String(try shell("sha256sum \(path)").output.prefix(64))
  }
}

/// Signed images for SWUpdate that write a version into a file.
struct FirmwareImages {
  let folder: TemporaryFolder
  var certificate: String { folder.path + "/sign.crt" }

  init(_ folder: TemporaryFolder) throws {
    self.folder = folder
    let made = try shell(
      """
      cd \(folder.path) && openssl req -x509 -newkey rsa:2048 -nodes -keyout sign.key -out sign.crt -days 30 -subj /CN=firmware \
        -addext extendedKeyUsage=emailProtection -addext keyUsage=digitalSignature
      """)
    guard made.code == 0 else { throw RunnerError(.unsupported, made.output) }
  }

  func make(_ version: String, slot: String, to path: String) throws {
    let made = try shell(
      """
      set -e; w=$(mktemp -d); cd $w; echo '\(version)' > version
      cat > sw-description <<END
      software = { version = "\(version)"; hardware-compatibility: [ "1.0" ];
        files: ( { filename = "version"; path = "\(slot)"; sha256 = "$(sha256sum version | cut -d' ' -f1)"; } ); }
      END
      openssl cms -sign -in sw-description -out sw-description.sig -signer \(certificate) -inkey \(folder.path)/sign.key \
        -outform DER -nosmimecap -binary
      printf 'sw-description\\nsw-description.sig\\nversion\\n' | cpio -o -H crc --quiet > \(path); rm -rf $w
      """)
    guard made.code == 0 else { throw RunnerError(.unsupported, made.output) }
  }
}
