internal import CByteClasses
internal import IncidentModel

extension SyslogText {
  /// `readBody` for lines as most are: `HOST TAG: ` or `HOST TAG[pid]: ` within 64 bytes, with a host that is neither an address nor fully qualified.
  /// False, with nothing told, for all others. What divides such a header is marked for all of it at once.
  @inline(__always)
  static func readUsualBody(
    _ record: UnsafeRawBufferPointer, from start: Int, priority: Int, into reading: inout Reading
  ) -> Bool {
    guard start < record.count, let base = record.baseAddress else { return false }
    var marks = fb_header()
    guard
      fb_header_marks(
        (base + start).assumingMemoryBound(to: UInt8.self), UInt64(record.count &- start), &marks) != 0
    else { return false }
    let host = marks.blanks.trailingZeroBitCount
    guard host > 0, host < 62,
      (marks.opens | marks.colons | marks.stops | marks.controls) & bits(below: host) == 0
    else { return false }
    // What `readBody` looks at twice: no name, a forwarder's words, a name in parentheses, words of syslog daemons.
    let first = record[start]
    if first == 0x2D || first == 0x4D || first == 0x28 || isHostless(record, at: start) { return false }
    let tag = host &+ 1
    let divided = (marks.colons | marks.opens | marks.blanks | marks.controls) & ~bits(below: tag)
    let tagEnd = divided.trailingZeroBitCount
    guard tagEnd > tag, tagEnd < 62, record[start &+ tag] >= 0x3A else { return false }
    // Without a priority `daemon.err` may stand here.
    if priority < 0, marks.stops & bits(below: tagEnd) != 0 { return false }
    var text: Int
    var pid = Slice.empty
    if marks.opens & bit(tagEnd) != 0 {
      let close = (marks.closes & ~bits(below: tagEnd)).trailingZeroBitCount
      guard close < 63, marks.colons & bit(close &+ 1) != 0 else { return false }
      pid = .record(start &+ tagEnd &+ 1, close &- tagEnd &- 1)
      text = close &+ 2
    } else {
      guard marks.colons & bit(tagEnd) != 0, marks.blanks & bit(tagEnd &+ 1) != 0 else { return false }
      text = tagEnd &+ 1
    }
    text &+= start
    if text < record.count, record[text] == 0x20 { text &+= 1 }
    if priority >= 0 { reading.severity = UInt8(truncatingIfNeeded: priority & 7) }
    reading.device = .record(start, host)
    reading.basis = .selfAsserted
    reading.program = .record(start &+ tag, tagEnd &- tag)
    finish(record, from: text, facility: priority >= 0 ? priority &>> 3 : -1, pid: pid, into: &reading)
    return true
  }

  @inline(__always) private static func bit(_ index: Int) -> UInt64 {
    1 &<< UInt64(truncatingIfNeeded: index)
  }

  /// Bits below one of 0 to 63.
  @inline(__always) private static func bits(below index: Int) -> UInt64 { bit(index) &- 1 }
}
