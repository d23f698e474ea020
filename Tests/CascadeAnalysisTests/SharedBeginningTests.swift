import IncidentModel
import Testing

@testable import CascadeAnalysis

/// Errors that say the same and end in a reason of their own: each kind too rare to have a rhythm, together the first sign.
@Suite struct SharedBeginningTests {
  private static let reasons = [
    "bearing hot", "lid open", "basin low", "motor stalled", "seal wet", "filter full", "key lost",
    "gauge stuck", "belt slack", "fan off", "coil cold", "vent shut",
  ]
  private static let hour = 3600.0

  /// Sixty kilns of two halls; those of one halt with an error, and minutes later warn again and again.
  private static func scene(_ error: (Int) -> String?) -> Scene {
    var scene = Scene(11)
    for kiln in 0..<60 {
      let end = kiln < 30 ? 1.02 * hour : 3 * hour
      scene.keep("kiln\(kiln)k", 0...end, every: 60, "glaze 1043 fine")
      if kiln < 30 { scene.keep("kiln\(kiln)k", 1.7 * hour...3 * hour, every: 60, "glaze 1043 fine") }
    }
    for kiln in 0..<30 {
      let time = hour + 60 + Double(kiln) * 7
      if let error = error(kiln) { scene.say("kiln\(kiln)k", time, error, 3) }
      for turn in 0..<5 {
        scene.say("kiln\(kiln)k", time + 180 + Double(turn) * 300, "still halted, waiting for a start", 4)
      }
    }
    return scene
  }

  /// Seconds from the first error to the first onset.
  private static func delay(_ scene: Scene) throws -> Double {
    let incident = try #require(scene.trace.incidents.first)
    let first = try #require(incident.onsets.map(\.time).min())
    return first.seconds(since: Instant(nanoseconds: Scene.epoch)) - (hour + 60)
  }

  @Test(arguments: [
    "no draught for 60 s, halting burner: ", "burner halted on its own because of ", "burner halted - ",
  ])
  func theFirstErrorIsTheOnsetWhateverReasonEndsIt(beginning: String) throws {
    let late = try Self.delay(Self.scene { _ in nil })
    #expect(late > 100, "\(late)")
    let found = try Self.delay(Self.scene { beginning + Self.reasons[$0 % 12] })
    #expect(abs(found) < 15, "\(found)")
  }

  /// Reasons of everyday errors that begin alike, all over the window, make no failures.
  @Test func everydayErrorsThatBeginAlikeAreNoNews() throws {
    var scene = Scene(12)
    for kiln in 0..<60 { scene.keep("kiln\(kiln)k", 0...12 * Self.hour, every: 60, "glaze 1043 fine") }
    for turn in 0..<36 {
      let time = 600 + Double(turn) * 1150
      scene.say(
        "kiln\(turn % 50)k", time, "no draught for 60 s, halting burner: " + Self.reasons[turn % 12], 3)
    }
    #expect(scene.trace.incidents.isEmpty)
  }

  @Test func whatComesBeforeTheReasonIsTheBeginning() {
    let beginning = SharedBeginnings.beginning
    #expect(
      beginning("no order for <*> s, closing outlet: lid open") == "no order for <*> s, closing outlet:")
    // A colon behind a word or two ends a name and not what happened.
    #expect(beginning("pump: cannot start the motor because") == "pump: cannot start the")
    // A bracket or a dash before the reason.
    #expect(beginning("outlet shut (belt slack)") == "outlet shut")
    #expect(beginning("outlet shut - belt slack") == "outlet shut")
    #expect(beginning("outlet closed on its own") == "outlet closed on its")
    // Nothing is left to differ, or hardly a word says anything.
    for text in ["", "lid open", "outlet closed on its", "<*> <*> <*> error <*>", "valve a stuck:"] {
      #expect(beginning(text) == nil, "\(text)")
    }
  }
}
