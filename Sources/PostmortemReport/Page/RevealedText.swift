extension EvidenceText {
  /// Text with its secrets, for somebody who asked for them and whose asking is written down. Control and invisible
  /// characters are made visible all the same.
  public init(revealing bytes: some Collection<UInt8>, limit: Int) {
    let kept = bytes.prefix(limit)
    text = Self.visible(String(decoding: kept, as: UTF8.self))
    omittedBytes = bytes.count - kept.count
  }

  /// True where masking changes the text: there is something to reveal.
  public static func holdsSecret(_ bytes: some Collection<UInt8>) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    return SecretMask.mask(text) != text
  }
}
