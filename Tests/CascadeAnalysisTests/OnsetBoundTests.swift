import CascadeAnalysis
import IncidentModel
import Testing

/// When the first sign of a failure came, and who showed none.
@Suite struct OnsetBoundTests {
  private static let span = 0.0...28_800

  private static func seconds(_ instant: Instant) -> Double {
    instant.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  // MARK: The first error of several kinds

  /// Turnstiles that write one kind of message first, a sign of life soon after, and another kind every five minutes.
  private static func turnstiles(first: String, _ severity: UInt8, lead: Double) -> (Trace, [String: Double])
  {
    var scene = Scene(41)
    var times: [String: Double] = [:]
    for gate in 0..<60 {
      let name = "turnstile\(gate)t"
      scene.keep(name, span, every: 290, "awake, 4 volts")
      guard gate < 40 else { continue }
      let time = 14_000 + 1500 * scene.random.unit()
      times[name] = time
      scene.say(name, time - lead, first, severity)
      scene.say(name, time - lead + 9, "awake, 4 volts", 6)
      var next = time + (lead > 0 ? 0 : 230)
      for _ in 0..<12 {
        scene.say(name, next, "arm locked, lane out of service", 3)
        scene.say(name, next + 30, "arm locked, lane out of service", 3)
        next += 190 + 200 * scene.random.unit()
      }
    }
    return (scene.trace, times)
  }

  private static func worst(_ trace: Trace, _ times: [String: Double]) throws -> Double {
    let incident = try #require(trace.incidents.first)
    #expect(Set(incident.onsets.map(\.device)) == Set(times.keys), "\(trace.verdict)")
    for onset in incident.onsets {
      let time = try #require(times[onset.device])
      #expect(
        seconds(onset.interval.lowerBound) <= time + 0.1 && seconds(onset.interval.upperBound) >= time - 0.1)
    }
    return incident.onsets.map { abs(seconds($0.time) - times[$0.device]!) }.max() ?? .infinity
  }

  @Test func anErrorNeverWrittenBeforeIsTheBeginningOfThoseThatFollow() throws {
    let (trace, times) = Self.turnstiles(first: "torque sensor stuck at 0, motor halted", 3, lead: 0)
    #expect(try Self.worst(trace, times) < 1)
  }

  /// What is graded milder may be what was done to them.
  @Test func aMilderWordBeforeIsNone() throws {
    let (trace, times) = Self.turnstiles(first: "parameter set 12 written", 4, lead: 200)
    #expect(try Self.worst(trace, times) < 1)
  }

  // MARK: Signs of life by others than the reporter

  /// Meters that say nothing: their concentrator hears them every minute, and an office asks each by the quarter of an hour.
  private static func meters(ownWords: String?) -> Trace {
    var scene = Scene(42)
    for meter in 0..<80 {
      let name = "meter\(meter)m"
      let hub = "hub\(meter / 10)h"
      scene.builder.link(name, hub, "radio")
      let isCut = meter < 30
      for stretch in isCut ? [0...14_000.0, 20_000...28_800.0] : [span] {
        scene.keep(hub, stretch, every: 60, "profile of \(name) complete")
      }
      var time = 900 * scene.random.unit()
      while time < 28_800 {
        if isCut, time > 14_000, time < 20_000 {
          scene.say("office", time + 20, "\(name) gave no answer in 20 s", 4)
        } else {
          scene.say("office", time, "\(name) counted \(Int(time))", 6)
        }
        time += 900
      }
    }
    for hub in 0..<8 {
      scene.builder.link("hub\(hub)h", "office", "reports_to")
      scene.keep("hub\(hub)h", span, every: 30, "uplink steady")
      if let ownWords, hub < 3 { scene.say("hub\(hub)h", 14_001, ownWords, 4) }
    }
    return scene.trace
  }

  @Test func theLastSignOfLifeThatAnybodySawBoundsAReport() throws {
    let incident = try #require(Self.meters(ownWords: nil).incidents.first)
    let meters = incident.onsets.filter { $0.device.hasPrefix("meter") }
    #expect(meters.count == 30)
    for onset in meters {
      #expect(Self.seconds(onset.time) > 13_900, "\(onset.device)")
      #expect(Self.seconds(onset.interval.lowerBound) > 13_900)
    }
  }

  @Test func whatFailsInTheMomentOfItsDevicesIsNotOverloaded() throws {
    let incident = try #require(Self.meters(ownWords: "supply gone, running on battery 98").incidents.first)
    #expect(incident.onsets.contains { $0.device == "hub1h" })
    #expect(!incident.phases.contains { $0.name == .cloudOverload }, "\(incident.phases)")
  }

  // MARK: Who did not fail

  /// A host runs a job by the hour while fifty scales lose their line.
  @Test func aJobByTheHourIsNoNewsAtAnyOfItsTurns() throws {
    var scene = Scene(43)
    for scale in 0..<50 {
      let name = "scale\(scale)s"
      scene.keep(name, Self.span, every: 240, "tare 0", 255)
      guard scale < 30 else { continue }
      let time = 17_990 + 300 * scene.random.unit()
      for turn in 0..<20 {
        scene.say(name, time + 60 * Double(turn), "could not reach the till \(turn)", 255)
      }
    }
    for hour in 0..<8 { scene.say("desk", 1800 + 3600 * Double(hour), "job rotate run by root", 255) }
    scene.builder.inventory(
      csv: "device,kind,hall\n" + (0..<50).map { "scale\($0)s,scale,h\($0 % 3)\n" }.joined() + "desk,host,\n")
    let trace = scene.trace
    #expect(trace.incidents.first?.onsets.count == 30, "\(trace.verdict)")
    #expect(!trace.unrelated.contains { $0.device == "desk" })
    #expect(!trace.incidents.contains { $0.onsets.contains { $0.device == "desk" } })
  }

  /// Taps that are used at random go on when the last boiler that hangs on the same valve has failed.
  @Test(arguments: [51, 52, 53, 54, 55, 56]) func whoGoesOnWhenItsSiblingsFailedDidNotFallSilent(seed: UInt64)
    throws
  {
    var scene = Scene(seed)
    for boiler in 0..<90 {
      let name = "boiler\(boiler)b"
      scene.builder.link(name, "valve", "feed")
      let time = 14_000 + 1400 * scene.random.unit()
      scene.keep(name, 0...time, every: 120, "supply at 61 degrees")
      for turn in 0..<30 { scene.say(name, time + 300 * Double(turn), "no flow, burner locked", 3) }
    }
    for tap in 0..<30 {
      scene.builder.link("tap\(tap)t", "valve", "feed")
      scene.scatter("tap\(tap)t", 0...36_000, every: 700, "opened 4 s")
    }
    scene.keep("valve", 0...36_000, every: 60, "position 12")
    scene.say("valve", 14_000, "spindle broken", 2)
    let trace = scene.trace
    let failed = trace.incidents.flatMap { $0.onsets.map(\.device) } + trace.unrelated.map(\.device)
    #expect(!failed.contains { $0.hasPrefix("tap") }, "\(trace.verdict)")
  }

  /// The operator takes the change back: no sign that it was the cause.
  @Test func whatTheOriginSaysWhenAllHaveFailedIsNoEvidenceForIt() throws {
    var scene = Scene(57)
    for lock in 0..<90 {
      let name = "latch\(lock)l"
      scene.builder.link(name, "desk", "managed")
      scene.keep(name, Self.span, every: 300, "alive 4")
      guard lock < 60 else { continue }
      let time = 14_000 + Double(lock) * 4
      scene.say("desk", time, "plan 31 delivered to \(name)", 6)
      scene.say(name, time + 2, "plan 31 applied", 6)
      for turn in 0..<15 { scene.say(name, time + 70 + Double(turn * 60), "bolt held, plan suspended", 3) }
    }
    scene.say("desk", 13_995, "plan 31 queued for 60 latches", 6)
    for hour in 0..<8 { scene.say("desk", 1000 + 3600 * Double(hour), "stock taken of 90 latches", 6) }
    scene.say("desk", 18_600, "return of plan to 30 requested by operator", 4)
    let trace = scene.trace
    let origin = try #require(trace.incidents.first?.origins.first)
    #expect(origin.device == "desk", "\(trace.verdict)")
    #expect(!origin.reasonsFor.contains { $0.hasPrefix("had trouble of its own") }, "\(origin.reasonsFor)")
    #expect(!trace.unrelated.contains { $0.device == "desk" })
  }
}
