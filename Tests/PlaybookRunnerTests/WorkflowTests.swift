import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// Workflows of bash and manual steps, run to their end.
@Suite struct WorkflowTests {
  private static let ids = (1...9).map { "00000000-0000-4000-8000-00000000000\($0)" }

  /// A playbook from steps in short form; `@N` stands for the UUID number N.
  private func playbook(_ steps: String, head: String = "", variables: String = "{}") throws -> Playbook {
    var text = """
      type: playbook
      spec_version: cacao-2.0
      id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
      name: flow
      created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
      created: 2026-01-01T00:00:00.000Z
      modified: 2026-01-02T00:00:00.000Z
      workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
      playbook_variables: \(variables)
      \(head)
      workflow:
      \(steps)
      agent_definitions:
        individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
      """
    for (index, id) in Self.ids.enumerated() {
      text = text.replacingOccurrences(of: "@\(index + 1)", with: id)
    }
    text = text.replacingOccurrences(of: "START", with: "start--8dc72423-9759-4695-8190-cd7d30be6219")
    text = text.replacingOccurrences(
      of: "AGENT", with: "agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99")
    return try Support.playbook(text: text)
  }

  private func run(
    _ playbook: Playbook, answer: ManualAnswer = .nobody, journal: MemoryJournal = MemoryJournal()
  ) async throws -> (RunSummary, MemoryJournal) {
    let secrets = try SecretStore(sources: [], environment: [:])
    let executors = ExecutorSet.all(secrets: secrets, prompter: FixedAnswer(answer))
    let plan = try Planner(executors: executors).plan(
      playbook, selection: nil, options: .init(), now: Support.now)
    let environment = RunEnvironment(executors: executors, journal: journal, masker: secrets.masker)
    return (try await PlaybookRun(plan, environment: environment, run: "r").execute(), journal)
  }

  @Test func anIfConditionFollowsWhatAStepFoundOut() async throws {
    for (word, branch) in [("yes", "took true"), ("no", "took false")] {
      let flow = try playbook(
        """
          START: {type: start, on_completion: action--@1}
          action--@1: {type: action, AGENT, on_completion: if-condition--@2, out_args: [__a__], commands: [{type: bash, command: "echo \(word)"}]}
          if-condition--@2: {type: if-condition, condition: "__a__:value = 'yes'", on_true: action--@3, on_false: action--@5, on_completion: end--@7}
          action--@3: {type: action, AGENT, on_completion: end--@4, commands: [{type: bash, command: echo took true}]}
          end--@4: {type: end}
          action--@5: {type: action, AGENT, on_completion: end--@6, commands: [{type: bash, command: echo took false}]}
          end--@6: {type: end}
          end--@7: {type: end}
        """, variables: "{__a__: {type: string}}")
      let (summary, journal) = try await run(flow)
      #expect(summary.end == .succeeded)
      #expect(journal.all.contains { $0.kind == .result && $0.detail.contains(branch) })
      #expect(journal.all.filter { $0.kind == .result }.count == 2)
    }
  }

  @Test func allBranchesOfAParallelStepRunAndOneFailureIsRemembered() async throws {
    let folder = try TemporaryFolder()
    func flow(_ second: String) throws -> Playbook {
      try playbook(
        """
          START: {type: start, on_completion: parallel--@1}
          parallel--@1: {type: parallel, next_steps: [action--@2, action--@4], on_completion: action--@6}
          action--@2: {type: action, AGENT, on_completion: end--@3, commands: [{type: bash, command: "touch \(folder.path)/a"}]}
          end--@3: {type: end}
          action--@4: {type: action, AGENT, on_completion: end--@5, commands: [{type: bash, command: "\(second)"}]}
          end--@5: {type: end}
          action--@6: {type: action, AGENT, on_completion: end--@7, commands: [{type: bash, command: "ls \(folder.path)"}]}
          end--@7: {type: end}
        """)
    }
    let (good, journal) = try await run(try flow("touch \(folder.path)/b"))
    #expect(good.end == .succeeded)
    #expect(journal.all.contains { $0.detail.contains("a b") })
    let (bad, _) = try await run(try flow("false"))
    #expect(bad.end == .failed)
  }

  @Test(arguments: [
    // To itself, to a step before after a failure, and to itself within a branch.
    ["action--@1: {type: action, AGENT, on_completion: action--@1, COMMAND}"],
    [
      "action--@1: {type: action, AGENT, on_completion: action--@2, COMMAND}",
      "action--@2: {type: action, AGENT, on_success: end--@9, on_failure: action--@1, COMMAND}",
    ],
    [
      "action--@1: {type: action, AGENT, on_completion: if-condition--@2, COMMAND}",
      "if-condition--@2: {type: if-condition, condition: \"__a__:value = 'x'\", on_true: action--@3, on_completion: end--@9}",
      "action--@3: {type: action, AGENT, on_success: end--@8, on_failure: action--@3, COMMAND}",
      "end--@8: {type: end}",
    ],
  ])
  func aWorkflowThatLeadsBackToAnActionIsNotPlanned(steps: [String]) async throws {
    let lines = (["START: {type: start, on_completion: action--@1}"] + steps + ["end--@9: {type: end}"]).map {
      "  " + $0.replacingOccurrences(of: "COMMAND", with: "commands: [{type: bash, command: echo again}]")
    }
    let flow = try playbook(
      lines.joined(separator: "\n"), variables: "{__a__: {type: string, value: x}}")
    let error = await #expect(throws: RunnerError.self) { try await run(flow) }
    #expect(error?.description.contains("back to it: its commands") == true, "\(String(describing: error))")
  }

  @Test func aFailureGoesToItsHandlerElseToTheException() async throws {
    let handled = try playbook(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, AGENT, on_success: end--@2, on_failure: action--@3, commands: [{type: bash, command: exit 4}]}
        end--@2: {type: end}
        action--@3: {type: action, AGENT, on_completion: end--@2, commands: [{type: bash, command: echo handled}]}
      """)
    let (first, journal) = try await run(handled)
    #expect(first.end == .succeeded && journal.all.contains { $0.detail.contains("handled") })
    let unhandled = try playbook(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, AGENT, on_success: end--@2, commands: [{type: bash, command: exit 4}]}
        end--@2: {type: end}
        action--@3: {type: action, AGENT, on_completion: end--@4, commands: [{type: bash, command: echo exceptional}]}
        end--@4: {type: end}
      """, head: "workflow_exception: action--@3")
    let (second, other) = try await run(unhandled)
    #expect(second.end == .failed && other.all.contains { $0.detail.contains("exceptional") })
  }

  @Test func loopsEndByTheirConditionOrByTheCap() async throws {
    let flow = try playbook(
      """
        START: {type: start, on_completion: while-condition--@1}
        while-condition--@1: {type: while-condition, condition: "__n__:value < 3", on_true: action--@2, on_completion: end--@4}
        action--@2: {type: action, AGENT, on_completion: end--@3, in_args: [__n__], out_args: [__n__], commands: [{type: bash, command: "expr __n__:value + 1"}]}
        end--@3: {type: end}
        end--@4: {type: end}
      """, variables: "{__n__: {type: integer, value: \"0\"}}")
    let (summary, journal) = try await run(flow)
    #expect(summary.end == .succeeded && journal.all.filter { $0.kind == .result }.count == 3)
    let endless = try playbook(
      """
        START: {type: start, on_completion: if-condition--@1}
        if-condition--@1: {type: if-condition, condition: "__n__:value = 0", on_true: end--@2, on_success: if-condition--@1}
        end--@2: {type: end}
        action--@3: {type: action, AGENT, on_completion: end--@4, commands: [{type: manual, command: x}]}
        end--@4: {type: end}
      """, variables: "{__n__: {type: integer, value: \"0\"}}")
    let (capped, _) = try await run(endless)
    #expect(capped.end == .failed && capped.reasons.contains { $0.contains("circles") })
  }

  @Test func aSwitchTakesItsCaseOrTheDefaultAndNeverNothing() async throws {
    func flow(_ value: String, _ cases: String) throws -> Playbook {
      try playbook(
        """
          START: {type: start, on_completion: switch-condition--@1}
          switch-condition--@1: {type: switch-condition, switch: "__m__:value", cases: {\(cases)}, on_completion: end--@6}
          action--@2: {type: action, AGENT, on_completion: end--@3, commands: [{type: bash, command: echo case one}]}
          end--@3: {type: end}
          action--@4: {type: action, AGENT, on_completion: end--@5, commands: [{type: bash, command: echo the default}]}
          end--@5: {type: end}
          end--@6: {type: end}
        """, variables: "{__m__: {type: string, value: \(value)}}")
    }
    let (_, one) = try await run(try flow("x100", "x100: action--@2, default: action--@4"))
    #expect(one.all.contains { $0.detail.contains("case one") })
    let (_, other) = try await run(try flow("x200", "x100: action--@2, default: action--@4"))
    #expect(other.all.contains { $0.detail.contains("the default") })
    let (none, _) = try await run(try flow("x200", "x100: action--@2"))
    #expect(none.end == .failed)
  }

  @Test func aManualStepNeedsSomebody() async throws {
    let flow = try playbook(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, AGENT, on_completion: end--@2, commands: [{type: manual, command: Pull the plug}]}
        end--@2: {type: end}
      """)
    #expect(try await run(flow).0.end == .failed)
    #expect(try await run(flow, answer: .done(note: "pulled")).0.end == .succeeded)
    #expect(try await run(flow, answer: .failed(note: "no key")).0.end == .failed)
  }

  @Test func aStepThatRanOnceIsNotRunAgainAfterAnInterruption() async throws {
    let folder = try TemporaryFolder()
    let flow = try playbook(
      """
        START: {type: start, on_completion: action--@1}
        action--@1: {type: action, AGENT, on_completion: action--@2, commands: [{type: bash, command: "echo x >> \(folder.path)/ran"}]}
        action--@2: {type: action, AGENT, on_completion: end--@3, commands: [{type: bash, command: echo second}]}
        end--@3: {type: end}
      """)
    let full = MemoryJournal()
    _ = try await run(flow, journal: full)
    // Cut after the first step was finished: the second alone is left.
    let finished = try #require(full.all.firstIndex { $0.kind == .stepFinished })
    let cut = MemoryJournal()
    try cut.append(Array(full.all[...finished]))
    let secrets = try SecretStore(sources: [], environment: [:])
    let executors = ExecutorSet.all(secrets: secrets, prompter: FixedAnswer(.nobody))
    let plan = try Planner(executors: executors).plan(
      flow, selection: nil, options: .init(), now: Support.now)
    // The same plan as before, made again: the journal names its hash.
    var records = cut.all
    var previous = JournalChain.start
    for index in records.indices {
      if records[index].kind == .runStarted { records[index].reason = plan.hash }
      records[index] = JournalChain.link(records[index], after: previous)
      previous = records[index].hash
    }
    let resumed = MemoryJournal()
    try resumed.append(records)
    let summary = try await PlaybookRun(
      plan, environment: RunEnvironment(executors: executors, journal: resumed), run: "r"
    ).execute()
    #expect(summary.end == .succeeded)
    #expect(try String(contentsOfFile: folder.path + "/ran", encoding: .utf8) == "x\n")
  }
}
