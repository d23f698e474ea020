import PlaybookModel

/// Which other runs of the case count on what the undo of one would take back.
///
/// A run that finds a device isolated leaves it alone and counts it as isolated: from then on an undo of the run that had
/// isolated it lets it in behind the later one's back. Two steps mean the same state when they are the same step of a
/// playbook, or when they look at a device in the same words. What goes out once for all devices is one thing, whichever devices a
/// run names with it: there the same words alone count.
struct RunClaims: Sendable {
  /// A device that another run counts on.
  struct Claim: Sendable {
    /// The other run.
    var run: String
    /// Its step.
    var step: String
    /// The device's name.
    var device: String
    /// The devices that the other run counts on with it: itself, and for an action for all together those of the other run.
    var devicesThere: [String]
    /// True when that run was begun later.
    var isLater: Bool
    /// True when that run was begun later, and its own time to live is not over: it holds the device back.
    var isHolding: Bool
    /// False where the other run's state is another one, or may be: both were brought about, one after the other.
    var isSameState: Bool
    /// Nanoseconds until its time to live is over; nil when it has none.
    var left: Int64?

    /// True where the other run does not count on the device any more once the step is not in force there.
    func isReleased(byUndo: Bool) -> Bool { isSameState || byUndo && isLater }
  }

  /// By step of the run that is to be taken back.
  private(set) var claims: [String: [Claim]] = [:]
  /// The other runs' last records; none of those whose journal was altered: nothing is added to it.
  private(set) var last: [String: RunRecord] = [:]

  /// The claims on the devices of a run's steps. `planOf` gives the plan of another run where it can be read.
  init(
    _ plan: ExecutionPlan, run: String, on scope: [(step: String, devices: [String])],
    environment: RunEnvironment, planOf: (String) -> ExecutionPlan?
  ) throws(RunnerError) {
    let wanted = Set(scope.flatMap(\.devices))
    guard !wanted.isEmpty else { return }
    do {
      let groups = Set(scope.map(\.step).filter { Self.isGroup(plan, $0) })
      let runs = try environment.journal.runs()
      let own = runs.firstIndex(of: run) ?? runs.endIndex
      for (index, other) in runs.enumerated() where index != own {
        var (history, isWhole) = try Self.history(other, environment.journal)
        // Who was taken back wants nothing any more.
        guard !history.isTakenBack else { continue }
        let counted = Self.counted(history, among: wanted)
        let together = groups.isEmpty ? [:] : Self.counted(history)
        guard !counted.isEmpty || !together.isEmpty else { continue }
        let theirs = planOf(other)
        if let timed = theirs?.timedSteps, !timed.isEmpty {
          (history, _) = try Self.history(other, environment.journal, timed: timed)
        }
        var texts = LookTexts(plan, theirs, environment.executors)
        var isClaiming = false
        for (otherStep, names) in counted.sorted(by: { $0.key < $1.key }) {
          let timeLeft = Self.left(history, otherStep, theirs, environment.clock)
          for (step, devices) in scope where !groups.contains(step) {
            for device in devices where names.contains(device) {
              guard step == otherStep || texts.areSame(step, otherStep, device) else { continue }
              let left = timeLeft(device)
              isClaiming = true
              claims[step, default: []].append(
                Claim(
                  run: other, step: otherStep, device: device, devicesThere: [device],
                  isLater: index > own, isHolding: index > own && (left.map { $0 > 0 } ?? true),
                  isSameState: theirs == nil || texts.meanSameState(step, otherStep, device), left: left))
            }
          }
        }
        for (otherStep, names) in together.sorted(by: { $0.key < $1.key }) {
          let timeLeft = Self.left(history, otherStep, theirs, environment.clock)
          for (step, devices) in scope where groups.contains(step) {
            // Where the other plan cannot be read nobody knows its words.
            guard theirs == nil ? step == otherStep : texts.areSame(step, otherStep, "") else { continue }
            let lefts = names.map(timeLeft)
            let left = lefts.contains(nil) ? nil : lefts.compactMap(\.self).max()
            isClaiming = true
            for device in devices {
              claims[step, default: []].append(
                Claim(
                  run: other, step: otherStep, device: device,
                  devicesThere: device == devices.first ? names.sorted() : [],
                  isLater: index > own, isHolding: index > own && (left.map { $0 > 0 } ?? true),
                  isSameState: theirs == nil || texts.meanSameState(step, otherStep, ""), left: left))
            }
          }
        }
        if isWhole, isClaiming { last[other] = history.last }
      }
    } catch let error as RunnerError {
      throw error
    } catch {
      throw RunnerError(.journal, "cannot read the journals of other runs: \(error)")
    }
  }

  /// Says in the journals of the runs that count on these devices that they do no more: from here on the journal of the run that
  /// claims are made on tells what became of them. With `isUndo` the step is taken back there.
  ///
  /// Where an earlier run brought the device into another state (an older version, the password before), taking back what came after
  /// it brings that one's state back: it stays in force by the earlier run. So does what nobody can compare, since a secret is a part
  /// of it. What a person saw not to be in force says nothing of another state.
  func release(
    _ scope: [(step: String, devices: [String])], _ words: String, _ environment: RunEnvironment, isUndo: Bool
  ) async throws {
    var drafts: [String: [RecordDraft]] = [:]
    for (step, devices) in scope {
      let devices = Set(devices)
      for claim in claims[step] ?? []
      where devices.contains(claim.device) && claim.isReleased(byUndo: isUndo) {
        drafts[claim.run, default: []] += claim.devicesThere.map {
          RecordDraft(.note, step: claim.step, target: $0, reason: RunHistory.released, detail: words)
        }
      }
    }
    for (other, drafts) in drafts.sorted(by: { $0.key < $1.key }) {
      guard let last = last[other] else { continue }
      try await Self.write(drafts, to: other, after: last, environment)
    }
  }

  /// Says in the journals of runs that devices were released in, in some words, that they count on them again.
  static func holdAgain(
    _ devices: Set<String>, _ released: String, _ words: String, _ environment: RunEnvironment,
    except run: String
  ) async throws {
    for other in try environment.journal.runs() where other != run {
      let (history, isWhole) = try history(other, environment.journal)
      guard isWhole, let last = history.last else { continue }
      let drafts = history.order.flatMap { step in
        devices.sorted().filter { device in
          history.visits[step]?.contains { $0.released[device] == released } ?? false
        }.map { RecordDraft(.note, step: step, target: $0, reason: RunHistory.heldAgain, detail: words) }
      }
      if !drafts.isEmpty { try await write(drafts, to: other, after: last, environment) }
    }
  }

  /// Adds records to the journal of another run.
  static func write(
    _ drafts: [RecordDraft], to run: String, after last: RunRecord, _ environment: RunEnvironment
  ) async throws {
    let writer = JournalWriter(
      run: run, after: last, storage: environment.journal, clock: environment.clock,
      masker: environment.masker, signer: environment.signer)
    try await writer.write(RecordDraft(.note, reason: "boot", detail: environment.clock.boot))
    try await writer.write(all: drafts)
  }

  private static func history(
    _ run: String, _ journal: any JournalStorage, timed: Set<String> = []
  ) throws -> (RunHistory, isWhole: Bool) {
    let reading = try journal.reading(run: run, timed: timed)
    return (reading.history, reading.chain.problem == nil)
  }

  /// Devices that a run counts on, by step.
  private static func counted(_ history: RunHistory, among wanted: Set<String>) -> [String: Set<String>] {
    var counted: [String: Set<String>] = [:]
    for (step, visits) in history.visits {
      for visit in visits where visit.isOfDevices {
        // A run of one device among those of a whole fleet, or the other way round: the fewer are looked up.
        if visit.acts.count < wanted.count {
          for device in visit.acts.keys where wanted.contains(device) && visit.isCounted(device) {
            counted[step, default: []].insert(device)
          }
        } else {
          for device in wanted where visit.isCounted(device) { counted[step, default: []].insert(device) }
        }
      }
    }
    return counted
  }

  /// All devices that a run counts on, by step.
  private static func counted(_ history: RunHistory) -> [String: Set<String>] {
    history.visits.mapValues { visits in
      visits.reduce(into: Set<String>()) { all, visit in
        guard visit.isOfDevices else { return }
        all.formUnion(visit.acts.keys.filter(visit.isCounted))
      }
    }.filter { !$0.value.isEmpty }
  }

  private static func isGroup(_ plan: ExecutionPlan, _ id: String) -> Bool {
    guard case .action(let action) = plan.playbook.steps[id]?.kind else { return false }
    return action.rollout?.group != nil
  }

  /// Nanoseconds until the time to live of a step on a device is over, by device; nil when it has none.
  private static func left(
    _ history: RunHistory, _ step: String, _ plan: ExecutionPlan?, _ clock: any RunClock
  ) -> (String) -> Int64? {
    guard let plan, let found = plan.playbook.steps[step], case .action(let action) = found.kind,
      let limit = action.rollout.flatMap({ plan.timeToLive(found, $0) })
    else { return { _ in nil } }
    let visits = history.visits[step] ?? []
    return { device in
      visits.last { $0.acted[device] != nil }?.acted[device].map {
        UndoRun.left(of: limit, since: $0, clock)
      }
    }
  }

  /// What steps of two plans look at on a device, in words.
  private struct LookTexts {
    private let executors: ExecutorSet
    private let plans: [ExecutionPlan?]
    private var targets: [[String: ExecutionPlan.Target]?] = [nil, nil]

    init(_ ours: ExecutionPlan, _ theirs: ExecutionPlan?, _ executors: ExecutorSet) {
      plans = [ours, theirs]
      self.executors = executors
    }

    mutating func areSame(_ ours: String, _ theirs: String, _ device: String) -> Bool {
      guard let text = text(0, ours, device), !text.isEmpty else { return false }
      return text == self.text(1, theirs, device)
    }

    /// True when both steps are known to bring a device into one state: they look for the same answer in the same words, and in
    /// nothing that is not shown: a secret, or the key that is logged in with.
    mutating func meanSameState(_ ours: String, _ theirs: String, _ device: String) -> Bool {
      guard areSame(ours, theirs, device), let state = state(0, ours, device) else { return false }
      return state == self.state(1, theirs, device)
    }

    /// What a step's looks must answer, filled in; nil where not all of what they ask is shown.
    private mutating func state(
      _ side: Int, _ id: String, _ device: String
    ) -> [RolloutPolicy.Expectation]? {
      guard let (verification, calls) = looks(side, id, device),
        !calls.contains(where: { $0.sendsSecret || $0.command.text.contains(SSHExecutor.loginKeyName) })
      else { return nil }
      let values = calls.first?.values ?? [:]
      return verification.map { $0.looks.compactMap { try? Expectations.filled($0.expectation, values) } }
        ?? []
    }

    private mutating func text(_ side: Int, _ id: String, _ device: String) -> [String]? {
      guard let (_, calls) = looks(side, id, device) else { return nil }
      var texts: [String] = []
      for call in calls {
        guard let text = try? executors.executor(call.command.type).planText(call) else { return nil }
        texts.append(text)
      }
      return texts
    }

    /// The commands that look whether a step is in force on a device; the step's own where there are none.
    private mutating func looks(_ side: Int, _ id: String, _ device: String) -> (
      verification: RolloutPolicy.Verification?, calls: [CommandCall]
    )? {
      guard let plan = plans[side], let step = plan.playbook.steps[id], case .action(let action) = step.kind,
        let rollout = action.rollout
      else { return nil }
      if targets[side] == nil {
        targets[side] = Dictionary(plan.targets.map { ($0.device, $0) }, uniquingKeysWith: { a, _ in a })
      }
      let verification = EffectiveRollout(action, executors).verification
      let commands = verification?.commands ?? action.commands
      let values = plan.values(step: step, rollout: rollout, target: targets[side]?[device])
      return (
        verification, Planner.calls(commands, step, action, plan, values: values, device: device)
      )
    }
  }
}
