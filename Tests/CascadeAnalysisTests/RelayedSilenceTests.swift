import CascadeAnalysis
import IncidentModel
import Testing

/// Entities that are heard through one reporter, which falls silent: nothing is known of them then.
@Suite struct RelayedSilenceTests {
  private static let end = 10_800.0

  private static func seconds(_ instant: Instant) -> Double {
    instant.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  /// Rounds of a poller that says the same of each of its targets, until it ends; and doors that speak for themselves.
  private static func scene(
    _ pollers: [(name: String, targets: Range<Int>, end: Double)], isInOwnName: Bool = false,
    words: (String, String) -> String
  ) -> Scene {
    var scene = Scene(11)
    for (name, targets, end) in pollers {
      // Names are known from the beginning, as those of a case are.
      scene.say(name, 1, "begun", 6)
      for target in targets { scene.say("probe\(target)x", 2, "begun", 6) }
      var round = 10.0
      while round < end {
        for target in targets {
          let time = round + Double(target % 40) * 0.5
          guard time < end else { break }
          scene.say(isInOwnName ? name : "probe\(target)x", time, words("probe\(target)x", name), 6)
        }
        if round + 25 < end { scene.say(name, round + 25, "round \(Int(round)) done", 6) }
        round += 60
      }
    }
    for door in 0..<40 { scene.keep("door\(door)d", 0...Self.end, every: 70, "lock checked") }
    return scene
  }

  /// At whatever place in a line the reporter is named.
  @Test(arguments: [true, false]) func aPollerThatDiesIsOneFailureAndTellsNothingOfItsTargets(
    isNamedFirst: Bool
  ) throws {
    let scene = Self.scene([("poll1", 0..<33, 6005), ("poll2", 40..<60, Self.end)]) { target, poller in
      let other = "door\(target.utf8.count)d"
      return isNamedFirst ? "by \(poller) over \(other) up" : "up over \(other) by \(poller)"
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    #expect(trace.unrelated.map(\.device) == ["poll1"])
    let silent = try #require(trace.unrelated.first)
    #expect((5900...6070).contains(Self.seconds(silent.time)), "\(Self.seconds(silent.time))")
    let unheard = try #require(trace.unheard.first)
    #expect(trace.unheard.count == 1 && unheard.reporter == "poll1" && unheard.until == nil)
    #expect(Set(unheard.devices) == Set((0..<33).map { "probe\($0)x" }))
    #expect((5940...6005).contains(Self.seconds(unheard.since)))
    #expect(trace.verdict.contains("Not known: how 33 entities were"))
    #expect(trace.verdict.contains("their reporter poll1 was silent"))
    // Reports list what limits a trace.
    #expect(trace.caveats.contains(unheard.words))
    #expect(trace.explanation(of: "probe7x").first?.text.contains("not known to have failed") == true)
  }

  @Test func targetsThatFallSilentWhileTheirPollerGoesOnHaveFailed() throws {
    var scene = Self.scene([("poll1", 0..<20, Self.end)]) { target, poller in "\(target) up by \(poller)" }
    for target in 40..<60 {
      scene.say("probe\(target)x", 2, "begun", 6)
      for round in stride(from: 10.0, to: 6005, by: 60) {
        scene.say("probe\(target)x", round + 22, "up by poll1", 6)
      }
    }
    let trace = scene.trace
    #expect(Set(trace.incidents.first?.onsets.map(\.device) ?? []) == Set((40..<60).map { "probe\($0)x" }))
    #expect(trace.unheard.isEmpty)
  }

  /// Two that write in their own names: of the targets that the other one tells of as well, something is known.
  @Test func aPollerThatWritesInItsOwnNameIsMissed() throws {
    let scene = Self.scene(
      [("poll1", 0..<33, 6005), ("poll2", 20..<60, Self.end)], isInOwnName: true
    ) { target, poller in "\(target) up" }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    #expect(trace.unrelated.map(\.device) == ["poll1"], "\(trace.verdict)")
    let unheard = try #require(trace.unheard.first)
    #expect(trace.unheard.count == 1 && unheard.reporter == "poll1")
    #expect(Set(unheard.devices) == Set((0..<20).map { "probe\($0)x" }))
  }

  @Test func ofWhomItIsKnownThatTheyFailedNothingElseIsSaid() throws {
    var scene = Self.scene([("poll1", 0..<33, 6005)], isInOwnName: true) { target, poller in "\(target) up" }
    for target in 0..<33 {
      for turn in 0..<4 {
        scene.say("probe\(target)x", 5800 + Double(turn * 20 + target), "store damaged", 3)
      }
    }
    let trace = scene.trace
    #expect(trace.incidents.first?.onsets.count ?? 0 >= 33, "\(trace.verdict)")
    #expect(trace.unheard.isEmpty, "\(trace.verdict)")
  }

  @Test func aPollerThatComesBackWasSilentForAWhile() throws {
    var scene = Self.scene([("poll1", 0..<33, 5000)]) { target, poller in "\(target) up by \(poller)" }
    for target in 0..<33 {
      for round in stride(from: 8000.0, to: Self.end, by: 60) {
        scene.say("probe\(target)x", round + Double(target) * 0.5, "probe\(target)x up by poll1", 6)
      }
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    let unheard = try #require(trace.unheard.first)
    #expect(unheard.devices.count == 33)
    #expect(Self.seconds(try #require(unheard.until)) == 8000)
  }

  /// Lines that name nobody: they lie in files that are called after the reporter.
  @Test func whoseFilesAreCalledAfterAReporterAreHeardThroughIt() throws {
    let scene = Self.scene([("poll1", 0..<33, 6005)]) { _, _ in "up" }
    var evidence = scene.evidence
    let poller = try #require(evidence.devices.firstIndex(of: "poll1"))
    evidence.lastSources = evidence.devices.indices.map { Int32($0) }
    evidence.sources = evidence.devices.map { name in
      var source = IncidentEvidence.Source(devices: 1, lacksEnd: false)
      if !name.hasPrefix("door") { source.namedInPath = [Int32(poller)] }
      return source
    }
    let trace = CascadeTracer().trace(evidence)
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    #expect(trace.unheard.first?.devices.count == 33)
  }

  /// Lines of a program by which all targets say the same, and one host alone says things of its own.
  @Test func whoseProgramOnlyOneHostRunsAreHeardThroughIt() throws {
    let scene = Self.scene([("poll1", 0..<33, 6005)]) { _, _ in "up" }
    var evidence = scene.evidence
    evidence.templatePrograms = evidence.templateTexts.map { $0 == "lock checked" ? "lockd" : "polld" }
    let trace = CascadeTracer().trace(evidence)
    #expect(trace.incidents.isEmpty, "\(trace.verdict)")
    #expect(trace.unheard.first?.devices.count == 33)
    // With a program of their own, they fell silent themselves, and the poller in the same moment.
    evidence.templatePrograms = evidence.templateTexts.map { $0 == "up" ? "agent" : "polld" }
    let failed = CascadeTracer().trace(evidence).incidents.first?.onsets.map(\.device) ?? []
    #expect(Set(failed) == Set((0..<33).map { "probe\($0)x" } + ["poll1"]))
  }
}
