import PlaybookModel

/// Which steps are not taken back on a device as long as a later one is in force there: the mirror of `earlier-failed`.
///
/// What a later step did stands on what an earlier one did: a device whose old key could not be put back must not lose the new
/// one. As on the way there, a step that goes on by `on_completion` matters to nobody, nor does one of another branch of the same
/// parallel step. A later step without an inverse holds nobody back: it would do so for ever.
struct UndoOrder: Sendable {
  private let playbook: Playbook
  /// Branches of parallel steps that a step stands in, by step: the parallel step, and the branch's number.
  private let branches: [String: [String: Int]]

  init(_ playbook: Playbook) {
    self.playbook = playbook
    var branches: [String: [String: Int]] = [:]
    for id in playbook.stepOrder {
      guard let step = playbook.steps[id], case .parallel(let firsts) = step.kind else { continue }
      for (number, first) in firsts.enumerated() {
        for inner in playbook.reach(from: [first]) { branches[inner, default: [:]][id] = number }
      }
    }
    self.branches = branches
  }

  /// True when `earlier` stays on a device as long as `later` is in force there.
  func holds(_ earlier: String, as later: String) -> Bool {
    guard earlier != later, playbook.steps[earlier]?.onCompletion == nil else { return false }
    let others = branches[later] ?? [:]
    return !(branches[earlier] ?? [:]).contains { others[$0.key] ?? $0.value != $0.value }
  }

  /// Of some devices of a step those on which it stays, by the first of the `later` ones for which it does.
  ///
  /// A group cannot leave one out, and is not held back for some of its devices; only where there is none that is free.
  func held(
    _ step: WorkflowStep, _ devices: [String], later: [(step: WorkflowStep, devices: Set<String>)]
  ) -> [(step: WorkflowStep, devices: [String])] {
    var left = devices
    var held: [(step: WorkflowStep, devices: [String])] = []
    for other in later where holds(step.id, as: other.step.id) {
      let here = left.filter(other.devices.contains)
      guard !here.isEmpty else { continue }
      held.append((other.step, here))
      left.removeAll(where: other.devices.contains)
    }
    if case .action(let action) = step.kind, action.rollout?.group != nil, !left.isEmpty { return [] }
    return held
  }
}

extension UndoRun {
  /// Notes that a step is not taken back on some devices, since a later one was not. An undo of it that was begun before and whose
  /// end nobody saw stays what it is: it is looked at first when its turn comes. `isKept` says where the journal stays as it is.
  func leave(
    _ step: WorkflowStep, _ held: [(step: WorkflowStep, devices: [String])], _ writer: JournalWriter,
    isKept: (String) -> Bool
  ) async throws -> [String] {
    var reasons: [String] = []
    for (later, devices) in held {
      let title = later.name ?? later.id
      let detail = "'\(title)', which was done after it, was not taken back: nothing was sent"
      try await writer.write(
        all: devices.filter { !isKept($0) }.map {
          RecordDraft(
            .result, step: step.id, target: $0, action: .undo, outcome: .skipped,
            reason: RunHistory.laterStands, detail: detail)
        })
      let names = devices.prefix(5).joined(separator: ", ") + (devices.count > 5 ? ", …" : "")
      reasons.append(
        "'\(step.name ?? step.id)' stays on \(devices.count == 1 ? "1 device" : "\(devices.count) devices"), since '\(title)', which was done "
          + "after it, was not taken back there: \(names)")
    }
    return reasons
  }
}
