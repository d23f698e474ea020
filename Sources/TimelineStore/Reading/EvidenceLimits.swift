/// What `loadEvidence` could not take along.
public struct EvidenceLoadReport: Sendable, Hashable {
  /// Events that matched.
  public var matched = 0
  /// Events left out because they have no time, or only one since boot.
  public var withoutTime = 0
  /// Values of telemetry left out because there were too many.
  public var valuesLeftOut = 0
  /// Variables left out because there were too many.
  public var tokensLeftOut = 0
  /// Times that the stamps of one device in one source fall by a minute or more, or lie before 2001: its clock was set.
  public var stepsBack = 0
  /// Nothing left out.
  public init() {}
  init(matched: Int, withoutTime: Int) {
    self.matched = matched
    self.withoutTime = withoutTime
  }
}

/// Bounds of what `loadEvidence` takes into memory.
public struct EvidenceLimits: Sendable {
  /// Events; more than these are an error. 10^7 take about 1 GB with what hangs on them.
  public var events: Int
  /// Values of telemetry, 24 bytes each.
  public var values: Int
  /// Variables that may tie two events together, 8 bytes each.
  public var tokens: Int
  /// Series of fewer values are left out: a million devices that each gave a number or two make millions.
  public var fewestValues = 1

  /// Limits for a machine with 2 GB to spare.
  public init(events: Int = 20_000_000, values: Int = 20_000_000, tokens: Int = 30_000_000) {
    self.events = events
    self.values = values
    self.tokens = tokens
  }
}
