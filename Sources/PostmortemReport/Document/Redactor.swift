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
  /// The same in small letters, and the names they stand for: people write `CAM-02` and `Dock`, too.
  private var folded: [String: String] = [:]
  /// Those of them that are more than a word, in small letters.
  private var phrases: [(folded: String, name: String)] = []
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
      for value in inventory.values[attribute] where kinds[value] == nil {
        // Places are called `hq`, too. A single letter, or two digits, stand everywhere.
        let isLong = value.utf8.count >= 3
        guard isLong || isPlace && value.count == 2 && value.contains(where: \.isLetter) else { continue }
        if isPlace || value.contains(where: { $0.isNumber || $0 == "-" || $0 == "_" }) {
          kinds[value] = "place"
        }
      }
    }
    let caseName = picture.facts.caseName
    if caseName.utf8.count >= 3, kinds[caseName] == nil { kinds[caseName] = "case" }
    let names = kinds.keys.sorted()
    for name in names {
      let key = Self.isShort(name) ? name.uppercased() : name.lowercased()
      if folded[key] == nil { folded[key] = name }
    }
    // Of a host by its full name people write the first part only.
    for name in names where kinds[name] == "device" {
      guard let dot = name.firstIndex(of: "."), !name.allSatisfy({ $0.isNumber || $0 == "." }) else {
        continue
      }
      let label = name[..<dot].lowercased()
      if label.utf8.count >= 3, folded[label] == nil { folded[label] = name }
    }
    phrases = names.filter { !$0.allSatisfy(Self.isWord) }.map { ($0.lowercased(), $0) }
      .sorted { ($1.0.utf8.count, $0.0, $0.1) < ($0.0.utf8.count, $1.0, $1.1) }
  }

  /// The name that a word stands for, however it is written; nil for other words.
  private func known(_ word: String) -> String? {
    if kinds[word] != nil { return word }
    return folded[Self.isShort(word) ? word : word.lowercased()]
  }

  /// A word of two letters may mean something else in small ones: `IT` is a place, `it` is none.
  private static func isShort(_ word: String) -> Bool { word.count < 3 && word.allSatisfy(\.isLetter) }

  /// What stands for a word; nil where it names nobody. A host's full name (`cam-06.fleet.example.com`) is that of the device,
  /// and goes as a whole: the rest says whose it is.
  private func pseudonym(of word: Substring) -> String? {
    if let name = known(String(word)) { return self.name(name, kind: kinds[name] ?? "device").text }
    var end = word.endIndex
    while let dot = word[..<end].lastIndex(of: ".") {
      if let name = known(String(word[..<dot])) {
        let rest = word[word.index(after: dot)...]
        // `cam-06.The` lacks a blank: the rest is the next sentence.
        let isSentence = rest.first?.isUppercase == true && rest.dropFirst().first?.isLowercase == true
        return self.name(name, kind: kinds[name] ?? "device").text + (isSentence ? "." + rest : "")
      }
      end = dot
    }
    return nil
  }

  /// Words of people with the names that are known replaced.
  func scrubbed(_ text: EvidenceText) -> EvidenceText {
    guard isActive, !kinds.isEmpty else { return text }
    var whole = text.text
    // Names with spaces and the like are no words; they are looked for as they are, the longest first.
    let small = phrases.isEmpty ? "" : whole.lowercased()
    for (folded, name) in phrases where small.contains(folded) {
      whole = Self.replacing(folded, in: whole, with: self.name(name, kind: kinds[name] ?? "place").text)
    }
    var result = ""
    var word = ""
    func flush() {
      guard !word.isEmpty else { return }
      // A full stop after a name belongs to the sentence.
      let mark = word.last == "." || word.last == "-" ? word.suffix(1) : ""
      if let name = known(word) {
        result += self.name(name, kind: kinds[name] ?? "device").text
      } else if let known = pseudonym(of: word.dropLast(mark.count)) {
        result += known + mark
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

  /// The text with every occurrence of a phrase replaced, in whatever letters it is written.
  private static func replacing(_ folded: String, in text: String, with other: String) -> String {
    let wanted = folded.map(String.init)
    let letters = Array(text)
    let small = letters.map { $0.lowercased() }
    var result = ""
    var index = 0
    while index < letters.count {
      if index + wanted.count <= letters.count, small[index] == wanted[0],
        small[index..<index + wanted.count].elementsEqual(wanted)
      {
        result += other
        index += wanted.count
      } else {
        result.append(letters[index])
        index += 1
      }
    }
    return result
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
