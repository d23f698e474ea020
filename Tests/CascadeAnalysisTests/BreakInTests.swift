import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Passwords that are guessed: who withstands did not fail, who lets somebody in failed then.
@Suite struct BreakInTests {
  private static let lamps = 36
  private static let end = 10_800.0
  private static let begin = 5400.0
  /// The refusals and the log-in that ends them.
  private typealias Words = (refused: @Sendable (String) -> String, entered: @Sendable (String) -> String)
  private static let words: [Words] = [
    (
      { "Failed password for root from \($0) port 4711" },
      { "Accepted password for root from \($0) port 4713" }
    ),
    ({ "pam: wrong password, user root, rhost \($0)" }, { "session opened for user root, rhost \($0)" }),
    ({ "Anmeldung von \($0) abgewiesen" }, { "Benutzer root von \($0) angemeldet" }),
    ({ "login attempt rejected: client \($0)" }, { "user logged in from \($0)" }),
  ]

  private static func name(_ lamp: Int) -> String { "lamp\(lamp)y" }

  private static func seconds(_ instant: Instant) -> Double {
    instant.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  /// Quiet lamps, at all of which strangers try a password now and then.
  private static func scene(_ words: Words) -> Scene {
    var scene = Scene(31)
    for lamp in 0..<lamps {
      scene.keep(name(lamp), 0...end, every: 60, "light as wanted")
      scene.scatter(name(lamp), 0...end, every: 2500, words.refused("192.0.2.\(10 + lamp % 3)"), 4)
    }
    return scene
  }

  private static func attack(
    _ scene: inout Scene, _ lamp: Int, by source: String, at time: Double, _ words: Words, enters: Bool
  ) {
    for turn in 0..<20 { scene.say(name(lamp), time + Double(turn) * 4, words.refused(source), 4) }
    if enters { scene.say(name(lamp), time + 82, words.entered(source), 6) }
  }

  /// From one to two others each; twelve withstand.
  private static func worm(_ words: Words) -> (scene: Scene, entered: [Double]) {
    var scene = scene(words)
    var entered = [begin + 82]
    attack(&scene, 0, by: "203.0.113.9", at: begin, words, enters: true)
    for lamp in 1..<14 {
      let parent = (lamp - 1) / 2
      let start = entered[parent] + 20 + Double(lamp % 2) * 25
      attack(&scene, lamp, by: name(parent), at: start, words, enters: true)
      entered.append(start + 82)
    }
    for lamp in 14..<26 {
      attack(&scene, lamp, by: name(lamp % 5), at: entered[lamp % 5] + 90, words, enters: false)
    }
    return (scene, entered)
  }

  @Test(arguments: words.indices) func aWormGoesFromLogInToLogIn(kind: Int) throws {
    let (scene, entered) = Self.worm(Self.words[kind])
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set((0..<14).map(Self.name)), "\(trace.verdict)")
    #expect(trace.unrelated.isEmpty, "\(trace.verdict)")
    for onset in incident.onsets {
      let lamp = try #require(Int(onset.device.dropFirst(4).dropLast()))
      #expect(lamp < entered.count && abs(Self.seconds(onset.time) - entered[lamp]) < 2)
    }
    let origin = try #require(incident.origins.first)
    #expect(origin.device == Self.name(0) && origin.probability > 0.7, "\(trace.verdict)")
    #expect(origin.reasonsFor.contains { $0.contains("let somebody in who is not in the evidence") })
    #expect(incident.unseenOrigin == nil)
    let right = incident.edges.count { edge in
      (1..<14).contains { Self.name($0) == edge.to && Self.name(($0 - 1) / 2) == edge.from }
    }
    #expect(right == 13 && incident.edges.count == 13)
  }

  @Test(arguments: words.indices) func whoIsTriedAndTriedAndLetsNobodyInDidNotFail(kind: Int) {
    var scene = Self.scene(Self.words[kind])
    for lamp in 0..<20 {
      Self.attack(
        &scene, lamp, by: "203.0.113.9", at: Self.begin + Double(lamp) * 15, Self.words[kind], enters: false)
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  /// One stranger who guesses his way into many is where it began, and he is not in the evidence.
  @Test(arguments: words.indices) func manyBreakInsByOneStrangerBeganAtNobodyInTheEvidence(kind: Int) throws {
    var scene = Self.scene(Self.words[kind])
    for lamp in 0..<20 {
      Self.attack(
        &scene, lamp, by: "203.0.113.9", at: Self.begin + Double(lamp) * 35, Self.words[kind],
        enters: lamp % 3 > 0)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(
      Set(incident.onsets.map(\.device)) == Set((0..<20).filter { $0 % 3 > 0 }.map(Self.name)),
      "\(trace.verdict)")
    #expect(incident.unseenOrigin?.probability ?? 0 > 0.5, "\(trace.verdict)")
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 })
    #expect(trace.verdict.contains("began with something that is not in the evidence"))
  }

  /// Who mistypes, and is let in at last from where he always comes, breaks into nothing; nor does somebody else who is let in meanwhile.
  @Test(arguments: words.indices) func whoMistypesIsNoIntruder(kind: Int) {
    var scene = Self.scene(Self.words[kind])
    for lamp in 0..<6 {
      scene.say(Self.name(lamp), 900 + Double(lamp), Self.words[kind].entered("10.0.0.5"), 6)
      Self.attack(&scene, lamp, by: "10.0.0.5", at: Self.begin, Self.words[kind], enters: true)
    }
    for lamp in 6..<12 {
      scene.say(Self.name(lamp), 900 + Double(lamp), Self.words[kind].entered("10.0.0.5"), 6)
      Self.attack(&scene, lamp, by: "203.0.113.9", at: Self.begin, Self.words[kind], enters: false)
      scene.say(Self.name(lamp), Self.begin + 85, Self.words[kind].entered("10.0.0.5"), 6)
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  @Test func aStrangersAddressMayStandInBrackets() {
    #expect(OutsideAttempts.tellsOfRefusal("bad credentials for <*> (<*>)"))
    #expect(OutsideAttempts.tellsOfRefusal("login failed: user admin@<*>"))
    // What a device cannot do itself is another matter.
    #expect(!OutsideAttempts.tellsOfRefusal("login failed: bad credentials (code <*>)"))
    #expect(!OutsideAttempts.tellsOfRefusal("invalid frame (<*>)"))
    #expect(BreakIn.tellsOfEntry("login ok: <*> (<*>)"))
    #expect(!BreakIn.tellsOfEntry("login not accepted from <*>"))
    #expect(!BreakIn.tellsOfEntry("frame accepted from <*>"))
  }
}
