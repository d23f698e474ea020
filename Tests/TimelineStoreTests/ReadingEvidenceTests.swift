import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct ReadingEvidenceTests {
  @Test func loadsColumnsInOrderOfTime() throws {
    var lost = QueryFixture.Event(time: 3_000_000_000, device: "gw-1", severity: 3)
    lost.template = "connection to <*> lost, update-service says <*>"
    lost.variables = ["mqtt://broker-1:1883", "req-77"]
    var whole = QueryFixture.Event(time: 1_000_000_000, device: "broker-1", severity: nil)
    whole.message = Array("no answer from (gw-1). \u{1}".utf8)
    var telemetry = QueryFixture.Event(time: 2_000_000_000, device: "gw-1", severity: 6)
    telemetry.fields = #"{"temp_c":21.5,"net":{"rssi":-60},"peer":"lock-7","ok":true,"bad":"x"}"#
    var earlier = telemetry
    earlier.time = 500_000_000
    earlier.fields = #"{"temp_c":20}"#
    let timeless = QueryFixture.Event(time: nil, device: "gw-1", severity: 1)
    let fixture = try QueryFixture(
      events: [[lost, whole, timeless], [telemetry, earlier]],
      inventory: (["site"], [("lock-7", ["p1"]), ("gw-1", ["p2"]), ("update-service", [""])]))
    let (evidence, report) = try fixture.reader().loadEvidence()
    #expect(report.matched == 5 && report.withoutTime == 1)
    #expect(evidence.devices == ["gw-1", "broker-1", "lock-7", "update-service"])
    #expect(evidence.eventIDs == [5, 2, 4, 1])
    #expect(evidence.times == [500_000_000, 1_000_000_000, 2_000_000_000, 3_000_000_000])
    #expect(evidence.eventDevices == [0, 1, 0, 0])
    #expect(evidence.severities == [6, 255, 6, 3])
    #expect(evidence.identityBases == [2, 2, 2, 2])
    #expect(evidence.timeErrorLog2 == [19, 19, 19, 19])
    #expect(evidence.eventTemplates.map { evidence.templateTexts[Int($0)] }[3] == lost.template)
    #expect(
      zip(evidence.mentionEvents, evidence.mentionDevices).map { "\($0) \(evidence.devices[Int($1)])" }
        == ["1 gw-1", "2 lock-7", "3 broker-1", "3 update-service"])
    #expect(evidence.tokenEvents == [3])
    #expect(evidence.tokenHashes == [UInt32(truncatingIfNeeded: ContentHash.of("req-77"))])
    let series = evidence.series.sorted { $0.name < $1.name }
    #expect(series.map(\.name) == ["net.rssi", "temp_c"])
    #expect(
      series[1].values == [20, 21.5] && series[1].eventIDs == [5, 4]
        && series[1].times == [500_000_000, 2_000_000_000])
    #expect(series[0].values == [-60])
    var limits = EvidenceLimits()
    limits.fewestValues = 2
    let longer = try fixture.reader().loadEvidence(limits: limits).evidence.series
    #expect(longer.map(\.name) == ["temp_c"] && longer.map(\.values) == [series[1].values])
    #expect(evidence.inventory.value(device: "gw-1", attribute: "site") == "p2")
  }

  /// Whom a message is about it names first; the inventory knows them in another order, and a name in all messages of the kind is
  /// that of somebody else.
  @Test func namesAreKeptInTheOrderInWhichAMessageHoldsThem() throws {
    var lost = QueryFixture.Event(time: 1_000_000_000, device: "hub", severity: 4)
    lost.template = "from licence-1: <*> dropped, moved to <*>, was <*>"
    lost.variables = ["cell-9", "cell-2", "cell-9"]
    // Read in another order than that of their stamps.
    let later = QueryFixture.Event(time: 2_000_000_000, device: "hub", severity: 6)
    let fixture = try QueryFixture(
      events: [[later, lost]],
      inventory: (["site"], [("licence-1", ["a"]), ("cell-2", ["a"]), ("cell-9", ["a"]), ("hub", ["a"])]))
    let evidence = try fixture.reader().loadEvidence().evidence
    #expect(evidence.mentionDevices.map { evidence.devices[Int($0)] } == ["cell-9", "cell-2", "licence-1"])
  }

  /// A source may be called after whoever wrote it for others: by a folder, or by its file without what follows the name.
  @Test func namesInThePathOfASourceAreKept() throws {
    let events = ["probe-1", "probe-2"].map {
      QueryFixture.Event(time: 1_000_000_000, device: $0, severity: 6)
    }
    let fixture = try QueryFixture(
      events: [[events[0]], [events[1]]],
      inventory: (["site"], [("gw-1", ["a"]), ("part-2", ["a"]), ("syslog", ["a"])]))
    let evidence = try fixture.reader().loadEvidence().evidence
    // The sources are `logs/part-N.zip` with `gw-N/syslog.N` in them.
    let names = evidence.sources.map { $0.namedInPath.map { evidence.devices[Int($0)] } }
    #expect(names == [["gw-1", "syslog"], ["part-2", "syslog"]])
  }

  @Test func reasonsMakeKindsOfMessageAndActorsAreEntities() throws {
    func event(_ second: Int64, _ device: String, _ message: String, _ fields: String) -> QueryFixture.Event {
      var event = QueryFixture.Event(time: second * 1_000_000_000, device: device, severity: nil)
      event.template = message
      event.fields = fields
      return event
    }
    let fixture = try QueryFixture(events: [
      [
        event(1, "gw-1", "gone", #"{"disconnectReason":"KEEP_ALIVE"}"#),
        event(2, "gw-2", "gone", #"{"details":{"reason_code":"KEEP_ALIVE"}}"#),
        event(3, "gw-1", "gone", #"{"reason":142,"changedBy":"maria"}"#),
        event(4, "gw-1", "gone", #"{"reason":"it was late, and dark","treason":1}"#),
        event(5, "gw-2", "set", #"{"actor":"gw-1"}"#),
        event(6, "gw-2", "set", #"{"userIdentity":{"type":"User","arn":"arn:lee"},"createdby":"gw-2"}"#),
        event(7, "gw-2", "set", #"{"arn":"arn:kim","nearby":"gw-1"}"#),
      ]
    ])
    let evidence = try fixture.reader().loadEvidence().evidence
    #expect(
      evidence.eventTemplates.map { evidence.templateTexts[Int($0)] }
        == ["gone KEEP_ALIVE", "gone KEEP_ALIVE", "gone 142", "gone", "set", "set", "set"])
    #expect(evidence.templatePrograms.count == evidence.templateTexts.count)
    #expect(
      zip(evidence.actorEvents, evidence.actorDevices).map { "\($0) \(evidence.devices[Int($1)])" }
        == ["2 maria", "4 gw-1", "5 arn:lee"])
  }

  @Test func aTextInAFieldForReasonsIsNotATemplateEach() throws {
    let rows = (0..<40).map { number in
      var event = QueryFixture.Event(time: Int64(number) * 1_000_000_000, device: "gw-1", severity: nil)
      event.fields = #"{"cause":"c\#(String(UnicodeScalar(UInt8(97 + number % 26))))\#(number / 26)x"}"#
      return event
    }
    let evidence = try QueryFixture(events: [rows]).reader().loadEvidence().evidence
    #expect(evidence.templateTexts.count == 17)
  }

  @Test func takesOnlyWhatMatchesAndSaysWhatIsLeftOut() throws {
    let reader = try QueryFixture(events: QueryEvaluationTests.events(seed: 8, count: 100)).held {
      try $0.reader()
    }
    let (evidence, _) = try reader.value.loadEvidence(matching: "severity>=error device:gw-*")
    #expect(!evidence.times.isEmpty)
    #expect(evidence.severities.allSatisfy { $0 <= 3 })
    #expect(evidence.times == evidence.times.sorted())
    let bounded = try reader.value.loadEvidence(limits: EvidenceLimits(values: 3, tokens: 2))
    #expect(bounded.report.valuesLeftOut > 0 && bounded.report.tokensLeftOut > 0)
    #expect(bounded.evidence.series.reduce(0) { $0 + $1.values.count } == 3)
    #expect(throws: StoreError.self) { try reader.value.loadEvidence(limits: EvidenceLimits(events: 10)) }
  }

  @Test func sortsAsTheStandardLibraryDoes() {
    var random = SplitMix(seed: 1)
    for range in [
      0...3, -5...5, Int64.min...Int64.max, 1_775_000_000_000_000_000...1_775_000_100_000_000_000,
    ] as [ClosedRange<Int64>] {
      let times = (0..<500).map { _ in Int64.random(in: range, using: &random) }
      let ids = (0..<500).map { Int64($0) }
      let expected = ids.sorted { (times[Int($0)], $0) < (times[Int($1)], $1) }.map { Int32($0) }
      #expect(TimeOrder.permutation(times: times, ids: ids) ?? ids.map { Int32($0) } == expected)
    }
  }
}

/// A value that keeps the fixture it came from alive.
struct Held<Value> {
  let value: Value
  let fixture: QueryFixture
}

extension QueryFixture {
  func held<Value>(_ make: (QueryFixture) throws -> Value) rethrows -> Held<Value> {
    Held(value: try make(self), fixture: self)
  }
}
