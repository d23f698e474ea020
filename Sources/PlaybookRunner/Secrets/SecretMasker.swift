import Synchronization

/// Replaces known secrets in texts before they are printed or kept: the last line of defence, not the first.
public final class SecretMasker: Sendable {
  private let secrets = Mutex<[String]>([])

  /// A masker that knows nothing yet.
  public init() {}

  /// From now on this text is masked. Texts of fewer than four characters are not, they would mask half the language.
  public func add(_ secret: String) {
    guard secret.utf8.count >= 4 else { return }
    secrets.withLock { if !$0.contains(secret) { $0.append(secret) } }
  }

  /// The text with every known secret replaced by `***`.
  public func mask(_ text: String) -> String {
    let known = secrets.withLock { $0 }
    guard !known.isEmpty else { return text }
    var result = text
    for secret in known where result.utf8.count >= secret.utf8.count {
      result = Self.replace(secret, in: result)
    }
    return result
  }

  private static func replace(_ secret: String, in text: String) -> String {
    let (needle, bytes) = (Array(secret.utf8), Array(text.utf8))
    var result: [UInt8] = []
    var index = 0
    var found = false
    while index < bytes.count {
      if bytes[index] == needle[0], bytes[index...].starts(with: needle) {
        result += [0x2A, 0x2A, 0x2A]
        index += needle.count
        found = true
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return found ? String(decoding: result, as: UTF8.self) : text
  }
}
