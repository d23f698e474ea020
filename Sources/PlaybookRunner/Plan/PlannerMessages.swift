public import PlaybookModel

/// What the planner says when it cannot go on, and how to go on.
extension Planner {
  /// The option that lets devices in which only self-asserted evidence selects.
  static let selfAssertedOption = "--include-self-asserted"

  /// `broker` for `__broker__`: what people write after `--set`.
  static func short(_ variable: String) -> String {
    variable.hasPrefix("__") && variable.hasSuffix("__") && variable.count > 4
      ? String(variable.dropFirst(2).dropLast(2)) : variable
  }

  /// Why no device is left: how many were refused for which reason, and what to do.
  static func nothingLeft(_ plan: ExecutionPlan) -> String {
    guard let first = plan.refused.first else {
      return "no device is left to act on: the query selects none"
    }
    let reasons = plan.refusedByCode().map { "\($0.count) \($0.value)" }.joined(separator: ", ")
    var text =
      "no device is left to act on: all \(plan.refused.count) selected are refused (\(reasons)); "
      + "the first, '\(first.device)': \(first.reason)"
    if plan.refused.contains(where: { $0.code == "self-asserted" }) {
      text +=
        ". To act on them all the same, add \(selfAssertedOption) --output p.plan; "
        + approvalSentence(.two, file: "p.plan")
    }
    return text
  }

  /// `approvalSteps` in one sentence.
  public static func approvalSentence(_ approval: RolloutPolicy.Approval, file: String) -> String {
    let steps = approvalSteps(approval, file: file)
    guard let first = steps.first, let last = steps.last else { return "nobody needs to sign it" }
    return first + " " + steps.dropFirst().dropLast().joined(separator: " ; ") + " ; " + last
  }

  /// What must be done before a plan in a file runs: a sentence or command each; empty when the operator is enough.
  public static func approvalSteps(_ approval: RolloutPolicy.Approval, file: String) -> [String] {
    let names: [String]
    switch approval {
    case .operator_: return []
    case .one: names = ["alice"]
    case .two: names = ["alice", "bob"]
    }
    let plan = ShellQuote.quote(file)
    let signing = names.map {
      "ssh-keygen -Y sign -n firebreak-plan -f KEY_OF_\($0.uppercased()) < \(plan) > \($0).sig"
    }
    let signatures = names.map { "--signature \($0).sig" }.joined(separator: " ")
    return [
      names.count == 1 ? "one person signs the plan:" : "two people sign the plan, each with an own key:"
    ] + signing + [
      "and it runs with: firebreak playbook run \(plan) \(signatures) --allowed-signers ALLOWED_SIGNERS"
    ]
  }
}

extension ExecutionPlan {
  /// Numbers of refused devices by code, most first.
  public func refusedByCode() -> [(value: String, count: Int)] {
    var counts: [String: Int] = [:]
    for refusal in refused { counts[refusal.code, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }
}
