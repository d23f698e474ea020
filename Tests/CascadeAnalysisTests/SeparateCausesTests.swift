import CascadeAnalysis
import IncidentModel
import Testing

/// Two causes in one fleet within minutes: who failed before a change, and never got it, did not fail of it.
@Suite struct SeparateCausesTests {
  private static let dark = 9000.0
  private static let pushed = 9360.0

  /// Carts behind six masts. One mast stops, and those behind it say `lost`; six minutes later twenty others get new routes, every
  /// second of which says `broken`. All are silent until they are well again, and say the same every day.
  private static func yard(
    lost: String, broken: String, linked: Bool, gap: Double = pushed - dark, carts: Int = 60
  ) -> Trace {
    var scene = Scene(5)
    var rows = "device,sort,area,build\n"
    for mast in 0..<6 { rows += "mast\(mast)m,mast,-,-\n" }
    rows += "planner,office,-,-\n"
    for mast in 0..<6 {
      scene.keep("mast\(mast)m", 0...(mast == 1 ? dark : 18_000), every: 30, "carrier steady")
    }
    scene.keep("planner", 0...18_000, every: 40, "page drawn")
    scene.say("planner", dark + gap - 1, "routes R-77 handed out", 6)
    for cart in 0..<carts {
      let name = "cart\(cart)c"
      let mast = cart < 12 ? 1 : [0, 2, 3, 4, 5][cart % 5]
      rows += "\(name),cart,\(cart < 20 ? "east" : cart < 40 ? "mid" : "west"),b\(cart % 2)\n"
      if linked { scene.builder.link("mast\(mast)m", name, "radio") }
      var failure = Double.infinity
      if cart < 12 {
        failure = dark + 2 + Double(cart * 5 % 8)
        scene.say(name, failure, lost, 3)
      }
      if (40..<60).contains(cart) {
        let received = dark + gap + Double(cart % 20)
        scene.say(name, received, "routes R-77 taken over", 6)
        if cart % 2 == 0 {
          failure = received + 20 + Double(cart * 7 % 25)
          scene.say(name, failure, broken, 3)
        }
      }
      scene.keep(name, 0...min(failure, 18_000), every: 20, "at mark \(cart)")
      if failure < .infinity { scene.keep(name, (failure + 1500)...18_000, every: 20, "at mark \(cart)") }
    }
    scene.builder.inventory(csv: rows)
    return scene.trace
  }

  private static let behindMast = Set((0..<12).map { "cart\($0)c" })

  @Test(arguments: [360.0, 50, 900]) func aChangeTakesNobodyAlongWhoFailedBeforeIt(gap: Double) throws {
    let trace = Self.yard(lost: "no parent, halting", broken: "position unknown", linked: true, gap: gap)
    #expect(trace.incidents.count == 2, "\(trace.verdict)")
    let first = try #require(trace.incidents.first { $0.onsets.contains { $0.device == "cart0c" } })
    let second = try #require(trace.incidents.first { $0.onsets.contains { $0.device == "cart40c" } })
    #expect(first.origins.first?.device == "mast1m" && second.origins.first?.device == "planner")
    #expect(
      first.edges.allSatisfy { $0.kind == .dependency } && second.edges.allSatisfy { $0.kind == .change })
    #expect(Set(second.onsets.map(\.device)).isDisjoint(with: Self.behindMast))
    // It was not heard again, and by its own rhythm it should have been.
    let mast = try #require(first.onsets.first { $0.device == "mast1m" })
    let others = first.onsets.filter { $0.device != "mast1m" }.map(\.time)
    #expect(mast.kind == .silence && others.count == 12 && others.allSatisfy { mast.time <= $0 })
  }

  @Test func whatOneWordSaysOfTwoCausesIsToldApartByWhatTheyHangOn() throws {
    let trace = Self.yard(lost: "halting", broken: "halting", linked: true)
    #expect(trace.incidents.count == 2, "\(trace.verdict)")
    #expect(Set(trace.incidents.compactMap { $0.origins.first?.device }) == ["mast1m", "planner"])
    let byChange = trace.incidents.flatMap(\.edges).filter { $0.kind == .change }
    #expect(byChange.count == 10 && Self.behindMast.isDisjoint(with: byChange.map(\.to)))
  }

  @Test func noLinkIsNeededToTellThemApart() throws {
    let trace = Self.yard(lost: "no parent, halting", broken: "position unknown", linked: false)
    let edges = trace.incidents.flatMap(\.edges).filter { $0.from == "planner" }
    #expect(edges.count == 10 && Self.behindMast.isDisjoint(with: edges.map(\.to)), "\(trace.verdict)")
    #expect(trace.incidents.count == 2)
  }

  /// In the same words they are one incident; the change explains a part of it, and its maker is not where it began.
  @Test func whereTheWordsAreTheSameTheChangeIsDoubted() throws {
    let trace = Self.yard(lost: "halting", broken: "halting", linked: false, carts: 120)
    let incident = try #require(trace.incidents.first)
    #expect(trace.incidents.count == 1 && incident.onsets.count == 23, "\(trace.verdict)")
    let byChange = incident.edges.filter { $0.from == "planner" }
    #expect(byChange.count == 10 && Self.behindMast.isDisjoint(with: byChange.map(\.to)))
    let planner = try #require(incident.origins.first { $0.device == "planner" })
    #expect(planner.probability < 0.5)
    #expect(planner.reasonsAgainst.contains { $0.hasPrefix("13 of the 23 that failed had failed before") })
  }
}
