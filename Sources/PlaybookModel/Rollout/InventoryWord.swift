/// Words of inventories that mean the same.
public enum InventoryWord {
  /// Words for yes and for no: of programs, and of the languages that the formats know.
  private static let answers: [[String]] = [
    [
      "yes", "y", "true", "t", "1", "on", "ja", "j", "oui", "o", "si", "sí", "sì", "s", "sim", "tak", "да",
      "是", "はい", "예",
    ],
    ["no", "n", "false", "f", "0", "off", "nein", "nee", "non", "não", "nie", "нет", "否", "いいえ", "아니요"],
  ]

  /// A word without its letters' case and the blanks around it; every yes is one word, every no another.
  static func folded(_ text: String) -> String {
    let word = trimmed(text).lowercased()
    return answers.first { $0.contains(word) }?[0] ?? word
  }

  /// True for every way to write no.
  public static func isNo(_ text: String) -> Bool { folded(text) == answers[1][0] }

  /// All words that mean the same as one, for comparisons that know letters of ASCII only.
  public static func alike(_ text: String) -> [String] {
    let word = trimmed(text)
    let same = [word.lowercased()] + (answers.first { $0.contains(word.lowercased()) } ?? [])
    var seen: Set<String> = []
    return ([word] + same + same.map { $0.uppercased() }).filter { seen.insert($0).inserted }
  }

  private static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let start = scalars.drop { $0.properties.isWhitespace }
    let kept = start.reversed().drop { $0.properties.isWhitespace }.reversed()
    return String(String.UnicodeScalarView(kept))
  }
}
