internal import IncidentModel

/// Errors that begin alike and end each in its own way ("closing outlet: pump hot", "closing outlet: belt slack"): a reason in words
/// makes a template of each, which hardly anybody says, so that none has a rhythm. What they have in common says what happened.
/// Only what is graded as an error counts, and only templates too rare to be judged by themselves.
enum SharedBeginnings {
  /// Words of a beginning at least: where a colon ends it, where a bracket or a dash follows, and where nothing shows its end.
  private static let fewestBeforeColon = 3
  private static let fewestBeforeBracket = 2
  private static let wordsWithoutEnd = 4

  /// Templates that begin alike, two and more each, in the order of their first one.
  static func families(_ timeline: Timeline, where isRare: (Int) -> Bool) -> [[Int]] {
    let evidence = timeline.evidence
    var place: [String: Int] = [:]
    var families: [[Int]] = []
    for template in evidence.templateTexts.indices
    where timeline.isLoud[template] && timeline.tones[template] == .loud && isRare(template) {
      guard let beginning = beginning(of: evidence.templateTexts[template]) else { continue }
      let key = "\(evidence.templatePrograms[template])\n\(beginning)"
      if let known = place[key] {
        families[known].append(template)
      } else {
        place[key] = families.count
        families.append([template])
      }
    }
    return families.filter { $0.count > 1 }
  }

  /// What a message says before its reason: all before a colon, a bracket or a dash, else its first words where more follow. Nil where
  /// it is hardly more than variables.
  static func beginning(of text: String) -> String? {
    let all = text.split(separator: " ")
    let end = all.indices.dropFirst().first { place in
      place >= fewestBeforeColon && all[place - 1].last == ":"
        || place >= fewestBeforeBracket && all[place].first.map { "([{-–—\"'“‘".contains($0) } == true
    }
    guard let end = end ?? (all.count > wordsWithoutEnd ? wordsWithoutEnd : nil) else { return nil }
    let words = all[..<end]
    return words.count { $0.contains(where: \.isLetter) } >= 2 ? words.joined(separator: " ") : nil
  }
}
