import Foundation
import Testing

/// The rule of two people where somebody acts on slices of a fleet, each below the limit.
@Suite struct SlicedFleetCommandTests {
  @Test func aSliceThatPassesTheLimitWithTheOnesBeforeNeedsASecondPerson() throws {
    let work = try Workspace.fleet(rollout: "max_targets: 3")
    try #require(try work.plan("device:gw-1 OR device:gw-2").exit == 0)
    // Made at a time when nothing had been done.
    try #require(try work.plan("device:gw-3 OR device:gw-4", output: "early.plan").exit == 0)
    #expect(try work.playbook("run", work.at("p.plan")).exit == 0)
    let early = try work.playbook("run", work.at("early.plan"))
    #expect(early.exit == 1 && early.errors.contains("needs 2 approvals"), "\(early)")
    #expect(
      early.errors.contains("2 more that run ") && early.errors.contains("ssh-keygen -Y sign"), "\(early)")
    #expect(work.acted == ["gw-1", "gw-2"])
    let late = try work.plan("device:gw-3 OR device:gw-4", output: "late.plan")
    #expect(late.exit == 0 && late.output.contains("Approval  two"), "\(late)")
    #expect(late.output.contains("counted with 2 more that run "), "\(late)")
    #expect(try work.playbook("run", work.at("late.plan")).exit == 1)
    #expect(work.acted == ["gw-1", "gw-2"])
    // The same devices again, and one more within the limit, are one person's to decide.
    try #require(try work.plan("device:gw-1 OR device:gw-2 OR device:gw-3", output: "same.plan").exit == 0)
    let same = try work.playbook("run", work.at("same.plan"))
    #expect(same.exit == 0 && work.acted == ["gw-1", "gw-2", "gw-3"], "\(same)")
    let glass = try work.playbook("run", work.at("late.plan"), "--break-glass", "the worm spreads tonight")
    #expect(glass.exit == 0 && work.acted.last == "gw-4", "\(glass)")
  }

  /// Per cent are of the inventory's devices, not of what a plan's file says of them: its hash is no signature.
  @Test func aPlanThatWasWrittenAnewForALargerFleetIsRefused() throws {
    let work = try Workspace.fleet(rollout: "max_percent: 25")
    let made = try work.plan("device:gw-1 OR device:gw-2 OR device:gw-3")
    try #require(made.exit == 0 && made.output.contains("Approval  two"), "\(made)")
    let anew = try Shell.run(
      """
      sed '$d; s/"fleet_size":8/"fleet_size":800/; s/"approval":"two"/"approval":"operator"/' p.plan > q.plan
      sum=$(sha256sum < q.plan | cut -c1-64); echo "{\\"plan_hash\\":\\"$sum\\"}" >> q.plan
      $FIREBREAK playbook run q.plan --case x.firebreak
      """, in: work)
    #expect(anew.status == 2 && anew.output.contains("how many devices the inventory has"), "\(anew)")
    #expect(work.acted.isEmpty)
  }

  /// A plan that asks for nobody by itself was begun by a broken glass: that is over when the run stops.
  @Test func whatABrokenGlassBeganForTheSumGoesOnBySignaturesOnly() throws {
    let work = try Workspace.fleet(
      rollout: "max_targets: 4\n        max_in_flight: 1\n        rate_per_second: 1")
    try #require(
      try work.plan("device:gw-1 OR device:gw-2 OR device:gw-3 OR device:gw-4", output: "late.plan").exit == 0
    )
    try #require(try work.plan("device:gw-8").exit == 0)
    try #require(try work.playbook("run", work.at("p.plan")).exit == 0)
    let cut = try Shell.run(
      """
      $FIREBREAK playbook run late.plan --case x.firebreak --break-glass 'the worm spreads tonight' >out 2>&1 & pid=$!
      n=0; while [ $(wc -l < acted) -lt 2 ] && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
      kill -INT $pid; wait $pid; code=$?; cat out; exit $code
      """, in: work)
    try #require(cut.status == 130 && work.acted.count < 5, "\(cut)")
    let acted = work.acted
    let resumed = try work.playbook("resume")
    #expect(resumed.exit == 1 && resumed.errors.contains("needs 2 approvals"), "\(resumed)")
    #expect(work.acted == acted)
    #expect(try work.playbook("resume", "--break-glass", "the worm spreads still").exit == 0)
    #expect(work.acted.sorted() == ["gw-1", "gw-2", "gw-3", "gw-4", "gw-8"])
  }
}
