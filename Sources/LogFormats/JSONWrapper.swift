/// Objects that only wrap a list of events, their one member or one of a usual name: `{"Records":[…]}` of AWS, `{"records":[…]}` of Azure, `{"content":[…],"total":2}` of
/// REST pages, `{…,"logEvents":[…]}` of CloudWatch.
enum JSONWrapper {
  private static let names: [StaticString] = [
    #""Records""#, #""records""#, #""content""#, #""events""#, #""logEvents""#, #""items""#, #""results""#,
    #""value""#,
    #""entries""#, #""data""#,
  ]

  /// A bit for each letter, by its low five bits, that a usual name or `messageType` begins with.
  private static let initials: UInt32 = names.reduce(1 << (UInt32(UInt8(ascii: "m")) & 31)) {
    $0 | 1 << (UInt32($1.utf8Start[1]) & 31)
  }

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

  /// Offset behind the first byte of the first value of the object at `start`, where these bytes alone tell that it wraps nothing.
  static func plainBeginning(_ record: UnsafeRawBufferPointer, at start: Int) -> Int? {
    let key = JSONText.skipSpace(record, from: start &+ 1)
    guard let value = JSONText.memberValue(record, key), value < record.count, record[value] != 0x5B,
      // The list that such a message wraps is another member.
      !Bytes.matches(#""messageType""#, record, at: key)
    else { return nil }
    return value &+ 1
  }

  /// Lists the elements, each from its name on, where the only member of a whole document is a map of two or more objects that all
  /// have the same members: records by their keys. False where it is not.
  static func soleMap(_ document: JSONTapeValue, into elements: inout [(start: Int, end: Int)]) -> Bool {
    var outer = document.members
    guard let map = outer.next()?.value, outer.next() == nil else { return false }
    var objects = map.members
    guard let first = objects.next()?.value, objects.next() != nil else { return false }
    var names = first.members
    guard names.next() != nil else { return false }
    for object in map.members where !haveSameNames(object.value, first) { return false }
    for object in map.members {
      elements.append((object.name.range.lowerBound - 1, object.value.range.upperBound))
    }
    return true
  }

  private static func haveSameNames(_ one: JSONTapeValue, _ other: JSONTapeValue) -> Bool {
    var names = other.members
    for member in one.members {
      guard let name = names.next()?.name, Bytes.areSame(name.bytes, member.name.bytes) else { return false }
    }
    return names.next() == nil
  }

  /// As `firstElement`, for lists of a usual name, where the end of the wrapper need not be at hand.
  static func openElement(_ record: UnsafeRawBufferPointer, at start: Int) -> Int? {
    let key = JSONText.skipSpace(record, from: start &+ 1)
    guard key &+ 8 < record.count, record[key] == 0x22,
      initials &>> UInt32(record[key &+ 1] & 31) & 1 != 0
    else { return nil }
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
