import CascadeAnalysis
import IncidentModel
import Testing

@testable import PostmortemReport

/// What each reader is told, and what not: zones that nothing vouches for, life-safety devices, kinds, who announced a change.
@Suite struct TellingAllTests {
  private static func markdown(_ audience: Audience, _ scene: SyntheticCase) -> String {
    MarkdownRenderer.render(scene.report(audience))
  }

  private static let marked = "are life-safety by the inventory"

  private static func decided(_ reason: String) -> SyntheticCase {
    var scene = SyntheticCase.standard
    scene.facts.sources[0].decisions = [IntakeDecision(subject: "zone", value: "UTC", reason: reason)]
    return scene
  }

  @Test(arguments: Audience.allCases) func zonesThatNothingVouchesForAreTold(audience: Audience) {
    let words = "No time zone is known for the stamps of"
    let assumed = Self.decided(
      "stamps have no zone and none was given: UTC is taken; the clocks went back once")
    #expect(Self.markdown(audience, assumed).contains(words))
    #expect(!Self.markdown(audience, Self.decided("given by --timezone")).contains(words))
  }

  @Test func lifeSafetyDevicesAreTold() {
    var scene = SyntheticCase.standard
    let old = scene.facts.inventory
    var inventory = Inventory(attributes: old.attributes + ["Life-Safety"])
    for (row, device) in old.devices.enumerated() {
      let values = old.attributes.indices.map { old.value(row: row, attribute: $0) }
      inventory.append(device: device, row: values + [row < 7 ? "Yes" : row < 9 ? "" : "no"])
    }
    scene.facts.inventory = inventory
    #expect(scene.report().metrics[.lifeSafetyAffected].value == .count(7))
    #expect(scene.report().metrics[.lifeSafetyAffected].remark.contains("2"))
    for audience in [Audience.engineer, .executive, .regulator] {
      let text = Self.markdown(audience, scene)
      #expect(text.contains("Of these, 7 ") && text.contains(Self.marked), "\(audience)")
      #expect(text.contains("Life-safety"), "\(audience)")
    }
    #expect(!Self.markdown(.customer, scene).contains(Self.marked))
    #expect(!Self.markdown(.executive, .standard).contains(Self.marked))
  }

  @Test func customersLearnNoKindsByTheCauseEither() {
    var scene = SyntheticCase.standard
    let known = scene.trace.incidents[0].commonCause?.terms ?? []
    scene.trace.incidents[0].commonCause?.terms = [.init(attribute: "kind", value: "sensor")] + known
    #expect(Self.markdown(.executive, scene).contains("have kind sensor and firmware 2.4.1"))
    let told = Self.markdown(.customer, scene)
    #expect(!told.contains("kind sensor") && told.contains("have firmware 2.4.1"))
    scene.trace.incidents[0].commonCause?.terms = [.init(attribute: "kind", value: "sensor")]
    #expect(!Self.markdown(.customer, scene).contains("that failed first,"))
  }

  /// The first receipt is of whoever got the change.
  @Test func aReceiptIsNotToldAsTheAnnouncement() throws {
    var scene = SyntheticCase(hostile: "")
    var incident = scene.trace.incidents[0]
    incident.origins[0].method = .change
    scene.trace.incidents = [incident]
    #expect(Self.markdown(.executive, scene).contains("It followed a change that updater announced at"))
    let receipt = try #require(incident.onsets.first?.evidence)
    incident.changes[0].evidence = receipt
    incident.phases[0].evidence = receipt
    scene.trace.incidents = [incident]
    #expect(
      Self.markdown(.executive, scene).contains(
        "It followed a change that came from updater and was first seen at"))
  }
}
