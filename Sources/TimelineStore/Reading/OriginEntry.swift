internal import IncidentModel

/// What explains an event's small numbers: where it came from and how its time and device are known.
struct OriginEntry: Sendable {
  var source: Int64
  var quality: TimeQuality
  var timeError: Int64?
  var basis: IdentityBasis
  var stamp: StampForm
}

/// How an event's stamp is written where it can be told from its time.
struct StampForm: Sendable {
  /// 0: never. 1: RFC 3164. 2: ISO 8601.
  var form: Int64
  /// Nanoseconds to add to UTC for the local time written.
  var shift: Int64
  var digits: Int
  var separator: String
  var suffix: String

  /// The stamp of an event at `time`, or nil when its form is not told by the time.
  func text(of time: Int64) -> String? {
    let (local, overflow) = time.addingReportingOverflow(shift)
    guard form != 0, !overflow else { return nil }
    // `YYYY-MM-DDThh:mm:ss[.f…]Z`: the years of an Instant have four digits.
    let iso = Array(Instant(nanoseconds: local).rfc3339(fractionDigits: digits).utf8.dropLast())
    func part(_ range: Range<Int>) -> String { String(decoding: iso[range], as: UTF8.self) }
    guard form == 1 else { return part(0..<10) + separator + part(11..<iso.count) + suffix }
    let month = Int(iso[5] - 0x30) * 10 + Int(iso[6] - 0x30)
    let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month - 1]
    let day = iso[8] == UInt8(ascii: "0") ? " " + part(9..<10) : part(8..<10)
    return "\(name) \(day) \(part(11..<19))"
  }
}
