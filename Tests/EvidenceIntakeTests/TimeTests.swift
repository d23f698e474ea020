import IncidentModel
import LogFormats
import Testing

@testable import EvidenceIntake

/// Years, zones and what was decided about them.
@Suite struct TimeTests {
  /// 2026-01-03 12:00 UTC.
  private let january = 1_767_441_600

  private func read(
    _ lines: [String], name: String = "gw.log", modified: Int, gzipTime: UInt32? = nil,
    _ change: (inout IntakeOptions) -> Void = { _ in }
  ) throws -> MemorySink.Source {
    let folder = Folder()
    let text = lines.map { $0 + "\n" }.joined()
    let bytes = gzipTime.map { Make.gzip(text, modified: $0) } ?? Array(text.utf8)
    let (sink, _) = try ingest([folder.write(name, bytes, modified: modified)], change)
    return try #require(sink.sources.first)
  }

  private func times(_ source: MemorySink.Source) -> [String] {
    source.events.map { Instant(nanoseconds: $0.time).rfc3339(fractionDigits: 0) }
  }

  @Test func countsYearsBackFromTheFilesTime() throws {
    let source = try read(
      ["Dec 30 10:00:00 gw-1 app: a", "Dec 31 23:59:59 gw-1 app: b", "Jan  1 00:00:03 gw-1 app: c"],
      modified: january)
    #expect(times(source) == ["2025-12-30T10:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:03Z"])
    #expect(source.events.allSatisfy { $0.quality == .inferredYear })
    #expect(source.account.firstTime?.description == "2025-12-30T10:00:00.000Z")
    #expect(source.account.decisions.contains { $0.subject == "year" && $0.value == "2025–2026" })
  }

  @Test func countsBackWhereTheNewestLineComesFirst() throws {
    let stamps = [
      "Jan  2 03:00:00", "Jan  2 03:00:00", "Jan  1 00:00:10", "Dec 31 23:59:50", "Jan  1 00:00:01",
      "Dec 31 12:00:00", "Dec 30 01:00:00", "Nov 20 07:00:00", "Mar  3 08:00:00", "Mar  2 08:00:00",
      "Dec 30 08:00:00", "Dec 28 08:00:00",
    ]
    let source = try read(stamps.map { $0 + " gw-1 app: a" }, modified: january)
    #expect(
      times(source) == [
        "2026-01-02T03:00:00Z", "2026-01-02T03:00:00Z", "2026-01-01T00:00:10Z", "2025-12-31T23:59:50Z",
        "2026-01-01T00:00:01Z", "2025-12-31T12:00:00Z", "2025-12-30T01:00:00Z", "2025-11-20T07:00:00Z",
        "2025-03-03T08:00:00Z", "2025-03-02T08:00:00Z", "2024-12-30T08:00:00Z", "2024-12-28T08:00:00Z",
      ])
    #expect(source.account.decisions.contains { $0.subject == "year" && $0.value == "2024–2026" })
  }

  @Test func eventsOfTheSameSecondKeepOneTimeWhateverIsPutRight() throws {
    let source = try read(
      [
        "Dec 31 23:59:59", "Dec 31 23:59:59", "Dec 31 23:59:59", "Jan  1 00:00:00", "Jan  1 00:00:00",
        "Oct 11 09:00:00", "Oct 11 09:00:00", "Oct 11 09:00:00",
      ].map { $0 + " gw-1 app: a" },
      modified: january)
    #expect(
      times(source) == [
        "2024-12-31T23:59:59Z", "2024-12-31T23:59:59Z", "2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z",
        "2025-01-01T00:00:00Z", "2025-10-11T09:00:00Z", "2025-10-11T09:00:00Z", "2025-10-11T09:00:00Z",
      ])
  }

  @Test func countsBackOverSeveralYears() throws {
    let source = try read(
      [
        "Nov  1 00:00:00 gw-1 a: x", "Mar  2 00:00:00 gw-1 a: x", "Dec  1 00:00:00 gw-1 a: x",
        "Jan  2 00:00:00 gw-1 a: x",
      ],
      modified: january)
    #expect(
      times(source) == [
        "2024-11-01T00:00:00Z", "2025-03-02T00:00:00Z", "2025-12-01T00:00:00Z", "2026-01-02T00:00:00Z",
      ])
  }

  @Test func theGzipHeaderComesBeforeTheFilesTime() throws {
    let source = try read(
      ["Jun  5 10:00:00 gw-1 app: a"], name: "a.gz", modified: january, gzipTime: 1_600_000_000)
    #expect(times(source) == ["2020-06-05T10:00:00Z"])
  }

  @Test func aLeapDayGoesIntoALeapYear() throws {
    let source = try read(["Feb 29 10:00:00 gw-1 app: a", "Mar  1 10:00:00 gw-1 app: b"], modified: january)
    #expect(times(source) == ["2024-02-29T10:00:00Z", "2024-03-01T10:00:00Z"])
  }

  @Test func aClockThatFellBackForAWhileIsNoNewYear() throws {
    let source = try read(
      ["Oct 31 10:00:00 gw-1 app: a", "Jan  1 00:00:04 gw-1 app: boot", "Oct 31 10:01:00 gw-1 app: b"],
      modified: january)
    #expect(times(source) == ["2025-10-31T10:00:00Z", "2025-01-01T00:00:04Z", "2025-10-31T10:01:00Z"])
  }

  @Test func linesOutOfOrderAtNewYearKeepTheirYears() throws {
    let source = try read(
      [
        "Dec 31 23:59:58 gw-1 a: x", "Jan  1 00:00:00 gw-1 a: x", "Dec 31 23:59:59 gw-1 a: x",
        "Jan  1 00:00:01 gw-1 a: x",
      ],
      modified: january)
    #expect(
      times(source) == [
        "2025-12-31T23:59:58Z", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z",
      ])
  }

  @Test func aGivenYearIsThatOfTheFirstStamp() throws {
    let source = try read(
      ["Dec 31 23:59:59 gw-1 app: b", "Jan  1 00:00:03 gw-1 app: c"], modified: january
    ) { $0.years = [SourceRule(parsing: "2019")] }
    #expect(times(source) == ["2019-12-31T23:59:59Z", "2020-01-01T00:00:03Z"])
  }

  @Test func zonesAreGivenForAllOrByPattern() throws {
    let line = ["Jul  5 10:00:00 gw-1 app: a"]
    let berlin = try read(line, modified: january) { $0.timeZones = [SourceRule(parsing: "Europe/Berlin")] }
    #expect(times(berlin) == ["2025-07-05T08:00:00Z"])
    let other = try read(line, modified: january) {
      $0.timeZones = [
        SourceRule(parsing: "+01:00"), SourceRule(parsing: "x*.log=Asia/Tokyo"),
        SourceRule(parsing: "gw*=+03:00"),
      ]
    }
    #expect(times(other) == ["2025-07-05T07:00:00Z"])
    #expect(throws: IntakeError.self) {
      try read(line, modified: january) { $0.timeZones = [SourceRule(parsing: "Mars/Base")] }
    }
  }

  @Test func membersCountBackFromTheirOwnTime() throws {
    let folder = Folder()
    var entry = Make.Entry(name: "gw.log", bytes: Array("Dec 31 10:00:00 gw-1 app: a\n".utf8))
    entry.modified = 1_546_300_800
    let path = folder.write("a.tar", Make.archive(.tar, [entry]), modified: january)
    let (sink, _) = try ingest([path])
    #expect(times(sink.sources[0]) == ["2018-12-31T10:00:00Z"])
  }

  /// A resolver placed on the wrong provisional year must arrive where one that guessed right does.
  @Test func adjustmentsGiveWhatARightGuessWouldHaveGiven() {
    let day: Int64 = 86_400_000_000_000
    let stamps: [Int64] = [330, 20, 59, 60, 200, 364, 3, 59, 61].map { $0 * day }
    let bound = UpperBound(instant: 1_767_441_600_000_000_000, reason: "test")
    var resolver = TimeResolver(zone: nil, forcedYear: nil, bound: bound)
    var times = stamps.enumerated().map { index, stamp in
      resolver.resolve(kind: .noYear, time: stamp, resolution: 1, ordinal: index).time
    }
    let outcome = resolver.finish(bound: bound)
    for adjustment in outcome.adjustments {
      for index in adjustment.events { times[index] += adjustment.shift }
    }
    let dates = times.map { Instant(nanoseconds: $0).rfc3339(fractionDigits: 0).prefix(10) }
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 }, "\(dates)")
    #expect(times.last! <= bound.instant)
  }

  @Test func bootsAreAnchoredByWhatTheUserSays() throws {
    let source = try read(
      [
        "I (100) wifi: up", "I (5000) app: a", "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
        "I (90) wifi: up", "I (700) app: b",
      ], name: "console.log", modified: january
    ) {
      $0.anchors = [
        AnchorRule(pattern: "console.*", boot: 2, instant: 1_767_000_000_000_000_000),
        AnchorRule(pattern: "other", boot: 1, instant: 0),
      ]
    }
    let boots = source.account.boots
    #expect(boots.map(\.number) == [1, 2])
    #expect(boots.map(\.anchor) == [nil, 1_767_000_000_000_000_000])
    #expect(boots[1].method == "given by --anchor")
    let last = try #require(source.events.last)
    #expect(last.time == 1_767_000_000_700_000_000)
    #expect(source.events.first?.quality == .unanchored)
    #expect(source.account.decisions.contains { $0.subject == "boot" && $0.value == "2 boots, 1 anchored" })
  }

  @Test func aStepOfTheWallClockShowsInRecordsThatHoldBothClocks() throws {
    func entry(_ wall: Int, _ monotonic: Int, _ boot: String = "b1") -> String {
      #"{"__REALTIME_TIMESTAMP":"\#(wall)","__MONOTONIC_TIMESTAMP":"\#(monotonic)","_BOOT_ID":"\#(boot)","#
        + #""_HOSTNAME":"gw-1","MESSAGE":"m \#(monotonic)"}"#
    }
    let old = 1_600_000_000_000_000
    let start = 1_767_000_000_000_000
    let source = try read(
      [
        entry(old + 1_000_000, 1_000_000), entry(old + 2_000_100, 2_000_000), entry(start, 3_000_000),
        entry(start + 1_000_000, 4_000_000), entry(start + 60_000_000, 500_000, "b2"),
      ], name: "journal.json", modified: january)
    let boots = source.account.boots
    #expect(boots.map(\.number) == [1, 1, 2])
    #expect(boots.map(\.events) == [0..<2, 2..<4, 4..<5])
    #expect(boots[0].anchor == Int64(old * 1000))
    #expect(boots[1].anchor == Int64((start - 3_000_000) * 1000))
    #expect(
      source.account.decisions.contains { $0.subject == "clock" && $0.value == "set 1 time while running" })
  }
}

/// Times since boot.
@Suite struct BootTests {
  private func shifted(_ tracker: BootTracker, _ times: [Int64]) -> [Int64] {
    var times = times
    for adjustment in tracker.finish().adjustments {
      for index in adjustment.events { times[index] += adjustment.shift }
    }
    return times
  }

  @Test func cutsWhereTheCounterFallsAndAnchorsEachBootByItsOwnWallTime() {
    let second: Int64 = 1_000_000_000
    let times: [Int64] = [1, 5, 100, 2, 9].map { $0 * second }
    var tracker = BootTracker()
    for (index, time) in times.enumerated() {
      let wall: Int64? = index == 1 ? 1_000 * second : index == 4 ? 5_000 * second : nil
      tracker.add(time, ordinal: index, wall: wall)
    }
    #expect(shifted(tracker, times) == [996, 1000, 1095, 4993, 5000].map { $0 * second })
    #expect(tracker.finish().decision?.value == "2 boots, 2 anchored")
  }

  @Test func linesThatOvertakeEachOtherAreNoReboot() {
    var tracker = BootTracker()
    for (index, time) in [50_000_000_000, 49_999_000_000, 50_001_000_000].enumerated() {
      tracker.add(Int64(time), ordinal: index, wall: nil)
    }
    #expect(tracker.finish().decision?.value == "1 boot, 0 anchored")
  }

  @Test func aMarkCutsABootLoopWithinASecond() {
    var tracker = BootTracker()
    for index in 0..<4 {
      tracker.mark()
      tracker.add(300_000_000, ordinal: index, wall: nil)
    }
    #expect(tracker.finish().decision?.value == "4 boots, 0 anchored")
  }
}
