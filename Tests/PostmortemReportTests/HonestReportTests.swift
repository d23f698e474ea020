import CascadeAnalysis
import Foundation
import IncidentModel
import PlaybookModel
import Testing

@testable import PostmortemReport

/// What a report must not claim: a change that nobody made, acts on other devices, counts that a recount refutes, times that
/// cannot have been.
@Suite struct HonestReportTests {
  private static func markdown(
    _ audience: Audience, _ scene: SyntheticCase, incident: Int = 0
  ) -> String {
    var options = ReportOptions(audience: audience, sha256: sha256)
    options.incident = incident
    return MarkdownRenderer.render(Report(facts: scene.facts, trace: scene.trace, options: options))
  }

  /// All failed in a way; the only change is later and on others.
  private static func withoutChange(_ kind: Onset.Kind) -> SyntheticCase {
    var scene = SyntheticCase.standard
    var incident = scene.trace.incidents[0]
    for index in incident.onsets.indices { incident.onsets[index].kind = kind }
    incident.changes[0].start = SyntheticCase.at(50)
    incident.changes[0].devices = ["elsewhere"]
    incident.changes[0].failedShare = 0
    incident.changes[0].failedShareOfOthers = 0.5
    incident.phases[0].start = incident.onsets[0].time
    incident.phases[0].evidence = incident.onsets[0].evidence
    scene.trace.incidents = [incident]
    return scene
  }

  @Test(arguments: [Onset.Kind.silence, .metric, .log])
  func noChangeIsBlamedWhereNoneWentOut(_ kind: Onset.Kind) {
    let scene = Self.withoutChange(kind)
    for audience in Audience.allCases {
      #expect(!Self.markdown(audience, scene).contains("a change that went out"), "\(audience)")
    }
    let trigger = scene.report().metrics[.trigger].value
    if kind == .log {
      #expect(trigger == .instant(SyntheticCase.at(4)), "a message that shows a failure")
    } else {
      #expect(trigger == .notDetermined("no change event explains the failures"), "an ordinary message")
    }
  }

  /// Ten minutes before half of the fleet falls silent every other device got an update: 31 of the 61 receivers fail, and 29 of the
  /// 61 others.
  private static func innocent(receivers: (Int) -> Bool) -> SyntheticCase {
    var scene = withoutChange(.silence)
    var incident = scene.trace.incidents[0]
    incident.origins = []
    for index in incident.edges.indices { incident.edges[index].kind = .dependency }
    incident.changes[0].start = SyntheticCase.at(-10)
    incident.changes[0].devices = (0..<120).filter(receivers).map(scene.name)
    incident.changes[0].failedShare = 31.0 / 61
    incident.changes[0].failedShareOfOthers = 29.0 / 61
    scene.trace.incidents = [incident]
    return scene
  }

  @Test func aChangeThatTheTraceDoesNotBlameIsNotBlamed() {
    let scene = Self.innocent { $0 % 2 == 0 || $0 == 1 }
    for audience in Audience.allCases {
      #expect(!Self.markdown(audience, scene).contains("It followed a change"), "\(audience)")
    }
    let metrics = scene.report().metrics
    for id in [MetricID.trigger, .changeReceivers, .changeReceiversFailed, .soak] {
      #expect(metrics[id].value == .notDetermined("no change event explains the failures"), "\(id)")
    }
    #expect(Self.markdown(.engineer, scene).contains("none shown: receivers failed about as often as others"))
  }

  @Test func whatSpeaksAgainstAChangeIsSaid() {
    var scene = Self.innocent { $0 < 60 }
    #expect(Self.markdown(.engineer, scene).contains("not the cause, as the trace sees it"))
    scene.trace.incidents[0].changes[0].start = SyntheticCase.at(60)
    #expect(Self.markdown(.engineer, scene).contains("it came with the failures or after them"))
    scene = Self.innocent { $0 > 60 }
    #expect(Self.markdown(.engineer, scene).contains("none: no receiver failed"))
    #expect(Self.markdown(.engineer, .standard).contains("the cause, as the trace sees it"))
  }

  /// Fisher's tea: all four of four cups told is one in seventy.
  @Test func chanceIsCountedExactly() {
    #expect(abs(Statistics.chanceOfAsMany(4, of: 4, others: 0, of: 4) - 1.0 / 70) < 1e-9)
    #expect(abs(Statistics.chanceOfAsMany(3, of: 4, others: 1, of: 4) - 17.0 / 70) < 1e-9)
    #expect(abs(Statistics.chanceOfAsMany(0, of: 5, others: 2, of: 5) - 1) < 1e-9)
    #expect(Statistics.chanceOfAsMany(2, of: 5, others: 0, of: 0) == 1)
  }

  @Test func aMomentThatAPersonStatesIsNoChangeEither() {
    var scene = Self.withoutChange(.silence)
    scene.facts.annotations.trigger = Statement(at: "2026-04-07T09:02:00Z")
    let text = Self.markdown(.executive, scene)
    #expect(text.contains("It was started at 2026-04-07 09:02:00 UTC, as a person states."), "\(text)")
    #expect(!text.contains("a change that went out"))
    scene.facts.annotations.trigger = Statement(at: "2026-04-07T09:52:00Z")
    #expect(Self.markdown(.executive, scene).contains("it cannot have started it"))
  }

  /// A second incident a day later, on devices that the first one spared.
  private static let two: SyntheticCase = {
    var scene = SyntheticCase.standard
    var second = Incident()
    second.onsets = (80..<100).map { index in
      let time = SyntheticCase.at(1440 + Double(index))
      return Onset(
        device: scene.name(index), time: time, interval: time...time, kind: .log, probability: 0.9,
        evidence: [], basis: .network)
    }
    scene.trace.incidents.append(second)
    return scene
  }()

  @Test func runsOnDevicesOfAnotherIncidentAreToldApart() {
    let metrics = ReportMaterial(facts: Self.two.facts, trace: Self.two.trace, incident: 1).figures
    #expect(metrics[.acknowledged].value == .notProvided)
    #expect(metrics[.runs].value == .count(0))
    #expect(metrics[.runs].remark.contains("runs on other devices, in no figure: 1"))
    for id in [MetricID.tta, .actionsChanged, .approvalWait, .brokenGlass] {
      #expect(!metrics[id].value.isKnown, "\(id)")
    }
    for audience in [Audience.engineer, .regulator] {
      let text = Self.markdown(audience, Self.two, incident: 1)
      #expect(text.contains("No playbook was run on devices of this incident"))
      #expect(text.contains("Runs on other devices") && text.contains("no figure of this report counts them"))
      #expect(!text.contains("**Changed**: 2"))
      let first = Self.markdown(audience, Self.two)
      #expect(first.contains("**Changed**: 2") && !first.contains("Runs on other devices"))
    }
  }

  @Test func aRunOnWhoSharesTheCauseIsOfTheIncident() {
    var scene = Self.two
    scene.trace.incidents[1].commonCause = CommonCause(
      terms: [.init(attribute: "firmware", value: "2.3.9")], probability: 0.9, exposed: 60, exposedFailed: 20,
      others: 60, othersFailed: 0)
    for index in scene.facts.runs.indices where scene.facts.runs[index].target != nil {
      scene.facts.runs[index].target = scene.name(110)
    }
    let metrics = ReportMaterial(facts: scene.facts, trace: scene.trace, incident: 1).figures
    #expect(metrics[.runs].value == .count(1) && metrics[.acknowledged].value.isKnown)
  }

  /// Sixty have the firmware; ten of them failed in another incident before, so the trace compares fifty.
  @Test func countsOfACommonCauseAgreeWithTheInventory() {
    var scene = SyntheticCase.standard
    let elsewhere = Set((50..<60).map(scene.name) + ["broker-1"])
    scene.trace.incidents[0].onsets.removeAll { elsewhere.contains($0.device) }
    scene.trace.incidents[0].commonCause = CommonCause(
      terms: [.init(attribute: "firmware", value: "2.4.1")], probability: 0.9, exposed: 50, exposedFailed: 50,
      others: 60, othersFailed: 0)
    let metrics = scene.report().metrics
    #expect(metrics[.causeListed].value == .count(60))
    #expect(metrics[.exposed].value == .count(60))
    guard case .share(50, 60, _) = metrics[.attackRate].value else {
      Issue.record("\(metrics[.attackRate].value)")
      return
    }
    let text = Self.markdown(.engineer, scene)
    #expect(text.contains("Of 50 devices at risk with it, 50 failed early; of 60 devices at risk without"))
    #expect(text.contains("The inventory has 60 devices with it and 62 without"), "\(text)")
    #expect(metrics[.causeExposed].formula.contains("not failed in another incident"))
  }

  @Test(arguments: Audience.allCases) func whereNoEventHasATimeNothingIsSaidToBeAbsent(_ audience: Audience) {
    var scene = SyntheticCase(failing: 0, withRun: false)
    scene.facts.newestEvidence = nil
    scene.facts.oldestEvidence = nil
    let text = Self.markdown(audience, scene)
    #expect(text.contains("Nothing could be traced: none of"), "\(text)")
    #expect(!text.lowercased().contains("no incident was found") && !text.contains("covers not computable"))
  }

  /// The standard run, its machine's clock set back by an hour at a record, and what its approval says.
  private static func run(_ sentence: String, movedFrom moved: Int = .max) -> SyntheticCase {
    var scene = SyntheticCase.standard
    for index in scene.facts.runs.indices {
      let wall = scene.facts.runs[index].wallTime
      scene.facts.runs[index].monotonicTime = wall - SyntheticCase.at(-600).nanoseconds
      if index >= moved { scene.facts.runs[index].wallTime = wall - 60 * SyntheticCase.minute }
    }
    scene.facts.runs[1].detail = sentence
    return scene
  }

  @Test func aClockThatWasSetDuringARunIsSaid() {
    let scene = Self.run("ops signed the plan 3f, made 2026-04-07T09:30:00Z", movedFrom: 6)
    for audience in [Audience.engineer, .regulator] {
      let text = Self.markdown(audience, scene)
      #expect(text.contains("was set back by 1 h 00 min, at 2026-04-07 08:"), "\(text)")
    }
    #expect(scene.report().metrics[.acknowledged].remark.contains("set back by 1 h 00 min"))
    #expect(
      scene.report().metrics[.approvalWait].value
        == .notComputable("the clock of the machine was moved while the run went on"))
    let steady = Self.run("ops signed the plan 3f, made 2026-04-07T09:30:00Z")
    #expect(!Self.markdown(.engineer, steady).contains("was set back"))
  }

  @Test func waitingCountsOnlyWhereAnApprovalWasAskedFor() {
    let asked = Self.run("ops signed the plan 3f, made 2026-04-07T09:30:00Z")
    #expect(asked.report().metrics[.approvalWait].value == .duration(16 * SyntheticCase.minute))
    let none = Self.run("the operator ran the plan 3f, made 2026-04-07T09:30:00Z")
    #expect(
      none.report().metrics[.approvalWait].value
        == .notComputable("no approval was asked for, or none came after the plan"))
    // The plan run again two months later waited for nobody.
    var again = asked
    again.facts.runs += asked.facts.runs.map { record in
      var record = record
      record.run = "run-2"
      record.wallTime += 60 * 1440 * SyntheticCase.minute
      record.monotonicTime += 60 * 1440 * SyntheticCase.minute
      return record
    }
    #expect(again.report().metrics[.approvalWait].value == .duration(16 * SyntheticCase.minute))
    #expect(again.report().metrics[.runs].value == .count(2))
  }

  @Test func timesThatCannotHaveBeenAreLeftOutAndSaid() {
    var scene = SyntheticCase.standard
    scene.facts.newestNote = SyntheticCase.at(600)
    scene.facts.annotations.detection = Statement(at: "2026-04-07T09:10:00Z")
    scene.facts.annotations.end = Statement(at: "2026-04-07T06:00:00Z", by: "ops")
    scene.facts.annotations.halt = Statement(at: "2027-04-07T09:00:00Z")
    let material = ReportMaterial(facts: scene.facts, trace: scene.trace)
    #expect(material.impossibleTimes.map(\.field) == ["halt.at", "end.at"])
    let reasons = material.impossibleTimes.map(\.reason).joined(separator: "; ")
    #expect(reasons.contains("later than when it was written down"))
    #expect(reasons.contains("before “First bad effect”"))
    for id in [MetricID.ended, .halted, .decisionDelay, .overrun, .duration, .affectedAfterHalt] {
      #expect(!material.figures[id].value.isKnown, "\(id)")
    }
    #expect(material.figures[.ttd].value.isKnown)
    let text = Self.markdown(.customer, scene)
    #expect(text.contains("The time at which an end was declared is not computable: the time given"))
    #expect(!text.contains("The end was declared at"))
    // What may have been stays: declared when all was over, before the note was written.
    scene.facts.annotations.end = Statement(at: "2026-04-07T18:00:00Z")
    scene.facts.annotations.halt = Statement(at: "2026-04-07T09:20:00Z")
    #expect(ReportMaterial(facts: scene.facts, trace: scene.trace).impossibleTimes.isEmpty)
  }
}
