/// Objects that only wrap a list of events: `{"Records":[…]}` of AWS, `{"records":[…]}` of Azure, `{"content":[…],"total":2}` of
/// REST pages, `{…,"logEvents":[…]}` of CloudWatch.
enum JSONWrapper {
  private static let names: [StaticString] = [
    #""Records""#, #""records""#, #""content""#, #""events""#, #""logEvents""#, #""items""#, #""results""#,
    #""value""#,
    #""entries""#, #""data""#,
  ]

  /// Offset of the first element where the object at `start` is such a wrapper, whole, and its list's first element is an object.
  static func firstElement(_ record: UnsafeRawBufferPointer, at start: Int) -> Int? {
    guard let first = openElement(record, at: start) else { return nil }
    // A broken wrapper is refused whole, as any object.
    let whole = JSONText.valueEnd(record, from: start)
    guard whole > 0, JSONText.skipSpace(record, from: whole) == record.count else { return nil }
    return first
  }

  /// The same where the end of the wrapper need not be at hand.
  static func openElement(_ record: UnsafeRawBufferPointer, at start: Int) -> Int? {
    let key = JSONText.skipSpace(record, from: start &+ 1)
    guard key &+ 8 < record.count, record[key] == 0x22 else { return nil }
    var found: Int?
    for name in names where Bytes.matches(name, record, at: key) { found = key &+ name.utf8CodeUnitCount }
    if found == nil, Bytes.matches(#""messageType""#, record, at: key), record.count > 100,
      let events = Bytes.find(#""logEvents""#, record, from: key)
    {
      found = events &+ 11
    }
    guard let end = found else { return nil }
    let colon = JSONText.skipSpace(record, from: end)
    guard colon < record.count, record[colon] == 0x3A else { return nil }
    let bracket = JSONText.skipSpace(record, from: colon &+ 1)
    guard bracket < record.count, record[bracket] == 0x5B else { return nil }
    let first = JSONText.skipSpace(record, from: bracket &+ 1)
    guard first < record.count, record[first] == 0x7B else { return nil }
    return first
  }

  /// True for the beginning of a wrapper up to the bracket of its list, which a framer cuts off so that the elements of a
  /// large document are read one by one.
  static func isOpening(_ record: UnsafeRawBufferPointer) -> Bool {
    var end = record.count
    while end > 0, record[end - 1] <= 0x20 { end -= 1 }
    guard end > 8, end < 64 << 10, record[0] == 0x7B, record[end - 1] == 0x5B else { return false }
    let opened = Array(record[..<end]) + Array("{".utf8)
    return opened.withUnsafeBytes { openElement($0, at: 0) == end }
  }
}
