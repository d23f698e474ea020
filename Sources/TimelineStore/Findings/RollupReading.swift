extension CaseReader {
  /// Where counts that are kept beside the events are not those of the events: a sentence for each table that says something else.
  /// Reads every row.
  public func rollupFaults() throws(StoreError) -> [String] {
    var counted = Rollups()
    var minutes: [Int64: Int64] = [:]
    // Whoever changed the case may have put any number there.
    let devices = try connection.prepare("SELECT count(*) FROM device").integer() ?? 0
    let templates = try connection.prepare("SELECT count(*) FROM template").integer() ?? 0
    func known(_ ordinal: Int64?, _ count: Int64) -> Int32 {
      ordinal.map { (0..<count).contains($0) ? Int32(clamping: $0) : -1 } ?? -1
    }
    for segment in catalog.segments {
      let row = try connection.prepare(
        "SELECT id, time, device, template, severity FROM segment_\(segment) ORDER BY id")
      while try row.next() {
        let severity = row.int64OrNil(4) ?? 8
        counted.add(
          id: row.int64(0), time: row.int64OrNil(1), device: known(row.int64OrNil(2), devices),
          template: known(row.int64OrNil(3), templates), severity: Int(min(max(severity, 0), 8)))
        if counted.minuteCount > 20_000 {
          counted.takeMinutes { (key, events) in minutes[key, default: 0] += events }
        }
      }
    }
    counted.takeMinutes { (key, events) in minutes[key, default: 0] += events }
    var faults: [String] = []
    func compare(_ what: String, _ differing: Int) {
      if differing > 0 {
        faults.append(
          "the counts kept of \(differing) \(what)\(differing == 1 ? " are" : "s are") not those of the events: times or numbers were changed"
        )
      }
    }
    compare("device", try differingDevices(counted.devices))
    compare("template", try differingTemplates(counted.templates))
    compare("minute", try differingMinutes(minutes))
    return faults
  }

  private func differingDevices(_ counted: [Rollups.Device]) throws(StoreError) -> Int {
    let sql =
      """
      SELECT device, events, first_time, last_time, first_error_time, severity_0, severity_1, severity_2, severity_3,
        severity_4, severity_5, severity_6, severity_7, severity_none FROM device_rollup
      """
    return try differing(from: counted, in: sql, \.events) { row, one in
      (row.int64OrNil(2) ?? .max) == one.firstTime && (row.int64OrNil(3) ?? .min) == one.lastTime
        && (row.int64OrNil(4) ?? .max) == one.firstErrorTime
        && (0..<9).allSatisfy { row.int64(Int32(5 + $0)) == one.bySeverity[$0] }
    }
  }

  private func differingTemplates(_ counted: [Rollups.Template]) throws(StoreError) -> Int {
    let sql = "SELECT template, events, first_time, last_time FROM template_rollup"
    return try differing(from: counted, in: sql, \.events) { row, one in
      (row.int64OrNil(2) ?? .max) == one.firstTime && (row.int64OrNil(3) ?? .min) == one.lastTime
    }
  }

  /// How many rows of ordinal and number of events, and what `holds` compares of them, are not as counted; those that are missing and
  /// those that nothing was counted for among them.
  private func differing<Row>(
    from counted: [Row], in sql: String, _ events: (Row) -> Int64, holds: (SQLiteStatement, Row) -> Bool
  ) throws(StoreError) -> Int {
    var open = Set(counted.indices.filter { events(counted[$0]) > 0 })
    var differing = 0
    let row = try connection.prepare(sql)
    while try row.next() {
      let ordinal = Int(row.int64(0))
      guard open.remove(ordinal) != nil else {
        if row.int64(1) != 0 { differing += 1 }
        continue
      }
      let one = counted[ordinal]
      if row.int64(1) != events(one) || !holds(row, one) { differing += 1 }
    }
    return differing + open.count
  }

  private func differingMinutes(_ counted: [Int64: Int64]) throws(StoreError) -> Int {
    var open = counted
    var differing: Set<Int64> = []
    let row = try connection.prepare("SELECT minute, severity, events FROM minute_rollup WHERE events != 0")
    while try row.next() {
      let (minute, severity) = (row.int64(0), row.int64(1))
      if !(0..<9).contains(severity) || open.removeValue(forKey: minute &* 16 &+ severity) != row.int64(2) {
        differing.insert(minute)
      }
    }
    for key in open.keys { differing.insert(key.floorDivided(by: 16)) }
    return differing.count
  }
}
