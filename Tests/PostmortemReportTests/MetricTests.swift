import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

struct MetricTests {
  @Test func matchesPublishedWilsonIntervals() throws {
    // Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29.
    for (part, whole, low, high) in [
      (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
    ] {
      let interval = try #require(Statistics.wilson(part, of: whole))
      #expect(abs(interval.lowerBound - low) < 0.0001 && abs(interval.upperBound - high) < 0.0001)
    }
    #expect(Statistics.wilson(0, of: 0) == nil)
  }

  @Test func correctsRelativeRiskForAZeroCell() throws {
    let plain = try #require(Statistics.relativeRisk(30, of: 100, others: 10, of: 100))
    #expect(abs(plain - 3) < 1e-12)
    let corrected = try #require(Statistics.relativeRisk(10, of: 20, others: 0, of: 20))
    #expect(abs(corrected - (10.5 / 21) / (0.5 / 21)) < 1e-12)
    #expect(Statistics.relativeRisk(1, of: 2, others: 0, of: 0) == nil)
  }

  @Test func measuresExponentialGrowth() throws {
    // 2^(t/75 min), one device at each crossing of an integer.
    let onsets = (1...5000).map { Int64(Statistics.ln(Double($0)) / Statistics.ln(2) * 75 * 60 * 1e9) }
    let fit = DoublingTime(onsets: onsets)
    #expect(abs(try #require(fit.seconds) / 60 - 75) < 2)
    #expect(try #require(fit.r2) > 0.99)
    #expect(fit.window == 50...2500)
  }

  @Test func refusesADoublingTimeForSynchronousFailures() {
    let fit = DoublingTime(onsets: (0..<500).map { Int64($0) * 2_000_000 })
    #expect(fit.seconds == nil)
    #expect(fit.refusal?.hasPrefix("synchronous") == true)
    // A straight line of growth is not exponential.
    let line = DoublingTime(onsets: (0..<3000).map { Int64($0) * 20_000_000_000 })
    #expect(line.seconds == nil && line.refusal?.contains("R²") == true)
    #expect(DoublingTime(onsets: [1, 2, 3]).refusal != nil)
  }

  @Test func countsTheBusiestWindow() throws {
    let minute: Int64 = 60_000_000_000
    let peak = try #require(Statistics.peak([0, 1, minute - 1, minute, 5 * minute], window: minute))
    #expect(peak.count == 3 && peak.start == 0)
  }

  @Test func computesMomentsAndDurations() {
    let metrics = SyntheticCase.standard.report().metrics
    #expect(metrics.instant(.trigger) == SyntheticCase.at(0))
    #expect(metrics.instant(.firstEffect) == SyntheticCase.at(4))
    #expect(metrics[.triggerToEffect].value == .duration(4 * SyntheticCase.minute))
    // The first alert is the monitor's, at 34 minutes.
    #expect(metrics[.ttd].value == .duration(30 * SyntheticCase.minute))
    #expect(metrics[.tta].value == .duration(738_000_000_000))
    #expect(metrics[.contained].value.isKnown)
    #expect(metrics[.affected].value == .count(61))
    #expect(metrics[.approvalWait].value == .duration(6 * SyntheticCase.minute))
    #expect(metrics[.actionsUnknown].value == .count(1))
    #expect(metrics[.actionsSkipped].value == .count(1))
  }

  @Test func prefersAPersonsStatementAndNamesWhatIsMissing() {
    var input = SyntheticCase.standard
    input.facts.annotations.detection = Statement(at: "2026-04-07T09:10:00+00:00", by: "NOC", text: "a call")
    input.facts.annotations.halt = Statement(at: "2026-04-07T09:20:00")
    let metrics = input.report().metrics
    #expect(metrics[.ttd].value == .duration(6 * SyntheticCase.minute))
    #expect(metrics[.detected].certainty == .stated)
    guard case .notComputable(let reason) = metrics[.decisionDelay].value else {
      Issue.record("a time without a zone was taken")
      return
    }
    #expect(reason.contains("zone"))
  }

  @Test func refusesNegativeDurations() {
    var input = SyntheticCase.standard
    input.facts.annotations.trigger = Statement(at: "2026-04-07T10:00:00Z")
    input.facts.annotations.detection = Statement(at: "2026-04-07T08:00:00Z")
    let metrics = input.report().metrics
    for id in [MetricID.triggerToEffect, .ttd] {
      guard case .notComputable(let reason) = metrics[id].value else {
        Issue.record("\(id.rawValue) is \(metrics[id].value)")
        continue
      }
      #expect(reason.contains("before"))
    }
  }

  @Test func waitsForQuietBeforeItCallsItContained() {
    var input = SyntheticCase.standard
    input.facts.newestEvidence = input.trace.incidents[0].onsets.last?.time.adding(seconds: 60)
    guard case .notComputable(let reason) = input.report().metrics[.contained].value else {
      Issue.record("contained without quiet")
      return
    }
    #expect(reason.contains("15 min 00 s of quiet"))
  }

  @Test func flagsOpenIntervalsAsLowerBounds() {
    var input = SyntheticCase.standard
    for index in input.facts.signals.affected!.indices { input.facts.signals.affected![index].end = nil }
    let metrics = input.report().metrics
    #expect(metrics[.deviceHours].value.text.hasPrefix("≥ "))
    #expect(metrics[.stillAffected].value == .count(61))
    #expect(!metrics[.ttr50].value.isKnown)
  }

  @Test func countsNoFewerDevicesInTheFleetThanWereAffectedOrAreLinked() {
    var input = SyntheticCase.standard
    var listed = Inventory(attributes: ["site"])
    for index in 0..<70 { listed.append(device: input.name(index), row: ["plant"]) }
    input.facts.inventory = listed
    // Sixty of those listed failed, and a broker that is not.
    #expect(input.report().metrics[.fleet].value == .count(71, atLeast: true))
    input.facts.inventory = Inventory()
    input.facts.speakingDevices = 12
    #expect(input.report().metrics[.fleet].value == .count(61, atLeast: true))
    input.facts.linkedDevices = 90
    #expect(input.report().metrics[.fleet].value == .count(90, atLeast: true))
  }

  @Test func grantsRecoveryOnlyAfterTenHealthyMinutes() throws {
    let input = SyntheticCase.standard
    let intervals = try #require(input.facts.signals.affected)
    // Reconnect attempts right after the failure are not health.
    let first = try #require(intervals.first { $0.device == input.name(0) }?.end)
    #expect(first >= input.recovery(0))
    #expect(try #require(intervals.first { $0.device == "broker-1" }).end == nil)
  }

  @Test func measuresReconnectsAgainstTheHourBefore() throws {
    let attempts = try #require(SyntheticCase.standard.facts.signals.attempts)
    #expect(attempts.templates == ["connecting to broker"])
    #expect(attempts.peakPerSecond >= 4)
    #expect(attempts.usual95 != nil)
  }

  @Test func printsTheIntervalAsItIs() {
    let at = SyntheticCase.at(10)
    let value = MetricValue.instant(at, within: at.adding(seconds: -78)...at)
    #expect(value.text == "2026-04-07 09:10:00 UTC (between 09:08:42 and 09:10:00 UTC)")
    #expect(MetricValue.instant(at, within: at...at).text == "2026-04-07 09:10:00 UTC")
    let longer = MetricValue.instant(at, within: at.adding(seconds: -86_400)...at).text
    #expect(longer.hasSuffix("(between 2026-04-06 09:10:00 UTC and 2026-04-07 09:10:00 UTC)"))
  }

  @Test func namesNoOriginThatIsLessLikelyThanNot() {
    var input = SyntheticCase.standard
    #expect(MarkdownRenderer.render(input.report()).contains("Where it started: updater"))
    input.trace.incidents[0].origins.removeFirst()
    let text = MarkdownRenderer.render(input.report())
    #expect(text.contains("Where it started is not determined."))
    #expect(text.contains("Not determined: no candidate is more likely than not."))
  }

  @Test func countsTheReceiversOfAChangeOnceOverAllItsMessages() {
    var input = SyntheticCase.standard
    var half = input.trace.incidents[0].changes[0]
    half.template = "campaign <*> began"
    half.devices = Array(half.devices.suffix(30)) + [input.name(100)]
    half.start = half.start.adding(seconds: 9)
    input.trace.incidents[0].changes.append(half)
    let metrics = input.report().metrics
    #expect(metrics[.changeReceivers].value == .count(61))
    #expect(metrics[.changeReceiversFailed].value == .share(60, of: 61))
  }

  @Test func listsWhatAnalystsKnowApartFromTheChanges() {
    var input = SyntheticCase.standard
    input.trace.incidents[0].changes.append(
      ChangeEvent(
        template: "power was cut (said by ann)", actor: nil, start: SyntheticCase.at(20), devices: [],
        failedShare: 0, failedShareOfOthers: 0, evidence: []))
    let text = MarkdownRenderer.render(input.report())
    #expect(
      text.contains("### Events that analysts know of\n\n- 2026-04-07 09:20:00 UTC, stated: power was cut"))
    #expect(text.components(separatedBy: "power was cut").count == 2)
  }

  @Test func quotesWhatChangedAtThePhase() {
    // Usual lines of the same entity an hour before are no sign of a failure.
    var evidence = IncidentEvidence()
    evidence.devices = ["m"]
    evidence.templateTexts = ["round <*> complete", "ingest stalled"]
    for minute in -60...2 {
      evidence.eventIDs.append(Int64(minute + 61))
      evidence.times.append(SyntheticCase.at(Double(minute)).nanoseconds)
      evidence.eventDevices.append(0)
      evidence.eventTemplates.append(minute < 0 ? 0 : 1)
      evidence.severities.append(255)
    }
    var incident = Incident()
    let start = SyntheticCase.at(0)
    incident.onsets = [
      Onset(
        device: "m", time: start, interval: start...start, kind: .log, probability: 1, evidence: [],
        basis: .path)
    ]
    incident.phases = [
      Phase(name: .monitoringFailure, start: start, evidence: [EventID(rawValue: 1), EventID(rawValue: 2)])
    ]
    let signals = IncidentSignals(evidence: evidence, incident: incident)
    #expect(signals.phaseEvents[.monitoringFailure]?.first == EventID(rawValue: 61))
  }

  @Test func survivesADeepChainAndACycle() {
    var incident = Incident()
    for index in 0..<20_000 {
      let time = SyntheticCase.at(Double(index) / 100)
      incident.onsets.append(
        Onset(
          device: "n\(index)", time: time, interval: time...time, kind: .log, probability: 1, evidence: [],
          basis: .path))
      incident.edges.append(
        SpreadEdge(
          from: "n\((index + 19_999) % 20_000)", to: "n\(index)", kind: .link, probability: 0.5, evidence: [])
      )
    }
    let forest = SpreadForest(incident)
    #expect(forest.droppedEdges == 1)
    #expect(forest.roots.count == 1 && forest.nodes[forest.roots[0]].size == 20_000)
  }
}
