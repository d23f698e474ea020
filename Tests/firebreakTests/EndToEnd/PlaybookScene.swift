import Foundation
import Testing

/// A fleet of eight and a playbook that acts on it, for what people see of `firebreak playbook`.
extension Workspace {
  /// A playbook whose one fleet step writes the device's name into a file.
  func touchPlaybook(rollout: String = "", head: String = "") -> String {
    """
    type: playbook
    spec_version: cacao-2.0
    id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
    name: touch
    created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
    created: 2026-01-01T00:00:00.000Z
    modified: 2026-01-02T00:00:00.000Z
    \(head)
    workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
    playbook_variables: {__device__: {type: string}}
    workflow:
      start--8dc72423-9759-4695-8190-cd7d30be6219: {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
      action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
        type: action
        name: touch
        agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
        on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
        commands: [{type: bash, command: "echo __device__:value >> \(at("acted"))"}]
        step_extensions:
          extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
            policy: contain
            bindings: {__device__: device}
            verify: {commands: [{type: bash, command: "grep -qx __device__:value \(at("acted"))"}]}
            undo: {commands: [{type: bash, command: "sed -i /^__device__:value$/d \(at("acted"))"}]}
            \(rollout)
      end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
    agent_definitions:
      individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
    extension_definitions:
      extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43:
        {type: extension-definition, name: rollout, created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72, schema: s, version: 1.0.0}
    """
  }

  /// Makes the case x.firebreak of a log with gw-1 to gw-8 in the inventory, each with the same values in `columns`.
  func ingestFleet(
    _ log: String = Workspace.log(20), columns: String = "life_safety", row: String = "no"
  ) throws {
    try write("a.log", log)
    let rows = (1...8).map { "gw-\($0),\(row)" }.joined(separator: "\n")
    try write("inv.csv", "device,\(columns)\n\(rows)\n")
    try #require(try ingest(at("a.log"), options: ["--inventory", at("inv.csv")]).run.exit == 0)
  }

  /// A workspace with that fleet in the case x.firebreak, and that playbook as p.yaml.
  static func fleet(
    _ log: String = Workspace.log(20), rollout: String = "", head: String = "",
    columns: String = "life_safety", row: String = "no"
  ) throws -> Workspace {
    let work = try Workspace()
    try work.ingestFleet(log, columns: columns, row: row)
    try work.write("p.yaml", work.touchPlaybook(rollout: rollout, head: head))
    return work
  }

  /// Plans p.yaml for these targets.
  func plan(_ targets: String, _ more: String..., output: String = "p.plan") throws -> BuiltProgram.Run {
    try BuiltProgram.run(
      ["playbook", "plan", at("p.yaml"), "--targets", targets, "--output", at(output)] + more,
      in: folder, environment: ["FIREBREAK_CASE": at("x.firebreak")])
  }

  /// `firebreak playbook` with these arguments, with locks and keys of its own.
  func playbook(_ arguments: String...) throws -> BuiltProgram.Run { try playbook(arguments) }

  /// The same.
  func playbook(_ arguments: [String]) throws -> BuiltProgram.Run {
    try BuiltProgram.run(
      ["playbook"] + arguments, in: folder,
      environment: [
        "FIREBREAK_CASE": at("x.firebreak"), "FIREBREAK_LOCKS": at("locks"),
        "FIREBREAK_JOURNAL_KEY": at("journal.key"),
      ])
  }

  /// The devices that `touchPlaybook` has acted on, in the order of the acts.
  var acted: [String] {
    ((try? String(contentsOfFile: at("acted"), encoding: .utf8)) ?? "").split(separator: "\n").map(
      String.init)
  }
}
