import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// Every playbook of the project: valid without a warning, explained, and safe by its own rules.
@Suite struct PlaybookFolderTests {
  private static let folder = Support.root.resolvingSymlinksInPath().appendingPathComponent("Playbooks")
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()

  private func text(_ name: String, _ file: String) throws -> String {
    try String(contentsOf: Self.folder.appendingPathComponent("\(name)/\(file)"), encoding: .utf8)
  }

  @Test func thereAreAllThatTheDocumentationPromises() throws {
    let wanted = [
      "collect-evidence", "decommission", "halt-rollout", "isolate-address", "isolate-by-role",
      "isolate-device",
      "quarantine-botnet", "quarantine-group", "restore-monitoring", "rollback-firmware-hawkbit",
      "rollback-firmware-ssh", "rotate-client-certificate", "rotate-mqtt-password", "rotate-ssh-key",
      "shed-reconnect-load",
    ]
    #expect(Set(Self.names).isSuperset(of: wanted), "\(Self.names)")
    let documentation = try String(
      contentsOf: Support.root.appendingPathComponent("Docs/Playbooks.md"), encoding: .utf8)
    for name in Self.names { #expect(documentation.contains("`\(name)`"), "\(name)") }
  }

  @Test(arguments: PlaybookFolderTests.names) func isValidWithoutAWarning(_ name: String) throws {
    let document = PlaybookDocument(reading: Array(try text(name, "playbook.yaml").utf8), now: Support.now)
    #expect(document.verdict == .valid)
    #expect(!document.findings.contains { $0.level == .warning }, "\(document.findings)")
    #expect(document.root?["name"]?.text == name)
  }

  @Test(arguments: PlaybookFolderTests.names) func saysWhenWhenNotAndWhatCanGoWrong(_ name: String) throws {
    let readme = try text(name, "README.md")
    for part in [
      "**When**", "**When not**", "**What can go wrong**", "By hand:", "firebreak playbook plan \(name) ",
    ] {
      #expect(readme.contains(part), "\(part)")
    }
    let playbook = try Support.playbook(name)
    for variable in playbook.variables.keys {
      let short = variable.dropFirst(2).dropLast(2)
      #expect(readme.contains("--set \(short)="), "\(short)")
    }
    var secrets = Set(playbook.authentication.values.compactMap(\.storeName))
    for rollout in Self.rollouts(playbook) {
      for source in rollout.bindings.map(\.source) where source.hasPrefix("secret.") {
        secrets.insert(String(source.dropFirst(7)))
      }
      for lock in rollout.interlocks { #expect(readme.contains("`\(lock.attribute)`"), "\(lock.attribute)") }
    }
    for secret in secrets { #expect(readme.contains("--secret \(secret)="), "\(secret)") }
  }

  /// Whatever acts on devices one by one asks whether people depend on them, sees for itself, and can be done by hand.
  @Test(arguments: PlaybookFolderTests.names) func keepsTheRulesOfItsKind(_ name: String) throws {
    let playbook = try Support.playbook(name)
    let readsOnly = ["collect-evidence"]
    for (step, rollout) in Self.steps(playbook) {
      #expect(rollout.verification != nil)
      #expect(rollout.manualFallback != nil)
      #expect(rollout.inverse != nil || rollout.noUndo != nil)
      // Where the next barrier is raised whatever becomes of this one, a failure is no reason to stop.
      #expect(rollout.canaryFailures == 0 || step.onCompletion != nil)
      if rollout.group?.reaches == nil && !readsOnly.contains(name) {
        #expect(
          rollout.interlocks.contains { $0.attribute == "life_safety" && $0.require == ["no"] }, "\(name)")
      }
    }
    for variable in playbook.variables.values where variable.value?.contains("://") == true {
      Issue.record("an address of somebody else's in \(name)")
    }
  }

  static func rollouts(_ playbook: Playbook) -> [RolloutPolicy] { steps(playbook).map(\.rollout) }

  private static func steps(_ playbook: Playbook) -> [(step: WorkflowStep, rollout: RolloutPolicy)] {
    playbook.stepOrder.compactMap { id in
      guard let step = playbook.steps[id], case .action(let action) = step.kind else { return nil }
      return action.rollout.map { (step, $0) }
    }
  }
}
