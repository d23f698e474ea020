import PlaybookModel

/// What a person who looked says of devices where no command can tell any more: an undo without `verify` that was cut off, an act
/// whose answer was lost on a device that is gone, or one that was taken back by hand.
///
/// It stands in the journal as what it is, a person's word, and is signed; `resume`, `undo` and every count go by it.
public struct Settlement: Sendable {
  /// A step on a device that is, or may be, in force.
  public struct Question: Sendable, Hashable {
    /// The step.
    public var step: String
    /// What it is called.
    public var title: String
    /// The device's name.
    public var device: String
    /// True when an undo was begun and nobody knows what came of it.
    public var isUndo: Bool
    /// True when nobody knows whether it is in force.
    public var isOpen: Bool
    /// True when the next `resume` or `undo` looks, or may do it again, so that no person has to.
    public var settlesItself: Bool
    /// True when nobody knows what came of the act itself.
    var isActOpen: Bool
    /// True when a look found it not in force after nobody knew what came of the act, so that it counts as taken back: only a
    /// person can say that it came into force after all.
    public var isConcluded = false
    /// True when it counts as not in force by a person's word, which another one can put right.
    public var isSaidAbsent = false

    /// True where it counts as not in force.
    public var countsAsAbsent: Bool { isConcluded || isSaidAbsent }
  }

  /// Everything of the run that is, or may be, in force.
  public let questions: [Question]
  private let run: String
  private let plan: ExecutionPlan?
  private let environment: RunEnvironment
  private let history: RunHistory

  /// What there is to say of a run; `plan` is nil where it is not there any more.
  public init(_ plan: ExecutionPlan?, environment: RunEnvironment, run: String) throws(RunnerError) {
    self.run = run
    self.plan = plan
    self.environment = environment
    history = try RunHistory(run: run, in: environment.journal)
    guard history.last != nil else { throw RunnerError(.journal, "there is no run '\(run)'") }
    questions = Self.questions(history, plan, environment.executors)
  }

  /// Everything of a run that is, or may be, in force, by step and device.
  public static func questions(
    _ history: RunHistory, _ plan: ExecutionPlan?, _ executors: ExecutorSet
  ) -> [Question] {
    history.order.flatMap { id -> [Question] in
      let step = plan?.playbook.steps[id]
      var (settlesAct, settlesUndo) = (false, false)
      if case .action(let action) = step?.kind, let rollout = action.rollout {
        let effective = EffectiveRollout(action, executors)
        settlesAct = effective.verification != nil || rollout.isRepeatable
        settlesUndo = effective.inverse.map { $0.verification != nil || $0.isRepeatable } ?? false
      }
      let visits = history.visits[id] ?? []
      let devices = Set(visits.flatMap(\.acts.keys)).sorted()
      return devices.compactMap { device -> Question? in
        // What was sent once and did something is taken back by hand only: then a person says so.
        let standing = visits.filter { $0.isStanding(device) || $0.isStayingOnce(device) }
        guard !standing.isEmpty else {
          let isSaid = visits.contains {
            $0.isTakenBackByWord(device) || $0.acts[device]?.isSeenAbsent ?? false
          }
          let isConcluded = visits.contains { $0.isTakenBackUnseen(device) }
          guard isSaid || isConcluded else { return nil }
          return Question(
            step: id, title: step?.name ?? id, device: device, isUndo: false, isOpen: false,
            settlesItself: true, isActOpen: false, isConcluded: isConcluded, isSaidAbsent: isSaid)
        }
        let isUndo = standing.contains { $0.isUndoUnclear(device) }
        let isActOpen = standing.contains { $0.isInDoubt(device) }
        return Question(
          step: id, title: step?.name ?? id, device: device, isUndo: isUndo, isOpen: isUndo || isActOpen,
          settlesItself: isUndo ? settlesUndo : settlesAct, isActOpen: isActOpen)
      }
    }
  }

  /// Writes down what a person saw, in their `words`. What is not in force is released by the runs that count on it; `planOf`
  /// gives the plan of another run of the case where it can be read. Throws when the journal cannot be written.
  public func settle(
    _ questions: [Question], isInForce: Bool, by person: String, words: String,
    planOf: (String) -> ExecutionPlan? = { _ in nil }
  ) async throws {
    if !isInForce, let plan {
      // The commands of a step that goes out once are the run's own, and of no other, whatever device they went to.
      let onDevices = questions.filter { question in
        if case .action(let action) = plan.playbook.steps[question.step]?.kind {
          action.rollout != nil
        } else {
          false
        }
      }
      let scope = Dictionary(grouping: onDevices, by: \.step).map { ($0.key, $0.value.map(\.device)) }
      try await RunClaims(plan, run: run, on: scope, environment: environment, planOf: planOf).release(
        scope, released(), environment, isUndo: false)
    }
    let writer = JournalWriter(
      run: run, after: history.last, storage: environment.journal, clock: environment.clock,
      masker: environment.masker, signer: environment.signer)
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    let sentence = "\(isInForce ? "in force" : "not in force"), as \(person) saw: \(words)"
    let seen = RemoteText.excerpt(RemoteText.bounded(Array(sentence.utf8)), 2000)
    try await writer.write(all: questions.flatMap { Self.records($0, isInForce, seen) })
    let corrected = questions.filter(\.isSaidAbsent)
    if isInForce, !corrected.isEmpty {
      try await RunClaims.holdAgain(
        Set(corrected.map(\.device)), released(), "somebody saw that it is in force after all", environment,
        except: run)
    }
  }

  /// What the journals of runs that counted on a device say where it was released by a person's word.
  private func released() -> String {
    "somebody saw that it is not in force: the status of run \(run) says who"
  }

  private static func records(_ question: Question, _ isInForce: Bool, _ seen: String) -> [RecordDraft] {
    func draft(_ action: RunRecord.Action, _ outcome: RunRecord.Outcome, _ reason: String) -> RecordDraft {
      RecordDraft(
        .verified, step: question.step, target: question.device, action: action, outcome: outcome,
        reason: reason, detail: seen)
    }
    guard isInForce else {
      // What is known to have been in force and is no more was taken back, by whomever.
      let isOfUndo = question.isUndo || !question.isActOpen
      return [
        isOfUndo
          ? draft(.undo, .changed, RunHistory.seen) : draft(.act, .failed, RunHistory.seenAbsent)
      ]
    }
    if question.countsAsAbsent {
      // Not taken back after all; then the act is, again, one of which nobody knew what came of it.
      return [
        draft(.undo, .failed, RunHistory.seen), draft(.act, .changed, RunHistory.seen),
      ]
    }
    return (question.isActOpen ? [draft(.act, .changed, RunHistory.seen)] : [])
      + (question.isUndo ? [draft(.undo, .failed, RunHistory.seen)] : [])
  }
}
