import CascadeAnalysis
import IncidentModel
import Testing

@testable import PostmortemReport

/// What readers who decide are told agrees with what engineers are told, and leaves out nothing that they need.
@Suite struct PlainAnswerTests {
  private static func markdown(_ audience: Audience, _ scene: SyntheticCase) -> String {
    MarkdownRenderer.render(scene.report(audience))
  }

  /// The standard case with another inventory of the same devices, and nothing that the failed share.
  private static func listed(_ attribute: String, _ value: (Int) -> String) -> SyntheticCase {
    var scene = SyntheticCase.standard
    var inventory = Inventory(attributes: [attribute])
    for (index, device) in scene.facts.inventory.devices.enumerated() {
      inventory.append(device: device, row: [value(index)])
    }
    scene.facts.inventory = inventory
    scene.trace.incidents[0].commonCause = nil
    return scene
  }

  @Test(arguments: ["site", "hall", "Halle"], [Audience.executive, .engineer])
  func groupsThatCanBeComparedAreNotDenied(_ attribute: String, _ audience: Audience) {
    let text = Self.markdown(audience, Self.listed(attribute) { "part \($0 % 4)" })
    #expect(text.contains("Affected devices for each \(attribute)"), "\(text)")
    #expect(!text.contains("No attribute of the inventory has a group"))
  }

  @Test(arguments: [Audience.executive, .engineer])
  func groupsThatAreTooSmallAreNotCompared(_ audience: Audience) {
    let text = Self.markdown(audience, Self.listed("serial") { "\($0)" })
    #expect(text.contains("No attribute of the inventory has a group of ten devices or more"), "\(text)")
  }

  @Test(arguments: [0.52, 0.6, 0.79, 0.85, 0.94, 0.97])
  func aProbabilityHasTheSameWordsEverywhere(_ probability: Double) {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].origins[0].probability = probability
    let text = Self.markdown(.executive, scene)
    #expect(text.contains("Where it started: updater, \(EstimativeWords.of(probability))."), "\(text)")
  }

  @Test func whoAnnouncedTheChangeIsNamed() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].origins[0].method = .change
    let text = Self.markdown(.executive, scene)
    #expect(
      text.contains("It followed a change that updater announced at 2026-04-07 09:00:00 UTC."), "\(text)")
    // Customers learn of no device; nor does anybody of who is not known to have announced it.
    #expect(Self.markdown(.customer, scene).contains("It followed a change that went out at"))
    scene.trace.incidents[0].changes[0].actor = nil
    #expect(Self.markdown(.executive, scene).contains("It followed a change that went out at"))
  }

  @Test(arguments: [Audience.executive, .engineer]) func whatTheFailedSayIsSaid(_ audience: Audience) {
    var scene = SyntheticCase.standard
    let all = scene.trace.incidents[0].onsets.count
    scene.trace.incidents[0].saying = ("certificate of <*> expired", all)
    let text = Self.markdown(audience, scene)
    #expect(text.contains("All of the affected say: “certificate of … expired”."), "\(text)")
    scene.trace.incidents[0].saying = ("certificate of hub expired", all - 3)
    #expect(
      Self.markdown(audience, scene).contains(
        "Of the affected, \(all - 3) say: “certificate of hub expired”."))
  }

  @Test func readersOutsideDoNotReadTheLog() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].saying = ("certificate of hub expired", 61)
    #expect(!Self.markdown(.customer, scene).contains("certificate of hub"))
    #expect(!Self.markdown(.regulator, scene).contains("certificate of hub"))
  }

  @Test func attacksOnOthersAreSaidToWhoDecides() {
    var scene = SyntheticCase.standard
    #expect(!Self.markdown(.executive, scene).contains("Attacks on others"))
    scene.facts.signals.attackers = 7
    scene.facts.signals.isByContact = true
    #expect(
      Self.markdown(.executive, scene).contains(
        "Attacks on others came from 7 entities, which count as affected until they start anew or are cleaned."
      ))
    scene.facts.signals.isByContact = false
    let text = Self.markdown(.executive, scene)
    #expect(
      text.contains(
        "Attacks on others came from 7 entities: that a device goes on as usual does not show that it is clean."
      ),
      "\(text)")
  }

  /// A broker takes sixty with one firmware down and has another itself.
  @Test func whoTookThemDownDoesNotWidenWhoCouldBeHit() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].changes = []
    let metrics = scene.report().metrics
    #expect(metrics[.affected].value == .count(61))
    #expect(metrics[.exposed].value == .count(60))
    guard case .share(60, 60, _) = metrics[.attackRate].value else {
      Issue.record("\(metrics[.attackRate].value)")
      return
    }
  }
}
