internal import IncidentModel

/// Writes what the intake found out about a source beside its events: boots and templates with secrets. The dictionaries
/// of the load must have been written.
struct FindingsWriter {
  private let connection: SQLiteConnection

  init(_ connection: SQLiteConnection) { self.connection = connection }

  func write(_ account: SourceAccount, ordinal: Int64, firstEvent: Int64) throws(StoreError) {
    if !account.boots.isEmpty {
      let boot = try connection.prepare("INSERT OR IGNORE INTO clock_boot VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      for span in account.boots where !span.events.isEmpty {
        try boot.run(
          .integer(ordinal), .integer(firstEvent + Int64(span.events.lowerBound)),
          .integer(firstEvent + Int64(span.events.upperBound) - 1), SQLiteValue(span.number),
          SQLiteValue(span.anchor), SQLiteValue(span.error), .text(span.method),
          .text(JSONText.numbers(span.evidence.map { [firstEvent + Int64($0)] } ?? [])))
      }
    }
    if !account.secrets.isEmpty {
      let mark = try connection.prepare(
        """
        INSERT OR IGNORE INTO secret_template SELECT ordinal, ?, ?, ?, ?, ? FROM template WHERE id = ?
        """)
      for one in account.secrets {
        try mark.run(
          .text(one.kind.rawValue), .text(one.part), .integer(ordinal), SQLiteValue(one.line),
          SQLiteValue(one.byteOffset), SQLiteValue(one.template.rawValue))
      }
    }
  }
}

extension JSONText {
  /// A JSON array of whole numbers.
  static func numbers(_ values: [Int64]) -> String {
    "[" + values.map(String.init).joined(separator: ",") + "]"
  }

  /// The whole numbers of such an array; others are left out.
  static func numbers(in text: String) -> [Int64] {
    text.split { !"-0123456789".contains($0) }.compactMap { Int64($0) }
  }
}
