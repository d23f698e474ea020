public import IncidentModel
public import PlaybookModel

/// What others ask of a plan that was made: who must agree to it, and whom it must not reach by now.
extension Planner {
  /// Who must agree to a plan, and why more people than its playbook says. It follows from what the plan holds, so that
  /// what its file says can be checked.
  public static func approval(of plan: ExecutionPlan) -> (needed: RolloutPolicy.Approval, reasons: [String]) {
    let policies = plan.actionSteps.compactMap(\.action.rollout)
    var approval = policies.map(\.approval).max() ?? .operator_
    var reasons: [String] = []
    func demandTwo(_ reason: String) {
      approval = .two
      reasons.append(reason)
    }
    if plan.targets.contains(where: { ["self_asserted", "path", "none"].contains($0.basis) }) {
      demandTwo("targets that only self-asserted evidence names")
    }
    // Whoever hangs on a target is hit as well.
    let own = plan.targets.count + plan.carried
    let hanging = plan.carried > 0 ? " with the \(plan.carried) that hang on them" : ""
    for policy in policies {
      // A fleet that is cut into slices is one fleet.
      let before = plan.earlier.first { $0.kind == policy.kind }
      let hit = own + (before?.devices ?? 0)
      let behind = hanging + (before.map { " and \($0.words)" } ?? "")
      if let most = policy.maximumTargets, hit > most {
        demandTwo("\(plan.targets.count) targets\(behind), more than \(most)")
      }
      if let percent = policy.maximumPercent, hit > WaveLimits.share(percent, of: plan.fleetSize) {
        demandTwo("\(plan.targets.count) of \(plan.fleetSize) devices\(behind), more than \(percent) %")
      }
    }
    return (approval, reasons)
  }

  /// Why nothing that contains goes out to a device that others hang on: an interlock of the plan holds one of those back. Nil where
  /// none does, or the plan contains nothing.
  public static func whyNot(
    _ plan: ExecutionPlan, behind dependants: [String], inventory: Inventory
  ) -> String? {
    let policies = plan.actionSteps.compactMap(\.action.rollout)
    guard policies.contains(where: { $0.kind == .contain }) else { return nil }
    let meant = Set(plan.lifeSafety)
    if let held = LifeSafety(plan, inventory).heldBack(dependants, named: meant.contains) {
      return "'\(held.device)' hangs on it: \(held.reason)"
    }
    return heldBack(dependants, policies.flatMap(\.interlocks), inventory, inventory.ambiguousNames).map {
      "'\($0.device)' hangs on it: \($0.refusal.reason)"
    }
  }

  /// Why a device whose name reads like another's is not acted on.
  public static var ambiguousNameReason: String { ambiguousName.reason }
}
