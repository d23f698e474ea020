import CascadeAnalysis
import IncidentModel
import Testing

/// Incidents that began with something that is not in the evidence.
@Suite struct UnseenOriginTests {
  private static let end = 10_800.0

  private static func scene(_ seed: UInt64) -> Scene {
    var scene = Scene(seed)
    for kiosk in 0..<40 { scene.keep("kiosk\(kiosk)q", 0...end, every: 60, "paper left") }
    return scene
  }

  /// Kiosks beside each other that one after the other complain in the same words.
  private static func complaining(_ text: String) -> Trace {
    var scene = scene(41)
    for kiosk in 0..<40 { scene.builder.link("kiosk\(kiosk)q", "kiosk\((kiosk + 1) % 40)q", "beside") }
    for kiosk in 0..<24 {
      let start = 5000 + Double(kiosk * kiosk)
      for turn in 0..<8 { scene.say("kiosk\((kiosk * 7) % 40)q", start + Double(turn) * 60, text, 4) }
    }
    return scene.trace
  }

  @Test(
    arguments: [
      "connect to pay.example.net failed: timed out", "no answer from https://10.9.8.7/v2 within 30 s",
      "cannot resolve host prices.example",
    ])
  func aServerThatNobodyKnowsIsTold(text: String) throws {
    let trace = Self.complaining(text)
    let incident = try #require(trace.incidents.first)
    let unseen = try #require(incident.unseenOrigin, "\(trace.verdict)")
    #expect(unseen.probability > 0.5 && !unseen.evidence.isEmpty)
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 })
    #expect(trace.verdict.contains("not in the evidence (likely, 75 %): all complain of the same thing"))
  }

  /// Neither a number, nor a file, nor a version is somebody.
  @Test(
    arguments: [
      "no answer within 30 s", "connection lost after 12 retries", "cannot read prices.json",
      "boot of 4.12.0 failed",
    ])
  func whatIsNobodyIsNotBlamed(text: String) throws {
    let trace = Self.complaining(text)
    #expect(trace.incidents.first?.unseenOrigin == nil, "\(trace.verdict)")
  }

  /// Six are hit within seconds by somebody who is no entity; the others name who came to them. Where one is hit first, it is the origin.
  @Test(arguments: [6, 1]) func theFirstToWhomNobodyKnownCame(seeds: Int) throws {
    var scene = Self.scene(43)
    var hit: [Double] = []
    for kiosk in 0..<28 {
      let name = "kiosk\(kiosk)q"
      let parent = (kiosk - seeds) / 2
      let start = kiosk < seeds ? 5000 + Double(kiosk) * 3 : hit[parent] + 70 + Double(kiosk * 13 % 60)
      hit.append(start)
      scene.say(name, start, "shell opened for \(kiosk < seeds ? "203.0.113.7" : "kiosk\(parent)q")", 6)
      for turn in 0..<10 { scene.say(name, start + 5 + Double(turn) * 20, "process uses all of the cpu", 4) }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 28)
    #expect((incident.unseenOrigin != nil) == (seeds > 1), "\(trace.verdict)")
    if seeds == 1 { #expect(incident.origins.first?.probability ?? 0 > 0.5, "\(trace.verdict)") }
  }

  /// Nothing tells why the first failed; the desk has trouble of its own when those that hang on it have failed.
  @Test func whoFailsAfterThoseThatHangOnItIsNotTheirOrigin() throws {
    var scene = Self.scene(44)
    scene.keep("deskx", 0...Self.end, every: 60, "orders kept")
    for kiosk in 0..<40 { scene.builder.link("kiosk\(kiosk)q", "deskx", "api") }
    for kiosk in 0..<14 {
      let start = kiosk < 6 ? 5000 + Double(kiosk * kiosk) * 3 : 5120 + Double(kiosk * 17 % 90)
      for turn in 0..<6 { scene.say("kiosk\(kiosk)q", start + Double(turn) * 40, "paper jam, retry", 4) }
    }
    for turn in 0..<6 { scene.say("deskx", 5105 + Double(turn) * 20, "queue is full", 3) }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.contains { $0.device == "deskx" })
    #expect(incident.origins.first?.device != "deskx", "\(incident.verdict)")
  }
}
