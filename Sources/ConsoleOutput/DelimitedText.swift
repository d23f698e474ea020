/// CSV for spreadsheets and tools: RFC 4180 quoting, and cells that a spreadsheet would run as a formula are defused.
public enum DelimitedText {
  /// One line without its line end.
  public static func line(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") }

  /// One cell. Texts that begin with `= + - @`, tab or CR get a leading apostrophe (OWASP, CSV Injection), except
  /// plain numbers; control characters are written as escapes.
  public static func cell(_ text: String) -> String {
    var text = Sanitizer.escape(text)
    if let first = text.unicodeScalars.first, "=+-@".unicodeScalars.contains(first), Double(text) == nil {
      text = "'" + text
    }
    guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else {
      return text
    }
    // By scalars: a quote with a combining mark after it is another character to Swift, and is one to every reader.
    var quoted = String.UnicodeScalarView("\"".unicodeScalars)
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted.append(scalar) }
      quoted.append(scalar)
    }
    quoted.append("\"")
    return String(quoted)
  }
}
