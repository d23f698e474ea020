internal import IncidentModel

/// What many events of one source share; see the table `origin`.
struct Origin: Hashable {
  var quality: TimeQuality
  /// Nanoseconds; -1 unknown.
  var timeError: Int64
  var basis: IdentityBasis
  var stamp = StampStyle()

  // Asked for every event; the compiler's own is not inlined.
  @inline(__always) static func == (a: Origin, b: Origin) -> Bool {
    a.timeError == b.timeError && a.stamp == b.stamp && a.quality.rawValue == b.quality.rawValue
      && a.basis.rawValue == b.basis.rawValue
  }
}

/// How stamps are rebuilt from times.
struct StampStyle: Hashable {
  /// Forms as numbered in the case file.
  enum Form: UInt8 { case stored = 0, rfc3164 = 1, date = 2 }
  var form = Form.stored
  /// Nanoseconds to add to the event's time before it is written.
  var shift: Int64 = 0
  /// Digits of fraction.
  var digits: UInt8 = 0
  /// Between date and time.
  var separator = UInt8(ascii: "T")
  /// Behind the time: `Z`, `+02:00` or nothing; up to eight bytes, the first in the lowest.
  var suffix: UInt64 = 0

  @inline(__always) static func == (a: StampStyle, b: StampStyle) -> Bool {
    a.shift == b.shift && a.suffix == b.suffix && a.form.rawValue == b.form.rawValue && a.digits == b.digits
      && a.separator == b.separator
  }

  /// The suffix as text.
  var suffixText: String {
    String(
      decoding: (0..<8).map { UInt8(truncatingIfNeeded: suffix >> UInt64(8 * $0)) }.prefix { $0 != 0 },
      as: UTF8.self)
  }
}

/// One source as a lane leaves it.
struct SpooledSource {
  var description: SourceDescription
  var account: SourceAccount
  /// Its frames in the lane's spool of rows.
  var frames: Range<Int64>
  /// Its frames in the lane's spool of refused lines.
  var refusedFrames: Range<Int64>
  /// Its frames in the lane's spool of signatures.
  var blockFrames: Range<Int64>
  var events: Int
  /// What it used of the lane's dictionaries.
  var known: RowMaker.Known
  var adjustments: [TimeAdjustment]

  /// The same without what only its replay needs.
  var withoutKnowledge: SpooledSource {
    var copy = self
    copy.known = RowMaker.Known()
    copy.adjustments = []
    return copy
  }
}
