import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// A fleet of several steps: `do X`, `see X`, `un X`, `gone X` on a device keep and look at what was done to it. An answer
/// that a test puts in comes instead, before or after the effect.
final class StepFleet: Sendable {
  struct State {
    /// `X device` for everything that is in force.
    var inForce: Set<String> = []
    /// `command device` for everything that was asked for, in order.
    var asked: [String] = []
    /// Looks that do not see yet what is in force: a device that restarts.
    var hidden = 0
    /// Looks that do not see an act yet that was not answered: it is still under way.
    var late = 0
  }
  typealias Reply = @Sendable (_ command: String, _ device: String) -> CommandAnswer.Effect?
  let state = Mutex(State())
  private let reply: Mutex<Reply>

  init(_ reply: @escaping Reply = { _, _ in nil }) { self.reply = Mutex(reply) }

  /// From now on the fleet answers otherwise.
  func answer(_ reply: @escaping Reply) { self.reply.withLock { $0 = reply } }
  var inForce: Set<String> { state.withLock { $0.inForce } }
  var asked: [String] { state.withLock { $0.asked } }
  /// How often a command went to a device.
  func count(_ entry: String) -> Int { asked.count { $0 == entry } }

  struct Executor: CommandExecutor {
    static let type = CommandType.bash
    let fleet: StepFleet
    var mayGoOnUnseen: Bool { fleet.state.withLock { $0.late > 0 } }
    func planText(_ call: CommandCall) throws(RunnerError) -> String {
      "\(call.command.text) \(call.device ?? "-")"
    }
    func execute(_ call: CommandCall) async -> CommandAnswer {
      let words = call.command.text.split(separator: " ").map(String.init)
      let (verb, what, device) = (words[0], words.count > 1 ? words[1] : "", call.device ?? "all")
      let effect = fleet.reply.withLock { $0 }(call.command.text, device)
      return fleet.state.withLock { state in
        state.asked.append("\(call.command.text) \(device)")
        if let effect, effect == .refused || effect == .unreachable {
          return CommandAnswer(effect, detail: effect.rawValue)
        }
        let key = "\(what) \(device)"
        switch verb {
        case "do":
          state.inForce.insert(key)
          if effect == .unknown { state.hidden = state.late }
        case "un": state.inForce.remove(key)
        case "see" where state.hidden > 0:
          state.hidden -= 1
          return CommandAnswer(.done, text: "no", detail: "not seen yet")
        case "see":
          return CommandAnswer(
            effect ?? .done, text: state.inForce.contains(key) ? "yes" : "no", detail: "seen")
        case "gone" where state.hidden > 0:
          state.hidden -= 1
          return CommandAnswer(.done, text: "yes", detail: "not seen yet")
        case "gone":
          return CommandAnswer(
            effect ?? .done, text: state.inForce.contains(key) ? "no" : "yes", detail: "seen")
        default: break
        }
        return CommandAnswer(effect ?? .done, detail: effect?.rawValue ?? "done")
      }
    }
  }

  var executors: ExecutorSet { ExecutorSet([Executor(fleet: self)]) }

  /// One step of a chain: its name, how it goes on (`on_success`), more of its rollout, and its commands.
  struct Step {
    var name: String
    var next = "on_success"
    var rollout = ""
    var commands: [String]?
    var undo = true
    /// `within_ms` of the verification.
    var within = 0
    /// `rate_per_second`.
    var rate = 1_000_000
    /// `playbook_activity` of the commands.
    var activity = "eliminate-risk"
    /// What looks whether it is in force; nil: `see` its name.
    var verified: String?
    /// What it must answer.
    var answer = "yes"
  }

  private static func id(_ index: Int) -> String {
    "action--aa0d8228-f072-47c8-8eb9-4740cc1bc3\(index < 10 ? "0" : "")\(index)"
  }

  /// A playbook of steps in a row; with `hasGuard` after a step that goes out once.
  static func playbook(_ steps: [Step], head: String = "", hasGuard: Bool = false) throws -> Playbook {
    let end = "end--3bfb7410-8c2c-4db0-92b1-4388fab0844b"
    var text = """
      type: playbook
      spec_version: cacao-2.0
      id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
      name: chain
      created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
      created: 2026-01-01T00:00:00.000Z
      modified: 2026-01-02T00:00:00.000Z
      \(head)
      workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
      workflow:
        start--8dc72423-9759-4695-8190-cd7d30be6219: {type: start, on_completion: \(hasGuard ? id(90) : id(0))}
        \(end): {type: end}

      """
    if hasGuard {
      text += """
          \(id(90)):
            type: action
            name: put the guard in place
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            on_completion: \(id(0))
            commands: [{type: bash, command: do guard, playbook_activity: configure-systems}]

        """
    }
    for (index, step) in steps.enumerated() {
      let next = index + 1 < steps.count ? id(index + 1) : end
      let commands = (step.commands ?? ["do \(step.name)"]).map {
        "{type: bash, command: \($0), playbook_activity: \(step.activity)}"
      }
      text += """
          \(id(index)):
            type: action
            name: \(step.name)
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            \(step.next): \(next)
            commands: [\(commands.joined(separator: ", "))]
            step_extensions:
              extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
                policy: contain
                rate_per_second: \(step.rate)
                max_in_flight: 8
                backoff_ms: 0
                retries: 0
                verify: {commands: [{type: bash, command: \(step.verified ?? "see \(step.name)")}], expect: {contains: "\(step.answer)"}, within_ms: \(step.within)}

        """
      if step.undo {
        text += """
                  undo:
                    commands: [{type: bash, command: un \(step.name)}]
                    verify: {commands: [{type: bash, command: gone \(step.name)}], expect: {contains: "yes"}}

          """
      }
      if !step.rollout.isEmpty { text += "        \(step.rollout)\n" }
    }
    text += """
      agent_definitions:
        individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
      extension_definitions:
        extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
          {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}
      """
    return try Support.playbook(text: text)
  }

  func plan(_ steps: [Step], _ devices: [String]) throws -> ExecutionPlan {
    try Planner(executors: executors).plan(
      try Self.playbook(steps), selection: Support.selection(devices, inventory: Support.inventory(devices)),
      options: .init(), now: Support.now)
  }
}

/// A fleet, its plan and its journal.
final class StepScene: Sendable {
  let fleet: StepFleet
  let plan: ExecutionPlan
  let journal = MemoryJournal()
  let clock = TestClock()
  let devices: [String]

  init(_ steps: [StepFleet.Step], count: Int = 20, _ reply: @escaping StepFleet.Reply = { _, _ in nil })
    throws
  {
    fleet = StepFleet(reply)
    devices = (1...count).map { "d-\($0)" }
    plan = try fleet.plan(steps, devices)
  }

  func environment(_ control: RunControl = RunControl()) -> RunEnvironment {
    RunEnvironment(executors: fleet.executors, journal: journal, clock: clock, control: control)
  }
  func run(afterHalt: Bool = false, control: RunControl = RunControl()) async throws -> RunSummary {
    try await PlaybookRun(plan, environment: environment(control), run: "r").execute(afterHalt: afterHalt)
  }
  func queue() throws -> QueueRun { try QueueRun(plan, environment: environment(), run: "r") }
  func undo(expiredOnly: Bool = false) throws -> UndoRun {
    try UndoRun(plan, environment: environment(), run: "r", expiredOnly: expiredOnly)
  }
  /// Results of a device, as `outcome reason`, in order.
  func results(_ device: String) -> [String] {
    journal.all.filter { $0.target == device && ($0.kind == .result || $0.kind == .verified) }.map {
      [$0.outcome?.rawValue, $0.reason].compactMap { $0 }.joined(separator: " ")
    }
  }
}
