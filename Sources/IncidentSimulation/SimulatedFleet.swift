/// A fleet to act on that exists only in memory: every device has a fate drawn from the seed, and keeps it.
///
/// For rehearsing playbooks at scale: a device answers at once, so what is measured is the engine.
public struct SimulatedFleet: Sendable {
  /// What becomes of an action on a device.
  public enum Reply: String, Sendable, CaseIterable {
    /// The device did it.
    case done
    /// It was in the wanted state already.
    case unchanged
    /// It answered with an error.
    case failed
    /// It could not be reached.
    case unreachable
    /// The request went out and no answer came; it may have been done or not.
    case noAnswer
  }

  /// Shares of the fates, each 0 to 1; what is left over is done.
  public struct Shares: Sendable {
    /// In the wanted state already.
    public var unchanged = 0.0
    /// Answers with an error, every time.
    public var failed = 0.0
    /// Cannot be reached, every time.
    public var unreachable = 0.0
    /// Does it half the time, and never answers.
    public var noAnswer = 0.0
    /// Everybody does as told.
    public init() {}
  }

  /// Number of devices.
  public let count: Int
  private let chance: Chance
  private let shares: Shares

  /// A fleet of so many devices.
  public init(count: Int, seed: UInt64, shares: Shares = Shares()) {
    self.count = count
    self.shares = shares
    chance = Chance(seed: seed)
  }

  /// Name of a device, e.g. `sim-0001e4`.
  public func name(_ device: Int) -> String {
    var buffer = ByteBuffer(capacity: 16)
    buffer.put("sim-")
    buffer.putHex(UInt64(device), digits: 6)
    return buffer.text
  }

  /// What a device answers to an action. The same device always answers the same.
  public func reply(_ device: Int) -> Reply {
    var draw = chance.unit(device, .mode)
    for (share, reply) in [
      (shares.unchanged, Reply.unchanged), (shares.failed, .failed), (shares.unreachable, .unreachable),
      (shares.noAnswer, .noAnswer),
    ] {
      if draw < share { return reply }
      draw -= share
    }
    return .done
  }

  /// Whether the device is in the wanted state after one action: what a verification would find.
  public func isInWantedState(_ device: Int) -> Bool {
    switch reply(device) {
    case .done, .unchanged: true
    case .failed, .unreachable: false
    case .noAnswer: chance.unit(device, .report) < 0.5
    }
  }
}
