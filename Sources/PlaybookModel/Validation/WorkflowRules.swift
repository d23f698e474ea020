/// Rules on steps and how they lead to each other (CACAO 2.0, 4).
extension DocumentChecker {
  mutating func checkWorkflow() {
    guard let workflow = root["workflow"] else { return }
    let here = DocumentPointer.root.appending("workflow")
    guard workflow.members != nil else {
      return report(
        "shape.type", .error, here, workflow.line, "'workflow' must be an object, not \(workflow.kindInWords)"
      )
    }
    let steps = dictionary("workflow")
    let types = steps.compactMap { $0.value["type"]?.text }
    if !types.contains("start") {
      report("workflow.no-start", .error, here, workflow.line, "there is no start step")
    }
    if !types.contains("end") {
      report("workflow.no-end", .error, here, workflow.line, "there is no end step")
    }
    if !types.contains("action") && !types.contains("playbook-action") {
      report("workflow.no-action", .error, here, workflow.line, "there is no action or playbook-action step")
    }
    if types.filter({ $0 == "start" }).count > 1 {
      report(
        "workflow.several-starts", .warning, here, workflow.line, "there are several start steps; one is run")
    }
    for step in steps { checkStep(step, pointer("workflow", step.name)) }
    checkEntries()
    WorkflowGraph(steps: steps).check(into: &self)
  }

  private mutating func checkEntries() {
    let steps = dictionary("workflow")
    for name in ["workflow_start", "workflow_exception"] {
      guard let node = root[name], let text = node.text else { continue }
      let here = DocumentPointer.root.appending(name)
      guard let step = steps.first(where: { $0.name == text }) else {
        report("reference.dangling", .error, here, node.line, "the step '\(text)' is not in the workflow")
        continue
      }
      if name == "workflow_start", step.value["type"]?.text != "start" {
        report("workflow.start-type", .error, here, node.line, "'workflow_start' must name a start step")
      }
    }
  }

  private mutating func checkStep(_ member: DocumentNode.Member, _ here: DocumentPointer) {
    let step = member.value
    let identifier = checkKey(member, here)
    guard let typeNode = step["type"], let type = typeNode.text else {
      return report("shape.missing", .error, here, step.line, "a step must have a 'type'")
    }
    guard let shape = PlaybookShapes.step(type) else {
      return report(
        "step.unknown-type", .error, here.appending("type"), typeNode.line,
        "'\(type)' is no type of step (\(Vocabulary.stepTypes.sorted().joined(separator: ", ")))")
    }
    if let identifier {
      if identifier.type != type {
        report(
          "identifier.type", .error, here, member.line,
          "the key '\(member.name)' does not begin with the step's type '\(type)'")
      }
      if identifier.version != 4 {
        report(
          "identifier.version", .error, here, member.line,
          "identifiers of steps must use UUIDs of version 4, not \(identifier.version)")
      }
    }
    check(step, here, is: shape)
    if let delay = step["delay"], delay.integer == 0 {
      report(
        "step.delay-zero", .warning, here.appending("delay"), delay.line,
        "a delay of 0 does nothing; leave it out")
    }
    checkSuccessors(step, type, here)
    checkReferences(step, here)
    switch type {
    case "action": checkCommands(step, here)
    case "playbook-action":
      if step["playbook_version"] == nil {
        report(
          "step.unpinned", .warning, here, step.line,
          "without 'playbook_version' the newest version of the other playbook runs, whatever it does by then"
        )
      }
    case "if-condition", "while-condition": checkCondition(step, here)
    case "switch-condition": checkSwitch(step, here)
    case "parallel":
      let next = (step["next_steps"]?.items ?? []).compactMap(\.text)
      if Set(next).count != next.count {
        report(
          "step.branch-twice", .error, here.appending("next_steps"), step.line, "a branch is listed twice")
      }
    default: break
    }
    if let policy = step["step_extensions"]?[RolloutPolicy.extensionIdentifier] {
      let inner = here.appending("step_extensions").appending(RolloutPolicy.extensionIdentifier)
      RolloutPolicy.check(policy, inner, step: step, stepType: type, into: &self)
    }
  }

  private mutating func checkSuccessors(_ step: DocumentNode, _ type: String, _ here: DocumentPointer) {
    let completion = step["on_completion"]
    let success = step["on_success"]
    let failure = step["on_failure"]
    if let completion, success != nil || failure != nil {
      report(
        "step.successor", .error, here.appending("on_completion"), completion.line,
        "'on_completion' excludes 'on_success' and 'on_failure'")
    }
    switch type {
    case "end": break
    case "start":
      if completion == nil {
        report("step.successor", .error, here, step.line, "a start step must have 'on_completion'")
      }
    default:
      if completion == nil && success == nil {
        report(
          "step.successor", .error, here, step.line,
          "a step must say what follows: 'on_completion', or 'on_success' (and 'on_failure')")
      }
    }
  }

  /// Every identifier of a step must lead to an object of this document.
  private mutating func checkReferences(_ step: DocumentNode, _ here: DocumentPointer) {
    let steps = keys("workflow")
    func dangling(_ node: DocumentNode?, _ at: DocumentPointer, _ known: Set<String>, _ where: String)
      -> Finding?
    {
      guard let node, let text = node.text, !known.contains(text) else { return nil }
      return Finding(
        pointer: at.description, line: node.line, rule: "reference.dangling", level: .error,
        message: "'\(text)' is not \(`where`)")
    }
    var found: [Finding?] = []
    for name in ["on_completion", "on_success", "on_failure", "on_true", "on_false"] {
      found.append(dangling(step[name], here.appending(name), steps, "in the workflow"))
    }
    for (index, item) in (step["next_steps"]?.items ?? []).enumerated() {
      found.append(dangling(item, here.appending("next_steps").appending(index), steps, "in the workflow"))
    }
    for member in step["cases"]?.members ?? [] {
      found.append(
        dangling(member.value, here.appending("cases").appending(member.name), steps, "in the workflow"))
    }
    found.append(
      dangling(step["agent"], here.appending("agent"), keys("agent_definitions"), "among agent_definitions"))
    for (index, item) in (step["targets"]?.items ?? []).enumerated() {
      found.append(
        dangling(
          item, here.appending("targets").appending(index), keys("target_definitions"),
          "among target_definitions"))
    }
    for finding in found.compactMap({ $0 }) {
      report(finding.rule, finding.level, pointerText: finding.pointer, finding.line, finding.message)
    }
  }

  private mutating func checkCondition(_ step: DocumentNode, _ here: DocumentPointer) {
    guard let node = step["condition"], let text = node.text, !text.allSatisfy(\.isWhitespace) else { return }
    do {
      _ = try Condition(parsing: text)
    } catch {
      report(
        "condition.syntax", .error, here.appending("condition"), node.line,
        "the condition cannot be read: \(error)")
    }
  }

  private mutating func checkSwitch(_ step: DocumentNode, _ here: DocumentPointer) {
    if let node = step["switch"], let text = node.text {
      let uses = VariableReference.all(in: text)
      if uses.count != 1 || uses[0].range != 0..<text.utf8.count {
        report(
          "condition.switch", .error, here.appending("switch"), node.line,
          "'switch' must be one use of a variable ('__name__:value'), not '\(text)'")
      }
    }
    if let cases = step["cases"], let members = cases.members {
      if members.isEmpty {
        report(
          "shape.too-few", .error, here.appending("cases"), cases.line, "'cases' must have at least one case")
      } else if cases["default"] == nil {
        report(
          "step.no-default", .note, here.appending("cases"), cases.line,
          "there is no case 'default'; the step fails when no case fits")
      }
    }
  }
}

extension DocumentChecker {
  /// Keeps a finding whose pointer is text already.
  mutating func report(
    _ rule: String, _ level: Finding.Level, pointerText: String, _ line: Int, _ message: String
  ) {
    append(Finding(pointer: pointerText, line: line, rule: rule, level: level, message: message))
  }
}
