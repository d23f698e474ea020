// Dates as Chinese, Japanese and Korean write them.
extension StampReader {
  /// `2026年11月20日 08:00:00`, `2026年11月20日(金) 8時00分05秒`, `2026년 11월 20일 오전 8:00:00`, `11月20日 08:00:00`: signs behind the
  /// numbers, perhaps a weekday and the half of the day before the clock.
  static func eastAsian(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    var i = start
    while i < bytes.count, i &- start < 4, Bytes.isDigit(bytes[i]) { i &+= 1 }
    guard i &+ 12 < bytes.count, bytes[i] >= 0xE5 else { return nil }
    return eastAsianDate(bytes, at: start)
  }

  @inline(never)
  private static func eastAsianDate(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Stamp? {
    var i = start
    guard var month = number(bytes, &i, most: 4) else { return nil }
    var year: Int?
    if passes(bytes, &i, ["年", "년"]) {
      guard i &- start == 7 else { return nil }
      year = month
      i = TextLine.skipBlanks(bytes, i)
      guard let named = number(bytes, &i, most: 2) else { return nil }
      month = named
    }
    guard passes(bytes, &i, ["月", "월"]) else { return nil }
    i = TextLine.skipBlanks(bytes, i)
    guard let day = number(bytes, &i, most: 2), passes(bytes, &i, ["日", "일"]) else { return nil }
    var isAfternoon: Bool?
    // A weekday in words or brackets.
    let limit = min(bytes.count, i &+ 40)
    while i < limit, !Bytes.isDigit(bytes[i]) {
      guard bytes[i] >= 0x80 || bytes[i] == 0x20 || bytes[i] == 0x28 || bytes[i] == 0x29 else { return nil }
      if passes(bytes, &i, ["上午", "午前", "오전"]) {
        isAfternoon = false
      } else if passes(bytes, &i, ["下午", "午後", "오후"]) {
        isAfternoon = true
      } else {
        i &+= 1
      }
    }
    var stamp = Stamp()
    guard i < limit, clock(bytes, at: i, &stamp) || signedClock(bytes, at: i, &stamp) else { return nil }
    let hours = stamp.time / (3600 &* second)
    if isAfternoon == true, hours < 12 { stamp.time &+= 12 &* 3600 &* second }
    if isAfternoon == false, hours == 12 { stamp.time &-= 12 &* 3600 &* second }
    return place(&stamp, year: year, month: month, day: day, bytes) ? stamp : nil
  }

  /// `8时00分05秒`, `8時5分`: adds it to the stamp and moves its end.
  private static func signedClock(
    _ bytes: UnsafeRawBufferPointer, at start: Int, _ stamp: inout Stamp
  ) -> Bool {
    var i = start
    guard let hour = number(bytes, &i, most: 2), hour < 24, passes(bytes, &i, ["时", "時", "点", "시"]) else {
      return false
    }
    i = TextLine.skipBlanks(bytes, i)
    guard let minute = number(bytes, &i, most: 2), minute < 60, passes(bytes, &i, ["分", "분"]) else {
      return false
    }
    stamp.time &+= Int64(hour &* 3600 &+ minute &* 60) &* second
    stamp.resolution = 60 &* second
    stamp.end = i
    i = TextLine.skipBlanks(bytes, i)
    guard let seconds = number(bytes, &i, most: 2), seconds < 61, passes(bytes, &i, ["秒", "초"]) else {
      return true
    }
    stamp.time &+= Int64(seconds) &* second
    stamp.resolution = second
    stamp.end = i
    return true
  }

  /// Moves behind one of the words where it stands there.
  private static func passes(
    _ bytes: UnsafeRawBufferPointer, _ i: inout Int, _ words: [StaticString]
  ) -> Bool {
    for word in words where Bytes.matches(word, bytes, at: i) {
      i &+= word.utf8CodeUnitCount
      return true
    }
    return false
  }
}
