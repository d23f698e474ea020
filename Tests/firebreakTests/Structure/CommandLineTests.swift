import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import Foundation
import IncidentModel
import Testing
import TimelineStore

@testable import firebreak

/// What people type, understood or answered in one sentence.
@Suite struct CommandLineTests {
  @Test(arguments: [
    (["quer", "x"], "query"), (["postmortm"], "postmortem"), (["ingst", "a.log"], "ingest"),
    (["help", "trase"], "trace"), (["incident", "--help"], "incidents"), (["playbook", "lst"], "list"),
    (["help", "playbook", "pln"], "plan"), (["undo"], "playbook undo"), (["staus"], "playbook status"),
  ]) func aMisspelledCommandGetsTheNameThatWasMeant(arguments: [String], meant: String) throws {
    let mistake = try #require(CommandNames.mistake(in: arguments, of: Firebreak.self))
    #expect(mistake.status == .usage)
    #expect(mistake.description.contains("Did you mean '\(meant)'?"), "\(mistake.description)")
  }

  @Test func whatIsNoMisspellingIsLeftAlone() {
    for arguments in [
      [], ["--help"], ["query", "quer"], ["help", "query"], ["help"], ["postmortem", "--output", "x"],
      ["formats", "test", "a.log"], ["playbook", "help", "plan"],
    ] { #expect(CommandNames.mistake(in: arguments, of: Firebreak.self) == nil, "\(arguments)") }
    #expect(
      CommandNames.mistake(in: ["zzzzzz"], of: Firebreak.self)?.description.contains("firebreak --help")
        == true)
  }

  @Test(arguments: [
    (["trace", "--simulatons", "3"], "--simulations", "See 'firebreak trace --help'"),
    (["query", "--limit", "0"], "--limit is 1 or more", "See 'firebreak query --help'"),
    (["postmortem", "dif", "a"], "Did you mean 'diff'?", "See 'firebreak postmortem"),
    (["explain", "x", "--format", "csv"], "json", "See 'firebreak explain --help'"),
  ]) func aMistakeIsOneSentenceAndWhereToReadOn(arguments: [String], says: String, see: String) throws {
    let error = try #require(throws: (any Error).self) { try Firebreak.parseAsRoot(arguments) }
    let text = UsageMistake(error, arguments: arguments).commandError.description
    #expect(text.contains(says) && text.contains(see), "\(text)")
    #expect(!text.contains("Usage:") && !text.contains("\n"), "\(text)")
  }

  @Test(arguments: [
    (["query", "-dash"], "' -- '"), (["ingest", "-dash.log"], "./-dash.log"), (["trace", "-h5"], "'-h5'"),
    (["note", "-oh"], "'-oh'"), (["query", "--case", "-h1"], "'--case=-h1'"), (["query", "-5h"], "'-5h'"),
  ]) func whatBeginsWithADashAndIsNoOptionIsAMistake(arguments: [String], says: String) throws {
    let mistake = try #require(RawArguments.mistake(in: arguments))
    #expect(mistake.status == .usage && mistake.description.contains(says), "\(mistake.description)")
  }

  @Test func optionsNumbersAndWhatFollowsTwoDashesAreNoMistake() {
    for arguments in [
      ["-h"], ["query", "-h"], ["query", "--help"], ["query", "--", "-dash"], ["ingest", "-"],
      ["pack", "-o", "x"], ["pack", "-o=x"], ["ingest", "a", "--timezone", "-05:00"],
      ["ingest", "a", "--jobs", "-3"],
    ] { #expect(RawArguments.mistake(in: arguments) == nil, "\(arguments)") }
    #expect(
      RawArguments.joined(["ingest", "a", "--timezone", "-05:00"]) == ["ingest", "a", "--timezone=-05:00"])
    #expect(RawArguments.joined(["ingest", "a", "--", "--x", "-3"]) == nil)
  }

  @Test(arguments: [
    (["query", "-dash"], 64, "' -- '"), (["ingest", "x", "--jobs", "-3"], 64, "--jobs is 1 or more"),
    (["formats", "a.log"], 64, "'firebreak formats test a.log'"), (["query", "-h"], 0, ""),
  ]) func aScriptLearnsOfAMistakeByTheExitCode(arguments: [String], code: Int32, says: String) throws {
    let folder = FileManager.default.temporaryDirectory
    let run = try BuiltProgram.run(arguments, in: folder)
    #expect(run.exit == code && (says.isEmpty || run.errors.contains(says)), "\(run)")
  }

  @Test func noExampleInAHelpIsBroken() {
    for (path, type) in CommandReferenceTests.commands(Firebreak.self) {
      let help = CommandReferenceTests.help(path, type)
      for line in type.configuration.discussion.split(separator: "\n") where line.hasPrefix("firebreak ") {
        #expect(help.split(separator: "\n").contains { $0.hasSuffix(line) }, "\(path): \(line)")
      }
    }
  }

  @Test func sharesAreTakenAsTheyArePrinted() throws {
    #expect(try WhatIfCommand.shares("1%,10%,100%") == [0.01, 0.1, 1])
    #expect(try WhatIfCommand.shares("1, 10, 100 %") == [0.01, 0.1, 1])
    #expect(try WhatIfCommand.shares("0.01,0.1,1") == [0.01, 0.1, 1])
    #expect(throws: ValidationError.self) { try WhatIfCommand.shares("1,10,100") }
    #expect(throws: ValidationError.self) { try WhatIfCommand.shares("1") }
    #expect(throws: ValidationError.self) { try WhatIfCommand.share("1") }
    #expect(try WhatIfCommand.share("5 %") == 0.05)
  }

  @Test func namesAreUnderstoodWithBlanksAndInAnyCase() {
    let names = EntityNames(["mq-east", "ota-hub", "Gw-1", "gw-1", "a->b"])
    #expect(names.subject("ota-hub -> MQ-EAST") == "ota-hub->mq-east")
    #expect(names.subject(" MQ-East ") == "mq-east")
    #expect(names.subject("a->b") == "a->b")
    #expect(names.subject("GW-1") == "GW-1", "two names differ in case only")
    #expect(names.suggestion(for: "mq-eest") == "mq-east")
    #expect(names.suggestion(for: "ota-hob->mq-east") == "ota-hub->mq-east")
    #expect(names.suggestion(for: "something-else") == nil)
  }

  @Test func whatANoteSaysIsSaidBack() {
    func note(_ kind: TimelineStore.Note.Kind, _ subject: String?, _ value: String?, _ text: String) -> String
    {
      firebreak.Note.understood(
        TimelineStore.Note(
          createdAt: Instant(nanoseconds: 0), author: "a", kind: kind, event: EventID(rawValue: 42),
          subject: subject, value: value, text: text))
    }
    #expect(note(.reject, "origin:ota-hub", nil, "off") == "origin:ota-hub is wrong, because \"off\"")
    #expect(note(.tag, nil, "suspect", "") == "event 42 is tagged suspect")
    #expect(note(.note, nil, nil, "bad") == "on event 42: \"bad\"")
    #expect(note(.retraction, nil, "3", "") == "takes back note 3")
    #expect(note(.annotation, "state", "final", "") == "state = final")
    #expect(ReportField.nearest("detectedAt") == "detection.at")
  }

  @Test func theReasonsStandUnderTheCandidateTheyAreAbout() throws {
    var incident = Incident()
    func candidate(_ device: String, _ probability: Double, _ reasons: [String] = []) -> OriginCandidate {
      OriginCandidate(
        device: device, probability: probability, reasonsFor: reasons, reasonsAgainst: [], evidence: [],
        counterEvidence: [])
    }
    incident.origins = [candidate("ota-hub", 0.9, ["announced a change"]), candidate("mtr-1", 0.05)]
    var trace = Trace()
    trace.incidents = [incident]
    let lines = TraceTable(trace, style: TerminalStyle(isTerminal: false, environment: [:])).lines
    let first = try #require(lines.firstIndex { $0.hasPrefix("  ota-hub") })
    #expect(lines[first + 1].contains("announced a change"), "\(lines)")
    #expect(lines[first + 2].hasPrefix("  mtr-1"))
    incident.origins = [candidate("mtr-1", 0.01)]
    #expect(!incident.verdict.contains("mtr-1"))
  }

  /// "12:54 trigger, 12:08 device failure" is no order of time.
  @Test(arguments: [(600.0, "Phases (2023-11-14, UTC)"), (90_000, "Phases (UTC)")])
  func anIncidentThatGoesPastMidnightHasDates(_ later: Double, _ title: String) throws {
    let start = Instant(nanoseconds: 1_700_000_000_000_000_000)
    var incident = Incident()
    incident.onsets = [("pump-1", 0.0), ("pump-2", later)].map { name, seconds in
      let time = start.adding(seconds: seconds)
      return Onset(
        device: name, time: time, interval: time...time, kind: .log, probability: 0.9, evidence: [],
        basis: .none)
    }
    incident.phases = [
      Phase(name: .trigger, start: start, evidence: []),
      Phase(name: .deviceFailure, start: start.adding(seconds: later), evidence: []),
    ]
    incident.edges = [
      SpreadEdge(from: "hub", to: "pump-2", kind: .dependency, probability: 0.9, evidence: [])
    ]
    var trace = Trace()
    trace.incidents = [incident]
    let lines = TraceTable(trace, style: TerminalStyle(isTerminal: false, environment: [:])).lines
    #expect(lines.contains(title), "\(lines)")
    let stamps =
      later > 86_400 ? ["2023-11-14 22:13:20.0", "2023-11-15 23:13:20.0"] : ["22:13:20.0", "22:23:20.0"]
    #expect(lines.contains { $0.hasPrefix("  \(stamps[0])  trigger") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("  \(stamps[1])  device failure") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("  \(stamps[1])  └ pump-2") }, "\(lines)")
    #expect(
      lines.contains { $0.hasPrefix("  \(stamps[0])") && $0.hasSuffix(stamps[1]) && $0.count == 62 },
      "\(lines)")
  }

  @Test func playbooksAreFoundBesideTheProgramWhereverOneStands() throws {
    let installed = PlaybookFiles.folders(of: "/opt/x/bin/firebreak")
    #expect(installed == ["/opt/x/bin/Playbooks", "/opt/x/share/firebreak/Playbooks"])
    let built = PlaybookFiles.folders(
      of: "/home/jo/firebreak/.build/x86_64-unknown-linux-gnu/debug/firebreak")
    #expect(built.last == "/home/jo/firebreak/Playbooks")
    let folder = FileManager.default.temporaryDirectory
    let run = try BuiltProgram.run(["playbook", "list"], in: folder)
    #expect(run.exit == 0 && run.output.contains("isolate-device"), "\(run)")
    #expect(run.errors.contains("looked in ") && run.errors.contains("Playbooks, "), "\(run)")
  }

  /// An unpacked release: the program, and Playbooks beside it.
  @Test func aReleaseFindsThePlaybooksBesideItFromEveryFolder() throws {
    let work = try Workspace()
    try work.write("release/Playbooks/own/playbook.yaml", work.touchPlaybook())
    try FileManager.default.createDirectory(atPath: work.at("elsewhere"), withIntermediateDirectories: true)
    let line = """
      ln "$FIREBREAK" release/firebreak 2>/dev/null || cp "$FIREBREAK" release/firebreak
      unset FIREBREAK_PLAYBOOKS; cd elsewhere && ../release/firebreak playbook list
      ../release/firebreak playbook validate own
      """
    let found = try Shell.run(line, in: work)
    #expect(found.output.contains("release/Playbooks/own/playbook.yaml: valid"), "\(found)")
    #expect(found.output.contains("looked in ") && found.output.contains("release/Playbooks,"), "\(found)")
  }

  @Test(arguments: [
    ("SELEC 1", 64), ("SELECT nothing FROM timeline", 64), ("DELETE FROM note", 2), ("SELECT 1", 0),
  ]) func aMistakeInSQLIsAMistakeOnTheCommandLine(sql: String, code: Int32) throws {
    let work = try Workspace()
    try work.write("a.log", Workspace.log(3))
    #expect(try work.ingest(work.at("a.log")).run.exit == 0)
    let run = try work.firebreak("query", "--sql", sql, "--case", "x.firebreak")
    #expect(run.exit == code, "\(sql): \(run)")
  }
}
