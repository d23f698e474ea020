import CascadeAnalysis
import IncidentModel
import Testing

/// Entities that never speak themselves, and that somebody names in a rhythm.
@Suite struct SpokenForTests {
  private static let end = 14_400.0

  /// A head end that writes a line for each frame of its tags, by what it came through, and the figures of each relay.
  private static func scene(
    tags: Int, isWritten: (_ tag: Int, _ time: Double) -> Bool, words: (Int) -> String,
    relays: (_ relay: Int, _ time: Double) -> Bool = { _, _ in true }
  ) -> Scene {
    var scene = Scene(23)
    for tag in 0..<tags { _ = scene.builder.device("tag\(tag)t") }
    for relay in 0..<3 { _ = scene.builder.device("mast\(relay)m") }
    for tag in 0..<tags {
      var time = Double(tag * 37 % 240)
      while time < end {
        if isWritten(tag, time) { scene.say("head", time, words(tag), 6) }
        time += 225 + 30 * scene.random.unit()
      }
    }
    for relay in 0..<3 {
      var time = Double(relay * 7)
      while time < end {
        if relays(relay, time) { scene.say("head", time, "counts \(Int(time) % 71) at mast\(relay)m", 6) }
        time += 28 + 4 * scene.random.unit()
      }
    }
    for door in 0..<10 { scene.keep("door\(door)d", 0...end, every: 70, "lock checked") }
    return scene
  }

  private static func failed(_ trace: Trace) -> Set<String> {
    Set(trace.incidents.flatMap(\.onsets).map(\.device) + trace.unrelated.map(\.device))
  }

  /// The same where the names of relays, which have no digits there, are parts of templates.
  private static func withRelaysInTemplates(_ given: IncidentEvidence) -> IncidentEvidence {
    var evidence = given
    var known: [String: Int32] = [:]
    for (event, device) in zip(given.mentionEvents, given.mentionDevices) {
      let name = given.devices[Int(device)]
      guard name.hasPrefix("mast") else { continue }
      let text = given.templateTexts[Int(given.eventTemplates[Int(event)])]
        .replacing("over <*>", with: "over \(name)").replacing("at <*>", with: "at \(name)")
      if known[text] == nil {
        known[text] = Int32(evidence.templateTexts.count)
        evidence.templateTexts.append(text)
        evidence.templatePrograms.append("")
      }
      evidence.eventTemplates[Int(event)] = known[text]!
    }
    return evidence
  }

  @Test(arguments: [false, true])
  func aRelayOfWhichNothingIsHeardIsOneFailureAndTellsNothingOfThoseBehindIt(isInTemplate: Bool) throws {
    let scene = Self.scene(
      tags: 60, isWritten: { tag, time in tag % 3 != 1 || time < 6000 },
      words: { "tag\($0)t over mast\($0 % 3)m level \($0 % 9 + 2)" },
      relays: { relay, time in relay != 1 || time < 6000 })
    let trace = CascadeTracer().trace(
      isInTemplate ? Self.withRelaysInTemplates(scene.evidence) : scene.evidence)
    #expect(Self.failed(trace) == ["mast1m"], "\(trace.verdict)")
    let unheard = try #require(trace.unheard.first)
    #expect(unheard.reporter == "mast1m")
    #expect(Set(unheard.devices) == Set((0..<60).filter { $0 % 3 == 1 }.map { "tag\($0)t" }))
  }

  @Test func thoseThatAreNamedNoLongerHaveFailed() {
    let scene = Self.scene(
      tags: 40, isWritten: { tag, time in tag >= 8 || time < 6000 },
      words: { "tag\($0)t level \($0 % 9 + 2)" })
    let trace = scene.trace
    #expect(Self.failed(trace) == Set((0..<8).map { "tag\($0)t" }), "\(trace.verdict)")
    let onsets = trace.incidents.flatMap(\.onsets) + trace.unrelated
    #expect(onsets.allSatisfy { $0.kind == .silence })
  }

  /// Of nobody is anything known when the one that named them writes no more of the kind.
  @Test func whoeverStopsWritingMissesNobody() {
    let all = Self.scene(
      tags: 40, isWritten: { _, time in time < 6000 }, words: { "tag\($0)t level \($0 % 9 + 2)" })
    #expect(Self.failed(all.trace).isDisjoint(with: (0..<40).map { "tag\($0)t" }), "\(all.trace.verdict)")
    let none = Self.scene(tags: 40, isWritten: { _, _ in true }, words: { "tag\($0)t level \($0 % 9 + 2)" })
    #expect(Self.failed(none.trace).isEmpty, "\(none.trace.verdict)")
  }
}
