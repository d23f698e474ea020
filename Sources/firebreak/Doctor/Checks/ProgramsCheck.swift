import Glibc
import PlaybookModel

/// Are the programs here that the playbooks' commands and the approvals need?
struct ProgramsCheck: DoctorCheck {
  static let name = "programs"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    var wanted: [(path: String, why: String)] = [
      ("/usr/bin/ssh-keygen", "approvals are checked by it")
    ]
    let types = Set(context.playbooks.flatMap { $0.playbook.map(Self.types) ?? [] })
    if types.contains(.ssh) { wanted.append(("/usr/bin/ssh", "playbooks act over ssh")) }
    if types.contains(.nft) { wanted.append(("/usr/sbin/nft", "playbooks act on nftables")) }
    if types.contains(.bash) { wanted.append(("/bin/bash", "playbooks run local commands")) }
    if types.contains(.mqtt) {
      wanted.append(("/usr/bin/mosquitto_ctrl", "undo scripts and work by hand need it"))
    }
    var findings: [DoctorFinding] = []
    for (path, why) in wanted {
      let program = path.split(separator: "/").last.map(String.init) ?? path
      if access(path, X_OK) == 0 {
        findings.append(.ok(program, path))
      } else {
        let isNeeded = !program.hasPrefix("mosquitto")
        let text = "is not at \(path): \(why)"
        findings.append(
          isNeeded
            ? .failure(program, text, "install it while there is a network")
            : .warning(program, text, "install it while there is a network"))
      }
    }
    if types.contains(.nft), geteuid() != 0 {
      findings.append(
        .warning("nft", "only root may change nftables, and this is not root", "run as root on the gateway"))
    }
    return findings
  }

  static func types(_ playbook: Playbook) -> [CommandType] {
    playbook.steps.values.flatMap { step -> [CommandType] in
      guard case .action(let action) = step.kind else { return [] }
      return action.commands.map(\.type) + (action.rollout?.verification?.commands ?? []).map(\.type)
    }
  }
}
