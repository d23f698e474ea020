/// How the first bytes of a source show its records to end, where its format reads lines.
struct RecordEnds {
  /// `.lines` unless something else is evident.
  private(set) var framing = Framing.lines
  /// True for syslog records that follow each other without line feeds between them, as some forwarders write. Only where not one
  /// record begins behind a line feed: elsewhere a `<PRI>` and stamp inside a line are text that somebody brought into the log.
  private(set) var lacksLineFeeds = false

  init(_ head: UnsafeRawBufferPointer) {
    let start = head.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let bytes = Bytes.part(head, start, head.count)
    guard !bytes.isEmpty else { return }
    let feed = Bytes.find(0x0A, bytes, from: 0, to: bytes.count)
    if Bytes.isDigit(bytes[0]), OctetCount.isSure(bytes) {
      framing = .octetCounted
      return
    }
    if feed == bytes.count, Bytes.find(0x0D, bytes, from: 0, to: bytes.count - 1) < bytes.count - 1 {
      framing = .carriageReturns
      return
    }
    guard Self.holdsPriority(bytes), !Self.recordFollowsLineFeed(bytes, from: feed) else { return }
    let mark = Bytes.find(0, bytes, from: 0, to: bytes.count)
    if bytes[0] == 0x3C, SyslogText.priority(bytes) != nil, mark + 1 < bytes.count,
      SyslogText.priority(bytes, at: mark + 1) != nil
    {
      framing = .nulEnded
      return
    }
    // A single line with its line feed is a line.
    lacksLineFeeds = feed != bytes.count - 1
  }

  private static func holdsPriority(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var i = Bytes.find(0x3C, bytes, from: 0, to: bytes.count)
    while i < bytes.count {
      if SyslogText.priority(bytes, at: i) != nil { return true }
      i = Bytes.find(0x3C, bytes, from: i + 1, to: bytes.count)
    }
    return false
  }

  private static func recordFollowsLineFeed(_ bytes: UnsafeRawBufferPointer, from first: Int) -> Bool {
    var stamps = StampReader()
    var feed = first
    while feed + 1 < bytes.count {
      if begins(bytes, at: feed + 1, &stamps) { return true }
      feed = Bytes.find(0x0A, bytes, from: feed + 1, to: bytes.count)
    }
    return false
  }

  /// True where a syslog record begins: a priority, or a stamp.
  static func begins(_ bytes: UnsafeRawBufferPointer, at start: Int, _ stamps: inout StampReader) -> Bool {
    SyslogText.priority(bytes, at: start) != nil || stamps.syslog(bytes, at: start) != nil
      || stamps.iso(bytes, at: start) != nil
  }
}

/// Counts in front of syslog messages, as RFC 6587 (3.4.1) has them: `45 <11>1 2026-…`. One is believed where another counted message, or
/// the end, follows what it counts; the messages themselves may then hold anything, line feeds and counts too.
enum OctetCount {
  /// Larger counts are not believed.
  private static let limit = (1 << 20) - 64
  /// Digits, blank and priority take no more.
  private static let headerRoom = 32

  private enum Fit {
    case right(next: Int)
    case wrong
    case unknown
  }

  /// True for bytes that begin with a count that is right.
  static func isSure(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let message = message(bytes, at: 0), case .right = fit(bytes, message.end, isAtEnd: true) else {
      return false
    }
    return true
  }

  /// The next message; where its count is wrong, the line, up to the next count that is right.
  static func frame(_ bytes: UnsafeRawBufferPointer, isAtEnd: Bool) -> RecordFramer.Frame? {
    if let message = message(bytes, at: 0) {
      switch fit(bytes, message.end, isAtEnd: isAtEnd) {
      case .right(let next):
        var end = message.end
        if bytes[end - 1] == 0x0A { end -= 1 }
        return RecordFramer.Frame(start: message.start, end: end, consumed: next)
      case .unknown: return nil
      case .wrong: break
      }
    } else if !isAtEnd, bytes.count < headerRoom {
      return nil
    }
    let feed = Bytes.find(0x0A, bytes, from: 0, to: bytes.count)
    let start = behindCount(bytes, at: 0)
    if let next = next(bytes, before: feed, isAtEnd: isAtEnd) {
      return RecordFramer.Frame(start: min(start, next), end: next, consumed: next)
    }
    guard var line = RecordFramer.line(bytes, isAtEnd) else { return nil }
    line.start = min(start, line.end)
    return line
  }

  /// Offset of the priority behind a count, right or wrong, at `start`; `start` where there is none.
  private static func behindCount(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int {
    var i = start
    while i < bytes.count, i - start < 24, Bytes.isDigit(bytes[i]) { i += 1 }
    guard i > start, i < bytes.count, bytes[i] == 0x20, SyslogText.priority(bytes, at: i + 1) != nil else {
      return start
    }
    return i + 1
  }

  /// Where the message begins and ends that a count at `start` belongs to.
  private static func message(_ bytes: UnsafeRawBufferPointer, at start: Int) -> (start: Int, end: Int)? {
    guard start < bytes.count, bytes[start] &- 0x31 < 9 else { return nil }
    var i = start
    guard let count = StampReader.number(bytes, &i, most: 7), count >= 4, count <= limit, i < bytes.count,
      bytes[i] == 0x20, SyslogText.priority(bytes, at: i + 1) != nil
    else { return nil }
    return (i + 1, i + 1 + count)
  }

  /// Whether a counted message, or nothing, follows at `end`, a line feed between them or not.
  private static func fit(_ bytes: UnsafeRawBufferPointer, _ end: Int, isAtEnd: Bool) -> Fit {
    guard end <= bytes.count else { return isAtEnd ? .wrong : .unknown }
    var next = end
    if next + 1 < bytes.count, bytes[next] == 0x0D, bytes[next + 1] == 0x0A { next += 1 }
    if next < bytes.count, bytes[next] == 0x0A { next += 1 }
    if next == bytes.count { return isAtEnd ? .right(next: next) : .unknown }
    // Whether the count that follows is right will be seen there.
    if behindCount(bytes, at: next) > next { return .right(next: next) }
    return !isAtEnd && bytes.count - next < headerRoom ? .unknown : .wrong
  }

  /// Where the next count stands that is right.
  private static func next(_ bytes: UnsafeRawBufferPointer, before end: Int, isAtEnd: Bool) -> Int? {
    var i = Bytes.find(0x3C, bytes, from: 2, to: end)
    while i < end {
      var digit = i - 1
      if bytes[digit] == 0x20 {
        // What stands before may end with digits of its own: fewer are tried first.
        while digit > 1, i - digit < 8, Bytes.isDigit(bytes[digit - 1]) {
          digit -= 1
          if let message = message(bytes, at: digit), case .right = fit(bytes, message.end, isAtEnd: isAtEnd)
          {
            return digit
          }
        }
      }
      i = Bytes.find(0x3C, bytes, from: i + 1, to: end)
    }
    return nil
  }
}
