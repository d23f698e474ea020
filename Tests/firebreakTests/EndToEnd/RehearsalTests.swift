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
    func rehearse(_ seed: String) throws -> [String: Any] {
      let run = try work.firebreak(
        "playbook", "rehearse", work.at("p.plan"), "--seed", seed, "--refuse", "0.1", "--unreachable", "3",
        "--silent",
        "0.5", "--speed", "1000000", "--witness", "--format", "json",
        environment: ["FIREBREAK_JOURNAL_KEY": work.at("journal.key")])
      #expect(run.exit == 0, "\(run.output.suffix(800)) \(run.errors.suffix(800))")
      return try jsonObject(run.output)
    }
    // With these seeds the canary is in reach.
    let first = try rehearse("1")
    let counts = first["counts"] as? [String: Int] ?? [:]
    #expect(first["end"] as? String == "succeeded" && counts.values.reduce(0, +) == count, "\(first)")
    #expect(first["refused_without_intent"] as? Int == 0 && first["acted_twice"] as? Int == 0)
    #expect(
      (300...900).contains(counts["skipped"] ?? 0) && (4...60).contains(counts["failed"] ?? 0), "\(counts)")
    // Who acts and does not answer is looked at: it is changed, not unknown.
    #expect(counts["unknown"] == nil || counts["unknown"] == 0)
    #expect(first["in_force"] as? Int == counts["changed"])
    #expect(try rehearse("1")["counts"] as? [String: Int] == counts)
    #expect(try rehearse("2")["counts"] as? [String: Int] != counts)
  }
}
