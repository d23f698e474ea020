internal import CSQLite
internal import IncidentModel

/// Writes everything of a load but its events' rows, in the caller's transaction.
struct CaseTablesWriter {
  let connection: SQLiteConnection
  let assembly: CaseAssembly
  let tool: String
  let now: Int64

  /// Writes all tables.
  /// - Parameter segment: The segment that the rows went into, and whether it is new; nil when there was no row.
  func write(segment: (number: Int64, isNew: Bool)?) throws(StoreError) -> LoadSummary {
    var summary = LoadSummary()
    try writeDictionaries()
    for item in assembly.items {
      try item.origins.write(to: connection)
      try write(
        item.account, ordinal: item.ordinal, firstEvent: item.firstEvent, events: Int64(item.source.events))
      try FindingsWriter(connection).write(item.account, ordinal: item.ordinal, firstEvent: item.firstEvent)
      summary.refusedLines += try writeRefused(item)
      summary.sources.append(item.account)
    }
    let duplicate = try connection.prepare("INSERT INTO duplicate (source, path, members) VALUES (?, ?, ?)")
    for (original, one) in assembly.duplicates {
      try duplicate.run(
        .integer(original), .text(one.source.path), .text(JSONText.array(one.source.members)))
      summary.duplicates.append(one)
    }
    try writeRollups()
    try writeSearchGroups()
    if let segment { try writeSegment(segment.number, isNew: segment.isNew) }
    summary.eventIDs = assembly.firstEvent..<assembly.contents.nextEvent
    try writeMeta(&summary)
    return summary
  }

  private func writeRefused(_ item: CaseAssembly.Item) throws(StoreError) -> Int {
    guard let spool = item.lane.refusedSpool, !item.source.refusedFrames.isEmpty else { return 0 }
    let refused = try connection.prepare("INSERT INTO refused VALUES (NULL, ?, ?, ?, ?, ?, ?)")
    var count = 0
    try spool.forEach(from: item.source.refusedFrames.lowerBound, to: item.source.refusedFrames.upperBound) {
      (frame) throws(StoreError) in
      let line = RefusedCodec.decode(UnsafeRawBufferPointer(frame))
      try refused.run(
        .integer(item.ordinal), SQLiteValue(line.line), SQLiteValue(line.byteOffset),
        SQLiteValue(line.byteLength), .text(line.reason),
        line.excerpt.withUnsafeBytes { SQLiteValue(bytes: $0) })
      count += 1
    }
    return count
  }

  private func write(
    _ account: SourceAccount, ordinal: Int64, firstEvent: Int64, events: Int64
  ) throws(StoreError) {
    let id = UInt64(account.sha256.prefix(16), radix: 16) ?? 0
    let bytes = account.bytesBy
    let lines = account.linesBy
    try connection.prepare(
      "INSERT INTO source VALUES (\(repeatElement("?", count: 27).joined(separator: ",")))"
    ).run(
      .integer(ordinal), SQLiteValue(id), .text(account.description.path),
      .text(JSONText.array(account.description.members)), .text(account.sha256), .text(account.format),
      .text(JSONText.array(account.compression)), SQLiteValue(account.storedBytes),
      SQLiteValue(account.bytes),
      SQLiteValue(bytes.events), SQLiteValue(bytes.continuations), SQLiteValue(bytes.blanks),
      SQLiteValue(bytes.structure), SQLiteValue(bytes.refused), SQLiteValue(bytes.damaged),
      SQLiteValue(lines.events), SQLiteValue(lines.continuations), SQLiteValue(lines.blanks),
      SQLiteValue(lines.structure), SQLiteValue(lines.refused), SQLiteValue(lines.damaged),
      .text(JSONText.object(account.refusedBy)), .integer(firstEvent), .integer(events),
      SQLiteValue(account.firstTime?.nanoseconds), SQLiteValue(account.lastTime?.nanoseconds),
      SQLiteValue(account.modified?.nanoseconds))
    let damage = try connection.prepare("INSERT INTO damage VALUES (NULL, ?, ?, ?, ?, ?, ?)")
    for one in account.damage {
      try damage.run(
        .integer(ordinal), .text(one.kind), SQLiteValue(one.offset),
        SQLiteValue(one.length.map { Int64(bitPattern: $0) }), .integer(one.inContainer ? 1 : 0),
        .text(one.note))
    }
    let decision = try connection.prepare("INSERT INTO decision VALUES (NULL, ?, ?, ?, ?)")
    for one in account.decisions {
      try decision.run(.integer(ordinal), .text(one.subject), .text(one.value), .text(one.reason))
    }
  }

  private func writeDictionaries() throws(StoreError) {
    let devices = assembly.contents.devices
    let templates = assembly.contents.templates
    let device = try connection.prepare("INSERT INTO device VALUES (?, ?, ?)")
    for ordinal in devices.old..<devices.count {
      try device.run(
        SQLiteValue(ordinal), SQLiteValue(devices.id(ordinal)),
        devices.withContent(ordinal) { SQLiteValue(bytes: $0) })
    }
    let template = try connection.prepare("INSERT INTO template VALUES (?, ?, ?, ?, ?, ?)")
    for ordinal in templates.old..<templates.count {
      let content = templates.withContent(ordinal) { Array($0) }
      let textStart = templates.textStart(ordinal)
      let compiled = CompiledTemplate(content: content, textStart: textStart)
      try template.run(
        SQLiteValue(ordinal), SQLiteValue(templates.id(ordinal)),
        content[..<(textStart - 1)].withUnsafeBytes { SQLiteValue(bytes: $0) },
        content[textStart...].withUnsafeBytes { SQLiteValue(bytes: $0) }, SQLiteValue(compiled.format),
        SQLiteValue(compiled.variables))
    }
  }

  /// Minutes that one statement takes: a load touches tens of thousands, and to begin a statement costs as much as a row.
  private static let minutesAtATime = 32

  private func writeMinutes() throws(StoreError) {
    func upsert(_ rows: Int) throws(StoreError) -> SQLiteStatement {
      try connection.prepare(
        """
        INSERT INTO minute_rollup VALUES \(repeatElement("(?, ?, ?)", count: rows).joined(separator: ", "))
        ON CONFLICT DO UPDATE SET events = events + excluded.events
        """)
    }
    var waiting: [(key: Int64, events: Int64)] = []
    func put(_ statement: SQLiteStatement, _ rows: ArraySlice<(key: Int64, events: Int64)>) throws(StoreError)
    {
      var place: Int32 = 1
      for (key, events) in rows {
        statement.bind(.integer(key >> 4), at: place)
        statement.bind(.integer(key & 15), at: place + 1)
        statement.bind(.integer(events), at: place + 2)
        place += 3
      }
      try statement.run()
    }
    let many = try upsert(Self.minutesAtATime)
    try assembly.forEachMinute { (key, events) throws(StoreError) in
      waiting.append((key, events))
      guard waiting.count == Self.minutesAtATime else { return }
      try put(many, waiting[...])
      waiting.removeAll(keepingCapacity: true)
    }
    let one = try upsert(1)
    for index in waiting.indices { try put(one, waiting[index...index]) }
  }

  private func writeRollups() throws(StoreError) {
    try writeMinutes()
    let rollups = assembly.rollups
    func known(_ time: Int64) -> SQLiteValue { time == .max || time == .min ? .null : .integer(time) }
    let sums = (0..<8).map { "severity_\($0) = severity_\($0) + excluded.severity_\($0)" }
    // In SQLite min() and max() of two values are NULL when one is.
    let device = try connection.prepare(
      """
      INSERT INTO device_rollup VALUES (\(repeatElement("?", count: 15).joined(separator: ",")))
      ON CONFLICT DO UPDATE SET events = events + excluded.events,
        first_time = coalesce(min(first_time, excluded.first_time), first_time, excluded.first_time),
        last_time = coalesce(max(last_time, excluded.last_time), last_time, excluded.last_time),
        first_error = CASE WHEN excluded.first_error_time IS NOT NULL AND
          (first_error_time IS NULL OR excluded.first_error_time < first_error_time)
          THEN excluded.first_error ELSE first_error END,
        first_error_time =
          coalesce(min(first_error_time, excluded.first_error_time), first_error_time, excluded.first_error_time),
        \(sums.joined(separator: ", ")), severity_none = severity_none + excluded.severity_none
      """)
    for (ordinal, one) in rollups.devices.enumerated() where one.events > 0 {
      var values: [SQLiteValue] = [
        SQLiteValue(ordinal), .integer(one.events), known(one.firstTime), known(one.lastTime),
        known(one.firstErrorTime), one.firstError == 0 ? .null : .integer(one.firstError),
      ]
      for severity in 0..<9 { values.append(.integer(one.bySeverity[severity])) }
      _ = try device.bound(values).next()
      sqlite3_reset(device.pointer)
    }
    let template = try connection.prepare(
      """
      INSERT INTO template_rollup VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET events = events + excluded.events,
        first_time = coalesce(min(first_time, excluded.first_time), first_time, excluded.first_time),
        last_time = coalesce(max(last_time, excluded.last_time), last_time, excluded.last_time)
      """)
    for (ordinal, one) in rollups.templates.enumerated() where one.events > 0 {
      try template.run(
        SQLiteValue(ordinal), .integer(one.events), .integer(one.firstEvent), known(one.firstTime),
        known(one.lastTime))
    }
  }

  private func writeSearchGroups() throws(StoreError) {
    let put = try connection.prepare("INSERT INTO search_group VALUES (?, ?, ?)")
    for group in assembly.searchGroups {
      try put.run(.integer(group.number), .integer(group.firstEvent), .blob(group.sizes))
    }
  }

  private func writeSegment(_ number: Int64, isNew: Bool) throws(StoreError) {
    let rollups = assembly.rollups
    let statement = try connection.prepare(
      """
      INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET events = events + excluded.events,
        first_time = coalesce(min(first_time, excluded.first_time), first_time, excluded.first_time),
        last_time = coalesce(max(last_time, excluded.last_time), last_time, excluded.last_time)
      """)
    try statement.run(
      .integer(number), .integer(assembly.firstEvent), .integer(assembly.events),
      rollups.firstTime == .max ? .null : .integer(rollups.firstTime),
      rollups.lastTime == .min ? .null : .integer(rollups.lastTime), .integer(now), .text(tool))
    guard isNew else { return }
    let segments = try connection.rows("SELECT number FROM segment ORDER BY number").compactMap(
      \.first?.integer)
    try connection.execute("DROP VIEW event")
    for view in CaseSchema.views(segments: segments) where view.name == "event" {
      try connection.execute(view.sql)
    }
  }

  private func writeMeta(_ summary: inout LoadSummary) throws(StoreError) {
    let newest = try connection.rows("SELECT max(last_time), coalesce(sum(events), 0) FROM segment")[0]
    summary.newestEvidence = newest[0].integer.map { Instant(nanoseconds: $0) }
    summary.eventsInCase = newest[1].integer ?? 0
    let put = try connection.prepare(
      "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
    if let newest = summary.newestEvidence {
      try put.run(.text("newest_time"), .text(String(newest.nanoseconds)))
    }
    try put.run(.text("loaded_at"), .text(String(now)))
  }
}
