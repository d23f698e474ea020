public import PlaybookModel

/// What a run's journal says about how far it came: what `resume`, `status` and `undo` go by.
public struct RunHistory: Sendable {
  /// How far one device came in one visit of a step.
  public enum DeviceState: Sendable, Hashable {
    /// There is an intent and no result: whether it was carried out is unknown.
    case intended
    /// There is a result.
    case finished(RunRecord.Outcome, reason: String?)
  }

  /// One visit of a step. Steps in loops are visited several times.
  public struct Visit: Sendable {
    /// By device: the step's commands.
    public var acts: [String: DeviceState] = [:]
    /// By device: their inverse.
    public var undos: [String: DeviceState] = [:]
    /// By device: what the other side or the executor said last (the broker's reason, the address).
    public var details: [String: String] = [:]
    /// Values that the step gave to variables.
    public var variables: [(name: String, value: String)] = []
    /// True for success; nil while not finished.
    public var succeeded: Bool?
  }

  /// The run's records.
  public let records: [RunRecord]
  /// Visits by step, in order.
  public private(set) var visits: [String: [Visit]] = [:]
  /// Steps in the order of their first visit.
  public private(set) var order: [String] = []
  /// Outcome of the run's last start or resumption; nil while it goes on (or was killed).
  public private(set) var end: End?
  /// Hash of the plan that was run.
  public private(set) var planHash: String?

  /// How a run ended.
  public enum End: String, Sendable {
    case succeeded, failed, halted, interrupted
  }

  /// Reads a run's records.
  public init(_ records: [RunRecord]) {
    self.records = records
    for record in records { apply(record) }
  }

  private mutating func apply(_ record: RunRecord) {
    switch record.kind {
    case .runStarted:
      planHash = record.reason
      end = nil
    case .resumed: end = nil
    case .runFinished: end = record.reason.flatMap(End.init(rawValue:))
    case .stepStarted:
      guard let step = record.step else { return }
      if visits[step] == nil { order.append(step) }
      visits[step, default: []].append(Visit())
    case .stepFinished: edit(record) { $0.succeeded = record.outcome != .failed }
    case .intent:
      guard let device = record.target else { return }
      edit(record) { visit in
        if record.action == .undo { visit.undos[device] = .intended } else { visit.acts[device] = .intended }
      }
    case .result, .verified:
      guard let device = record.target, let outcome = record.outcome else { return }
      edit(record) { visit in
        let state = DeviceState.finished(outcome, reason: record.reason)
        visit.details[device] = record.detail
        if record.action == .undo { visit.undos[device] = state } else { visit.acts[device] = state }
      }
    case .note where record.reason == "variable":
      guard let equals = record.detail.firstIndex(of: "=") else { return }
      let name = String(record.detail[..<equals])
      let value = String(record.detail[record.detail.index(after: equals)...])
      edit(record) { $0.variables.append((name, value)) }
    default: break
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

  /// Numbers of devices by outcome over all steps.
  public var counts: [RunRecord.Outcome: Int] {
    var counts: [RunRecord.Outcome: Int] = [:]
    for visit in visits.values.joined() {
      for state in visit.acts.values {
        switch state {
        case .intended: counts[.unknown, default: 0] += 1
        case .finished(let outcome, _): counts[outcome, default: 0] += 1
        }
      }
    }
    return counts
  }
}
