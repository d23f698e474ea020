/// Which fields hold severities among the first bytes of a source, told by their values, whatever they are called; and where priorities count as such.
struct LevelFieldSurvey {
  private struct Values {
    let meaning: FieldMeaning
    var count = 0
    var words = 0
    var priorities = 0
    var distinct: Set<String> = []
    var severities: Set<UInt8> = []
  }

  private static let namesLimit = 256
  /// More are no severities, of which a source has a handful.
  private static let mostWords = 12
  private static let longestWord = 32
  private static let fewest = 4
  /// Behind every field that is called so.
  private static let rank: UInt8 = 226

  private var fields: [String: Values] = [:]

  /// A value under a name.
  mutating func add(_ key: String, _ value: UnsafeRawBufferPointer) {
    guard !value.isEmpty, fields[key] != nil || fields.count < Self.namesLimit else { return }
    var values = fields[key] ?? Values(meaning: FieldNames.meaning(key))
    guard values.meaning.role == .severity || values.meaning.role == .other,
      values.distinct.count <= Self.mostWords
    else {
      fields[key] = values
      return
    }
    values.count += 1
    if value.count <= Self.longestWord {
      values.distinct.insert(String(decoding: value, as: UTF8.self))
      let severity = SeverityText.cell(value)
      if severity < 8 {
        values.words += 1
        values.severities.insert(severity)
      } else if SeverityWords.find(value) != nil {
        values.priorities += 1
      }
    } else {
      values.distinct.formUnion((0...Self.mostWords).map(String.init))
    }
    fields[key] = values
  }

  /// What fields mean here by their values: under a name that priorities and gauges have too, `HIGH` is a severity where `ALARM` is one of the values as
  /// well. Where no field is called so, one of a handful of words counts of which at least half are severities, and not all the same.
  var meanings: [String: FieldMeaning] {
    var meanings: [String: FieldMeaning] = [:]
    let named = fields.filter { $0.value.meaning.role == .severity }
    for (name, values) in named where values.words > 0 && values.priorities > 0 {
      guard values.meaning.scale == .wordsOnly || values.meaning.scale == .doubtful else { continue }
      meanings[name] = values.meaning
      meanings[name]?.scale = .alarmWords
    }
    guard named.isEmpty else { return meanings }
    let found = fields.filter { _, values in
      values.count >= Self.fewest && values.distinct.count <= Self.mostWords
        && values.distinct.count < values.count
        && values.words * 2 >= values.count && values.severities.count > 1
    }
    if let best = found.max(by: { ($0.value.words, $1.key) < ($1.value.words, $0.key) }) {
      meanings[best.key] = FieldMeaning(role: .severity, rank: Self.rank, scale: .alarmWords)
    }
    return meanings
  }
}
