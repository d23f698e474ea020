import ConsoleOutput
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// Are the secrets at hand that the playbooks ask for, and kept safely?
struct SecretsCheck: DoctorCheck {
  static let name = "secrets"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    var asked: [String: Set<String>] = [:]
    // Those that the playbook makes itself: no run of it has them before.
    var made: [String: Set<String>] = [:]
    for entry in context.playbooks {
      guard let playbook = entry.playbook else { continue }
      for authentication in playbook.authentication.values {
        if let name = authentication.storeName { asked[name, default: []].insert(entry.name) }
      }
      for step in playbook.steps.values {
        guard case .action(let action) = step.kind else { continue }
        for name in (action.rollout?.bindings ?? []).compactMap(\.secret) {
          asked[name, default: []].insert(entry.name)
        }
        for name in action.rollout?.madeSecrets ?? [] { made[name, default: []].insert(entry.name) }
      }
    }
    var findings: [DoctorFinding] = []
    do {
      try await context.secrets.unlock()
    } catch {
      findings.append(
        .failure("locked", Sanitizer.escape("\(error)"), "a run would stop at this before its first act"))
    }
    for (name, playbooks) in asked.sorted(by: { $0.key < $1.key }) {
      let subject = Sanitizer.escape(name)
      guard context.secrets.knows(name) else {
        let who = playbooks.sorted().prefix(3).joined(separator: ", ") + (playbooks.count > 3 ? ", …" : "")
        findings.append(
          context.areNamed
            ? .failure(subject, "no place was given; asked by \(who)", "--secret \(subject)=file:PATH")
            : .skipped(subject, "--secret \(subject)=file:PATH (asked by \(who))"))
        continue
      }
      if context.secrets.isPerDevice(name), playbooks.isSubset(of: made[name] ?? []) {
        findings.append(.ok(subject, "made for each device by the run"))
      } else if let device = context.inventory?.devices.first, context.secrets.isPerDevice(name) {
        findings.append(
          look(subject) { () throws(RunnerError) in try context.secrets.credential(name, device: device) })
      } else {
        findings.append(look(subject) { () throws(RunnerError) in try context.secrets.credential(name) })
      }
    }
    return findings
  }

  private static func look(_ subject: String, _ read: () throws(RunnerError) -> Credential) -> DoctorFinding {
    do throws(RunnerError) {
      _ = try read()
      return .ok(subject, "readable by us alone")
    } catch {
      return .failure(
        subject, Sanitizer.escape(error.description), "put it right now; at 3 a.m. nobody has it")
    }
  }
}
