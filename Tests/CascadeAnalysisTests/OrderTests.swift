import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Who orders harm is told as who gave the orders, and not as something that the victims depend on.
@Suite struct OrderTests {
  private static let end = 14_400.0
  private static let begin = 7200.0
  /// What those say that carry out an order, and what comes of it.
  private typealias Words = (order: @Sendable (String) -> String, harm: String)
  private static let words: [Words] = [
    ({ "gate raised by remote order from \($0)" }, "barrier up, lane open"),
    ({ "stop command accepted from \($0), user svc" }, "no flow at outlet"),
    ({ "Einschaltbefehl von \($0) ausgeführt" }, "Lager heiß"),
    ({ "output 3 switched off by \($0)" }, "room dark"),
  ]

  private static func name(_ device: Int) -> String { "unit\(device)w" }

  /// - Parameters:
  ///   - grade: Severity of the message that tells of the order.
  ///   - everyday: Who orders now and then all day, in the same words.
  private static func scene(_ kind: Int, by actor: String, grade: UInt8, everyday: String? = nil) -> Scene {
    var scene = Scene(77)
    for device in 0..<48 {
      scene.keep(name(device), 0...end, every: 60, "reading within limits")
      scene.scatter(name(device), 0...end, every: 900, "self check done")
      if let everyday { scene.scatter(name(device), 0...end, every: 4000, words[kind].order(everyday)) }
    }
    if actor.first == "h" {
      scene.keep(actor, 0...end, every: 300, "sessions counted")
      scene.say(actor, begin - 100, "Accepted publickey for svc from 203.0.113.77", 6)
    }
    if let everyday { scene.keep(everyday, 0...end, every: 300, "sessions counted") }
    for turn in 0..<24 {
      let device = name(turn * 2)
      let time = begin + Double(turn) * 3 + Double(turn % 3)
      scene.say(device, time, words[kind].order(actor), grade)
      for again in 0..<6 { scene.say(device, time + 25 + Double(again) * 60, words[kind].harm, 2) }
    }
    return scene
  }

  @Test(arguments: words.indices, [UInt8(4), 6]) func whoOrdersIsNoProvider(kind: Int, grade: UInt8) throws {
    let trace = Self.scene(kind, by: "hop1", grade: grade).trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 24, "\(trace.verdict)")
    let origin = try #require(incident.origins.first)
    #expect(origin.device == "hop1" && origin.probability > 0.7, "\(trace.verdict)")
    #expect(incident.changes.first?.isOrder == true)
    #expect(incident.edges.allSatisfy { $0.kind == .change && $0.from == "hop1" })
    #expect(trace.verdict.contains("which gave the orders"))
    #expect(!trace.verdict.contains("depend on it failed"))
    #expect(incident.counterfactual == nil)
    // That somebody came in there just before is shown with it.
    #expect(trace.explanation(of: "hop1").contains { $0.text.contains("ordered from") })
  }

  @Test(arguments: words.indices, [UInt8(4), 6])
  func ordersFromAnAddressThatNobodyHasBeganAtNobodyInTheEvidence(kind: Int, grade: UInt8) throws {
    let trace = Self.scene(kind, by: "198.51.100.7", grade: grade).trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 24, "\(trace.verdict)")
    #expect(incident.unseenOrigin?.probability ?? 0 > 0.5, "\(trace.verdict)")
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 })
    #expect(trace.verdict.contains("orders of the same name or address"))
  }

  /// Where a control room orders the same all day, it is the stranger's orders that count.
  @Test(arguments: words.indices) func whoOrdersEveryDayIsNotBlamedForAStranger(kind: Int) throws {
    let trace = Self.scene(kind, by: "hop1", grade: 6, everyday: "hall7").trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.origins.first?.device == "hop1", "\(trace.verdict)")
    #expect(incident.changes.first?.isOrder == true)
  }

  /// The same words in which those complain who lost what they hang on.
  @Test func aProviderThatFailedFirstIsNoActor() throws {
    var scene = Scene(78)
    for device in 0..<48 {
      scene.keep(Self.name(device), 0...Self.end, every: 60, "reading within limits")
      scene.builder.link("relay\(device % 4)r", Self.name(device), "serves")
    }
    for relay in 0..<4 { scene.keep("relay\(relay)r", 0...Self.end, every: 30, "frames passed on") }
    scene.keep("hop1", 0...Self.end, every: 300, "sessions counted")
    for turn in 0..<5 { scene.say("relay2r", Self.begin + Double(turn) * 30, "mainboard fault", 1) }
    for device in 0..<48 where device % 4 == 2 {
      scene.say(Self.name(device), Self.begin + 20 + Double(device), "uplink gone", 3)
      scene.say(Self.name(device), Self.begin + 24 + Double(device), "restart ordered by hop1", 4)
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.origins.first?.device == "relay2r")
    #expect(incident.changes.allSatisfy { !$0.isOrder })
  }

  @Test(arguments: [
    "held open by remote order from <*>", "start command accepted from <*>, user svc",
    "Ausschaltbefehl von <*> ausgeführt", "remote session <*>: halt infusion", "valve closed by <*>",
    "unlocked by <*>", "setpoint <*> written by <*> over rpc", "Tür durch <*> entriegelt",
    "arrêt sur ordre de <*>",
  ]) func wordsOfOrders(text: String) { #expect(OrderWords.tellsOfOrder(text)) }

  @Test(arguments: [
    "connection closed by <*>", "command from <*> rejected", "no response to command from <*>",
    "update ordered by <*>", "frame received from <*>", "lost contact to <*>", "caused by <*>",
    "command queue at <*> %", "certificate issued by <*>", "remote host <*> unreachable",
  ]) func wordsOfOtherThings(text: String) { #expect(!OrderWords.tellsOfOrder(text)) }

  /// In words that nobody knows it is still only what they said as they failed that ties them to it.
  @Test func whoIsNamedInNothingButTroubleIsDoubted() throws {
    var scene = Scene(79)
    for device in 0..<48 { scene.keep(Self.name(device), 0...Self.end, every: 60, "reading within limits") }
    scene.keep("hop1", 0...Self.end, every: 300, "sessions counted")
    for turn in 0..<24 {
      for again in 0..<5 {
        let time = Self.begin + Double(turn) * 3 + Double(again) * 60
        scene.say(Self.name(turn * 2), time, "wajer otwarty hop1", 3)
      }
    }
    let origin = try #require(scene.trace.incidents.first?.origins.first)
    #expect(origin.device == "hop1" && origin.probability <= 0.75)
    #expect(origin.reasonsAgainst.contains { $0.contains("whether they hang on it, or it acted on them") })
  }
}
