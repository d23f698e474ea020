import PlaybookModel
import PlaybookRunner
import TimelineStore

/// What earlier runs of a case did that counts together with a plan for the limits above which a second person must agree.
enum EarlierRuns {
  /// What of it comes on top of a plan's own devices; none where no limit asks. `run` is not counted.
  static func beside(
    _ plan: ExecutionPlan, case path: String, except run: String? = nil
  ) throws -> [EarlierActs] {
    guard plan.hasLimits else { return [] }
    let journal = try CaseJournal(case: path, readOnly: true)
    let acts = try UnapprovedActs(in: journal, now: SystemClock().wallTime(), except: run) {
      RunChoice.planToLookAt($0, case: path)
    }
    guard !acts.isEmpty else { return [] }
    return acts.beside(plan, hanging: try CaseFleet(try CaseReader(path: path)).hanging)
  }

  /// Who must agree to a plan as things are now, and why: what was run since it was made counts, too.
  static func approval(
    of plan: ExecutionPlan, case path: String, except run: String? = nil
  ) throws -> (needed: RolloutPolicy.Approval, reasons: [String]) {
    var now = plan
    now.earlier = try beside(plan, case: path, except: run)
    let (needed, reasons) = Planner.approval(of: now)
    return needed > plan.approval ? (needed, reasons) : (plan.approval, plan.approvalReasons)
  }
}
