import CascadeAnalysis
import IncidentModel
import Testing

@testable import PostmortemReport

/// Who goes on with everyday life and is not well all the same.
struct StillAffectedTests {
  typealias Line = (minute: Double, device: String, text: String, severity: UInt8)

  /// A valve and a well one, both of which say every two minutes that they work; the valve is entered at minute 0.
  private static func lines(until end: Double = 120) -> [Line] {
    let turns = stride(from: -60.0, through: end, by: 2).flatMap { minute -> [Line] in
      [(minute, "valve", "flow steady", 6), (minute + 1, "well", "flow steady", 6)]
    }
    return [(0.5, "valve", "unlisted program started", 4)] + turns
  }

  private static func intervals(
    _ lines: [Line], mentions: [Int: String] = [:], method: OriginCandidate.Method,
    kind: Onset.Kind = .log, event: Int = 1
  ) -> [Instant?] {
    var incident = Incident()
    var onset = SignalTests.onset("valve", 0.5, event)
    onset.kind = kind
    incident.onsets = [onset]
    var origin = OriginCandidate(
      device: "valve", probability: 0.9, reasonsFor: [], reasonsAgainst: [], evidence: [], counterEvidence: []
    )
    origin.method = method
    incident.origins = [origin]
    let evidence = SignalTests.evidence(["valve", "well", "edge"], lines, mentions: mentions)
    return SignalTests.material(evidence, incident).picture.intervals?.map(\.end) ?? []
  }

  /// What a neighbour says of the traffic of one that was entered.
  private static func attacks(_ minutes: [Double]) -> [Line] {
    minutes.map { ($0, "edge", "2400 outbound flows seen", 4) }
  }

  @Test func whoAttacksIsNotWellAlthoughItWorks() {
    let all = Self.lines() + Self.attacks([5, 30])
    let mentions = [all.count - 2: "valve", all.count - 1: "valve"]
    #expect(Self.intervals(all, mentions: mentions, method: .contact) == [nil])
    // Of another family it is well when an attack is over, and fails again with the next.
    #expect(
      Self.intervals(all, mentions: mentions, method: .order) == [SyntheticCase.at(6), SyntheticCase.at(32)])
  }

  @Test func whoStartedAnewIsWell() {
    for (text, isWell) in [
      ("cold boot, reason power", true), ("malware removed", true), ("boot failed", false),
      ("reboot requested", false),
    ] {
      let all = Self.lines() + [(40.5, "valve", text, 6)] + Self.attacks([5])
      #expect(
        Self.intervals(all, mentions: [all.count - 1: "valve"], method: .contact)
          == [isWell ? SyntheticCase.at(42) : nil], "\(text)")
    }
  }

  @Test func whoAttacksAgainAfterItStartedAnewIsNot() {
    let all = Self.lines() + [(40.5, "valve", "cold boot, reason power", 6)] + Self.attacks([5, 70])
    let ends = Self.intervals(
      all, mentions: [all.count - 2: "valve", all.count - 1: "valve"], method: .contact)
    #expect(ends == [SyntheticCase.at(42), nil])
  }

  @Test func whatOthersGoOnSayingOfItKeepsItAffected() {
    let reports: [Line] = stride(from: 0.6, through: 119, by: 5).map { ($0, "edge", "no answer on port", 4) }
    let all = Self.lines() + reports
    let first = all.count - reports.count
    let mentions = Dictionary(uniqueKeysWithValues: reports.indices.map { (first + $0, "valve") })
    #expect(
      Self.intervals(all, mentions: mentions, method: .order, kind: .reported, event: first + 1) == [nil])
    // Five are said, the last at minute 20.6.
    let fewer = Array(all.prefix(first + 5))
    #expect(
      Self.intervals(
        fewer, mentions: mentions.filter { $0.key < fewer.count }, method: .order, kind: .reported,
        event: first + 1)
        == [SyntheticCase.at(22)])
  }

  /// A radio scans for its network every day.
  @Test func whatIsDoneEveryDayIsNoAttack() {
    let scans: [Line] = stride(from: -50.0, through: 100, by: 10).map {
      ($0 + 0.7, "valve", "scan complete", 6)
    }
    let evidence = SignalTests.evidence(["valve", "well"], Self.lines() + scans)
    var incident = Incident()
    incident.onsets = [SignalTests.onset("valve", 0.5, 1)]
    #expect(SignalTests.material(evidence, incident).metrics[.attackers].value == .count(0))
  }

  @Test(arguments: [
    ("payload too large", 0), ("malicious payload executed", 1), ("scanning neighbours", 1),
    ("flood sensor lost contact", 0), ("modbus scan abort, slave table corrupt", 0), ("scanning ports", 1),
    // It was attacked.
    ("port scan from outside detected", 0),
  ])
  func whatEveryMessageHasIsNoAttack(_ text: String, _ attackers: Int) {
    let evidence = SignalTests.evidence(["valve", "well"], Self.lines() + [(9, "valve", text, 3)])
    var incident = Incident()
    incident.onsets = [SignalTests.onset("valve", 0.5, 1)]
    #expect(SignalTests.material(evidence, incident).metrics[.attackers].value == .count(attackers))
  }

  /// A valve whose pressure is beyond its usual range over some minutes, which is all that shows its failure.
  private static func measured(
    _ minutes: [ClosedRange<Double>], until end: Double = 120, of device: String = "valve"
  )
    -> [AffectedInterval]
  {
    let lines = stride(from: -60.0, through: end, by: 2).flatMap { minute -> [Line] in
      [(minute, "valve", "", 255), (minute + 1, "well", "", 255)]
    }
    func event(_ minute: Double) -> EventID? {
      lines.firstIndex { $0.minute == minute }.map { EventID(rawValue: Int64($0 + 1)) }
    }
    var onset = SignalTests.onset(device, minutes[0].lowerBound - 1, 31)
    onset.kind = .metric
    onset.departures = minutes.map {
      Onset.Departure(
        name: "bar", since: SyntheticCase.at($0.lowerBound), sinceEvent: event($0.lowerBound),
        until: $0.upperBound <= end ? SyntheticCase.at($0.upperBound) : nil, untilEvent: event($0.upperBound))
    }
    var incident = Incident()
    incident.onsets = [onset]
    return SignalTests.material(SignalTests.evidence(["valve", "well"], lines), incident).picture.intervals
      ?? []
  }

  /// A sensor goes on reporting what is wrong: that is no recovery.
  @Test(arguments: ["valve", "column"]) func whoseNumbersAreAwayIsNotWell(_ device: String) {
    #expect(Self.measured([2...999], of: device).map(\.end) == [nil])
    #expect(Self.measured([2...40], of: device).map(\.end) == [SyntheticCase.at(40)])
    // Too near to the end to tell.
    #expect(Self.measured([2...114], of: device).map(\.end) == [nil])
    let again = Self.measured([2...40, 80...999], of: device)
    #expect(again.map(\.end) == [SyntheticCase.at(40), nil])
    #expect(again.map(\.start) == [SyntheticCase.at(1), SyntheticCase.at(80)])
    #expect(Self.measured([2...40, 46...60], of: device).map(\.end) == [SyntheticCase.at(60)])
  }

  /// A valve that says nothing: an edge reads it every two minutes until minute 0, misses it for forty, and reads it again.
  private static func mute(_ words: String, isLeftOut: Bool = true, until end: Double = 120) -> (
    [Line], [Int: String]
  ) {
    var all: [Line] = stride(from: -60.0, through: end, by: 2).map { ($0 + 1, "well", "flow steady", 6) }
    all += stride(from: 0.6, through: 40, by: 5).map { ($0, "edge", "no answer on port", 4) }
    all += stride(from: -60.0, through: end, by: 2)
      .filter { !isLeftOut || $0 < 0 || $0 >= 42 }.map { ($0, "edge", words, 6) }
    let named = all.indices.filter { all[$0].device == "edge" }
    return (all, Dictionary(uniqueKeysWithValues: named.map { ($0, "valve") }))
  }

  private static func report(in lines: [Line]) -> Int { lines.firstIndex { $0.severity == 4 }! + 1 }

  @Test func whoIsReadAgainByOthersIsWell() {
    let (lines, mentions) = Self.mute("read 4")
    #expect(
      Self.intervals(
        lines, mentions: mentions, method: .order, kind: .reported, event: Self.report(in: lines))
        == [SyntheticCase.at(42)])
  }

  /// Whoever asks goes on asking.
  @Test func whatIsSaidOfItAllTheSameShowsNothing() {
    let (lines, mentions) = Self.mute("asking port", isLeftOut: false)
    #expect(
      Self.intervals(
        lines, mentions: mentions, method: .order, kind: .reported, event: Self.report(in: lines)) == [nil])
  }

  /// Read once more and then no longer, although the evidence goes on.
  @Test func whoIsReadOnceMoreAndNotAgainIsNot() {
    let (lines, mentions) = Self.mute("read 4")
    let kept = lines.indices.filter { lines[$0].text != "read 4" || lines[$0].minute <= 44 }
    let named = Dictionary(
      uniqueKeysWithValues: kept.enumerated().compactMap { place, old in mentions[old].map { (place, $0) } })
    let rest = kept.map { lines[$0] }
    #expect(
      Self.intervals(rest, mentions: named, method: .order, kind: .reported, event: Self.report(in: rest))
        == [nil])
  }
}
