import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Restarts by the calendar just before something else fails, and strays just before a power dip.
@Suite struct RoutineChangeTests {
  private static let day = 86_400.0

  private static func seconds(_ onset: Onset) -> Double {
    onset.time.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  /// Kiosks restart by the week; three seconds after the second time the hub that kiosks and tills use stops without a word.
  private static func restarts(severity: UInt8, kioskFailures: Int) -> Scene {
    var scene = Scene(21)
    let restarts = [day + 10_800, 8 * day + 10_800]
    let failure = restarts[1] + 3
    let end = 9 * day
    var rows = "device,kind,place\nhub,,\nplanner,,\n"
    for number in 0..<60 {
      let name = number < 40 ? "kiosk\(number)k" : "till\(number)t"
      rows += "\(name),\(number < 40 ? "kiosk" : "till"),p\(number % 3)\n"
      scene.builder.link(name, "hub", "uses")
      let starts = number < 40 ? restarts.map { $0 + scene.random.unit() * 20 } : []
      let fails = number >= 40 || number < kioskFailures
      let begin = max((starts.last ?? failure) + 50, failure) + scene.random.unit() * 40
      scene.keep(name, 0...(starts.last ?? begin), every: 1800, "state sent")
      scene.keep(name, (begin + 2400)...end, every: 1800, "state sent")
      for start in starts {
        scene.say(name, start, "planned restart", severity)
        scene.say(name, start + 45, "start complete", severity)
      }
      guard fails else { continue }
      for turn in 0..<6 { scene.say(name, begin + Double(turn) * 50, "hub not answering, later", 3) }
    }
    scene.builder.inventory(csv: rows)
    for restart in restarts { scene.say("planner", restart - 1, "weekly restart of all kiosks", 6) }
    scene.keep("planner", 0...end, every: 3600, "queue looked at")
    scene.keep("hub", 0...failure, every: 600, "sessions counted")
    scene.keep("hub", (failure + 2400)...end, every: 600, "sessions counted")
    return scene
  }

  @Test func aWeeklyRestartThatDidNoHarmBeforeIsNoSureOrigin() throws {
    let trace = Self.restarts(severity: 6, kioskFailures: 40).trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(incident.onsets.count >= 60)
    for origin in incident.origins where origin.device != "hub" {
      #expect(origin.probability < 0.5, "\(origin.device) \(incident.verdict)")
    }
  }

  /// Graded as warnings, the restarts are no failures either, and hide nobody's.
  @Test func whatIsSaidAtTheSameMinuteOfTwoWeeksIsNoFailure() throws {
    let trace = Self.restarts(severity: 4, kioskFailures: 0).trace
    let failed = Set((trace.incidents.flatMap(\.onsets) + trace.unrelated).map(\.device))
    #expect(failed.subtracting(["hub"]) == Set((40..<60).map { "till\($0)t" }), "\(trace.verdict)")
    for onset in trace.incidents.flatMap(\.onsets) { #expect(Self.seconds(onset) > 8 * Self.day) }
  }

  /// Those of one place go dark for a while; somebody of another place had a trouble of its own just before.
  @Test func aStrayJustBeforeADipIsNotWhereItBegan() throws {
    var scene = Scene(22)
    var rows = "device,place\n"
    for pump in 0..<100 {
      let name = "pump\(pump)p"
      rows += "\(name),p\(pump % 4)\n"
      if pump % 4 == 2 {
        scene.keep(name, 0...7200, every: 60, "flow \(pump) well")
        scene.keep(name, 7600...14_400, every: 60, "flow \(pump) well")
      } else {
        scene.keep(name, 0...14_400, every: 60, "flow \(pump) well")
      }
    }
    scene.builder.inventory(csv: rows)
    scene.say("pump41p", 7180, "watchdog started it anew", 3)
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.filter { $0.device != "pump41p" }.count == 25)
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 }, "\(incident.verdict)")
  }

  /// What leaks for a day did not follow its release at once.
  @Test func howLongBeforeAChangeWasAnnouncedIsSaid() {
    #expect(Origins.announced(before: 130) == "announced a change just before its receivers failed")
    #expect(
      Origins.announced(before: 2400) == "announced a change 40 min before the first of its receivers failed")
    #expect(
      Origins.announced(before: 66_420) == "announced a change 18 h before the first of its receivers failed")
    #expect(
      Origins.announced(before: 300_000) == "announced a change 3 d before the first of its receivers failed")
  }
}
