import IncidentModel

/// What Cisco's IOS writes before a message: `123: sw1: *Nov 12 10:03:05.123 CET: %LINK-3-UPDOWN: …`. Sequence, name of the
/// device, stamp and zone may be absent; a stamp may be a time since boot. The mnemonic has to be there. ASA writes a colon first
/// (`:Nov 12 10:03:06 CEST: %ASA-…`), NX-OS the year (`2026 Nov 12 10:03:05 n9k-1 %KERN-2-SYSTEM_MSG: …`).
struct CiscoHeader {
  private var sequence = Slice.empty
  private var origin = Slice.empty
  private var stamp: Stamp?
  private var stampStart = 0
  private var hasZoneName = false
  private var mnemonic = 0

  /// Nil for other lines.
  init?(_ record: UnsafeRawBufferPointer, at start: Int, _ stamps: inout StampReader) {
    var i = start
    if i < record.count, record[i] == 0x3A { i = TextLine.skipBlanks(record, i &+ 1) }
    if let behind = yearFirst(record, at: i, &stamps) {
      guard Self.isMnemonic(record, at: behind) else { return nil }
      mnemonic = behind
      return
    }
    // Counted by the device, and by the collector before it.
    for _ in 0..<2 where !takeSequence(record, &i) { break }
    if !Self.isMnemonic(record, at: i), stamps.syslog(record, at: i) == nil {
      let end = Bytes.findNear(0x20, record, from: i, to: min(record.count, i &+ 128))
      guard end > i &+ 1, end < record.count, record[end &- 1] == 0x3A else { return nil }
      if !Self.isUptime(Bytes.part(record, i, end &- 1)) { origin = .record(i, end &- 1 &- i) }
      i = TextLine.skipBlanks(record, end)
      // `logging origin-id` stands between the collector's count and that of the device.
      if !origin.isEmpty { _ = takeSequence(record, &i) }
    }
    if let stamp = stamps.syslog(record, at: i) {
      self.stamp = stamp
      stampStart = i
      i = stamp.end
      if i &+ 1 < record.count, record[i] == 0x20 {
        let zone = i &+ 1
        i = zone
        while i < record.count, i &- zone < 6, record[i] &- 0x41 < 26 { i &+= 1 }
        guard i > zone else { return nil }
        hasZoneName = true
      }
      guard i < record.count, record[i] == 0x3A else { return nil }
      i = TextLine.skipBlanks(record, i &+ 1)
    } else if i < record.count, record[i] != 0x25 {
      // `2d03h: `, `00:00:45: ` behind a name.
      let end = Bytes.findNear(0x20, record, from: i, to: min(record.count, i &+ 24))
      guard end > i &+ 1, end < record.count, Self.isUptime(Bytes.part(record, i, end &- 1)) else {
        return nil
      }
      i = TextLine.skipBlanks(record, end)
    }
    guard i > start, Self.isMnemonic(record, at: i) else { return nil }
    mnemonic = i
  }

  /// Takes `000320: ` where it stands.
  private mutating func takeSequence(_ record: UnsafeRawBufferPointer, _ i: inout Int) -> Bool {
    var end = i
    while end < record.count, Bytes.isDigit(record[end]) { end &+= 1 }
    guard end > i, end &- i <= 10, end &+ 1 < record.count, record[end] == 0x3A, record[end &+ 1] == 0x20
    else { return false }
    sequence = .record(i, end &- i)
    i = TextLine.skipBlanks(record, end &+ 1)
    return true
  }

  /// `2026 Nov 12 10:03:05.123 n9k-1 `, `2026 Nov 12 10:03:07 CET: `, `… n9k-1 %$ VDC-1 %$ `: the offset behind it; nil for anything else.
  private mutating func yearFirst(
    _ record: UnsafeRawBufferPointer, at start: Int, _ stamps: inout StampReader
  ) -> Int? {
    guard record.count > start &+ 24, Bytes.isDigit(record[start]), record[start &+ 4] == 0x20,
      Bytes.isLetter(record[start &+ 5]), let stamp = stamps.leading(record, at: start),
      stamp.end &+ 2 < record.count,
      stamp.kind == .noZone || stamp.kind == .absolute, record[stamp.end] == 0x20 || record[stamp.end] == 0x3A
    else { return nil }
    self.stamp = stamp
    stampStart = start
    let word = TextLine.skipBlanks(record, stamp.end &+ 1)
    if record[stamp.end] == 0x3A || word < record.count && record[word] == 0x25 { return word }
    let end = Bytes.findNear(0x20, record, from: word, to: min(record.count, word &+ 128))
    guard end > word &+ 1, end < record.count else { return nil }
    if record[end &- 1] == 0x3A {
      hasZoneName = true
    } else {
      origin = .record(word, end &- word)
    }
    let text = TextLine.skipBlanks(record, end)
    guard Bytes.matches("%$ ", record, at: text) else { return text }
    // The virtual device.
    let close = Bytes.findNear(0x24, record, from: text &+ 3, to: min(record.count, text &+ 80))
    return close < record.count ? TextLine.skipBlanks(record, close &+ 1) : nil
  }

  private static func isMnemonic(_ record: UnsafeRawBufferPointer, at start: Int) -> Bool {
    start < record.count && record[start] == 0x25 && SyslogText.mnemonicSeverity(record, at: start) < 8
  }

  /// `1w2d`, `00:00:45`.
  private static func isUptime(_ word: UnsafeRawBufferPointer) -> Bool {
    guard let first = word.first, Bytes.isDigit(first), word.count <= 16 else { return false }
    return word.allSatisfy {
      Bytes.isDigit($0) || $0 == 0x3A || $0 == 0x2E || $0 == 0x79 || $0 == 0x77 || $0 == 0x64 || $0 == 0x68
        || $0 == 0x6D || $0 == 0x73
    }
  }

  /// Fills a reading of which nothing is known yet.
  func read(_ record: UnsafeRawBufferPointer, priority: Int, into reading: inout Reading) {
    if let stamp {
      reading.set(stamp, from: stampStart)
      if hasZoneName, stamp.kind == .noZone { reading.flags.insert(.ambiguousZone) }
    }
    if !origin.isEmpty {
      reading.device = origin
      reading.basis = .selfAsserted
    }
    SyslogText.readBody(record, from: mnemonic, priority: priority, hasHost: false, into: &reading)
    addSequence(record, into: &reading)
  }

  /// Takes the message behind the header of a collector, whose stamp and host stay.
  func readInner(_ record: UnsafeRawBufferPointer, facility: Int, into reading: inout Reading) {
    let severity = reading.severity
    SyslogText.readBody(
      record, from: mnemonic, priority: -1, hasHost: false, facility: facility, into: &reading)
    if severity < 8 { reading.severity = severity }
    addSequence(record, into: &reading)
    reading.reopenFields()
    if !origin.isEmpty { reading.field("origin", Bytes.part(record, origin.start, origin.end)) }
    if let stamp { reading.field("origin_time", Bytes.part(record, stampStart, stamp.end)) }
    reading.endFields()
  }

  private func addSequence(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    guard !sequence.isEmpty, let number = Bytes.decimal(Bytes.part(record, sequence.start, sequence.end))
    else {
      return
    }
    reading.reopenFields()
    reading.field("sequence", number)
    reading.endFields()
  }
}
