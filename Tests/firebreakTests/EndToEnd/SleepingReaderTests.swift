import Foundation
import Testing

/// Who acts on devices, or has to let them in by a deadline, does not wait for a reader: not for a full pipe, not for a closed one.
@Suite struct SleepingReaderTests {
  private let work: Workspace

  init() throws {
    work = try Workspace()
    try work.ingestFleet(columns: "life_safety,battery", row: "no,90")
  }

  private func plan(_ rollout: String = "", targets: String = "device:*", name: String = "touch") throws {
    try work.write(
      "p.yaml",
      work.touchPlaybook(rollout: rollout).replacingOccurrences(
        of: "name: touch\n    agent", with: "name: \(name)\n    agent"))
    let plan = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", targets, "--output", work.at("p.plan")])
    try #require(plan.exit == 0, "\(plan)")
  }

  /// Runs a command with both streams in a pipe that is full and that nobody reads, then `meanwhile`, and reads then: what was
  /// done meanwhile, what was read, and the exit code.
  private func behindFullPipe(_ command: String, _ meanwhile: String) throws -> String {
    try Shell.run(
      """
      export FIREBREAK_CASE=x.firebreak
      mkfifo pipe; exec 3<>pipe
      ( exec 3<&-; head -c 65536 /dev/zero; $FIREBREAK playbook \(command); echo $? >code ) >pipe 2>&1 & pid=$!
      exec 4<pipe 3>&-
      until_() { n=0; until eval "$1" || [ $n -gt 300 ]; do n=$((n+1)); sleep 0.05; done; }
      \(meanwhile)
      tr -d '\\0' <&4 >said; wait $pid; echo "code $(cat code)"; cat said
      """, in: work
    ).output
  }

  @Test func aWatchTakesBackInTimeThoughNobodyReads() throws {
    try plan("time_to_live_ms: 1000", targets: "device:gw-2 OR device:gw-3")
    try #require(try work.playbook(["run", work.at("p.plan")]).exit == 0)
    let output = try behindFullPipe(
      "undo --expired --watch 1", "until_ '! [ -s acted ]'; echo left $(cat acted)")
    #expect(output.hasPrefix("left\ncode 0\n"), "\(output)")
    #expect(
      output.contains("taken back, since its time was over") && output.contains("nothing has a time to live"),
      "\(output)")
  }

  @Test func aRunGoesOnAndWhatWasLeftOutIsCounted() throws {
    // Lines of 60,000 bytes: more than is kept for a reader who comes back.
    try plan(name: String(repeating: "t", count: 60_000))
    let output = try behindFullPipe(
      "run p.plan",
      "until_ 'grep -qs gw-8 acted'; until_ 'grep -qs run_finished x.firebreak x.firebreak-wal'; echo acted $(wc -l <acted)"
    )
    #expect(output.hasPrefix("acted 8\ncode 0\n"), "\(output.prefix(300))")
    #expect(output.contains("succeeded (0 ok, 8 changed"), "\(output.suffix(1000))")
    #expect(output.contains("left out here, since nobody read them"), "\(output.suffix(1000))")
  }

  @Test func ctrlCEndsARunWhoseOutputNobodyReads() throws {
    try plan("rate_per_second: 1")
    let output = try behindFullPipe(
      "run p.plan",
      "until_ '[ -s acted ]'; pkill -INT -P $pid -x firebreak; until_ '[ -s code ]'; echo ended $(cat code)")
    #expect(output.hasPrefix("ended 130\n"), "\(output)")
  }

  /// Those that wait are acted on although the reader of the queue's output has gone, or sleeps; and while it waits others may
  /// work on the case.
  @Test func aWatchedQueueActsOnWhoComesBackThoughNobodyReads() throws {
    let comesBack = """
      sleep 1.2; $FIREBREAK ingest e.log --inventory later.csv --case x.firebreak >/dev/null 2>&1
      until_ 'grep -q gw-3 acted'
      """
    for stream in ["2>&1 | true", ">/dev/full 2>/dev/full"] {
      try waiting()
      let output = try Shell.run(
        """
        export FIREBREAK_CASE=x.firebreak
        until_() { n=0; until eval "$1" || [ $n -gt 300 ]; do n=$((n+1)); sleep 0.05; done; }
        ( $FIREBREAK playbook queue --act --watch 1; echo $? >code ) \(stream) &
        \(comesBack); until_ '[ -s code ]'; echo "code $(cat code)"; sort acted
        """, in: work
      ).output
      #expect(output == "code 3\ngw-2\ngw-3\ngw-4\n", "\(stream): \(output)")
    }
    try waiting()
    let output = try behindFullPipe(
      "queue --act --watch 1",
      "sleep 1; $FIREBREAK playbook undo --dry-run >/dev/null 2>&1 && until_ 'flock -n x.firebreak.runs/lock echo free'; "
        + comesBack + "; sort acted | tr '\\n' ' '; echo")
    #expect(
      output.hasPrefix("free\ngw-2 gw-3 gw-4 \ncode 0\n") && output.contains("nobody waits"), "\(output)")
  }

  /// Runs on three devices, of which gw-3 has to wait for its battery: `later.csv` says that it is charged.
  private func waiting() throws {
    for name in ["acted", "code", "p.plan", "pipe"] {
      try? FileManager.default.removeItem(atPath: work.at(name))
    }
    for (name, charge) in [("inv.csv", 10), ("later.csv", 90)] {
      let rows = (1...8).map { "gw-\($0),no,\($0 == 3 ? charge : 90)" }.joined(separator: "\n")
      try work.write(name, "device,life_safety,battery\n\(rows)\n")
    }
    try work.write("e.log", Workspace.log(1, host: "gw-1", from: 100))
    let ingest = try work.ingest(work.at("e.log"), options: ["--inventory", work.at("inv.csv")])
    try #require(ingest.run.exit == 0, "\(ingest.run)")
    try plan(
      "battery: {attribute: battery, floor: 50}", targets: "device:gw-2 OR device:gw-3 OR device:gw-4")
    let run = try work.playbook(["run", work.at("p.plan")])
    try #require(work.acted.count == 2 && run.exit == 0, "\(run)")
  }
}
