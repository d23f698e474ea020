import IncidentModel
import LogFormats

/// The names of zones that the stamps of one source carry.
struct ZoneNameTracker {
  private struct Name {
    var key: UInt64
    var text: String
    var isUnderstood: Bool
    var count: Int
    var offset = ""
  }

  private var names: [Name] = []
  private var last = 0
  private var others = 0
  private var fieldOffsets: Set<Int32> = []
  private var lastFieldOffset: Int32?
  private static let limit = 16

  /// A stamp whose zone was named.
  mutating func add(_ stamp: UnsafeRawBufferPointer, isUnderstood: Bool) {
    // The last word of three letters or more; the month's name stands before it.
    var end = stamp.count
    var start = end
    while end > 0 {
      while end > 0, !Self.isPart(stamp[end - 1]) { end -= 1 }
      start = end
      while start > 0, Self.isPart(stamp[start - 1]) { start -= 1 }
      if end - start >= 3 { break }
      end = start
    }
    var key: UInt64 = UInt64(end - start)
    for byte in stamp[start..<end].suffix(7) { key = key << 8 | UInt64(byte) }
    if last < names.count, names[last].key == key {
      names[last].count += 1
    } else if let known = names.firstIndex(where: { $0.key == key }) {
      last = known
      names[known].count += 1
    } else if names.count < Self.limit, end > start {
      last = names.count
      let word = UnsafeRawBufferPointer(rebasing: stamp[start..<end])
      var name = Name(
        key: key, text: String(decoding: word, as: UTF8.self), isUnderstood: isUnderstood, count: 1)
      if case .offset(let seconds) = ZoneAbbreviation(word) { name.offset = Self.written(seconds) }
      names.append(name)
    } else {
      others += 1
    }
  }

  /// A stamp whose field's name tells its offset.
  mutating func add(ofField offset: Int32) {
    guard offset != lastFieldOffset else { return }
    lastFieldOffset = offset
    fieldOffsets.insert(offset)
  }

  private static func isPart(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte == 0x2F || byte == 0x5F
  }

  private static func written(_ seconds: Int32) -> String {
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let minutes = abs(seconds) / 60
    return (seconds < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
  }

  /// The decisions on names that were understood.
  var decisions: [IntakeDecision] {
    var decisions: [IntakeDecision] = []
    if !fieldOffsets.isEmpty {
      decisions.append(
        IntakeDecision(
          subject: "zone-name",
          value: fieldOffsets.sorted().map { $0 == 0 ? "UTC" : Self.written($0) }.joined(separator: ", "),
          reason: "the name of the column or field says so, whatever --timezone says of other stamps"))
    }
    let known = names.filter(\.isUnderstood).map { "\($0.text) \($0.offset)" }.sorted()
    if !known.isEmpty {
      decisions.append(
        IntakeDecision(
          subject: "zone-name", value: known.joined(separator: ", "),
          reason: "the stamps name their zones; each name is taken for the offset that it usually stands for")
      )
    }
    return decisions
  }

  /// What to say of names that were not understood; nil where there are none.
  var complaint: String? {
    let unknown = names.filter { !$0.isUnderstood }
    guard !unknown.isEmpty else { return nil }
    let listed = unknown.map(\.text).sorted().joined(separator: ", ")
    let count = unknown.reduce(others) { $0 + $1.count }
    return "zone \(listed) was not understood (\(count) \(count == 1 ? "stamp" : "stamps"))"
  }
}
