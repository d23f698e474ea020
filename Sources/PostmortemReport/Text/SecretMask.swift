/// Finds what looks like a secret in text from evidence and masks it, for every audience. Better a harmless word masked
/// than a password printed: a report travels further than the log did.
enum SecretMask {
  /// What stands in a secret's place.
  static let mask = "[masked]"

  private static let keys: [[UInt8]] = [
    "password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "api-key", "apikey",
    "access_key",
    "private_key", "client_secret", "psk", "sessionid", "session_id", "credential", "authorization", "cookie",
  ].map { Array($0.utf8) }

  /// Tokens whose beginning gives them away, and how long they are at least.
  private static let prefixes: [(text: [UInt8], minimum: Int)] = [
    ("AKIA", 16), ("ASIA", 16), ("ghp_", 20), ("gho_", 20), ("github_pat_", 20), ("glpat-", 20),
    ("xoxb-", 12),
    ("xoxp-", 12), ("sk_live_", 12), ("eyJ", 24), ("AGE-SECRET-KEY-", 20),
  ].map { (Array($0.0.utf8), $0.1) }

  /// The text with values of password-like keys, bearer tokens, credentials in URLs, well-known token shapes and PEM
  /// private keys masked.
  static func mask(_ text: String) -> String {
    var text = text
    // Most lines hold nothing that could begin a secret; they are told apart without a copy.
    guard text.withUTF8({ mayHold($0) }) else { return text }
    let bytes = Array(text.utf8)
    var ranges: [Range<Int>] = []
    var index = 0
    while index < bytes.count {
      if begins[Int(bytes[index])], let range = secret(in: bytes, at: index) {
        ranges.append(range)
        index = max(range.upperBound, index + 1)
      } else {
        index += 1
      }
    }
    guard !ranges.isEmpty else { return text }
    var result: [UInt8] = []
    var position = 0
    for range in ranges where range.lowerBound >= position {
      result += bytes[position..<range.lowerBound]
      result += Array(mask.utf8)
      position = range.upperBound
    }
    result += bytes[position...]
    return String(decoding: result, as: UTF8.self)
  }

  /// Bytes that a secret, or the key before it, can begin with.
  private static let begins: [Bool] = {
    var table = [Bool](repeating: false, count: 256)
    for first in "-:b".utf8 { table[Int(first)] = true }
    for text in keys + prefixes.map(\.text) { table[Int(text[0])] = true }
    for byte in UInt8(ascii: "a")...UInt8(ascii: "z") where table[Int(byte)] { table[Int(byte - 32)] = true }
    return table
  }()

  /// The first two bytes of every key and token, lower case, as bits: a cheap test that most words fail.
  private static let pairs: [UInt64] = {
    var bits = [UInt64](repeating: 0, count: 1024)
    for text in keys + prefixes.map(\.text) + ["bearer", "--", "://"].map({ Array($0.utf8) }) {
      let pair = Int(text[0] | 0x20) << 8 | Int(text[1] | 0x20)
      bits[pair >> 6] |= 1 << UInt64(pair & 63)
    }
    return bits
  }()

  private static func mayHold(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count > 2 else { return false }
    return pairs.withUnsafeBufferPointer { pairs in
      for index in 1..<bytes.count {
        let pair = Int(bytes[index - 1] | 0x20) << 8 | Int(bytes[index] | 0x20)
        if pairs[pair >> 6] & 1 << UInt64(pair & 63) != 0, begins[Int(bytes[index - 1])],
          index == 1 || !isLetter(bytes[index - 2]) || bytes[index - 1] < 0x41
        {
          return true
        }
      }
      return false
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a }

  private static func secret(in bytes: [UInt8], at index: Int) -> Range<Int>? {
    let byte = bytes[index]
    if byte == UInt8(ascii: "-"), starts(bytes, index, "-----BEGIN "), contains(bytes, index, "PRIVATE KEY") {
      return index..<bytes.count
    }
    if byte == UInt8(ascii: ":"), starts(bytes, index, "://") {
      // user:password@host: the part between the colon and the at sign.
      var end = index + 3
      var colon: Int?
      while end < bytes.count, !isSpace(bytes[end]), bytes[end] != UInt8(ascii: "/") {
        if bytes[end] == UInt8(ascii: ":"), colon == nil { colon = end }
        if bytes[end] == UInt8(ascii: "@"), let colon { return (colon + 1)..<end }
        end += 1
      }
      return nil
    }
    // The two kinds below begin at the beginning of a word, or after `_`, `-`, `.` for keys such as `mqtt_password`.
    let before: UInt8 = index == 0 ? 0x20 : bytes[index - 1]
    guard !isWord(before) || before == UInt8(ascii: "_") else { return nil }
    for (text, minimum) in prefixes where bytes[index...].starts(with: text) && !isWord(before) {
      let end = tokenEnd(bytes, from: index)
      if end - index >= minimum { return index..<end }
    }
    for key in keys where matchesIgnoringCase(bytes, index, key) {
      return value(bytes, after: index + key.count, key: key)
    }
    if matchesIgnoringCase(bytes, index, Array("bearer ".utf8)) {
      let start = index + 7
      let end = tokenEnd(bytes, from: start)
      if end - start >= 8 { return start..<end }
    }
    return nil
  }

  /// The value after `key=`, `key:`, `"key": "`, `key is`; nil where the word is only a word.
  private static func value(_ bytes: [UInt8], after position: Int, key: [UInt8]) -> Range<Int>? {
    var index = position
    if index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") {
      index += 1
    }
    while index < bytes.count, bytes[index] == 0x20 { index += 1 }
    guard index < bytes.count, bytes[index] == UInt8(ascii: "=") || bytes[index] == UInt8(ascii: ":") else {
      return nil
    }
    index += 1
    while index < bytes.count, bytes[index] == 0x20 { index += 1 }
    guard index < bytes.count else { return nil }
    let quote = bytes[index]
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      let end = bytes[(index + 1)...].firstIndex(of: quote) ?? bytes.count
      return end > index + 1 ? (index + 1)..<end : nil
    }
    // `Authorization: Basic abc` and `Cookie: a=b; c=d` hold more than one word.
    if key.count >= 6, key.starts(with: Array("author".utf8)) || key.starts(with: Array("cookie".utf8)) {
      return index..<bytes.count
    }
    let end = tokenEnd(bytes, from: index)
    return end > index ? index..<end : nil
  }

  private static func tokenEnd(_ bytes: [UInt8], from start: Int) -> Int {
    var end = start
    while end < bytes.count, !isSpace(bytes[end]), !Array("\"',;&)]}<>".utf8).contains(bytes[end]) {
      end += 1
    }
    return end
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }
  private static func isWord(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a || byte >= 0x30 && byte <= 0x39
      || byte == UInt8(ascii: "_")
  }
  private static func starts(_ bytes: [UInt8], _ index: Int, _ text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[index...].starts(with: $0) }
  }
  private static func matchesIgnoringCase(_ bytes: [UInt8], _ index: Int, _ lower: [UInt8]) -> Bool {
    guard index + lower.count <= bytes.count else { return false }
    for offset in lower.indices {
      let byte = bytes[index + offset]
      guard byte == lower[offset] || (byte >= 0x41 && byte <= 0x5a && byte | 0x20 == lower[offset]) else {
        return false
      }
    }
    return true
  }
  private static func contains(_ bytes: [UInt8], _ start: Int, _ text: StaticString) -> Bool {
    let end = min(bytes.count, start + 64)
    return text.withUTF8Buffer { needle in
      (start..<end).contains { bytes[$0..<end].starts(with: needle) }
    }
  }
}
