/// JSON documents that span lines: pretty-printed objects, arrays of objects.
struct JSONDocumentFormat: LogFormat {
  let name = "json"
  let summary =
    "JSON documents over several lines; each object at the top or in the array at the top is an event"
  let yields = ["time", "device", "severity", "program", "every other member"]
  let framing = Framing.jsonElements
  let samples = [
    FormatSample("[\n  ", verdict: .structure),
    FormatSample(
      "{\"ts\": \"2026-04-07T09:08:09Z\",\n   \"device\": \"d1\", \"msg\": \"a\", \"v\": [1,\n    2]}",
      time: "2026-04-07T09:08:09Z", device: "d1", message: "a", fields: "{\"v\": [1,\n    2]}"),
    FormatSample("\n]", verdict: .structure),
    FormatSample(
      "{\"Records\":[{\"ts\":1775552889,\"host\":\"h\",\"msg\":\"x\"}]}", time: "2026-04-07T09:08:09Z",
      device: "h"),
    FormatSample(
      "{\n\"eventVersion\":\"1.08\",\"userIdentity\":{\"arn\":\"arn:aws:iam::1:user/jo\"},\"awsRegion\":\"eu-1\","
        + "\"eventTime\":\"2026-04-07T09:08:09Z\",\"eventSource\":\"iot.amazonaws.com\",\"eventName\":\"UpdateThing\"}",
      time: "2026-04-07T09:08:09Z", device: "arn:aws:iam::1:user/jo", program: "iot.amazonaws.com"),
  ]
  let refusals = ["text", "} ", "{\"a\":", "{\"a\":1} x"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    // Elements that stand on lines of their own look like JSON lines; the object around them tells.
    if Self.spansLines(head) { return Self.isWrapper(head) ? 99 : 58 }
    // No format of JSON lines could read it: it is no whole line.
    if Self.isOneLongLine(head) { return 99 }
    return Self.isListPerLine(head) ? 62 : 0
  }

  /// True for lists each on a line of its own: read as they would be over several lines, each object by the format that knows it best.
  private static func isListPerLine(_ head: UnsafeRawBufferPointer) -> Bool {
    var cursor = LineCursor(head)
    var lists = 0
    while lists < 20, let line = cursor.next() {
      if Bytes.isBlank(line) { continue }
      if lists > 0, cursor.isAtEnd, !cursor.endedWithNewline { break }
      guard JSONWrapper.isList(line) else { return false }
      lists += 1
    }
    return lists > 0
  }

  private static func isWrapper(_ head: UnsafeRawBufferPointer) -> Bool {
    let start = JSONText.skipSpace(head, from: head.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    guard start < head.count, head[start] == 0x7B else { return false }
    return JSONWrapper.openElement(head, at: start) != nil
      || JSONShell.opening(UnsafeRawBufferPointer(rebasing: head[start...])) != nil
  }

  /// True for one line longer than the bytes at hand that is a list of objects, or an object around a list or map of them: such a
  /// line is read element by element.
  private static func isOneLongLine(_ head: UnsafeRawBufferPointer) -> Bool {
    let start = JSONText.skipSpace(head, from: head.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    guard head.count >= JSONShell.size, start < 1024,
      Bytes.find(0x0A, head, from: start, to: head.count) == head.count
    else { return false }
    let value = UnsafeRawBufferPointer(rebasing: head[start...])
    guard JSONText.valueEnd(value, from: 0) <= 0 else { return false }
    if value[0] == 0x7B {
      return start == 0 ? JSONShell.opening(value) != nil : JSONWrapper.openElement(value, at: 0) != nil
    }
    guard value[0] == 0x5B else { return false }
    let first = JSONText.skipSpace(value, from: 1)
    return first < value.count && value[first] == 0x7B
  }

  /// True when a JSON value begins the bytes and goes on beyond its first line.
  static func spansLines(_ head: UnsafeRawBufferPointer) -> Bool {
    let start = JSONText.skipSpace(head, from: head.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    guard start < head.count, head[start] == 0x7B || head[start] == 0x5B else { return false }
    let lineEnd = Bytes.find(0x0A, head, from: start, to: head.count)
    guard lineEnd < head.count else {
      return false
    }
    // A whole value on the first line: JSON lines.
    if JSONText.valueEnd(UnsafeRawBufferPointer(rebasing: head[start..<lineEnd]), from: 0) > 0 {
      return false
    }
    let end = JSONText.valueEnd(head, from: start)
    if end > 0 { return true }
    // Cut by the end of the bytes at hand: what follows the first line must look like the inside of a value.
    let second = JSONText.skipSpace(head, from: lineEnd)
    return head.count > 4096 && second < head.count && (head[second] == 0x22 || head[second] == 0x7B)
      && !standSideBySide(head, from: start)
  }

  /// True where most values that begin a line stand behind another without a comma between: lines of JSON whose first is torn.
  private static func standSideBySide(_ head: UnsafeRawBufferPointer, from start: Int) -> Bool {
    var inside = 0
    var beside = 0
    var lineEnd = Bytes.find(0x0A, head, from: start, to: head.count)
    while lineEnd < head.count {
      var last = lineEnd &- 1
      while last > start, head[last] <= 0x20 { last &-= 1 }
      let next = JSONText.skipSpace(head, from: lineEnd)
      guard next < head.count else { break }
      if head[next] == 0x22 || head[next] == 0x7B || head[next] == 0x5B {
        switch head[last] {
        case 0x7B, 0x5B, 0x2C, 0x3A: inside &+= 1
        default: beside &+= 1
        }
      }
      lineEnd = Bytes.find(0x0A, head, from: next, to: head.count)
    }
    return beside > inside
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    JSONDocumentParser(QueryAPIDocument(), isFramed: true, traits: context.traits)
  }
}
