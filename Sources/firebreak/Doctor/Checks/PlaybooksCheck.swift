import ConsoleOutput
import PlaybookModel
import PlaybookRunner

/// Can the playbooks be run, and can what they do be taken back?
struct PlaybooksCheck: DoctorCheck {
  static let name = "playbooks"

  static func run(_ context: DoctorContext) async -> [DoctorFinding] {
    if context.playbooks.isEmpty {
      return [
        .failure(
          "playbooks", Sanitizer.escape("there are none in \(PlaybookFiles.searched)"),
          "FIREBREAK_PLAYBOOKS=FOLDER, or run where ./Playbooks is")
      ]
    }
    return context.playbooks.map { entry in
      let subject = Sanitizer.escape(entry.name)
      guard let playbook = entry.playbook else {
        return .failure(
          subject, Sanitizer.escape(entry.problem ?? "not valid"), "firebreak playbook validate \(subject)")
      }
      var final: [String] = []
      var silent: [String] = []
      var unseen: [String] = []
      for id in playbook.stepOrder {
        guard let step = playbook.steps[id], case .action(let action) = step.kind,
          let rollout = action.rollout
        else { continue }
        let name = step.name ?? id
        if !context.executors.hasInverse(action) {
          if let why = rollout.noUndo { final.append("\(name) (\(why))") } else { silent.append(name) }
        }
        if rollout.verification == nil { unseen.append(name) }
      }
      if !silent.isEmpty {
        return .warning(
          subject, Sanitizer.escape("no undo, and no reason given: \(silent.joined(separator: ", "))"),
          "what it does cannot be taken back: ask for approval 'two'")
      }
      if !unseen.isEmpty {
        return .warning(
          subject, Sanitizer.escape("nothing verifies: \(unseen.joined(separator: ", "))"),
          "an answer that is lost stays unknown")
      }
      return .ok(
        subject,
        Sanitizer.escape(
          final.isEmpty
            ? "valid, can be taken back" : "valid; no undo by nature: \(final.joined(separator: "; "))"))
    }
  }
}
