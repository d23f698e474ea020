import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// Checks that what a plan rests on is as it was.
enum PlanCheck {
  /// Throws when the playbook of a plan, or one that it calls, was revoked since: a run that was begun by it does not go on.
  static func notRevoked(_ plan: ExecutionPlan) throws {
    for file in [plan.playbookPath] + plan.playbook.called.map(\.path) {
      guard let file, access(file, R_OK) == 0 else { continue }
      let document = PlaybookDocument(reading: try PlaybookFiles.read(file), now: SystemClock().wallTime())
      guard document.root?["revoked"]?.flag != true else {
        throw CommandError(
          "the playbook '\(file)' was revoked: what it did can be undone, and it does not go on", .no)
      }
    }
  }

  static func unchanged(_ plan: ExecutionPlan, case path: String) throws {
    if let file = plan.playbookPath, access(file, R_OK) == 0 {
      let document = PlaybookDocument(reading: try PlaybookFiles.read(file), now: SystemClock().wallTime())
      guard let root = document.root, Playbook.contentHash(of: root) == plan.playbook.sha256 else {
        throw CommandError("the playbook '\(file)' was changed since the plan was made; make a new plan")
      }
    }
    for called in plan.playbook.called {
      guard let file = called.path, access(file, R_OK) == 0 else { continue }
      let document = PlaybookDocument(reading: try PlaybookFiles.read(file), now: SystemClock().wallTime())
      guard let root = document.root, Playbook.contentHash(of: root) == called.playbook.sha256 else {
        throw CommandError(
          "the playbook '\(file)', which the plan's playbook calls, was changed since the plan was made; make a new plan"
        )
      }
    }
    guard !plan.caseDigest.isEmpty else { return }
    let reader = try CaseReader(path: path)
    guard try PlaybookTargets.digest(reader) == plan.caseDigest else {
      throw CommandError(
        "the case '\(path)' is not the one the plan was made from, or its evidence or inventory changed; make a new plan"
      )
    }
    // How many must sign depends on both, and the plan's hash is no signature.
    let fleet = try CaseFleet(reader)
    guard plan.targets.isEmpty || fleet.inventory.count == plan.fleetSize else {
      throw CommandError("the plan does not say how many devices the inventory has; make a new plan")
    }
    let targets = plan.targets.map(\.device)
    guard fleet.hanging(on: targets).subtracting(targets).count == plan.carried else {
      throw CommandError("the plan does not say how many devices hang on its targets; make a new plan")
    }
  }
}
