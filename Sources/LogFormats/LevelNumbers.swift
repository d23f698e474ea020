/// Bare numbers under names that measurements have too: `"level":3`. They are a logger's where a message stands beside them, as long
/// as all of a source fit the scales of loggers: a tank that is filled to 85 % says what 3 means.
///
/// One per source, since its records are judged alike.
struct LevelNumbers {
  /// True once a number was none of a logger's.
  private var areMeasured = false

  /// 0 to 7 for what is written under such a name; 255 for none. A 0 is an emergency on the scale of syslog alone, which GELF has:
  /// elsewhere it is the least of a logger's levels, or an empty tank.
  @inline(never)
  mutating func severity(
    _ bytes: UnsafeRawBufferPointer, besideMessage: Bool, isSyslogs: Bool = false
  ) -> UInt8 {
    guard !areMeasured, let first = bytes.first, Bytes.isDigit(first) || first == 0x2D else { return 255 }
    let severity = Bytes.decimal(bytes).map { SeverityText.severity($0, scale: .bunyan) } ?? 255
    if severity == 255 { areMeasured = true }
    return besideMessage && (severity > 0 || isSyslogs) ? severity : 255
  }

  /// True for the numbers of bunyan and pino, which nobody measures beside a message. Others stay among the fields.
  static func areCertain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count == 2 && (0x31...0x36).contains(bytes[0]) && bytes[1] == 0x30
  }
}
