import PlaybookModel
import Synchronization

/// Replaces known secrets in texts before they are printed or kept: the last line of defence, not the first.
///
/// A secret is known in every form that we send it in, and in those that the other side may repeat it in: see
/// `SecretForms`.
public final class SecretMasker: Sendable {
  private struct Known {
    var secrets: Set<String> = []
    /// What is looked for, the longest first.
    var needles: [[UInt8]] = []
    /// Bytes that one of them begins with.
    var begins = [Bool](repeating: false, count: 256)
  }
  private let known = Mutex(Known())

  /// Texts of this length may have been cut without a mark that says so.
  private static let longText = 4000

  /// A masker that knows nothing yet.
  public init() {}

  /// From now on this text is masked. Texts of fewer than four characters are not, they would mask half the language.
  public func add(_ secret: String) {
    guard secret.utf8.count >= 4 else { return }
    learn([secret] + SecretForms.of(secret))
  }

  /// From now on a credential is masked, also as the header that proves it.
  func add(_ credential: Credential) {
    for hidden in credential.hiddenTexts { add(hidden) }
    if let header = credential.basicHeader, credential.secret.utf8.count >= 4 { learn([header]) }
  }

  private func learn(_ texts: [String]) {
    known.withLock { known in
      for text in texts where text.utf8.count >= 4 && known.secrets.insert(text).inserted {
        let needle = Array(text.utf8)
        let place = known.needles.firstIndex { $0.count < needle.count } ?? known.needles.endIndex
        known.needles.insert(needle, at: place)
        known.begins[Int(needle[0])] = true
      }
    }
  }

  /// The text with every known secret replaced by `***`, also one that was cut off at a `…` or at the end of a long text.
  public func mask(_ text: String) -> String {
    // A fleet without secrets has millions of records, too.
    guard let known = known.withLock({ $0.needles.isEmpty ? nil : $0 }) else { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var start = 0
    var index = 0
    var found = false
    func hide(_ end: Int) {
      result += bytes[start..<index]
      result += [0x2A, 0x2A, 0x2A]
      found = true
      index = end
      start = end
    }
    while index < bytes.count {
      guard known.begins[Int(bytes[index])] else {
        index += 1
        continue
      }
      if let end = Self.end(of: known.needles, at: index, in: bytes) { hide(end) } else { index += 1 }
    }
    guard found else { return text }
    result += bytes[start...]
    return String(decoding: result, as: UTF8.self)
  }

  /// Where a secret that begins at a place ends; nil where none begins there.
  private static func end(of needles: [[UInt8]], at start: Int, in bytes: [UInt8]) -> Int? {
    for needle in needles where needle[0] == bytes[start] {
      var count = 1
      while count < needle.count, start + count < bytes.count, bytes[start + count] == needle[count] {
        count += 1
      }
      let end = start + count
      if count == needle.count { return end }
      guard count >= 4 else { continue }
      // `…` is E2 80 A6.
      let isCut =
        end == bytes.count ? bytes.count >= longText : bytes[end...].starts(with: [0xE2, 0x80, 0xA6])
      if isCut { return end }
    }
    return nil
  }
}

/// The forms of a secret beside itself: what we write it as, and what others make of it when they repeat it.
enum SecretForms {
  /// Those that differ from the secret.
  static func of(_ secret: String) -> [String] {
    let bytes = Array(secret.utf8)
    let percent = HTTPRequestText.percentEncoded(secret)
    var forms = [percent, lowerEscapes(percent), percent.replacing("%20", with: "+")]
    var quoted: [UInt8] = []
    CanonicalJSON.append(string: secret, to: &quoted)
    let json = String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self)
    forms += [json, json.replacing("/", with: "\\/"), ascii(json), ascii(json).replacing("/", with: "\\/")]
    forms.append(String(ShellQuote.quote(secret).dropFirst().dropLast()))
    forms.append(RemoteText.bounded(bytes))
    let markup = secret.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(
      ">", with: "&gt;")
    forms += [markup, markup.replacing("\"", with: "&quot;").replacing("'", with: "&#39;")]
    let hex = HexText.lower(bytes)
    forms += [hex, hex.uppercased()]
    for standard in (0...2).compactMap({ base64(bytes, after: $0) }) {
      forms += [standard, standard.replacing("+", with: "-").replacing("/", with: "_")]
    }
    return Set(forms).subtracting([secret]).sorted()
  }

  /// The characters of base64 that are the secret's alone when so many bytes stand before it, whatever they and those behind it
  /// are; nil where they are too few to tell.
  private static func base64(_ bytes: [UInt8], after before: Int) -> String? {
    let text = Array(Base64Text.encode([UInt8](repeating: 0, count: before) + bytes).utf8)
    let first = (8 * before + 5) / 6
    let end = 8 * (before + bytes.count) / 6
    return end - first >= 5 ? String(decoding: text[first..<end], as: UTF8.self) : nil
  }

  /// `%2f` for `%2F`.
  private static func lowerEscapes(_ text: String) -> String {
    var left = 0
    return String(
      text.map { character -> Character in
        if character == "%" {
          left = 2
          return character
        }
        guard left > 0 else { return character }
        left -= 1
        return Character(character.lowercased())
      })
  }

  /// The text of a JSON string with `\uXXXX` for everything but ASCII.
  private static func ascii(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    var result = ""
    for unit in text.utf16 {
      if unit < 0x80 {
        result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      } else {
        result += "\\u" + HexText.lower([UInt8(unit >> 8), UInt8(unit & 0xFF)])
      }
    }
    return result
  }
}
