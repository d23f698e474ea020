import IncidentModel

/// `<PRI>` in front of a text that is no syslog: forwarders and services put it before JSON, `key=value` texts, lines with a stamp of their
/// own. It says facility and severity all the same (RFC 3164, 4.3.3).
enum PriorityPrefix {
  /// What stands behind the priority and blanks; nil where there is no priority, or nothing behind it.
  static func inner(_ record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard let end = SyslogText.priority(record)?.end else { return nil }
    let start = TextLine.skipBlanks(record, end)
    return start < record.count ? Bytes.part(record, start, record.count) : nil
  }

  /// True for what begins as RFC 5424 does: where that cannot be read it is damaged.
  static func isVersioned(_ inner: UnsafeRawBufferPointer) -> Bool {
    inner.count > 2 && inner[1] == 0x20 && Bytes.isDigit(inner[0])
  }

  /// True for `dropbear[123]: ` and `app: `: a program's name, which may hold letters, digits, `_`, `-`, `.` and `/`.
  static func hasTag(_ text: UnsafeRawBufferPointer, at start: Int) -> Bool {
    var i = start
    let limit = min(text.count, start &+ 64)
    while i < limit, Bytes.isLetter(text[i]) || Bytes.isDigit(text[i]) || isSign(text[i]) { i &+= 1 }
    guard i &- start >= 2, i < text.count, Bytes.isLetter(text[start]) || text[start] == 0x2F else {
      return false
    }
    if text[i] == 0x5B {
      let close = Bytes.findNear(0x5D, text, from: i, to: min(text.count, i &+ 16))
      guard close &+ 1 < text.count, text[close] == 0x5D else { return false }
      i = close &+ 1
    }
    return text[i] == 0x3A && (i &+ 1 == text.count || text[i &+ 1] == 0x20)
  }

  private static func isSign(_ byte: UInt8) -> Bool { byte == 0x5F || (0x2D...0x2F).contains(byte) }
}

/// Reads a record of which nothing but its priority is known.
final class BarePriorityParser {
  private let bodies = BodyOpener()

  /// False where there is no priority, or nothing that is text behind it.
  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Bool {
    reading.reset()
    guard let (priority, end) = SyslogText.priority(record) else { return false }
    let start = TextLine.skipBlanks(record, end)
    guard start < record.count, !Bytes.isBlank(Bytes.part(record, start, record.count)),
      !TextLine.isNoText(record)
    else { return false }
    SyslogText.readBody(record, from: start, priority: priority, hasHost: false, into: &reading)
    bodies.open(record, into: &reading)
    return true
  }
}

extension Reading {
  /// Makes slices of a part of a record that begins at `start` into slices of the record.
  mutating func moveSlices(by start: Int) {
    func moved(_ slice: Slice) -> Slice {
      slice.isEmpty || slice.isInScratch ? slice : .record(slice.start &+ start, Int(slice.count))
    }
    stamp = moved(stamp)
    device = moved(device)
    program = moved(program)
    message = moved(message)
    boot = moved(boot)
    element = moved(element)
  }

  /// Takes severity and facility of a priority where the text has none of its own.
  mutating func complete(priority: Int) {
    if severity == 255 { severity = UInt8(truncatingIfNeeded: priority & 7) }
    spellFields()
    let known = bytes(fields, of: UnsafeRawBufferPointer(start: nil, count: 0))
    guard priority >> 3 < SyslogHeader.facilityCount, Bytes.find("\"facility\":", known) == nil else {
      return
    }
    reopenFields()
    field(facility: priority >> 3)
    endFields()
  }
}
