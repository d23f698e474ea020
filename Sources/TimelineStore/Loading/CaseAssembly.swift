internal import GRDBSQLite
internal import IncidentModel

/// The end of a load: gives final ids and ordinals, drops duplicates, and writes everything that lanes left into an
/// open transaction. Runs on one thread; its outcome depends on the content and the lanes' order alone.
final class CaseAssembly {
  let connection: SQLiteConnection
  let lanes: [LoadLane]
  let isNewCase: Bool
  let tool: String
  let now: Int64
  var summary = LoadSummary()
  var rollups = Rollups()
  private var devices: CaseDictionary
  private var templates: CaseDictionary
  private var originalOfHash: [String: (ordinal: Int64, source: SourceDescription)] = [:]
  private var hashOfSourceID: [Int64: String] = [:]
  private var nextSource: Int64 = 0
  private var nextOrigin: Int64 = 0
  private var nextEvent: Int64 = 1
  private let minuteStatement: SQLiteStatement

  init(
    connection: SQLiteConnection, lanes: [LoadLane], isNewCase: Bool, tool: String, now: Int64
  ) throws(StoreError) {
    self.connection = connection
    self.lanes = lanes.sorted { $0.order < $1.order }
    self.isNewCase = isNewCase
    self.tool = tool
    self.now = now
    devices = CaseDictionary()
    templates = CaseDictionary()
    minuteStatement = try connection.prepare(
      """
      INSERT INTO minute_rollup VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET events = events + excluded.events
      """)
    if !isNewCase { try readCase() }
  }

  /// Writes everything and returns what was done.
  func run() throws(StoreError) -> LoadSummary {
    summary.isNewCase = isNewCase
    let kept = try plan()
    let events = kept.reduce(Int64(0)) { $0 + Int64($1.source.events) }
    guard nextOrigin + Int64(kept.reduce(0) { $0 + $1.source.origins.count }) < Self.maximumOrigins else {
      throw StoreError(
        code: .limit, what: "cannot load into", path: connection.path,
        reason: "more than \(Self.maximumOrigins) kinds of origin",
        advice: "split the evidence into several cases")
    }
    let first = nextEvent
    let (segment, isNewSegment) = try chooseSegment(events: events)
    var writer: (any EventWriter)? = nil
    if events > 0 {
      writer = try SQLiteEventWriter(connection: connection, segment: segment, isNew: isNewSegment)
    }
    for item in kept { try assemble(item, writer: writer) }
    try writer?.finish()
    summary.eventIDs = first..<nextEvent
    try writeDictionaries()
    try writeRollups()
    if events > 0 { try writeSegment(segment, isNew: isNewSegment, first: first, events: events) }
    try writeMeta()
    return summary
  }

  private static let maximumOrigins: Int64 = 1 << 23

  // MARK: - What is there, what is new

  private func readCase() throws(StoreError) {
    devices = try CaseDictionary(
      connection.prepare("SELECT ordinal, id, name, '' FROM device ORDER BY ordinal"))
    templates = try CaseDictionary(
      connection.prepare("SELECT ordinal, id, program, text FROM template ORDER BY ordinal"), joinsTwo: true)
    for row in try connection.rows("SELECT ordinal, sha256, path, members, id FROM source") {
      let hash = row[1].text ?? ""
      originalOfHash[hash] = (
        row[0].integer ?? 0,
        SourceDescription(path: row[2].text ?? "", members: MemberList.decode(row[3].text ?? "[]"))
      )
      hashOfSourceID[row[4].integer ?? 0] = hash
    }
    nextSource = try connection.rows("SELECT coalesce(max(ordinal) + 1, 0) FROM source")[0][0].integer ?? 0
    nextOrigin = try connection.rows("SELECT coalesce(max(ordinal) + 1, 0) FROM origin")[0][0].integer ?? 0
    nextEvent =
      try connection.rows("SELECT coalesce(max(first_event + events), 1) FROM segment")[0][0].integer ?? 1
  }

  private struct Item {
    var lane: LoadLane
    var source: SpooledSource
    var ordinal: Int64
  }

  /// Decides which sources are kept: of equal ones the first in evidence order.
  private func plan() throws(StoreError) -> [Item] {
    var kept: [Item] = []
    let duplicate = try connection.prepare("INSERT INTO duplicate (source, path, members) VALUES (?, ?, ?)")
    for lane in lanes {
      for source in lane.sources {
        let hash = source.account.sha256
        if let original = originalOfHash[hash] {
          summary.duplicates.append(.init(source: source.description, original: original.source))
          try duplicate.run(
            .integer(original.ordinal), .text(source.description.path),
            .text(JSONText.array(source.description.members)))
          continue
        }
        guard hash.utf8.count == 64, let id = UInt64(hash.prefix(16), radix: 16) else {
          throw StoreError(
            code: .invalid, what: "cannot load", path: source.description.path,
            reason: "'\(hash)' is not a SHA-256 in 64 hexadecimal digits")
        }
        let key = Int64(bitPattern: id)
        if let other = hashOfSourceID[key], other != hash {
          throw StoreError(
            code: .collision, what: "cannot load", path: source.description.path,
            reason: "its SHA-256 begins with the same 64 bits as that of another source",
            advice: "load it into a case of its own")
        }
        hashOfSourceID[key] = hash
        originalOfHash[hash] = (nextSource, source.description)
        kept.append(Item(lane: lane, source: source, ordinal: nextSource))
        nextSource += 1
      }
    }
    return kept
  }

  /// Small batches go into the last segment while that is small, so that there are few; others get their own.
  private func chooseSegment(events: Int64) throws(StoreError) -> (number: Int64, isNew: Bool) {
    let segments = try connection.rows("SELECT number, events FROM segment ORDER BY number DESC")
    guard let last = segments.first, let number = last[0].integer, let size = last[1].integer else {
      return (1, true)
    }
    let total = segments.reduce(Int64(0)) { $0 + ($1[1].integer ?? 0) }
    let small = size < max(200_000, total / 32) && events < 50_000
    return small || segments.count >= 64 ? (number, false) : (number + 1, true)
  }

  // MARK: - Rows

  private func assemble(_ item: Item, writer: (any EventWriter)?) throws(StoreError) {
    let lane = item.lane
    let source = item.source
    let deviceMap = try devices.adopt(
      source.devices, of: lane.devices, kind: "device", path: source.description.path)
    let templateMap = try templates.adopt(
      source.templates, of: lane.templates, kind: "template", path: source.description.path)
    var origins = OriginWriter(source: item.ordinal, origins: source.origins, next: nextOrigin)
    let refused = try connection.prepare("INSERT INTO refused VALUES (NULL, ?, ?, ?, ?, ?, ?)")
    var plan = AdjustmentPlan(source.adjustments)
    let firstEvent = nextEvent
    var firstTime: Int64?
    var lastTime: Int64?
    var rewritten = ByteBuffer(capacity: 256)
    try lane.spool.forEach(from: source.frames.lowerBound, to: source.frames.upperBound) {
      (tag, frame) throws(StoreError) in
      if tag == .refused {
        let line = RefusedCodec.decode(UnsafeRawBufferPointer(frame))
        try refused.run(
          .integer(item.ordinal), SQLiteValue(line.line), SQLiteValue(line.byteOffset),
          SQLiteValue(line.byteLength), .text(line.reason),
          line.excerpt.withUnsafeBytes { SQLiteValue(bytes: $0) })
        summary.refusedLines += 1
        return
      }
      var row = EventRowCodec.decode(UnsafeRawBufferPointer(frame))
      if let device = row.device { row.device = deviceMap[device] }
      if let template = row.template { row.template = templateMap[template] }
      if let stretch = plan.stretch(of: Int(nextEvent - firstEvent)) {
        origins.adjust(&row, by: stretch)
      } else {
        row.origin = origins.ordinal(of: row.origin)
      }
      rewritten.count = 0
      EventRowCodec.encode(row, into: &rewritten)
      try writer!.append(id: nextEvent, record: rewritten.bytes)
      rollups.add(
        id: nextEvent, time: row.time, device: row.device ?? -1, template: row.template ?? -1,
        severity: Int(row.severity ?? 8))
      if let time = row.time {
        firstTime = min(firstTime ?? time, time)
        lastTime = max(lastTime ?? time, time)
      }
      nextEvent += 1
      if rollups.minutes.count > Self.maximumMinutes { try writeMinutes() }
    }
    nextOrigin = origins.next
    try origins.write(to: connection)
    var account = source.account
    account.firstTime = firstTime.map { Instant(nanoseconds: $0) }
    account.lastTime = lastTime.map { Instant(nanoseconds: $0) }
    try write(account, ordinal: item.ordinal, firstEvent: firstEvent, events: nextEvent - firstEvent)
    summary.sources.append(account)
  }

  private static let maximumMinutes = 500_000

  // MARK: - The small tables

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

  private func writeMinutes() throws(StoreError) {
    for (key, events) in rollups.takeMinutes() {
      try minuteStatement.run(.integer(key >> 4), .integer(key & 15), .integer(events))
    }
  }

  private func writeRollups() throws(StoreError) {
    try writeMinutes()
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

  private func writeSegment(_ number: Int64, isNew: Bool, first: Int64, events: Int64) throws(StoreError) {
    let statement = try connection.prepare(
      """
      INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET events = events + excluded.events,
        first_time = coalesce(min(first_time, excluded.first_time), first_time, excluded.first_time),
        last_time = coalesce(max(last_time, excluded.last_time), last_time, excluded.last_time)
      """)
    try statement.run(
      .integer(number), .integer(first), .integer(events),
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

  private func writeMeta() throws(StoreError) {
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
