/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
///
/// Covers the years 1678 to 2262. Arithmetic traps on overflow, as `Int64` does; use `adding(_:)` for hostile values.
public struct Instant: Hashable, Sendable, Comparable {
  /// Nanoseconds since the Unix epoch, UTC.
  public var nanoseconds: Int64

  /// An instant from nanoseconds since the Unix epoch.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// An instant from seconds since the Unix epoch; fractions are rounded to the nearest nanosecond.
  /// Returns nil when the value is not finite or out of range.
  public init?(secondsSinceEpoch seconds: Double) {
    let scaled = (seconds * 1e9).rounded()
    guard scaled.isFinite, scaled > -9.2e18, scaled < 9.2e18 else { return nil }
    nanoseconds = Int64(scaled)
  }

  /// Earlier first.
  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Seconds since the Unix epoch, with the precision of a `Double` (about 0.2 µs today).
  public var secondsSinceEpoch: Double { Double(nanoseconds) / 1e9 }

  /// Seconds from `other` to `self`; negative when `self` is earlier.
  public func seconds(since other: Instant) -> Double {
    Double(nanoseconds) / 1e9 - Double(other.nanoseconds) / 1e9
  }

  /// This instant moved by some nanoseconds, clamped to the representable range.
  public func adding(nanoseconds delta: Int64) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
    return Instant(nanoseconds: overflow ? (delta > 0 ? .max : .min) : sum)
  }

  /// This instant moved by some seconds, clamped to the representable range.
  public func adding(seconds: Double) -> Instant {
    let scaled = (seconds * 1e9).rounded()
    guard !scaled.isNaN else { return self }
    return adding(nanoseconds: scaled >= 0x1p63 ? .max : scaled <= -0x1p63 ? .min : Int64(scaled))
  }
}

extension Instant: CustomStringConvertible {
  /// RFC 3339 in UTC with milliseconds, e.g. `2026-04-07T09:08:09.768Z`.
  public var description: String { rfc3339(fractionDigits: 3) }

  /// RFC 3339 in UTC with 0 to 9 digits of fraction (truncated, not rounded).
  public func rfc3339(fractionDigits: Int) -> String {
    String(unsafeUninitializedCapacity: Self.longestText) { write(fractionDigits: fractionDigits, into: $0) }
  }

  /// The most bytes that the text of an instant has.
  public static let longestText = 30

  /// The same text put into room of `longestText` bytes: documents hold millions of instants.
  /// - Returns: how many bytes were put.
  public func write(fractionDigits: Int = 3, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let (second, nanos) = nanoseconds.floorDivided(by: 1_000_000_000)
    let (day, secondOfDay) = second.floorDivided(by: 86_400)
    let date = CivilDate(daysSinceEpoch: day)
    let digits = max(0, min(9, fractionDigits))
    var at = 0
    func put(_ value: Int64, _ width: Int, _ end: UInt8?) {
      var rest = value
      for place in stride(from: at + width - 1, through: at, by: -1) {
        buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      }
      at += width
      if let end {
        buffer[at] = end
        at += 1
      }
    }
    put(Int64(date.year), 4, UInt8(ascii: "-"))
    put(Int64(date.month), 2, UInt8(ascii: "-"))
    put(Int64(date.day), 2, UInt8(ascii: "T"))
    put(secondOfDay / 3600, 2, UInt8(ascii: ":"))
    put(secondOfDay / 60 % 60, 2, UInt8(ascii: ":"))
    put(secondOfDay % 60, 2, nil)
    if digits > 0 {
      buffer[at] = UInt8(ascii: ".")
      at += 1
      var fraction = nanos
      for _ in digits..<9 { fraction /= 10 }
      put(fraction, digits, nil)
    }
    buffer[at] = UInt8(ascii: "Z")
    return at + 1
  }
}

extension Int64 {
  /// Quotient rounded towards minus infinity, and the remainder, which is never negative.
  func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (q, r) = quotientAndRemainder(dividingBy: divisor)
    return r < 0 ? (q - 1, r + divisor) : (q, r)
  }
}
