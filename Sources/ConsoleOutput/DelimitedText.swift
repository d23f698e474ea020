/// CSV for spreadsheets and tools: RFC 4180 quoting, and cells that a spreadsheet would run as a formula are defused.
public enum DelimitedText {
  /// One line without its line end.
  public static func line(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") }

  /// One cell. Texts that begin with `= + - @`, as full-width characters or behind blanks, too, get an apostrophe before that
  /// (OWASP, CSV Injection), except plain numbers; so does what follows a semicolon, at which a spreadsheet set up for another country
  /// cuts a cell in two. Control characters are written as escapes.
  public static func cell(_ text: String) -> String {
    var text = Sanitizer.escape(text)
    text =
      text.utf8.contains(UInt8(ascii: ";"))
      ? text.unicodeScalars.split(separator: ";", omittingEmptySubsequences: false)
        .map { defused(Substring($0)) }.joined(separator: ";")
      : defused(text[...])
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

  private static let openers = Set("=+-@＝＋－＠".unicodeScalars)

  private static func defused(_ part: Substring) -> String {
    guard let first = part.unicodeScalars.first(where: { $0 != " " }), openers.contains(first),
      Double(part) == nil
    else { return String(part) }
    return "'" + part
  }
}
