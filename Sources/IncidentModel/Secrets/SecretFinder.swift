/// The search of `SecretText`, over one text.
struct SecretFinder {
  let bytes: UnsafeRawBufferPointer
  let takesPlaceholders: Bool
  private var found: [SecretText.Finding] = []

  init(_ bytes: UnsafeRawBufferPointer, takesPlaceholders: Bool) {
    self.bytes = bytes
    self.takesPlaceholders = takesPlaceholders
  }

  mutating func run() -> [SecretText.Finding] {
    guard bytes.count > 3 else { return [] }
    if isKeyMaterial { return [.init(.privateKey, 0..<bytes.count)] }
    Self.pairs.withUnsafeBufferPointer { pairs in
      var i = 0
      let last = bytes.count - 1
      while i < last {
        // Most places fail this: no name or shape begins with these two bytes.
        let pair = Int(bytes[i] | 0x20) << 8 | Int(bytes[i &+ 1] | 0x20)
        if pairs[pair >> 6] & (1 << UInt64(pair & 63)) != 0, let one = secret(at: i) {
          if !isMasked(one) { found.append(one) }
          i = max(one.range.upperBound, i &+ 1)
        } else {
          i &+= 1
        }
      }
    }
    return found
  }

  /// True for what was masked before: the mask is no secret, and masking it again would leave a part of it behind.
  private func isMasked(_ one: SecretText.Finding) -> Bool {
    bytes[one.range.lowerBound...].starts(with: SecretText.mask.utf8.dropLast())
  }

  /// Names that stand before secrets; the longest of those with the same beginning first.
  private static let names: [(text: [UInt8], kind: SecretKind)] = {
    let groups: [(SecretKind, [String])] = [
      (
        .password,
        [
          "passphrase", "password", "passwd", "passcode", "pass", "pwd", "community", "rocommunity",
          "rwcommunity", "pairing_code",
          // Firmware speaks its maker's language. Letters beyond ASCII are as they are, in either case.
          "passwort", "kennwort", "mot de passe", "mot_de_passe", "motdepasse", "contraseña", "contraseÑa",
          "contrasena", "hasło", "hasŁo", "haslo", "wachtwoord", "senha", "lösenord", "adgangskode",
          "salasana",
          "heslo", "пароль", "密码", "パスワード",
        ]
      ),
      (
        .presharedKey,
        [
          "pre_shared_key", "preshared_key", "presharedkey", "shared_key", "sharedkey", "sharedaccesskey",
          "network_key", "networkkey", "nwkskey", "appskey", "appkey", "nwkkey", "wep_key", "psk",
          "encryption_key",
          "master_key",
        ]
      ),
      (.privateKey, ["private_key", "privatekey", "client_key", "clientkey", "private-key"]),
      (.authorization, ["authorization", "set-cookie", "cookie", "sessionid", "session_id"]),
      (
        .token,
        [
          "credentials", "credential", "token", "secret", "api_key", "api-key", "apikey", "access_key",
          "access-key",
          "accesskey", "auth_key", "authkey", "sharedaccesssignature",
        ]
      ),
    ]
    return groups.flatMap { kind, names in names.map { (Array($0.utf8), kind) } }
  }()

  /// The names by their first byte, `| 0x20`.
  private static let namesByFirst: [[(text: [UInt8], kind: SecretKind)]] = {
    var byFirst = [[(text: [UInt8], kind: SecretKind)]](repeating: [], count: 256)
    for name in names { byFirst[Int(name.text[0] | 0x20)].append(name) }
    return byFirst
  }()

  /// Tokens whose beginning gives them away, and how long they are at least. Case counts.
  private static let prefixes: [(text: [UInt8], minimum: Int)] = [
    ("AKIA", 20), ("ASIA", 20), ("ghp_", 20), ("gho_", 20), ("ghs_", 20), ("github_pat_", 20), ("glpat-", 20),
    ("xoxb-", 12), ("xoxp-", 12), ("sk_live_", 12), ("eyJ", 24), ("AGE-SECRET-KEY-", 20),
  ].map { (Array($0.0.utf8), $0.1) }

  /// The first two bytes of everything looked for, lower case, as bits.
  private static let pairs: [UInt64] = {
    var bits = [UInt64](repeating: 0, count: 1024)
    let others = ["bearer", "basic", "--", "-p", "-u", "-c", ":/", "$1", "$2", "$5", "$6", "$y"].map {
      Array($0.utf8)
    }
    for text in names.map(\.text) + prefixes.map(\.text) + others {
      let pair = Int(text[0] | 0x20) << 8 | Int(text[1] | 0x20)
      bits[pair >> 6] |= 1 << UInt64(pair & 63)
    }
    return bits
  }()

  private func secret(at i: Int) -> SecretText.Finding? {
    switch bytes[i] {
    case 0x2D: return privateKey(at: i) ?? shortOption(at: i)
    case 0x3A: return userInfo(at: i)
    case 0x24: return passwordHash(at: i)
    default: break
    }
    let before: UInt8 = i == 0 ? 0x20 : bytes[i - 1]
    if isLetter(before), !isHump(i) { return nil }
    for (text, minimum) in Self.prefixes where matches(text, at: i) {
      if isDigit(before) || before == 0x2E { break }
      var end = tokenEnd(i)
      while end > i, bytes[end - 1] == 0x2E { end -= 1 }
      if end - i >= minimum { return .init(.token, i..<end) }
    }
    for (name, kind) in Self.namesByFirst[Int(bytes[i] | 0x20)] where matchesIgnoringCase(name, at: i) {
      if let one = value(of: i..<i + name.count, kind, isPass: name.count == 4) { return one }
    }
    return scheme(at: i)
  }

  // MARK: Named values

  /// `name=value`, `name: value`, `"name": "value"`, `name 'value'`, `<name>value<`, `--name value`. The name may be the end
  /// of a longer one (`mqtt_password`) but not the beginning.
  private func value(of name: Range<Int>, _ kind: SecretKind, isPass: Bool) -> SecretText.Finding? {
    let end = name.upperBound
    var i = end
    if i < bytes.count, isLetter(bytes[i]) || isDigit(bytes[i]) || bytes[i] == 0x5F { return nil }
    let escaped = at(i) == 0x5C
    if escaped { i += 1 }
    let isQuotedName = at(i) == 0x22
    if isQuotedName || at(i) == 0x27 { i += 1 }
    let beforeSpace = i
    while at(i) == 0x20 || at(i) == 0x09 { i += 1 }
    let separator = at(i)
    let isOption = i > beforeSpace && isOptionName(endingAt: end)
    if separator == 0x3D || separator == 0x3A {
      i += 1
      if separator == 0x3D, at(i) == 0x3E { i += 1 }
      while at(i) == 0x20 || at(i) == 0x09 { i += 1 }
    } else if separator == 0x3E, i == beforeSpace {
      i += 1
    } else if !(i > beforeSpace && (separator == 0x22 || separator == 0x27) || isOption) {
      return i > beforeSpace && beforeSpace == end ? spokenValue(name: name, start: i, kind) : nil
    }
    let isEscapedQuote = at(i) == 0x5C && (at(i + 1) == 0x22 || at(i + 1) == 0x27)
    if isEscapedQuote { i += 1 }
    var quote: UInt8 = 0
    if let byte = at(i), byte == 0x22 || byte == 0x27 {
      quote = byte
      i += 1
    }
    // An object or a list: its members are looked at on their own.
    if quote == 0, at(i) == 0x7B || at(i) == 0x5B && at(i + 1) != 0x6D { return nil }
    let stop =
      quote != 0
      ? quotedEnd(i, quote, isEscapedQuote)
      : kind == .authorization ? lineEnd(i) : separator == 0x3E ? tagEnd(i) : bareEnd(i)
    guard stop > i else { return nil }
    let text = UnsafeRawBufferPointer(rebasing: bytes[i..<stop])
    if equals(text, "<*>") { return takesPlaceholders ? .init(kind, i..<stop) : nil }
    // `token: x` is prose more often than `token=x`.
    guard stop - i >= (separator == 0x3D || quote != 0 ? 1 : 3), !isHarmless(text) else { return nil }
    // `pass: 12, fail: 3` counts.
    if isPass, text.allSatisfy(isDigit) { return nil }
    // `PWD=/home/pi` is where a command ran.
    if kind == .password, text[0] == 0x2F, matchesIgnoringCase(Array("pwd".utf8), at: end - 3) { return nil }
    return .init(kind, i..<stop, isBareJSON: isQuotedName && !escaped && quote == 0 && separator == 0x3A)
  }

  /// `--password` or `-password`, as programs print their arguments.
  private func isOptionName(endingAt end: Int) -> Bool {
    var i = end - 1
    while i >= 0, isLetter(bytes[i]) || bytes[i] == 0x2D || bytes[i] == 0x5F { i -= 1 }
    return i + 2 < end && bytes[i + 1] == 0x2D && bytes[i + 2] == 0x2D
  }

  /// `sshpass -p WORD`, `mysql -pWORD`, `curl -u user:WORD`, `mosquitto_pub -P WORD`, `snmpget -c WORD`: a short option that says
  /// a password to this program.
  private func shortOption(at i: Int) -> SecretText.Finding? {
    guard i > 0, bytes[i - 1] == 0x20, let letter = at(i + 1) else { return nil }
    let isLong = letter == 0x2D
    guard isLong ? matches(Array("--pw".utf8), at: i) : [0x70, 0x75, 0x50, 0x63].contains(letter) else {
      return nil
    }
    var start = i + (isLong ? 4 : 2)
    let isApart = at(start) == 0x20
    while at(start) == 0x20 { start += 1 }
    var quote: UInt8 = 0
    if let byte = at(start), byte == 0x22 || byte == 0x27 {
      quote = byte
      start += 1
    }
    func follows(_ program: String) -> Bool {
      let from = max(0, i - 200)
      return find(program, from: from).map { $0 < i } ?? false
    }
    if letter == 0x75 {
      guard follows("curl ") || follows("wget ") else { return nil }
      let end = quote != 0 ? quotedEnd(start, quote, false) : bareEnd(start)
      guard start < end, let colon = bytes[start..<end].firstIndex(of: 0x3A), colon + 1 < end else {
        return nil
      }
      return .init(.password, colon + 1..<end)
    }
    let isFollowing =
      switch letter {
      case 0x2D: (isApart || at(start) == 0x3D) && follows("mosquitto_")
      case 0x50: isApart && follows("mosquitto_")
      case 0x63: isApart && Self.snmpPrograms.contains(where: follows)
      default: follows("sshpass ") || !isApart && (follows("mysql") || follows("mariadb"))
      }
    guard isFollowing else { return nil }
    if isLong, at(start) == 0x3D { start += 1 }
    let end = quote != 0 ? quotedEnd(start, quote, false) : bareEnd(start)
    guard end > start else { return nil }
    if equals(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), "<*>"), !takesPlaceholders { return nil }
    return .init(.password, start..<end)
  }

  private static let snmpPrograms = [
    "snmpget ", "snmpgetnext ", "snmpbulkget ", "snmpwalk ", "snmpbulkwalk ", "snmpset ", "snmptrap ",
    "snmpinform ", "snmptable ", "snmpstatus ",
  ]

  func quotedEnd(_ start: Int, _ quote: UInt8, _ isEscaped: Bool) -> Int {
    var i = start
    while i < bytes.count {
      if bytes[i] == 0x5C {
        if isEscaped, at(i + 1) == quote { return i }
        i += 2
      } else if bytes[i] == quote, !isEscaped {
        return i
      } else {
        i += 1
      }
    }
    return bytes.count
  }

  func bareEnd(_ start: Int) -> Int {
    var i = start
    while i < bytes.count {
      switch bytes[i] {
      case 0...0x20, 0x2C, 0x3B, 0x26, 0x29, 0x5D, 0x7D, 0x22, 0x27: return i
      case 0x5C where at(i + 1) == 0x22: return i
      default: i += 1
      }
    }
    return i
  }

  private func tagEnd(_ start: Int) -> Int { bytes[start...].firstIndex(of: 0x3C) ?? start }

  /// To the end of the line, or of the quoted text that the header stands in.
  private func lineEnd(_ start: Int) -> Int {
    var i = start
    while i < bytes.count, bytes[i] != 0x0A, bytes[i] != 0x0D, bytes[i] != 0x22, bytes[i] != 0x27 { i += 1 }
    while i > start, bytes[i - 1] == 0x20 || bytes[i - 1] == 0x5C { i -= 1 }
    return i
  }

  private static let harmless: [StaticString] = [
    "null", "none", "true", "false", "nil", "(null)", "(none)", "<none>", "[masked]", "<hidden>",
    "<redacted>",
    "[redacted]", "redacted", "hidden", "masked", "failed", "failure", "accepted", "rejected", "changed",
    "expired",
    "invalid", "required", "missing", "wrong", "incorrect", "empty", "unset", "set", "ok", "updated", "reset",
    "refresh", "refreshed", "authentication", "not", "yes", "unknown", "mismatch", "denied",
    "falsch", "abgelaufen", "erforderlich", "fehlt", "geändert", "ungültig", "incorrecte", "incorrecta",
    "invalide", "requis", "requerida", "onjuist", "ongeldig", "verlopen", "vereist",
  ]

  func isHarmless(_ value: UnsafeRawBufferPointer) -> Bool {
    // Stars, dots and crosses in its place: somebody has masked it.
    if value.count > 2, value.allSatisfy({ $0 == 0x2A || $0 | 0x20 == 0x78 || $0 == 0x2E || $0 == 0x2D }) {
      return true
    }
    return Self.harmless.contains { equals(value, $0) }
  }

  // MARK: Secrets of their own shape

  /// `Bearer …`, `Basic …` of eight characters or more.
  private func scheme(at i: Int) -> SecretText.Finding? {
    guard
      let length = matchesIgnoringCase(Self.bearer, at: i)
        ? 7 : matchesIgnoringCase(Self.basic, at: i) ? 6 : nil
    else { return nil }
    let start = i + length
    let end = tokenEnd(start)
    // Words follow `basic` in prose; tokens have digits inside, or an equals sign.
    guard end - start >= 8, bytes[start..<end].contains(where: { isDigit($0) || $0 == 0x3D }) else {
      return nil
    }
    return .init(.authorization, start..<end)
  }

  private static let bearer = Array("bearer ".utf8)
  private static let basic = Array("basic ".utf8)

  /// From `-----BEGIN … PRIVATE KEY-----` to its end line, or to the end.
  private func privateKey(at i: Int) -> SecretText.Finding? {
    guard matches(Array("-----BEGIN ".utf8), at: i), let name = find("PRIVATE KEY-----", from: i),
      name - i < 40
    else { return nil }
    let body = name + 16
    let end = find("-----END ", from: body) ?? bytes.count
    return end > body ? .init(.privateKey, body..<end) : nil
  }

  /// `://user:PASSWORD@`.
  private func userInfo(at i: Int) -> SecretText.Finding? {
    guard at(i + 1) == 0x2F, at(i + 2) == 0x2F else { return nil }
    var colon = 0
    var j = i + 3
    while j < bytes.count, bytes[j] > 0x20, bytes[j] != 0x2F, bytes[j] != 0x22 {
      if bytes[j] == 0x3A, colon == 0 { colon = j }
      if bytes[j] == 0x40 { return colon > 0 && j > colon + 1 ? .init(.urlCredential, colon + 1..<j) : nil }
      j += 1
    }
    return nil
  }

  /// `$6$salt$hash` (crypt(5)).
  private func passwordHash(at i: Int) -> SecretText.Finding? {
    var j = i + 1
    while j < bytes.count, j < i + 4, isLetter(bytes[j]) || isDigit(bytes[j]) { j += 1 }
    guard j > i + 1, at(j) == 0x24 else { return nil }
    var end = j + 1
    var parts = 0
    while end < bytes.count, isBase64(bytes[end]) || [0x24, 0x2E, 0x2C].contains(bytes[end]) {
      if bytes[end] == 0x24 { parts += 1 }
      end += 1
    }
    return parts > 0 && end - j > 20 ? .init(.passwordHash, i..<end) : nil
  }

  /// A text of 60 characters or more that is nothing but base64 with capitals, small letters and digits: a line of a key.
  private var isKeyMaterial: Bool {
    guard bytes.count >= 60, bytes.count <= 128 else { return false }
    var kinds = 0
    for byte in bytes {
      guard isBase64(byte) else { return false }
      kinds |= isDigit(byte) ? 1 : byte &- 0x41 < 26 ? 2 : byte &- 0x61 < 26 ? 4 : 0
    }
    return kinds == 7
  }

  /// Offset behind letters, digits and `- _ . + / = ~`.
  private func tokenEnd(_ start: Int) -> Int {
    var i = start
    while i < bytes.count, isBase64(bytes[i]) || [0x2D, 0x5F, 0x2E, 0x7E].contains(bytes[i]) { i += 1 }
    return i
  }

  // MARK: Bytes

  func at(_ i: Int) -> UInt8? { i >= 0 && i < bytes.count ? bytes[i] : nil }

  func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
  func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
  private func isBase64(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || byte == 0x2B || byte == 0x2F || byte == 0x3D
  }

  /// True where camel case begins a word: `wifiPassword`.
  private func isHump(_ i: Int) -> Bool { i > 0 && bytes[i] &- 0x41 < 26 && bytes[i - 1] &- 0x61 < 26 }

  private func matches(_ text: [UInt8], at i: Int) -> Bool {
    guard i + text.count <= bytes.count else { return false }
    for offset in text.indices where bytes[i + offset] != text[offset] { return false }
    return true
  }

  func matchesIgnoringCase(_ lower: [UInt8], at i: Int) -> Bool {
    guard i + lower.count <= bytes.count else { return false }
    for offset in lower.indices {
      let byte = bytes[i + offset]
      if (byte &- 0x41 < 26 ? byte | 0x20 : byte) != lower[offset] { return false }
    }
    return true
  }

  func equals(_ value: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard word.utf8CodeUnitCount == value.count else { return false }
    for offset in 0..<value.count {
      let byte = value[offset]
      if (byte &- 0x41 < 26 ? byte | 0x20 : byte) != word.utf8Start[offset] { return false }
    }
    return true
  }

  private func find(_ text: String, from start: Int) -> Int? {
    let wanted = Array(text.utf8)
    guard bytes.count >= wanted.count, start <= bytes.count - wanted.count else { return nil }
    return (start...bytes.count - wanted.count).first { matches(wanted, at: $0) }
  }
}
