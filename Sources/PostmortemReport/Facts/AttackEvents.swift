import CascadeAnalysis
import IncidentModel

/// Which events tell that affected entities attack others after their onset: what they write themselves in the words of an attack, and
/// what others write of them in words of an attack or of traffic. Nobody may have written it up to a quarter of an hour before the
/// first effect: a scan that a device makes every day is none.
struct AttackEvents {
  private let evidence: IncidentEvidence
  private let onsets: [Int64]
  private let isOwnWord: [Bool]
  private var isTelling: [Bool]

  /// - Parameter onsets: Per entity, nanoseconds; `Int64.max` for those not affected.
  init(_ evidence: IncidentEvidence, _ onsets: [Int64], _ words: TemplateWords, first: Int64) {
    self.evidence = evidence
    self.onsets = onsets
    isOwnWord = words.isAttack
    isTelling = evidence.templateTexts.indices.map { words.isAttack[$0] || words.isTraffic[$0] }
    guard isTelling.contains(true) else { return }
    for row in evidence.times.indices {
      // The first effect may be dated some minutes late: what began shortly before it is new, too.
      guard evidence.times[row] < first - 15 * IncidentSignals.minute else { break }
      isTelling[Int(evidence.eventTemplates[row])] = false
    }
  }

  /// None of the events can be one.
  var areNone: Bool { !isTelling.contains(true) }

  /// Who attacks by an event.
  /// - Parameter mentions: Asked about the event where it may be one.
  func culprits(in row: Int, _ mentions: inout Mentions) -> [Int] {
    let template = Int(evidence.eventTemplates[row])
    guard isTelling[template] else { return [] }
    let speaker = Int(evidence.eventDevices[row])
    let time = evidence.times[row]
    let named = mentions.named(in: row)
    if isOwnWord[template], speaker >= 0, time >= onsets[speaker] { return [speaker] }
    return named.filter { $0 != speaker && time >= onsets[$0] }
  }
}

/// Whom events name, asked in order of their positions.
struct Mentions {
  private let evidence: IncidentEvidence
  private var next = 0

  init(_ evidence: IncidentEvidence) { self.evidence = evidence }

  /// Whom an event names; positions must not go back.
  mutating func named(in row: Int) -> [Int] {
    while next < evidence.mentionEvents.count, Int(evidence.mentionEvents[next]) < row { next += 1 }
    var named: [Int] = []
    var position = next
    while position < evidence.mentionEvents.count, Int(evidence.mentionEvents[position]) == row {
      named.append(Int(evidence.mentionDevices[position]))
      position += 1
    }
    return named
  }
}
