import Foundation
import Testing

/// Playbooks that must be refused before anything is done.
@Suite struct PlaybookBadInputTests {
  private func playbook(_ workflow: String, start: String = "start--11111111-1111-4111-8111-111111111111")
    -> String
  {
    """
    {"type":"playbook","spec_version":"cacao-2.0","id":"playbook--a0777575-5c4c-4710-9f01-15776103837f",
     "name":"test",
     "created_by":"identity--5abe695c-7bd5-4c31-8824-2528696cdbf1",
     "created":"2026-04-07T09:00:00.000Z","modified":"2026-04-07T09:00:00.000Z",
     "workflow_start":"\(start)",
     "agent_definitions":{"individual--44444444-4444-4444-8444-444444444444":{"type":"individual","name":"on call"}},
     "workflow":{\(workflow)}}
    """
  }

  private let end = "\"end--33333333-3333-4333-8333-333333333333\":{\"type\":\"end\"}"

  private func verdict(_ text: String) throws -> (exit: Int32, verdict: String, text: String) {
    let work = try Workspace()
    try work.write("p.json", text)
    let run = try work.firebreak("playbook", "validate", work.at("p.json"), "--format", "json")
    let document = (try? jsonObject(run.output)) ?? [:]
    return (run.exit, document["verdict"] as? String ?? "none", run.output + run.errors)
  }

  @Test func takesASoundPlaybook() throws {
    let result = try verdict(
      playbook(
        """
        "start--11111111-1111-4111-8111-111111111111":{"type":"start","on_completion":"action--22222222-2222-4222-8222-222222222222"},
        "action--22222222-2222-4222-8222-222222222222":{"type":"action","commands":[{"type":"manual","command":"look"}],
         "on_completion":"end--33333333-3333-4333-8333-333333333333","agent":"individual--44444444-4444-4444-8444-444444444444"},\(end)
        """))
    #expect(result.exit == 0, "\(result.text)")
    #expect(result.verdict == "valid")
  }

  /// The last of two would win, also where it is the wider one.
  @Test(arguments: [
    (["plan", "P", "--targets", "device:gw-1", "--targets", "device:*"], "--targets is given twice"),
    (["plan", "P", "--targets=device:gw-1", "--targets", "device:gw-1"], "--targets is given twice"),
    (["plan", "P", "--targets", "device:gw-1", "--set", "x=1", "--set", "x=2"], "'__x__' twice"),
    (["plan", "P", "--targets", "device:gw-1", "--set", "x=1", "--set", "__x__=1"], "'__x__' twice"),
    (["run", "P", "--secret", "a=file:/x", "--secret", "a=file:/y"], "'a' twice"),
    (["runs", "--case", "x.firebreak", "--case", "y.firebreak"], "--case is given twice"),
  ]) func whatIsGivenTwiceIsAMistakeOfUsage(_ arguments: [String], _ says: String) throws {
    let work = try Workspace.fleet()
    let run = try work.playbook(arguments.map { $0 == "P" ? work.at("p.yaml") : $0 })
    #expect(run.exit == 64 && run.errors.contains(says), "\(run)")
    for other in [
      ["ingest", work.at("p.yaml"), "--inventory", "a.csv", "--inventory", "b.csv"],
      ["note", "--set", "a=b", "--set=c=d"], ["trace", "-o", "a", "--output", "b"],
    ] {
      let refused = try BuiltProgram.run(
        other, in: work.folder, environment: ["FIREBREAK_CASE": work.at("x.firebreak")])
      #expect(refused.exit == 64 && refused.errors.contains("is given twice"), "\(refused)")
    }
    let fine = try work.playbook(
      "plan", work.at("p.yaml"), "--targets", "device:gw-2", "--protect", "gw-3", "--protect", "gw-4",
      "--all", "--all")
    #expect(fine.exit == 0, "\(fine)")
  }

  @Test func refusesDanglingSteps() throws {
    let result = try verdict(
      playbook(
        """
        "start--11111111-1111-4111-8111-111111111111":{"type":"start","on_completion":"action--22222222-2222-4222-8222-222222222222"},\(end)
        """))
    #expect(result.exit == 1, "\(result.text)")
    #expect(result.verdict == "invalid")
    #expect(result.text.contains("22222222-2222-4222-8222-222222222222"))
  }

  @Test func refusesUnknownStepsAndCommands() throws {
    let unknownStep = try verdict(
      playbook(
        """
        "start--11111111-1111-4111-8111-111111111111":{"type":"dance","on_completion":"end--33333333-3333-4333-8333-333333333333"},\(end)
        """))
    #expect(unknownStep.exit == 1)
    #expect(unknownStep.text.contains("dance"))
    let unknownCommand = try verdict(
      playbook(
        """
        "start--11111111-1111-4111-8111-111111111111":{"type":"start","on_completion":"action--22222222-2222-4222-8222-222222222222"},
        "action--22222222-2222-4222-8222-222222222222":{"type":"action","commands":[{"type":"caldera-cmd","command":"x"}],
         "on_completion":"end--33333333-3333-4333-8333-333333333333","agent":"individual--44444444-4444-4444-8444-444444444444"},\(end)
        """))
    #expect(unknownCommand.exit == 1)
    #expect(unknownCommand.verdict != "valid")
    #expect(unknownCommand.text.contains("caldera-cmd"))
  }

  @Test func refusesWhatIsNoPlaybookAtAll() throws {
    for text in ["", "{", "[]", "null", "{\"type\":\"playbook\"}", String(repeating: "[", count: 100_000)] {
      let result = try verdict(text)
      #expect(result.exit == 1 || result.exit == 2, "\(text.prefix(20)): \(result.exit)")
      #expect(!result.text.isEmpty)
    }
  }

  @Test func saysThatAPlaybookIsMissing() throws {
    let work = try Workspace()
    let run = try work.firebreak("playbook", "validate", "nowhere.json")
    #expect(run.exit == 2)
    #expect(run.errors.contains("nowhere.json"))
  }
}
