import IncidentModel
import Testing

@testable import TimelineStore

/// How a search walks through loud minutes.
@Suite struct TimeWindowTests {
  /// A reader of a case whose roll-up says that there are so many events in each minute from the epoch on.
  private func reader(_ minutes: [Int64]) throws -> (QueryFixture, CaseReader) {
    let fixture = try QueryFixture(events: [[.init(time: 1, device: "gw-1", severity: 6)]])
    for (minute, events) in minutes.enumerated() where events > 0 {
      try fixture.run("INSERT INTO minute_rollup VALUES (\(minute), 6, \(events))")
    }
    fixture.close()
    return (fixture, try fixture.reader())
  }

  @Test(arguments: EventOrder.allCases)
  func stretchesFollowEachOtherWithoutGapAndLoudMinutesAreCut(order: EventOrder) throws {
    let (fixture, reader) = try reader([10, 400_000, 0, 3_000, 250_000])
    defer { withExtendedLifetime(fixture) {} }
    var windows = try TimeWindows(reader, bounds: (nil, nil), from: nil, order: order)
    var found: [Range<Int64>] = []
    while let window = try windows.next() {
      found.append(window)
      windows.tookSeconds(0.1)
    }
    #expect(!windows.hasMore)
    if order == .newestFirst { found.reverse() }
    #expect(found.first?.lowerBound == 0 && found.last?.upperBound == 5 * RollupQuery.minute)
    for (one, next) in zip(found, found.dropFirst()) {
      // Between two stretches lie only minutes without events.
      #expect(one.upperBound == next.lowerBound || next.lowerBound - one.upperBound == RollupQuery.minute)
    }
    // 650,000 events in stretches of at most 15,000.
    #expect(found.count > 40, "\(found.count)")
  }

  @Test(arguments: EventOrder.allCases)
  func minutesWithoutTheWantedSeverityArePassedOver(order: EventOrder) throws {
    let (fixture, reader) = try reader([900, 900, 900, 900, 900])
    try fixture.run("INSERT INTO minute_rollup VALUES (1, 3, 2), (4, 2, 1)")
    let query = try reader.query("severity>=error program:app")
    var windows = try TimeWindows(
      reader, bounds: (nil, nil), from: nil, order: order, severities: query.expression.severitiesWanted)
    var found: [Range<Int64>] = []
    while let window = try windows.next() { found.append(window) }
    let minute = RollupQuery.minute
    #expect(Set(found) == [minute..<2 * minute, 4 * minute..<5 * minute], "\(found)")
    #expect(try reader.query("program:app").expression.severitiesWanted == nil)
  }

  @Test func aLoudCaseIsDrawnMinuteByMinuteInsteadOfCounted() throws {
    let (fixture, reader) = try reader([Int64](repeating: 50_000, count: 90))
    defer { withExtendedLifetime(fixture) {} }
    let found = try #require(
      try reader.quickHistogram(matching: reader.query("severity:info"), maximumBins: 200, events: 20_000))
    #expect(found.isExact && found.histogram.span == RollupQuery.minute && found.histogram.bins.count == 90)
    #expect(found.histogram.bins.allSatisfy { $0.events == 50_000 && $0.errors == 0 })
    let other = try #require(
      try reader.quickHistogram(matching: reader.query("program:app"), maximumBins: 200, events: 20_000))
    #expect(!other.isExact)
  }
}
