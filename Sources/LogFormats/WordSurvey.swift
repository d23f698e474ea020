/// Whether the records of a source say in words what happened although none of their fields is a message: an audit's `action` and `target`, a lock's
/// `door` and `state`. Then the words make up the message. Records that measure something stay what they are: what they hold are values.
struct WordSurvey {
  private struct Field {
    /// A time, a device, a severity: it has a place of its own.
    let isTaken: Bool
    let isReference: Bool
    var values = 0
    var measures = 0
    var words = 0
  }

  private static let namesLimit = 256
  private var fields: [String: Field] = [:]
  private var hasMessage = false
  private var stamps = StampReader()

  /// A value under a name.
  mutating func add(_ key: String, _ value: UnsafeRawBufferPointer) {
    guard !hasMessage, !value.isEmpty else { return }
    var field = fields[key] ?? Self.field(key, &hasMessage)
    guard !hasMessage, fields.count < Self.namesLimit || fields[key] != nil else { return }
    if !field.isTaken {
      field.values += 1
      if Self.isMeasure(value) { field.measures += 1 } else if Self.tells(value, &stamps) { field.words += 1 }
    }
    fields[key] = field
  }

  private static func field(_ key: String, _ hasMessage: inout Bool) -> Field {
    let role = FieldNames.meaning(key).role
    if role == .message, !isRemark(key) { hasMessage = true }
    return Field(isTaken: role != .other, isReference: DeviceWords.nameReference(key))
  }

  /// True where there are words, and no field but references (`session`, `order_no`) is mostly one of measures.
  var areSpoken: Bool {
    guard !hasMessage, fields.count > 1 else { return false }
    let free = fields.values.filter { !$0.isTaken }
    return free.contains { $0.words * 2 > $0.values }
      && !free.contains { !$0.isReference && $0.measures * 2 > $0.values }
  }

  /// True for names of what is said beside a message, or instead of one where there is no other.
  static func isRemark(_ name: String) -> Bool { remarks.contains(FieldNames.normalized(name)) }

  private static let remarks: Set<String> = ["note", "reason", "line", "raw"]

  /// A number, perhaps with a comma or a unit: `21,5`, `-3 °C`, `83%`. Dates and addresses are none.
  private static func isMeasure(_ value: UnsafeRawBufferPointer) -> Bool {
    var i = value[0] == 0x2D || value[0] == 0x2B ? 1 : 0
    let digits = i
    var points = 0
    while i < value.count, Bytes.isDigit(value[i]) || value[i] == 0x2E || value[i] == 0x2C {
      if !Bytes.isDigit(value[i]) { points += 1 }
      i += 1
    }
    guard i > digits, points < 2 else { return JSONText.isNumber(value) }
    let unit = Bytes.part(value, i, value.count)
    return JSONText.isNumber(value)
      || unit.count <= longestUnit && !unit.contains { Bytes.isDigit($0) || $0 == 0x2D || $0 == 0x3A }
  }

  private static let longestUnit = 7

  /// True for what belongs into a message made of values: no number, stamp, placeholder, yes or no.
  static func tells(_ value: UnsafeRawBufferPointer, _ stamps: inout StampReader) -> Bool {
    guard value.count >= 2, !isMeasure(value), !DeviceName.isPlaceholder(value), !isAnswer(value) else {
      return false
    }
    return value.count < 8 || !Bytes.isDigit(value[0]) || stamps.any(value) == nil
  }

  /// What answers a question that only the name asks.
  private static func isAnswer(_ value: UnsafeRawBufferPointer) -> Bool {
    guard value.count <= 6 else { return false }
    for word in answers where Bytes.isSameWord(word, value) { return true }
    return false
  }

  private static let answers: [StaticString] = [
    "true", "false", "yes", "no", "null", "nil", "ja", "nein", "oui", "non", "si", "vrai", "faux", "wahr",
    "falsch", "nee", "tak", "nie",
    "sim", "nan",
  ]
}
