import IncidentModel

/// How a case is written otherwise: nothing of the original wording or naming is left.
struct Transformation {
  var words = "as given"
  /// Every name, word, attribute and value replaced.
  var renames = false
  /// Nanoseconds that stamps are cut to.
  var resolution: Int64 = 1
  /// No severities at all.
  var dropsSeverity = false

  static let asGiven = Transformation()
  static let rfc5424 = Transformation(words: "RFC 5424, renamed", renames: true, resolution: 1_000_000)
  static let rfc3164 = Transformation(words: "RFC 3164, renamed", renames: true, resolution: 1_000_000_000)
  static let bare = Transformation(
    words: "RFC 3164 without priority, renamed", renames: true, resolution: 1_000_000_000, dropsSeverity: true
  )

  /// A made-up word for a word: letters only, so that templating finds no new variables; the same for the same.
  func word(_ original: Substring) -> String {
    guard renames else { return String(original) }
    var hash = ContentHash.of("x" + original)
    var text = ""
    for _ in 0..<8 {
      text.unicodeScalars.append(Unicode.Scalar(UInt8(97 + hash % 26)))
      hash /= 26
    }
    return text
  }

  /// A made-up name for an entity, attribute or value.
  func name(_ original: String) -> String {
    guard renames, !original.isEmpty, original != "-" else { return original }
    return "n" + String(ContentHash.of("y" + original) % 0xFFFF_FFFF_FFFF, radix: 36) + "q7"
  }

  /// A message with its words replaced and its numbers kept; names of entities become their new names.
  func message(_ original: String, entities: Set<String>) -> String {
    guard renames else { return original }
    return original.split(separator: " ").map { token in
      token.split(separator: "=", omittingEmptySubsequences: false).map { part in
        if entities.contains(String(part)) { return name(String(part)) }
        let hasDigit = part.utf8.contains { $0 >= 48 && $0 <= 57 }
        return hasDigit ? String(part) : word(part)
      }.joined(separator: ":")
    }.joined(separator: " ")
  }
}
