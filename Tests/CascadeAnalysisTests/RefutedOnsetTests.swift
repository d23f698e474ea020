import CascadeAnalysis
import IncidentModel
import Testing

/// Onsets and edges that the events they rest on would refute.
@Suite struct RefutedOnsetTests {
  private static let end = 28_800.0
  private static let cut = 14_400.0

  private static func seconds(_ instant: Instant) -> Double {
    instant.seconds(since: Instant(nanoseconds: Scene.epoch))
  }

  /// Valves behind posts behind a hub; the hub hangs, and its posts notice half a minute later.
  @Test(arguments: ["probe answered by %", "% beantwortet Probe", "echo of % in 7 ms"])
  func whatIsSaidAllDayIsNoSignOfLoss(routine: String) throws {
    var scene = Scene(61)
    var csv = "device,kind\n"
    for post in 0..<16 { csv += "post\(post)p,post\n" }
    scene.builder.inventory(csv: csv + "hub0,hub\nhub1,hub\n")
    for post in 0..<16 {
      let (name, hub) = ("post\(post)p", post < 10 ? "hub0" : "hub1")
      scene.builder.link(hub, name, "tunnel")
      for valve in 0..<4 { scene.builder.link(name, "valve\(post * 4 + valve)v", "serves") }
      let loss = post < 10 ? Self.cut + 20 + 30 * scene.random.unit() : Self.end
      scene.keep(name, 0...loss, every: 60, routine.replacing("%", with: hub), 255)
      for valve in 0..<4 {
        scene.keep("valve\(post * 4 + valve)v", 0...(loss + 5), every: 180, "pressure 4 bar", 255)
      }
      guard post < 10 else { continue }
      scene.say(name, loss, "peer \(hub) is lost, tunnel closed", 255)
      scene.keep(name, (loss + 4000)...Self.end, every: 60, routine.replacing("%", with: hub), 255)
      for valve in 0..<4 {
        scene.keep("valve\(post * 4 + valve)v", (loss + 4000)...Self.end, every: 180, "pressure 4 bar", 255)
      }
    }
    scene.keep("hub0", 0...Self.cut, every: 20, "9 tunnels up", 6)
    scene.keep("hub0", (Self.cut + 4000)...Self.end, every: 20, "9 tunnels up", 6)
    scene.keep("hub1", 0...Self.end, every: 20, "9 tunnels up", 6)
    let trace = scene.trace
    let posts = trace.incidents.flatMap(\.onsets).filter { $0.device.hasPrefix("post") }
    #expect(posts.count == 10, "\(trace.verdict)")
    for onset in posts { #expect(Self.seconds(onset.time) >= Self.cut + 15, "\(onset)") }
  }

  /// Seventy of a hundred trip in one second, say so as an error, and come back within minutes, at times of their own.
  @Test(arguments: [1, 2, 3] as [UInt64]) func comingBackIsNotTheFailure(seed: UInt64) throws {
    var scene = Scene(seed)
    for mill in 0..<100 {
      let name = "mill\(mill)m"
      let isHit = mill % 10 < 7
      let trip = Self.cut + 0.8 * scene.random.unit()
      let back = trip + 360 + 280 * scene.random.unit()
      scene.keep(name, 0...(isHit ? trip : Self.end), every: 120, "grinding at 40 t", 6)
      guard isHit else { continue }
      scene.say(name, trip, "overspeed, tripped", 3)
      scene.say(name, back, "coupled again", 6)
      scene.keep(name, back...Self.end, every: 120, "grinding at 40 t", 6)
    }
    let trace = scene.trace
    let onsets = trace.incidents.flatMap(\.onsets)
    #expect(onsets.count == 70, "\(trace.verdict)")
    for onset in onsets { #expect(abs(Self.seconds(onset.time) - Self.cut) < 60, "\(onset)") }
  }

  /// A service is short of memory for a long time and works on, until it stops and its clients lose it.
  private static func service(warns: Bool, comesBack: Bool = true, seed: UInt64 = 71) -> Scene {
    var scene = Scene(seed)
    var csv = "device,kind,place\n"
    for pump in 0..<60 { csv += "pump\(pump)u,pump,\(["north", "south", "east"][pump % 3])\n" }
    scene.builder.inventory(csv: csv + "service0,server,\nhost0,node,\n")
    scene.keep("service0", 0...cut, every: 5, "12 requests served", 255)
    if comesBack { scene.keep("service0", (cut + 2400)...end, every: 5, "12 requests served", 255) }
    if warns { scene.keep("service0", (cut - 1500)...cut, every: 45, "sweep took 900 ms, heap 96 full", 255) }
    scene.keep("host0", 0...end, every: 60, "loop well", 6)
    scene.say("host0", cut - 0.1, "memory is short, process 4127 killed", 3)
    for pump in 0..<60 {
      let name = "pump\(pump)u"
      let loss = cut + 0.5 + 30 * scene.random.unit()
      scene.keep(name, 0...end, every: 300, "flow 40 l", 6)
      scene.keep(name, 0...loss, every: 120, "answer of the office", 6)
      scene.say(name, loss, "socket closed, office unreachable", 3)
      scene.keep(name, (loss + 10)...(cut + 2400), every: 90, "connecting to the office again", 4)
      scene.keep(name, (cut + 2450)...end, every: 120, "answer of the office", 6)
    }
    return scene
  }

  /// Nobody says that the clients hang on either.
  @Test func aGuessedDependencyIsToldAsOne() throws {
    let incident = try #require(Self.service(warns: false).trace.incidents.first)
    let reasons = incident.origins.flatMap(\.reasonsFor)
    #expect(reasons.allSatisfy { !$0.contains("entities that depend on it failed") }, "\(reasons)")
  }

  /// Silent as ever between two jobs, it did not stop with them.
  @Test func aPauseAsEverIsNoStop() throws {
    var scene = Self.service(warns: false)
    for hour in 0..<16 {
      scene.keep("jobs0", Double(hour) * 1800...(Double(hour) * 1800 + 600), every: 20, "batch kept", 6)
    }
    #expect(scene.trace.incidents.flatMap(\.onsets).allSatisfy { $0.device != "jobs0" })
  }
}
