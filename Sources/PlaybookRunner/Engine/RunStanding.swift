import PlaybookModel

/// What of a run is in force now, by its journal: the one place that says so, for `status`, `runs`, `undo`, `resume`
/// and `doctor`.
extension RunHistory {
  /// Numbers of changes; a step on a device is one.
  public struct Standing: Sendable, Hashable {
    /// Changed by the run and not taken back.
    public var inForce = 0
    /// May be in force: unknown, sent and not seen in force, or done in part; and not taken back.
    public var inDoubt = 0
    /// Taken back.
    public var takenBack = 0
    /// Those of them that a person said are.
    public var takenBackByWord = 0
    /// Commands that went out once, in a run that did nothing else, and did something: it stays until somebody takes it back by
    /// hand and says so (`Settlement`).
    public var sentOnce = 0
    /// Counted on until the undo of another run took them back.
    public var released = 0
    /// Devices that something is, or may be, in force on.
    public var devices: Set<String> = []
    /// Devices that the run found in the wanted state, did nothing to, and counts on; none once it was taken back.
    public var foundSo: Set<String> = []

    /// What there is to take back.
    public var changes: Int { inForce + inDoubt }
    /// True when there is something to take back.
    public var isAny: Bool { changes > 0 }
  }

  /// What is in force of the run.
  public var standing: Standing {
    var standing = Standing()
    for visit in visits.values.map(Visit.merged) {
      for (device, state) in visit.acts {
        if visit.isStanding(device) {
          if case .finished(.changed, _) = state { standing.inForce += 1 } else { standing.inDoubt += 1 }
          // The commands of a step that goes out once are no devices.
          if visit.isOfDevices { standing.devices.insert(device) }
        } else if visit.isTakenBack(device) {
          standing.takenBack += 1
          if visit.isOfDevices, visit.isTakenBackByWord(device) { standing.takenBackByWord += 1 }
        } else if visit.isStayingOnce(device) {
          standing.sentOnce += 1
        } else if visit.released[device] != nil {
          standing.released += 1
        } else if visit.isCounted(device), !isTakenBack, visit.leavesSomething {
          standing.foundSo.insert(device)
        }
      }
    }
    return standing
  }

  /// True when of an act or an undo nobody knows what came of it.
  public var hasUnclear: Bool {
    visits.values.joined().contains { visit in
      visit.undos.keys.contains(where: visit.isUndoUnclear)
        || visit.acts.keys.contains(where: visit.isInDoubt)
    }
  }

  /// Steps that failed on devices before anything was sent, as `RunCounts` keeps them.
  var neverSent: Set<String> {
    var found: Set<String> = []
    for (step, visits) in visits {
      for (device, state) in visits.last?.acts ?? [:] where state.isNeverSent {
        found.insert("\(step)\n\(device)")
      }
    }
    return found
  }

  /// Outcomes that are not the wanted state, over all steps, as a run's summary counts them.
  public var missedCount: Int {
    counts.reduce(0) { $0 + ([.ok, .changed].contains($1.key) ? 0 : $1.value) }
  }

  /// Devices that the run counted on until the undo of another one took them back.
  var releasedDevices: Set<String> { Set(visits.values.joined().flatMap(\.released.keys)) }

  /// True when it is to be gone on with, or taken back.
  var isUnfinished: Bool { end != .succeeded && end != .failed && !isTakenBack }

  /// Devices that the run has begun something on, or would have.
  var touched: Set<String> { Set(visits.values.joined().filter(\.isOfDevices).flatMap(\.acts.keys)) }
}

extension RunHistory.Visit {
  /// False for a step that goes out once, for nobody among the devices: a guard that others stand on has no undo and is in
  /// force on nobody. Steps on devices go out in waves.
  var isOfDevices: Bool { !waveStarts.isEmpty }

  /// False where nothing can be in force on a device, whatever came of the step.
  var leavesSomething: Bool { isOfDevices && !onlyLooks }

  /// True when the step is, or may be, in force on a device by our doing, and was not taken back; also when nobody knows what
  /// came of a command that goes out once.
  public func isStanding(_ device: String) -> Bool {
    if onlyLooks { return false }
    switch acts[device] {
    case .intended: break
    case .finished(.changed, _): guard isOfDevices else { return false }
    case let state: guard state?.isSentUnseen ?? false else { return false }
    }
    return released[device] == nil && !isTakenBack(device)
  }

  /// True for a command that went out once, in a run that did nothing else, and did something that nobody took back.
  func isStayingOnce(_ command: String) -> Bool {
    guard isSentOnce, case .finished(.changed, _) = acts[command] else { return false }
    return !isTakenBack(command)
  }

  /// True when nobody knows whether what the step did to a device is in force, or it was sent and not seen to be.
  func isInDoubt(_ device: String) -> Bool {
    if case .finished(.changed, _) = acts[device] { false } else { isStanding(device) }
  }

  /// True when something was sent to a device, or may have been, whether it was taken back since or not.
  func isTouched(_ device: String) -> Bool {
    switch acts[device] {
    case .intended, .finished(.changed, _): true
    case let state: state?.isSentUnseen ?? false
    }
  }

  /// True when an undo of the step was begun on a device and nobody knows what came of it.
  func isUndoUnclear(_ device: String) -> Bool {
    switch undos[device] {
    case .intended, .finished(.unknown, _): true
    default: false
    }
  }

  /// True when an undo found nothing to take back where nobody had seen what came of the act.
  func isTakenBackUnseen(_ device: String) -> Bool {
    guard case .finished(.ok, _) = undos[device] else { return false }
    return acts[device]?.isSentUnseen ?? false
  }

  /// True where the step counts as taken back on a device since a person said so.
  func isTakenBackByWord(_ device: String) -> Bool {
    undos[device] == .finished(.changed, reason: RunHistory.seen)
  }

  /// True when the step counts on it that the device is in the wanted state, or does not know: also where it was so before, and
  /// not where it was seen not to be.
  func isCounted(_ device: String) -> Bool {
    switch acts[device] {
    case .intended, .finished(.changed, _), .finished(.ok, _), .finished(.unknown, _):
      released[device] == nil && !isTakenBack(device)
    default: false
    }
  }

  /// True when the step was taken back on a device.
  public func isTakenBack(_ device: String) -> Bool {
    switch undos[device] {
    case .finished(.changed, _), .finished(.ok, _): true
    default: false
    }
  }
}

extension RunHistory.DeviceState {
  /// True for a failure that the workflow handled by its own way on.
  public var isHandled: Bool {
    if case .finished(.failed, let reason) = self { reason == RunHistory.handled } else { false }
  }

  /// True for a failure before anything was sent.
  var isNeverSent: Bool {
    if case .finished(.failed, let reason) = self { reason == RunHistory.unverifiable } else { false }
  }

  /// True for what a person who goes on after a halt wants tried again: nothing was sent, and no interlock forbids it; or
  /// somebody saw that it is not in force.
  var isToBeTriedAgain: Bool {
    if case .finished(.skipped, let reason) = self { return reason == RunHistory.earlierFailed }
    return isNeverSent || isSeenAbsent
  }

  /// True where nobody saw the end of what was sent, whatever was seen of the device since: something may still be under way. What the
  /// other side said the end of is not, done or not, whatever became of it.
  var isEndUnseen: Bool {
    switch self {
    case .intended, .finished(.unknown, _), .finished(.failed, RunHistory.endUnseen),
      .finished(.changed, RunHistory.verified):
      true
    default: false
    }
  }

  /// True where a person looked and saw that the step is not in force.
  var isSeenAbsent: Bool {
    if case .finished(.failed, let reason) = self { reason == RunHistory.seenAbsent } else { false }
  }
}

/// One run of a case in a line.
public struct RunOverview: Sendable {
  /// The run's id.
  public var run: String
  /// When it was begun, nanoseconds since the epoch; nil when its journal does not say.
  public var begun: Int64?
  /// Name of its playbook; empty when the journal does not say.
  public var playbook: String
  /// Devices of its plan.
  public var targets: Int
  /// How it ended; nil while it goes on, or when it was killed.
  public var end: RunHistory.End?
  /// True once somebody began to take it back.
  public var isTakenBack: Bool
  /// What of it is in force.
  public var standing: RunHistory.Standing
  /// True when a glass was broken for it.
  public var isBreakGlass: Bool
  /// How many of the devices asked about it has to do with.
  public var shared = 0
  /// False when its journal was altered.
  public var isWhole: Bool
  /// Records of its journal.
  public var records: Int
  /// Hash of the plan that it carried out; nil when its journal does not say.
  public var planHash: String?
  /// Outcomes that are not the wanted state, over all steps.
  public var missed: Int

  /// True when an undo of it ends something although nothing of it is in force: it counts on devices, or could go on.
  public var isToBeEnded: Bool { !isTakenBack && (isUnfinished || !standing.foundSo.isEmpty) }

  /// True when it is through, or was taken back: the signatures over its plan are used up.
  public var isOver: Bool { isTakenBack || end == .succeeded || end == .failed }

  /// True when it is to be gone on with, or taken back.
  public var isUnfinished: Bool { end != .succeeded && end != .failed && !isTakenBack }

  /// The line of a run's history.
  public init(_ run: String, _ history: RunHistory, isWhole: Bool = true, sharing devices: Set<String> = []) {
    self.run = run
    begun = history.begun?.wall
    // playbook 'NAME' (HASH) on N devices
    let title = history.title
    playbook = ""
    targets = 0
    if title.hasPrefix("playbook '"), let end = title.ranges(of: "' (").last?.lowerBound {
      playbook = String(title[title.index(title.startIndex, offsetBy: 10)..<end])
      targets = Int(title.split(separator: " ").dropLast().last ?? "") ?? 0
    }
    end = history.end
    isTakenBack = history.isTakenBack
    standing = history.standing
    records = history.count
    planHash = history.planHash
    missed = history.missedCount
    isBreakGlass = !history.brokenGlass.isEmpty
    if !devices.isEmpty { shared = history.touched.intersection(devices).count }
    self.isWhole = isWhole
  }

  /// All runs of a journal, oldest first. Throws when it cannot be read; one that was altered is shown as such.
  public static func all(
    in storage: any JournalStorage, sharing devices: Set<String> = []
  ) throws(RunnerError) -> [RunOverview] {
    do {
      return try storage.runs().map { run in
        let reading = try storage.reading(run: run)
        return RunOverview(run, reading.history, isWhole: reading.chain.problem == nil, sharing: devices)
      }
    } catch {
      throw RunnerError(.journal, "cannot read the journals of runs: \(error)")
    }
  }
}

extension RunHistory.DeviceState {
  /// True for an act that was sent, wholly or in part, and that nobody saw in force: it may be, or come to be.
  fileprivate var isSentUnseen: Bool {
    switch self {
    case .finished(.unknown, _), .finished(.failed, RunHistory.notInForce),
      .finished(.failed, RunHistory.endUnseen), .finished(.failed, RunHistory.partlyDone):
      true
    default: false
    }
  }
}
