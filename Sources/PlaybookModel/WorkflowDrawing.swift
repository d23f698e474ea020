/// A playbook's workflow as text: an outline for the terminal, a flowchart for Mermaid.
public struct WorkflowDrawing: Sendable {
  private let playbook: Playbook

  /// The drawing of a playbook.
  public init(_ playbook: Playbook) { self.playbook = playbook }

  /// The outline, one line per step; branches are indented. Texts are as in the document, not sanitised.
  public func lines() -> [String] {
    var lines: [String] = []
    var seen: Set<String> = []
    walk(playbook.start, "", &lines, &seen)
    if let exception = playbook.exception, !seen.contains(exception) {
      lines.append("on an unhandled failure:")
      walk(exception, "  ", &lines, &seen)
    }
    let rest = playbook.stepOrder.filter { !seen.contains($0) }
    if !rest.isEmpty { lines.append("never reached: " + rest.map(title).joined(separator: ", ")) }
    return lines
  }

  private func walk(_ first: String, _ margin: String, _ lines: inout [String], _ seen: inout Set<String>) {
    var current: String? = first
    while let id = current, let step = playbook.steps[id] {
      guard seen.insert(id).inserted else {
        lines.append("\(margin)↺ back to \(title(id))")
        return
      }
      lines.append(margin + symbol(step) + " " + title(id) + details(step))
      for (label, branch) in step.labelledBranches {
        lines.append("\(margin)  \(label):")
        walk(branch, margin + "    ", &lines, &seen)
      }
      if let failure = step.onFailure {
        lines.append("\(margin)  on failure:")
        walk(failure, margin + "    ", &lines, &seen)
      }
      current = step.onCompletion ?? step.onSuccess
    }
  }

  private func symbol(_ step: WorkflowStep) -> String {
    switch step.kind {
    case .start: "●"
    case .end: "○"
    case .action: "▪"
    case .playbook: "▸"
    case .parallel: "═"
    case .ifCondition, .switchCondition: "◆"
    case .whileCondition: "↻"
    }
  }

  private func title(_ id: String) -> String {
    guard let step = playbook.steps[id] else { return id }
    return step.name ?? String(id.prefix { $0 != "-" }) + " " + (ObjectIdentifier(id)?.uuid.prefix(8) ?? "")
  }

  private func details(_ step: WorkflowStep) -> String {
    switch step.kind {
    case .action(let action):
      let commands = action.commands.map(\.type.name).joined(separator: ", ")
      let fleet = action.rollout.map { ", \($0.kind.rawValue) on the fleet" + gate($0) } ?? ""
      return "  (\(commands)\(fleet))"
    case .playbook(let id, let version, _, _): return "  (\(id)\(version.map { ", " + $0 } ?? ""))"
    default: return ""
    }
  }

  private func gate(_ rollout: RolloutPolicy) -> String {
    guard let gate = rollout.gate else { return "" }
    return ", gate: " + (gate.query == nil ? gate.probe.map(\.type.name).joined(separator: ", ") : "timeline")
  }

  /// A Mermaid flowchart. Labels are quoted, so that no text can become syntax.
  public func mermaid() -> String {
    var text = "flowchart TD\n"
    let numbers = Dictionary(
      uniqueKeysWithValues: playbook.stepOrder.enumerated().map { ($0.element, "s\($0.offset)") })
    func quoted(_ label: String) -> String {
      let safe = label.unicodeScalars.map { scalar -> String in
        switch scalar {
        case "\"", "<", ">", "&", "#", ";", "`": "#\(scalar.value);"
        default: scalar.value < 0x20 || scalar.value == 0x7F ? " " : String(scalar)
        }
      }
      return "\"" + safe.joined() + "\""
    }
    for id in playbook.stepOrder {
      guard let step = playbook.steps[id], let node = numbers[id] else { continue }
      let label = quoted(title(id) + details(step))
      switch step.kind {
      case .start, .end: text += "  \(node)([\(label)])\n"
      case .ifCondition, .whileCondition, .switchCondition: text += "  \(node){\(label)}\n"
      default: text += "  \(node)[\(label)]\n"
      }
      let next = [("", step.onCompletion), ("success", step.onSuccess), ("failure", step.onFailure)]
      for (label, target) in next + step.labelledBranches.map({ ($0.0, Optional($0.1)) }) {
        guard let target, let other = numbers[target] else { continue }
        text += label.isEmpty ? "  \(node) --> \(other)\n" : "  \(node) -->|\(quoted(label))| \(other)\n"
      }
    }
    return text
  }
}
