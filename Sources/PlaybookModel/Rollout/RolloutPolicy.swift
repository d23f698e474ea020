/// Fleet semantics for an action step: how its commands go out to many devices. CACAO has none, so ours live in one
/// published extension in `step_extensions` (schema: `Docs/rollout-extension.schema.json`).
public struct RolloutPolicy: Sendable, Hashable {
  /// The identifier of the extension's definition.
  public static let extensionIdentifier = "extension-definition--5d7b3f52-8c1e-4a64-9a0b-2f6d1c9e7a43"

  /// The two policies.
  public enum Kind: String, Sendable, CaseIterable {
    /// Isolate, block, halt: one canary, verify, then all at the safe rate, no soak. A worm does not wait.
    case contain
    /// Roll back, rotate: staged waves with soak.
    case remediate
  }

  /// How many devices a wave takes.
  public enum WaveSize: Sendable, Hashable {
    /// So many devices.
    case count(Int)
    /// So many per cent of all devices of the plan, at least one.
    case percent(Double)
    /// All that are left.
    case rest
  }

  /// What an answer must be for a verification to hold.
  public enum Expectation: Sendable, Hashable {
    /// The command succeeded.
    case success
    /// The value at a JSON pointer of the answer is this text (booleans and numbers as JSON writes them).
    case equals(pointer: String, text: String)
    /// There is no value at a JSON pointer of the answer.
    case absent(pointer: String)
    /// There is no value at a JSON pointer of the answer, or another one.
    case differs(pointer: String, text: String)
    /// The answer holds each of these texts.
    case contains([String])
  }

  /// Commands that look whether a state is in force, and what they must answer.
  public struct Verification: Sendable, Hashable {
    /// The commands; the last one's answer is compared.
    public var commands: [PlaybookCommand]
    /// What it must answer.
    public var expectation: Expectation
    /// What the commands before it must answer, one each; empty where they must only succeed.
    public var earlierExpectations: [Expectation] = []
    /// How long after the action the state may take to come, in milliseconds: a device that has to restart, a service
    /// that devices poll.
    public var withinMilliseconds: Int
    /// The looks in their order, each with what it must answer: the state is in force where all hold.
    public var looks: [(commands: [PlaybookCommand], expectation: Expectation)] {
      guard earlierExpectations.count + 1 == commands.count else { return [(commands, expectation)] }
      return zip(commands, earlierExpectations + [expectation]).map { ([$0], $1) }
    }
    /// A verification from its parts.
    public init(commands: [PlaybookCommand], expectation: Expectation, withinMilliseconds: Int = 0) {
      self.commands = commands
      self.expectation = expectation
      self.withinMilliseconds = withinMilliseconds
    }
  }

  /// One action for all devices of the plan together: a role on a group, a rule on a gateway, a rollout's pause.
  public struct Group: Sendable, Hashable {
    /// Commands that ask who belongs to the group; empty when there is nobody to ask. A member that is no target of
    /// the plan would be hit too: then nothing is sent.
    public var members: [PlaybookCommand]
    /// JSON pointer to the list of members in the last answer.
    public var pointer: String
    /// Member of each entry that holds the device's name; nil when the entries are the names.
    public var name: String?
    /// Whom the action reaches beside the targets, for people, where there is nobody to ask; nil when not said.
    public var reaches: String?
  }

  /// The inverse of the step's commands.
  public struct Inverse: Sendable, Hashable {
    /// The commands.
    public var commands: [PlaybookCommand]
    /// How to see that the inverse is in force; nil when there is no way.
    public var verification: Verification?
    /// True when sending the commands a second time does no harm: see `RolloutPolicy.isRepeatable`.
    public var isRepeatable: Bool
    /// An inverse from its parts.
    public init(commands: [PlaybookCommand], verification: Verification?, isRepeatable: Bool = false) {
      self.commands = commands
      self.verification = verification
      self.isRepeatable = isRepeatable
    }
  }

  /// A reason in the inventory not to touch a device. Missing data blocks too.
  public struct Interlock: Sendable, Hashable {
    /// The inventory's column.
    public var attribute: String
    /// Values that block.
    public var refuse: [String]
    /// When not empty: the only values that do not block.
    public var require: [String]
    /// True when any value will do, as long as there is one.
    public var wantsAny: Bool
    /// What a refusal means: `interlock`, `no-rollback-image` or `unsupported`.
    public var code: String
    /// Why, for people.
    public var reason: String

    /// True when a value is one of `refuse`, however it is written: inventories say yes in many ways, and a value that
    /// slips through is a device that must not be touched. `require` is not so lenient: what it does not know it holds back.
    public func refuses(_ value: String) -> Bool {
      let folded = InventoryWord.folded(value)
      return refuse.contains { InventoryWord.folded($0) == folded }
    }

    /// Codes that a refusal may have.
    public static let codes: Set<String> = ["interlock", "no-rollback-image", "unsupported"]
  }

  /// Who must agree before the run.
  public enum Approval: String, Sendable, CaseIterable, Comparable {
    /// The person at the terminal.
    case operator_ = "operator"
    /// One signature over the plan.
    case one
    /// Two signatures by different people.
    case two

    /// More people, greater.
    public static func < (a: Approval, b: Approval) -> Bool {
      (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
  }

  /// A question on an independent signal before the next wave: never the action's own exit code.
  public struct Gate: Sendable, Hashable {
    /// Commands whose answer decides; empty for a timeline gate.
    public var probe: [PlaybookCommand]
    /// What the probe must answer.
    public var expectation: Expectation
    /// A query over the timeline that must not match more events since the wave began than `limit`; nil for a probe.
    public var query: String?
    /// See `query`.
    public var limit: Int
  }

  /// How long after it was begun an act is to be taken back by the step's undo.
  public enum TimeToLive: Sendable, Hashable {
    /// So many milliseconds.
    case milliseconds(Int)
    /// The value of this variable, an integer of milliseconds.
    case variable(String)
  }

  /// The longest time to live in milliseconds: ten years.
  public static let longestTimeToLive = 315_360_000_000

  /// Exit codes that `refusalExitCode` may be: 0 is success, and from 126 on they are the shell's, a signal's or ssh's own.
  static let refusalExitCodes = 1...125

  /// A variable that each device sets.
  public struct Binding: Sendable, Hashable {
    /// The variable's name.
    public var name: String
    /// Where its value comes from.
    public var source: String
    /// The secret that it comes from; nil where it comes from elsewhere.
    public var secret: String? { source.hasPrefix("secret.") ? String(source.dropFirst(7)) : nil }
  }

  /// Contain or remediate.
  public var kind: Kind
  /// Variables that each device sets, by the source of their value: `device`, `inventory.COLUMN`, `address-family.COLUMN`
  /// (`4` or `6`, of the address in that column), `plan.created` (when the plan was made), or `secret.NAME`, which only the executor that sends the command resolves.
  public var bindings: [Binding]
  /// Secrets that the step's commands make for each device: nobody can have them before.
  public var madeSecrets: [String]
  /// The waves, in order; the last one is always `.rest`.
  public var waves: [WaveSize]
  /// Time to watch between waves, in milliseconds.
  public var soakMilliseconds: Int
  /// Devices acted on at the same time, at most.
  public var maximumInFlight: Int
  /// Devices begun in a second, at most.
  public var ratePerSecond: Double
  /// Further attempts when a device cannot be reached.
  public var retries: Int
  /// Wait before the first retry in milliseconds; doubles each time, with jitter.
  public var backoffMilliseconds: Int
  /// Failures that the first wave bears.
  public var canaryFailures: Int
  /// Failures that later waves bear, in per cent of those attempted; at least one device.
  public var failurePercent: Double
  /// Devices out of reach that a wave bears, in per cent of those attempted.
  public var unreachablePercent: Double
  /// How to see that the action is in force; nil when there is no way.
  public var verification: Verification?
  /// True when sending the commands a second time does no harm: where nothing looks, an attempt that was cut off is made again.
  public var isRepeatable: Bool
  /// Exit code by which the step's scripts, and those of its undo, say that they refused before anything was done; nil where they
  /// have none: then a script that ends with an error may have done a part.
  public var refusalExitCode: Int?
  /// Set when the commands go out once for all devices and not once for each.
  public var group: Group?
  /// The inverse; nil when there is none.
  public var inverse: Inverse?
  /// True when the undo is the safe direction: then no interlock and no inventory holds it back.
  public var undoIsSafe: Bool
  /// Why there is no inverse, for people; nil when not said.
  public var noUndo: String?
  /// The question between waves; nil when there is none.
  public var gate: Gate?
  /// When what was done to a device is to be taken back; nil for no end.
  public var timeToLive: TimeToLive?
  /// When devices may be worked on; nil for always.
  public var maintenance: Maintenance?
  /// What a battery must hold; nil for nothing.
  public var battery: Battery?
  /// What the devices behind one gateway may take together; nil for no limit.
  public var gatewayBudget: GatewayBudget?
  /// How long a device that could not be acted on waits for it, in milliseconds; 0 for not at all.
  public var queueMilliseconds: Int
  /// Exit code by which the step's scripts say that the device is out of reach and nothing was done; nil where they have none.
  public var unreachableExitCode: Int?
  /// Reasons not to touch a device.
  public var interlocks: [Interlock]
  /// A query for devices that are never touched; nil for none.
  public var exclude: String?
  /// Who must agree.
  public var approval: Approval
  /// Number of targets above which two people must agree; nil for no limit.
  public var maximumTargets: Int?
  /// Per cent of the inventory above which two people must agree; nil for no limit.
  public var maximumPercent: Double?
  /// What a person does when none of this works.
  public var manualFallback: String?

  /// The policy in an extension that was checked without errors. Defaults are those of `Docs/RolloutExtension.md`.
  init(checked node: DocumentNode) {
    let kind = Kind(rawValue: node["policy"]?.text ?? "") ?? .remediate
    self.kind = kind
    let bindings = node["bindings"]?.members ?? []
    self.bindings = bindings.map { Binding(name: $0.name, source: $0.value.text ?? "") }
    madeSecrets = (node["makes_secrets"]?.items ?? []).compactMap(\.text)
    let written = (node["waves"]?.items ?? []).compactMap { $0.text.flatMap(Self.waveSize) }
    var waves = written.isEmpty ? Self.defaultWaves(kind) : written
    if waves.last != .rest { waves.append(.rest) }
    self.waves = waves
    soakMilliseconds = node["soak_ms"]?.integer ?? (kind == .contain ? 0 : 600_000)
    maximumInFlight = node["max_in_flight"]?.integer ?? 10
    ratePerSecond = node["rate_per_second"]?.double ?? 10
    retries = node["retries"]?.integer ?? 1
    backoffMilliseconds = node["backoff_ms"]?.integer ?? 500
    canaryFailures = node["canary_failures"]?.integer ?? 0
    failurePercent = node["failure_percent"]?.double ?? 2
    unreachablePercent = node["unreachable_percent"]?.double ?? 20
    verification = node["verify"].map(Self.verification)
    isRepeatable = node["repeatable"]?.flag ?? false
    refusalExitCode = node["refusal_exit_code"]?.integer
    group = node["group"].map { group in
      Group(
        members: (group["members"]?["commands"]?.items ?? []).map(PlaybookCommand.init(checked:)),
        pointer: group["members"]?["pointer"]?.text ?? "", name: group["members"]?["name"]?.text,
        reaches: group["reaches"]?.text)
    }
    inverse = node["undo"].map { undo in
      Inverse(
        commands: (undo["commands"]?.items ?? []).map(PlaybookCommand.init(checked:)),
        verification: undo["verify"].map(Self.verification), isRepeatable: undo["repeatable"]?.flag ?? false)
    }
    undoIsSafe = node["undo_is_safe"]?.flag ?? (kind == .contain)
    noUndo = node["no_undo"]?.text
    gate = node["gate"].map { gate in
      Gate(
        probe: (gate["commands"]?.items ?? []).map(PlaybookCommand.init(checked:)),
        expectation: Self.expectation(gate["expect"]), query: gate["query"]?.text,
        limit: gate["limit"]?.integer ?? 0)
    }
    timeToLive = node["time_to_live_ms"].flatMap(Self.timeToLive)
    maintenance = node["maintenance"].map(Self.maintenance)
    battery = node["battery"].map {
      Battery(attribute: $0["attribute"]?.text ?? "", floor: $0["floor"]?.double ?? 100)
    }
    gatewayBudget = node["gateway_budget"].map(Self.gatewayBudget)
    queueMilliseconds = node["queue_ms"]?.integer ?? (kind == .contain ? 86_400_000 : 604_800_000)
    unreachableExitCode = node["unreachable_exit_code"]?.integer
    interlocks = (node["interlocks"]?.items ?? []).map { lock in
      Interlock(
        attribute: lock["attribute"]?.text ?? "", refuse: (lock["refuse"]?.items ?? []).compactMap(\.text),
        require: (lock["require"]?.items ?? []).compactMap(\.text),
        wantsAny: lock["present"]?.flag ?? false, code: lock["code"]?.text ?? "interlock",
        reason: lock["reason"]?.text ?? "the inventory forbids it")
    }
    exclude = node["exclude"]?.text
    approval = node["approval"]?.text.flatMap(Approval.init(rawValue:)) ?? .operator_
    maximumTargets = node["max_targets"]?.integer
    maximumPercent = node["max_percent"]?.double
    manualFallback = node["manual_fallback"]?.text
  }

  /// Interlocks that the undo asks.
  public var undoInterlocks: [Interlock] { undoIsSafe ? [] : interlocks }

  private static func defaultWaves(_ kind: Kind) -> [WaveSize] {
    switch kind {
    case .contain: [.count(1), .rest]
    case .remediate: [.count(1), .percent(1), .percent(10), .rest]
    }
  }

  /// A wave's size from `3`, `10%` or `rest`; nil for other texts.
  static func waveSize(_ text: String) -> WaveSize? {
    if text == "rest" { return .rest }
    if text.hasSuffix("%") {
      guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
      return .percent(percent)
    }
    guard let count = Int(text), count > 0 else { return nil }
    return .count(count)
  }

  /// A time to live from a number or `__name__:value`; nil for everything else.
  static func timeToLive(_ node: DocumentNode) -> TimeToLive? {
    if let number = node.integer {
      return (1...longestTimeToLive).contains(number) ? .milliseconds(number) : nil
    }
    guard let text = node.text, let use = VariableReference.all(in: text).first,
      use.range == 0..<text.utf8.count
    else { return nil }
    return .variable(use.name)
  }

  private static func verification(_ node: DocumentNode) -> Verification {
    let expected = node["expect"]?.items ?? [node["expect"]].compactMap { $0 }
    var verification = Verification(
      commands: (node["commands"]?.items ?? []).map(PlaybookCommand.init(checked:)),
      expectation: expectation(expected.last), withinMilliseconds: node["within_ms"]?.integer ?? 0)
    verification.earlierExpectations = expected.dropLast().map(expectation)
    return verification
  }

  private static func expectation(_ node: DocumentNode?) -> Expectation {
    guard let node else { return .success }
    if let node = node["contains"] { return .contains((node.items ?? [node]).compactMap(\.text)) }
    guard let pointer = node["pointer"]?.text else { return .success }
    if node["absent"]?.flag == true { return .absent(pointer: pointer) }
    if let text = node["differs"]?.text { return .differs(pointer: pointer, text: text) }
    return .equals(pointer: pointer, text: node["equals"]?.text ?? "")
  }

}
