import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

/// What happened stands on the first screen: to what, in whose words, by what it shows.
struct FirstScreenTests {
  private static func markdown(_ audience: Audience, _ scene: SyntheticCase) -> String {
    MarkdownRenderer.render(scene.report(audience))
  }

  private static func summary(_ audience: Audience, _ scene: SyntheticCase) -> String {
    let text = markdown(audience, scene)
    return text.components(separatedBy: "## 1 Summary").last?.components(separatedBy: "## ").first ?? ""
  }

  @Test func theSummaryComesFirstForWhoDecides() throws {
    let text = Self.markdown(.executive, .standard)
    let first = try #require(text.firstRange(of: "## "))
    #expect(text[first.lowerBound...].hasPrefix("## 1 Summary"))
    #expect(text.contains("## 0 Control block"))
    var scene = SyntheticCase.standard
    scene.facts.alteredRuns = ["run-7"]
    #expect(Self.summary(.executive, scene).contains("were altered after they were written"))
  }

  /// Eight of nine ovens complain of one thing, four of them of a graver one; one said an error of everyday life, and a well one
  /// says one of the words, too.
  private static let ovens: (IncidentEvidence, Incident) = {
    let names = (0..<10).map { "oven-\($0)" }
    var lines: [(minute: Double, device: String, text: String, severity: UInt8)] = []
    var incident = Incident()
    for index in 0..<9 {
      lines += [
        (-30, names[index], "door sensor noisy", 3), (Double(index), names[index], "session refused", 3),
        (Double(index) + 0.1, names[index], "door sensor noisy", 3),
        (Double(index) + 0.2, names[index], "steady", 6),
      ]
      incident.onsets.append(SignalTests.onset(names[index], Double(index), index * 4 + 2))
    }
    for index in 0..<4 { lines.append((Double(index) + 0.3, names[index], "burner off", 2)) }
    lines += [
      (3, "oven-9", "steady", 6), (4, "oven-9", "session refused", 3), (40, "oven-0", "session open", 5),
    ]
    return (SignalTests.evidence(names, lines), incident)
  }()

  @Test func theWidestAndTheGravestWordsAreKept() {
    let signals = IncidentSignals(evidence: Self.ovens.0, incident: Self.ovens.1)
    #expect(signals.failureWords.map(\.text) == ["burner off", "session refused"])
    #expect(signals.failureWords.map(\.count) == [4, 9])
    #expect(signals.failureWords.map(\.severity) == [.critical, .error])
  }

  @Test(arguments: [Audience.executive, .engineer]) func theirWordsStandInTheSummary(_ audience: Audience) {
    var scene = SyntheticCase.standard
    scene.facts.signals.failureWords = [
      FailureWords(text: "burner off", count: 4, severity: .critical, event: EventID(rawValue: 1)),
      FailureWords(text: "session <*> refused", count: 40, severity: nil, event: EventID(rawValue: 2)),
    ]
    #expect(
      Self.summary(audience, scene).contains(
        "Of the affected, 4 say “burner off” (critical), 40 say “session … refused”."),
      "\(Self.summary(audience, scene))")
    scene.facts.signals.failureWords.removeFirst()
    #expect(Self.summary(audience, scene).contains("Of the affected, 40 say: “session … refused”."))
    #expect(!Self.markdown(.customer, scene).contains("refused"))
  }

  /// The last line before a silence is one of everyday life.
  @Test func whoFellSilentSaidNothingOfIt() {
    var scene = SyntheticCase.standard
    for index in scene.trace.incidents[0].onsets.indices {
      scene.trace.incidents[0].onsets[index].kind = .silence
    }
    scene.trace.incidents[0].saying = ("heartbeat ok", 61)
    for audience in Audience.allCases {
      #expect(Self.summary(audience, scene).contains("All of them fell silent."), "\(audience)")
      #expect(!Self.summary(audience, scene).contains("say"), "\(audience)")
    }
    scene.trace.incidents[0].onsets[0].kind = .log
    #expect(Self.summary(.executive, scene).contains("Of them, 60 fell silent."))
  }

  @Test func theOriginsWordsStandBesideIt() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].origins[0].method = .change
    #expect(
      Self.summary(.executive, scene).contains("It wrote: “campaign &lt;\\*&gt; started”."),
      "\(Self.summary(.executive, scene))")
    #expect(!Self.markdown(.regulator, scene).contains("It wrote"))
    // What all say is not said twice.
    scene.trace.incidents[0].saying = ("campaign <*> started", 61)
    #expect(!Self.summary(.executive, scene).contains("It wrote"))
    scene.trace.incidents[0].saying = nil
    // Of who only fell silent it is an ordinary line.
    scene.trace.incidents[0].origins[0].device = scene.name(0)
    scene.trace.incidents[0].onsets[0].device = scene.name(0)
    scene.trace.incidents[0].onsets[0].kind = .silence
    #expect(!Self.summary(.executive, scene).contains("It wrote"))
  }

  @Test func whatOthersWroteOfTheOriginStandsThere() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].origins[0].device = "hub"
    let index = 0
    scene.trace.incidents[0].onsets[index].device = "hub"
    scene.trace.incidents[0].onsets[index].kind = .reported
    let witness = scene.name(0)
    #expect(
      Self.summary(.executive, scene).contains("\(witness) wrote of it: “kernel panic"),
      "\(Self.summary(.executive, scene))")
    scene.trace.incidents[0].onsets[index].kind = .silence
    #expect(Self.summary(.executive, scene).contains("hub, very likely. It fell silent."))
  }

  /// A cabinet dies in the second in which its lamps do, and nothing joins it to them.
  /// A cabinet of which nothing is heard but that all that hang on it are dark.
  @Test func whatSpeaksForTheOriginStandsWhereItSaidNothing() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].origins[0] = OriginCandidate(
      device: "cabinet", probability: 0.9, reasonsFor: ["15 of 15 entities that depend on it failed"],
      reasonsAgainst: [], evidence: [], counterEvidence: [])
    #expect(
      Self.summary(.executive, scene).contains(
        "cabinet, very likely. For that: 15 of 15 entities that depend on it failed."),
      "\(Self.summary(.executive, scene))")
    #expect(!Self.summary(.regulator, scene).contains("For that"))
  }

  @Test func whatWasMeasuredIsNamed() {
    var scene = SyntheticCase.standard
    for index in scene.trace.incidents[0].onsets.indices {
      scene.trace.incidents[0].onsets[index].kind = .metric
      scene.trace.incidents[0].onsets[index].reasons = [
        index < 10 ? "error_pct, latency_ms left the usual range" : "latency_ms left the usual range"
      ]
    }
    #expect(
      Self.summary(.executive, scene).contains(
        "What is measured of them left its usual range (latency_ms 61, error_pct 10)."),
      "\(Self.summary(.executive, scene))")
    #expect(!Self.summary(.customer, scene).contains("latency_ms"))
  }

  @Test func oneEntityIsNotOneEntitie() {
    #expect(Metric(.affected, "Affected", .count(1), unit: "entities", formula: "").fullText == "1 entity")
    #expect(Metric(.affected, "Affected", .count(1), unit: "places", formula: "").fullText == "1 place")
  }

  @Test func whatFailedInTheSameTimeIsNotPassedOver() throws {
    var scene = SyntheticCase.standard
    let first = try #require(scene.trace.incidents[0].onsets.map(\.time).min())
    var other = Onset(
      device: "cabinet", time: first, interval: first...first, kind: .silence, probability: 0.9, evidence: [],
      basis: .network)
    func summary(_ unrelated: Double, _ audience: Audience = .executive) -> String {
      other.unrelated = unrelated
      scene.trace.unrelated = [other]
      return Self.summary(audience, scene)
    }
    let words = "In the same time cabinet failed: whether that belongs to it is not determined."
    #expect(summary(0.45).contains(words) && summary(0.45, .engineer).contains(words))
    #expect(!summary(0.45, .customer).contains("In the same time"))
    // In half an hour something fails by chance; in a minute hardly.
    #expect(!summary(0.55).contains("In the same time"))
    scene.trace.incidents[0].onsets.removeAll { $0.time > first.adding(seconds: 300) }
    #expect(summary(0.55).contains(words))
    #expect(!summary(0.95).contains("In the same time"))
    other.time = first.adding(seconds: 86_400)
    #expect(!summary(0.45).contains("In the same time"))
  }

  @Test func whatFailsInOneSecondHasNoFirstAndLast() throws {
    var scene = SyntheticCase.standard
    let at = SyntheticCase.at(9)
    for index in scene.trace.incidents[0].onsets.indices {
      scene.trace.incidents[0].onsets[index].time = at
      scene.trace.incidents[0].onsets[index].interval = at...at
    }
    #expect(
      Self.summary(.executive, scene).contains("They failed within a second, at 2026-04-07 09:09:00 UTC."))
  }

  @Test func whatFailedIsToldByKind() {
    let text = Self.summary(.executive, .standard)
    #expect(
      text.contains("entities in the fleet, 61 were affected (by kind: sensor 60, broker 1)."), "\(text)")
    #expect(Self.markdown(.engineer, .standard).contains("**Affected**: 61 entities"))
    // Customers learn nothing of the inside, and a fleet of devices alone is called that.
    #expect(!Self.markdown(.customer, .standard).contains("broker"))
    var scene = SyntheticCase.standard
    var inventory = Inventory(attributes: ["kind"])
    for index in 0..<120 { inventory.append(device: scene.name(index), row: ["sensor"]) }
    scene.facts.inventory = inventory
    scene.trace.incidents[0].onsets.removeAll { $0.device == "broker-1" }
    #expect(Self.summary(.executive, scene).contains("Of 120 devices in the fleet, 60 were affected."))
  }

  @Test(arguments: ["kind", "Typ", "device_type"]) func kindsAreNoNames(_ column: String) {
    var scene = SyntheticCase.standard
    var inventory = Inventory(attributes: [column])
    for index in 0..<120 {
      inventory.append(device: scene.name(index), row: [index < 60 ? "Z-7 lift" : "K-2 lift"])
    }
    scene.facts.inventory = inventory
    let text = Self.summary(.regulator, scene)
    #expect(text.contains("(by \(column): Z-7 lift 60, not said 1)"), "\(text)")
  }

  /// Two of three wards fail, with as many pumps as monitors.
  @Test(arguments: [Audience.executive, .engineer]) func theAttributeThatTellsIsShown(_ audience: Audience)
    throws
  {
    var scene = SyntheticCase.standard
    var inventory = Inventory(attributes: ["kind", "model", "ward"])
    for index in 0..<90 {
      inventory.append(
        device: scene.name(index), row: ["pump", index % 2 == 0 ? "A" : "B", "ward \(index / 30)"])
    }
    // None of another kind fails, and each has a model that no pump has.
    for index in 0..<40 { inventory.append(device: "gate-\(index)", row: ["gateway", "G", ""]) }
    scene.facts.inventory = inventory
    scene.trace.incidents[0].commonCause = nil
    let text = Self.markdown(audience, scene)
    let table = try #require(
      text.components(separatedBy: "### By attribute").last?.components(separatedBy: "## ").first)
    let ward = try #require(table.firstRange(of: "for each ward"))
    #expect(table.contains("| ward 0 | 30 | 30 | 100.0 %"))
    if let model = table.firstRange(of: "for each model") {
      #expect(audience == .engineer && ward.lowerBound < model.lowerBound)
    }
    #expect(!table.contains("sets the affected apart"))
  }

  @Test func whereNoAttributeTellsThatIsSaid() {
    var scene = SyntheticCase.standard
    var inventory = Inventory(attributes: ["model"])
    for index in 0..<120 { inventory.append(device: scene.name(index), row: [index % 2 == 0 ? "A" : "B"]) }
    scene.facts.inventory = inventory
    scene.trace.incidents[0].commonCause = nil
    #expect(
      Self.markdown(.executive, scene).contains(
        "No attribute of the inventory sets the affected apart from the others."))
  }

  @Test(arguments: [
    "ward", "street", "room", "zone", "area", "place", "Haus", "Standort", "building_no", "siteName",
  ])
  func columnsOfPlacesAreKnown(_ name: String) {
    #expect(PlaceColumns.best(["model", name]) == 1)
    #expect(PlaceColumns.namesPlace(name))
    var scene = SyntheticCase.standard
    var inventory = Inventory(attributes: [name])
    for index in 0..<120 { inventory.append(device: scene.name(index), row: ["p\(index / 20)"]) }
    scene.facts.inventory = inventory
    #expect(scene.report().metrics[.affectedSites].value == .count(3))
  }

  @Test func whatIsNoPlaceIsNone() {
    #expect(PlaceColumns.best(["model", "support", "zone_type", "hardware", "fort", "warden"]) == nil)
    // The site before a part of it.
    #expect(PlaceColumns.best(["zone", "room", "site"]) == 2)
  }
}
