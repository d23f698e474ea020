/// Text between quotation marks.
public enum QuotedText {
  /// The text between two quotation marks (ASCII), with `escape` before each such mark in it, and before each backslash where
  /// `escapesBackslash`.
  ///
  /// By scalars: a quote with a combining mark after it is another character to Swift, and is one to every reader.
  public static func of(
    _ text: String, _ quote: Unicode.Scalar, escape: String, escapesBackslash: Bool = false
  ) -> String {
    var quoted = String(quote)
    let mark = UInt8(ascii: quote)
    if text.utf8.contains(where: { $0 == mark || $0 == UInt8(ascii: "\\") && escapesBackslash }) {
      var scalars = String.UnicodeScalarView()
      for scalar in text.unicodeScalars {
        if scalar == quote || scalar == "\\" && escapesBackslash {
          scalars.append(contentsOf: escape.unicodeScalars)
        }
        scalars.append(scalar)
      }
      quoted += String(scalars)
    } else {
      quoted += text
    }
    quoted.unicodeScalars.append(quote)
    return quoted
  }
}
