/// Secrets that are told in words, not assigned: `the password is X`, `snmp-server community X RO`, `enable secret 5 X`.
///
/// In prose the word after a name is an ordinary one more often than a secret (`password is required`). What has digits,
/// signs or capitals within is a secret; a word of letters only where it ends what is said and is none that is usual there.
extension SecretFinder {
  /// - Parameters:
  ///   - name: The name's bytes (`password`).
  ///   - start: First byte of the word after it.
  func spokenValue(name: Range<Int>, start: Int, _ kind: SecretKind) -> SecretText.Finding? {
    guard kind != .authorization, kind != .privateKey else { return nil }
    let word = UnsafeRawBufferPointer(rebasing: bytes[name])
    if Self.communities.contains(where: { equals(word, $0) }) {
      return community(start, isAlone: word.count > 9 || isAfter("snmp", name.lowerBound, within: 16))
    }
    for (words, isWeak) in Self.copulas where matchesIgnoringCase(words, at: start) {
      var i = start + words.count
      if at(i) == 0x3A { i += 1 }
      guard at(i) == 0x20 else { continue }
      while at(i) == 0x20 { i += 1 }
      return told(i, kind, needsSigns: isWeak || kind != .password)
    }
    return configured(name, start, kind)
  }

  private static let communities: [StaticString] = ["community", "rocommunity", "rwcommunity"]

  /// What stands between a name and its value, and whether it stands before ordinary words as often.
  private static let copulas: [(words: [UInt8], isWeak: Bool)] = [
    ("is", false), ("was", false), ("ist", false), ("est", false), ("es", false), ("set to", false),
    ("changed to", false), ("reset to", false), ("updated to", false), ("now", true), ("to", true),
  ].map { (Array($0.0.utf8), $0.1) }

  /// The value that begins here, if it is one.
  private func told(_ start: Int, _ kind: SecretKind, needsSigns: Bool) -> SecretText.Finding? {
    let isEscaped = at(start) == 0x5C && (at(start + 1) == 0x22 || at(start + 1) == 0x27)
    let begin = isEscaped ? start + 1 : start
    if let quote = at(begin), quote == 0x22 || quote == 0x27 {
      let end = quotedEnd(begin + 1, quote, isEscaped)
      guard end > begin + 1 else { return nil }
      return isOrdinary(begin + 1..<end) ? nil : .init(kind, begin + 1..<end)
    }
    let range = start..<bareEnd(start)
    guard !range.isEmpty else { return nil }
    if isPlaceholder(range) { return takesPlaceholders ? .init(kind, range) : nil }
    return looksSecret(range, needsSigns: needsSigns) ? .init(kind, range) : nil
  }

  // MARK: Network equipment

  /// `enable secret 5 X`, `username U password 7 X`, `password 7 X`: lines of a configuration, the digit being how the value is
  /// kept.
  private func configured(_ name: Range<Int>, _ start: Int, _ kind: SecretKind) -> SecretText.Finding? {
    let isCommand = isAfter("enable ", name.lowerBound, within: 7) || isAfterUserName(name.lowerBound)
    let first = start..<bareEnd(start)
    guard !first.isEmpty else { return nil }
    let isDigitOnly = first.count == 1 && isDigit(bytes[start])
    if isDigitOnly || isPlaceholder(first), at(first.upperBound) == 0x20 {
      var i = first.upperBound
      while at(i) == 0x20 { i += 1 }
      let second = i..<bareEnd(i)
      if isPlaceholder(second), takesPlaceholders, isCommand || isDigitOnly { return .init(kind, second) }
      if isDigitOnly {
        guard !second.isEmpty, isCommand ? !isOrdinary(second) : looksSecret(second, needsSigns: true) else {
          return nil
        }
        return .init(kind, second)
      }
    }
    guard isCommand else { return nil }
    if isPlaceholder(first) { return takesPlaceholders ? .init(kind, first) : nil }
    return looksSecret(first, needsSigns: false) ? .init(kind, first) : nil
  }

  /// `snmp community X rw`, `snmp-server community X`, `rocommunity X`.
  private func community(_ start: Int, isAlone: Bool) -> SecretText.Finding? {
    guard isAlone else { return nil }
    var i = start
    for _ in 0..<3 {
      let word = UnsafeRawBufferPointer(rebasing: bytes[i..<bareEnd(i)])
      guard Self.beforeCommunity.contains(where: { equals(word, $0) }), at(i + word.count) == 0x20 else {
        break
      }
      i += word.count
      while at(i) == 0x20 { i += 1 }
    }
    if let quote = at(i), quote == 0x22 || quote == 0x27 { return told(i, .password, needsSigns: false) }
    let range = i..<bareEnd(i)
    guard !range.isEmpty else { return nil }
    if isPlaceholder(range) { return takesPlaceholders ? .init(.password, range) : nil }
    let isUsual = ["public", "private"].contains { equals(word(range), $0) }
    guard isUsual || !isOrdinary(range) else { return nil }
    var next = range.upperBound
    while at(next) == 0x20 { next += 1 }
    let after = UnsafeRawBufferPointer(rebasing: bytes[next..<bareEnd(next)])
    let isFollowed = Self.afterCommunity.contains { equals(after, $0) } || after.first.map(isDigit) == true
    return isUsual || isFollowed || looksSecret(range, needsSigns: false) ? .init(.password, range) : nil
  }

  private static let beforeCommunity: [StaticString] = [
    "read", "write", "cipher", "simple", "string", "name",
  ]
  private static let afterCommunity: [StaticString] = [
    "ro", "rw", "view", "authorization", "default", "from",
  ]

  /// `username W ` before a name.
  private func isAfterUserName(_ end: Int) -> Bool {
    var i = end - 1
    while i >= 0, bytes[i] == 0x20 { i -= 1 }
    let last = i + 1
    while i >= 0, bytes[i] > 0x20 { i -= 1 }
    let word = UnsafeRawBufferPointer(rebasing: bytes[i + 1..<max(last, i + 1)])
    guard !word.isEmpty, !equals(word, "or"), !equals(word, "and"), !equals(word, "with") else {
      return false
    }
    return isAfter("username ", i + 1, within: 9)
  }

  private func isAfter(_ word: StaticString, _ end: Int, within reach: Int) -> Bool {
    let count = word.utf8CodeUnitCount
    let from = max(0, end - reach)
    guard end - count >= from else { return false }
    return (from...end - count).contains {
      equals(UnsafeRawBufferPointer(rebasing: bytes[$0..<$0 + count]), word)
    }
  }

  // MARK: Words

  private func isPlaceholder(_ range: Range<Int>) -> Bool {
    equals(UnsafeRawBufferPointer(rebasing: bytes[range]), "<*>")
  }

  /// The range without the point or comma that ends a sentence.
  private func word(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    var end = range.upperBound
    while end > range.lowerBound, [0x2E, 0x2C, 0x21, 0x3F, 0x3A].contains(bytes[end - 1]) { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound..<end])
  }

  private func looksSecret(_ range: Range<Int>, needsSigns: Bool) -> Bool {
    let text = word(range)
    guard !text.isEmpty, !isOrdinary(range) else { return false }
    var digits = 0
    var letters = 0
    var hasSign = false
    var hasHump = false
    for (index, byte) in text.enumerated() {
      if isDigit(byte) {
        digits += 1
      } else if isLetter(byte) || byte >= 0x80 {
        letters += 1
        if index > 0, byte &- 0x41 < 26, text[index - 1] &- 0x61 < 26 { hasHump = true }
      } else if [0x21, 0x23, 0x24, 0x25, 0x26, 0x2A, 0x2B, 0x3D, 0x3F, 0x40, 0x5E, 0x7C, 0x7E].contains(byte)
      {
        hasSign = true
      }
    }
    if digits > 0, letters > 0 || hasSign { return true }
    if hasSign && letters > 0 || hasHump { return true }
    guard !needsSigns, endsWhatIsSaid(range.upperBound) else { return false }
    return digits == text.count ? digits >= 4 : text.count >= 3 && letters == text.count
  }

  /// True where nothing follows that goes on with the sentence.
  private func endsWhatIsSaid(_ end: Int) -> Bool {
    var i = end
    while at(i) == 0x20 || at(i) == 0x09 { i += 1 }
    guard i > end, i < bytes.count, isLetter(bytes[i]) || isDigit(bytes[i]) else { return true }
    let next = UnsafeRawBufferPointer(rebasing: bytes[i..<bareEnd(i)])
    return Self.goingOn.contains { equals(next, $0) }
  }

  /// Words after a value that is told in passing.
  private static let goingOn: [StaticString] = ["for", "on", "at", "and", "für", "pour", "para"]

  /// Words that are usual after `password is`, beside those that stand in a value's place anywhere, and those made like them
  /// (`encrypted`, `changeable`).
  private func isOrdinary(_ range: Range<Int>) -> Bool {
    let text = word(range)
    if isHarmless(text) || Self.ordinary.contains(where: { equals(text, $0) }) { return true }
    guard text.count >= 5, text.allSatisfy({ isLetter($0) || $0 == 0x2D }) else { return false }
    return Self.endings.contains { ending in
      text.count > ending.utf8CodeUnitCount
        && equals(UnsafeRawBufferPointer(rebasing: text.suffix(ending.utf8CodeUnitCount)), ending)
    }
  }

  private static let endings: [StaticString] = [
    "ed", "ing", "able", "ible", "less", "lich", "ly", "ory", "tion",
  ]

  private static let ordinary: [StaticString] = [
    "a", "about", "absent", "again", "all", "already", "also", "always", "an", "at", "bad", "be", "blank",
    "by", "case-sensitive", "common", "correct", "default", "different", "due", "easy", "error", "for",
    "from", "gone", "good", "hash", "here", "identical", "in", "insecure", "insufficient", "is", "it",
    "known", "late", "lists", "long", "lost", "mandatory", "manager", "map", "near", "needed", "never", "new",
    "no", "now", "nowhere", "of", "off", "okay", "old", "on", "only", "open", "optional", "out", "outdated",
    "plain", "plaintext", "policy", "present", "private", "prompt", "protection", "public", "ready", "same",
    "scanning", "secret", "secure", "short", "soon", "stale", "still", "strong", "stronger", "sync",
    "temporary", "that", "the", "there", "this", "to", "too", "unavailable", "under", "unsafe", "up", "used",
    "valid", "very", "visible", "weak", "what", "with", "your", "leer", "nicht", "richtig", "schwach",
    "unbekannt", "zu", "kurz", "lang", "notwendig", "gesperrt", "sicher", "unsicher", "correcte", "court",
    "expiré", "faux", "obligatoire", "trop", "vide", "caducada", "corta", "correcta", "débil", "inválida",
    "obligatoria", "vacía", "fout", "leeg", "zwak", "juist", "verkeerd", "verplicht",
  ]
}
