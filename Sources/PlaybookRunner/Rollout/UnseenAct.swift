import PlaybookModel

/// What a run sent to a device and nobody saw the end of: until its time is over it may still come into force there, and "not in
/// force" is no answer. Nobody else acts on the device meanwhile.
public struct UnseenAct: Sendable, Hashable {
  /// The run that sent it.
  public var run: String
  /// When it was begun.
  public var begun: RunHistory.Moment
  /// Nanoseconds since then for which it may still be under way.
  public var time: Int64
  /// True for an undo.
  public var isUndo = false

  /// Nanoseconds that are left; 0 when its time is over.
  func left(_ clock: any RunClock) -> Int64 { max(0, UndoRun.left(of: time, since: begun, clock)) }

  /// True where the other one may be under way for longer.
  public func isOver(before other: UnseenAct, _ clock: any RunClock) -> Bool {
    left(clock) < other.left(clock)
  }

  /// How long after its beginning an act or undo of a step whose end nobody saw may still show, in nanoseconds; 0 where it cannot.
  static func time(
    _ step: WorkflowStep, _ action: ActionStep, _ executors: ExecutorSet, isUndo: Bool = false
  ) -> Int64 {
    let effective = EffectiveRollout(action, executors)
    let commands = isUndo ? effective.inverse?.commands ?? [] : action.commands
    let mayGoOn = commands.contains { command in
      (try? executors.executor(command.type))?.mayGoOnUnseen ?? false
    }
    guard mayGoOn else { return 0 }
    let verification = isUndo ? effective.inverse?.verification : effective.verification
    let within = Int64(verification?.withinMilliseconds ?? 0)
    // Its own time bounds only how long the answer is waited for: as long again is allowed for.
    return 2 * step.commandTimeout * Int64(commands.count) + within * 1_000_000
  }

  /// By device what a run may still have under way: of several the one that lasts longest. `plan` is nil where it cannot be
  /// read: then the time of a step without one is taken.
  public static func all(
    of run: String, _ history: RunHistory, _ plan: ExecutionPlan?, _ executors: ExecutorSet,
    _ clock: any RunClock
  ) -> [String: UnseenAct] {
    var found: [String: UnseenAct] = [:]
    for (id, visits) in history.visits where visits.contains(where: \.hasOpen) {
      var (actTime, undoTime) = (2 * Planner.defaultTimeout, 2 * Planner.defaultTimeout)
      if let plan {
        guard let step = plan.playbook.steps[id], case .action(let action) = step.kind else { continue }
        actTime = time(step, action, executors)
        undoTime = time(step, action, executors, isUndo: true)
      }
      for visit in visits where visit.isOfDevices {
        func note(_ open: [String: RunHistory.Moment], _ time: Int64, isUndo: Bool) {
          guard time > 0 else { return }
          for (device, begun) in open {
            let act = UnseenAct(run: run, begun: begun, time: time, isUndo: isUndo)
            guard act.left(clock) > max(0, found[device]?.left(clock) ?? 0) else { continue }
            found[device] = act
          }
        }
        note(visit.open, actTime, isUndo: false)
        note(visit.undosOpen, undoTime, isUndo: true)
      }
    }
    return found
  }

  /// By device what the other runs of a case may still have under way. `planOf` gives the plan of a run where it can be read.
  public static func all(
    in storage: any JournalStorage, except run: String, executors: ExecutorSet, clock: any RunClock,
    planOf: (String) -> ExecutionPlan?
  ) throws(RunnerError) -> [String: UnseenAct] {
    var found: [String: UnseenAct] = [:]
    do {
      for other in try storage.runs() where other != run {
        let history = try storage.reading(run: other).history
        guard history.visits.values.joined().contains(where: \.hasOpen) else { continue }
        found.merge(all(of: other, history, planOf(other), executors, clock)) { a, b in
          a.isOver(before: b, clock) ? b : a
        }
      }
    } catch {
      throw RunnerError(.journal, "cannot read the journals of other runs: \(error)")
    }
    return found
  }
}

extension RunHistory.Visit {
  /// True where nobody saw the end of something that was sent.
  var hasOpen: Bool { !open.isEmpty || !undosOpen.isEmpty }
}

extension ExecutionPlan {
  /// True where something that it does to devices may go on although nobody sees the end of it.
  public func mayGoOnUnseen(_ executors: ExecutorSet) -> Bool {
    actionSteps.contains { step, action in
      action.rollout != nil
        && (UnseenAct.time(step, action, executors) > 0
          || UnseenAct.time(step, action, executors, isUndo: true) > 0)
    }
  }
}
