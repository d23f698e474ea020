import IncidentModel

/// Whether the records of a source follow each other without line feeds, as those of some forwarders do: then the next `<PRI>` with a stamp
/// behind it begins another event. It ends with the first record that begins behind a line feed: from there on such a `<PRI>` is a part of
/// the message that it stands in, which anybody may have brought into the log.
struct SyslogStream {
  private(set) var lacksLineFeeds: Bool
  private var lines = 0

  init(lacksLineFeeds: Bool) { self.lacksLineFeeds = lacksLineFeeds }

  /// Looks at the beginning of a line.
  @inline(never)
  mutating func see(_ line: UnsafeRawBufferPointer, _ stamps: inout StampReader) {
    if lines > 0, RecordEnds.begins(line, at: 0, &stamps) { lacksLineFeeds = false }
    lines &+= 1
  }
}

/// Syslog with stamps that are not RFC 3339's: `2026-04-07 09:08:09 HOST TAG[PID]: MSG` by templates of daemons, `Tue 2026-04-07 09:08:09 CEST
/// HOST TAG: MSG` and `1775552889.123456 HOST TAG[PID]: MSG` by journalctl. Programs write lines that look like the first and the last; a
/// process number behind the tag tells, and in a source that has it, its hosts.
struct LocalSyslog {
  struct Head {
    var stamp = Stamp()
    /// Where the stamp begins.
    var start = 0
    var host = 0
    var hostEnd = 0
    var hasPID = false
    var isJournal = false
    /// The stamp is followed by a zone that it does not take in: a name, which may be one of several.
    var hasZoneName = false
  }

  private var hosts: Set<UInt64> = []

  static func score(_ line: UnsafeRawBufferPointer, _ stamps: inout StampReader) -> Int {
    if isBoot(line) { return 60 }
    guard let head = head(line, at: 0, &stamps) else { return 0 }
    // Without a process number just below what free text with a stamp scores.
    return head.isJournal ? 76 : head.hasPID ? 72 : 54
  }

  /// `-- Boot 0f2a… --`, as journalctl divides boots.
  static func isBoot(_ line: UnsafeRawBufferPointer) -> Bool {
    line.count > 40 && Bytes.matches("-- Boot ", line, at: 0) && Bytes.end(line, with: " --")
  }

  /// The parts before the message, where they are surely those of syslog.
  mutating func head(_ line: UnsafeRawBufferPointer, at start: Int, _ stamps: inout StampReader) -> Head? {
    guard let head = Self.head(line, at: start, &stamps) else { return nil }
    if head.isJournal { return head }
    let host = ContentHash.of(Bytes.part(line, head.host, head.hostEnd))
    if head.hasPID {
      if !hosts.contains(host), hosts.count < 4096 { hosts.insert(host) }
      return head
    }
    return hosts.contains(host) ? head : nil
  }

  private static func head(
    _ line: UnsafeRawBufferPointer, at start: Int, _ stamps: inout StampReader
  ) -> Head? {
    var head = Head()
    var i = start
    guard line.count > i &+ 28 else { return nil }
    if Bytes.isLetter(line[i]) {
      guard line[i &+ 3] == 0x20, isWeekday(line, i), Bytes.isDigit(line[i &+ 4]) else { return nil }
      head.isJournal = true
      i &+= 4
    }
    head.start = i
    if line[i &+ 10] == 0x2E {
      guard !head.isJournal, let stamp = stamps.leading(line, at: i), stamp.kind == .absolute,
        stamp.end == i &+ 17
      else { return nil }
      head.stamp = stamp
    } else {
      guard line[i &+ 10] == 0x20 || line[i &+ 10] == 0x54, let stamp = stamps.iso(line, at: i) else {
        return nil
      }
      head.stamp = stamp
    }
    i = head.stamp.end
    guard i &+ 1 < line.count, line[i] == 0x20 else { return nil }
    i &+= 1
    if head.isJournal, head.stamp.kind == .noZone {
      let end = zone(line, at: i)
      head.hasZoneName = end > i
      i = end
    }
    guard hostAndTag(line, at: i, &head) else { return nil }
    return head
  }

  private static func isWeekday(_ line: UnsafeRawBufferPointer, _ start: Int) -> Bool {
    for day: StaticString in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    where Bytes.isWord(day, line, at: start) {
      return true
    }
    return false
  }

  /// Offset behind `CEST ` or `+03 `.
  private static func zone(_ line: UnsafeRawBufferPointer, at start: Int) -> Int {
    var i = start
    while i < line.count, i &- start < 6,
      line[i] &- 0x41 < 26 || Bytes.isDigit(line[i]) || line[i] == 0x2B || line[i] == 0x2D
    {
      i &+= 1
    }
    guard i &- start >= 2, i < line.count, line[i] == 0x20 else { return start }
    return i &+ 1
  }

  /// `HOST TAG: ` or `HOST TAG[PID]: `.
  private static func hostAndTag(_ line: UnsafeRawBufferPointer, at start: Int, _ head: inout Head) -> Bool {
    var i = start
    let limit = min(line.count, start &+ 256)
    while i < limit, isName(line[i]) { i &+= 1 }
    guard i > start, i < limit, line[i] == 0x20, line[i &- 1] != 0x3A,
      SeverityText.word(Bytes.part(line, start, i)) == 255 || i &- start == 1
    else { return false }
    head.host = start
    head.hostEnd = i
    let tag = i &+ 1
    i = tag
    let tagLimit = min(line.count, tag &+ 128)
    while i < tagLimit, line[i] > 0x20, line[i] != 0x5B, line[i] != 0x3A { i &+= 1 }
    guard i > tag, i < tagLimit else { return false }
    if line[i] == 0x5B {
      let digits = i &+ 1
      i = digits
      while i < tagLimit, Bytes.isDigit(line[i]) { i &+= 1 }
      guard i > digits, i &+ 1 < tagLimit, line[i] == 0x5D else { return false }
      i &+= 1
      head.hasPID = line[i] == 0x3A
    }
    return line[i] == 0x3A && (i &+ 1 == line.count || line[i &+ 1] == 0x20)
  }

  private static func isName(_ byte: UInt8) -> Bool {
    Bytes.isLetter(byte) || (0x2D...0x3A).contains(byte) && byte != 0x2F || byte == 0x5F
  }
}
