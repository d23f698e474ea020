import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

/// What somebody who has to decide at three in the morning must not be misled by.
@Suite struct TiredReaderTests {
  private static func markdown(_ audience: Audience, _ scene: SyntheticCase) -> String {
    MarkdownRenderer.render(scene.report(audience))
  }

  /// Two of two hundred fail before the change goes out.
  private static let strays: SyntheticCase = {
    var scene = SyntheticCase(devices: 300, failing: 200)
    scene.trace.incidents[0].phases[0].start = SyntheticCase.at(10)
    return scene
  }()

  @Test(arguments: [Audience.executive, .customer]) func fewThatFailedBeforeDoNotAcquitTheChange(
    _ audience: Audience
  ) throws {
    let text = Self.markdown(audience, Self.strays)
    let summary = try #require(text.components(separatedBy: "## 3 ").first)
    #expect(summary.contains("It followed a change that went out at 2026-04-07 09:10:00 UTC (inferred"))
    #expect(summary.contains("2 of 201 entities had failed before it, which it does not explain."))
    #expect(!summary.contains("cannot have started it"), "\(summary)")
  }

  /// Whoever sent the change out need not be explained by it.
  @Test(arguments: [Audience.executive, .customer]) func theSenderOfTheChangeDoesNotFailBeforeIt(
    _ audience: Audience
  ) throws {
    var scene = Self.strays
    let time = SyntheticCase.at(1)
    scene.trace.incidents[0].onsets.insert(
      Onset(
        device: "updater", time: time, interval: time...time, kind: .log, probability: 0.9, evidence: [],
        basis: .selfAsserted), at: 0)
    let summary = try #require(Self.markdown(audience, scene).components(separatedBy: "## 3 ").first)
    #expect(
      summary.contains("2 of 202 entities had failed before it, which it does not explain."), "\(summary)")
  }

  @Test func manyThatFailedBeforeDo() {
    var scene = Self.strays
    scene.trace.incidents[0].phases[0].start = SyntheticCase.at(20)
    let text = Self.markdown(.executive, scene)
    #expect(text.contains("8 of 201 entities had failed before it: it cannot have started it."), "\(text)")
  }

  /// That all received it after a failure that came before the rollout says nothing of who watched it.
  @Test func aFailureBeforeTheRolloutSaysNothingOfItsHalting() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].onsets[0].time = SyntheticCase.at(-30)
    scene.trace.incidents[0].onsets[0].interval = SyntheticCase.at(-30)...SyntheticCase.at(-30)
    let count = scene.trace.incidents[0].changes[0].devices.count
    scene.trace.incidents[0].changes[0].receivedAt = (0..<count).map { SyntheticCase.at(Double($0) / 100) }
    let metrics = scene.report().metrics
    for id in [MetricID.receiptsAfterEffect, .haltRule] {
      #expect(
        metrics[id].value
          == .notComputable("the first effect lies before the first receipt of the change"), "\(id)")
    }
  }

  @Test(arguments: Audience.allCases) func thatMoreMayFailIsSaid(_ audience: Audience) throws {
    var scene = SyntheticCase.standard
    let last = try #require(scene.trace.incidents[0].onsets.map(\.time).max())
    scene.facts.newestEvidence = last.adding(seconds: 300)
    let words = "5 min 00 s before the evidence ends: whether more will is not known."
    #expect(Self.markdown(audience, scene).contains(words))
    #expect(!Self.markdown(audience, .standard).contains("whether more will"))
  }

  @Test func withoutAnIncidentThereAreNoFiguresOfOne() {
    let scene = SyntheticCase(failing: 0, withRun: false)
    for audience in Audience.allCases {
      let report = scene.report(audience)
      for section in report.sections where [2, 5, 8].contains(section.number) {
        section.blocks.forEachInline { part in
          if case .metric(let id) = part, id != .acknowledged {
            #expect(
              report.metrics[id].value.isKnown || report.metrics[id].value == .notProvided,
              "\(audience): \(id)")
          }
        }
      }
    }
    let text = Self.markdown(.executive, scene)
    #expect(
      text.contains("No incident was found, so there are no figures of one.") && !text.contains("not known"))
  }

  @Test func failuresThatBelongToNoIncidentAreSaidAllTheSame() {
    var scene = SyntheticCase(failing: 0)
    let time = SyntheticCase.at(5)
    scene.trace.unrelated = [
      Onset(
        device: "gw-1", time: time, interval: time...time, kind: .log, probability: 0.9, evidence: [],
        basis: .network)
    ]
    #expect(Self.markdown(.executive, scene).contains("Failures that nothing joins to others: 1 device. "))
    #expect(!Self.markdown(.engineer, scene).contains("No device was seen to fail"))
  }

  @Test func figuresHaveNamesAndNumbersHaveUnits() {
    for scene in [SyntheticCase.standard, SyntheticCase(failing: 0)] {
      for metric in scene.report().metrics.all { #expect(metric.title != metric.id.rawValue) }
    }
    #expect(SyntheticCase.standard.report().metrics[.childrenPerParent].fullText.hasSuffix(" devices"))
  }

  @Test func oneMoreIsNotMany() {
    func omitted(_ count: Int) -> String? { Table("t", ["a"], [["b"]], omitted: count).omission }
    #expect(omitted(0) == nil)
    #expect(omitted(1) == "1 more is not shown here.")
    #expect(omitted(1_200) == "1,200 more are not shown here.")
  }
}
