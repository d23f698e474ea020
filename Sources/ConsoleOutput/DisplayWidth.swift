/// Columns a text takes in a terminal.
public enum DisplayWidth {
  /// Columns of a sanitised, single-line text: 0 for combining marks, 2 for East Asian wide and emoji, else 1
  /// (after Unicode Standard Annex #11, by block).
  public static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + width($1) }
  }

  /// The longest prefix that fits `columns`, with `…` at the end when something was cut.
  public static func fit(_ text: String, _ columns: Int) -> String {
    guard of(text) > columns else { return text }
    guard columns > 0 else { return "" }
    var kept = String.UnicodeScalarView()
    var used = 1
    for scalar in text.unicodeScalars {
      let next = width(scalar)
      if used + next > columns { break }
      kept.append(scalar)
      used += next
    }
    return String(kept) + "…"
  }

  /// As `fit`, but what is cut out is the middle: names of one fleet begin alike and differ at their ends.
  public static func fitEnds(_ text: String, _ columns: Int) -> String {
    guard of(text) > columns else { return text }
    guard columns > 2 else { return fit(text, columns) }
    // The end tells more than the beginning.
    let room = (columns - 1) / 3
    var head = ""
    var used = 0
    for character in text {
      let next = of(String(character))
      if used + next > room { break }
      head.append(character)
      used += next
    }
    var tail: [Character] = []
    for character in text.reversed() {
      let next = of(String(character))
      if used + next > columns - 1 { break }
      tail.append(character)
      used += next
    }
    return head + "…" + String(tail.reversed())
  }

  /// The text with blanks up to `columns`, on the right or on the left.
  public static func pad(_ text: String, _ columns: Int, right: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, columns - of(text)))
    return right ? blanks + text : text + blanks
  }

  /// A text broken at blanks into lines of at most `columns`; longer words are cut hard.
  public static func wrap(_ text: String, _ columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      var rest = String(word)
      if !line.isEmpty, of(line) + 1 + of(rest) > columns {
        lines.append(line)
        line = ""
      }
      while of(rest) > columns {
        var head = ""
        while let first = rest.first, of(head) + of(String(first)) <= columns {
          head.append(rest.removeFirst())
        }
        if head.isEmpty { head.append(rest.removeFirst()) }
        lines.append(head)
      }
      line += line.isEmpty ? rest : " " + rest
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x300...0x36f, 0x483...0x489, 0x591...0x5bd, 0x610...0x61a, 0x64b...0x65f, 0x1ab0...0x1aff: 0
    case 0x1dc0...0x1dff, 0x20d0...0x20ff, 0xfe00...0xfe0f, 0xfe20...0xfe2f: 0
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff: 2
    case 0xa000...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60: 2
    case 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f7e0...0x1f7eb, 0x1f900...0x1f9ff: 2
    case 0x1fa70...0x1faff, 0x20000...0x3fffd: 2
    // Marks of other scripts stand on the letter before them; signs of old that are shown as emoji are as wide as these.
    default:
      scalar.properties.isEmojiPresentation
        ? 2 : [.nonspacingMark, .enclosingMark].contains(scalar.properties.generalCategory) ? 0 : 1
    }
  }
}
