import CascadeAnalysis
import IncidentModel
import Testing

/// What infrastructure says of its housekeeping, just before others fail that nothing ties to it.
@Suite struct RemarkTests {
  private static let moment = 9000.0

  private enum Word { case none, remark(before: Double), error }

  /// Seventy kiosks cannot play within ten minutes, twenty lamps go on. Beside them live a resolver and a cache, which nobody names.
  private static func shop(resolver: Word, cache: Word, isLinked: Bool = false) -> Trace {
    var scene = Scene(9)
    var rows = "device,sort,land,build\nresolver,dns,-,-\ncache,cdn,-,-\n"
    for (name, word, text) in [
      ("resolver", resolver, "table read, serial"), ("cache", cache, "renewed its certificate"),
    ] {
      scene.keep(name, 0...18_000, every: 80, "\(name) answered", 255)
      switch word {
      case .none: break
      case .remark(let before): scene.say(name, moment - before, text, 255)
      case .error:
        for turn in 0..<6 { scene.say(name, moment - 30 + Double(turn) * 40, "store corrupt", 2) }
      }
    }
    for device in 0..<90 {
      let isLamp = device >= 70
      let name = isLamp ? "lamp\(device)l" : "kiosk\(device)k"
      rows += "\(name),\(isLamp ? "lamp" : "kiosk"),l\(device % 2),b\(device % 3)\n"
      if isLinked, !isLamp { scene.builder.link("resolver", name, "serves") }
      let failure = isLamp ? 18_000 : moment + 4 + Double(device * 37 % 70) * 8
      scene.keep(name, 0...failure, every: 150, isLamp ? "set to 40" : "played")
      if !isLamp { scene.keep(name, failure...18_000, every: 300, "playback stalled", 3) }
    }
    scene.builder.inventory(csv: rows)
    return scene.trace
  }

  @Test func oneOfTwoThatSaidSomethingUnusualIsNoOrigin() throws {
    let trace = Self.shop(resolver: .remark(before: 40), cache: .remark(before: 100))
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 70 && incident.edges.isEmpty, "\(trace.verdict)")
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 })
    #expect(Set(incident.origins.prefix(2).map(\.device)) == ["resolver", "cache"])
    #expect(incident.origins[0].probability == incident.origins[1].probability)
    #expect(Set(trace.wentOn.map(\.device)) == ["resolver", "cache"])
    #expect(trace.verdict.contains("2 others said something unusual and went on as ever"))
    #expect(trace.explanation(of: "cache").contains { $0.text.contains("said something unusual") })
  }

  @Test func oneAloneIsLikelyAtMostAndDidNotFail() throws {
    let trace = Self.shop(resolver: .remark(before: 40), cache: .none)
    let incident = try #require(trace.incidents.first)
    let origin = try #require(incident.origins.first)
    #expect(origin.device == "resolver" && (0.5...0.6).contains(origin.probability), "\(trace.verdict)")
    #expect(incident.onsets.allSatisfy { $0.device != "resolver" } && incident.edges.isEmpty)
    #expect(origin.reasonsAgainst.contains { $0.contains("nothing ties those that failed to it") })
  }

  @Test func aGuessedDependencyIsNoSurerThanItsOrigin() throws {
    let trace = Self.shop(resolver: .error, cache: .none)
    let incident = try #require(trace.incidents.first)
    let origin = try #require(incident.origins.first)
    #expect(origin.device == "resolver" && !incident.edges.isEmpty, "\(trace.verdict)")
    #expect(incident.edges.allSatisfy { $0.from != "resolver" || $0.probability <= origin.probability })
  }

  @Test func whatOthersAreKnownToHangOnIsStillJudgedByWhatItSays() throws {
    let trace = Self.shop(resolver: .remark(before: 4), cache: .none, isLinked: true)
    let incident = try #require(trace.incidents.first)
    #expect(incident.origins.first?.device == "resolver", "\(trace.verdict)")
    #expect(incident.edges.count { $0.from == "resolver" && $0.kind == .dependency } == 70)
  }

  @Test func onAQuietDayNothingFailed() {
    var scene = Scene(10)
    for desk in 0..<12 { scene.builder.link("hub", "desk\(desk)d", "lan") }
    for desk in 0..<12 { scene.keep("desk\(desk)d", 0...18_000, every: 60, "synced") }
    scene.keep("hub", 0...18_000, every: 60, "frames moved", 255)
    scene.builder.inventory(
      csv: (["device,sort,land,build", "hub,switch,-,-", "store,store,-,-"]
        + (0..<12).map { "desk\($0)d,desk,l\($0 % 2),b\($0 % 3)" }).joined(separator: "\n") + "\n")
    scene.keep("store", 0...18_000, every: 60, "blocks swept", 255)
    scene.say("store", 9000, "renewed its certificate", 255)
    let trace = scene.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
    #expect(trace.verdict.contains("1 entity said something unusual, but went on as ever"))
  }
}
