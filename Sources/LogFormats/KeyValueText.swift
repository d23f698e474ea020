/// Cuts `key=value` texts: logfmt, kernel and audit style, with the separators a definition gives.
struct KeyValueText: Sendable {
  /// Between key and value.
  var assign: UInt8 = 0x3D
  /// Between pairs; blanks around it are skipped.
  var pair: UInt8 = 0x20
  /// True where `'` quotes as `"` does.
  var singleQuotes = false

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
        i = Bytes.findNear(pair, record, from: i, to: end)
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
