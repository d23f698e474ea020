/// Bare numbers under names that measurements have too: `"level":3`. They are a logger's where a message stands beside them, as long
/// as all of a source fit the scales of loggers: a tank that is filled to 85 % says what 3 means.
///
/// One per source, since its records are judged alike.
struct LevelNumbers {
  /// What the first bytes of the source have shown.
  private let scales: LevelScales
  /// True once a number was none of a logger's.
  private var areMeasured = false

  init(scales: LevelScales = LevelScales()) { self.scales = scales }

  /// How the value of a field counts whose name says this: where the source's numbers are none of syslog's, none under any name.
  @inline(__always) func scale(_ named: SeverityScale) -> SeverityScale {
    scales.severity == .unknown && named == .unknown ? .wordsOnly : named
  }

  /// 0 to 7 for what is written under such a name; 255 for none. A 0 is an emergency on the scale of syslog alone, which GELF has:
  /// elsewhere it is the least of a logger's levels, or an empty tank.
  @inline(never)
  mutating func severity(
    _ bytes: UnsafeRawBufferPointer, besideMessage: Bool, isSyslogs: Bool = false
  ) -> UInt8 {
    guard !areMeasured, let first = bytes.first, Bytes.isDigit(first) || first == 0x2D else { return 255 }
    let number = Bytes.decimal(bytes)
    switch scales.level {
    case .unknown: return 255
    case .windows: return number.map(Self.windows) ?? 255
    case .bunyan where number.map { $0 < 10 } ?? true: return 255
    case .open, .syslog, .bunyan: break
    }
    let severity = number.map { SeverityText.severity($0, scale: .bunyan) } ?? 255
    if severity == 255 { areMeasured = true }
    return besideMessage && (severity > 0 || isSyslogs) ? severity : 255
  }

  /// `EventLevel` of Windows; 0 is for what is logged always.
  private static func windows(_ number: Int64) -> UInt8 {
    switch number {
    case 1: 2
    case 2: 3
    case 3: 4
    case 0, 4: 6
    case 5: 7
    default: 255
    }
  }

  /// True for the numbers of bunyan and pino, which nobody measures beside a message. Others stay among the fields.
  static func areCertain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count == 2 && (0x31...0x36).contains(bytes[0]) && bytes[1] == 0x30
  }
}
