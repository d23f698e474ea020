import IncidentModel

/// Calendar forms of whole seconds.
enum CalendarText {
  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `2025-02-22T01:30:00`, or `Feb 22 01:30:00` as RFC 3164 writes it.
  static func put(_ second: Int64, monthName: Bool, _ out: inout ByteBuffer) {
    let day = second / 86_400
    let rest = Int(second - day * 86_400)
    let date = CivilDate(daysSinceEpoch: day)
    if monthName {
      out.put(months[date.month - 1])
      out.put(date.day < 10 ? "  " : " ")
      out.putDecimal(date.day)
      out.put(" ")
    } else {
      out.putPadded(date.year, 4)
      out.put("-")
      out.putPadded(date.month, 2)
      out.put("-")
      out.putPadded(date.day, 2)
      out.put("T")
    }
    out.putPadded(rest / 3600, 2)
    out.put(":")
    out.putPadded(rest / 60 % 60, 2)
    out.put(":")
    out.putPadded(rest % 60, 2)
  }

  /// RFC 3339 in UTC with milliseconds.
  static func putRFC3339(_ nanoseconds: Int64, _ out: inout ByteBuffer) {
    let second = nanoseconds / 1_000_000_000
    put(second, monthName: false, &out)
    out.put(".")
    out.putPadded(Int((nanoseconds - second * 1_000_000_000) / 1_000_000), 3)
    out.put("Z")
  }
}
