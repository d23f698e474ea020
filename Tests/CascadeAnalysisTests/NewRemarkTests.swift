import CascadeAnalysis
import IncidentModel
import Testing

/// What somebody says of others for the first time, in words that tell of no loss: only what is heard of them besides makes it a report.
@Suite struct NewRemarkTests {
  private static let end = 43_200.0
  private static let noon = 21_600.0

  /// Three desks read twenty cabins each; at noon each makes one remark of each of its own.
  ///
  /// - Parameter goOn: Whether a cabin is read on after it.
  private static func desks(
    _ remark: String, grade: UInt8 = 255, every pause: Double = 300, over span: Double = 500,
    seed: UInt64 = 91,
    goOn: (Int) -> Bool = { _ in true }
  ) -> Scene {
    var scene = Scene(seed)
    var csv = "device,kind\n"
    for cabin in 0..<60 { csv += "cabin\(cabin)k,cabin\n" }
    scene.builder.inventory(csv: csv + "desk0,desk\ndesk1,desk\ndesk2,desk\n")
    for desk in 0..<3 { scene.keep("desk\(desk)", 0...end, every: 120, "round done", grade) }
    for cabin in 0..<60 {
      let name = "cabin\(cabin)k"
      let moment = noon + span * scene.random.unit()
      scene.keep(
        "desk\(cabin % 3)", 0...(goOn(cabin) ? end : moment), every: pause, "state of \(name) is 7", grade)
      scene.say("desk\(cabin % 3)", moment, remark.replacing("%", with: name), grade)
    }
    return scene
  }

  @Test(
    arguments: [
      "clock in step with %", "table 7 taken over by %", "% bestätigt Plan 12",
      "programa 12 confirmado por %",
      "licence of % is valid", "% saved its settings",
    ], [255, 6] as [UInt8])
  func whoIsReadOnIsNotGone(remark: String, grade: UInt8) {
    for (pause, seed) in [(60.0, 91), (300, 92), (900, 93)] as [(Double, UInt64)] {
      let trace = Self.desks(remark, grade: grade, every: pause, seed: seed).trace
      #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(pause): \(trace.verdict)")
    }
  }

  /// In a language that nobody knows, those that are read no longer are gone.
  @Test(arguments: ["rozłączono %", "% kapcsolata megszakadt", "接続が切れました %"])
  func whoIsReadNoLongerIs(remark: String) throws {
    let trace = Self.desks(remark, over: 60, goOn: { $0 % 3 != 1 }).trace
    // Of those that are read on nothing is known, and the remark tells of nobody then.
    #expect(trace.incidents.allSatisfy { $0.onsets.count < 40 }, "\(trace.verdict)")
    let gone = Self.desks(remark, over: 60, goOn: { _ in false }).trace
    let incident = try #require(gone.incidents.first, "\(gone.verdict)")
    #expect(incident.onsets.count { $0.device.hasPrefix("cabin") } == 60, "\(gone.verdict)")
  }

  /// An order comes before the silence, and whoever watches reports it in words.
  @Test func anOrderIsNoReportOfWhatFollowsIt() throws {
    var scene = Scene(95)
    var csv = "device,kind\n"
    for cabin in 0..<40 { csv += "cabin\(cabin)k,cabin\n" }
    scene.builder.inventory(csv: csv + "desk,desk\nwatch,desk\n")
    scene.keep("desk", 0...Self.end, every: 120, "40 cabins listed", 255)
    for cabin in 0..<40 {
      let name = "cabin\(cabin)k"
      let order = Self.noon + Double(cabin)
      let isHit = cabin % 4 == 1
      scene.keep("watch", 0...(isHit ? order + 4 : Self.end), every: 60, "beat of \(name) 7", 6)
      guard isHit else { continue }
      scene.say("desk", order, "\(name) take image 2", 255)
      scene.say("watch", order + 94, "beat of \(name) overdue, closing", 4)
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    let cabins = incident.onsets.filter { $0.device.hasPrefix("cabin") }
    #expect(cabins.count == 10, "\(trace.verdict)")
    for onset in cabins {
      let number = Double(Int(onset.device.dropFirst(5).dropLast())!)
      let time = onset.time.seconds(since: Instant(nanoseconds: Scene.epoch))
      #expect(time >= Self.noon + number - 60 && time <= Self.noon + number + 94, "\(onset)")
      #expect(
        onset.interval.upperBound.seconds(since: Instant(nanoseconds: Scene.epoch)) > Self.noon + number)
    }
    #expect(!trace.verdict.contains("take image"))
  }
}
