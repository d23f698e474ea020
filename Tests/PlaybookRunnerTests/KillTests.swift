import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// kill -9 of the engine at random instants of a run of 200 devices on a real broker.
@Suite struct KillTests {
  @Test func afterAKillNobodyIsActedOnTwiceWithoutALookNobodyIsLostAndTheJournalVerifies() async throws {
    guard Support.has("mosquitto") else { return }
    let isSoak = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] != nil
    let scene = try await FleetScene(200)
    var table: [String] = []
    var kills = 0
    var round = 0
    var lastRun: String?
    while kills < (isSoak ? 100 : 10), round < (isSoak ? 160 : 20) {
      round += 1
      scene.broker.clearLog()
      let run = ["playbook", "run", scene.folder.path + "/p.plan"] + scene.secret
      let first = Int.random(in: 150...1100)
      var instants = [first]
      let wasKilled = try await scene.killed(run, after: first)
      if wasKilled { kills += 1 }
      // Every third time the resumption is killed, too.
      if wasKilled, round % 3 == 0 {
        let again = Int.random(in: 150...700)
        instants.append(again)
        if try await scene.killed(["playbook", "resume"] + scene.secret, after: again) { kills += 1 }
      }
      let state = try status(scene)
      if state?["run"] as? String == lastRun {
        // Killed before the run had a first record: nothing was begun, so begin.
        try scene.run("playbook", "run", scene.folder.path + "/p.plan", scene.secret[0], scene.secret[1])
      } else if state?["end"] is NSNull {
        try scene.run("playbook", "resume", scene.secret[0], scene.secret[1])
      }
      let log = scene.broker.commands
      var looked: Set<String> = []
      var acted: [String: Int] = [:]
      for (command, device) in log {
        if command == "getClient" { looked.insert(device) }
        guard command == "disableClient" else { continue }
        // A look stands before each action, also before the first.
        #expect(looked.remove(device) != nil, "\(device) was acted on without a look, killed at \(instants)")
        acted[device, default: 0] += 1
      }
      #expect(
        Set(acted.keys) == Set(scene.devices),
        "lost: \(Set(scene.devices).subtracting(acted.keys)), killed at \(instants)")
      let after = try status(scene)
      #expect(after?["end"] as? String == "succeeded", "\(after ?? [:])")
      lastRun = after?["run"] as? String
      let verified = try scene.run(
        "verify", "--log-only", "--journal-key", scene.folder.path + "/journal.key",
        // 3 where one was killed between its folder and its first record.
        accepting: [0, 3])
      #expect(verified.contains("chain whole") && !verified.contains("ALTERED"))
      table.append(
        "killed at \(instants) ms: \(acted.count) isolated, \(acted.values.filter { $0 > 1 }.count) acted on again after a look"
      )
      try scene.run("playbook", "undo", scene.secret[0], scene.secret[1])
    }
    #expect(kills >= (isSoak ? 100 : 10), "only \(kills) kills hit a running engine")
    print("kill table (\(kills) kills of \(round) runs)\n" + table.joined(separator: "\n"))
  }

  /// The latest run's status; nil when there is none.
  private func status(_ scene: FleetScene) throws -> [String: Any]? {
    let text = try scene.run("playbook", "status", "--format", "json", accepting: [0, 1])
    // What is said of a run that was killed before its first record stands behind the document.
    guard let start = text.firstIndex(of: "{"), let end = text.lastIndex(of: "}"), start < end else {
      return nil
    }
    return try JSONSerialization.jsonObject(with: Data(text[start...end].utf8)) as? [String: Any]
  }

  @Test func twoRunsOnTheSameDevicesAreRefusedWhileOneWorks() async throws {
    guard Support.has("mosquitto") else { return }
    let scene = try await FleetScene(60)
    let process = try ChildProcess(
      BuiltProgram.path, ["playbook", "run", scene.folder.path + "/p.plan"] + scene.secret,
      output: scene.folder.path + "/out", environment: scene.environment)
    defer { process.stop() }
    for _ in 0..<200 where !FileManager.default.fileExists(atPath: scene.folder.path + "/locks/gate") {
      try await Task.sleep(for: .milliseconds(5))
    }
    scene.broker.freeze()
    let second = try ChildProcess.run(
      BuiltProgram.path, ["playbook", "run", scene.folder.path + "/p.plan"] + scene.secret,
      environment: scene.environment)
    #expect(second.code == 2 && second.output.contains("works on this case"), "\(second)")
    // Another case on the same machine with one of the devices.
    var environment = scene.environment
    environment["FIREBREAK_CASE"] = scene.folder.path + "/y.firebreak"
    _ = try ChildProcess.run(
      BuiltProgram.path,
      ["ingest", scene.folder.path + "/a.log", "--inventory", scene.folder.path + "/inv.csv"],
      environment: environment)
    let made = try ChildProcess.run(
      BuiltProgram.path,
      [
        "playbook", "plan", scene.folder.path + "/playbook.yaml", "--targets", "device:pump-3", "--set",
        "broker=\(scene.broker.url)", "--output", scene.folder.path + "/q.plan",
      ],
      environment: environment)
    #expect(made.code == 0, "\(made.output)")
    let third = try ChildProcess.run(
      BuiltProgram.path, ["playbook", "run", scene.folder.path + "/q.plan"] + scene.secret,
      environment: environment)
    #expect(third.code == 2 && third.output.contains("works on 1 of these devices"), "\(third)")
    scene.broker.thaw()
  }
}
