/// Lines that belong to the event before them, in formats whose events begin with a stamp.
enum Continuation {
  /// Continuation for indented lines and for those that only ever follow others (`Caused by: …`, closing brackets, the last
  /// line of a Python traceback); refused elsewhere. Garbage is not glued to evidence.
  static func verdict(
    _ record: UnsafeRawBufferPointer, into reading: inout Reading, otherwise refusal: Refusal
  ) -> Verdict {
    if Bytes.isBlank(record) { return .blank }
    guard continues(record) else { return .refused(refusal) }
    reading.message = .record(0, record.count)
    return .continuation
  }

  /// True when the line cannot stand alone.
  static func continues(_ record: UnsafeRawBufferPointer) -> Bool {
    guard let first = record.first else { return false }
    if first == 0x20 || first == 0x09 { return true }
    if first == 0x7D || first == 0x5D || first == 0x29 { return true }
    if Bytes.matches("Caused by: ", record, at: 0) || Bytes.matches("Traceback (most recent", record, at: 0) {
      return true
    }
    if Bytes.matches("During handling of", record, at: 0)
      || Bytes.matches("The above exception", record, at: 0)
    {
      return true
    }
    return isExceptionLine(record)
  }

  /// `package.ValueError: text`, `java.lang.IllegalStateException: text`: a dotted name that ends so, then a colon or nothing. A class in a module
  /// (`homeassistant.exceptions.ConfigEntryNotReady`) and Python's exits need not end so.
  private static func isExceptionLine(_ record: UnsafeRawBufferPointer) -> Bool {
    var end = 0
    var point = -1
    let limit = min(record.count, 120)
    while end < limit,
      Bytes.isLetter(record[end]) || Bytes.isDigit(record[end]) || record[end] == 0x2E
        || record[end] == 0x5F || record[end] == 0x24
    {
      if record[end] == 0x2E { point = end }
      end += 1
    }
    guard end > 5, end == record.count || record[end] == 0x3A else { return false }
    if Bytes.matches("Error", record, at: end - 5) || Bytes.matches("Exception", record, at: end - 9) {
      return true
    }
    for exit: StaticString in ["KeyboardInterrupt", "SystemExit", "StopIteration", "GeneratorExit"]
    where Bytes.matches(exit, record, at: end - exit.utf8CodeUnitCount) {
      return true
    }
    // `module.Class`, as nothing else is written at the beginning of a line.
    return point > 0 && point + 2 < end && record[0] &- 0x61 < 26 && record[point + 1] &- 0x41 < 26
      && Bytes.isLetter(record[point - 1]) && record[point + 2..<end].contains { $0 &- 0x61 < 26 }
      && (end == record.count || end + 1 < record.count && record[end + 1] == 0x20)
  }
}
