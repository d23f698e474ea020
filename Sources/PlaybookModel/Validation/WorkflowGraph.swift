/// The workflow as a graph: what can be reached, where it goes in circles, and which end steps belong to which branch.
struct WorkflowGraph {
  private let steps: [DocumentNode.Member]
  private let byName: [String: DocumentNode]

  init(steps: [DocumentNode.Member]) {
    self.steps = steps
    byName = Dictionary(steps.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
  }

  /// Where a step leads within its own branch.
  private func successors(_ step: DocumentNode) -> [String] {
    ["on_completion", "on_success", "on_failure"].compactMap { step[$0]?.text }
  }

  /// The first steps of the branches that a step opens.
  private func branches(_ step: DocumentNode) -> [String] {
    ["on_true", "on_false"].compactMap { step[$0]?.text }
      + (step["next_steps"]?.items ?? []).compactMap(\.text)
      + (step["cases"]?.members ?? []).compactMap(\.value.text)
  }

  func check(into checker: inout DocumentChecker) {
    checkReach(&checker)
    checkCycles(&checker)
    checkEnds(&checker)
  }

  private func checkReach(_ checker: inout DocumentChecker) {
    var seen: Set<String> = []
    var open = [checker.root["workflow_start"]?.text, checker.root["workflow_exception"]?.text].compactMap {
      $0
    }
    while let name = open.popLast() {
      guard seen.insert(name).inserted, let step = byName[name] else { continue }
      open += successors(step) + branches(step)
    }
    for step in steps where !seen.contains(step.name) {
      checker.report(
        "workflow.unreachable", .warning, checker.pointer("workflow", step.name), step.line,
        "no way leads to the step '\(step.name)'")
    }
  }

  /// Steps that lead back to themselves other than by a while-condition. They run until a cap of the engine.
  private func checkCycles(_ checker: inout DocumentChecker) {
    var state: [String: Int] = [:]
    for start in steps where state[start.name] == nil {
      var stack: [(name: String, next: [String])] = [(start.name, leads(start.name))]
      state[start.name] = 1
      while let top = stack.last {
        guard let next = top.next.first else {
          state[top.name] = 2
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next.removeFirst()
        if state[next] == 1 {
          let place = byName[top.name]
          checker.report(
            "workflow.cycle", .warning, checker.pointer("workflow", top.name), place?.line ?? 0,
            "the step leads back to '\(next)'; only a while-condition should repeat, and the engine stops such a loop"
          )
        } else if state[next] == nil, byName[next] != nil {
          state[next] = 1
          stack.append((next, leads(next)))
        }
      }
    }
  }

  private func leads(_ name: String) -> [String] { byName[name].map { successors($0) + branches($0) } ?? [] }

  /// Each branch must have an end step of its own: reaching it returns to the step that opened the branch.
  private func checkEnds(_ checker: inout DocumentChecker) {
    var ownerOfEnd: [String: String] = [:]
    func claim(_ entry: String, _ owner: String) -> (shared: [String], hasEnd: Bool) {
      var seen: Set<String> = []
      var open = [entry]
      var shared: [String] = []
      var hasEnd = false
      while let name = open.popLast() {
        guard seen.insert(name).inserted, let step = byName[name] else { continue }
        if step["type"]?.text == "end" {
          hasEnd = true
          if let other = ownerOfEnd[name], other != owner {
            shared.append(name)
          } else {
            ownerOfEnd[name] = owner
          }
        }
        open += successors(step)
      }
      return (shared, hasEnd)
    }
    if let start = checker.root["workflow_start"]?.text { _ = claim(start, "") }
    for step in steps {
      for (index, entry) in branches(step.value).enumerated() where byName[entry] != nil {
        let (shared, hasEnd) = claim(entry, "\(step.name)#\(index)")
        let here = checker.pointer("workflow", step.name)
        for end in shared {
          checker.report(
            "step.end-shared", .error, here, step.line,
            "the branch that begins with '\(entry)' must have an end step of its own; '\(end)' ends another branch too"
          )
        }
        if !hasEnd {
          checker.report(
            "step.no-end", .warning, here, step.line,
            "the branch that begins with '\(entry)' reaches no end step")
        }
      }
    }
  }
}
