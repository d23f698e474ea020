import IncidentModel

extension CaseReader {
  /// Most events that rhythms are worked out of: 40 bytes each are held.
  static let silenceLimit: Int64 = 30_000_000

  /// Reads all events once and finds the rhythm of each device, the gaps in it, and the gaps of sources. Times are those of clocks that are
  /// right: a clock that was moved is no silence. Where evidence was lost between two events, nothing is known of who was silent, and there is no gap.
  /// - Parameter pieces: By how much clocks were off.
  public func scanSilence(correcting pieces: [ClockPiece] = []) throws(StoreError) -> (
    rhythms: [Rhythm], silences: [Silence]
  ) {
    guard try eventCount() <= Self.silenceLimit else {
      throw StoreError(
        code: .limit, what: "cannot look for silence in case", path: path,
        reason: "it has more than \(Self.silenceLimit) events", advice: "split the evidence by time")
    }
    var corrections: [Int64: [ClockPiece]] = [:]
    let off = Dictionary(grouping: pieces.filter { $0.ahead != 0 || $0.drift != 0 }, by: \.device)
    if !off.isEmpty {
      for (device, name) in try deviceNames() { if let own = off[name] { corrections[device] = own } }
    }
    var scan = SilenceScan(expecting: Int(try eventCount()))
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT id, time, device, template, origin FROM segment_\(segment) WHERE time IS NOT NULL ORDER BY id"
      )
      while try row.next() {
        let id = row.int64(0)
        let device = row.int64OrNil(2)
        var time = row.int64(1)
        if !corrections.isEmpty, let own = device.flatMap({ corrections[$0] }),
          let piece = own.first(where: { $0.events.contains(id) })
        {
          time = time.subtractingReportingOverflow(piece.ahead(at: time)).partialValue
        }
        scan.add(
          id: id, time: time, device: device, template: row.int64(3),
          source: catalog.origins[row.int64(4)]?.source ?? -1)
      }
    }
    scan.finish()
    let losses = try LostEvidence(self)
    var silences: [Silence] = []
    for one in scan.silences where try !losses.explain(one, in: self) { silences.append(one) }
    return (scan.rhythms, silences)
  }

  /// The rhythms of devices, as found last.
  public func rhythms() throws(StoreError) -> [Rhythm] {
    let row = try connection.prepare(
      "SELECT device, template, period, regularity, events, first_time, last_time FROM rhythm ORDER BY device"
    )
    var rhythms: [Rhythm] = []
    while try row.next() {
      rhythms.append(
        Rhythm(
          device: row.int64(0), template: row.int64(1), period: row.int64(2), regularity: row.int64(3),
          events: row.int64(4), first: row.int64(5), last: row.int64(6)))
    }
    return rhythms
  }

  /// The stretches of silence, as found last, in order of their beginning.
  public func silences() throws(StoreError) -> [Silence] {
    let row = try connection.prepare(
      """
      SELECT scope, device, source, from_time, to_time, period, missed, last_event, next_event FROM silence
      ORDER BY from_time, id
      """)
    var silences: [Silence] = []
    while try row.next() {
      guard let scope = Silence.Scope(rawValue: row.text(0)) else { continue }
      silences.append(
        Silence(
          scope: scope, device: row.int64OrNil(1), source: row.int64OrNil(2), from: row.int64(3),
          to: row.int64OrNil(4), period: row.int64(5), missed: row.int64(6), lastEvent: row.int64(7),
          nextEvent: row.int64OrNil(8)))
    }
    return silences
  }
}

extension FindingStore {
  /// Replaces rhythms and silences.
  public func replaceSilence(
    _ rhythms: [Rhythm], _ silences: [Silence], _ derivation: Derivation
  ) throws(StoreError) {
    try file.write { (connection) throws(StoreError) in
      try connection.execute("DELETE FROM rhythm; DELETE FROM silence")
      let rhythm = try connection.prepare("INSERT INTO rhythm VALUES (?, ?, ?, ?, ?, ?, ?)")
      for one in rhythms {
        try rhythm.run(
          .integer(one.device), .integer(one.template), .integer(one.period), .integer(one.regularity),
          .integer(one.events), .integer(one.first), .integer(one.last))
      }
      let silence = try connection.prepare("INSERT INTO silence VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      for one in silences {
        try silence.run(
          .text(one.scope.rawValue), SQLiteValue(one.device), SQLiteValue(one.source), .integer(one.from),
          SQLiteValue(one.to), .integer(one.period), .integer(one.missed), .integer(one.lastEvent),
          SQLiteValue(one.nextEvent))
      }
      try Self.note(derivation, connection)
    }
  }
}

/// Where sources have lost lines: between which of their events, or behind the last.
private struct LostEvidence {
  private struct Source {
    var events: Range<Int64>
    var offsets: [UInt64] = []
    var isCut = false
  }
  private var sources: [Source] = []

  init(_ reader: CaseReader) throws(StoreError) {
    var found: [Int64: Source] = [:]
    for entry in try reader.sources() where !entry.events.isEmpty {
      found[entry.ordinal] = Source(events: entry.events)
    }
    let row = try reader.connection.prepare("SELECT source, kind, byte_offset, in_container FROM damage")
    while try row.next() {
      guard Self.losesLines(row.text(1)), var source = found[row.int64(0)] else { continue }
      // Where compressed bytes were lost is not known in those that came of them, but at their end.
      if row.int64(3) != 0 {
        source.isCut = true
      } else {
        source.offsets.append(UInt64(bitPattern: row.int64(2)))
      }
      if row.text(1).hasSuffix("-truncated") { source.isCut = true }
      found[row.int64(0)] = source
    }
    sources = found.values.filter { $0.isCut || !$0.offsets.isEmpty }.sorted {
      $0.events.lowerBound < $1.events.lowerBound
    }
  }

  /// Rubbish behind the end, a wrong checksum and long lines cost no line.
  private static func losesLines(_ kind: String) -> Bool {
    !kind.hasSuffix("-trailing") && !kind.hasSuffix("-crc") && !kind.hasSuffix("-checksum")
      && kind != "limit-line" && kind != "limit-record"
      && kind != "utf16-odd"
  }

  private func source(of id: Int64) -> Source? { sources.first { $0.events.contains(id) } }

  /// True where lines were lost between the events at both ends of a gap.
  func explain(_ silence: Silence, in reader: CaseReader) throws(StoreError) -> Bool {
    guard !sources.isEmpty, let next = silence.nextEvent else { return false }
    let (before, after) = (source(of: silence.lastEvent), source(of: next))
    guard before != nil || after != nil,
      let start = try reader.event(EventID(rawValue: silence.lastEvent))?.byteOffset,
      let end = try reader.event(EventID(rawValue: next))?.byteOffset
    else { return false }
    if let before, before.events.contains(next) { return before.offsets.contains { start < $0 && $0 <= end } }
    return before.map { $0.isCut || $0.offsets.contains { start < $0 } } ?? false
      || after.map { $0.offsets.contains { $0 <= end } } ?? false
  }
}
