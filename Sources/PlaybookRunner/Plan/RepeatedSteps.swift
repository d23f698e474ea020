import PlaybookModel

/// Steps on devices that a run may come to more than once. Undo takes back once for each device what a step did to it: that is
/// enough where a second time does nothing more, because it is looked at first, or does no harm by the playbook's word.
struct RepeatedSteps {
  /// Steps that stand in the branch of a while-condition, with the condition.
  private var loops: [String: WorkflowStep] = [:]
  /// Steps that the handler of failures leads to after they may have been done already.
  private var handled: Set<String> = []

  init(_ playbook: Playbook) {
    for id in playbook.stepOrder {
      guard let step = playbook.steps[id], case .whileCondition(_, let body) = step.kind else { continue }
      for inner in playbook.reach(from: [body]) where loops[inner] == nil { loops[inner] = step }
    }
    let scopes =
      [("", playbook.start, playbook.exception)]
      + playbook.called.map { ("\($0.scope)/", $0.playbook.start, $0.playbook.exception) }
    for (prefix, start, exception) in scopes {
      guard let exception else { continue }
      handled.formUnion(
        playbook.reach(from: [prefix + exception]).intersection(playbook.reach(from: [prefix + start])))
    }
  }

  /// Why a step must not be repeated; nil where it is not, or may be.
  func problem(_ step: WorkflowStep, _ action: ActionStep, _ executors: ExecutorSet) -> String? {
    guard let rollout = action.rollout, !rollout.isRepeatable else { return nil }
    let effective = EffectiveRollout(action, executors)
    guard effective.inverse != nil, effective.verification == nil else { return nil }
    let name = step.name ?? step.id
    let why: String
    if let loop = loops[step.id] {
      why = "'\(name)' is done to each device in every round of '\(loop.name ?? loop.id)'"
    } else if handled.contains(step.id) {
      why = "'\(name)' may be done to each device a second time, since the handler of failures leads to it"
    } else {
      return nil
    }
    return why
      + ", and its undo takes it back once: let a 'verify' look whether it is in force already, say 'repeatable: true' where a second "
      + "time does nothing more, or write its rounds as steps of their own"
  }
}
