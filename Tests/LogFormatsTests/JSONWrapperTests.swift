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
