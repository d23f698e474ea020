public import PlaybookModel

/// What a run's journal says about how far it came: what `resume`, `status`, `queue` and `undo` go by.
///
/// It is built record by record, so that a journal of millions of records is never in memory.
public struct RunHistory: Sendable {
  /// How far one device came in one visit of a step.
  public enum DeviceState: Sendable, Hashable {
    /// There is an intent and no result: whether it was carried out is unknown.
    case intended
    /// There is a result.
    case finished(RunRecord.Outcome, reason: String?)
  }

  /// When something happened, on both clocks.
  public struct Moment: Sendable, Hashable {
    /// Nanoseconds since the epoch.
    public var wall: Int64
    /// Nanoseconds since the start of the machine.
    public var monotonic: Int64
    /// Which start of the machine; empty when the journal does not say.
    public var boot: String
  }

  /// One visit of a step. Steps in loops are visited several times.
  public struct Visit: Sendable {
    /// By device: the step's commands.
    public var acts: [String: DeviceState] = [:]
    /// By device: their inverse.
    public var undos: [String: DeviceState] = [:]
    /// By device that is not in the wanted state: what the other side or the executor said last.
    public var details: [String: String] = [:]
    /// By device that waits to be acted on later: since when.
    public var queued: [String: Moment] = [:]
    /// Values that the step gave to variables.
    public var variables: [(name: String, value: String)] = []
    /// Waves that are over: their gate has opened.
    public var finishedWaves: Set<Int> = []
    /// When waves began first.
    public var waveStarts: [Int: Moment] = [:]
    /// By device, for steps with a time to live: when the act was begun.
    public var acted: [String: Moment] = [:]
    /// By device whose act nobody saw the end of, also where it was seen in force since: when it was begun last.
    public var open: [String: Moment] = [:]
    /// The same of undos.
    var undosOpen: [String: Moment] = [:]
    /// By device that the step does not count on any more, since the run that had brought it there was taken back: why.
    public var released: [String: String] = [:]
    /// True for success; nil while not finished.
    public var succeeded: Bool?
    /// True where the step's commands only look, and nothing takes them back.
    var onlyLooks = false
    /// True where the step's commands go out once, in a run that does nothing else, and do something.
    var isSentOnce = false
  }

  /// Reason of a device that an earlier step still waits for.
  public static let earlierWaits = "earlier-waits"
  /// Reason of a device that an earlier step was not done to, and will not be.
  public static let earlierFailed = "earlier-failed"
  /// Reason of a device on which a step is not taken back, since one that was done after it was not.
  public static let laterStands = "later-stands"
  /// Reasons for which a device was skipped and waits in the queue.
  public static let queueReasons: Set<String> = ["unreachable", "window", "battery", earlierWaits]
  /// Reason of a note that another run's undo takes a device back which this one counted on.
  static let released = "released"
  /// Reason of a note that nothing was done to such a device after all: the run counts on it as before.
  static let heldAgain = "held-again"
  /// Reason of a failure before anything was sent: the state could not be seen.
  static let unverifiable = "unverifiable"
  /// Reason of a failure after some of the commands were carried out already: what they did can be taken back.
  static let partlyDone = "partly-done"

  /// Reason of a failure of what was carried out, as the other side says, and was not seen in force.
  static let notInForce = "not-in-force"
  /// Reason of a failure of what was sent, whose end nobody saw, and which was not seen in force: it may still come.
  static let endUnseen = "end-unseen"

  /// Reason of an act whose answer was lost, and that was seen in force: that one is over is not said by it.
  static let verified = "verified"

  /// Reason of the beginning of a step whose commands only look.
  static let onlyLooks = "only-looks"
  /// Reason of the beginning of a step that goes out once, in a run that does nothing else: what it does stays.
  static let sentOnce = "sent-once"
  /// Reason of the refusal of a look that the workflow handles by its own way on: no failure of the run.
  static let handled = "handled"

  /// Reason of what a person said who looked, where the step is in force.
  static let seen = "seen"
  /// Reason of what a look said against a person who had seen that the step is not in force.
  static let contradicted = "contradicted"
  /// Reason of what a person said who looked, where the step is not in force, and never was by what is known: it can be begun.
  static let seenAbsent = "seen-absent"

  /// Number of the run's records.
  public private(set) var count = 0
  /// The last record; nil when there is none.
  public private(set) var last: RunRecord?
  /// Visits by step, in order.
  public private(set) var visits: [String: [Visit]] = [:]
  /// Steps in the order of their first visit.
  public private(set) var order: [String] = []
  /// Outcome of the run's last start or resumption; nil while it goes on (or was killed).
  public private(set) var end: End?
  /// Hash of the plan that was run.
  public private(set) var planHash: String?
  /// When the run was begun; nil when it has no records.
  public private(set) var begun: Moment?
  /// What its first record says: the playbook, its hash, and the number of devices.
  public private(set) var title = ""
  /// What was said each time a glass was broken, in order.
  public private(set) var brokenGlass: [String] = []
  /// People who signed its plan.
  public private(set) var signers: Set<String> = []
  /// Wall time of the last act that was begun on a device, nanoseconds since the epoch; nil for none.
  private(set) var lastAct: Int64?
  /// True when the last approval was a broken glass.
  public private(set) var isBreakGlass = false
  /// True once somebody began to take the run back: then it does not go on, and nobody waits in its queue.
  public private(set) var isTakenBack = false
  /// What stopped a wave, in order.
  public private(set) var halts: [String] = []
  /// The largest jump of the wall clock against the monotonic one within one start of the machine, in nanoseconds.
  public private(set) var largestDrift: Int64 = 0
  private var boot = ""
  private var clockOffset: Int64?

  /// How a run ended.
  public enum End: String, Sendable {
    case succeeded, failed, halted, interrupted
    /// All steps are through, and there are devices that nothing was ever sent to since their state could not be seen.
    case incomplete
  }

  /// Steps whose acts have a time to live.
  let timed: Set<String>

  /// Reads a run's records. Of the steps in `timed` it also keeps when their acts were begun.
  public init(_ records: some Sequence<RunRecord>, timed: Set<String> = []) {
    self.timed = timed
    for record in records { apply(record) }
  }

  /// Reads a run's journal and checks its chain on the way. Throws when it cannot be read or was altered.
  public init(run: String, in storage: any JournalStorage, timed: Set<String> = []) throws(RunnerError) {
    let reading: RunReadings.Reading
    do {
      reading = try storage.reading(run: run, timed: timed)
    } catch {
      throw RunnerError(.journal, "cannot read the journal of run '\(run)': \(error)")
    }
    if let problem = reading.chain.problem {
      throw RunnerError(
        .journal,
        "the journal of run '\(run)' was altered: \(problem); nothing is done by it any more, "
          + "'firebreak playbook status \(run)' says what can be")
    }
    self = reading.history
  }

  /// The next record.
  public mutating func add(_ record: RunRecord) { apply(record) }

  private mutating func apply(_ record: RunRecord) {
    count += 1
    last = record
    let offset = record.wallTime - record.monotonicTime
    if let clockOffset, abs(offset - clockOffset) > abs(largestDrift) { largestDrift = offset - clockOffset }
    if clockOffset == nil { clockOffset = offset }
    switch record.kind {
    case .runStarted:
      planHash = record.reason
      end = nil
      title = record.detail
      begun = Moment(wall: record.wallTime, monotonic: record.monotonicTime, boot: boot)
    case .resumed: end = nil
    case .runFinished: end = record.reason.flatMap(End.init(rawValue:))
    case .undone: isTakenBack = true
    case .note where record.reason == "undo": isTakenBack = true
    case .waveStarted:
      guard let wave = record.wave else { return }
      let moment = Moment(wall: record.wallTime, monotonic: record.monotonicTime, boot: boot)
      edit(record) { visit in
        if visit.waveStarts[wave] == nil { visit.waveStarts[wave] = moment }
      }
    case .waveFinished:
      guard let wave = record.wave else { return }
      edit(record) { $0.finishedWaves.insert(wave) }
    case .approved:
      isBreakGlass = record.reason == "break-glass"
      if isBreakGlass {
        brokenGlass.append(record.detail)
      } else if let planHash, let rest = record.detail.firstRange(of: " signed the plan \(planHash), made ") {
        signers.insert(String(record.detail[..<rest.lowerBound]))
      }
    case .halted: halts.append(record.detail)
    case .stepStarted:
      guard let step = record.step else { return }
      if visits[step] == nil { order.append(step) }
      visits[step, default: []].append(
        Visit(onlyLooks: record.reason == Self.onlyLooks, isSentOnce: record.reason == Self.sentOnce))
    case .stepFinished: edit(record) { $0.succeeded = record.outcome != .failed }
    case .intent:
      guard let device = record.target else { return }
      let isTimed = record.step.map(timed.contains) ?? false
      let moment = Moment(wall: record.wallTime, monotonic: record.monotonicTime, boot: boot)
      guard record.action != .undo else {
        edit(record) { $0.undosOpen[device] = moment }
        return takeBack(record, device, .intended)
      }
      lastAct = record.wallTime
      edit(record) { visit in
        visit.acts[device] = .intended
        visit.open[device] = moment
        if !visit.released.isEmpty { visit.released[device] = nil }
        if isTimed { visit.acted[device] = moment }
      }
    case .result, .verified:
      guard let device = record.target, let outcome = record.outcome else { return }
      let isTimed = !timed.isEmpty && record.step.map(timed.contains) ?? false
      let moment = Moment(wall: record.wallTime, monotonic: record.monotonicTime, boot: boot)
      let state = DeviceState.finished(outcome, reason: record.reason)
      guard record.action != .undo else {
        edit(record) { visit in
          if !visit.undosOpen.isEmpty, !state.isEndUnseen { visit.undosOpen[device] = nil }
        }
        return takeBack(record, device, state)
      }
      if record.reason == Self.seen || record.reason == Self.seenAbsent {
        return settle(record, device, state)
      }
      edit(record) { visit in
        visit.details[device] = outcome == .ok || outcome == .changed ? nil : record.detail
        visit.acts[device] = state
        if !visit.open.isEmpty, !state.isEndUnseen { visit.open[device] = nil }
        if !visit.released.isEmpty { visit.released[device] = nil }
        // Found so: it is counted on for the same time.
        if isTimed, outcome == .ok, visit.acted[device] == nil { visit.acted[device] = moment }
        let waits = outcome == .skipped && record.reason.map(Self.queueReasons.contains) ?? false
        // A device that came back and was lost again waits since the first time.
        visit.queued[device] = waits ? visit.queued[device] ?? moment : nil
      }
    case .note where record.reason == "variable":
      guard let equals = record.detail.firstIndex(of: "=") else { return }
      let name = String(record.detail[..<equals])
      let value = String(record.detail[record.detail.index(after: equals)...])
      edit(record) { $0.variables.append((name, value)) }
    case .note where record.reason == Self.released:
      guard let step = record.step, let device = record.target else { return }
      for index in visits[step, default: []].indices where visits[step]![index].acts[device] != nil {
        visits[step]![index].released[device] = record.detail
      }
    case .note where record.reason == Self.heldAgain:
      guard let step = record.step, let device = record.target else { return }
      for index in visits[step, default: []].indices { visits[step]![index].released[device] = nil }
    case .note where record.reason == "boot":
      if record.detail != boot { clockOffset = nil }
      boot = record.detail
    default: break
    }
  }

  /// An undo is of all visits of its step.
  private mutating func takeBack(_ record: RunRecord, _ device: String, _ state: DeviceState) {
    guard let step = record.step, let count = visits[step]?.count else { return }
    let isDone = state.outcome == .ok || state.outcome == .changed
    for index in 0..<count where visits[step]![index].acts[device] != nil || index == count - 1 {
      visits[step]![index].undos[device] = state
      if state != .intended { visits[step]![index].details[device] = isDone ? nil : record.detail }
      // What nobody knew the outcome of is not begun again after it was taken back.
      if visits[step]![index].acts[device] == .intended, isDone {
        visits[step]![index].acts[device] = .finished(.unknown, reason: "undone")
      }
    }
  }

  /// What a person saw is of all visits that nobody knew the outcome of, or only by a person's word: the latest counts.
  private mutating func settle(_ record: RunRecord, _ device: String, _ state: DeviceState) {
    guard let step = record.step else { return }
    for index in visits[step, default: []].indices
    where visits[step]![index].isInDoubt(device) || visits[step]![index].acts[device]?.isSeenAbsent ?? false {
      visits[step]![index].acts[device] = state
      visits[step]![index].details[device] = state.outcome == .changed ? nil : record.detail
    }
  }

  private mutating func edit(_ record: RunRecord, _ change: (inout Visit) -> Void) {
    guard let step = record.step, let count = visits[step]?.count, count > 0 else { return }
    change(&visits[step]![count - 1])
  }

  /// Devices with an intent and no result, by step.
  public var unresolved: [(step: String, device: String)] {
    order.flatMap { step in
      (visits[step] ?? []).flatMap { visit in
        visit.acts.filter { $0.value == .intended }.keys.sorted().map { (step, $0) }
      }
    }
  }

  /// Devices that steps were not done to at their last visit, by step; true for those that wait for it.
  var missed: [String: [String: Bool]] {
    var missed: [String: [String: Bool]] = [:]
    for (step, visits) in visits {
      guard let acts = visits.last?.acts else { continue }
      let devices = acts.compactMapValues(RunCounts.isMissed)
      if !devices.isEmpty { missed[step] = devices }
    }
    return missed
  }

  /// Numbers of devices by outcome over all steps; failures that the workflow handled are none.
  public var counts: [RunRecord.Outcome: Int] {
    var counts: [RunRecord.Outcome: Int] = [:]
    for visit in visits.values.joined() {
      for state in visit.acts.values where !state.isHandled { counts[state.outcome, default: 0] += 1 }
    }
    return counts
  }
}

extension RunHistory.DeviceState {
  /// The outcome; an intent without a result is unknown.
  public var outcome: RunRecord.Outcome {
    switch self {
    case .intended: .unknown
    case .finished(let outcome, _): outcome
    }
  }
}
