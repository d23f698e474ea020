/// The stamps under the names of a source's first records. Of two in each record, one that stays the same for minutes while the other goes on is the
/// time of an upload, a report or a start, whatever its name is, and not that of the event.
struct StampSurvey {
  private struct Values {
    var count = 0
    var changes = 0
    var text: [UInt8] = []
    var earliest = Int64.max
    var latest = Int64.min
    /// True for names that say that they are a time.
    let isNamed: Bool

    /// The stamp goes on, by a minute at least: a log of one second would tell nothing.
    var goesOn: Bool { changes >= 2 && latest > earliest && latest - earliest >= 60 * StampReader.second }
  }

  private static let namesLimit = 256
  /// Nil for names that hold no stamps.
  private var found: [String: Values?] = [:]
  private var reader = StampReader()

  /// A value under a name.
  mutating func add(_ key: String, _ value: UnsafeRawBufferPointer, isText: Bool) {
    guard Bytes.isDigit(value[0]), value.count >= 10 else { return }
    var values: Values
    switch found[key] {
    case .some(nil): return
    case .some(.some(let known)): values = known
    case .none:
      guard found.count < Self.namesLimit else { return }
      let role = FieldNames.meaning(key).role
      guard role == .time || role == .other && isText,
        JSONObjectReader.likelihood(key) >= JSONObjectReader.likely || role == .time
      else {
        found[key] = .some(nil)
        return
      }
      values = Values(isNamed: role == .time)
    }
    values.count += 1
    guard !value.elementsEqual(values.text) else {
      found[key] = values
      return
    }
    if values.count > 1 { values.changes += 1 }
    values.text = Array(value)
    guard let stamp = FieldNaming.usualStamp(value, isText: isText, unit: 0, &reader),
      stamp.kind == .absolute || stamp.kind == .noZone
    else {
      found[key] = .some(nil)
      return
    }
    values.earliest = min(values.earliest, stamp.time)
    values.latest = max(values.latest, stamp.time)
    found[key] = values
  }

  /// The names of stamps that stand while another goes on, and the name of that where none of those that go on says that it is a time.
  var standing: (names: Set<String>, going: String?) {
    let stamps = found.compactMapValues { $0 }
    let standing = stamps.filter { $0.value.isNamed && $0.value.count >= 3 && $0.value.changes == 0 }
    guard let most = standing.values.map(\.count).max() else { return ([], nil) }
    let going = stamps.filter {
      $0.value.goesOn && $0.value.count * 4 >= most * 3
        && JSONObjectReader.likelihood($0.key) >= JSONObjectReader.likely
    }
    guard !going.isEmpty else { return ([], nil) }
    let isNamed = going.contains { $0.value.isNamed }
    return (
      Set(standing.keys),
      isNamed ? nil : going.max { ($0.value.changes, $1.key) < ($1.value.changes, $0.key) }?.key
    )
  }
}
