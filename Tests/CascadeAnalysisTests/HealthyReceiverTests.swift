import CascadeAnalysis
import IncidentModel
import Testing

/// Who got a change and went on did not fail of saying so.
@Suite struct HealthyReceiverTests {
  private static let end = 25_200.0
  private static let begin = 7200.0

  /// Ninety boxes refresh their guide by night; two thirds of them get an image one after the other, and those of one make hang afterwards.
  private static func boxes(_ grades: (news: UInt8, trouble: UInt8), seed: UInt64 = 31) -> Scene {
    var scene = Scene(seed)
    var csv = "device,make,town\n"
    for box in 0..<90 { csv += "box\(box)b,\(["a", "b", "c"][box % 3]),t\(box % 2)\n" }
    scene.builder.inventory(csv: csv)
    for box in 0..<90 {
      let name = "box\(box)b"
      let receipt = begin + 30 + 80 * Double((box * 53) % 90) + 10 * scene.random.unit()
      let gets = (box / 3) % 3 != 0
      let hangs = gets && box % 3 == 2
      let hang = receipt + 150 + 250 * scene.random.unit()
      scene.keep(name, 0...(gets ? receipt : end), every: 180, "channel 7 in lock", grades.news)
      scene.say(name, begin + 25 * scene.random.unit(), "guide with 4000 rows is new", grades.news)
      guard gets else { continue }
      scene.say(name, receipt + 40, "image 4 is whole, rebooting", grades.news)
      scene.say(name, receipt + 100, "kernel 5 booted", grades.news)
      scene.keep(name, (receipt + 120)...(hangs ? hang : end), every: 180, "channel 7 in lock", grades.news)
      guard hangs else { continue }
      for turn in 0..<30 {
        scene.say(name, hang + 100 * Double(turn), "watchdog core 1 hung", grades.trouble)
      }
    }
    return scene
  }

  @Test(arguments: [31, 32, 33] as [UInt64]) func withoutGradesOnlyThoseThatHangFailed(seed: UInt64) throws {
    let trace = Self.boxes((255, 255), seed: seed).trace
    let onsets = trace.incidents.flatMap(\.onsets)
    #expect(onsets.count == 20, "\(trace.verdict)")
    #expect(onsets.allSatisfy { Int($0.device.dropFirst(3).dropLast())! % 3 == 2 }, "\(trace.verdict)")
    let incident = try #require(trace.incidents.first)
    #expect(incident.commonCause?.terms == [.init(attribute: "make", value: "c")], "\(trace.verdict)")
  }

  /// Somebody looks for a fault in a third of the fans, for an hour.
  @Test(arguments: [("dbg flap 7 raw 512", true), ("flap 7 is stuck, retry 12", false)])
  func numbersForWhoLooksForAFaultAreNone(words: String, isHarmless: Bool) throws {
    var scene = Scene(36)
    for fan in 0..<60 {
      scene.keep("fan\(fan)f", 0...Self.end, every: 240, "volume 400", 255)
      if fan < 20 { scene.keep("fan\(fan)f", 12_000...15_600, every: 30, words, 255) }
    }
    let trace = scene.trace
    let isSure = trace.incidents.flatMap(\.onsets).contains { $0.probability > 0.5 }
    #expect(isSure != isHarmless, "\(trace.verdict)")
    #expect(trace.incidents.isEmpty || trace.verdict.contains("perhaps nothing failed") == isHarmless)
  }

  /// Addresses that fetched something, and were answered, beside units that fail.
  @Test func anAddressThatReachesNobodyIsNoOrigin() throws {
    var scene = Scene(35)
    var csv = "device,lens\n"
    for eye in 0..<60 { csv += "eye\(eye)e,\(eye % 4 == 1 ? "tele" : "wide")\n" }
    scene.builder.inventory(csv: csv)
    for eye in 0..<60 {
      let name = "eye\(eye)e"
      let fetch = Self.begin + Double((eye * 37) % 60) * 60 + 9 * scene.random.unit()
      let fails = eye % 4 == 1
      let failure = fetch + 60 + 100 * scene.random.unit()
      scene.say("10.7.0.\(eye + 1)", fetch, "GET plan for \(name)", 255)
      scene.keep(name, 0...(fails ? failure : Self.end), every: 120, "25 frames a second", 6)
      guard fails else { continue }
      for turn in 0..<20 { scene.say(name, failure + 300 * Double(turn), "motor stuck at 7", 3) }
    }
    let trace = scene.trace
    for incident in trace.incidents {
      for origin in incident.origins where origin.device.hasPrefix("10.7.") {
        #expect(origin.probability < 0.5, "\(trace.verdict)")
      }
    }
  }
}
