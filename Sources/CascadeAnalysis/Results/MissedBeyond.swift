internal import IncidentModel

/// An origin whose own trouble is that it does not reach somebody whom the evidence does not know: a gateway whose carrier does not answer.
///
/// It is the first that is known to suffer, and perhaps not where it began. Told by words (something is gone, or does not answer) that name no
/// entity, and that say to or from whom: the same in four of five of what it said. Fails for what is named by a number alone, and for an
/// address of its own.
struct MissedBeyond {
  private let timeline: Timeline
  private let onsets: Onsets

  /// How sure it is at most that it began there (fitted to nothing).
  static let most = 0.45
  static let reason =
    "its own trouble is that it does not reach somebody who is none of the entities known: perhaps it began there, or on the way"

  private static let fewest = 3

  init(_ timeline: Timeline, _ onsets: Onsets) {
    self.timeline = timeline
    self.onsets = onsets
  }

  func holds(_ device: Int) -> Bool {
    guard let finding = onsets.findings[device], finding.kind == .log, finding.events.count >= Self.fewest
    else { return false }
    var subjects: [UInt32: Int] = [:]
    for event in finding.events where timeline.mention(Int(event)) < 0 {
      let template = Int(timeline.evidence.eventTemplates[Int(event)])
      guard timeline.words.tellsOfLoss[template], Self.saysWhom(timeline.evidence.templateTexts[template])
      else {
        continue
      }
      for token in Set(timeline.tokens(of: event)) where !CommonNumbers.holds(token) {
        subjects[token, default: 0] += 1
      }
    }
    return subjects.values.contains { $0 * 5 >= finding.events.count * 4 }
  }

  /// Before somebody whom a message is about; a word may stand between ("timeout to peer <*>").
  private static let towards: Set<Substring> = [
    "to", "from", "with", "reach", "reaching", "resolve", "resolving", "contact", "zu", "mit", "von", "vers",
    "avec",
    "con", "hacia", "verso", "naar", "met",
  ]

  static func saysWhom(_ text: String) -> Bool {
    let words = text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "*") }
    return words.indices.contains { place in
      towards.contains(words[place]) && words[(place + 1)...].prefix(2).contains("*")
    }
  }
}
