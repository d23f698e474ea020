/// What stands behind the stamp in free text: a level word, a logger's name.
enum TextLine {
  /// A severity word at the beginning of the text: bare in capitals (`ERROR`), in any case in brackets, before a colon or a bar
  /// (`[error]`, `warn:`, `<inf>`, `|INFO|`), or as one letter in capitals before a bracket, slash or blank followed by one.
  /// Gives severity and the offset behind it, or that of the word where it belongs to the text.
  ///
  /// What names a happening as well (`ALARM cleared`) has to stand in brackets, before a bar, or in capitals before a colon, unless lines like this
  /// one have levels here (`besideLevels`).
  static func level(
    _ bytes: UnsafeRawBufferPointer, at start: Int, besideLevels: Bool = false
  ) -> (severity: UInt8, end: Int)? {
    var i = start
    let count = bytes.count
    while i < count,
      bytes[i] == 0x20 || bytes[i] == 0x09 || bytes[i] == 0x2D || bytes[i] == 0x3A || bytes[i] == 0x7C
    {
      i &+= 1
    }
    guard i < count else { return nil }
    let open = bytes[i]
    let isBracketed = open == 0x5B || open == 0x3C || open == 0x28
    if isBracketed { i &+= 1 }
    while i < count, isBracketed, bytes[i] == 0x20 { i &+= 1 }
    let word = i
    while i < count, i &- word < 14, Bytes.isLetter(bytes[i]) { i &+= 1 }
    let length = i &- word
    guard length >= 1, length <= 13, i == count || bytes[i] < 0x80 else {
      guard i < count, bytes[i] >= 0x80 else { return nil }
      return SeverityWords.level(bytes, at: word, isBracketed: isBracketed, besideLevels: besideLevels)
    }
    let severity = SeverityText.word(Bytes.part(bytes, word, i))
    guard severity < 8 else {
      return happening(bytes, word, i, isBracketed: isBracketed, besideLevels: besideLevels)
    }
    let isCapital = bytes[word] &- 0x41 < 26 && bytes[i &- 1] &- 0x41 < 26
    if isBracketed {
      while i < count, bytes[i] == 0x20 { i &+= 1 }
      guard i < count, bytes[i] == 0x5D || bytes[i] == 0x3E || bytes[i] == 0x29 else { return nil }
      return (severity, i &+ 1)
    }
    guard length >= 3 else { return nil }
    if i < count, bytes[i] == 0x3A || bytes[i] == 0x7C {
      if bytes[i] == 0x3A, saysNone(bytes, word, i) { return nil }
      // `err:E42` says which: it is text all the same.
      guard !isCapital, i &+ 1 < count, Bytes.isLetter(bytes[i &+ 1]) || Bytes.isDigit(bytes[i &+ 1]) else {
        return (severity, i &+ 1)
      }
      return isNothing(bytes, at: i &+ 1) ? nil : (severity, word)
    }
    if isCapital, i &+ 1 < count, bytes[i] == 0x21, bytes[i &+ 1] == 0x20 { i &+= 1 }
    guard isCapital, i == count || bytes[i] == 0x20 || bytes[i] == 0x09 || bytes[i] == 0x5D else {
      return nil
    }
    return (severity, i)
  }

  /// The severity of a word that loggers do not use: `[ALARM] text`, `ALARM|text`, `FAULT: text`.
  @inline(__always)
  private static func happening(
    _ bytes: UnsafeRawBufferPointer, _ word: Int, _ end: Int, isBracketed: Bool, besideLevels: Bool
  ) -> (severity: UInt8, end: Int)? {
    guard end &- word >= 3, end < bytes.count else { return nil }
    let next = bytes[end]
    // Most lines end here: a word in small letters, and a blank.
    let isCapital = bytes[word] &- 0x41 < 26 && bytes[end &- 1] &- 0x41 < 26
    guard
      isBracketed || next == 0x7C || next == 0x3A && (isCapital || besideLevels) || isCapital && besideLevels
    else { return nil }
    return happeningWord(bytes, word, end, isBracketed: isBracketed)
  }

  @inline(never)
  private static func happeningWord(
    _ bytes: UnsafeRawBufferPointer, _ word: Int, _ end: Int, isBracketed: Bool
  ) -> (severity: UInt8, end: Int)? {
    let severity = SeverityWords.word(Bytes.part(bytes, word, end))
    guard severity < 8 else { return nil }
    if isBracketed {
      let close = skipBlanks(bytes, end)
      guard close < bytes.count, bytes[close] == 0x5D || bytes[close] == 0x3E || bytes[close] == 0x29 else {
        return nil
      }
      return (severity, close &+ 1)
    }
    switch bytes[end] {
    case 0x3A: return saysNone(bytes, word, end) ? nil : (severity, end &+ 1)
    case 0x7C: return (severity, end &+ 1)
    case 0x20, 0x09: return (severity, end)
    default: return nil
    }
  }

  /// True for `errors: 0`, `Error: none`, `critical: false`, of which nothing else stands behind; and for a number of `errors`, which is a count.
  private static func saysNone(_ bytes: UnsafeRawBufferPointer, _ word: Int, _ colon: Int) -> Bool {
    let value = skipBlanks(bytes, colon &+ 1)
    guard value > colon &+ 1, value < bytes.count else { return false }
    let isCount = colon &- word == 6 && Bytes.isSameWord("errors", Bytes.part(bytes, word, colon))
    if isCount, Bytes.isDigit(bytes[value]) { return true }
    guard bytes[value] == 0x30 || Bytes.isLetter(bytes[value]), isNothing(bytes, at: value) else {
      return false
    }
    var end = value
    while end < bytes.count, Bytes.isLetter(bytes[end]) || Bytes.isDigit(bytes[end]) { end &+= 1 }
    while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x2E || bytes[end] == 0x0D { end &+= 1 }
    return end == bytes.count || bytes[end] == 0x2C || bytes[end] == 0x3B || bytes[end] == 0x7C
  }

  /// True for what says that there is none: `error:0`, `err:none`.
  private static func isNothing(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
    var end = start
    while end < bytes.count, Bytes.isLetter(bytes[end]) || Bytes.isDigit(bytes[end]) { end &+= 1 }
    let value = Bytes.part(bytes, start, end)
    if value.allSatisfy({ $0 == 0x30 }) { return true }
    for word: StaticString in ["none", "no", "ok", "null", "false", "nil"] where Bytes.isSameWord(word, value)
    {
      return true
    }
    return false
  }

  /// Offset behind blanks.
  @inline(__always) static func skipBlanks(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
    var i = start
    while i < bytes.count, bytes[i] == 0x20 || bytes[i] == 0x09 { i &+= 1 }
    return i
  }

  /// True for bytes that no console writes as text: what a wrong baud rate, a torn page or a binary file leaves among lines. More than a
  /// third of them, NULs at both ends left out, are control characters or, beside such, no UTF-8. Text in older encodings, with
  /// colours, bells, or a NUL here and there is text.
  static func isNoText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var start = 0
    var end = bytes.count
    guard hasControl(bytes) else { return false }
    while start < end, bytes[start] == 0 { start &+= 1 }
    while end > start, bytes[end &- 1] == 0 { end &-= 1 }
    let text = Bytes.part(bytes, start, end)
    var controls = 0
    var broken = 0
    var i = 0
    while i < text.count {
      let byte = text[i]
      let length = Bytes.sequenceLength(text, i)
      if length == 0 { broken &+= 1 }
      if isControl(byte) { controls &+= 1 }
      i &+= max(1, length)
    }
    return controls > 0 && 3 &* (controls &+ broken) > text.count
  }

  /// True for a control character that text does not use: none of tab, line ends, bell, backspace, escape.
  private static func isControl(_ byte: UInt8) -> Bool {
    byte < 0x20 && !(0x07...0x0D).contains(byte) && byte != 0x1B || byte == 0x7F
  }

  /// True when a control character is among the bytes, whichever.
  private static func hasControl(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    while i &+ 8 <= bytes.count {
      let word = Bytes.word(bytes, i)
      if (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080 != 0 { return true }
      i &+= 8
    }
    while i < bytes.count {
      if bytes[i] < 0x20 { return true }
      i &+= 1
    }
    return false
  }
}
