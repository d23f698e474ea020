import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// Playbooks that go through an update server, with real SWUpdate devices behind it.
@Suite(.serialized) struct UpdateServerPlaybookTests {
  @Test func firmwareGoesBackByTheServerAndADeviceThatRefusesTheImageIsAFailure() async throws {
    guard Support.has("swupdate"), Support.has("cpio"), Support.has("openssl"), Support.has("python3") else {
      return
    }
    let folder = try TemporaryFolder()
    let images = try FirmwareImages(folder)
    // One image for all: it writes below the device's own working folder by a path that every device has.
    let slot = folder.path + "/version"
    for version in ["1.0", "2.0"] {
      try images.make(version, slot: slot, to: "\(folder.path)/fw-\(version).swu")
    }
    _ = try folder.write("version", "2.0\n")
    // The same image with its payload altered: the signature is right, the content is not.
    let program =
      "d=open('fw-1.0.swu','rb').read();i=d.rindex(b'1.0\\n');open('bad.swu','wb').write(d[:i]+b'6.6\\n'+d[i+4:])"
    #expect(try shell("cd \(folder.path) && python3 -c \"\(program)\"").code == 0)
    let server = try await HawkBitServer(
      folder, sets: ["41": ("1.0", "fw-1.0.swu"), "44": ("2.0", "fw-2.0.swu"), "66": ("6.6", "bad.swu")])
    var lab = try PlaybookLab(folder, secrets: [try server.secret()])
    lab.clock = FastClock(scale: 40)
    func plan(_ device: String, _ set: String, _ version: String) throws -> ExecutionPlan {
      try lab.plan(
        "rollback-firmware-hawkbit", [device],
        set: [
          "server": server.url, "rollback_set": set, "rollback_version": version, "current_set": "44",
          "current_version": "2.0",
        ])
    }
    let device = try UpdatingDevice(
      "pump-1", server, certificate: images.certificate, hardware: "pump:1.0", version: slot)
    defer { device.stop() }
    try await server.waitForDevice("pump-1")
    let rollback = try plan("pump-1", "41", "1.0")
    let summary = try await lab.run(rollback)
    #expect(summary.end == .succeeded && device.runs == "1.0", "\(lab.story)\n\(server.requests.suffix(20))")
    #expect(server.requests.contains { $0.hasSuffix("/deploymentBase/1/feedback") })
    // What was altered is refused by the device: nothing changes, and the run says so.
    lab.clock = FastClock(scale: 120)
    let bad = try await lab.run(try plan("pump-1", "66", "6.6"), id: "bad")
    #expect(bad.end == .halted && device.runs == "1.0", "\(lab.story)")
    lab.clock = FastClock(scale: 40)
    #expect(try await lab.undo(rollback).end == .succeeded, "\(lab.story)")
    #expect(device.runs == "2.0")
    #expect(!(try lab.everythingWritten(rollback)).contains("hawkbit-password"))
  }

  /// The bad version is assigned and not installed yet: with the next poll it would come. The same holds for an undo while the
  /// version of before is assigned.
  @Test func whatIsAssignedAndNotInstalledYetIsTakenBackToo() async throws {
    guard Support.has("python3"), Support.has("curl") else { return }
    let folder = try TemporaryFolder()
    let server = try await HawkBitServer(folder, sets: ["41": ("1.0", "a.swu"), "44": ("2.0", "b.swu")])
    var lab = try PlaybookLab(folder, secrets: [try server.secret()])
    lab.clock = FastClock(scale: 300)
    try server.poll("pump-1")
    try server.assign("41", to: "pump-1")
    try server.poll("pump-1")
    try server.assign("44", to: "pump-1")
    let plan = try lab.plan(
      "rollback-firmware-hawkbit", ["pump-1"],
      set: [
        "server": server.url, "rollback_set": "41", "rollback_version": "1.0", "current_set": "44",
        "current_version": "2.0",
      ])
    #expect(try await lab.run(plan).counts == [.changed: 1], "\(lab.story)")
    try server.poll("pump-1")
    #expect(try await lab.run(plan, id: "s").counts == [.ok: 1], "\(lab.story)")
    // Undone, while the device still runs the version that the undo goes back to.
    try server.assign("44", to: "pump-1")
    try server.poll("pump-1")
    #expect(try await lab.run(plan, id: "t").counts[.changed] == nil, "\(lab.story)")
    let before = server.requests.filter { $0 == "POST /rest/v1/targets/pump-1/assignedDS" }.count
    #expect(try await lab.undo(plan, id: "t").end == .succeeded, "\(lab.story)")
    #expect(server.requests.filter { $0 == "POST /rest/v1/targets/pump-1/assignedDS" }.count == before + 1)
  }

  @Test func hardwareThatTheImageIsNotForStaysAsItIs() async throws {
    guard Support.has("swupdate"), Support.has("cpio"), Support.has("openssl"), Support.has("python3") else {
      return
    }
    let folder = try TemporaryFolder()
    let images = try FirmwareImages(folder)
    let slot = try folder.write("version", "2.0\n")
    try images.make("1.0", slot: slot, to: "\(folder.path)/fw-1.0.swu")
    let server = try await HawkBitServer(
      folder, sets: ["41": ("1.0", "fw-1.0.swu"), "44": ("2.0", "fw-1.0.swu")])
    var lab = try PlaybookLab(folder, secrets: [try server.secret()])
    lab.clock = FastClock(scale: 100)
    let device = try UpdatingDevice(
      "valve-1", server, certificate: images.certificate, hardware: "valve:9.9", version: slot)
    defer { device.stop() }
    try await server.waitForDevice("valve-1")
    let summary = try await lab.run(
      try lab.plan(
        "rollback-firmware-hawkbit", ["valve-1"],
        set: [
          "server": server.url, "rollback_set": "41", "rollback_version": "1.0", "current_set": "44",
          "current_version": "2.0",
        ]))
    #expect(summary.end == .halted && device.runs == "2.0", "\(lab.story)")
    #expect(server.requests.contains { $0.hasSuffix("/deploymentBase/1/feedback") }, "\(server.requests)")
  }

  @Test func aRolloutIsPausedByOneRequestAndGoesOnAfterUndo() async throws {
    guard Support.has("python3") else { return }
    let folder = try TemporaryFolder()
    let server = try await HawkBitServer(folder, sets: [:])
    let lab = try PlaybookLab(folder, secrets: [try server.secret()])
    let names = (1...50).map { "pump-\($0)" }
    let plan = try lab.plan("halt-rollout", names, set: ["server": server.url, "rollout": "7"])
    #expect(try await lab.run(plan).end == .succeeded, "\(lab.story)")
    #expect(server.requests.filter { $0 == "POST /rest/v1/rollouts/7/pause" }.count == 1)
    #expect(lab.journal.all.filter { $0.outcome == .changed }.count == 50)
    #expect(try await lab.undo(plan).end == .succeeded, "\(lab.story)")
    #expect(server.requests.filter { $0 == "POST /rest/v1/rollouts/7/resume" }.count == 1)
    // A rollout that is not there.
    let missing = try await lab.run(
      try lab.plan("halt-rollout", names, set: ["server": server.url, "rollout": "8"]), id: "m")
    #expect(missing.end == .halted, "\(lab.story)")
  }
}
