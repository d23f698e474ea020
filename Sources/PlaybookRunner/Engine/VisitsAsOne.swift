import PlaybookModel

extension RunHistory.Visit {
  /// Several visits of a step as one: a step on a device is one change, however often a loop came by. What is in force of it tells,
  /// else what was taken back, else what came last. The rest of the visit is that of the last one.
  static func merged(_ visits: [Self]) -> Self {
    guard visits.count > 1, var merged = visits.last else { return visits.first ?? Self() }
    func rank(_ visit: Self, _ device: String) -> Int {
      if visit.isStanding(device) { return visit.isInDoubt(device) ? 3 : 4 }
      guard visit.isTakenBack(device) else { return 0 }
      return visit.acts[device]?.outcome == .ok ? 1 : 2
    }
    for visit in visits.dropLast().reversed() {
      for (device, state) in visit.acts {
        if merged.acts[device] != nil, rank(merged, device) >= rank(visit, device) { continue }
        merged.acts[device] = state
        merged.undos[device] = visit.undos[device]
        merged.details[device] = visit.details[device]
        merged.released[device] = visit.released[device]
      }
    }
    return merged
  }
}

extension RunHistory {
  /// The visits of a step as one; nil where the run has not come to it.
  public func visit(of step: String) -> Visit? { visits[step].map(Visit.merged) }
}
