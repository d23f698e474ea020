/// Rules on the rollout extension.
extension RolloutPolicy {
  private static let expectation = ObjectShape(
    "an expectation",
    [
      "pointer": .string, "equals": .string, "differs": .string, "absent": .flag,
      "contains": .oneOrMore(.text),
    ])
  private static let verification = ObjectShape(
    "a verification", required: ["commands"],
    [
      "commands": .list(.any, minimum: 1), "expect": .oneOrMore(.shape(expectation)),
      "within_ms": .integer(0...86_400_000),
    ])
  private static let members = ObjectShape(
    "the members of a group", required: ["commands", "pointer"],
    ["commands": .list(.any, minimum: 1), "pointer": .string, "name": .text])
  private static let group = ObjectShape("a group", ["members": .shape(members), "reaches": .text])
  private static let undo = ObjectShape(
    "an undo", required: ["commands"],
    ["commands": .list(.any, minimum: 1), "verify": .shape(verification), "repeatable": .flag])
  private static let gate = ObjectShape(
    "a gate",
    [
      "commands": .list(.any, minimum: 1), "expect": .shape(expectation), "query": .text,
      "limit": .integer(0...Int.max),
    ])
  private static let interlock = ObjectShape(
    "an interlock", required: ["attribute"],
    [
      "attribute": .text, "refuse": .list(.string, minimum: 1), "require": .list(.string, minimum: 1),
      "reason": .text, "present": .flag, "code": .oneOf(Interlock.codes),
    ])
  private static let shape = ObjectShape(
    "the rollout extension", required: ["policy"],
    [
      "policy": .oneOf(Set(Kind.allCases.map(\.rawValue))), "bindings": .dictionary(.text),
      "makes_secrets": .list(.text, minimum: 1),
      "waves": .list(.text, minimum: 1), "soak_ms": .integer(0...86_400_000),
      "max_in_flight": .integer(1...100_000), "rate_per_second": .any, "retries": .integer(0...10),
      "backoff_ms": .integer(0...600_000), "canary_failures": .integer(0...1_000_000),
      "failure_percent": .any,
      "unreachable_percent": .any, "verify": .shape(verification), "repeatable": .flag,
      "refusal_exit_code": .integer(RolloutPolicy.refusalExitCodes), "group": .shape(group),
      "undo": .shape(undo), "undo_is_safe": .flag, "no_undo": .text, "gate": .shape(gate),
      "maintenance": .shape(maintenanceShape), "battery": .shape(batteryShape),
      "gateway_budget": .shape(gatewayShape), "queue_ms": .integer(0...31_536_000_000),
      "unreachable_exit_code": .integer(1...125), "time_to_live_ms": .any,
      "interlocks": .list(.shape(interlock), minimum: 1),
      "exclude": .text, "approval": .oneOf(Set(Approval.allCases.map(\.rawValue))),
      "max_targets": .integer(0...Int.max), "max_percent": .any, "manual_fallback": .text,
    ])

  static func check(
    _ node: DocumentNode, _ here: DocumentPointer, step: DocumentNode, stepType: String,
    into checker: inout DocumentChecker
  ) {
    guard checker.check(node, here, is: shape) else { return }
    if stepType != "action" {
      checker.report(
        "rollout.step", .error, here, node.line, "the rollout extension belongs to action steps only")
    }
    for member in node["bindings"]?.members ?? [] {
      let inner = here.appending("bindings").appending(member.name)
      if !VariableName.isWellFormed(member.name) {
        checker.report(
          "variable.name", .error, inner, member.line, "'\(member.name)' is no name of a variable")
      }
      let source = member.value.text ?? ""
      if source != "device" && source != "plan.created"
        && !(source.hasPrefix("inventory.") && source.count > 10)
        && !(source.hasPrefix("secret.") && source.count > 7)
        && !(source.hasPrefix("address-family.") && source.count > 15)
      {
        checker.report(
          "rollout.binding", .error, inner, member.line,
          "a binding is 'device', 'inventory.COLUMN', 'address-family.COLUMN', 'plan.created' or 'secret.NAME', not '\(source)'"
        )
      }
      if node["group"] != nil, source != "plan.created" {
        checker.report(
          "rollout.group", .error, inner, member.line,
          "the commands of a group go out once for all devices: nothing can be bound to each of them, only 'plan.created', which is the same for all"
        )
      }
    }
    if let group = node["group"], group["members"] == nil, group["reaches"] == nil {
      checker.report(
        "rollout.group-members", .warning, here.appending("group"), group.line,
        "nothing asks who belongs to the group, and no 'reaches' says whom else the action hits")
    }
    for (index, item) in (node["waves"]?.items ?? []).enumerated() {
      let inner = here.appending("waves").appending(index)
      guard let text = item.text, waveSize(text) != nil else {
        checker.report(
          "rollout.wave", .error, inner, item.line, "a wave is a number ('1'), per cent ('10%') or 'rest'")
        continue
      }
      if text == "rest", index + 1 < (node["waves"]?.items ?? []).count {
        checker.report("rollout.wave", .error, inner, item.line, "nothing can follow the wave 'rest'")
      }
    }
    checkNumber("rate_per_second", above: 0, upTo: 1_000_000, node, here, &checker)
    for name in ["failure_percent", "unreachable_percent", "max_percent"] {
      checkNumber(name, above: -1, upTo: 100, node, here, &checker)
    }
    checkCommands(node, here, &checker)
    checkConditions(node, here, &checker)
    checkTimeToLive(node, here, &checker)
    if let why = node["no_undo"], node["undo"] != nil {
      checker.report(
        "rollout.no-undo", .error, here.appending("no_undo"), why.line, "there is an 'undo' and a 'no_undo'")
    }
    if let code = node["unreachable_exit_code"], code.integer == node["refusal_exit_code"]?.integer {
      checker.report(
        "rollout.exit-code", .error, here.appending("unreachable_exit_code"), code.line,
        "the same exit code cannot say that the device is out of reach and that it refused")
    }
    if node["undo"] == nil && node["no_undo"] == nil {
      checker.report(
        "rollout.no-undo", .warning, here, node.line,
        "there is neither 'undo' nor 'no_undo': what this step does cannot be taken back")
    }
    let looksOnly = (step["commands"]?.items ?? []).allSatisfy {
      $0["playbook_activity"]?.text.map(Vocabulary.lookingActivities.contains) ?? false
    }
    let asksMembers = node["group"] == nil || node["group"]?["members"] != nil
    if node["interlocks"] == nil, asksMembers, !looksOnly {
      checker.report(
        "rollout.no-interlock", .warning, here, node.line,
        "there are no 'interlocks': nothing of the inventory holds a device back but its column of life safety; ask at least that"
      )
    }
    if node["verify"] == nil {
      checker.report(
        "rollout.no-verify", .warning, here, node.line,
        "there is no 'verify': an action without answer stays unknown and counts as failed")
    }
  }

  private static func checkTimeToLive(
    _ node: DocumentNode, _ here: DocumentPointer, _ checker: inout DocumentChecker
  ) {
    guard let time = node["time_to_live_ms"] else { return }
    if timeToLive(time) == nil {
      checker.report(
        "rollout.time-to-live", .error, here.appending("time_to_live_ms"), time.line,
        "a time to live is a number of milliseconds, 1 to \(longestTimeToLive), or the variable '__name__:value' that holds it"
      )
    }
    if node["no_undo"] != nil {
      checker.report(
        "rollout.time-to-live", .error, here.appending("time_to_live_ms"), time.line,
        "what has no undo cannot end after a time")
    }
  }

  private static func checkNumber(
    _ name: String, above low: Double, upTo high: Double, _ node: DocumentNode, _ here: DocumentPointer,
    _ checker: inout DocumentChecker
  ) {
    guard let value = node[name] else { return }
    guard let number = value.double, number > low, number <= high, number >= 0 else {
      return checker.report(
        "shape.range", .error, here.appending(name), value.line,
        "'\(name)' must be a number \(low >= 0 ? "above 0" : "of at least 0") and at most \(high)")
    }
  }

  private static func checkCommands(
    _ node: DocumentNode, _ here: DocumentPointer, _ checker: inout DocumentChecker
  ) {
    let lists: [(DocumentNode?, DocumentPointer)] = [
      (node["verify"]?["commands"], here.appending("verify").appending("commands")),
      (node["undo"]?["commands"], here.appending("undo").appending("commands")),
      (
        node["undo"]?["verify"]?["commands"], here.appending("undo").appending("verify").appending("commands")
      ),
      (node["gate"]?["commands"], here.appending("gate").appending("commands")),
      (
        node["group"]?["members"]?["commands"],
        here.appending("group").appending("members").appending("commands")
      ),
    ]
    for (list, place) in lists {
      for (index, command) in (list?.items ?? []).enumerated() {
        checker.checkCommand(command, place.appending(index))
      }
    }
    let looks = [
      (node["verify"], here.appending("verify")),
      (node["undo"]?["verify"], here.appending("undo").appending("verify")),
    ]
    for (look, place) in looks {
      guard let expected = look?["expect"], let count = expected.items?.count,
        count != look?["commands"]?.items?.count
      else { continue }
      checker.report(
        "rollout.expect", .error, place.appending("expect"), expected.line,
        "a list of expectations has one for each of the commands, in their order; one alone is of the last command's answer"
      )
    }
    if let gate = node["gate"], (gate["commands"] == nil) == (gate["query"] == nil) {
      checker.report(
        "rollout.gate", .error, here.appending("gate"), gate.line, "a gate has either 'commands' or a 'query'"
      )
    }
    for (index, lock) in (node["interlocks"]?.items ?? []).enumerated()
    where lock["refuse"] == nil && lock["require"] == nil && lock["present"]?.flag != true {
      checker.report(
        "rollout.interlock", .error, here.appending("interlocks").appending(index), lock.line,
        "an interlock must have 'refuse', 'require' or 'present'")
    }
    for (index, lock) in (node["interlocks"]?.items ?? []).enumerated()
    where lock["refuse"] != nil && lock["require"] == nil {
      checker.report(
        "rollout.interlock-refuse", .warning, here.appending("interlocks").appending(index), lock.line,
        "'refuse' lets every value through that it does not name; 'require' names those that may be touched")
    }
  }
}
