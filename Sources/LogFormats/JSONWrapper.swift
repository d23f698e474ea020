/// Objects that only wrap a list of events, their one member or one of a usual name: `{"Records":[…]}` of AWS, `{"records":[…]}` of Azure, `{"content":[…],"total":2}` of
/// REST pages, `{…,"logEvents":[…]}` of CloudWatch.
enum JSONWrapper {
  private static let names: [StaticString] = [
    #""Records""#, #""records""#, #""content""#, #""events""#, #""logEvents""#, #""items""#, #""results""#,
    #""value""#,
    #""entries""#, #""data""#,
  ]

  /// Offset of the first element where the object at `start` is such a wrapper, whole, and its list's first element is an object.
  static func firstElement(_ record: UnsafeRawBufferPointer, at start: Int) -> Int? {
    guard let first = openElement(record, at: start) ?? soleList(record, at: start) else { return nil }
    // A broken wrapper is refused whole, as any object.
    let whole = JSONText.valueEnd(record, from: start)
    guard whole > 0, JSONText.skipSpace(record, from: whole) == record.count else { return nil }
    return first
  }

  /// The first element where the only member of the object at `start` is a list of objects, whatever it is called.
  private static func soleList(_ record: UnsafeRawBufferPointer, at start: Int) -> Int? {
    let key = JSONText.skipSpace(record, from: start &+ 1)
    guard let bracket = JSONText.memberValue(record, key), record[bracket] == 0x5B else { return nil }
    let first = JSONText.skipSpace(record, from: bracket &+ 1)
    guard first < record.count, record[first] == 0x7B,
      let listEnd = JSONText.bracketEnd(record, from: bracket)
    else { return nil }
    let last = JSONText.skipSpace(record, from: listEnd)
    return last < record.count && record[last] == 0x7D ? first : nil
  }

  /// The elements, each from its name on, where the only member of a whole document is a map of two or more objects that all have
  /// the same members: records by their keys.
  static func soleMap(
    _ tree: JSONTree, _ document: UnsafeRawBufferPointer, at start: Int
  ) -> [(start: Int, end: Int)]? {
    guard tree.members.count == 1, let map = tree.members.first?.value.members, map.count >= 2,
      let names = map.first?.value.members.map(\.key), !names.isEmpty,
      map.allSatisfy({ $0.value.members.map(\.key) == names })
    else { return nil }
    var escaped = false
    let key = JSONText.skipSpace(document, from: start + 1)
    let keyEnd = JSONText.stringEnd(document, from: key + 1, escaped: &escaped)
    var i = JSONText.skipSpace(document, from: JSONText.skipSpace(document, from: keyEnd + 1) + 1)
    var elements: [(start: Int, end: Int)] = []
    for _ in map {
      i = JSONText.skipSpace(document, from: i + 1)
      let nameEnd = JSONText.stringEnd(document, from: i + 1, escaped: &escaped)
      let value = JSONText.skipSpace(document, from: JSONText.skipSpace(document, from: nameEnd + 1) + 1)
      guard let end = JSONText.bracketEnd(document, from: value) else { return nil }
      elements.append((i, end))
      i = JSONText.skipSpace(document, from: end)
    }
    return elements
  }

  /// As `firstElement`, for lists of a usual name, where the end of the wrapper need not be at hand.
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
}
