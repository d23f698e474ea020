import PlaybookModel

/// What has outlived its time to live.
extension UndoRun {
  /// The expiries of `expiries`, where what a later run counts on ends with that one's time to live, and not at all when it
  /// has none.
  public static func expiries(
    _ plan: ExecutionPlan, _ history: RunHistory, run: String, in environment: RunEnvironment,
    planOf: (String) -> ExecutionPlan?
  ) throws(RunnerError) -> [Expiry] {
    let own = expiries(plan, history, environment.clock)
    // The other journals are read only when something is due.
    let due = own.filter { $0.left <= 0 }
    let scope = Dictionary(grouping: due, by: \.step).map { ($0.key, $0.value.map(\.device)) }
    let claims = try RunClaims(plan, run: run, on: scope, environment: environment, planOf: planOf)
    var ends: [String: Int64?] = [:]
    for (step, claimed) in claims.claims {
      for claim in claimed where claim.isHolding {
        let key = "\(step)\n\(claim.device)"
        let known = ends[key] ?? 0
        ends[key] = .some(known.flatMap { known in claim.left.map { max(known, $0) } })
      }
    }
    return own.compactMap { expiry in
      guard let end = ends["\(expiry.step)\n\(expiry.device)"] else { return expiry }
      return end.map { Expiry(step: expiry.step, device: expiry.device, left: max(expiry.left, $0)) }
    }.sorted { ($0.left, $0.step, $0.device) < ($1.left, $1.step, $1.device) }
  }

  /// Nanoseconds that are left of a limit since something was begun; 0 when the clock went backwards.
  static func left(of limit: Int64, since: RunHistory.Moment, _ clock: any RunClock) -> Int64 {
    let elapsed =
      since.boot == clock.boot && !since.boot.isEmpty
      ? clock.monotonicTime() - since.monotonic : clock.wallTime() - since.wall
    return elapsed < 0 ? 0 : limit - elapsed
  }

  /// Every device whose act has a time to live and was not taken back, soonest first.
  ///
  /// The time runs on the monotonic clock since the act was begun; after a restart of the machine the wall clock counts,
  /// and when that went backwards the time counts as over: what was to end by itself must not stay for ever.
  /// `history` must have been read with the plan's `timedSteps`.
  public static func expiries(
    _ plan: ExecutionPlan, _ history: RunHistory, _ clock: any RunClock
  ) -> [Expiry] {
    var list: [Expiry] = []
    for id in history.order {
      guard let step = plan.playbook.steps[id], case .action(let action) = step.kind,
        let policy = action.rollout, let limit = plan.timeToLive(step, policy)
      else { continue }
      for visit in history.visits[id] ?? [] {
        for (device, since) in visit.acted where visit.isStanding(device) {
          list.append(Expiry(step: id, device: device, left: left(of: limit, since: since, clock)))
        }
      }
    }
    return list.sorted { ($0.left, $0.step, $0.device) < ($1.left, $1.step, $1.device) }
  }
}
