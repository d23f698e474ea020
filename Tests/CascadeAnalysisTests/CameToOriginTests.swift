import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Who got into the origin of an incident before it began.
@Suite struct CameToOriginTests {
  private static let end = 28_800.0
  private static let entry = 14_000.0

  /// A desk lets itself into the depot, which gives sixty panels something that breaks them. The desk had told of something odd before.
  private static func plant(enters: Bool, from source: String = "desk7d", seed: UInt64 = 61) -> Scene {
    var scene = Scene(seed)
    var csv = "device,role\n"
    for panel in 0..<80 { csv += "panel\(panel)p,panel\n" }
    scene.builder.inventory(csv: csv + "desk7d,desk\ndesk8d,desk\ndepot1o,depot\n")
    for panel in 0..<80 {
      let name = "panel\(panel)p"
      scene.builder.link(name, "depot1o", "managed")
      let broken = panel < 60 ? entry + 1800 + Double(panel) * 4 + 20 + 300 * scene.random.unit() : end
      scene.keep(name, 0...broken, every: 240, "picture drawn")
      guard panel < 60 else { continue }
      let given = entry + 1800 + Double(panel) * 4
      scene.say("depot1o", given, "package tools 3.1 given to \(name)", 6)
      scene.say(name, given + 3, "package tools 3.1 set up from depot1o", 6)
      scene.say(name, broken, "shadow copies were removed", 3)
      scene.say(name, broken + 4, "project cannot be read", 3)
      scene.say(name, broken + 9, "service ended unexpectedly", 2)
    }
    for desk in ["desk7d", "desk8d"] { scene.scatter(desk, 0...end, every: 600, "process began") }
    scene.keep("depot1o", 0...end, every: 600, "80 agents compared")
    scene.say("desk7d", entry - 2300, "suspicious macro in a document was let through", 4)
    guard enters else { return scene }
    for turn in 0..<12 {
      scene.say(
        "depot1o", entry - 100 + Double(turn) * 7, "Failed logon for account deploy from \(source)", 3)
    }
    scene.say("depot1o", entry, "Successful logon for account deploy from \(source)", 6)
    return scene
  }

  @Test(arguments: [61, 62, 63] as [UInt64]) func whoGotIntoTheOriginIsNoStranger(seed: UInt64) throws {
    let trace = Self.plant(enters: true, seed: seed).trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.origins.first?.device == "depot1o", "\(trace.verdict)")
    #expect(
      incident.origins[0].reasonsFor.contains("it let desk7d in, which it had refused 12 times just before"),
      "\(incident.origins[0].reasonsFor)")
    let desk = trace.unrelated.first { $0.device == "desk7d" }
    #expect((desk?.unrelated ?? 0) < 0.5, "\(trace.verdict)")
    #expect(!trace.verdict.contains("nothing to do with it"), "\(trace.verdict)")
    if desk != nil {
      #expect(
        trace.explanation(of: "desk7d").contains { $0.text.contains("that is doubtful") })
    }
  }

  @Test func whoIsNamedByNobodyStaysApart() throws {
    let trace = Self.plant(enters: true, from: "desk8d").trace
    let desk = try #require(trace.unrelated.first { $0.device == "desk7d" }, "\(trace.verdict)")
    #expect((desk.unrelated ?? 0) > 0.9)
    #expect(trace.incidents[0].origins[0].reasonsFor.contains { $0.contains("let desk8d in") })
  }

  @Test func whereNobodyCameInNothingIsSaidOfIt() throws {
    let trace = Self.plant(enters: false).trace
    #expect(trace.incidents[0].origins.allSatisfy { $0.reasonsFor.allSatisfy { !$0.contains("it let") } })
    #expect((try #require(trace.unrelated.first { $0.device == "desk7d" }).unrelated ?? 0) > 0.9)
  }
}
