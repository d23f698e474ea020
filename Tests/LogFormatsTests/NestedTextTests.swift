import Testing

@testable import LogFormats

/// Messages in which a program says itself what their envelope does not.
@Suite struct NestedTextTests {
  private func docker(_ text: String) -> [FormatTrial.Row] {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return events(#"{"log":"\#(escaped)\n","stream":"stderr","time":"2026-11-20T08:00:01.5Z"}"# + "\n")
  }

  @Test func pairsInDockersLinesSayDeviceSeverityAndMessage() {
    let found = docker(#"level=error device=pu-1 msg="no flow" try=2"#)
    #expect(found.map(\.device) == ["pu-1"])
    #expect(found.map(\.severity) == [3])
    #expect(found.map(\.message) == ["no flow"])
    #expect(found.map(\.time) == ["2026-11-20T08:00:01.5Z"])
    #expect(found.map(\.fields) == [#"{"stream":"stderr","nested":{"try":2}}"#])
  }

  @Test func theProgramsOwnExactTimeCounts() {
    for text in [
      "ts=2026-11-20T08:00:00.25Z level=warn device=pu-1 msg=slow",
      #"{"ts":"2026-11-20T08:00:00.25Z","level":"warn","device":"pu-1","msg":"slow"}"#,
    ] {
      let found = docker(text)
      #expect(found.map(\.time) == ["2026-11-20T08:00:00.25Z"], "\(text)")
      #expect(found.map(\.severity) == [4], "\(text)")
      #expect(found.first?.fields.contains(#""time":"2026-11-20T08:00:01.5Z""#) == true, "\(text)")
    }
    // One without a zone says less than the envelope's.
    let found = docker("ts=\"2026-11-20 09:00:00\" level=warn device=pu-1 msg=slow")
    #expect(found.map(\.time) == ["2026-11-20T08:00:01.5Z"])
    #expect(found.first?.fields.contains(#""nested":{"ts":"2026-11-20 09:00:00"}"#) == true)
  }

  @Test func aSeverityAtTheBeginningCountsWhereNoneIsGiven() {
    #expect(docker("ERROR no flow").map(\.severity) == [3])
    #expect(docker("2026-11-20 09:00:00,250 WARN [main] slow").map(\.severity) == [4])
    #expect(docker("all is well").map(\.severity) == [255])
    let given = events(
      #"{"time":"2026-11-20T08:00:00Z","host":"gw-1","level":"info","message":"ERROR x: y"}"# + "\n")
    #expect(given.map(\.severity) == [6])
  }

  @Test func whatTheEnvelopeSaysTakesNothingFromThePairs() {
    let found = events(
      #"{"time":"2026-11-20T08:00:00Z","host":"gw-1","message":"ts=2026-11-20T07:59:59Z level=error device=pu-1 msg=stuck"}"#
        + "\n")
    #expect(found.map(\.time) == ["2026-11-20T08:00:00Z"])
    #expect(found.map(\.device) == ["gw-1"])
    #expect(found.map(\.severity) == [3])
    #expect(found.map(\.message) == ["stuck"])
    #expect(found.map(\.fields) == [#"{"nested":{"ts":"2026-11-20T07:59:59Z","device":"pu-1"}}"#])
  }

  @Test func valuesOfARecordAreNoProgramsLine() {
    let text = #"item=0 name="/usr/bin/id" inode=8 dev=fc:00 host=x1 mode=0755"#
    #expect(docker(text).map(\.device) == [""])
    #expect(docker(text).map(\.fields) == [#"{"stream":"stderr"}"#])
  }

  @Test func proseWithEqualsSignsStaysAsItIs() {
    for text in ["x=1 is set", "a = b", "rssi=-70 weak link", "pid=7 uid=0 msg='op=add res=ok'"] {
      #expect(docker(text).map(\.message) == [text])
    }
  }
}
