import PlaybookModel

/// A step's verification and inverse: those of the playbook, else those that the command's type knows by itself.
struct EffectiveRollout: Sendable {
  var verification: RolloutPolicy.Verification?
  var inverse: RolloutPolicy.Inverse?

  init(_ action: ActionStep, _ executors: ExecutorSet) {
    verification = action.rollout?.verification
    inverse = action.rollout?.inverse
    guard action.rollout != nil, action.commands.count == 1, let command = action.commands.first,
      let executor = try? executors.executor(command.type)
    else { return }
    if verification == nil { verification = executor.verification(of: command) }
    if inverse == nil, let opposite = executor.inverse(of: command) {
      inverse = RolloutPolicy.Inverse(commands: [opposite], verification: executor.verification(of: opposite))
    }
  }
}

extension WorkflowStep {
  /// Time after which the answer of one of its commands counts as missing, in nanoseconds.
  var commandTimeout: Int64 { timeoutMilliseconds.map { Int64($0) * 1_000_000 } ?? Planner.defaultTimeout }
}

/// Where the commands of a step go, looked up once for all of its devices.
struct StepCalls: Sendable {
  private let places: [(target: AgentTarget?, authentication: AuthenticationInfo?)]
  /// Time after which the answer of a command counts as missing, in nanoseconds.
  let timeout: Int64
  private let secrets: [String: String]

  init(_ step: WorkflowStep, _ action: ActionStep, _ plan: ExecutionPlan) {
    let targets: [AgentTarget?] =
      action.targets.isEmpty ? [nil] : action.targets.map { plan.playbook.targets[$0] }
    places = targets.map { target in
      (target, target?.authentication.flatMap { plan.playbook.authentication[$0] })
    }
    timeout = step.commandTimeout
    var secrets: [String: String] = [:]
    for binding in action.rollout?.bindings ?? [] { secrets[binding.name] = binding.secret }
    self.secrets = secrets
  }

  /// The calls of some commands for one device, or for none: one for each command and target.
  func calls(_ commands: [PlaybookCommand], values: [String: String], device: String?) -> [CommandCall] {
    commands.flatMap { command in
      places.map { place in
        CommandCall(
          command: command, values: values, target: place.target, authentication: place.authentication,
          device: device, timeout: timeout, secrets: secrets)
      }
    }
  }
}
