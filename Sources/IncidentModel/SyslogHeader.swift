/// What a syslog header says beside stamp, host and program, as one number: facility (RFC 5424, 6.2.1) and process id.
///
/// It stands for the fields `{"facility":"daemon","pid":565}`, which is all that most events of syslog have.
///
/// The lowest five bits are the facility's code plus one, the others the process id plus one; 0 is what is not said.
public struct SyslogHeader: RawRepresentable, Hashable, Sendable {
  /// The number; 0 where nothing is said.
  public let rawValue: UInt32

  /// Facility names by code (RFC 5424, 6.2.1; the short names of `syslog.conf`).
  public static let facilities: [StaticString] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp",
    "security", "console", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
  ]

  /// Number of the facilities' codes: a constant, since it is asked for with each event.
  @inlinable @inline(__always) public static var facilityCount: Int { 24 }

  /// Names of the fields that a header may stand for.
  public static let fieldNames = ["facility", "pid"]

  @usableFromInline static var facilityBits: UInt32 { 5 }

  /// Process ids must be smaller.
  public static let processLimit = 1 << 26

  /// A header that says nothing.
  @inlinable @inline(__always) public init() { rawValue = 0 }

  /// A header from its number; nil where that has an unknown facility.
  public init?(rawValue: UInt32) {
    guard Int(rawValue & 31) <= Self.facilityCount else { return nil }
    self.rawValue = rawValue
  }

  /// A header as a case keeps it; nil where it says nothing or is none.
  public init?(stored: Int64) {
    guard let number = UInt32(exactly: stored), number > 0 else { return nil }
    self.init(rawValue: number)
  }

  /// A header from its parts.
  /// - Parameters:
  ///   - facility: 0 to 23, or -1 for none.
  ///   - process: Below `processLimit`, or -1 for none.
  @inlinable @inline(__always) public init(facility: Int, process: Int) {
    rawValue =
      UInt32(truncatingIfNeeded: facility &+ 1) | UInt32(truncatingIfNeeded: process &+ 1)
      &<< Self.facilityBits
  }

  /// The facility's code; nil where none is said.
  public var facility: Int? { rawValue & 31 == 0 ? nil : Int(rawValue & 31) - 1 }

  /// The process id; nil where none is said.
  public var process: Int? {
    rawValue >> Self.facilityBits == 0 ? nil : Int(rawValue >> Self.facilityBits) - 1
  }

  /// The fields as one JSON object; empty where nothing is said.
  public var fields: String {
    var bytes: [UInt8] = []
    appendFields(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the fields as one JSON object; nothing where nothing is said.
  public func appendFields(to bytes: inout [UInt8]) {
    guard rawValue != 0 else { return }
    func append(_ text: StaticString) {
      bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    append("{")
    if let facility {
      append("\"facility\":\"")
      append(Self.facilities[facility])
      append(process == nil ? "\"" : "\",")
    }
    if let process {
      append("\"pid\":")
      bytes.append(contentsOf: String(process).utf8)
    }
    append("}")
  }
}
