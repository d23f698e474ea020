public import IncidentModel

/// What to simulate. The same settings give the same bytes.
public struct SimulationSettings: Sendable {
  /// Name of a scenario; see `Scenario.all`.
  public var scenario: String
  /// Number of end devices (1 to 4,000,000); gateways and services come on top.
  public var devices: Int
  /// Seed of all chance.
  public var seed: UInt64
  /// Wanted number of events, background included; the actual one differs by a few per cent. Nil: 60 per device.
  public var events: Int?
  /// Length of the recorded window in seconds (at least 600); nil: the scenario's own.
  public var duration: Int?
  /// Start of the window; nil: the scenario's own date.
  public var start: Instant?
  /// Share of device and gateway messages that never reached the evidence, 0 to 0.5; nil: drawn, 0 to 0.3.
  public var missing: Double?
  /// Largest clock error of a device in seconds; nil: drawn from 0, 60, 120, 240.
  public var maximumSkew: Double?
  /// Share of links listed in the topology, 0 to 1; nil: drawn from 1, 1, 0.8, 0.5.
  public var topologyKept: Double?
  /// Damages some files: a truncated gzip, a wrong CRC, NUL bytes and invalid UTF-8.
  public var damage = false

  /// Settings with everything optional left to the scenario.
  public init(scenario: String, devices: Int, seed: UInt64) {
    self.scenario = scenario
    self.devices = devices
    self.seed = seed
  }

  /// Throws for the first setting that is out of range.
  func validate() throws(SimulationError) {
    func need(_ condition: Bool, _ message: String) throws(SimulationError) {
      if !condition { throw SimulationError(.invalidSetting, message) }
    }
    try need((1...4_000_000).contains(devices), "devices must be 1 to 4000000, not \(devices)")
    if let events {
      try need((1...200_000_000).contains(events), "events must be 1 to 200000000, not \(events)")
    }
    if let duration {
      try need(
        (600...2_592_000).contains(duration), "duration must be 10 minutes to 30 days, not \(duration) s")
    }
    if let missing { try need((0...0.5).contains(missing), "missing must be 0 to 0.5, not \(missing)") }
    if let maximumSkew {
      try need((0...86_400).contains(maximumSkew), "skew must be 0 to 86400 seconds, not \(maximumSkew)")
    }
    if let topologyKept {
      try need((0...1).contains(topologyKept), "topology must be 0 to 1, not \(topologyKept)")
    }
    if let start {
      try need(
        start.nanoseconds >= 0 && start.nanoseconds < 4_000_000_000_000_000_000, "start is out of range")
    }
  }
}
