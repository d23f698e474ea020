import PlaybookModel

extension PlaybookCommand {
  /// True for a command that only asks, by what it is and not by what it is called.
  var onlyAsks: Bool {
    switch type {
    case .httpAPI: return ["GET", "HEAD", "OPTIONS"].contains(HTTPStartLine(text)?.method ?? "")
    case .mqtt:
      guard let parts = MQTTCommandText.parts(of: text), parts.verb == "DYNSEC" else { return false }
      return parts.rest.hasPrefix("get") || parts.rest.hasPrefix("list")
    default: return false
    }
  }
}

extension ExecutionPlan {
  /// True where no step of the plan is on devices: then nothing of it has an inverse.
  public var goesOutOnceOnly: Bool { actionSteps.allSatisfy { $0.action.rollout == nil } }
}

extension RunHistory {
  /// What steps are called that went out once and did something, or may have, in their order: nothing takes that back.
  public func sentOnce(_ plan: ExecutionPlan) -> [String] {
    order.compactMap { id in
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind, action.rollout == nil,
        !action.commands.allSatisfy(\.onlyAsks)
      else { return nil }
      let isSent = (visits[id] ?? []).contains { visit in
        visit.acts.contains {
          [.changed, .unknown].contains($0.value.outcome) && !visit.isTakenBack($0.key)
        }
      }
      return isSent ? step.name ?? id : nil
    }
  }

  /// Why a run that only sent commands once cannot be taken back, a sentence for each step.
  func reasonsOfOnce(_ plan: ExecutionPlan) -> [String] {
    guard plan.goesOutOnceOnly else { return [] }
    return sentOnce(plan).map {
      "'\($0)' went out once and has no inverse: what it did stays until somebody takes it back by hand"
    }
  }
}
