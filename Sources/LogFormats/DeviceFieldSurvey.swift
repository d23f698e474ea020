/// Which fields name devices among the first bytes of a source, told by their values: the inventory knows the names of devices whatever the field is
/// called that holds them (`cp_id`, `Pumpe`, `tag`), and where a field's values are none of them, its name promises too much.
struct DeviceFieldSurvey {
  private struct Values {
    let name: String
    let meaning: FieldMeaning
    /// It names another device than that of its record (`peer`, `broker`).
    let isOfAnother: Bool
    var count = 0
    var distinct: Set<String> = []
    var known = 0
    /// How many look like one of a series, and what those begin with.
    var ofSeries = 0
    var stems: Set<String> = []

    /// Most of the names are devices of the inventory.
    var isKnown: Bool { known * 2 > distinct.count }
    /// Not one of them is.
    var isUnknown: Bool { known == 0 && !distinct.isEmpty }

    mutating func add(_ value: UnsafeRawBufferPointer, _ devices: Set<String>) {
      let text = String(decoding: value, as: UTF8.self)
      guard distinct.insert(text).inserted else { return }
      if devices.contains(text) { known += 1 }
      guard DeviceName.isOfSeries(value), !NamedSpeaker.holdsOther(value) else { return }
      ofSeries += 1
      stems.insert(
        String(decoding: value.prefix { !Bytes.isDigit($0) && $0 != 0x2D && $0 != 0x5F }, as: UTF8.self))
    }
  }

  /// What the values say, by names of fields as they are written.
  struct Finding {
    /// What a field means here.
    var meanings: [String: FieldMeaning] = [:]
    /// A field that may name devices where none is known to.
    var likely: LikelyDeviceField?
  }

  private static let namesLimit = 256
  /// Values of a field that are looked at: enough to see what they are.
  private static let valuesLimit = 256
  /// Behind every field whose values the inventory knows.
  private static let unknownRank: UInt8 = 225
  private static let programRank: UInt8 = 200

  private let known: Set<String>
  private let isOfKnownDevice: Bool
  private var fields: [Values] = []
  /// Where the field of a name stands; -1 for those that can name no device.
  private var places: [String: Int] = [:]

  /// - Parameters:
  ///   - known: Names of the inventory's devices.
  ///   - isOfKnownDevice: Where the source lay names one of them.
  init(known: Set<String> = [], isOfKnownDevice: Bool = false) {
    self.known = known
    self.isOfKnownDevice = isOfKnownDevice
  }

  /// A value under a name.
  mutating func add(_ key: String, _ value: UnsafeRawBufferPointer) {
    guard !value.isEmpty, value.count <= 64 else { return }
    let place = places[key] ?? addField(key)
    guard place >= 0, fields[place].count < Self.valuesLimit else { return }
    fields[place].count += 1
    guard mayBeName(value, isNamed: fields[place].meaning.role == .device) else { return }
    fields[place].add(value, known)
  }

  private mutating func addField(_ key: String) -> Int {
    guard places.count < Self.namesLimit else { return -1 }
    let meaning = FieldNames.meaning(key)
    let mayName: Bool =
      switch meaning.role {
      case .device: meaning.doubt != .topic
      case .other, .program: true
      default: false
      }
    places[key] = mayName ? fields.count : -1
    guard mayName else { return -1 }
    fields.append(Values(name: key, meaning: meaning, isOfAnother: DeviceWords.nameAnother(key)))
    return fields.count - 1
  }

  /// Fractions are no names. Short numbers count things, states and lines, too: devices that are called so are known by the field's name alone.
  private func mayBeName(_ value: UnsafeRawBufferPointer, isNamed: Bool) -> Bool {
    if Bytes.isDigit(value[0]) || value[0] == 0x2D, JSONText.isNumber(value) {
      let isWhole = value.allSatisfy(Bytes.isDigit)
      guard isWhole, isNamed || value.count >= 5 else { return false }
    }
    return !DeviceName.isPlaceholder(value)
  }

  // MARK: What they say

  var finding: Finding {
    var finding = Finding()
    let named = fields.filter { $0.meaning.role == .device && !$0.distinct.isEmpty }
    let best = known.isEmpty ? nil : knownField
    if let best {
      let rank = best.meaning.role == .device ? best.meaning.rank : 0
      finding.meanings[best.name] = FieldMeaning(role: .device, rank: rank, zone: best.meaning.zone)
    }
    for values in named where values.name != best?.name {
      if let meaning = meaning(of: values, hasKnown: best != nil) { finding.meanings[values.name] = meaning }
    }
    if named.isEmpty, best == nil, !isOfKnownDevice { finding.likely = likelyField }
    return finding
  }

  /// The field whose values are names of the inventory. Of several the one whose name says that it is of devices counts, unless that hands on what
  /// others say (`gateway`); else the one with the most names, since many devices have the same server and each has its own name.
  private var knownField: Values? {
    let found = fields.filter {
      // A field that names one known device in each record of another's log tells of something else.
      $0.isKnown && !$0.isOfAnother && ($0.meaning.role == .device || $0.known > 1 || !isOfKnownDevice)
    }
    let own = found.filter { $0.meaning.role == .device }
      .min { ($0.meaning.rank, $0.name) < ($1.meaning.rank, $1.name) }
    func most(_ role: FieldRole) -> Values? {
      found.filter { $0.meaning.role == role }.max { ($0.known, $1.name) < ($1.known, $0.name) }
    }
    guard let own else { return most(.other) ?? most(.program) }
    guard DeviceWords.nameRelay(own.name), let other = most(.other), other.known > own.known else {
      return own
    }
    return other
  }

  /// What a field means that names devices by its name and is not the one that the inventory knows; nil where that stays.
  private func meaning(of values: Values, hasKnown: Bool) -> FieldMeaning? {
    // In the log of a known device, what came through a relay and names no device is the log's own.
    if hasKnown, isOfKnownDevice, DeviceWords.nameRelay(values.name) { return .other }
    guard values.isUnknown, !known.isEmpty else { return nil }
    if isOfKnownDevice, DeviceWords.nameOrigin(values.name) {
      return FieldMeaning(role: .program, rank: Self.programRank)
    }
    guard hasKnown else { return nil }
    var meaning = values.meaning
    meaning.rank = Self.unknownRank
    return meaning
  }

  /// A field of nearly all records whose values repeat and look like names of one series.
  private var likelyField: LikelyDeviceField? {
    let records = fields.reduce(0) { max($0, $1.count) }
    let found = fields.filter {
      $0.meaning.role == .other && !$0.isOfAnother && !DeviceWords.nameNumbered($0.name) && $0.ofSeries > 2
        && $0.ofSeries == $0.distinct.count && $0.stems.count * 4 <= $0.ofSeries + 1
        && $0.count * 10 >= records * 9 && $0.distinct.count < $0.count
    }
    guard let best = found.max(by: { ($0.ofSeries, $1.name) < ($1.ofSeries, $0.name) }) else { return nil }
    return LikelyDeviceField(name: best.name, examples: Array(best.distinct.sorted().prefix(3)))
  }
}

/// A field that is not taken for that of the device although its values look like names of devices.
public struct LikelyDeviceField: Sendable, Hashable {
  /// Its name as it is written.
  public var name: String
  /// Some of its values, sorted.
  public var examples: [String]
  /// A field from its parts.
  public init(name: String, examples: [String]) {
    self.name = name
    self.examples = examples
  }
}
