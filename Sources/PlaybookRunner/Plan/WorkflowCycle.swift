import PlaybookModel

/// A workflow that leads from an action back to the same action has no end that a plan could show: its commands would go to a device
/// again and again, past every rate. Only a while-condition repeats (CACAO 2.0, 4.9), and its rounds are counted.
enum WorkflowCycle {
  /// The first action, in the order of the document, that is followed by itself; nil where there is none.
  static func action(in playbook: Playbook) -> WorkflowStep? {
    for id in playbook.stepOrder {
      guard let step = playbook.steps[id], case .action = step.kind else { continue }
      var seen: Set<String> = []
      var open = next(step)
      while let one = open.popLast() {
        if one == id { return step }
        guard seen.insert(one).inserted, let step = playbook.steps[one] else { continue }
        open += next(step)
      }
    }
    return nil
  }

  /// Where a step leads: to those that follow it, and into its branches.
  private static func next(_ step: WorkflowStep) -> [String] {
    step.branches + [step.onCompletion, step.onSuccess, step.onFailure].compactMap { $0 }
  }
}
