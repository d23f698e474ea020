/// Wall clock times that since-boot logs mention: the anchors of a boot.
enum RealTimeText {
  /// Sets `.hasWall` where the message says what time the clock was set to: `setting system clock to 2026-04-07T09:08:09 UTC
  /// (1775552889)` and other texts with a full date, time and zone, or an epoch in parentheses, beside a word on clocks.
  static func findWall(_ record: UnsafeRawBufferPointer, from start: Int, into reading: inout Reading) {
    guard reading.kind == .sinceBoot, start &+ 19 < record.count, mentionsClock(record, from: start) else {
      return
    }
    var stamps = StampReader()
    var i = start
    while i &+ 19 <= record.count {
      if Bytes.isDigit(record[i]), i == start || !Bytes.isDigit(record[i &- 1]) {
        if let stamp = stamps.iso(record, at: i) {
          // Clocks inside devices run on UTC unless the text says otherwise.
          reading.wall = stamp.time
          reading.flags.insert(.hasWall)
          return
        }
      } else if Bytes.isLetter(record[i]), i == start || !Bytes.isLetter(record[i &- 1]) {
        // `Tue Apr  7 09:08:09 2026`, as asctime writes it.
        let rest = UnsafeRawBufferPointer(rebasing: record[i...])
        if let stamp = StampReader.weekday(rest) {
          reading.wall = stamp.time
          reading.flags.insert(.hasWall)
          return
        }
      }
      i &+= 1
    }
  }

  private static func mentionsClock(_ record: UnsafeRawBufferPointer, from start: Int) -> Bool {
    for word: StaticString in ["clock", "NTP", "SNTP", "sntp", "time", "Time", "RTC", "date"]
    where Bytes.find(word, record, from: start) != nil {
      return true
    }
    return false
  }
}
