internal import IncidentModel

/// What the same entities got before, at another time, and did not fail of: a restart by the week, a nightly job. It counts as received
/// and survived, and makes such a change a doubtful cause.
///
/// Counted in the whole evidence, also where a part of it is read from nearby. What varies in a message (a version) may make it another
/// change each time: its earlier rounds count as survived, but cast no doubt of their own.
struct EarlierRounds {
  private let timeline: Timeline

  /// Seconds after which the same is said once more of another time.
  private static let apart = 3600.0

  /// - Parameter whole: All that is known.
  init(_ whole: Timeline) { timeline = whole }

  /// The receipts of one change, each the last one before its receiver failed, and how many entities survived it before.
  struct Rounds {
    var received: [Int: (Double, Int32)]
    var survivors = 0
    var survived = 0
  }

  /// - Parameters:
  ///   - parts: Templates that are taken for the change.
  ///   - near: The timeline in which the receipts have their place.
  func rounds(
    of received: [Int: (Double, Int32)], _ parts: [Int], in near: Timeline, _ onsets: Onsets
  ) -> Rounds {
    var result = Rounds(received: received)
    for (device, first) in received {
      let limit = (onsets.findings[device]?.time ?? .infinity) + 5
      func times(_ timeline: Timeline) -> [(Double, Int32)] {
        timeline.events(of: device).compactMap { event in
          let time = timeline.seconds[Int(event)]
          return time <= limit && parts.contains(Int(timeline.evidence.eventTemplates[Int(event)]))
            ? (time, event) : nil
        }
      }
      let last = times(near).last ?? first
      if last.0 > first.0 + Self.apart { result.received[device] = last }
      let moment = result.received[device]!.0
      let earlier = times(timeline).filter { $0.0 < moment - Self.apart }
      guard !earlier.isEmpty else { continue }
      result.survivors += 1
      result.survived += 1 + zip(earlier.dropFirst(), earlier).count { $0.0.0 - $0.1.0 > Self.apart }
    }
    return result
  }

  /// Whether a kind of message is the same each time.
  func isTheSame(_ template: Int) -> Bool { !timeline.evidence.templateTexts[template].contains("<*>") }
}
