/// Objects that only wrap a list of events: their one member, one of a usual name that stands first, or one of a usual name beside
/// members that only tell of it. `{"Records":[…]}` of AWS, `{"records":[…]}` of Azure, `{"content":[…],"total":2}` of REST pages,
/// `{…,"logEvents":[…]}` of CloudWatch.
enum JSONWrapper {
  private static let names: [StaticString] = [
    #""Records""#, #""records""#, #""content""#, #""events""#, #""logEvents""#, #""items""#, #""results""#,
    #""value""#,
    #""entries""#, #""data""#,
  ]

  /// Names of lists that stand behind other members, or in an object of one of `containers`.
  private static let laterNames: Set<String> = [
    "Records", "records", "content", "events", "logEvents", "items", "results", "value", "entries", "data",
    "hits", "result", "logs", "messages", "alerts", "rows",
  ]
  private static let containers: Set<String> = ["hits", "data", "response", "result", "_embedded"]

  /// What answers to queries say of their list: how long it is, how it goes on, how long it took. As `FieldNames.normalized`.
  private static let framing: Set<String> = [
    "apiversion", "code", "count", "cursor", "empty", "first", "hasmore", "hasnext", "kind", "last", "limit",
    "link",
    "links", "maxscore", "meta", "metadata", "next", "nextlink", "nextpage", "nextpagetoken", "nexttoken",
    "number",
    "numberofelements", "odata.context", "odata.count", "odata.nextlink", "offset", "page", "pageable",
    "pages",
    "pagesize", "paging", "pagination", "perpage", "pitid", "prev", "previous", "resulttype", "scrollid",
    "self",
    "shards", "size", "sort", "stats", "success", "timedout", "took", "total", "totalcount", "totalelements",
    "totalpages",
  ]

  /// True for a member that only tells of a list beside it; `status` and `message` do where all went well.
  private static func isFraming(_ name: String, _ value: UnsafeRawBufferPointer) -> Bool {
    let name = FieldNames.normalized(name)
    if framing.contains(name) { return true }
    guard ["status", "message", "msg"].contains(name) else { return false }
    return ["\"success\"", "\"ok\"", "200", "0"].contains { (word: StaticString) in
      Bytes.isSameWord(word, value)
    }
  }

  /// A bit for each letter, by its low five bits, that a usual name or `messageType` begins with.
  private static let initials: UInt32 = names.reduce(1 << (UInt32(UInt8(ascii: "m")) & 31)) {
    $0 | 1 << (UInt32($1.utf8Start[1]) & 31)
  }

  /// Offset of the first element where the object at `start` is such a wrapper, whole, and its list's first element is an object.
  /// `searching`: the list may stand behind other members, all of which are looked at then.
  static func firstElement(
    _ record: UnsafeRawBufferPointer, at start: Int, searching: Bool = true
  ) -> Int? {
    guard
      let first = openElement(record, at: start) ?? soleList(record, at: start)
        ?? (searching ? laterList(record, at: start, depth: 0) : nil)
    else { return nil }
    // A broken wrapper is refused whole, as any object.
    let whole = JSONText.valueEnd(record, from: start)
    guard whole > 0, JSONText.skipSpace(record, from: whole) == record.count else { return nil }
    return first
  }

  /// The first element of a list of a usual name among the members of the object at `start`, or of an object in it, where all other
  /// members only tell of the list: nothing that may be an event's is left out.
  @inline(never)
  private static func laterList(_ record: UnsafeRawBufferPointer, at start: Int, depth: Int) -> Int? {
    var found: Int?
    var i = JSONText.skipSpace(record, from: start &+ 1)
    while i < record.count, record[i] == 0x22 {
      var escaped = false
      let nameEnd = JSONText.stringEnd(record, from: i &+ 1, escaped: &escaped)
      guard nameEnd > 0, let value = JSONText.memberValue(record, i) else { return nil }
      let end = JSONText.valueEnd(record, from: value)
      guard end > value else { return nil }
      let name = String(decoding: record[(i &+ 1)..<nameEnd], as: UTF8.self)
      let isFound = found != nil
      if record[value] == 0x5B, !isFound, laterNames.contains(name) {
        let first = JSONText.skipSpace(record, from: value &+ 1)
        if first < end, record[first] == 0x7B { found = first }
      } else if record[value] == 0x7B, !isFound, depth < 2, containers.contains(name) {
        found = laterList(record, at: value, depth: depth + 1)
      }
      guard isFound != (found != nil) || isFraming(name, Bytes.part(record, value, end)) else { return nil }
      i = JSONText.skipSpace(record, from: end)
      guard i < record.count, record[i] == 0x2C else { break }
      i = JSONText.skipSpace(record, from: i &+ 1)
    }
    return found
  }

  /// True for a line that is one list whose first element is an object, and no pack of SenML.
  static func isList(_ line: UnsafeRawBufferPointer) -> Bool {
    let start = JSONText.skipSpace(line, from: 0)
    guard start < line.count, line[start] == 0x5B else { return false }
    let first = JSONText.skipSpace(line, from: start &+ 1)
    guard first < line.count, line[first] == 0x7B else { return false }
    let end = JSONText.valueEnd(line, from: start)
    return end > 0 && JSONText.skipSpace(line, from: end) == line.count && !SenMLFormat.isPack(line)
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
