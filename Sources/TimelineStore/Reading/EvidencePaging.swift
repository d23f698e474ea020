public import IncidentModel

/// A line that no format could read, with reason and place.
public struct RefusedEntry: Sendable, Hashable {
  /// Number within the case, from 1.
  public var id: Int64
  /// The source's number.
  public var source: Int64
  /// Path and members.
  public var place: SourceDescription
  /// 1-based line.
  public var line: Int64
  /// First byte in the uncompressed source.
  public var byteOffset: Int64
  /// Bytes.
  public var byteLength: Int64
  /// Why.
  public var reason: String
  /// The beginning of the line.
  public var excerpt: [UInt8]
}

/// Damage of a source, in its place.
public struct DamageEntry: Sendable, Hashable {
  /// Number within the case, from 1.
  public var id: Int64
  /// The source's number.
  public var source: Int64
  /// Path and members.
  public var place: SourceDescription
  /// What sort of damage.
  public var kind: String
  /// Where; in the compressed bytes where `isInContainer`.
  public var byteOffset: Int64
  /// True where the offset counts stored bytes.
  public var isInContainer: Bool
  /// What it means.
  public var note: String
}

extension CaseReader {
  /// Lines that were refused, in the order of the evidence, after a number.
  /// - Parameter source: Only of this source; nil: of all.
  public func refusedLines(source: Int64? = nil, after id: Int64, limit: Int) throws(StoreError)
    -> [RefusedEntry]
  {
    let rows = try connection.prepare(
      "SELECT r.id, r.source, s.path, s.members, r.line, r.byte_offset, r.byte_length, r.reason, r.excerpt "
        + "FROM refused r JOIN source s ON s.ordinal = r.source WHERE r.id > ? AND r.source = ifnull(?, r.source) "
        + "ORDER BY r.id LIMIT ?"
    ).bound([.integer(id), SQLiteValue(source), .integer(Int64(limit))])
    var lines: [RefusedEntry] = []
    while try rows.next() {
      lines.append(
        RefusedEntry(
          id: rows.int64(0), source: rows.int64(1),
          place: SourceDescription(path: rows.text(2), storedMembers: rows.text(3)), line: rows.int64(4),
          byteOffset: rows.int64(5), byteLength: rows.int64(6), reason: rows.text(7), excerpt: rows.bytes(8)))
    }
    return lines
  }

  /// Places where evidence was lost, in the order of the evidence, after a number.
  public func damage(after id: Int64, limit: Int) throws(StoreError) -> [DamageEntry] {
    let rows = try connection.prepare(
      "SELECT g.id, g.source, s.path, s.members, g.kind, g.byte_offset, g.in_container, g.note FROM damage g "
        + "JOIN source s ON s.ordinal = g.source WHERE g.id > ? ORDER BY g.id LIMIT ?"
    ).bound([.integer(id), .integer(Int64(limit))])
    var entries: [DamageEntry] = []
    while try rows.next() {
      entries.append(
        DamageEntry(
          id: rows.int64(0), source: rows.int64(1),
          place: SourceDescription(path: rows.text(2), storedMembers: rows.text(3)), kind: rows.text(4),
          byteOffset: rows.int64(5), isInContainer: rows.int64(6) != 0, note: rows.text(7)))
    }
    return entries
  }

  /// Sums over all sources: bytes and lines by what became of them, and places of damage.
  public func evidenceTotals() throws(StoreError) -> (
    sources: Int64, bytes: Int64, stored: Int64, refusedLines: Int64, damagedBytes: Int64, damage: Int64
  ) {
    let row = try connection.prepare(
      "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(stored_bytes), 0), coalesce(sum(lines_refused), 0), "
        + "coalesce(sum(bytes_damaged), 0), (SELECT count(*) FROM damage) FROM source")
    guard try row.next() else { return (0, 0, 0, 0, 0, 0) }
    return (row.int64(0), row.int64(1), row.int64(2), row.int64(3), row.int64(4), row.int64(5))
  }
}
