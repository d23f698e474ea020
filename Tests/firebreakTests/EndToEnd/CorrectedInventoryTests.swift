import Foundation
import Testing

/// An inventory that is put right while a run goes on, and between a run that was stopped and its resumption.
@Suite struct CorrectedInventoryTests {
  private func correct(_ work: Workspace) throws {
    // Life safety, a broker by its role, and a gateway that nobody knew of.
    let rows = (1...8).map { number in
      switch number {
      case 4: "gw-4,yes,meter,"
      case 5: "gw-5,no,MQTT broker,"
      case 7: "gw-7,no,meter,gw-6"
      default: "gw-\(number),no,meter,"
      }
    }
    try work.write("inv.csv", "device,life_safety,role,gateway\n\(rows.joined(separator: "\n"))\n")
    try work.write("later.log", Workspace.log(3, host: "gw-1"))
  }

  private func scene(_ rollout: String) throws -> Workspace {
    let work = try Workspace.fleet(
      rollout: rollout
        + "\n        interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]",
      columns: "life_safety,role,gateway", row: "no,meter,")
    try #require(try work.plan("device:*").exit == 0)
    try correct(work)
    return work
  }

  @Test func whatIsFoundOutBetweenWavesHoldsForTheNext() throws {
    let work = try scene("waves: [\"1\", rest]\n        soak_ms: 4000")
    let ran = try Shell.run(
      """
      $FIREBREAK playbook run p.plan --case x.firebreak >out 2>&1 & pid=$!
      n=0; while [ ! -s acted ] && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
      $FIREBREAK ingest later.log --case x.firebreak --inventory inv.csv >ingested 2>&1 || cat ingested
      wait $pid; code=$?; cat out; exit $code
      """, in: work)
    #expect(ran.status == 0 && ran.output.contains("succeeded, but not everywhere"), "\(ran)")
    #expect(work.acted.sorted() == ["gw-1", "gw-2", "gw-3", "gw-7", "gw-8"], "\(ran)")
    #expect(ran.output.contains("3 of 8 targets are left alone from here on"), "\(ran)")
    let status = try work.playbook("status", "--format", "json").output
    for word in ["people depend on it", "it is a broker", "1 device hangs on it, such as 'gw-7'"] {
      #expect(status.contains(word), "\(word): \(status)")
    }
  }

  @Test func itHoldsForARunThatIsResumedToo() throws {
    let work = try scene("max_in_flight: 1\n        rate_per_second: 2")
    let cut = try Shell.run(
      """
      $FIREBREAK playbook run p.plan --case x.firebreak >out 2>&1 & pid=$!
      n=0; while [ ! -s acted ] && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
      kill -INT $pid; wait $pid; code=$?; cat out; exit $code
      """, in: work)
    try #require(cut.status == 130 && work.acted.count < 4, "\(cut)")
    try #require(
      try work.ingest(work.at("later.log"), options: ["--inventory", work.at("inv.csv")]).run.exit == 0)
    let resumed = try work.playbook("resume")
    #expect(resumed.exit == 0, "\(resumed)")
    #expect(work.acted.sorted() == ["gw-1", "gw-2", "gw-3", "gw-7", "gw-8"], "\(resumed)")
  }
}
