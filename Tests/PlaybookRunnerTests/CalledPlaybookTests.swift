import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

@Suite struct CalledPlaybookTests {
  /// A playbook that runs one command, or calls another one, with a number in its ids.
  private func text(
    _ number: Int, calls other: Int? = nil, version: String? = nil, command: String = "true",
    exception: Bool = false,
    modified: String = "2026-01-02T00:00:00.000Z", extra: String = ""
  ) -> String {
    let step =
      other.map {
        "{type: playbook-action, playbook_id: \(id($0)), in_args: [__word__], out_args: [__answer__], on_success: END"
          + (version.map { ", playbook_version: \"\($0)\"" } ?? "") + "}"
      }
      ?? "{type: action, agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99, out_args: [__answer__], on_success: END, commands: [{type: bash, command: \"\(command)\"}]}"
    let kind = other == nil ? "action" : "playbook-action"
    let end = "end--3bfb7410-8c2c-4db0-92b1-4388fab0844\(number)"
    return """
      type: playbook
      spec_version: cacao-2.0
      id: \(id(number))
      name: number \(number)
      created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
      created: 2026-01-01T00:00:00.000Z
      modified: \(modified)
      \(extra)
      \(exception ? "workflow_exception: action--bb0d8228-f072-47c8-8eb9-4740cc1bc38\(number)" : "")
      workflow_start: start--8dc72423-9759-4695-8190-cd7d30be621\(number)
      playbook_variables:
        __word__: {type: string, value: "\(number)", external: true}
        __answer__: {type: string}
      workflow:
        start--8dc72423-9759-4695-8190-cd7d30be621\(number): {type: start, on_completion: \(kind)--aa0d8228-f072-47c8-8eb9-4740cc1bc38\(number)}
        \(kind)--aa0d8228-f072-47c8-8eb9-4740cc1bc38\(number): \(step.replacing("END", with: end))
        action--bb0d8228-f072-47c8-8eb9-4740cc1bc38\(number): {type: action, agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99, on_success: \(end), commands: [{type: bash, command: "printf handled"}]}
        \(end): {type: end}
      agent_definitions:
        individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
      """
  }

  private func id(_ number: Int) -> String { "playbook--e042eeb5-e2b1-4b8e-b116-6922a21299e\(number)" }

  private func link(_ texts: [String], now: Int64 = Support.now) throws -> Playbook {
    func load(_ text: String) throws -> Playbook {
      try Playbook(PlaybookDocument(reading: Array(text.utf8), now: now))
    }
    let others = try texts.dropFirst().map(load)
    return try load(texts[0]).linked { (reference) throws(LinkError) in
      guard let found = others.first(where: { $0.id == reference.id }) else { throw LinkError("not there") }
      return (found, nil)
    }
  }

  private func run(_ playbook: Playbook, journal: MemoryJournal = MemoryJournal()) async throws -> RunSummary
  {
    let executors = ExecutorSet([BashExecutor()])
    let plan = try Planner(executors: executors).plan(
      playbook, selection: nil, options: .init(variables: ["__word__": "from outside"]), now: Support.now)
    // The plan's file holds everything: what is read back does the same.
    var lines = ""
    plan.write { lines += $0 }
    let read = try ExecutionPlan(reading: Array(lines.utf8), now: Support.now)
    #expect(read.playbook.steps.count == plan.playbook.steps.count && read.hash == plan.hash)
    return try await PlaybookRun(
      read, environment: RunEnvironment(executors: executors, journal: journal), run: "r"
    )
    .execute()
  }

  @Test func valuesGoInAndComeOutOverThreeFloors() async throws {
    let journal = MemoryJournal()
    let playbook = try link([
      text(1, calls: 2), text(2, calls: 3), text(3, command: "printf %s \\\"got __word__:value\\\""),
    ])
    let summary = try await run(playbook, journal: journal)
    #expect(summary.end == .succeeded, "\(summary)")
    #expect(
      journal.all.contains { $0.detail == "__answer__=got from outside" }, "\(journal.all.map(\.detail))")
    // Steps of called playbooks are told apart by the way to them.
    #expect(journal.all.contains { $0.step?.split(separator: "/").count == 3 })
    #expect(JournalChain.firstProblem(in: journal.all) == nil)
  }

  @Test func aFailureInsideIsHandledInsideAndFailsTheCaller() async throws {
    let journal = MemoryJournal()
    let playbook = try link([text(1, calls: 2, exception: true), text(2, command: "false", exception: true)])
    let summary = try await run(playbook, journal: journal)
    #expect(summary.end == .failed)
    // Its own handler, then that of the caller.
    #expect(journal.all.filter { $0.detail.contains("handled") && $0.kind == .result }.count == 2)
  }

  @Test func circlesWrongVersionsAndMissingOnesAreRefusedWhenTheyAreLoaded() throws {
    #expect(throws: LinkError.self) { try link([text(1, calls: 1)]) }
    #expect(throws: LinkError.self) { try link([text(1, calls: 2), text(2, calls: 1)]) }
    #expect(throws: LinkError.self) { try link([text(1, calls: 2), text(2, calls: 3), text(3, calls: 2)]) }
    #expect(throws: LinkError.self) { try link([text(1, calls: 2)]) }
    #expect(throws: LinkError.self) {
      try link([text(1, calls: 2, version: "2026-01-01T00:00:00.000Z"), text(2)])
    }
    #expect(throws: Never.self) {
      try link([text(1, calls: 2, version: "2026-01-02T00:00:00.000Z"), text(2)])
    }
    let unpinned = PlaybookDocument(reading: Array(text(1, calls: 2).utf8), now: Support.now)
    #expect(unpinned.findings.contains { $0.rule == "step.unpinned" && $0.level == .warning })
  }

  @Test func aPlanWithAnExpiredCalledPlaybookDoesNotRunAnyMore() throws {
    let extra = "valid_until: 2026-12-31T00:00:00.000Z"
    let playbook = try link([text(1, calls: 2), text(2, extra: extra)], now: 1_790_000_000_000_000_000)
    let plan = try Planner(executors: ExecutorSet([BashExecutor()])).plan(
      playbook, selection: nil, options: .init(), now: Support.now)
    var lines = ""
    plan.write { lines += $0 }
    #expect(throws: Never.self) {
      try ExecutionPlan(reading: Array(lines.utf8), now: 1_790_000_000_000_000_000)
    }
    #expect(throws: RunnerError.self) {
      try ExecutionPlan(reading: Array(lines.utf8), now: 1_800_000_000_000_000_000)
    }
  }

  @Test func theTimeoutOfAConstructEndsItBetweenSteps() async throws {
    let start = "start--8dc72423-9759-4695-8190-cd7d30be6219"
    let loop = "while-condition--8dc72423-9759-4695-8190-cd7d30be6210"
    let action = "action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e"
    let (one, two) = (
      "end--3bfb7410-8c2c-4db0-92b1-4388fab0844b", "end--3bfb7410-8c2c-4db0-92b1-4388fab0844c"
    )
    let playbook = try Support.playbook(
      text: """
        type: playbook
        spec_version: cacao-2.0
        id: \(id(1))
        name: loop
        created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
        created: 2026-01-01T00:00:00.000Z
        modified: 2026-01-02T00:00:00.000Z
        workflow_start: \(start)
        playbook_variables: {__word__: {type: string, value: a}}
        workflow:
          \(start): {type: start, on_completion: \(loop)}
          \(loop): {type: while-condition, condition: "__word__:value = 'a'", on_true: \(action), timeout: 300, on_completion: \(one)}
          \(action): {type: action, agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99, on_success: \(two), commands: [{type: bash, command: sleep 0.05}]}
          \(one): {type: end}
          \(two): {type: end}
        agent_definitions: {individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: x}}
        """)
    let executors = ExecutorSet([BashExecutor()])
    let plan = try Planner(executors: executors).plan(
      playbook, selection: nil, options: .init(), now: Support.now)
    let summary = try await PlaybookRun(
      plan, environment: RunEnvironment(executors: executors, journal: MemoryJournal()), run: "r"
    ).execute()
    #expect(
      summary.end == .failed && summary.reasons.contains { $0.hasPrefix("ACTION_TIMEOUT") }, "\(summary)")
  }
}
