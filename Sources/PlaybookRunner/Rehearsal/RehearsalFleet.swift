import PlaybookModel
import Synchronization

/// A fleet inside the process that a plan is rehearsed on: it knows of each device whether the action is in force, and
/// fails by design, the same way for the same seed.
///
/// It stands in for every executor. What a command is for (act, look, take back) it takes from the plan's steps; answers
/// to looks are made so that they say what is so.
public final class RehearsalFleet: Sendable {
  /// Shares of devices that fail in a way, 0 to 1 each.
  public struct Faults: Sendable {
    /// Refuse the action.
    public var refuse: Double
    /// Cannot be reached.
    public var unreachable: Double
    /// Do it and do not answer.
    public var silent: Double
    /// Say that they did it, and did not.
    public var lie: Double
    /// Faults from their parts.
    public init(refuse: Double = 0, unreachable: Double = 0, silent: Double = 0, lie: Double = 0) {
      self.refuse = refuse
      self.unreachable = unreachable
      self.silent = silent
      self.lie = lie
    }
  }

  /// Asks whether a second process can read the intent for a device in the journal; nil asks nobody.
  public typealias Witness = @Sendable (_ device: String) async -> Bool

  private enum Role: Hashable {
    case act
    case undo
    case look(RolloutPolicy.Expectation, RolloutPolicy.Expectation?)
  }

  private struct State {
    var inForce: Set<UInt64> = []
    var acts = 0
    var twice = 0
    var withoutIntent = 0
    var acted: Set<UInt64> = []
  }

  private let roles: [Key: Role]
  private let faults: Faults
  private let seed: UInt64
  private let witness: Witness?
  private let state = Mutex(State())

  /// A fleet for a plan.
  public init(
    _ plan: ExecutionPlan, executors: ExecutorSet, faults: Faults, seed: UInt64, witness: Witness? = nil
  ) {
    var roles: [Key: Role] = [:]
    for (_, action) in plan.actionSteps where action.rollout != nil {
      let effective = EffectiveRollout(action, executors)
      for command in effective.inverse?.commands ?? [] { roles[Self.key(command)] = .undo }
      for command in action.commands { roles[Self.key(command)] = .act }
      let verification = effective.verification
      let inverse = effective.inverse?.verification
      var opposites: [Key: RolloutPolicy.Expectation] = [:]
      for look in inverse?.looks ?? [] {
        for command in look.commands {
          opposites[Self.key(command)] = look.expectation
          roles[Self.key(command)] = .look(.contains(["in force"]), look.expectation)
        }
      }
      for look in verification?.looks ?? [] {
        for command in look.commands {
          let key = Self.key(command)
          roles[key] = .look(look.expectation, opposites[key])
        }
      }
    }
    self.roles = roles
    self.faults = faults
    self.seed = seed
    self.witness = witness
  }

  /// Actions that reached a device.
  public var acts: Int { state.withLock { $0.acts } }
  /// Devices that were acted on more than once.
  public var twice: Int { state.withLock { $0.twice } }
  /// Actions that were refused because the second process could not read their intent.
  public var withoutIntent: Int { state.withLock { $0.withoutIntent } }
  /// Devices on which the action is in force.
  public var inForce: Int { state.withLock { $0.inForce.count } }

  /// Executors that show commands as the real ones do and send them to this fleet.
  public func executors(_ real: ExecutorSet) -> ExecutorSet {
    real.wrapped { RehearsalExecutor(fleet: self, real: $0) }
  }

  /// What tells commands apart, cheaper to look up than all of them.
  private struct Key: Hashable {
    var text: String
    var content: String?
  }

  private static func key(_ command: PlaybookCommand) -> Key {
    Key(text: command.text, content: command.content)
  }

  fileprivate func answer(_ call: CommandCall) async -> CommandAnswer {
    guard let device = call.device, let role = roles[Self.key(call.command)] else {
      return CommandAnswer(.done, text: "rehearsed", detail: "rehearsed")
    }
    let id = Self.hash(device, 0xcbf2_9ce4_8422_2325)
    let dice = Double(Self.mix(Self.hash(device, seed)) >> 11) / Double(1 << 53)
    var edge = faults.unreachable
    if dice < edge { return CommandAnswer(.unreachable, detail: "no route (rehearsed)") }
    if case .look(let expectation, let opposite) = role {
      func filled(_ expectation: RolloutPolicy.Expectation) -> RolloutPolicy.Expectation {
        (try? Expectations.filled(expectation, call.values)) ?? expectation
      }
      return Self.look(
        state.withLock { $0.inForce.contains(id) }, filled(expectation), opposite.map(filled))
    }
    if let witness, !(await witness(device)) {
      state.withLock { $0.withoutIntent += 1 }
      return CommandAnswer(.refused, detail: "a second process cannot read the intent")
    }
    edge += faults.refuse
    let isRefused = dice < edge
    edge += faults.lie
    let isLie = !isRefused && dice < edge
    edge += faults.silent
    let isSilent = !isRefused && !isLie && dice < edge
    state.withLock { state in
      state.acts += 1
      if role == .act, !state.acted.insert(id).inserted { state.twice += 1 }
      guard !isRefused, !isLie else { return }
      if role == .act { state.inForce.insert(id) } else { state.inForce.remove(id) }
    }
    if isRefused { return CommandAnswer(.refused, detail: "refused (rehearsed)") }
    if isSilent { return CommandAnswer(.unknown, detail: "no answer (rehearsed)") }
    return CommandAnswer(.done, text: "done", detail: "done (rehearsed)")
  }

  private static func look(
    _ inForce: Bool, _ expectation: RolloutPolicy.Expectation, _ opposite: RolloutPolicy.Expectation?
  ) -> CommandAnswer {
    // In force: what the verification wants. Not in force: what the inverse's wants, where the same command asks it.
    switch inForce ? expectation : opposite ?? negated(expectation) {
    case .success: return CommandAnswer(.done, text: "yes", detail: "seen (rehearsed)")
    case .contains(let texts):
      return CommandAnswer(.done, text: texts.joined(separator: "\n"), detail: "seen (rehearsed)")
    case .equals(let pointer, let text):
      var node = DocumentNode.string(text)
      for name in pointer.split(separator: "/").reversed() { node = .object([(String(name), node)]) }
      return CommandAnswer(.done, text: text, json: node, detail: "seen (rehearsed)")
    case .differs(let pointer, _):
      return look(true, .equals(pointer: pointer, text: "another (rehearsed)"), nil)
    case .absent(let pointer):
      if case .success = expectation { return CommandAnswer(.refused, detail: "not in force (rehearsed)") }
      // With the member that the pointer begins with: without it the answer would say nothing.
      let names = pointer.split(separator: "/")
      let json = DocumentNode.object(names.count > 1 ? [(String(names[0]), DocumentNode.object([]))] : [])
      return CommandAnswer(.done, text: "", json: json, detail: "seen (rehearsed)")
    }
  }

  /// What an answer holds that is not what is expected.
  private static func negated(_ expectation: RolloutPolicy.Expectation) -> RolloutPolicy.Expectation {
    switch expectation {
    case .absent(let pointer): .equals(pointer: pointer, text: "there (rehearsed)")
    case .differs(let pointer, let text): .equals(pointer: pointer, text: text)
    case .success, .equals, .contains: .absent(pointer: "/nothing")
    }
  }

  private static func hash(_ text: String, _ start: UInt64) -> UInt64 {
    var hash = start ^ 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }

  /// The last step of splitmix64: FNV's high bits alone are poor dice.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Shows a command as its real executor does and sends it to the rehearsed fleet.
private struct RehearsalExecutor: CommandExecutor {
  // One type stands in for all; `ExecutorSet.wrapped` keeps the types apart.
  static let type = CommandType("rehearsal")
  let fleet: RehearsalFleet
  let real: any CommandExecutor

  func planText(_ call: CommandCall) throws(RunnerError) -> String { try real.planText(call) }
  func execute(_ call: CommandCall) async -> CommandAnswer { await fleet.answer(call) }
  func verification(of command: PlaybookCommand) -> RolloutPolicy.Verification? {
    real.verification(of: command)
  }
  func inverse(of command: PlaybookCommand) -> PlaybookCommand? { real.inverse(of: command) }
  func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand? {
    real.scripted(call, textName: textName)
  }
}
