/// Cuts `key=value` texts: logfmt, kernel and audit style, with the separators a definition gives.
struct KeyValueText: Sendable {
  /// Between key and value.
  var assign: UInt8 = 0x3D
  /// Between pairs; blanks around it are skipped.
  var pair: UInt8 = 0x20
  /// True where `'` quotes as `"` does.
  var singleQuotes = false
  /// True where what follows a divider and is no pair belongs to the value before: `message=low flow, retry 3`.
  var joinsStrays = false

  /// How a record is written whose pairs are divided by something else than blanks: at least three, the names single words, and no value that
  /// holds pairs itself. Nil where it is not.
  static func divided(_ record: UnsafeRawBufferPointer) -> KeyValueText? {
    var sign = 0
    while sign < record.count, isNameByte(record[sign]) { sign &+= 1 }
    guard sign > 0, sign &+ 1 < record.count, record[sign] == 0x3D || record[sign] == 0x3A else { return nil }
    let assign = record[sign]
    if assign == 0x3A {
      // Prose has colons too: a stamp has to come first.
      guard sign <= 24, record[sign &+ 1] == 0x20, sign &+ 2 < record.count, Bytes.isDigit(record[sign &+ 2])
      else { return nil }
      let role = FieldNames.meaning(String(decoding: Bytes.part(record, 0, sign), as: UTF8.self)).role
      guard role == .time || role == .date else { return nil }
    }
    for divider: UInt8 in [0x3B, 0x7C, 0x09, 0x2C] {
      let first = Bytes.findNear(divider, record, from: sign, to: record.count)
      let text = KeyValueText(assign: assign, pair: divider, joinsStrays: true)
      guard first < record.count, text.beginsPair(record, at: first &+ 1) else { continue }
      var pairs = 0
      var isClean = true
      _ = text.forEachPair(record, from: 0, to: record.count) { name, value, style in
        pairs &+= 1
        if style == .bare, assign == 0x3D, holdsPair(record, value.start, value.end) { isClean = false }
        if !Bytes.part(record, name.start, name.end).allSatisfy(isNameByte) { isClean = false }
      }
      if isClean, pairs >= 3 { return text }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    Bytes.isLetter(byte) || Bytes.isDigit(byte) || byte == 0x5F || byte == 0x2D || byte == 0x2E
  }

  /// True where `name=` stands behind a blank in a value.
  private static func holdsPair(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
    var isName = false
    for i in start..<end {
      if record[i] == 0x20 {
        isName = i &+ 1 < end && isNameByte(record[i &+ 1])
      } else if record[i] == 0x3D, isName {
        return true
      } else if !isNameByte(record[i]) {
        isName = false
      }
    }
    return false
  }

  /// True where a name and the sign behind it stand at an offset, blanks before it left out.
  private func beginsPair(_ record: UnsafeRawBufferPointer, at start: Int) -> Bool {
    let name = TextLine.skipBlanks(record, start)
    var i = name
    while i < record.count, Self.isNameByte(record[i]) { i &+= 1 }
    guard i > name, i < record.count, record[i] == assign else { return false }
    return assign != 0x3A || i &+ 1 < record.count && record[i &+ 1] == 0x20
  }

  /// The end of a value without quotes.
  @inline(__always)
  private func valueEnd(_ record: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
    var i = Bytes.findNear(pair, record, from: start, to: end)
    while joinsStrays, i &+ 1 < end, !beginsPair(record, at: i &+ 1) {
      i = Bytes.findNear(pair, record, from: i &+ 1, to: end)
    }
    return i
  }

  /// Adds all pairs from `start` on to `fields`, and gives the number of words that were no pair.
  func split(_ record: UnsafeRawBufferPointer, from start: Int, to end: Int, into fields: FlatFields) -> Int {
    forEachPair(record, from: start, to: end) { name, value, style in
      _ = fields.add(record, name: name.start, name.end, value: value.start, value.end, style)
    }
  }

  /// The number of pairs, and of words that are none.
  func count(_ record: UnsafeRawBufferPointer) -> (pairs: Int, strays: Int) {
    var pairs = 0
    let strays = forEachPair(record, from: 0, to: record.count) { _, _, _ in pairs &+= 1 }
    return (pairs, strays)
  }

  /// Hands out all pairs: offsets of the name, of the value without its quotes, and how that is written.
  @inline(__always)
  private func forEachPair(
    _ record: UnsafeRawBufferPointer, from start: Int, to end: Int,
    _ body: ((start: Int, end: Int), (start: Int, end: Int), FlatFields.Writing) -> Void
  ) -> Int {
    var strays = 0
    var i = start
    while i < end {
      while i < end, record[i] == pair || record[i] == 0x20 || record[i] == 0x09 { i &+= 1 }
      guard i < end else { break }
      let keyStart = i
      while i < end, record[i] != assign, record[i] != pair, record[i] != 0x22 { i &+= 1 }
      var keyEnd = i
      while keyEnd > keyStart, record[keyEnd &- 1] == 0x20 { keyEnd &-= 1 }
      guard i < end, record[i] == assign, keyEnd > keyStart else {
        strays &+= 1
        i = Bytes.findNear(pair, record, from: max(i, keyStart &+ 1), to: end)
        continue
      }
      i &+= 1
      if pair != 0x20 { while i < end, record[i] == 0x20 { i &+= 1 } }
      guard i < end, record[i] == 0x22 || singleQuotes && record[i] == 0x27 else {
        let valueStart = i
        i = valueEnd(record, from: i, to: end)
        var valueEnd = i
        while valueEnd > valueStart, record[valueEnd &- 1] == 0x20 { valueEnd &-= 1 }
        body((keyStart, keyEnd), (valueStart, valueEnd), .bare)
        continue
      }
      let quote = record[i]
      let valueStart = i &+ 1
      var escaped = false
      i = valueStart
      while i < end, record[i] != quote {
        if record[i] == 0x5C {
          escaped = true
          i &+= 1
        }
        i &+= 1
      }
      let valueEnd = min(i, end)
      body((keyStart, keyEnd), (valueStart, valueEnd), escaped ? .escaped : .quoted)
      i = valueEnd &+ 1
    }
    return strays
  }
}
