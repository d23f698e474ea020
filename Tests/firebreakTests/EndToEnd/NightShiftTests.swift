import Foundation
import Testing

/// What somebody who is tired reads where something went wrong that nobody planned for.
@Suite struct NightShiftTests {
  private func scene(_ text: (Workspace) -> String) throws -> Workspace {
    let work = try Workspace()
    try work.ingestFleet()
    try work.write("p.yaml", text(work))
    let plan = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", "device:gw-2 OR device:gw-3", "--output", work.at("p.plan")])
    try #require(plan.exit == 0, "\(plan)")
    return work
  }

  @Test func anUndoNamesWhatCouldNotBeTakenBackAndNotWhatTheRunHadTroubleWith() throws {
    // gw-3 is acted on and not seen to be, gw-2 refuses to be let in again.
    let work = try scene { work in
      work.touchPlaybook(rollout: "canary_failures: 1").replacingOccurrences(
        of: "grep -qx __device__:value", with: "[ __device__:value = gw-2 ] && grep -qx __device__:value"
      ).replacingOccurrences(of: "\"sed ", with: "\"[ __device__:value = gw-3 ] && sed ")
    }
    let run = try work.playbook(["run", work.at("p.plan")])
    #expect(run.output.contains("the first: gw-3 failed (not-in-force)"), "\(run)")
    let undo = try work.playbook(["undo"])
    #expect(undo.exit == 1 && undo.output.contains("1 device could not be taken back"), "\(undo)")
    #expect(undo.output.contains("the first: gw-2 failed") && !undo.output.contains("gw-3"), "\(undo)")
  }

  @Test func aCaseThatIsMovedAwayUnderARunIsSaidToBeAndTheRunGoesOnWhenItIsBack() throws {
    let work = try scene { work in
      work.touchPlaybook().replacingOccurrences(
        of: "command: \"echo",
        with: "command: \"[ -e moved ] || { touch moved; mv x.firebreak y.firebreak; }; echo")
    }
    let run = try work.playbook(["run", work.at("p.plan")])
    #expect(
      run.exit == 1 && run.errors.contains("it was moved, removed or replaced while it was in use"), "\(run)")
    #expect(
      run.errors.contains("put it back") && run.errors.contains("go on with: firebreak playbook resume"),
      "\(run)")
    try FileManager.default.moveItem(atPath: work.at("y.firebreak"), toPath: work.at("x.firebreak"))
    let resume = try work.playbook(["resume"])
    #expect(resume.exit == 0 && work.acted == ["gw-2", "gw-3"], "\(resume)")
  }
}
