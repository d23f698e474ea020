import Foundation
import Testing

/// Who is locked in for a time is let out in time as long as somebody watches, whatever becomes of the watcher's output, of
/// other runs, and of single devices.
@Suite struct ExpiryWatchTests {
  private let work: Workspace

  init() throws {
    work = try Workspace()
    try work.ingestFleet()
  }

  private func rows() throws -> [[String]] {
    try work.playbook(["runs", "--format", "csv"]).output.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @discardableResult private func run(_ targets: String, milliseconds: Int, undo: String = "sed") throws
    -> String
  {
    try work.write(
      "p.yaml",
      work.touchPlaybook(rollout: "time_to_live_ms: \(milliseconds)").replacingOccurrences(
        of: "\"sed ", with: "\"\(undo) "))
    try? FileManager.default.removeItem(atPath: work.at("p.plan"))
    let plan = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", targets, "--output", work.at("p.plan")])
    try #require(plan.exit == 0, "\(plan)")
    let run = try work.playbook(["run", work.at("p.plan")])
    try #require(run.exit == 0, "\(run)")
    return try #require(try rows().last?.first)
  }

  @Test func aWatcherThatCannotPrintGoesOn() throws {
    let lines: [(redirection: String, says: String?)] = [
      (">/dev/full 2>err", "No space left on device"), (">&- 2>err", "Bad file descriptor"),
      ("2>&1 | true", nil), (">/dev/full 2>/dev/full", nil), (">&- 2>&-", nil),
    ]
    for (redirection, says) in lines {
      try run("device:gw-2 OR device:gw-3", milliseconds: 1500)
      #expect(work.acted.count == 2)
      let watch = try Shell.run(
        """
        export FIREBREAK_CASE=x.firebreak
        ($FIREBREAK playbook undo --expired --watch 1; echo $? >code) \(redirection)
        cat code; [ ! -e err ] || cat err; rm -f err
        """, in: work)
      // Done, and not said.
      #expect(work.acted.isEmpty && watch.output.hasPrefix("3\n"), "\(redirection): \(watch)")
      let said = watch.output.split(separator: "\n").filter { $0.contains("cannot write to standard output") }
      #expect(said.count == (says == nil ? 0 : 1), "\(redirection): \(watch)")
      #expect(said.allSatisfy { $0.contains(says ?? "") }, "\(redirection): \(watch)")
    }
  }

  /// A device that refuses once must not cost the others, nor itself, their end.
  @Test func whatCouldNotBeTakenBackIsTriedAgain() throws {
    let refusesOnce = "[ -e \(work.at("tried")) ] || { touch \(work.at("tried")); exit 1; }; sed"
    try run("device:gw-2 OR device:gw-3", milliseconds: 1000, undo: refusesOnce)
    let watch = try work.playbook(["undo", "--expired", "--watch", "1"])
    #expect(watch.exit == 0 && work.acted.isEmpty, "\(watch)")
    #expect(watch.errors.contains("1 device could not be taken back"), "\(watch)")
    #expect(watch.errors.contains("its time is over, and only a part could be taken back yet"), "\(watch)")
    #expect(watch.errors.contains("1 failed") && watch.output.contains("nothing has a time to live any more"))
  }

  @Test func allRunsAreWatchedAlsoThoseThatBeginMeanwhile() throws {
    try run("device:gw-2", milliseconds: 1500)
    let long = try run("device:gw-3", milliseconds: 15000)
    // Planned beforehand, begun while the watch goes on.
    try FileManager.default.removeItem(atPath: work.at("p.plan"))
    try work.write("p.yaml", work.touchPlaybook(rollout: "time_to_live_ms: 1000"))
    let plan = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", "device:gw-4", "--output", work.at("p.plan")])
    try #require(plan.exit == 0, "\(plan)")
    let watch = try Shell.run(
      """
      export FIREBREAK_CASE=x.firebreak
      $FIREBREAK playbook undo --expired --all --watch 1 >out 2>&1 & pid=$!
      $FIREBREAK playbook run p.plan >/dev/null 2>&1
      n=0; while grep -q 'gw-[24]' acted && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done
      kill -0 $pid && echo watching; cat acted; wait $pid; echo "status $?"; cat out
      """, in: work)
    #expect(watch.output.hasPrefix("watching\ngw-3\nstatus 0\n"), "\(watch)")
    #expect(watch.output.contains("no run of this case has anything with a time to live"), "\(watch)")
    #expect(work.acted.isEmpty && watch.output.contains("run \(long): taken back"), "\(watch)")
  }
}
