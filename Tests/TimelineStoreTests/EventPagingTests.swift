import IncidentModel
import Testing

@testable import TimelineStore

/// Pages are the whole answer cut into pieces, whichever index they are read along.
@Suite struct EventPagingTests {
  private func reader(seed: UInt64) throws -> (QueryFixture, CaseReader) {
    var events = QueryEvaluationTests.events(seed: seed, count: 150)
    // Many at one instant, which a page may end among.
    for segment in events.indices {
      for index in events[segment].indices where index % 3 == 0 {
        events[segment][index].time = Int64(index % 9) * 60_000_000_000
      }
    }
    let fixture = try QueryFixture(events: events, inventory: QueryEvaluationTests.inventory)
    let minute = RollupQuery.minute
    try fixture.run(
      """
      INSERT INTO minute_rollup SELECT (time - ((time % \(minute)) + \(minute)) % \(minute)) / \(minute),
        coalesce(severity, 8), count(*) FROM event WHERE time IS NOT NULL GROUP BY 1, 2
      """)
    return (fixture, try fixture.reader())
  }

  @Test(arguments: [
    "", "severity>=error", "severity:critical", "severity>=critical since:1970-01-01T00:01:00Z",
    "severity>=error since:1969-12-31T23:50:00Z until:1970-01-01T00:20:30Z", "severity:alert program:app",
    "severity:notice", "severity>=warning until:1970-01-01T00:05:00Z", "severity:none",
    "text:low severity>=error",
    "device:gw-1 severity>=error", "device:gw-1", "program:kernel since:1970-01-01",
    "severity>warning severity<alert",
  ])
  func areTheAnswerInPieces(expression: String) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let (fixture, reader) = try reader(seed: seed)
      let query = try reader.query(expression)
      for order in EventOrder.allCases {
        var expected: [EventID] = []
        // Pages have the events without a time last in both orders.
        for isTimed in [true, false] {
          try reader.forEachEvent(matching: query, order: order) {
            if ($0.time != nil) == isTimed { expected.append($0.id) }
            return true
          }
        }
        var found: [EventID] = []
        var cursor: EventCursor?
        repeat {
          let page = try reader.page(matching: query, after: cursor, order: order, limit: 7, seconds: 5)
          found += page.events.map(\.id)
          cursor = page.next
        } while cursor != nil
        #expect(found == expected, "\(order)")
        #expect(!expected.isEmpty)
      }
      withExtendedLifetime(fixture) {}
    }
  }

  @Test(arguments: ["severity>=error", "severity:alert", "severity>=critical since:1969-12-31T23:50:00Z", ""])
  func facetsCountTheWholeAnswer(expression: String) throws {
    let (fixture, reader) = try reader(seed: 4)
    let query = try reader.query(expression)
    let facets = try reader.facets(matching: query, attribute: nil, limit: 1000, seconds: 5, top: 100)
    let whole = try reader.count(matching: query)
    #expect(facets.isComplete && facets.counted == whole)
    let sample = try reader.facets(matching: query, attribute: nil, limit: 16, seconds: 5, top: 100)
    #expect(sample.counted > 0 && sample.counted <= facets.counted)
    for (severity, _) in sample.severities { #expect(facets.severities.contains { $0.value == severity }) }
    withExtendedLifetime(fixture) {}
  }

  @Test func devicesAndInventoryAreJoinedByName() throws {
    let names = ["a", "a-1", "a1", "ab", "b", "ä", "zz"]
    let fixture = try QueryFixture(
      events: [
        ["a1", "ab", "c", "zz", "ä", "0"].map { QueryFixture.Event(time: 1, device: $0, severity: 6) }
      ],
      inventory: (["site"], names.map { ($0, [$0 < "b" ? "north" : $0 == "b" ? "" : "south"]) }))
    let reader = try fixture.reader()
    #expect(try reader.deviceCounts() == (6, 3))
    let index = try #require(try reader.attributeIndex("site"))
    #expect(index.values == ["north", "south"] && index.counts == [4, 2])
    for attribute in [FacetAttribute.known(index), .asked("site")] {
      let facets = try reader.facets(
        matching: reader.query(""), attribute: attribute, limit: 100, seconds: 5, top: 10)
      #expect(
        facets.attribute.map(\.value) == ["north", "south"] && facets.attribute.map(\.events) == [2, 2])
    }
    #expect(try index.codesByName(reader) == ["a": 0, "a-1": 0, "a1": 0, "ab": 0, "ä": 1, "zz": 1])
    #expect(try reader.attribute("site", of: "zz") == "south")
    #expect(try reader.attribute("site", of: "b") == nil)
    #expect(try reader.attribute("none", of: "zz") == nil)
  }

  @Test func recordsKeepEveryCharacter() {
    let text = "plain \"quoted\" back\\slash \u{1} \u{1f} \n ü 🙂"
    let object = RecordText.object([("text", text), ("none", nil), ("more", "")])
    #expect(object == #"{"text":"plain \"quoted\" back\\slash \u0001 \u001f \u000a ü 🙂","more":""}"#)
    #expect(RecordText.member("text", of: object) == text && RecordText.member("more", of: object) == "")
    #expect(RecordText.member("none", of: object) == nil)
  }
}
