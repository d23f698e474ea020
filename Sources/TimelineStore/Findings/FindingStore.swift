internal import IncidentModel

/// Keeps what was worked out of a case: each subject whole, in one transaction, with what it rests on.
public final class FindingStore: Sendable {
  let file: CaseFile

  /// The findings of an open case.
  public init(_ file: CaseFile) { self.file = file }

  /// Replaces the corrections of clocks, the odd stamps, and the anchors that were worked out.
  public func replaceClocks(
    _ pieces: [ClockPiece], flags: [ClockFlag], anchors: [BootEntry], _ derivation: Derivation
  ) throws(StoreError) {
    try file.write { (connection) throws(StoreError) in
      try connection.execute("DELETE FROM clock_piece; DELETE FROM clock_flag")
      let piece = try connection.prepare(
        """
        INSERT OR REPLACE INTO clock_piece SELECT d.ordinal, ?, ?, ?, ?, ?, ?, ?, ?,
          (SELECT ordinal FROM device WHERE name = ?), ? FROM device d WHERE d.name = ?
        """)
      for one in pieces {
        try piece.run(
          .integer(one.events.lowerBound), .integer(one.events.upperBound), .integer(one.base.nanoseconds),
          .integer(one.ahead), .integer(one.drift), .integer(one.error), .text(one.method),
          .integer(one.pairs), SQLiteValue(one.receiver), .text(JSONText.numbers(one.evidence)),
          .text(one.device))
      }
      try connection.execute(
        "UPDATE clock_boot SET anchor = NULL, error = NULL, method = 'none: no line of this boot states wall time' "
          + "WHERE method LIKE '\(BootEntry.arrival)%'")
      let boot = try connection.prepare(
        "UPDATE clock_boot SET anchor = ?, error = ?, method = ? WHERE source = ? AND first_event = ?")
      for one in anchors {
        try boot.run(
          SQLiteValue(one.anchor?.nanoseconds), SQLiteValue(one.error), .text(one.method),
          .integer(one.source),
          .integer(one.events.lowerBound))
      }
      let flag = try connection.prepare("INSERT INTO clock_flag VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)")
      for one in flags {
        try flag.run(
          .text(one.kind.rawValue), .integer(one.source), SQLiteValue(one.device),
          .integer(one.events.lowerBound), .integer(one.events.upperBound), .integer(one.count),
          .integer(one.from), .integer(one.to))
      }
      try Self.note(derivation, connection)
    }
  }

  static func note(_ derivation: Derivation, _ connection: SQLiteConnection) throws(StoreError) {
    try connection.prepare("INSERT OR REPLACE INTO derivation VALUES (?, ?, ?, ?, ?)").run(
      .text(derivation.subject), .text(derivation.inputDigest), .integer(derivation.computedAt.nanoseconds),
      .text(derivation.tool), .text(derivation.detail))
  }
}
