/// Chance that can be asked in any order: every draw is a function of (seed, entity, purpose, ordinal), so that
/// the evidence, the truth and a what-if read the same dice without keeping them.
///
/// The mixing is SplitMix64's finaliser (Steele, Lea, Flood 2014; constants of Stafford's variant 13). Only integer
/// operations, `+ - * /` and `squareRoot` are used: IEEE 754 makes those exact on every machine, libm does not.
struct Chance: Sendable {
  /// What a draw is for. A new purpose never disturbs the others.
  enum Purpose: UInt64 {
    case model = 1, hardware, firmware, ring, criticality, zone, dialect
    case skewed, skewAmount, beat, slotKind, slotValue, missing, latency
    case story, download, breaks, breakDelay, mode, report, victim, victimDelay, detail
    case link, linkDelay, susceptible, decoy, decoyTime, topology, repeats
  }

  private let seed: UInt64

  init(seed: UInt64) { self.seed = Chance.mixed(seed &+ 0x632B_E59B_D9B4_E019) }

  /// 64 random bits.
  @inline(__always) func bits(_ entity: Int, _ purpose: Purpose, _ ordinal: Int = 0) -> UInt64 {
    let key = UInt64(truncatingIfNeeded: entity) &* 0x9E37_79B9_7F4A_7C15
    let sub = (purpose.rawValue &<< 48) ^ UInt64(truncatingIfNeeded: ordinal)
    return Chance.mixed(Chance.mixed(seed ^ key) &+ sub &* 0xD134_2543_DE82_EF95)
  }

  /// Uniform in [0, 1).
  @inline(__always) func unit(_ entity: Int, _ purpose: Purpose, _ ordinal: Int = 0) -> Double {
    Double(bits(entity, purpose, ordinal) &>> 11) * 0x1p-53
  }

  /// Uniform in [low, high).
  @inline(__always)
  func uniform(_ range: Range<Double>, _ entity: Int, _ purpose: Purpose, _ ordinal: Int = 0) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit(entity, purpose, ordinal)
  }

  /// Uniform in 0 ..< count (count > 0).
  @inline(__always) func below(_ count: Int, _ entity: Int, _ purpose: Purpose, _ ordinal: Int = 0) -> Int {
    Int(bits(entity, purpose, ordinal).multipliedFullWidth(by: UInt64(count)).high)
  }

  /// Exponential with mean 1.
  func exponential(_ entity: Int, _ purpose: Purpose, _ ordinal: Int = 0) -> Double {
    -Chance.logarithm(1 - unit(entity, purpose, ordinal))
  }

  /// Rayleigh (Weibull of shape 2) with scale 1: delays with a mode, as wear-in faults have.
  func rayleigh(_ entity: Int, _ purpose: Purpose, _ ordinal: Int = 0) -> Double {
    exponential(entity, purpose, ordinal).squareRoot()
  }

  @inline(__always) static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  /// Natural logarithm of a positive normal number, by ln m = 2 artanh((m−1)/(m+1)); error below 1e-13.
  static func logarithm(_ x: Double) -> Double {
    var mantissa = x.significand
    var exponent = Double(x.exponent)
    if mantissa > 1.414_213_562_373_095 {
      mantissa /= 2
      exponent += 1
    }
    let s = (mantissa - 1) / (mantissa + 1)
    let square = s * s
    var sum = 0.0
    var odd = 23.0
    while odd >= 1 {
      sum = sum * square + 1 / odd
      odd -= 2
    }
    return exponent * 0.693_147_180_559_945_3 + 2 * s * sum
  }
}
