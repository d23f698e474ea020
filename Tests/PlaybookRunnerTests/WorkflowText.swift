import Foundation
import PlaybookModel
import PlaybookRunner

/// Playbooks from steps in short form. `@N` stands for the UUID number N, `START` for the start step's id, `AGENT` for the agent's
/// property, and `ON_DEVICES(words)` for the rollout extension with these words.
enum WorkflowText {
  static let playbookID = "playbook--e042eeb5-e2b1-4b8e-b116-6922a21299e"
  private static let rollout = "extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43"

  static func text(
    _ steps: String, variables: String = "{}", head: String = "", number: Int = 1, more: String = ""
  ) -> String {
    var text = """
      type: playbook
      spec_version: cacao-2.0
      id: \(playbookID)\(number)
      name: flow \(number)
      created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
      created: 2026-01-01T00:00:00.000Z
      modified: 2026-01-02T00:00:00.000Z
      workflow_start: START
      playbook_variables: \(variables)
      \(head)
      workflow:
      \(steps)
      agent_definitions:
        individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
      extension_definitions:
        \(rollout): {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}
      \(more)
      """
    for index in 1...9 {
      text = text.replacingOccurrences(of: "@\(index)", with: "00000000-0000-4000-8000-00000000000\(index)")
    }
    text = text.replacingOccurrences(of: "START", with: "start--8dc72423-9759-4695-8190-cd7d30be6219")
    text = text.replacingOccurrences(
      of: "AGENT", with: "agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99")
    while let opening = text.range(of: "ON_DEVICES("),
      let closing = text[opening.upperBound...].range(of: ")")
    {
      let words = text[opening.upperBound..<closing.lowerBound]
      text.replaceSubrange(
        opening.lowerBound..<closing.upperBound,
        with:
          "step_extensions: {\(rollout): {policy: contain, rate_per_second: 1000000, backoff_ms: 0, retries: 0, \(words)}}"
      )
    }
    return text
  }

  static func document(_ text: String) -> PlaybookDocument {
    PlaybookDocument(reading: Array(text.utf8), now: Support.now)
  }

  /// What a step of `StepFleet` looks with, and how it is taken back, by the step's name.
  static func seen(_ name: String) -> String {
    "verify: {commands: [{type: bash, command: see \(name)}], expect: {contains: \"yes\"}}"
  }
  static func undone(_ name: String) -> String {
    "undo: {commands: [{type: bash, command: un \(name)}], verify: {commands: [{type: bash, command: gone \(name)}], expect: {contains: \"yes\"}}}"
  }

  /// The plan of a playbook for some devices.
  static func plan(_ playbook: Playbook, _ executors: ExecutorSet, _ devices: [String]) throws
    -> ExecutionPlan
  {
    try Planner(executors: executors).plan(
      playbook,
      selection: devices.isEmpty ? nil : Support.selection(devices, inventory: Support.inventory(devices)),
      options: .init(), now: Support.now)
  }
}
