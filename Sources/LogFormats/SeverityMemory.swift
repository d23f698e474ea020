/// What the short words for severities of a source mean: there are a handful, and every record has one.
struct SeverityMemory: ~Copyable {
  private struct Entry {
    var word: UInt64 = 0
    /// 0 where nothing is remembered.
    var count = 0
    var scale = SeverityScale.unknown
    var severity: UInt8 = 255
  }
  private var latest = Entry()
  private var other = Entry()

  /// The severity of `record[start..<end]` where it is remembered, 255 for none. Where it is not, the answer is to be handed to
  /// `remember`.
  @inline(__always)
  mutating func severity(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ scale: SeverityScale)
    -> UInt8?
  {
    let count = end &- start
    // Nothing is remembered of what is too long or stands too near to the record's end.
    let isShort = count > 0 && count <= 8 && start &+ 8 <= record.count
    let word = isShort ? Bytes.word(record, start) &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count) : 0
    if isShort, latest.word == word, latest.count == count, latest.scale == scale { return latest.severity }
    let previous = latest
    latest = other
    other = previous
    if isShort, latest.word == word, latest.count == count, latest.scale == scale { return latest.severity }
    latest = Entry(word: word, count: isShort ? count : 0, scale: scale)
    return nil
  }

  /// The answer that was not known.
  mutating func remember(_ severity: UInt8) { latest.severity = severity }
}
