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
}
