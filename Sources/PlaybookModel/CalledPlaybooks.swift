/// A playbook that another one calls, at one place.
public struct CalledPlaybook: Sendable {
  /// The scope of its steps: the path of calling steps, e.g. `playbook-action--…` or two of them joined by `/`.
  public var scope: String
  /// The playbook as its document has it, without what it calls itself.
  public var playbook: Playbook
  /// Where it was read from; nil when unknown.
  public var path: String?
}

/// What a playbook-action step names.
public struct PlaybookReference: Sendable, Hashable {
  /// The playbook's id.
  public var id: String
  /// Its version (`modified`); nil for any.
  public var version: String?
}

/// Why called playbooks could not be put in.
public struct LinkError: Error, Hashable, CustomStringConvertible {
  /// One sentence.
  public var description: String
  /// An error from its sentence.
  public init(_ description: String) { self.description = description }
}

extension Playbook {
  /// How deep playbooks may call each other.
  public static let maximumCallDepth = 16
  /// Steps that a playbook may have with all that it calls.
  public static let maximumLinkedSteps = 10_000

  /// The scope that a step's id belongs to: empty for the playbook itself.
  public static func scope(of step: String) -> String {
    step.lastIndex(of: "/").map { String(step[..<$0]) } ?? ""
  }

  /// The playbook with everything that it calls, in one workflow.
  ///
  /// Steps, agents, targets and authentication of a called playbook get the path of the calling step before their
  /// names; its variables stay its own (`called`). `find` returns the playbook of a reference and where it was read
  /// from. A playbook that calls itself, directly or over others, is refused, and so is one that is not what the
  /// reference says.
  public func linked(
    _ find: (PlaybookReference) throws(LinkError) -> (playbook: Playbook, path: String?)
  ) throws(LinkError) -> Playbook {
    var result = self
    try result.link(self, scope: "", stack: [id], find)
    return result
  }

  private mutating func link(
    _ caller: Playbook, scope: String, stack: [String],
    _ find: (PlaybookReference) throws(LinkError) -> (playbook: Playbook, path: String?)
  ) throws(LinkError) {
    for stepID in caller.stepOrder {
      guard let step = caller.steps[stepID],
        case .playbook(let id, let version, let inArgs, let outArgs) = step.kind
      else { continue }
      let title = step.name ?? stepID
      if let first = stack.firstIndex(of: id) {
        let round = (stack[first...] + [id]).joined(separator: " calls ")
        throw LinkError("the step '\(title)' closes a circle of playbooks: \(round)")
      }
      guard stack.count < Self.maximumCallDepth else {
        throw LinkError(
          "playbooks call each other more than \(Self.maximumCallDepth) deep at the step '\(title)'")
      }
      let found = try find(PlaybookReference(id: id, version: version))
      let called = found.playbook
      guard called.id == id else {
        throw LinkError("the step '\(title)' calls '\(id)', and '\(called.id)' was found")
      }
      if let version, called.version != version {
        throw LinkError(
          "the step '\(title)' calls version \(version) of '\(called.name)', and version \(called.version) is there"
        )
      }
      try Self.checkArguments(inArgs, outArgs, of: called, caller: caller, step: title)
      let inner = scope.isEmpty ? stepID : "\(scope)/\(stepID)"
      self.called.append(CalledPlaybook(scope: inner, playbook: called, path: found.path))
      merge(called, scope: inner)
      guard stepOrder.count <= Self.maximumLinkedSteps else {
        throw LinkError("the playbook has more than \(Self.maximumLinkedSteps) steps with all that it calls")
      }
      try link(called, scope: inner, stack: stack + [id], find)
    }
  }

  private static func checkArguments(
    _ inArgs: [String], _ outArgs: [String], of called: Playbook, caller: Playbook, step: String
  ) throws(LinkError) {
    for name in inArgs {
      guard let variable = called.variables[name] else {
        throw LinkError("the step '\(step)' gives '\(name)', and '\(called.name)' has no such variable")
      }
      if variable.isConstant && !variable.isExternal {
        throw LinkError("the step '\(step)' gives '\(name)', which is a constant of '\(called.name)'")
      }
    }
    for name in outArgs where called.variables[name] == nil {
      throw LinkError("the step '\(step)' takes '\(name)', and '\(called.name)' has no such variable")
    }
    let missing = called.variables.filter {
      $0.value.isExternal && $0.value.value == nil && !inArgs.contains($0.key)
    }
    if let name = missing.keys.min() {
      throw LinkError("'\(called.name)' needs '\(name)', and the step '\(step)' does not give it (in_args)")
    }
  }

  /// Puts another playbook's parts in, their names with the scope before them.
  private mutating func merge(_ called: Playbook, scope: String) {
    func name(_ id: String) -> String { "\(scope)/\(id)" }
    let place = (stepOrder.firstIndex(of: scope) ?? stepOrder.count - 1) + 1
    stepOrder.insert(contentsOf: called.stepOrder.map(name), at: min(place, stepOrder.count))
    for (id, step) in called.steps {
      var step = step
      step.id = name(id)
      step.onCompletion = step.onCompletion.map(name)
      step.onSuccess = step.onSuccess.map(name)
      step.onFailure = step.onFailure.map(name)
      switch step.kind {
      case .action(var action):
        action.agent = name(action.agent)
        action.targets = action.targets.map(name)
        step.kind = .action(action)
      case .parallel(let next): step.kind = .parallel(next.map(name))
      case .ifCondition(let condition, let onTrue, let onFalse):
        step.kind = .ifCondition(condition, onTrue: name(onTrue), onFalse: onFalse.map(name))
      case .whileCondition(let condition, let onTrue):
        step.kind = .whileCondition(condition, onTrue: name(onTrue))
      case .switchCondition(let variable, let cases):
        step.kind = .switchCondition(variable: variable, cases: cases.map { ($0.value, name($0.step)) })
      case .start, .end, .playbook: break
      }
      steps[step.id] = step
    }
    for (id, agent) in called.agents { agents[name(id)] = agent.renamed(name) }
    for (id, target) in called.targets { targets[name(id)] = target.renamed(name) }
    for (id, info) in called.authentication { authentication[name(id)] = info }
  }

  /// The playbook of a scope as its document has it; nil for the playbook itself and for scopes that are not there.
  public func playbook(in scope: String) -> Playbook? { called.first { $0.scope == scope }?.playbook }
}

extension AgentTarget {
  fileprivate func renamed(_ name: (String) -> String) -> AgentTarget {
    var copy = self
    copy.id = name(id)
    copy.authentication = authentication.map(name)
    return copy
  }
}
