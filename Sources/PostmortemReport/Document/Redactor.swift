import CascadeAnalysis
import IncidentModel

/// Replaces names by stable pseudonyms for readers outside, and keeps the log of what was replaced. It works on the document
/// model, before any renderer: what is not in the model cannot leak into source, drawing, JSON or PDF.
final class Redactor {
  private let isActive: Bool
  private let key: [UInt8]
  private let sha256: ([UInt8]) -> [UInt8]
  private var names: [String: [String: String]] = [:]
  private var taken: Set<String> = []
  /// Names that people's words may hold, and what they name.
  private var kinds: [String: String] = [:]
  /// Those of them that are more than a word.
  private var phrases: [String] = []
  private(set) var removed: [String: Int] = [:]

  init(_ options: ReportOptions, inputDigest: String) {
    isActive = options.audience.isRedacted
    key = options.pseudonymKey.isEmpty ? Array(inputDigest.utf8) : options.pseudonymKey
    sha256 = options.sha256
  }

  /// A name as this audience may see it. `kind` is a word such as `device` or `site`.
  func name(_ name: String, kind: String = "device", limit: Int = 96) -> EvidenceText {
    guard isActive else { return EvidenceText(name, limit: limit) }
    if let known = names[kind]?[name] { return EvidenceText(known) }
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    let digest = sha256(key + [0] + Array(kind.utf8) + [0] + Array(name.utf8))
    // Five letters, one more for each collision: the same key and name always give the same pseudonym.
    var length = 5
    var pseudonym = ""
    repeat {
      pseudonym = kind + "-" + String(digest.prefix(length).map { alphabet[Int($0 & 31)] })
      length += 1
    } while taken.contains(pseudonym) && length <= digest.count
    taken.insert(pseudonym)
    names[kind, default: [:]][name] = pseudonym
    return EvidenceText(pseudonym)
  }

  /// Learns the names that people's words may hold: devices, and values of columns that name places.
  func know(_ picture: IncidentPicture) {
    guard isActive else { return }
    let inventory = picture.facts.inventory
    for device in inventory.devices { kinds[device] = "device" }
    for onset in picture.onsets + picture.untimed { kinds[onset.device] = "device" }
    for origin in picture.incident?.origins ?? [] { kinds[origin.device] = "device" }
    for verdict in picture.verdicts.rejected { kinds[verdict.device] = "device" }
    for change in picture.incident?.changes ?? [] { if let actor = change.actor { kinds[actor] = "device" } }
    for (attribute, name) in inventory.attributes.enumerated() where !Wording.isOpen(name) {
      // Words such as `high` or `yes` are no names: a name has a digit, a mark, or stands in a column of places or customers.
      let isPlace = Wording.namesPlace(name)
      for value in inventory.values[attribute] where value.utf8.count >= 3 && kinds[value] == nil {
        if isPlace || value.contains(where: { $0.isNumber || $0 == "-" || $0 == "_" }) {
          kinds[value] = "place"
        }
      }
    }
    let caseName = picture.facts.caseName
    if caseName.utf8.count >= 3, kinds[caseName] == nil { kinds[caseName] = "case" }
    phrases = kinds.keys.filter { !$0.allSatisfy(Self.isWord) }
      .sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
  }

  /// Words of people with the names that are known replaced.
  func scrubbed(_ text: EvidenceText) -> EvidenceText {
    guard isActive, !kinds.isEmpty else { return text }
    var whole = text.text
    // Names with spaces and the like are no words; they are looked for as they are, the longest first.
    for name in phrases where whole.contains(name) {
      whole.replace(name, with: self.name(name, kind: kinds[name] ?? "place").text)
    }
    var result = ""
    var word = ""
    func flush() {
      guard !word.isEmpty else { return }
      // A full stop after a name belongs to the sentence.
      let bare = word.last == "." || word.last == "-" ? String(word.dropLast()) : word
      if let kind = kinds[word] {
        result += name(word, kind: kind).text
      } else if bare != word, let kind = kinds[bare] {
        result += name(bare, kind: kind).text + word.suffix(1)
      } else {
        result += word
      }
      word = ""
    }
    for character in whole {
      if Self.isWord(character) {
        word.append(character)
      } else {
        flush()
        result.append(character)
      }
    }
    flush()
    return result == text.text ? text : EvidenceText(result, limit: max(result.utf8.count, 1))
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "-_.".contains(character)
  }

  /// Prose with the names in people's words replaced.
  func scrubbed(_ prose: Prose) -> Prose {
    guard isActive else { return prose }
    return Prose(
      prose.parts.map { part in
        switch part {
        case .foreign(let text, .person): .foreign(scrubbed(text), .person)
        case .value(.words(let text), let unit): .value(.words(scrubbed(text)), unit: unit)
        default: part
        }
      })
  }

  /// Text from evidence or analysis, which may hold names: left out for readers outside.
  func text(_ text: EvidenceText, what: String) -> EvidenceText {
    guard isActive else { return text }
    removed[what, default: 0] += 1
    return EvidenceText("[\(what) left out]")
  }

  /// What was replaced, for the log that is kept apart: kind, name, pseudonym; sorted.
  var log: [(kind: String, name: String, pseudonym: String)] {
    names.flatMap { kind, entries in entries.map { (kind, $0.key, $0.value) } }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
  }
}
