import Foundation
import PlaybookModel
import Testing

/// Where the given material lies: `FIREBREAK_SHARED`, else beside the package.
enum Shared {
  /// A file or folder below; nil when the material is absent, which is a failure in CI.
  static func url(_ path: String) -> URL? {
    let environment = ProcessInfo.processInfo.environment
    let root =
      environment["FIREBREAK_SHARED"].map { URL(fileURLWithPath: $0) }
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared")
    let url = root.appendingPathComponent(path)
    if FileManager.default.fileExists(atPath: url.path) { return url }
    if environment["CI"] == "true" {
      Issue.record("the shared material '\(path)' is absent")
    } else {
      print("skipped: the shared material '\(path)' is absent")
    }
    return nil
  }
}

/// 2026-06-01T00:00:00Z.
let june: Int64 = 1_780_272_000_000_000_000

/// A document from text.
func document(_ text: String, now: Int64 = june) -> PlaybookDocument {
  PlaybookDocument(reading: Array(text.utf8), now: now)
}

/// A small sound playbook as YAML with parts that a test can change.
func sample(
  head: String = "", steps: String = "", command: String = "{type: manual, command: Tell the ward}",
  actionExtra: String = "", variables: String = "{}"
) -> String {
  """
  type: playbook
  spec_version: cacao-2.0
  id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
  name: sample
  created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
  created: 2026-01-01T00:00:00.000Z
  modified: 2026-01-02T00:00:00.000Z
  workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
  playbook_variables: \(variables)
  \(head)
  workflow:
    start--8dc72423-9759-4695-8190-cd7d30be6219:
      type: start
      on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e
    action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
      type: action
      agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
      on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
      \(actionExtra)
      commands:
        - \(command)
    end--3bfb7410-8c2c-4db0-92b1-4388fab0844b:
      type: end
  \(steps)
  agent_definitions:
    individual--96f924ad-c7e5-4979-9038-394c9a6aeb99:
      type: individual
      name: On-call
  """
}
