import Testing

@testable import LogFormats

/// Objects that only wrap events.
@Suite struct JSONWrapperTests {
  private func rows(_ text: String) -> [FormatTrial.Row] {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }.rows
  }

  private static let pair =
    #"{"ts":1775552889,"device":"a","msg":"x"},{"ts":1775552890,"device":"b","msg":"y"}"#

  @Test(arguments: ["Records", "events", "readings", "irgendwas"])
  func aListThatIsTheOnlyMemberIsOpened(_ name: String) {
    for text in [#"{"\#(name)":[\#(Self.pair)]}"# + "\n", "{\n \"\(name)\": [\n\(Self.pair)\n]\n}\n"] {
      let found = rows(text).filter { $0.verdict == "event" }
      #expect(found.map(\.device) == ["a", "b"], "\(text)")
      #expect(found.map(\.message) == ["x", "y"])
    }
  }

  @Test func aListBesideOtherMembersIsAField() {
    let found = rows(#"{"device":"a","irgendwas":[{"x":1},{"x":2}]}"# + "\n")
    #expect(found.map(\.device) == ["a"])
    #expect(found.map(\.fields) == [#"{"irgendwas":[{"x":1},{"x":2}]}"#])
  }

  @Test func objectsThatAreNotAlikeStayTogether() {
    let found = rows("{\n \"status\": {\n  \"cpu\": {\"load\": 1},\n  \"net\": {\"rx\": 2}\n }\n}\n")
    #expect(found.map(\.verdict) == ["event"])
    #expect(found.first?.fields.contains("cpu") == true && found.first?.fields.contains("net") == true)
  }

  @Test func aBrokenWrapperIsRefusedWhole() {
    let found = rows(#"{"irgendwas":[{"ts":1775552889,"msg":"x"},{"ts":1"# + "\n")
    #expect(found.allSatisfy { $0.verdict.hasPrefix("refused") })
  }

  @Test(arguments: [
    #"{"apiVersion":"v1","kind":"List","items":[PAIR]}"#, #"{"total":2,"page":1,"data":[PAIR],"next":null}"#,
    #"{"code":0,"msg":"success","data":[PAIR]}"#,
    #"{"took":3,"timed_out":false,"hits":{"total":{"n":2},"hits":[PAIR]}}"#,
    #"{"status":"success","data":{"resultType":"x","result":[PAIR],"stats":{}}}"#,
  ]) func aListOfAUsualNameIsOpenedWhereverItStands(_ text: String) {
    let compact = text.replacing("PAIR", with: Self.pair)
    for text in [compact, compact.replacing(",", with: ",\n ")] {
      let found = rows(text + "\n").filter { $0.verdict == "event" }
      #expect(found.map(\.device) == ["a", "b"], "\(text)")
      #expect(found.map(\.message) == ["x", "y"])
    }
  }

  private func found(_ text: String) -> [FormatTrial.Row] {
    let compact = rows(text + "\n").filter { $0.verdict == "event" }
    let pretty = rows(text.replacing(",", with: ",\n ") + "\n").filter { $0.verdict == "event" }
    #expect(
      compact.map(\.device) == pretty.map(\.device) && compact.map(\.time) == pretty.map(\.time), "\(text)")
    return compact
  }

  @Test func objectsWithStampsInAListAreEvents() {
    let site = found(
      #"{"site":"x1","device":"gw-9","entries":[{"time":"2026-11-20T08:00:00Z","level":"error","msg":"stuck"},"#
        + #"{"time":"2026-11-20T08:00:10Z","level":"info","msg":"free","site":"x2"}]}"#)
    #expect(site.map(\.time) == ["2026-11-20T08:00:00Z", "2026-11-20T08:00:10Z"])
    #expect(site.map(\.device) == ["gw-9", "gw-9"])
    #expect(site.map(\.severity) == [3, 6])
    #expect(site.map(\.fields) == [#"{"site":"x1"}"#, #"{"site":"x2"}"#])
    let sent = found(
      #"{"sent":1,"timestamp":"2026-11-20T09:00:00Z","gateway":"gw-7","readings":[{"ts":"2026-11-20T08:00:00Z","sensor":"t-1","temp":4},"#
        + #"{"ts":"2026-11-20T08:00:05Z","sensor":"t-2","temp":5}]}"#)
    #expect(sent.map(\.device) == ["t-1", "t-2"])
    #expect(sent.map(\.time) == ["2026-11-20T08:00:00Z", "2026-11-20T08:00:05Z"])
    #expect(
      sent.first?.fields == #"{"temp":4,"sent":1,"timestamp":"2026-11-20T09:00:00Z","gateway":"gw-7"}"#)
  }

  @Test func devicesInAListAreTheRecordsWhereItNamesNoOther() {
    for outer in [#""site":"x1""#, #""gateway":"gw-7""#] {
      let devices = found(
        #"{"ts":"2026-11-20T08:00:00Z",\#(outer),"rows":[{"sensor":"t-1","temp":4},{"sensor":"t-2","temp":5}]}"#
      )
      #expect(devices.map(\.device) == ["t-1", "t-2"])
      #expect(devices.map(\.time) == ["2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"])
      #expect(devices.last?.fields == #"{"temp":5,\#(outer)}"#)
    }
  }

  /// However many objects a line of them has, and records beside them.
  @Test func recordsWithListsStandAmongOthers() {
    let found = rows(
      #"{"ts":"2026-11-20T08:00:00Z","device":"gw-7","msg":"begins"}"# + "\n"
        + #"{"ts":"2026-11-20T08:01:00Z","gateway":"gw-7","rows":[{"sensor":"t-1","temp":4},{"sensor":"t-2","temp":5}]}"#
        + "\n"
        + #"[{"device":"a","rows":[{"ts":1775552889,"v":1},{"ts":1775552890,"v":2}]},{"device":"b","rows":[{"ts":1775552891,"v":1}]}]"#
        + "\n")
    #expect(found.map(\.device).prefix(3) == ["gw-7", "t-1", "t-2"])
    let list = rows(
      #"[{"device":"a","rows":[{"ts":1775552889,"v":1},{"ts":1775552890,"v":2}]},"# + "\n"
        + #"{"device":"b","rows":[{"ts":1775552891,"v":1}]}]"# + "\n"
    ).filter { $0.verdict == "event" }
    #expect(list.map(\.device) == ["a", "a", "b"])
  }

  @Test(arguments: [
    // A message, or a time and a severity, is an event's.
    #"{"ts":1775552889,"msg":"rollout failed","steps":[{"ts":1775552880,"x":1},{"ts":1775552881,"x":2}]}"#,
    #"{"ts":1775552889,"level":"error","steps":[{"ts":1775552880,"x":1},{"ts":1775552881,"x":2}]}"#,
    // Who heard a device, and whom it heard.
    #"{"ts":1775552889,"device":"t-1","rx":[{"gateway":"g-1","time":"2026-11-20T08:00:00Z"},{"gateway":"g-2","time":"2026-11-20T08:00:00Z"}]}"#,
    #"{"ts":1775552889,"device":"ap-1","clients":[{"mac":"aa:bb:cc:dd:ee:01"},{"mac":"aa:bb:cc:dd:ee:02"}]}"#,
    #"{"ts":1775552889,"event":"rollout","targets":[{"device":"a"},{"device":"b"}]}"#,
    // Dates of records, two lists, and objects that say neither when nor whose.
    #"{"ts":1775552889,"device":"a","images":[{"created_at":"2026-01-01T00:00:00Z"},{"created_at":"2026-02-01T00:00:00Z"}]}"#,
    #"{"device":"a","one":[{"ts":1775552880}],"two":[{"ts":1775552880}]}"#,
    #"{"device":"a","rows":[{"ts":1775552880,"v":1},{"v":2}]}"#,
  ])
  func otherRecordsWithListsStayOneEvent(_ text: String) {
    #expect(found(text).count == 1, "\(text)")
  }

  /// What says when, where or what is an event with a list in it.
  @Test(arguments: [
    #"{"ts":1775552889,"items":[{"x":1},{"x":2}]}"#, #"{"sensor":"a","data":[{"x":1},{"x":2}]}"#,
    #"{"msg":"batch failed","items":[{"x":1},{"x":2}]}"#,
    #"{"sn":"SN-17","data":[{"x":1},{"x":2}]}"#, #"{"kind":"a","probe":{"id":7},"items":[{"x":1},{"x":2}]}"#,
    #"{"status":"alarm","data":[{"x":1},{"x":2}]}"#,
    #"{"id":7,"level":"warn","values":{"data":[{"x":1}]}}"#,
  ]) func anEventWithAListIsOne(_ text: String) {
    #expect(rows(text + "\n").filter { $0.verdict == "event" }.count == 1)
  }

  @Test(arguments: ["", "\n", " \r\n"]) func aListOnOneLineIsItsObjects(_ end: String) {
    for text in ["[\(Self.pair)]", "[ \(Self.pair) ]"] {
      let found = rows(text + end).filter { $0.verdict == "event" }
      #expect(found.map(\.device) == ["a", "b"], "\(text)")
    }
    let several = rows("[\(Self.pair)]\n[\(Self.pair)]\n").filter { $0.verdict == "event" }
    #expect(several.map(\.device) == ["a", "b", "a", "b"])
    #expect(rows("[1,2]\n[\"a\"]\n").allSatisfy { $0.format == "text" })
  }

  @Test func namesBehindMarksAndWrappersAreFound() {
    let hit =
      #"{"_index":"logs","_source":{"@timestamp":"2026-11-12T09:03:00.123Z","host":{"name":"gw-0"},"#
      + #""log":{"level":"error"},"message":"link lost"}}"#
    let found = rows(hit + "\n")
    #expect(found.map(\.time) == ["2026-11-12T09:03:00.123Z"])
    #expect(found.map(\.device) == ["gw-0"])
    #expect(found.map(\.severity) == [3])
    let cloud = rows(
      #"{"jsonPayload":{"message":"lost","device":"gw-44"},"timestamp":"2026-11-12T09:03:05Z","severity":"ERROR"}"#
        + "\n" + #"{"event":{"origin":"pump-7","payload":{"temp":9}}}"# + "\n"
        + #"{"ts":{"$date":{"$numberLong":"1794474186000"}},"device":"m"}"# + "\n")
    #expect(cloud.map(\.device) == ["gw-44", "pump-7", "m"])
    #expect(cloud.map(\.message) == ["lost", "", ""])
    #expect(cloud.map(\.time) == ["2026-11-12T09:03:05Z", "none", "2026-11-12T09:03:06.000Z"])
    let monitor = rows(
      #"{"data":[{"attributes":{"status":"error","host":"gw-1","timestamp":"2026-11-12T09:03:05Z","message":"m"}}]}"#
    )
    #expect(monitor.map(\.severity) == [3])
  }

  @Test func aStampThatCannotBeReadIsNoMessage() {
    let found = rows(#"{"body":{"temperature":22.5},"enqueuedTime":"some day about noon","a":"b"}"# + "\n")
    #expect(found.map(\.message) == [""])
    #expect(found.first?.fields.contains("some day about noon") == true)
  }
}
