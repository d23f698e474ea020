/// The severity that a program writes at the beginning of its message, where the record says none otherwise: `ERROR link lost`,
/// `CRITICAL: battery empty`, `[warn] text`, `<3>text`, `level=error device=EV-1`.
enum BodyLevel {
  /// 0 to 7, or 255.
  @inline(__always)
  static func severity(_ message: UnsafeRawBufferPointer) -> UInt8 {
    guard message.count > 4 else { return 255 }
    let first = message[0]
    // Most messages begin with a word in small letters, and a blank behind it.
    if first &- 0x61 < 26 {
      var i = 1
      while i < message.count, i < 14, (message[i] | 0x20) &- 0x61 < 26 || message[i] == 0x5F { i &+= 1 }
      guard i < message.count, message[i] == 0x3A || message[i] == 0x3D || message[i] >= 0x80 else {
        return 255
      }
    } else if first &- 0x41 >= 26, first != 0x5B, first != 0x3C, first < 0x80 {
      return 255
    }
    return read(message)
  }

  @inline(never)
  private static func read(_ message: UnsafeRawBufferPointer) -> UInt8 {
    if message[0] == 0x3C, message[1] &- 0x30 < 8, message[2] == 0x3E { return message[1] &- 0x30 }
    if let found = HeaderLevel.first(message) { return found.severity }
    return Bytes.isLetter(message[0]) ? pair(message) : 255
  }

  /// The level among the first pairs of a body that is made of them.
  private static func pair(_ message: UnsafeRawBufferPointer) -> UInt8 {
    let limit = min(message.count, 256)
    var i = 0
    for _ in 0..<4 {
      let name = i
      while i < limit, Bytes.isLetter(message[i]) || message[i] == 0x5F { i &+= 1 }
      guard i > name, i < limit, message[i] == 0x3D else { return 255 }
      let key = Bytes.part(message, name, i)
      i &+= 1
      let isQuoted = i < limit && message[i] == 0x22
      if isQuoted { i &+= 1 }
      let end = Bytes.findNear(isQuoted ? 0x22 : 0x20, message, from: i, to: limit)
      for known: StaticString in ["level", "lvl", "severity", "loglevel"] where Bytes.isSameWord(known, key) {
        return end &- i >= 3 ? SeverityText.cell(Bytes.part(message, i, end)) : 255
      }
      i = TextLine.skipBlanks(message, isQuoted ? end &+ 1 : end)
    }
    return 255
  }
}
