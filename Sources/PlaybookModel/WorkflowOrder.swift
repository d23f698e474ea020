extension WorkflowStep {
  /// The first steps of the branches that the step opens, in their order.
  public var branches: [String] { labelledBranches.map(\.step) }

  /// The same, each with what it is taken for in words.
  var labelledBranches: [(label: String, step: String)] {
    switch kind {
    case .ifCondition(_, let onTrue, let onFalse):
      [("if true", onTrue)] + (onFalse.map { [("else", $0)] } ?? [])
    case .whileCondition(_, let onTrue): [("as long as true", onTrue)]
    case .parallel(let steps): steps.enumerated().map { ("branch \($0.offset + 1)", $0.element) }
    case .switchCondition(_, let cases): cases.map { ("case \($0.value)", $0.step) }
    case .start, .end, .action, .playbook: []
    }
  }
}

extension Playbook {
  /// The steps' ids in the order of the workflow, which says nothing of the order of a document's members: each stands after
  /// all that lead to it, branches before what follows them, the way of success before that of failure. Then what handles
  /// failures that no step handles, and what is never reached.
  public var workflowOrder: [String] {
    var backwards: [String] = []
    var seen: Set<String> = []
    // By hand, since a workflow of ten thousand steps would need as deep a stack.
    func visit(_ first: String) {
      guard steps[first] != nil, seen.insert(first).inserted else { return }
      var open = [(id: first, next: followers(of: first))]
      while !open.isEmpty {
        if let next = open[open.count - 1].next.popLast() {
          guard steps[next] != nil, seen.insert(next).inserted else { continue }
          open.append((next, followers(of: next)))
        } else {
          backwards.append(open.removeLast().id)
        }
      }
    }
    // What is visited last comes first.
    if let exception { visit(exception) }
    visit(start)
    return backwards.reversed() + stepOrder.filter { !seen.contains($0) }
  }

  /// All that can be reached from some steps, these among it: what follows them, their branches, and what they call.
  public func reach(from first: [String]) -> Set<String> {
    var seen: Set<String> = []
    var open = first
    while let id = open.popLast() {
      guard steps[id] != nil, seen.insert(id).inserted else { continue }
      open += followers(of: id)
    }
    return seen
  }

  private func followers(of id: String) -> [String] {
    guard let step = steps[id] else { return [] }
    var next = step.branches
    if case .playbook = step.kind, let called = playbook(in: id) {
      next.append("\(id)/\(called.start)")
      if let handler = called.exception { next.append("\(id)/\(handler)") }
    }
    return next + [step.onCompletion, step.onSuccess, step.onFailure].compactMap { $0 }
  }
}
