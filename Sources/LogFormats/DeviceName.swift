/// What the value of a field has to be like, where the field's name alone does not say that it names a device.
enum NameDoubt: UInt8, Sendable {
  /// It does say so.
  case none
  /// One of a series: `unit` is `AHU-3` or `kWh`.
  case series
  /// As `series`, but in this source devices are named so: any text but a unit of measurement or a state.
  case decided
  /// A number of five digits and more, or with letters: `sn` may count records.
  case number
  /// The 17 signs of a vehicle's number (ISO 3779): `vin` may be a voltage.
  case vehicle
  /// None of OPC UA's, whose nodes are variables: `ns=2;s=Line1.Speed`.
  case node
  /// The topic of a message, of which one level is the name.
  case topic
}

/// Whether a value can be the name of a device.
public enum DeviceName {
  /// True for what programs write where a device has no name, or none that is known: `-`, `unknown`, `n/a`, `localhost`,
  /// `00:00:00:00:00:00`. Those of two records, or two sources, are not one device.
  public static func isPlaceholder(_ name: UnsafeRawBufferPointer) -> Bool {
    guard let first = name.first, let last = name.last else { return true }
    guard name.count <= longest, mayBePlaceholder(first: first, last: last) else { return false }
    return isFilling(name) || isWord(name)
  }

  /// True where a field names a device: its value is no placeholder, no fraction, and what the field's name leaves in doubt.
  @inline(never)
  static func isGiven(by value: UnsafeRawBufferPointer, isText: Bool, _ doubt: NameDoubt) -> Bool {
    if isPlaceholder(value) { return false }
    if !isText, value.contains(where: { $0 == 0x2E || $0 | 0x20 == 0x65 }) { return false }
    switch doubt {
    case .none: return true
    case .series: return isText && isOfSeries(value) && !MeasureWords.isService(value)
    case .decided:
      return isText && !MeasureWords.isService(value) && (isOfSeries(value) || !MeasureWords.contains(value))
    case .number: return value.count >= 5 || !value.allSatisfy(Bytes.isDigit)
    case .vehicle: return isText && value.count == 17 && !value.contains(0x20)
    case .topic: return level(of: value) != nil
    case .node: return !Bytes.matches("ns=", value, at: 0)
    }
  }

  /// The level of a topic that names a device: what follows `devices`, `things` and the like, else the only one that looks like one of a series
  /// (`site/1/pump-7/telemetry`).
  static func level(of topic: UnsafeRawBufferPointer) -> Range<Int>? {
    guard topic.count <= 512, topic.contains(0x2F) else { return nil }
    var found: Range<Int>?
    var hasSeveral = false
    var isNamed = false
    var start = 0
    while start < topic.count {
      let end = Bytes.findNear(0x2F, topic, from: start, to: topic.count)
      let level = Bytes.part(topic, start, end)
      if isNamed, !isPlaceholder(level), !isTopicWord(level, notNames) { return start..<end }
      isNamed = isTopicWord(level, topicWords)
      if isOfSeries(level), !isVersion(level) {
        hasSeveral = found != nil
        found = start..<end
      }
      start = end + 1
    }
    return hasSeveral ? nil : found
  }

  private static func isTopicWord(_ level: UnsafeRawBufferPointer, _ words: [StaticString]) -> Bool {
    for word in words where Bytes.isSameWord(word, level) { return true }
    return false
  }

  /// `v12`: of a protocol.
  private static func isVersion(_ level: UnsafeRawBufferPointer) -> Bool {
    level[0] | 0x20 == 0x76 && level.dropFirst().allSatisfy { Bytes.isDigit($0) || $0 == 0x2E }
  }

  /// After which the name of a device stands in a topic.
  private static let topicWords: [StaticString] = [
    "devices", "device", "things", "thing", "nodes", "node", "sensors", "machines", "assets", "meters",
    "stations",
    "gateways", "chargers",
  ]
  /// What stands there instead.
  private static let notNames: [StaticString] = [
    "me", "self", "all", "status", "state", "states", "telemetry", "attributes", "event", "events", "data",
    "messages", "shadow", "config", "cmd", "command", "commands", "online", "log", "logs", "list", "request",
    "response", "rpc", "update", "updates",
  ]

  /// True for `AHU-3`, `unit_12`, `pump17`, `RTU 4`: letters, then digits behind a divider, or two digits and more. Units of measurement
  /// (`m3`, `kg/m2`, `W m-2`) are none.
  public static func isOfSeries(_ value: UnsafeRawBufferPointer) -> Bool {
    guard value.count >= 3, value.count <= 64, let first = value.first, Bytes.isLetter(first) || first >= 0x80
    else { return false }
    var letters = 0
    var digits = 0
    var hasDivided = false
    var previous: UInt8 = 0
    for byte in value {
      if Bytes.isDigit(byte) {
        digits += 1
        if letters >= 2, previous == 0x2D || previous == 0x5F || previous == 0x20 || previous == 0x23 {
          hasDivided = true
        }
      } else if Bytes.isLetter(byte) || byte >= 0x80 {
        letters += 1
      } else if byte == 0x2F || byte == 0x5E || byte == 0x25 {
        return false
      }
      previous = byte
    }
    return hasDivided || digits >= 2
  }

  private static let longest = 24

  /// True for the first and last bytes of placeholders: most names, and addresses, need no further look, since they begin with a letter and end
  /// with a digit, or begin with another digit than they end with.
  @inline(__always) static func mayBePlaceholder(first: UInt8, last: UInt8) -> Bool {
    // Zeros, and the address of the machine itself.
    if Bytes.isDigit(first) { return first == last && first < 0x32 }
    if Bytes.isDigit(last), Bytes.isLetter(first) { return false }
    return first >= 0x80 || firstBytes[first < 0x40 ? 0 : 1] &>> UInt64(first & 0x3F) & 1 != 0
  }

  private static let firstBytes: InlineArray<2, UInt64> = {
    var bits = InlineArray<2, UInt64>(repeating: 0)
    for byte in "-.?*_#<([{'\" 0:1FfxXlLnNuUiIdDsSoOtTe".utf8 {
      bits[byte < 0x40 ? 0 : 1] |= 1 << UInt64(byte & 0x3F)
    }
    return bits
  }()

  /// Signs alone, and addresses and numbers of six digits and more that are nothing but 0 or F.
  private static func isFilling(_ name: UnsafeRawBufferPointer) -> Bool {
    var digits = 0
    var digit: UInt8 = 0
    for byte in name {
      switch byte {
      case 0x30, 0x46, 0x66, 0x78, 0x58:
        let value = byte | 0x20
        guard digits == 0 || digit == value else { return false }
        digit = value
        digits += 1
      case 0x20...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: continue
      default: return false
      }
    }
    return digits == 0 || digits >= 6 || digits == 4 && name.count == 7 && digit == 0x30
  }

  private static func isWord(_ name: UnsafeRawBufferPointer) -> Bool {
    if let last = name.last, Bytes.isDigit(last) {
      return Bytes.areSame("127.0.0.1", name) || Bytes.areSame("::1", name)
    }
    // FNV-1a of the name in small letters, without brackets around it.
    var start = 0
    var end = name.count
    while start < end, "<([{'\"#".utf8.contains(name[start]) { start += 1 }
    while end > start, ">)]}'\"".utf8.contains(name[end - 1]) { end -= 1 }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in start..<end {
      let byte = name[index]
      hash = (hash ^ UInt64(byte &- 0x41 < 26 ? byte | 0x20 : byte)) &* 0x100_0000_01B3
    }
    return words.contains(hash)
  }

  private static let words: Set<UInt64> = Set(
    [
      "unknown", "unknown device", "unknown host", "unknown-device", "unknown_device", "n/a", "na", "none",
      "null",
      "nil", "nan", "undefined", "undef", "unset", "not set", "not available", "not specified", "unspecified",
      "unnamed", "untitled", "no name", "noname", "empty", "tbd", "default string", "to be filled by o.e.m.",
      "system serial number", "localhost", "localhost.localdomain",
      "unbekannt", "inconnu", "inconnue", "desconocido", "sconosciuto", "desconhecido", "onbekend",
      "nieznany",
      "неизвестно", "неизвестный", "未知", "不明", "알수없음",
    ].map { $0.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } })
}
