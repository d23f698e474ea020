public import PlaybookModel

/// What became of the devices of one wave, and whether the wave must halt: the arithmetic, and nothing else.
///
/// - **Attempted** is everything but the devices skipped by an interlock, a halt or a cancellation. A device out of
///   reach was attempted.
/// - A device whose outcome stays unknown after verification counts as failed.
/// - Failures are measured against those attempted **so far**, after every outcome: a wave that goes wrong halts early,
///   not when its last device is done.
/// - Out of reach has a limit of its own and does not count as failed. Since nothing was sent, it is measured against
///   all devices of the wave that are not skipped, and so does not depend on the order.
/// - A percentage becomes a number by rounding down. Later waves bear at least one failure, the canary as many as the
///   policy says (none by default).
/// - A limit trips when the number is **greater** than the limit: 10 % of 50 bears five, the sixth trips.
public struct WaveTally: Sendable, Hashable {
  /// Devices that the wave has.
  public let size: Int
  /// In the wanted state already.
  public private(set) var ok = 0
  /// Changed by us.
  public private(set) var changed = 0
  /// Refused, or not in force.
  public private(set) var failed = 0
  /// Nobody knows, after verification.
  public private(set) var unknown = 0
  /// Out of reach: nothing was sent.
  public private(set) var unreachable = 0
  /// Not attempted for another reason.
  public private(set) var skipped = 0

  /// An empty tally of a wave with so many devices.
  public init(size: Int) { self.size = size }

  /// Devices attempted so far.
  public var attempted: Int { ok + changed + failed + unknown + unreachable }
  /// Devices that count against the failure limit.
  public var failures: Int { failed + unknown }
  /// Devices that have an outcome.
  public var finished: Int { attempted + skipped }

  /// Counts an outcome.
  public mutating func count(_ outcome: RunRecord.Outcome, reason: String?) {
    switch outcome {
    case .ok: ok += 1
    case .changed: changed += 1
    case .failed: failed += 1
    case .unknown: unknown += 1
    case .skipped: if reason == "unreachable" { unreachable += 1 } else { skipped += 1 }
    }
  }

  /// Why the wave must halt, or nil when it may go on.
  public func trip(_ limits: WaveLimits) -> Trip? {
    let failureLimit = limits.failures(attempted: attempted)
    if failures > failureLimit { return Trip(kind: .failures, count: failures, limit: failureLimit) }
    let unreachableLimit = limits.unreachable(devices: size - skipped)
    if unreachable > unreachableLimit {
      return Trip(kind: .unreachable, count: unreachable, limit: unreachableLimit)
    }
    return nil
  }

  /// A limit that was passed.
  public struct Trip: Sendable, Hashable, CustomStringConvertible {
    /// Which limit.
    public enum Kind: String, Sendable { case failures, unreachable }
    /// Which limit.
    public var kind: Kind
    /// Devices counted.
    public var count: Int
    /// The most that is allowed.
    public var limit: Int
    /// One sentence.
    public var description: String {
      switch kind {
      case .failures: "\(count) failed or unknown, \(limit) allowed"
      case .unreachable: "\(count) out of reach, \(limit) allowed"
      }
    }
  }
}

/// The most that a wave bears.
public struct WaveLimits: Sendable, Hashable {
  /// Failures that are borne whatever the percentage says.
  public var leastFailures: Int
  /// Failures in per cent of those attempted.
  public var failurePercent: Double
  /// Devices out of reach in per cent of those not skipped.
  public var unreachablePercent: Double

  /// The limits of a wave. `wave` counts from 1; the first is the canary, which has a number and no percentage.
  public init(wave: Int, policy: RolloutPolicy) {
    leastFailures = wave == 1 ? policy.canaryFailures : 1
    failurePercent = wave == 1 ? 0 : policy.failurePercent
    unreachablePercent = policy.unreachablePercent
  }

  /// Limits from their parts.
  public init(leastFailures: Int, failurePercent: Double, unreachablePercent: Double) {
    self.leastFailures = leastFailures
    self.failurePercent = failurePercent
    self.unreachablePercent = unreachablePercent
  }

  /// Failed or unknown devices that are borne among so many attempted.
  public func failures(attempted: Int) -> Int {
    max(leastFailures, Self.share(failurePercent, of: attempted))
  }

  /// Devices out of reach that are borne among so many.
  public func unreachable(devices: Int) -> Int { Self.share(unreachablePercent, of: devices) }

  /// A percentage of a number, rounded down; computed in hundredths of a per cent, so that 29 % of 100 is 29.
  public static func share(_ percent: Double, of size: Int) -> Int {
    let hundredths = Int((percent * 100).rounded())
    let (product, overflow) = size.multipliedReportingOverflow(by: hundredths)
    return overflow ? size : product / 10_000
  }
}

/// How the devices of a plan fall into waves.
public enum WaveSchedule {
  /// Sizes of the waves for so many devices; their sum is `count`. Waves that would be empty are left out.
  public static func sizes(_ waves: [RolloutPolicy.WaveSize], count: Int) -> [Int] {
    var left = count
    var sizes: [Int] = []
    for wave in waves where left > 0 {
      let wanted =
        switch wave {
        case .count(let number): number
        case .percent(let percent): max(1, WaveLimits.share(percent, of: count))
        case .rest: left
        }
      let size = min(wanted, left)
      sizes.append(size)
      left -= size
    }
    if left > 0 { sizes.append(left) }
    return sizes
  }
}
