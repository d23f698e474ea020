import Foundation
import Glibc
import Testing

/// Who holds a device back from an undo is named with the command that ends it, and that command does end it.
@Suite struct UndoHoldTests {
  private let work: Workspace

  init() throws {
    work = try Workspace()
    try work.ingestFleet()
    try work.write("p.yaml", work.touchPlaybook())
  }

  private func act(_ arguments: String...) throws -> BuiltProgram.Run { try work.playbook(arguments) }

  private func words(_ run: BuiltProgram.Run) -> String {
    (run.output + run.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private func rows() throws -> [[String]] {
    try act("runs", "--format", "csv").output.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// A run on some devices; its id.
  private func run(_ targets: String) throws -> String {
    try? FileManager.default.removeItem(atPath: work.at("p.plan"))
    let plan = try act("plan", work.at("p.yaml"), "--targets", targets, "--output", work.at("p.plan"))
    try #require(plan.exit == 0, "\(plan)")
    let run = try act("run", work.at("p.plan"))
    try #require(run.exit == 0, "\(run)")
    return try #require(try rows().last?.first)
  }

  @Test func aRunThatOnlyFoundThingsSoIsEndedByItsUndoAndHoldsNobodyAnyMore() throws {
    let first = try run("device:gw-2 OR device:gw-3")
    let second = try run("device:gw-2 OR device:gw-3")
    let held = try act("undo", first)
    #expect(held.exit == 1 && work.acted.sorted() == ["gw-2", "gw-3"], "\(held)")
    #expect(
      words(held).contains("'firebreak playbook undo \(second)' ends that (it changed nothing itself)"),
      "\(held)")
    #expect(
      words(held).contains("'firebreak playbook undo \(first) --include-held' takes them back all the same"))
    let ended = try act("undo", second)
    #expect(ended.exit == 1 && words(ended).contains("nothing was taken back. It has ended"), "\(ended)")
    #expect(words(ended).contains("counts on 2 devices no more (gw-2, gw-3)"), "\(ended)")
    #expect(
      words(ended).contains("2 devices among these: take it back with 'firebreak playbook undo \(first)'"),
      "\(ended)")
    #expect(try rows().map { $0[4] } == ["succeeded", "succeeded and ended by undo"])
    #expect(try act("resume", second).exit == 2)
    // Nothing is left to be ended: it says so, and writes nothing.
    let again = try act("undo", second)
    #expect(
      again.exit == 1 && words(again).contains("there is nothing to take back, and it has ended"), "\(again)")
    let undone = try act("undo", first)
    #expect(undone.exit == 0 && work.acted.isEmpty, "\(undone)")
    #expect(try work.firebreak("verify", "--log-only", "--case", work.at("x.firebreak")).exit == 0)
  }

  @Test func theUndoOfALaterRunSaysWhatTakesBackTheRest() throws {
    let first = try run("device:gw-2 OR device:gw-3")
    let second = try run("device:gw-3 OR device:gw-4")
    let undo = try act("undo", second)
    #expect(undo.exit == 0 && work.acted.sorted() == ["gw-2", "gw-3"], "\(undo)")
    #expect(
      words(undo).contains("not taken back now: 2 of run \(first)")
        && words(undo).contains("'firebreak playbook undo \(first)' takes that back"), "\(undo)")
    #expect(
      words(undo).contains(
        "1 device that run \(second) had only found so stays as it is (gw-3): 'firebreak playbook undo \(first)'"
      ),
      "\(undo)")
    #expect(try act("undo", first).exit == 0 && work.acted.isEmpty)
  }

  /// What is halted and changed nothing is no work that waits for ever.
  @Test func aHaltedRunThatChangedNothingIsEndedByUndoAndWarnsNoMore() throws {
    // No broker is there: the canary is out of reach.
    try work.write("admin", "admin\npassword\n")
    chmod(work.at("admin"), 0o600)
    let playbook = Repository.root.appending(path: "Playbooks/isolate-device").path(percentEncoded: false)
    let plan = try act(
      "plan", playbook, "--targets", "device:gw-2 OR device:gw-3", "--set", "broker=mqtt://127.0.0.1:1",
      "--output", work.at("p.plan"))
    try #require(plan.exit == 0, "\(plan)")
    let run = try act("run", work.at("p.plan"), "--secret", "broker-admin=file:\(work.at("admin"))")
    try #require(run.exit == 1, "\(run)")
    let halted = try #require(try rows().last?.first)
    func doctor() throws -> String {
      words(try work.firebreak("doctor", "--case", work.at("x.firebreak"), "--sample", "0"))
    }
    #expect(try rows().map { $0[4] } == ["halted"])
    #expect(try doctor().contains("1 of 1 runs are unfinished") && doctor().contains("undo also ends one"))
    let ended = try act("undo")
    #expect(ended.exit == 1 && words(ended).contains("It has ended: it does not go on"), "\(ended)")
    #expect(try rows().map { $0[4] } == ["halted and ended by undo"])
    #expect(try !doctor().contains("unfinished"))
    let status = try act("status", halted)
    #expect(status.exit == 0 && status.output.contains("halted, ended by undo"), "\(status)")
  }
  /// A later run without a time to live must not keep devices locked in for ever without a word of how that ends.
  @Test func whatHasOutlivedItsTimeIsLetGoByTheUndoOfTheLaterRun() throws {
    try work.write("p.yaml", work.touchPlaybook(rollout: "time_to_live_ms: 500"))
    let first = try run("device:gw-2")
    try work.write("p.yaml", work.touchPlaybook())
    let second = try run("device:gw-2")
    Thread.sleep(forTimeInterval: 0.6)
    let way = "'firebreak playbook undo \(second)' ends that"
    let status = try act("status", first)
    #expect(
      words(status).contains("run \(second) counts on 'touch' there: gw-2 (\(way)"), "\(status)")
    for more in [[], ["--watch", "1"]] {
      let held = try work.playbook(["undo", first, "--expired"] + more)
      #expect(held.exit == 1 && words(held).contains(way) && work.acted == ["gw-2"], "\(held)")
    }
    #expect(try act("undo", second).exit == 1)
    let expired = try act("undo", first, "--expired")
    #expect(expired.exit == 0 && work.acted.isEmpty, "\(expired)")
  }
}
