/// The severity word among what programs write between a line's stamp and its message: thread, process, logger, database.
enum HeaderLevel {
  struct Found {
    var severity: UInt8
    /// The logger, where the parts are divided by ` - `; then the message begins at `end`.
    var name = Slice.empty
    var end = 0
  }

  /// Looks behind up to five parts that are brackets, numbers, `key=value`, `user@database` or a name before ` - `: `[main] ERROR`,
  /// `12 [Warning]`, `- fleet.ota - ERROR -`, `[1235] fleet@meters ERROR:`. A word in capitals further behind belongs to the message.
  @inline(never)
  static func find(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Found? {
    var i = start
    let limit = min(bytes.count, start &+ 160)
    var name = Slice.empty
    for part in 0..<5 {
      while i < limit, bytes[i] == 0x20 || bytes[i] == 0x09 || bytes[i] == 0x7C || isDash(bytes, i) {
        i &+= 1
      }
      guard i < limit else { return nil }
      if part > 0, let (severity, end) = TextLine.level(bytes, at: i) {
        guard !name.isEmpty else { return Found(severity: severity) }
        return Found(severity: severity, name: name, end: behindDash(bytes, end))
      }
      // One name alone stands before the level.
      guard name.isEmpty else { return nil }
      let byte = bytes[i]
      if byte == 0x5B || byte == 0x28 || byte == 0x7B {
        let close = Bytes.findNear(byte == 0x28 ? 0x29 : byte &+ 2, bytes, from: i, to: limit)
        guard close < limit else { return nil }
        if byte == 0x7B, let severity = known(bytes, i &+ 1, close) { return Found(severity: severity) }
        i = close &+ 1
        continue
      }
      if byte == 0x2A {
        let close = Bytes.findNear(0x2A, bytes, from: i &+ 1, to: limit)
        return known(bytes, i &+ 1, close).map { Found(severity: $0) }
      }
      let end = Bytes.findNear(0x20, bytes, from: i, to: limit)
      guard end > i else { return nil }
      if let severity = word(bytes, i, end, isFirst: part == 0) { return Found(severity: severity) }
      if isDash(bytes, end &+ 1), isName(bytes, i, end) {
        name = .record(i, end &- i)
      } else if !isPart(bytes, i, end, isFirst: part == 0) {
        return nil
      }
      i = end
    }
    return nil
  }

  /// The severity word that a line without a stamp begins with: `ERROR:logger:text` as Python's logging writes it, `[warn] text`, `Error: text`,
  /// `FATAL text`.
  @inline(never)
  static func first(_ bytes: UnsafeRawBufferPointer) -> Found? {
    guard bytes.count > 4 else { return nil }
    if let found = glib(bytes) { return found }
    let isBracketed = bytes[0] == 0x5B || bytes[0] == 0x3C
    guard isBracketed || Bytes.isLetter(bytes[0]), let (severity, end) = TextLine.level(bytes, at: 0) else {
      return nil
    }
    if isBracketed {
      // One letter in brackets says too little without a stamp.
      return end > 4 ? Found(severity: severity) : nil
    }
    // Counts and results of programs begin so (`Failed: 0`, `Errors: 3`, `Fine: …`).
    for result: StaticString in ["fail", "fine", "errors"] where Bytes.isWord(result, bytes, at: 0) {
      return nil
    }
    guard end > 2, end < bytes.count, bytes[end &- 1] == 0x3A, bytes[end &- 2] &- 0x41 < 26 else {
      return Found(severity: severity)
    }
    var i = end
    while i < bytes.count, isNameByte(bytes[i]) { i &+= 1 }
    guard i > end, i &+ 1 < bytes.count, bytes[i] == 0x3A, bytes[i &+ 1] != 0x2F else {
      return Found(severity: severity)
    }
    return Found(severity: severity, name: .record(end, i &- end), end: i &+ 1)
  }

  /// GLib's form: `(rauc:1234): rauc-CRITICAL **: 10:03:05.123: text`, `rauc-Message: 10:03:05.123: text`.
  private static func glib(_ bytes: UnsafeRawBufferPointer) -> Found? {
    let head = Bytes.part(bytes, 0, min(bytes.count, 96))
    let colon = Bytes.find(" **: ", head)
    guard let end = colon ?? Bytes.find("-Message: ", head).map({ $0 &+ 8 }) else { return nil }
    var word = end
    while word > 0, Bytes.isLetter(head[word &- 1]) { word &-= 1 }
    guard word > 1, head[word &- 1] == 0x2D else { return nil }
    let severity = colon == nil ? 5 : SeverityText.word(Bytes.part(head, word, end))
    var domain = word &- 1
    while domain > 0, isNameByte(head[domain &- 1]) { domain &-= 1 }
    guard severity < 8, domain < word &- 1, domain == 0 || head[domain &- 1] == 0x20 else { return nil }
    return Found(
      severity: severity, name: .record(domain, word &- 1 &- domain), end: end &+ (colon == nil ? 2 : 5))
  }

  // MARK: Parts

  /// A level word of three letters and more.
  private static func known(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UInt8? {
    guard end &- start >= 3 else { return nil }
    let severity = SeverityText.cell(Bytes.part(bytes, start, end))
    return severity < 8 ? severity : nil
  }

  /// `LOG_ERR`, `level=error`, `kern.err`, `E/tag:`, and, behind other parts, PostgreSQL's `LOG:`.
  private static func word(
    _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, isFirst: Bool
  ) -> UInt8? {
    let last = bytes[end &- 1] == 0x3A ? end &- 1 : end
    if Bytes.matches("LOG_", bytes, at: start) { return known(bytes, start &+ 4, last) }
    if !isFirst, last < end, Bytes.areSame("LOG", Bytes.part(bytes, start, last)) { return 6 }
    let equal = Bytes.findNear(0x3D, bytes, from: start, to: end)
    if equal < end {
      let key = Bytes.part(bytes, start, equal)
      for name: StaticString in ["level", "lvl", "severity", "loglevel"] where Bytes.isSameWord(name, key) {
        let isQuoted = bytes[equal &+ 1 < end ? equal &+ 1 : equal] == 0x22 && end &- equal > 3
        return known(bytes, isQuoted ? equal &+ 2 : equal &+ 1, isQuoted ? end &- 1 : end)
      }
      return nil
    }
    if let both = SyslogText.facilityAndSeverity(Bytes.part(bytes, start, last)) { return both.severity }
    // Android's form, which needs a tag: `I/O error` is none.
    guard last < end, end &- start >= 5, bytes[start &+ 1] == 0x2F, bytes[start] &- 0x41 < 26 else {
      return nil
    }
    switch bytes[start] {
    case UInt8(ascii: "V"), UInt8(ascii: "D"): return 7
    case UInt8(ascii: "I"): return 6
    case UInt8(ascii: "W"): return 4
    case UInt8(ascii: "E"): return 3
    case UInt8(ascii: "F"): return 2
    default: return nil
    }
  }

  /// Numbers (`17#17:` too), `key=value`, `user@database`, and a zone's name before a bracket.
  private static func isPart(
    _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, isFirst: Bool
  ) -> Bool {
    let part = Bytes.part(bytes, start, end)
    if part.allSatisfy({ Bytes.isDigit($0) || $0 == 0x23 || $0 == 0x3A }) { return true }
    let equal = Bytes.findNear(0x3D, bytes, from: start, to: end)
    if equal < end { return equal > start && !part.contains(0x22) }
    if part.contains(0x40) { return true }
    return isFirst && part.count <= 5 && part.allSatisfy { $0 &- 0x41 < 26 } && end &+ 1 < bytes.count
      && bytes[end &+ 1] == 0x5B
  }

  private static func isName(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
    end &- start <= 96 && bytes[start..<end].allSatisfy(isNameByte)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    Bytes.isLetter(byte) || Bytes.isDigit(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D
  }

  /// True for a hyphen with blanks around it.
  private static func isDash(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Bool {
    i > 0 && i &+ 1 < bytes.count && bytes[i] == 0x2D && bytes[i &- 1] == 0x20 && bytes[i &+ 1] == 0x20
  }

  private static func behindDash(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
    let dash = TextLine.skipBlanks(bytes, start)
    return dash < bytes.count && bytes[dash] == 0x2D ? TextLine.skipBlanks(bytes, dash &+ 1) : dash
  }
}
