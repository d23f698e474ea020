/// What the first bytes of a source show of all its records, so that each is not judged for itself.
struct SourceTraits: Sendable {
  /// How its numbers of severity count.
  var scales = LevelScales()
  /// The names of fields that may hold a unit of measurement or a state as well, and name devices here; see `SeriesSurvey`.
  var deviceNames: Set<String> = []

  /// The traits of a source that begins so.
  static func of(_ head: UnsafeRawBufferPointer) -> SourceTraits {
    SourceTraits(scales: LevelSurvey.scales(of: head), deviceNames: SeriesSurvey.deviceNames(in: head))
  }
}

/// The values under names that leave in doubt whether they name devices (`unit`, `pump`), among the first bytes of a source. Of one fleet some names
/// are like those of a series and some are not (`chg-3ae9`, `chg-a6dd`, `tariffd`): judged line by line, half of it would be lost.
struct SeriesSurvey {
  fileprivate struct Values {
    var distinct: Set<String> = []
    var named = 0
    /// A unit of measurement, a state or a service of the operating system was among them.
    var areMixed = false
  }

  /// Bytes that are looked at.
  private static let headBytes = 16 << 10
  private static let distinctLimit = 256

  /// The names, as they are written, most of whose values can only be names, and none a unit or a state.
  static func deviceNames(in source: UnsafeRawBufferPointer) -> Set<String> {
    let head = UnsafeRawBufferPointer(rebasing: source.prefix(headBytes))
    var doubtful: [String: Bool] = [:]
    var found: [String: Values] = [:]
    var i = 0
    while i < head.count {
      let colon = Bytes.find(0x3A, head, from: i, to: head.count)
      let sign = Bytes.find(0x3D, head, from: i, to: colon)
      guard sign < head.count else { break }
      i = sign &+ 1
      let key = name(in: head, before: sign)
      guard !key.isEmpty, let value = text(in: head, at: i) else { continue }
      let isDoubtful = doubtful[key] ?? (FieldNames.meaning(key).doubt == .series)
      doubtful[key] = isDoubtful
      guard isDoubtful, doubtful.count < distinctLimit else { continue }
      found[key, default: Values()].add(value)
    }
    return Set(found.filter { !$0.value.areMixed && $0.value.named * 2 > $0.value.distinct.count }.keys)
  }

  /// The name that ends before an offset, quotes and blanks left out.
  private static func name(in head: UnsafeRawBufferPointer, before end: Int) -> String {
    var last = end
    while last > 0, head[last &- 1] == 0x20 || head[last &- 1] == 0x22 { last &-= 1 }
    var first = last
    while first > 0, last &- first < 40,
      Bytes.isLetter(head[first &- 1]) || Bytes.isDigit(head[first &- 1]) || head[first &- 1] == 0x5F
        || head[first &- 1] == 0x2D
    {
      first &-= 1
    }
    return last > first && Bytes.isLetter(head[first])
      ? String(decoding: Bytes.part(head, first, last), as: UTF8.self) : ""
  }

  /// The value at an offset; nil where it is no text, or is cut.
  private static func text(in head: UnsafeRawBufferPointer, at start: Int) -> UnsafeRawBufferPointer? {
    var from = TextLine.skipBlanks(head, start)
    let isQuoted = from < head.count && head[from] == 0x22
    if isQuoted { from &+= 1 }
    guard from < head.count, Bytes.isLetter(head[from]) || head[from] >= 0x80 else { return nil }
    let limit = min(head.count, from &+ 65)
    var end = from
    while end < limit,
      isQuoted ? head[end] != 0x22 : head[end] > 0x20 && head[end] != 0x2C && head[end] != 0x3B
    {
      end &+= 1
    }
    return end < limit ? Bytes.part(head, from, end) : nil
  }
}

extension SeriesSurvey.Values {
  fileprivate mutating func add(_ value: UnsafeRawBufferPointer) {
    guard !DeviceName.isPlaceholder(value), distinct.count < 256,
      distinct.insert(String(decoding: value, as: UTF8.self)).inserted
    else { return }
    if MeasureWords.contains(value) || MeasureWords.isService(value) { areMixed = true }
    if DeviceName.isOfSeries(value) || isDivided(value) { named += 1 }
  }

  /// `chg-a6dd`: letters, a divider, and three letters and digits or more of which one is a digit. `kg-m2` is a unit.
  private func isDivided(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let divider = value.lastIndex(where: { $0 == 0x2D || $0 == 0x5F }), divider >= 2,
      value.count &- divider > 3, Bytes.isLetter(value[0])
    else { return false }
    let last = Bytes.part(value, divider &+ 1, value.count)
    return last.allSatisfy { Bytes.isLetter($0) || Bytes.isDigit($0) } && last.contains(where: Bytes.isDigit)
  }
}

/// What stands under names such as `unit` and `pump` where they name no device.
enum MeasureWords {
  /// True for units of measurement and states.
  static func contains(_ value: UnsafeRawBufferPointer) -> Bool {
    guard value.count <= 12 else { return false }
    return words.contains(String(decoding: value, as: UTF8.self).lowercased())
  }

  /// True for the units of systemd.
  static func isService(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let point = value.lastIndex(of: 0x2E) else { return false }
    return services.contains(
      String(decoding: Bytes.part(value, point &+ 1, value.count), as: UTF8.self))
  }

  private static let words = Set(
    """
    on off open opened close closed run running stop stopped start started idle ok okay good bad error fault faulty fail failed ready \
    standby active inactive enabled disabled true false yes no auto automatic manual low high normal alarm warning locked unlocked \
    charging full empty up down online offline none any all \
    kwh wh mwh kw mw w kva va var v mv kv a ma ah mah hz khz mhz ghz bar mbar pa hpa kpa mpa psi psig c f k degc degf celsius \
    fahrenheit kelvin percent pct ratio count rpm ppm ppb m mm cm km in ft l ml m3 l/s l/h l/min m3/h m/s km/h kg g t lb s sec seconds \
    ms us min minutes h hours days lux lx lm db dbm dba ohm kohm volt volts amp amps ampere watt watts joule j n nm bytes kb mb gb bit bits \
    kbps mbps °c °f
    """.split(separator: " ").map(String.init))

  private static let services: Set<String> = [
    "service", "socket", "timer", "scope", "slice", "mount", "target", "device", "path", "swap", "automount",
  ]
}
