import IncidentModel
import Testing

@testable import LogFormats

/// Messages that are JSON objects themselves: nothing that they say is lost.
@Suite struct NestedBodyTests {
  private static let body =
    #"{"ts":"2026-11-12T09:03:04.123Z","device":"p1","level":"error","msg":"inner","temp":5}"#

  @Test func whatTheEnvelopeSaysOtherwiseStaysAmongTheMembers() {
    let found = events("<11>1 2026-11-12T10:03:05Z gw-1 app 1 - - \(Self.body)\n")
    #expect(found.map(\.device) == ["gw-1"])
    #expect(found.map(\.message) == ["inner"])
    #expect(found.map(\.severity) == [3])
    let fields = found.first?.fields ?? ""
    #expect(
      fields.contains(#""nested":{"temp":5,"ts":"2026-11-12T09:03:04.123Z","device":"p1"}"#), "\(fields)")
  }

  @Test func aStampWithoutAYearDoesNotHideTheExactOneInside() {
    let found = events("Nov 12 10:03:05 gw-1 app[1]: @cee: \(Self.body)\n")
    #expect(found.map(\.time) == ["11-12T10:03:05"])
    #expect(found.first?.fields.contains(#""ts":"2026-11-12T09:03:04.123Z""#) == true)
    #expect(found.map(\.severity) == [3])
  }

  /// Syslog's `notice` and the journal's `info` are what a program's output gets; what a program says itself counts where it is worse.
  @Test(arguments: [(13, "error", 3), (14, "warn", 4), (14, "debug", 6), (11, "info", 3), (12, "error", 4)])
  func theWorseSeverityCountsWhereTheTransportHasADefault(_ priority: Int, _ word: String, _ severity: UInt8)
  {
    let found = events(
      #"<\#(priority)>1 2026-11-12T10:03:05Z gw-1 app 1 - - {"level":"\#(word)","msg":"m"}"# + "\n")
    #expect(found.map(\.severity) == [severity])
    // Where the other is told, both are.
    let isKept = found.first?.fields.contains(#""level":"\#(word)""#) == true
    #expect(isKept == (severity != Self.severity(word)))
  }

  private static func severity(_ word: String) -> UInt8 {
    Array(word.utf8).withUnsafeBytes { SeverityText.severity($0, scale: .unknown) }
  }

  @Test func theJournalsDefaultGivesWayAsWell() {
    let found = events(
      #"{"__REALTIME_TIMESTAMP":"1794474185123456","_HOSTNAME":"gw-1","SYSLOG_IDENTIFIER":"app","PRIORITY":"6","#
        + #""MESSAGE":"{\"level\":\"error\",\"msg\":\"inner\",\"device\":\"m-1\"}"}"# + "\n")
    #expect(found.map(\.severity) == [3])
    #expect(found.map(\.device) == ["gw-1"])
    #expect(found.first?.fields.contains(#""nested":{"device":"m-1"}"#) == true)
  }

  @Test func aRecordsOwnLevelStandsBesideThatOfItsMessage() {
    let found = events(
      #"{"host":"gw-8","level":"info","message":"{\"level\":\"error\",\"msg\":\"m\",\"device\":\"gw-8\"}","#
        + #""timestamp":"2026-11-12T09:03:06Z"}"# + "\n")
    #expect(found.map(\.severity) == [6])
    #expect(found.map(\.fields) == [#"{"nested":{"level":"error"}}"#])
  }

  @Test func aDeviceNamedInAMessageVouchesForItself() {
    let line = Array("2026-11-12T09:03:05Z stdout F \(Self.body)".utf8)
    let parser = BuiltInDefinitions.formats.first { $0.name == "cri" }!.makeParser(
      SourceContext(path: ["var", "log", "containers", "ingest-1.log"]))
    var reading = Reading()
    line.withUnsafeBytes { record in
      #expect(parser.parse(record, into: &reading) == .event)
      #expect(reading.text(reading.device, of: record) == "p1")
      #expect(reading.basis == .selfAsserted)
    }
    // A cloud vouches for the client that it names, not for what the client's message claims.
    let cloud = JSONShape(markers: [], device: ["clientId"], message: ["message"], basis: .authenticated)
      .makeParser()
    for (text, basis) in [
      (#"{"clientId":"c1","message":"{\"device\":\"x\"}"}"#, IdentityBasis.authenticated),
      (#"{"message":"{\"device\":\"x\",\"a\":1}"}"#, .selfAsserted),
    ] {
      Array(text.utf8).withUnsafeBytes { record in
        #expect(cloud.parse(record, into: &reading) == .event)
        #expect(reading.basis == basis, "\(text)")
      }
    }
  }
}
