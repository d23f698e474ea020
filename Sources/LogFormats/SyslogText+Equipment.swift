import IncidentModel

// What network equipment and rarer daemons write where others write host and tag.
extension SyslogText {
  /// Severity in the mnemonic at `start`: `%LINK-3-UPDOWN`, `%ASA-1-105003`, `%ROUTING-BGP-5-ADJCHANGE` (Cisco),
  /// `%%01IFNET/4/LINK_STATE` (Huawei, H3C); 255 where it is none.
  @inline(never)
  static func mnemonicSeverity(_ record: UnsafeRawBufferPointer, at start: Int) -> UInt8 {
    var i = start &+ 1
    let limit = min(record.count, start &+ 64)
    var separator: UInt8 = 0x2D
    if i < limit, record[i] == 0x25 {
      separator = 0x2F
      i &+= 1
      while i < limit, Bytes.isDigit(record[i]) { i &+= 1 }
    }
    guard i < limit, Bytes.isLetter(record[i]) else { return 255 }
    while i &+ 3 < limit,
      Bytes.isLetter(record[i]) || Bytes.isDigit(record[i]) || record[i] == 0x5F || record[i] == 0x2D
        || record[i] == 0x2F
    {
      if record[i] == separator, record[i &+ 1] &- 0x30 < 8, record[i &+ 2] == separator,
        Bytes.isLetter(record[i &+ 3]) || Bytes.isDigit(record[i &+ 3])
      {
        return record[i &+ 1] &- 0x30
      }
      i &+= 1
    }
    return 255
  }

  /// A tag that begins with a sign or digit: Cisco's mnemonic, which holds the severity, or the sequence number of its messages, behind
  /// which the message stands with a header of its own. True where all has been read.
  @inline(never)
  static func readOddTag(
    _ record: UnsafeRawBufferPointer, _ start: Int, _ pid: Slice, facility: Int, into reading: inout Reading
  ) -> Bool {
    if record[start] == 0x25 {
      if reading.severity == 255 { reading.severity = mnemonicSeverity(record, at: start) }
      return false
    }
    guard Bytes.isDigit(record[start]), pid.isEmpty else { return false }
    var stamps = StampReader()
    guard let header = CiscoHeader(record, at: start, &stamps) else { return false }
    header.readInner(record, facility: facility, into: &reading)
    return true
  }

  /// ` : %ASA-1-105005: text`, as ASA writes behind its name. False for anything else.
  @inline(never)
  static func readBehindColon(
    _ record: UnsafeRawBufferPointer, _ colon: Int, facility: Int, into reading: inout Reading
  ) -> Bool {
    let start = TextLine.skipBlanks(record, colon &+ 1)
    guard start < record.count, record[start] == 0x25, mnemonicSeverity(record, at: start) < 8 else {
      return false
    }
    readBody(record, from: start, priority: -1, hasHost: false, facility: facility, into: &reading)
    return true
  }

  /// Offset of a host that stands behind further blanks; `start` where what stands there has no tag behind it and may be anything.
  @inline(never)
  static func hostBehindBlanks(_ record: UnsafeRawBufferPointer, _ start: Int) -> Int {
    let host = TextLine.skipBlanks(record, start)
    let end = Bytes.findNear(0x20, record, from: host, to: min(record.count, host &+ 256))
    guard end > host, end < record.count, record[end &- 1] != 0x3A,
      PriorityPrefix.hasTag(record, at: end &+ 1)
    else { return start }
    return host
  }

  /// Offset behind `CET: ` where a mnemonic follows: the zone of Cisco's stamps.
  @inline(never)
  static func behindZone(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int {
    guard end &- start <= 6, record[start..<end &- 1].allSatisfy({ $0 &- 0x41 < 26 }),
      mnemonicSeverity(record, at: end &+ 1) < 8
    else { return start }
    return end &+ 1
  }

  /// The host in `Message forwarded from gw-1: ` (AIX).
  @inline(never)
  static func forwardedOrigin(_ record: UnsafeRawBufferPointer, _ start: Int) -> Slice? {
    var host = start
    if Bytes.matches("Message forwarded from ", record, at: start) {
      host &+= 23
    } else if Bytes.matches("Message from ", record, at: start) {
      host &+= 13
    } else {
      return nil
    }
    let end = Bytes.findNear(0x20, record, from: host, to: min(record.count, host &+ 256))
    guard end > host &+ 1, end < record.count, record[end &- 1] == 0x3A else { return nil }
    return .record(host, end &- 1 &- host)
  }

  /// The host in brackets, or with something around it. `[info]` is a severity and no host.
  @inline(never)
  static func takeBareName(
    _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, into reading: inout Reading
  ) {
    guard record[start] == 0x5B, record[end &- 1] == 0x5D else {
      return reading.device = bareName(record, start, end)
    }
    let severity = severity(Bytes.part(record, start &+ 1, end &- 1))
    guard severity < 8 else { return reading.device = bareName(record, start, end) }
    reading.device = .empty
    reading.basis = .none
    if reading.severity > 7 { reading.severity = severity }
  }

  /// The name in `[gw-1]`, the address in `10.0.0.7:514`, the hardware address in `("U6LR,7845580000aa,v6.5.28")`; others as they are.
  @inline(never)
  static func bareName(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Slice {
    let whole = Slice.record(start, end &- start)
    if record[start] == 0x5B {
      return record[end &- 1] == 0x5D && end &- start > 2 ? .record(start &+ 1, end &- start &- 2) : whole
    }
    if record[start] == 0x28 {
      let comma = Bytes.findNear(0x2C, record, from: start, to: end)
      let address = comma &+ 1
      guard address &+ 12 < end, record[address &+ 12] == 0x2C || record[address &+ 12] == 0x22,
        record[address..<address &+ 12].allSatisfy({ Bytes.hexValue($0) < 16 })
      else { return whole }
      return .record(address, 12)
    }
    let colon = Bytes.findNear(0x3A, record, from: start, to: end)
    guard colon < end, colon > start, record[start..<colon].allSatisfy({ Bytes.isDigit($0) || $0 == 0x2E }),
      record[colon &+ 1..<end].allSatisfy({ Bytes.isDigit($0) })
    else { return whole }
    return .record(start, colon &- start)
  }
}
