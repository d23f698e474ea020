import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Providers part of whose dependants goes on, and several that lose theirs in one moment.
@Suite struct SparedDependantTests {
  private static let cut = 9000.0
  private static let end = 21_600.0

  /// Twelve boxes with fifteen heat meters each, read by one reader through the boxes; some boxes lose their mains.
  private static func street(
    dark: Range<Int>, readerStops: Bool = false, boxesTell: Bool = true, dying: Int = 0, seed: UInt64 = 41
  ) -> Scene {
    var scene = Scene(seed)
    var csv = "device,kind,quarter\n"
    for box in 0..<12 { csv += "box\(box)b,box,q\(box / 3)\n" }
    for meter in 0..<180 { csv += "heat\(meter)h,meter,q\(meter % 12 / 3)\n" }
    scene.builder.inventory(csv: csv + "reader1r,reader,\n")
    for box in 0..<12 { scene.builder.link("box\(box)b", "reader1r", "reports") }
    for meter in 0..<180 { scene.builder.link("heat\(meter)h", "box\(meter % 12)b", "radio") }
    for box in 0..<12 {
      let isDark = dark.contains(box)
      // Its battery lasts for a while.
      let last = isDark && box < dark.lowerBound + dying ? cut + 2400 + 300 * Double(box) : end
      scene.keep("box\(box)b", 0...last, every: 60, "uplink fine, table full")
      if isDark, boxesTell {
        scene.say("box\(box)b", cut + scene.random.unit(), "mains lost, running on battery", 4)
      }
    }
    for meter in 0..<180 {
      let isDark = dark.contains(meter % 12)
      scene.keep("heat\(meter)h", 0...(isDark ? cut : end), every: 240, "flow kept")
      var time = 900 * scene.random.unit()
      while time < (readerStops ? cut : end) {
        let isGone = isDark && time > cut
        scene.say(
          "reader1r", time, isGone ? "no answer from heat\(meter)h" : "heat\(meter)h was read", isGone ? 4 : 6
        )
        time += 900
      }
    }
    return scene
  }

  @Test(arguments: [41, 42, 43] as [UInt64], [true, false])
  func aReaderThatReadsTheOthersDidNotTakeSomeBoxesAlong(seed: UInt64, boxesTell: Bool) throws {
    let incident = try #require(
      Self.street(dark: 3..<9, boxesTell: boxesTell, seed: seed).trace.incidents.first)
    #expect(incident.onsets.count >= 85, "\(incident.verdict)")
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 }, "\(incident.verdict)")
    #expect(incident.origins.allSatisfy { $0.device != "reader1r" }, "\(incident.verdict)")
    // The boxes are told alike, and each meter hangs on its own; where they say nothing, what the meters share is told.
    if boxesTell {
      #expect(incident.twins.count == 6 && incident.verdict.contains("in one moment"), "\(incident.verdict)")
      #expect(incident.edges.count { $0.from.hasPrefix("box") && $0.to.hasPrefix("heat") } >= 75)
    } else {
      // Somebody was asked first.
      #expect(incident.origins.allSatisfy { $0.probability < 0.2 }, "\(incident.verdict)")
    }
    #expect(
      incident.verdict.contains(
        "Of those with quarter=q1, 45 of 45 failed; with quarter=q2, 45 of 45 failed; of all others 0 of 90."),
      "\(incident.verdict)")
  }

  /// Of two boxes one lives long enough to be told from the meters behind it, and is no candidate; that does not make it the other's doing.
  @Test(arguments: [1, 2]) func whatOutlivedWhatItLostIsATwinAsWell(dying: Int) throws {
    let incident = try #require(
      Self.street(dark: 3..<5, boxesTell: false, dying: dying).trace.incidents.first)
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 }, "\(incident.verdict)")
    if dying == 1 { #expect(incident.twins == ["box3b", "box4b"], "\(incident.verdict)") }
  }

  @Test func whereOneBoxLosesItsMetersItIsNamed() throws {
    let incident = try #require(Self.street(dark: 4..<5).trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(best.device == "box4b" && best.probability > 0.5 && incident.twins.isEmpty, "\(incident.verdict)")
  }

  @Test func aProviderAboveAllThatFailIsNamedThoughItsBranchesAreAlike() throws {
    let incident = try #require(
      Self.street(dark: 0..<12, readerStops: true, boxesTell: false).trace.incidents.first)
    #expect(incident.twins.isEmpty, "\(incident.verdict)")
  }

  /// Two readers with meters of their own; a street of the first goes dark, and it reads the others as ever.
  @Test func whoGoesOnToReadOthersIsNotSure() throws {
    var scene = Scene(44)
    for reader in 1...2 { scene.builder.link("reader\(reader)r", "office", "reports") }
    for meter in 0..<120 { scene.builder.link("heat\(meter)h", "reader\(1 + meter % 2)r", "radio") }
    for meter in 0..<120 {
      let isDark = meter % 2 == 0 && meter < 60
      scene.keep("heat\(meter)h", 0...(isDark ? Self.cut : Self.end), every: 240, "flow kept")
      var time = 600 * scene.random.unit()
      while time < Self.end {
        let isGone = isDark && time > Self.cut
        scene.say(
          "reader\(1 + meter % 2)r", time, isGone ? "no answer from heat\(meter)h" : "heat\(meter)h was read",
          isGone ? 4 : 6)
        time += 600
      }
    }
    let incident = try #require(scene.trace.incidents.first)
    #expect(incident.onsets.count >= 28, "\(incident.verdict)")
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 }, "\(incident.verdict)")
    let told = incident.origins.first { $0.device == "reader1r" }
    #expect(told.map { $0.reasonsAgainst.contains { $0.contains("goes on to speak of them") } } ?? true)
  }

  // MARK: Twins

  /// Four relays with thirty pumps each; those of some lose their cloud within ten minutes. What they hang on says nothing of its own trouble.
  private static func relays(_ starts: [Int: Double], sizes: [Int] = [30, 30, 30, 30], seed: UInt64) -> Scene
  {
    var scene = Scene(seed)
    for relay in 0..<4 {
      scene.keep("relay\(relay)y", 0...end, every: 45, "asked and answered")
      for pump in 0..<sizes[relay] {
        let name = "pump\(relay * 100 + pump)p"
        scene.builder.link(name, "relay\(relay)y", "asks")
        let onset = starts[relay].map { $0 + 600 * scene.random.unit() }
        scene.keep(name, 0...(onset ?? end), every: 120, "batch sent")
        for turn in 0..<(onset == nil ? 0 : 12) {
          scene.say(name, onset! + Double(turn) * 120, "name of the cloud was not found", 3)
        }
      }
    }
    return scene
  }

  @Test(arguments: [45, 46, 47] as [UInt64], [30, 22]) func neitherOfTwoThatLoseAllAlikeIsNamed(
    seed: UInt64, other: Int
  )
    throws
  {
    let incident = try #require(
      Self.relays([0: Self.cut, 1: Self.cut], sizes: [30, other, 30, 30], seed: seed).trace.incidents.first)
    #expect(incident.onsets.count == 30 + other)
    #expect(incident.origins.allSatisfy { $0.probability < 0.5 }, "\(incident.verdict)")
    #expect(Set(incident.twins) == ["relay0y", "relay1y"] && incident.verdict.contains("relay1y"))
    let probabilities = incident.origins.filter { incident.twins.contains($0.device) }.map(\.probability)
    #expect(probabilities.count == 2 && probabilities.allSatisfy { $0 > 0.1 }, "\(probabilities)")
    // Nobody is left without what it hangs on.
    #expect(incident.edges.count { $0.from.hasPrefix("relay") } == 30 + other)
  }

  @Test func oneAloneIsNamed() throws {
    let incident = try #require(Self.relays([2: Self.cut], seed: 48).trace.incidents.first)
    #expect(incident.origins.first?.device == "relay2y" && incident.origins[0].probability > 0.5)
    #expect(incident.twins.isEmpty)
  }

  @Test func whatIsLostAtAnotherTimeIsNoTwin() {
    let trace = Self.relays([0: 6000, 1: 14_000], seed: 49).trace
    #expect(trace.incidents.allSatisfy { $0.twins.isEmpty }, "\(trace.verdict)")
  }

  /// What both hang on fails, and says so.
  @Test func somethingAboveBothIsNamed() throws {
    var scene = Self.relays([0: Self.cut, 1: Self.cut], seed: 50)
    for relay in 0..<4 { scene.builder.link("relay\(relay)y", "core\(relay / 2)c", "forwards") }
    for core in 0..<2 { scene.keep("core\(core)c", 0...Self.end, every: 60, "zone fresh") }
    for turn in 0..<5 { scene.say("core0c", Self.cut - 5 + Double(turn) * 20, "zone file unreadable", 2) }
    let incident = try #require(scene.trace.incidents.first)
    let best = try #require(incident.origins.first)
    #expect(
      best.device == "core0c" && best.probability > 0.5 && incident.twins.isEmpty, "\(incident.verdict)")
  }
}
