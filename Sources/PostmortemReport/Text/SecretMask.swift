internal import IncidentModel

/// Masks what looks like a secret in text from evidence, for every audience: a report travels further than the log did.
enum SecretMask {
  /// What stands in a secret's place.
  static let mask = SecretText.mask

  /// The text with every secret masked; see `SecretText`.
  static func mask(_ text: String) -> String { SecretText.masked(text) }

  /// True where the bytes hold something to mask.
  static func mayHold(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    !SecretText.findings(in: UnsafeRawBufferPointer(bytes)).isEmpty
  }
}
