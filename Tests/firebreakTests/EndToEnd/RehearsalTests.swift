import Foundation
import Testing

/// Many devices in the process, with a second process that reads the journal.
@Suite struct RehearsalTests {
  @Test func everyIntentCanBeReadByASecondProcessBeforeTheDeviceActs() throws {
    let work = try Workspace()
    let count = 20_000
    var rows = "device,site,life_safety\n"
    for index in 0..<count { rows += "dev-\(index),site-\(index % 40),no\n" }
    try work.write("inv.csv", rows)
    try work.write("a.log", Workspace.log(3, host: "dev-1"))
    try #require(
      try work.ingest(work.at("a.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    let playbook = Repository.root.appending(path: "Playbooks/isolate-device").path(percentEncoded: false)
    let plan = try work.firebreak(
      "playbook", "plan", playbook, "--targets", "site:*", "--set", "broker=mqtt://10.0.0.5:1883", "--case",
      work.at("x.firebreak"), "--output", work.at("p.plan"))
    try #require(plan.exit == 0, "\(plan.errors)")
    func rehearse(_ seed: Int) throws -> [String: Any] {
      let run = try work.firebreak(
        "playbook", "rehearse", work.at("p.plan"), "--seed", "\(seed)", "--refuse", "0.1", "--unreachable",
        "3",
        "--silent", "0.5", "--speed", "1000000", "--witness", "--format", "json",
        environment: ["FIREBREAK_JOURNAL_KEY": work.at("journal.key")])
      let report = try jsonObject(run.output)
      #expect(
        (report["end"] as? String == "succeeded") == (run.exit == 0),
        "\(run.output.suffix(800)) \(run.errors)")
      return report
    }
    // A canary that is out of reach, or refuses, halts the run: about one seed in thirty. All others go through.
    var whole: [(seed: Int, counts: [String: Int])] = []
    for seed in Int.random(in: 1...1_000_000)... {
      let report = try rehearse(seed)
      let counts = report["counts"] as? [String: Int] ?? [:]
      #expect(
        report["refused_without_intent"] as? Int == 0 && report["acted_twice"] as? Int == 0, "seed \(seed)")
      // Who acts and does not answer is looked at: it is changed, not unknown.
      #expect(counts["unknown"] ?? 0 == 0, "seed \(seed)")
      #expect(report["in_force"] as? Int == counts["changed"], "seed \(seed)")
      guard report["end"] as? String == "succeeded" else {
        // Nobody but the canary was begun.
        #expect(counts.values.reduce(0, +) == 1 && counts["changed"] == 0, "seed \(seed): \(report)")
        continue
      }
      #expect(counts.values.reduce(0, +) == count, "seed \(seed): \(report)")
      // Shares of 3 % and 0.1 % of 20,000, within six standard deviations.
      #expect((450...750).contains(counts["skipped"] ?? 0), "seed \(seed): \(counts)")
      #expect((1...50).contains(counts["failed"] ?? 0), "seed \(seed): \(counts)")
      whole.append((seed, counts))
      if whole.count == 2 { break }
    }
    #expect(try rehearse(whole[0].seed)["counts"] as? [String: Int] == whole[0].counts)
    #expect(whole[0].counts != whole[1].counts || whole[0].seed == whole[1].seed)
  }
  /// "Succeeded" is what people read; that it was not everywhere has to stand beside it.
  @Test func aRehearsalThatSomeDevicesRefusedDoesNotSayThatAllWentWell() throws {
    let work = try Workspace()
    try work.ingestFleet()
    try work.write("p.yaml", work.touchPlaybook(rollout: "failure_percent: 100"))
    let plan = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", "device:gw-*", "--output", work.at("p.plan")])
    try #require(plan.exit == 0, "\(plan)")
    var partly = 0
    for seed in 1...200 {
      let run = try work.playbook(["rehearse", work.at("p.plan"), "--refuse", "25", "--seed", "\(seed)"])
      let failed = !run.output.contains(" 0 failed")
      if run.output.contains("8 devices: succeeded") {
        #expect(run.exit == 0 && run.output.contains("succeeded, but not everywhere (") == failed, "\(run)")
        #expect(run.output.contains("the first: gw-") == failed, "\(run)")
        if failed { partly += 1 }
      }
      if partly == 3 { break }
    }
    #expect(partly == 3)
  }
}
