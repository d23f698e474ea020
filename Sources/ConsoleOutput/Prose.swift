/// Sentences for a terminal: broken where the terminal ends, but never inside what a reader copies.
public enum Prose {
  /// A text in lines of at most `columns`, those after the first indented by so many blanks.
  ///
  /// A command in quotes (`'firebreak clocks'`) and a long word (a hash, a path) stay whole: they go on a line of their own
  /// where they do not fit, and stick out of it only where they are longer than the terminal is wide. Escape sequences
  /// of colour take no columns.
  public static func wrap(_ text: String, _ columns: Int, indent: Int = 0) -> [String] {
    guard width(text) > columns else { return [text] }
    let text = text.unicodeScalars
    var lead = String(text.prefix { $0 == " " })
    let blanks = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    var used = 0
    for token in tokens(String(text.dropFirst(lead.unicodeScalars.count))) {
      let next = width(token)
      if line.isEmpty {
        line = lead + token
        used = lead.count + next
      } else if used + 1 + next <= columns {
        line += " " + token
        used += 1 + next
      } else {
        lines.append(line)
        lead = blanks
        line = lead + token
        used = indent + next
      }
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line) }
    return lines
  }

  /// Words, and commands in quotes as one word each.
  static func tokens(_ text: String) -> [String] {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    var result: [String] = []
    var index = 0
    while index < words.count {
      let end = opensQuote(words[index]) ? words[index...].firstIndex(where: closesQuote) : nil
      let last = end ?? index
      result.append(words[index...last].joined(separator: " "))
      index = last + 1
    }
    return result
  }

  private static func opensQuote(_ word: Substring) -> Bool {
    let word = word.drop { "([".contains($0) }
    return word.first == "'"
  }

  private static func closesQuote(_ word: Substring) -> Bool {
    var word = word
    while let last = word.last, ")].,:;".contains(last) { word.removeLast() }
    return word.last == "'" && word.count > 1
  }

  /// Columns of a text that may hold escape sequences of colour (ECMA-48, SGR).
  public static func width(_ text: String) -> Int {
    guard text.utf8.contains(0x1b) else { return DisplayWidth.of(text) }
    var plain = String.UnicodeScalarView()
    var isEscape = false
    for scalar in text.unicodeScalars {
      if scalar == "\u{1b}" {
        isEscape = true
      } else if isEscape {
        isEscape = scalar != "m"
      } else {
        plain.append(scalar)
      }
    }
    return DisplayWidth.of(String(plain))
  }

  /// A cell in lines of at most `columns`: broken at blanks, else behind a separator of a path or list, else hard.
  public static func fold(_ text: String, _ columns: Int) -> [String] {
    let columns = max(1, columns)
    guard DisplayWidth.of(text) > columns else { return [text] }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      if !line.isEmpty, DisplayWidth.of(line) + 1 + DisplayWidth.of(String(word)) <= columns {
        line += " " + word
        continue
      }
      if !line.isEmpty { lines.append(line) }
      var rest = word
      while DisplayWidth.of(String(rest)) > columns {
        var head = ""
        for character in rest {
          if DisplayWidth.of(head + String(character)) > columns { break }
          head.append(character)
        }
        if head.isEmpty { head.append(rest[rest.startIndex]) }
        if let cut = head.lastIndex(where: { "/,;=&|".contains($0) }), cut > head.startIndex {
          head = String(head[...cut])
        }
        lines.append(head)
        rest = rest.dropFirst(head.count)
      }
      line = String(rest)
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// Columns of the longest word that must stay whole: a hash (32 hexadecimal digits or more).
  static func longestWhole(_ text: String) -> Int {
    var longest = 0
    var run = 0
    for byte in text.utf8 {
      let isDigit = (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
      run = isDigit ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest >= 32 ? longest : 0
  }
}
