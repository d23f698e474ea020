/// Finds what should not be shown to everybody: passwords, keys and tokens that devices wrote into their logs. By the names
/// beside them (`psk=…`, `"password": "…"`) and by their own shape (JWT, AWS key ids, PEM private keys, passwords in URLs).
///
/// A finder, not a proof: a secret under a harmless name in a harmless shape is not seen.
public enum SecretText {
  /// Offsets of the secret values, in order, not overlapping.
  public static func ranges(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var i = 0
    while i < bytes.count {
      if let range = secret(bytes, at: i) {
        found.append(range)
        i = range.upperBound
      } else {
        i += 1
      }
    }
    return found
  }

  /// The text with every secret value replaced by `[masked]`.
  public static func masked(_ text: String) -> String {
    var text = text
    return text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      let secrets = ranges(in: bytes)
      guard !secrets.isEmpty else { return String(decoding: utf8, as: UTF8.self) }
      var result: [UInt8] = []
      var from = 0
      for range in secrets {
        result += bytes[from..<range.lowerBound]
        result += Array("[masked]".utf8)
        from = range.upperBound
      }
      result += bytes[from...]
      return String(decoding: result, as: UTF8.self)
    }
  }

  private static func secret(_ bytes: UnsafeRawBufferPointer, at i: Int) -> Range<Int>? {
    switch bytes[i] | 0x20 {
    case UInt8(ascii: "p"), UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "a"), UInt8(ascii: "k"),
      UInt8(ascii: "c"):
      if let value = named(bytes, at: i) { return value }
      if bytes[i] == 0x41, let key = awsKey(bytes, at: i) { return key }
      return nil
    case UInt8(ascii: "b"): return scheme(bytes, at: i)
    case UInt8(ascii: "e"): return token(bytes, at: i)
    case 0x2D: return privateKey(bytes, at: i)
    case 0x3A: return userInfo(bytes, at: i)
    default: return nil
    }
  }

  private static let names: [StaticString] = [
    "password", "passwd", "passphrase", "pwd", "psk", "secret", "token", "api_key", "apikey", "api-key",
    "access_key",
    "accesskey", "private_key", "privatekey", "credential", "credentials", "passcode", "pass", "shared_key",
    "client_key",
    "key_mgmt_psk", "pairing_code", "authkey", "auth_key", "community",
  ]

  /// `name=value`, `name: value`, `"name": "value"`: the value. The name may be the end of a longer one (`mqtt_password`).
  private static func named(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Range<Int>? {
    if start > 0, Bytes.isLetter(bytes[start - 1]), !isHump(bytes, start) { return nil }
    for name in names where isCase(name, bytes, at: start) {
      var i = start + name.utf8CodeUnitCount
      if i < bytes.count, Bytes.isLetter(bytes[i]) || Bytes.isDigit(bytes[i]) || bytes[i] == 0x5F { continue }
      if i < bytes.count, bytes[i] == 0x5C { i += 1 }
      if i < bytes.count, bytes[i] == 0x22 || bytes[i] == 0x27 { i += 1 }
      while i < bytes.count, bytes[i] == 0x20 { i += 1 }
      guard i < bytes.count, bytes[i] == 0x3D || bytes[i] == 0x3A else { continue }
      let isColon = bytes[i] == 0x3A
      i += 1
      while i < bytes.count, bytes[i] == 0x20 { i += 1 }
      if i < bytes.count, bytes[i] == 0x5C { i += 1 }
      var quote: UInt8 = 0
      if i < bytes.count, bytes[i] == 0x22 || bytes[i] == 0x27 {
        quote = bytes[i]
        i += 1
      }
      let value = i
      while i < bytes.count {
        let byte = bytes[i]
        if quote != 0 {
          if byte == quote || byte == 0x5C && i + 1 < bytes.count && bytes[i + 1] == quote { break }
        } else if byte <= 0x20 || [0x2C, 0x3B, 0x26, 0x29, 0x5D, 0x7D, 0x22, 0x27].contains(byte) {
          break
        }
        i += 1
      }
      guard i - value >= 3, !isHarmless(Bytes.part(bytes, value, i)) else { continue }
      // `password: changed` and other prose: a bare word after a colon and a blank, of letters only.
      if isColon, quote == 0, bytes[value - 1] == 0x20, bytes[value..<i].allSatisfy(Bytes.isLetter) {
        continue
      }
      return value..<i
    }
    return nil
  }

  /// True where camel case begins a word: `wifiPassword`.
  private static func isHump(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Bool {
    bytes[i] &- 0x41 < 26 && bytes[i - 1] &- 0x61 < 26
  }

  private static func isCase(_ word: StaticString, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    guard word.utf8CodeUnitCount <= bytes.count - offset else { return false }
    for index in 0..<word.utf8CodeUnitCount {
      let byte = bytes[offset + index]
      if (byte &- 0x41 < 26 ? byte | 0x20 : byte) != word.utf8Start[index] { return false }
    }
    return true
  }

  private static func isHarmless(_ value: UnsafeRawBufferPointer) -> Bool {
    if value.allSatisfy({ $0 == 0x2A || $0 == 0x78 || $0 == 0x58 || $0 == 0x2E || $0 == 0x2D }) {
      return true
    }
    for word: StaticString in [
      "null", "none", "true", "false", "nil", "(null)", "[masked]", "<hidden>", "<redacted>", "redacted",
      "failed", "accepted",
    ] where word.utf8CodeUnitCount == value.count && isCase(word, value, at: 0) {
      return true
    }
    return false
  }

  /// `Bearer …`, `Basic …` of eight characters or more.
  private static func scheme(_ bytes: UnsafeRawBufferPointer, at i: Int) -> Range<Int>? {
    if i > 0, Bytes.isLetter(bytes[i - 1]) { return nil }
    guard let length = isCase("bearer ", bytes, at: i) ? 7 : isCase("basic ", bytes, at: i) ? 6 : nil else {
      return nil
    }
    let start = i + length
    let end = textEnd(bytes, start)
    // Words follow `basic` in prose; tokens have digits or capitals inside, or an equals sign.
    let hasDigit = bytes[start..<end].contains { Bytes.isDigit($0) || $0 == 0x3D }
    return end - start >= 8 && hasDigit ? start..<end : nil
  }

  /// A JSON Web Token: three base64url parts, the first two begin with `eyJ`.
  private static func token(_ bytes: UnsafeRawBufferPointer, at i: Int) -> Range<Int>? {
    guard Bytes.matches("eyJ", bytes, at: i), i == 0 || !Bytes.isLetter(bytes[i - 1]) && bytes[i - 1] != 0x2E
    else { return nil }
    var end = textEnd(bytes, i)
    while end > i, bytes[end - 1] == 0x2E { end -= 1 }
    let points = bytes[i..<end].reduce(0) { $0 + ($1 == 0x2E ? 1 : 0) }
    return end - i >= 30 && points == 2 ? i..<end : nil
  }

  /// `AKIA` or `ASIA` and sixteen capitals or digits.
  private static func awsKey(_ bytes: UnsafeRawBufferPointer, at i: Int) -> Range<Int>? {
    guard Bytes.matches("AKIA", bytes, at: i) || Bytes.matches("ASIA", bytes, at: i), i + 20 <= bytes.count
    else { return nil }
    for index in i..<i + 20 where !(bytes[index] &- 0x41 < 26 || Bytes.isDigit(bytes[index])) { return nil }
    return i..<i + 20
  }

  /// From `-----BEGIN … PRIVATE KEY-----` to its end line, or to the end.
  private static func privateKey(_ bytes: UnsafeRawBufferPointer, at i: Int) -> Range<Int>? {
    guard Bytes.matches("-----BEGIN ", bytes, at: i),
      let name = Bytes.find("PRIVATE KEY-----", bytes, from: i), name - i < 40
    else { return nil }
    let body = name + 16
    let end = Bytes.find("-----END ", bytes, from: body) ?? bytes.count
    return end > body ? body..<end : nil
  }

  /// `://user:PASSWORD@`.
  private static func userInfo(_ bytes: UnsafeRawBufferPointer, at i: Int) -> Range<Int>? {
    guard Bytes.matches("://", bytes, at: i) else { return nil }
    var colon = 0
    var j = i + 3
    while j < bytes.count, bytes[j] > 0x20, bytes[j] != 0x2F, bytes[j] != 0x22 {
      if bytes[j] == 0x3A, colon == 0 { colon = j }
      if bytes[j] == 0x40 { return colon > 0 && j > colon + 1 ? colon + 1..<j : nil }
      j += 1
    }
    return nil
  }

  /// Offset behind letters, digits and `- _ . + / = ~`.
  private static func textEnd(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
    var i = start
    while i < bytes.count,
      Bytes.isLetter(bytes[i]) || Bytes.isDigit(bytes[i])
        || [0x2D, 0x5F, 0x2E, 0x2B, 0x2F, 0x3D, 0x7E].contains(bytes[i])
    {
      i += 1
    }
    return i
  }
}
