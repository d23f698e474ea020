/// The rules of one time zone, from the system's TZif files (RFC 9636) or a fixed offset.
public struct TimeZoneRules: Sendable {
  /// IANA name, or `+02:00`.
  public let name: String

  /// Offset of local time from UTC in seconds (east positive) for a local time, given as seconds since the epoch as if
  /// it were UTC. In the hour that autumn repeats, the first pass is taken; in the hour that spring skips, the offset before it.
  public func offset(localSeconds: Int64) -> Int32 { 0 }

  /// True when the local time exists twice (autumn) or never (spring).
  public func isAmbiguous(localSeconds: Int64) -> Bool { false }

  /// The zone of this name: an IANA name of the system's database, `UTC`, `Z`, or `±HH:MM`. Nil when unknown.
  public init?(name: String) { self.name = name }
}
