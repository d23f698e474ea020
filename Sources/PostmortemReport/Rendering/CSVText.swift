internal import IncidentModel

/// Rows for spreadsheets: RFC 4180, and no cell that a spreadsheet would run as a formula (CWE-1236).
public enum CSVText {
  /// A row with its line end. Fields must be free of control characters already, or are quoted.
  public static func row(_ fields: [String]) -> String {
    fields.map(field).joined(separator: ",") + "\r\n"
  }

  /// One field. What begins like a formula (`=`, `+`, `-`, `@`, also after spaces or as full-width forms) gets an apostrophe
  /// before it, except plain numbers.
  public static func field(_ text: String) -> String {
    let safe = isFormula(text) ? "'" + text : text
    let needsQuotes = safe.utf8.contains { byte in
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "'"), 0x09, 0x0a, 0x0d: true
      default: false
      }
    }
    guard needsQuotes || safe.utf8.first == 0x20 || safe.utf8.last == 0x20 else { return safe }
    return QuotedText.of(safe, "\"", escape: "\"")
  }

  private static func isFormula(_ text: String) -> Bool {
    // Letters and digits are harmless, and nearly every cell begins with one.
    if let byte = text.utf8.first,
      byte >= 0x30 && byte <= 0x39 || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
    {
      return false
    }
    let first = text.unicodeScalars.first { !$0.properties.isWhitespace && $0.value > 0x20 }
    guard let first else { return false }
    switch first {
    case "=", "@", "＝", "＠", "＋", "－", "|", "%": return true
    case "+", "-": return Double(text) == nil
    default: return text.unicodeScalars.first.map { $0 == "\t" || $0 == "\r" || $0 == "\n" } ?? false
    }
  }
}
