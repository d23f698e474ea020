import PlaybookModel
import PlaybookRunner
import Synchronization

/// A fleet inside the process that answers `bash` commands: `isolate`, `look` and `release` on a device, with failures by
/// design. It counts what reaches each device and refuses an action whose intent the journal cannot show yet.
final class SimulatedFleet: Sendable {
  enum Fault: Sendable { case none, refuses, unreachable, silent, silentButDone, lies }
  struct State {
    var isolated: Set<String> = []
    var acts: [String: Int] = [:]
    var withoutIntent: [String] = []
  }
  let state = Mutex(State())
  let fault: @Sendable (String) -> Fault
  let journal: MemoryJournal?

  init(journal: MemoryJournal? = nil, fault: @escaping @Sendable (String) -> Fault = { _ in .none }) {
    self.journal = journal
    self.fault = fault
  }

  var isolated: Set<String> { state.withLock { $0.isolated } }
  var acts: [String: Int] { state.withLock { $0.acts } }

  struct Executor: CommandExecutor {
    static let type = CommandType.bash
    let fleet: SimulatedFleet
    func planText(_ call: CommandCall) throws(RunnerError) -> String {
      "\(call.command.text) \(call.device ?? "-")"
    }
    func execute(_ call: CommandCall) async -> CommandAnswer { fleet.answer(call) }
  }

  func answer(_ call: CommandCall) -> CommandAnswer {
    guard let device = call.device else { return CommandAnswer(.done, text: "once", detail: "done") }
    let fault = fault(device)
    if fault == .unreachable { return CommandAnswer(.unreachable, detail: "no route") }
    switch call.command.text {
    case "look":
      if fault == .silent {
        return state.withLock { $0.acts[device] } == nil
          ? CommandAnswer(.done, text: "no", detail: "seen") : CommandAnswer(.unknown, detail: "silence")
      }
      return CommandAnswer(.done, text: isolated.contains(device) ? "yes" : "no", detail: "seen")
    case "look-free":
      return CommandAnswer(.done, text: isolated.contains(device) ? "no" : "yes", detail: "seen")
    default: break
    }
    if let journal {
      let last = journal.all.last { $0.target == device }
      if last?.kind != .intent { state.withLock { $0.withoutIntent.append(device) } }
    }
    return state.withLock { state in
      state.acts[device, default: 0] += 1
      switch fault {
      case .refuses: return CommandAnswer(.refused, detail: "no")
      case .silent: return CommandAnswer(.unknown, detail: "silence")
      case .lies: return CommandAnswer(.done, detail: "done")
      default:
        if call.command.text == "isolate" {
          state.isolated.insert(device)
        } else {
          state.isolated.remove(device)
        }
        return fault == .silentButDone
          ? CommandAnswer(.unknown, detail: "silence") : CommandAnswer(.done, detail: "done")
      }
    }
  }

  var executors: ExecutorSet {
    ExecutorSet([Executor(fleet: self), ManualExecutor(prompter: FixedAnswer(.done(note: "")))])
  }

  /// A playbook of one fleet step, with parts of its policy.
  static func playbook(policy: String = "contain", extra: String = "") throws -> Playbook {
    try Support.playbook(
      text: """
        type: playbook
        spec_version: cacao-2.0
        id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
        name: simulated
        created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
        created: 2026-01-01T00:00:00.000Z
        modified: 2026-01-02T00:00:00.000Z
        workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
        workflow:
          start--8dc72423-9759-4695-8190-cd7d30be6219:
            {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
          action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
            type: action
            name: isolate
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
            commands: [{type: bash, command: isolate}]
            step_extensions:
              extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
                policy: \(policy)
                rate_per_second: 1000000
                max_in_flight: 8
                backoff_ms: 0
                verify: {commands: [{type: bash, command: look}], expect: {contains: "yes"}}
                undo:
                  commands: [{type: bash, command: release}]
                  verify: {commands: [{type: bash, command: look-free}], expect: {contains: "yes"}}
                \(extra)
          end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
        agent_definitions:
          individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
        extension_definitions:
          extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
            {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}
        """)
  }

  func plan(_ devices: [String], policy: String = "contain", extra: String = "") throws -> ExecutionPlan {
    try Planner(executors: executors).plan(
      try Self.playbook(policy: policy, extra: extra),
      selection: Support.selection(devices, inventory: Support.inventory(devices)), options: .init(),
      now: Support.now)
  }
}
