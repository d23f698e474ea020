import IncidentModel

/// Words of a POSIX shell.
public enum ShellQuote {
  /// The text as one word in single quotes.
  public static func quote(_ text: String) -> String { QuotedText.of(text, "'", escape: "'\\'") }

  /// The text as one word of a script that people look at: what a terminal would act on, and what changes the order of
  /// what is seen, stands there as octal escapes of `printf`, and the command gets the same bytes.
  ///
  /// A POSIX shell has no `$'…'`. A command substitution loses line feeds at its end, so each is `"$firebreak_lf"`, which
  /// `lineFeed` sets. With `keepsLines` line feeds stay as they are: for texts of several lines that we have written.
  static func visible(_ text: String, keepsLines: Bool = false) -> String {
    func isHidden(_ scalar: Unicode.Scalar) -> Bool {
      RemoteText.isHarmful(scalar) && !(keepsLines && scalar == "\n")
    }
    guard text.unicodeScalars.contains(where: isHidden) else { return quote(text) }
    var word = ""
    var plain = String.UnicodeScalarView()
    var escapes = ""
    func flush() {
      if !plain.isEmpty { word += quote(String(plain)) }
      if !escapes.isEmpty { word += "\"$(printf '\(escapes)')\"" }
      plain = String.UnicodeScalarView()
      escapes = ""
    }
    for scalar in text.unicodeScalars {
      guard isHidden(scalar) else {
        if !escapes.isEmpty { flush() }
        plain.append(scalar)
        continue
      }
      if !plain.isEmpty { flush() }
      if scalar == "\n" {
        flush()
        word += "\"$firebreak_lf\""
        continue
      }
      for byte in String(scalar).utf8 {
        let octal = String(byte, radix: 8)
        escapes += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
      }
    }
    flush()
    return word
  }

  /// The line of a script that `visible` rests on.
  static let lineFeed = "firebreak_lf='\n'"
}
