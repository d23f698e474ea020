import Foundation
import Glibc
import Testing

/// Ctrl-C, a closed pipe, and kill -9 at any instant.
@Suite(.serialized) struct InterruptionTests {
  /// About 12 MB of log in three files: enough to be in the middle of something.
  private func workspaceWithLogs() throws -> Workspace {
    let work = try Workspace()
    var block = Data()
    for part in 0..<3 {
      block = Data(Workspace.log(40_000, host: "gw-\(part)", from: part * 40_000).utf8)
      try work.write("logs/gw-\(part).log", block)
    }
    return work
  }

  private func start(_ arguments: [String], in work: Workspace) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: BuiltProgram.path)
    process.arguments = arguments
    process.currentDirectoryURL = work.folder
    process.environment = ProcessInfo.processInfo.environment.merging([
      "FIREBREAK_CASE": "", "FIREBREAK_LOCKS": work.at("locks"),
      "FIREBREAK_JOURNAL_KEY": work.at("journal.key"),
    ]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = work.at("errors.txt")
    _ = FileManager.default.createFile(atPath: errors, contents: nil)
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
    try process.run()
    return process
  }

  /// What a process says that was interrupted, once it has ended as such.
  private func words(ofInterrupted process: Process, in work: Workspace) throws -> String {
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    return try String(contentsOfFile: work.at("errors.txt"), encoding: .utf8)
  }

  @Test func killedIngestLeavesTheCaseAsItWasOrWhole() throws {
    let work = try workspaceWithLogs()
    try work.write("first.log", Workspace.log(25, host: "gw-9"))
    #expect(try work.ingest(work.at("first.log")).run.exit == 0)
    let original = try Data(contentsOf: work.folder.appending(path: "x.firebreak"))
    var killed = 0
    // 20 instants over 0.8 s; `make soak` takes 200.
    let turns = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] == nil ? 20 : 200
    for turn in 0..<turns {
      for name in try FileManager.default.contentsOfDirectory(atPath: work.path)
      where name.hasPrefix("x.firebreak") {
        try FileManager.default.removeItem(atPath: work.at(name))
      }
      try original.write(to: work.folder.appending(path: "x.firebreak"))
      let process = try start(["ingest", work.at("logs"), "--case", work.at("x.firebreak")], in: work)
      usleep(UInt32(4000 + turn * 800_000 / turns))
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
      if process.terminationReason == .uncaughtSignal { killed += 1 }
      // As before or whole: the rest of a source is never half there.
      let after = try work.eventCount()
      #expect([25, 40_025, 80_025, 120_025].contains(after), "turn \(turn): \(after)")
      if turn % 5 == 4 {
        let again = try work.ingest(work.at("logs"))
        #expect(again.run.exit == 0, "\(again.run.errors)")
        #expect(try work.eventCount() == 120_025)
        let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
        #expect(names.filter { $0.hasPrefix("x.firebreak") } == ["x.firebreak"])
      }
    }
    #expect(killed > 3, "the machine was too fast for this test to mean anything")
  }

  @Test func interruptedIngestEndsWith130AndLeavesTheCase() throws {
    let work = try workspaceWithLogs()
    try work.write("first.log", Workspace.log(25, host: "gw-9"))
    _ = try work.ingest(work.at("first.log"))
    let process = try start(["ingest", work.at("logs"), "--case", work.at("x.firebreak")], in: work)
    usleep(150_000)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
    #expect(names.filter { $0.hasPrefix("x.firebreak") } == ["x.firebreak"])
    #expect([25, 40_025, 80_025].contains(try work.eventCount()))
    #expect(try work.ingest(work.at("logs")).run.exit == 0)
    #expect(try work.eventCount() == 120_025)
  }

  @Test func aNewCaseInterruptedIsNotLeftBehindHalf() throws {
    let work = try workspaceWithLogs()
    let process = try start(["ingest", work.at("logs"), "--case", work.at("x.firebreak")], in: work)
    usleep(120_000)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try work.ingest(work.at("logs")).run.exit == 0)
    #expect(try work.eventCount() == 120_000)
  }

  @Test func aClosedPipeEndsQuietlyAndNotWithZero() throws {
    let work = try workspaceWithLogs()
    _ = try work.ingest(work.at("logs"))
    for format in ["table", "json", "jsonl", "csv"] {
      let (_, output) = try Shell.run(
        "\"$FIREBREAK\" query device:gw-1 --limit 30000 --case x.firebreak --format \(format) 2>err.txt | head -1; "
          + "echo \"statuses ${PIPESTATUS[0]}\"; cat err.txt", in: work)
      #expect(output.contains("statuses 141"), "\(format): \(output)")
      #expect(!output.lowercased().contains("broken pipe"), "\(format)")
    }
  }

  @Test func aFullOutputIsAnError() throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(200))
    _ = try work.ingest(work.at("a.log"))
    let (status, output) = try Shell.run(
      "\"$FIREBREAK\" query device:gw-1 --case x.firebreak > /dev/full", in: work)
    #expect(status == 2)
    #expect(output.contains("No space left"))
    let help = try Shell.run("\"$FIREBREAK\" query --help >/dev/full", in: work)
    #expect(help.status == 2 && help.output.contains("No space left"), "\(help)")
    #expect(try Shell.run("\"$FIREBREAK\" --version", in: work).status == 0)
    // What is done is done, and is not to be done again.
    let note = try Shell.run("\"$FIREBREAK\" note 3 'seen on site' --case x.firebreak >/dev/full", in: work)
    #expect(note.status == 2 && note.output.contains("the note is kept all the same: note 1"), "\(note)")
    #expect(try work.firebreak("note", "--case", "x.firebreak").output.contains("seen on site"))
  }

  /// The devices were acted on: that it could not be said is no reason to say that nothing was begun.
  @Test func aRunWhoseAnswerCannotBeWrittenSaysOnStandardErrorHowItEnded() throws {
    let work = try Workspace()
    try work.ingestFleet()
    try work.write("p.yaml", work.touchPlaybook())
    let bad = work.touchPlaybook().replacingOccurrences(of: "command: \"echo", with: "command: \"false; echo")
    try work.write(
      "bad.yaml", bad.replacingOccurrences(of: ">> \(work.at("acted"))", with: ">/dev/null; false"))
    for (name, device) in [("p", "gw-2"), ("bad", "gw-3")] {
      let made = try work.playbook(
        [
          "plan", work.at("\(name).yaml"), "--targets", "device:\(device)", "--output",
          work.at("\(name).plan"),
        ])
      try #require(made.exit == 0, "\(made)")
    }
    func line(_ command: String) throws -> (status: Int32, output: String) {
      try Shell.run("FIREBREAK_CASE=x.firebreak $FIREBREAK playbook \(command)", in: work)
    }
    let full = try line("run p.plan >/dev/full")
    let said = full.output.split(separator: "\n").filter { $0.contains("cannot write to standard output") }
    #expect(full.status == 3 && said.count == 1, "\(full)")
    #expect(said.first?.contains(": succeeded (0 ok, 1 changed") == true, "\(full)")
    #expect(said.first?.contains("in force now: 1") == true, "\(full)")
    let failed = try line("run bad.plan --format json >/dev/full")
    #expect(failed.status == 1 && failed.output.contains("standard output: No space left"), "\(failed)")
    #expect(work.acted == ["gw-2"])
    let undone = try line("undo --all >/dev/full")
    #expect(undone.status == 3 && undone.output.contains("taken back: 1") && work.acted.isEmpty, "\(undone)")
  }

  @Test func oneThreadAndFourGiveTheSameCase() throws {
    let work = try workspaceWithLogs()
    var answers: [String] = []
    for jobs in ["1", "4"] {
      let run = try work.firebreak(
        "ingest", work.at("logs"), "--case", work.at("j\(jobs).firebreak"), "--jobs", jobs, "--format", "json"
      )
      #expect(run.exit == 0)
      let rows = try work.firebreak(
        "query", "--case", work.at("j\(jobs).firebreak"), "--sql",
        "SELECT id, time, device, message FROM timeline WHERE id % 997 = 0 ORDER BY id", "--format", "csv",
        "--limit", "1000")
      answers.append(rows.output)
    }
    #expect(answers[0] == answers[1])
    #expect(answers[0].count > 1000)
  }

  private func names(_ work: Workspace, _ part: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: work.path).filter { $0.contains(part) }
  }

  /// As `timeout` does, which signals the process and then its group.
  @Test func twoSignalsAtOnceAreOneWish() throws {
    let work = try workspaceWithLogs()
    for turn in 0..<4 {
      let process = try start(["ingest", work.at("logs"), "--case", work.at("y\(turn).firebreak")], in: work)
      usleep(150_000)
      for _ in 0..<3 {
        kill(process.processIdentifier, SIGINT)
        usleep(UInt32(turn * 2000))
      }
      let said = try words(ofInterrupted: process, in: work)
      #expect(said.contains("interrupted; the case is as it was"), "\(said)")
      #expect(try names(work, "y\(turn)") == [])
    }
  }

  @Test func anInterruptedPackLeavesNothing() throws {
    let work = try workspaceWithLogs()
    #expect(try work.ingest(work.at("logs")).run.exit == 0)
    for delay in [200_000, 500_000] {
      let process = try start(
        ["pack", "--level", "19", "--case", work.at("x.firebreak"), "--output", work.at("p.pack")], in: work)
      usleep(UInt32(delay))
      kill(process.processIdentifier, SIGINT)
      let said = try words(ofInterrupted: process, in: work)
      #expect(said.contains("interrupted; nothing was changed"), "\(said)")
      #expect(try names(work, "p.pack") == [])
    }
  }

  @Test func anInterruptedPostmortemSaysSoAndLeavesNoEmptyFolder() throws {
    let work = try workspaceWithLogs()
    #expect(try work.ingest(work.at("logs")).run.exit == 0)
    let process = try start(
      ["postmortem", "--case", work.at("x.firebreak"), "--output", work.at("pm")], in: work)
    usleep(300_000)
    kill(process.processIdentifier, SIGINT)
    let said = try words(ofInterrupted: process, in: work)
    #expect(said.contains("interrupted; nothing was"), "\(said)")
    #expect(!FileManager.default.fileExists(atPath: work.at("pm")))
  }
  /// Who loses patience has to know on whom the run may have acted.
  @Test func aSecondCtrlCInARunSaysWhoWasInFlightAndHowToGoOn() throws {
    let work = try Workspace()
    try work.ingestFleet()
    try work.write(
      "p.yaml",
      work.touchPlaybook().replacingOccurrences(
        of: "command: \"echo", with: "command: \"touch \(work.at("begun")); sleep 3; echo"))
    let plan = try work.playbook(
      ["plan", work.at("p.yaml"), "--targets", "device:gw-2 OR device:gw-3", "--output", work.at("p.plan")])
    try #require(plan.exit == 0, "\(plan)")
    let process = try start(
      ["playbook", "run", work.at("p.plan"), "--case", work.at("x.firebreak")], in: work)
    for _ in 0..<400 where access(work.at("begun"), F_OK) != 0 { usleep(25_000) }
    kill(process.processIdentifier, SIGINT)
    usleep(1_200_000)
    kill(process.processIdentifier, SIGINT)
    let said = try words(ofInterrupted: process, in: work)
    #expect(said.contains("stopping: 1 in flight"), "\(said)")
    #expect(said.contains("1 device with an intent and no result"), "\(said)")
    #expect(said.contains("whether it was done: gw-2. "), "\(said)")
    let run = try #require(said.firstMatch(of: /(?m)^run (\S+)$/)?.1, "\(said)")
    #expect(said.contains("'firebreak playbook status \(run) --case \(work.at("x.firebreak"))'"), "\(said)")
    let next = "playbook resume \(run) --case \(work.at("x.firebreak"))"
    #expect(said.contains("'firebreak \(next)'"), "\(said)")
    // What was begun went on without the run, and is found so.
    for _ in 0..<200 where work.acted.isEmpty { usleep(25_000) }
    let resumed = try Shell.run("$FIREBREAK \(next)", in: work)
    #expect(resumed.status == 0 && work.acted == ["gw-2", "gw-3"], "\(resumed)")
  }
}
