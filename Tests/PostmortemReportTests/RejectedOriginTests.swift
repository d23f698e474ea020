import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

/// What analysts decided about where it began, in the reports of all audiences.
@Suite struct RejectedOriginTests {
  private static let secret = "it was off, says Anna Meier; password is hunter2secret"

  private static func judge(
    _ judgements: [(subject: String, isAccepted: Bool, author: String)]
  ) -> SyntheticCase {
    var scene = SyntheticCase.standard
    for (index, one) in judgements.enumerated() {
      scene.trace.judgements.append(
        Judgement(
          subject: one.subject, isAccepted: one.isAccepted, author: one.author,
          at: SyntheticCase.at(500 + Double(index)), text: secret))
      guard one.subject.hasPrefix("origin:") else { continue }
      let name = String(one.subject.dropFirst("origin:".count))
      // As the tracer honours it.
      if one.isAccepted {
        scene.trace.incidents[0].origins.insert(
          OriginCandidate(
            device: name, probability: 0.99, reasonsFor: ["accepted by \(one.author)"], reasonsAgainst: [],
            evidence: [], counterEvidence: []), at: 0)
      } else {
        scene.trace.incidents[0].origins.removeAll { $0.device == name }
      }
    }
    return scene
  }

  private static let scene = judge([("origin:updater", false, "ann")])

  private static func markdown(_ audience: Audience, _ scene: SyntheticCase = scene) -> String {
    MarkdownRenderer.render(scene.report(audience))
  }

  @Test func engineersReadWhoRejectedItWhenAndWhyWhereverItStands() throws {
    let text = Self.markdown(.engineer)
    let words = "rejected by ann at 2026-04-07 17:20:00 UTC"
    let sentence = "ann rejected at 2026-04-07 17:20:00 UTC that it began at updater."
    let summary = try #require(text.components(separatedBy: "## 2 ").first)
    #expect(summary.contains("not determined. \(sentence)"), "\(summary)")
    #expect(text.contains("| updater | nothing known; that it began here was \(words) |"))
    #expect(!text.contains("| updater | nothing: a start |"))
    // The moment and the section on causes.
    #expect(text.components(separatedBy: sentence).count == 4)
    let causes = try #require(
      text.components(separatedBy: "Rejected by analysts").last?.components(separatedBy: "###").first)
    #expect(causes.contains("it was off, says Anna Meier"), "\(causes)")
    #expect(!causes.contains("Before that"))
    #expect(!text.contains("hunter2secret") && text.contains("masked"))
  }

  @Test func theDrawingCrossesItOut() {
    let page = HTMLRenderer.render(Self.scene.report())
    #expect(page.contains("updater (rejected as the origin)") && page.contains("class=\"rejected\""))
    #expect(page.contains("Crossed out: analysts rejected that it began there"))
    let other = HTMLRenderer.render(SyntheticCase.standard.report())
    #expect(!other.contains("rejected as the origin") && !other.contains("class=\"rejected\""))
  }

  @Test func theDrawingRingsWhatWasAccepted() throws {
    let scene = Self.judge([("origin:updater", true, "bob")])
    let page = HTMLRenderer.render(scene.report())
    #expect(page.contains("updater (accepted as the origin)") && page.contains("class=\"accepted\""))
    #expect(
      Self.markdown(.engineer, scene).contains(
        "| updater | nothing: that it began here was accepted by bob at 2026-04-07 17:20:00 UTC |"))
    #expect(!HTMLRenderer.render(SyntheticCase.standard.report()).contains("class=\"accepted\""))
  }

  @Test func executivesReadWhoAndWhenButNotWhy() {
    let text = Self.markdown(.executive)
    #expect(text.contains("ann rejected at 2026-04-07 17:20:00 UTC that it began at updater."))
    #expect(!text.contains("Anna Meier"))
  }

  @Test func readersOutsideGetPseudonymsAndNoReason() throws {
    let regulator = Self.markdown(.regulator)
    #expect(
      regulator.contains(/person-\w+ rejected at 2026-04-07 17:20:00 UTC that it began at device-\w+\./))
    #expect(regulator.contains("\\[reason left out\\]"))
    let customer = Self.markdown(.customer)
    #expect(customer.contains("(inferred; whether it started there is disputed)"))
    #expect(!customer.contains("rejected"))
    #expect(!Self.markdown(.customer, .standard).contains("disputed"))
    for audience in [Audience.regulator, .customer] {
      let report = Self.scene.report(audience)
      for text in [
        HTMLRenderer.render(report), MarkdownRenderer.render(report), JSONRenderer.render(report),
      ] {
        for name in ["updater", "ann ", "\"ann\"", "Anna", "it was off", "hunter2"] {
          #expect(!text.contains(name), "\(audience): \(name)")
        }
      }
    }
  }

  @Test func theDocumentHasItForMachinesAsTheSchemaSays() throws {
    func rejected(_ audience: Audience) throws -> [[String: Any]]? {
      let value = try JSONSerialization.jsonObject(
        with: Data(JSONRenderer.render(Self.scene.report(audience)).utf8))
      #expect(try SchemaTests.problems(of: value) == [])
      return (value as? [String: Any])?["rejected_origins"] as? [[String: Any]]
    }
    let engineer = try #require(try rejected(.engineer)?.first)
    #expect(engineer["device"] as? String == "updater" && engineer["by"] as? String == "ann")
    #expect(engineer["at"] as? String == "2026-04-07T17:20:00.000000000Z")
    #expect((engineer["reason"] as? String)?.hasPrefix("it was off") == true)
    #expect(try rejected(.executive)?.first?["reason"] == nil)
    #expect((try rejected(.regulator)?.first?["by"] as? String)?.hasPrefix("person-") == true)
    #expect(try rejected(.customer) == nil)
  }

  @Test func theFirstToFailIsNotTheStartWhereSomebodyRejectedThat() {
    let first = SyntheticCase.standard.name(0)
    let text = Self.markdown(.engineer, Self.judge([("origin:\(first)", false, "ann")]))
    let moment = "seen by its log"
    let sentence = "ann rejected at 2026-04-07 17:20:00 UTC that it began at \(first)."
    #expect(text.split(separator: "\n").contains { $0.contains(moment) && $0.hasSuffix(sentence) })
    // The trigger is another's: nobody doubts it.
    #expect(!text.split(separator: "\n").contains { $0.contains("**Trigger**") && $0.contains("rejected") })
  }

  @Test func aLaterWordReplacesTheFormerAndBothStand() {
    let rejected = Self.markdown(
      .engineer, Self.judge([("origin:updater", true, "bob"), ("origin:updater", false, "ann")]))
    #expect(rejected.contains("accepted by bob at 2026-04-07 17:20:00 UTC |"))
    let accepted = Self.markdown(
      .engineer, Self.judge([("origin:updater", false, "ann"), ("origin:updater", true, "bob")]))
    #expect(accepted.contains("Where it started: updater (accepted by bob at 2026-04-07 17:21:00 UTC)"))
    #expect(!accepted.contains("rejected by ann") && !accepted.contains("Rejected by analysts"))
  }

  @Test func verdictsOnWhatHadNoPartInTheIncidentChangeNothing() {
    let text = Self.markdown(.engineer, Self.judge([("origin:elsewhere", false, "ann")]))
    #expect(!text.contains("elsewhere"))
  }
}
