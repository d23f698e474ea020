import Foundation
import IncidentModel
import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// One action for all: a service that can be made to forget to answer, to take its time, or to have other members.
final class GroupService: CommandExecutor {
  static let type = CommandType.bash
  struct State {
    var members = ["d-1", "d-2", "d-3"]
    var isInForce = false
    var acts = 0
    var looks = 0
    /// Looks after the action until it shows.
    var delay = 0
    var answer = CommandAnswer.Effect.done
  }
  let state = Mutex(State())

  func planText(_ call: CommandCall) throws(RunnerError) -> String { call.command.text }

  func execute(_ call: CommandCall) async -> CommandAnswer {
    state.withLock { state in
      switch call.command.text {
      case "members":
        let items = state.members.map { DocumentNode.object([("n", .string($0))]) }
        return CommandAnswer(.done, json: .object([("list", .array(items))]), detail: "members")
      case "act", "undo":
        state.acts += 1
        state.isInForce = call.command.text == "act"
        return CommandAnswer(state.answer, detail: "acted")
      default:
        state.looks += 1
        if state.acts > 0 && state.delay > 0 {
          state.delay -= 1
          return CommandAnswer(.done, json: .object([("on", .string("no"))]), detail: "looked")
        }
        return CommandAnswer(
          .done, json: .object([("on", .string(state.isInForce ? "yes" : "no"))]), detail: "looked")
      }
    }
  }
}

/// A journal that fails once, after so many records, as on a disk that fills.
final class FailingJournal: JournalStorage {
  struct Full: Error {}
  private let inner: MemoryJournal
  private let left: Mutex<Int>
  init(_ inner: MemoryJournal, after count: Int) {
    self.inner = inner
    left = Mutex(count)
  }
  func append(_ records: [RunRecord]) throws {
    let fits = left.withLock { left in
      left -= records.count
      return left >= 0
    }
    guard fits else { throw Full() }
    try inner.append(records)
  }
  func records(run: String) throws -> [RunRecord] { try inner.records(run: run) }
  func runs() throws -> [String] { try inner.runs() }
}

@Suite struct GroupRolloutTests {
  private static let playbook = """
    type: playbook
    spec_version: cacao-2.0
    id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
    name: g
    created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
    created: 2026-01-01T00:00:00.000Z
    modified: 2026-01-02T00:00:00.000Z
    workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
    workflow:
      start--8dc72423-9759-4695-8190-cd7d30be6219:
        {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
      action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
        type: action
        agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
        on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
        commands: [{type: bash, command: act}]
        step_extensions:
          extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
            policy: contain
            group: {members: {commands: [{type: bash, command: members}], pointer: /list, name: n}}
            verify: {commands: [{type: bash, command: look}], expect: {pointer: /on, equals: "yes"}, within_ms: 20000}
            undo:
              commands: [{type: bash, command: undo}]
              verify: {commands: [{type: bash, command: look}], expect: {pointer: /on, differs: "yes"}}
            interlocks: [{attribute: life_safety, require: ["no"]}]
      end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
    agent_definitions:
      individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
    extension_definitions:
      extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
        {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: x, version: 1.0.0}
    """

  private struct Scene {
    let service = GroupService()
    let journal = MemoryJournal()
    let plan: ExecutionPlan
    private let executors: ExecutorSet

    init(_ devices: [String] = ["d-1", "d-2", "d-3"]) throws {
      executors = ExecutorSet([service])
      plan = try Planner(executors: executors).plan(
        try Support.playbook(text: GroupRolloutTests.playbook),
        selection: Support.selection(devices, inventory: Support.inventory(devices)), options: .init(),
        now: Support.now)
    }

    func environment(_ storage: (any JournalStorage)? = nil) -> RunEnvironment {
      RunEnvironment(executors: executors, journal: storage ?? journal, clock: FastClock())
    }

    func results() -> [RunRecord] { journal.all.filter { $0.kind == .result || $0.kind == .verified } }
  }

  /// A run without records would be taken for one whose journal was cut.
  @Test func aRunWhoseFirstRecordCannotBeWrittenLeavesNoFolder() async throws {
    let scene = try Scene()
    let folder = try TemporaryFolder()
    var environment = scene.environment(FailingJournal(scene.journal, after: 0))
    environment.folder = folder.path + "/x.runs/r"
    await #expect(throws: (any Error).self) {
      try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    }
    #expect(scene.service.state.withLock { $0.acts } == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/x.runs").isEmpty)
    // Where there is a record, the folder is what takes the run back.
    environment.journal = FailingJournal(scene.journal, after: 1)
    await #expect(throws: (any Error).self) {
      try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/x.runs/r").count == 2)
  }

  /// The group cannot leave one out.
  @Test func aLaterRunThatCountsOnOneOfThemHoldsAllOfThemBack() async throws {
    let scene = try Scene()
    _ = try await PlaybookRun(scene.plan, environment: scene.environment(), run: "r").execute()
    scene.service.state.withLock { $0.members = ["d-2"] }
    let later = try Scene(["d-2"])
    let second = try await PlaybookRun(later.plan, environment: scene.environment(), run: "s").execute()
    #expect(second.counts == [.ok: 1], "\(second)")
    let undo = try UndoRun(scene.plan, environment: scene.environment(), run: "r")
    #expect(undo.scope.isEmpty && undo.held.map(\.devices) == [["d-1", "d-2", "d-3"]])
    #expect(try await undo.execute().end == .failed && scene.service.state.withLock { $0.isInForce })
    let all = try UndoRun(scene.plan, environment: scene.environment(), run: "r", includesHeld: true)
    #expect(try await all.execute().end == .succeeded && !scene.service.state.withLock { $0.isInForce })
  }

  @Test func oneActionHasAnIntentAndAResultForEachAndIsTakenBackByOne() async throws {
    let scene = try Scene()
    let summary = try await PlaybookRun(scene.plan, environment: scene.environment(), run: "r").execute()
    #expect(summary.end == .succeeded && summary.counts == [.changed: 3])
    #expect(scene.journal.all.filter { $0.kind == .intent }.count == 3)
    #expect(scene.service.state.withLock { $0.acts } == 1)
    let undone = try await UndoRun(scene.plan, environment: scene.environment(), run: "r").execute()
    #expect(undone.end == .succeeded)
    #expect(scene.service.state.withLock { $0.acts } == 2)
    #expect(scene.service.state.withLock { !$0.isInForce })
  }

  @Test func aStateThatTakesItsTimeIsWaitedFor() async throws {
    let scene = try Scene()
    scene.service.state.withLock { $0.delay = 5 }
    let summary = try await PlaybookRun(scene.plan, environment: scene.environment(), run: "r").execute()
    #expect(summary.counts == [.changed: 3])
    #expect(scene.service.state.withLock { $0.looks } >= 6)
  }

  @Test func aLostAnswerIsVerifiedAndNothingIsSentTwice() async throws {
    let scene = try Scene()
    scene.service.state.withLock { $0.answer = .unknown }
    let summary = try await PlaybookRun(scene.plan, environment: scene.environment(), run: "r").execute()
    #expect(summary.counts == [.changed: 3])
    #expect(scene.results().allSatisfy { $0.reason == "verified" })
    #expect(scene.service.state.withLock { $0.acts } == 1)
  }

  /// The journal breaks off between the intents and the results: resuming looks first and does not act again.
  @Test func afterAnInterruptionBetweenIntentAndResultItLooksAndDoesNotActAgain() async throws {
    // Every place where the disk may have been full.
    for place in 4...16 {
      let scene = try Scene()
      let failing = FailingJournal(scene.journal, after: place)
      _ = try? await PlaybookRun(scene.plan, environment: scene.environment(failing), run: "r").execute()
      let before = scene.service.state.withLock { $0.acts }
      #expect(before <= 1)
      guard RunHistory(scene.journal.all).end == nil, !scene.journal.all.isEmpty else { continue }
      let summary = try await PlaybookRun(scene.plan, environment: scene.environment(), run: "r").execute()
      #expect(summary.end == .succeeded, "\(place)")
      #expect(scene.service.state.withLock { $0.acts } == 1, "\(place)")
      #expect(summary.counts.values.reduce(0, +) == 3, "\(place): \(summary.counts)")
      #expect(JournalChain.firstProblem(in: scene.journal.all) == nil)
    }
  }

  @Test func aMemberThatIsNoTargetOrAnAnswerWithoutMembersStopsItBeforeItIsSent() async throws {
    for members in [["d-1", "d-2", "d-3", "ventilator"], []] {
      let scene = try Scene()
      scene.service.state.withLock { $0.members = members }
      let summary = try await PlaybookRun(scene.plan, environment: scene.environment(), run: "r").execute()
      #expect(summary.end == .halted)
      #expect(scene.service.state.withLock { $0.acts } == 0)
    }
  }
}
