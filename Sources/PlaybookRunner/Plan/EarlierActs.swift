public import PlaybookModel

/// Devices that earlier runs of a case hit, by the word of fewer than two people, and that a plan does not: they count for the
/// limits above which a second person must agree. Else a fleet in slices below the limit would need none.
public struct EarlierActs: Sendable, Hashable {
  /// What was done: devices that were contained count for containing, those that were remediated for remediating.
  public var kind: RolloutPolicy.Kind
  /// How many devices.
  public var devices: Int
  /// The runs, oldest first.
  public var runs: [String]

  /// `3 more that runs A and B contained within 24 h without two people's word`.
  public var words: String {
    let shown = runs.suffix(3).joined(separator: ", ")
    let names =
      runs.count > 3
      ? "\(runs.count) runs, the last \(shown)," : "\(runs.count == 1 ? "run" : "runs") \(shown)"
    let did = kind == .contain ? "contained" : "worked on"
    return "\(devices) more that \(names) \(did), or may still, without two people's word in the last "
      + "\(UnapprovedActs.window / 3_600_000_000_000) h"
  }

  /// The form of the plan's file.
  var document: DocumentNode {
    .object([
      ("kind", .string(kind.rawValue)), ("devices", .number(devices)),
      ("runs", .array(runs.map(DocumentNode.string))),
    ])
  }

  /// Some of these from their parts.
  public init(kind: RolloutPolicy.Kind, devices: Int, runs: [String]) {
    self.kind = kind
    self.devices = devices
    self.runs = runs
  }

  /// What `document` made; nil for everything else.
  init?(_ node: DocumentNode) {
    guard let kind = node["kind"]?.text.flatMap(RolloutPolicy.Kind.init(rawValue:)),
      let devices = node["devices"]?.integer
    else { return nil }
    self.init(kind: kind, devices: devices, runs: (node["runs"]?.items ?? []).compactMap(\.text))
  }
}

/// What the runs of a case hit of late, or still may, without two people having signed their plans.
///
/// A run counts for 24 hours from its last act on a device, and as long as it could go on without anybody being asked again: then
/// with all its targets, else with those that something was sent to or that wait in its queue. Being taken back makes nothing
/// unhappened: whoever isolates slice after slice and lets each in again has isolated the fleet. Only steps with a limit count: where a
/// playbook sets none, any number is for one person to decide. A run whose plan or journal cannot be relied on counts with all that
/// is known of it.
public struct UnapprovedActs: Sendable {
  /// How long an act counts, in nanoseconds: as long as a signature and an inventory hold.
  public static let window: Int64 = 86_400_000_000_000

  /// By kind, oldest run first.
  private var acts: [RolloutPolicy.Kind: [(run: String, devices: Set<String>)]] = [:]

  /// True where there are none.
  public var isEmpty: Bool { acts.isEmpty }

  /// Every device of them.
  public var devices: Set<String> { acts.values.joined().reduce(into: []) { $0.formUnion($1.devices) } }

  /// What the journals say at a time, nanoseconds since the epoch. `planOf` gives the plan of a run where it can be read; `run` is not
  /// counted.
  public init(
    in storage: any JournalStorage, now: Int64, except run: String? = nil, planOf: (String) -> ExecutionPlan?
  ) throws(RunnerError) {
    do {
      for other in try storage.runs() where other != run {
        let reading = try storage.reading(run: other)
        let history = reading.history
        let isWhole = reading.chain.problem == nil
        if isWhole, history.signers.count >= 2 { continue }
        // A clock that went backwards makes no act old.
        let isRecent = history.lastAct.map { $0 > now - Self.window } ?? false
        let isUnfinished = history.isUnfinished
        guard isRecent || isUnfinished else { continue }
        let plan = planOf(other).flatMap { $0.hash == history.planHash ? $0 : nil }
        for kind in RolloutPolicy.Kind.allCases {
          var devices: Set<String> = []
          for step in Self.limitedSteps(plan, history, kind) {
            for visit in history.visits[step] ?? [] where visit.leavesSomething {
              devices.formUnion(visit.acts.keys.filter(visit.isTouched))
              if !history.isTakenBack { devices.formUnion(visit.queued.keys) }
            }
          }
          if let plan, isUnfinished, Self.hasLimits(plan, kind) {
            devices.formUnion(plan.targets.map(\.device))
          }
          if !devices.isEmpty { acts[kind, default: []].append((other, devices)) }
        }
      }
    } catch {
      throw RunnerError(.journal, "cannot read the journals of earlier runs: \(error)")
    }
  }

  /// What of it comes on top of a plan's own targets. `hanging` gives the devices that hang on some.
  public func beside(_ plan: ExecutionPlan, hanging: ([String]) throws -> Set<String>) rethrows
    -> [EarlierActs]
  {
    guard !isEmpty else { return [] }
    let targets = plan.targets.map(\.device)
    let own = try Set(targets).union(hanging(targets))
    return try RolloutPolicy.Kind.allCases.compactMap { kind in
      guard Self.hasLimits(plan, kind), let acts = acts[kind] else { return nil }
      var all: Set<String> = []
      var runs: [String] = []
      for act in acts {
        let beside = try act.devices.union(hanging(Array(act.devices))).subtracting(own)
        if !beside.isEmpty { runs.append(act.run) }
        all.formUnion(beside)
      }
      return all.isEmpty ? nil : EarlierActs(kind: kind, devices: all.count, runs: runs)
    }
  }

  /// Steps of a run that a limit holds for; all of them where its plan cannot be read.
  private static func limitedSteps(
    _ plan: ExecutionPlan?, _ history: RunHistory, _ kind: RolloutPolicy.Kind
  ) -> [String] {
    guard let plan else { return history.order }
    return plan.actionSteps.filter { $0.action.rollout.map { $0.hasLimit && $0.kind == kind } ?? false }.map(
      \.step.id)
  }

  private static func hasLimits(_ plan: ExecutionPlan, _ kind: RolloutPolicy.Kind) -> Bool {
    plan.actionSteps.contains { $0.action.rollout.map { $0.hasLimit && $0.kind == kind } ?? false }
  }
}

extension RolloutPolicy {
  /// True where the number of devices decides whether a second person must agree.
  var hasLimit: Bool { maximumTargets != nil || maximumPercent != nil }
}

extension ExecutionPlan {
  /// True where the number of devices decides whether a second person must agree.
  public var hasLimits: Bool { actionSteps.contains { $0.action.rollout?.hasLimit ?? false } }
}
