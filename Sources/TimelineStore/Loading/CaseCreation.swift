internal import CSQLite
internal import Glibc
internal import IncidentModel

/// How a case comes into being.
enum CaseCreation {
  /// Settings of a connection that loads.
  static func prepareToWrite(
    _ connection: SQLiteConnection, isNew: Bool, maximumPages: Int
  ) throws(StoreError) {
    // A new case is thrown away when anything fails, so it needs no journal; what makes it durable is the sync
    // before it gets its name.
    let durability =
      isNew
      ? "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE"
      : "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL"
    try connection.execute(
      """
      PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; PRAGMA encoding = 'UTF-8'; \(durability);
      PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF
      """)
    if maximumPages > 0 { try connection.execute("PRAGMA max_page_count = \(maximumPages)") }
  }

  /// Makes all tables and views of an empty case.
  static func writeSchema(_ connection: SQLiteConnection, tool: String, now: Instant) throws(StoreError) {
    try connection.execute(
      """
      PRAGMA application_id = \(CaseSchema.applicationID); PRAGMA user_version = \(CaseSchema.version)
      """)
    for object in CaseSchema.objects(segments: []) { try connection.execute(object.sql) }
    let put = try connection.prepare("INSERT INTO meta VALUES (?, ?)")
    try put.run(.text("tool"), .text(tool))
    try put.run(.text("created_at"), .text(String(now.nanoseconds)))
  }

  /// Makes an empty segment with its indexes and returns their root pages.
  static func makeSegment(
    _ number: Int64, _ connection: SQLiteConnection
  ) throws(StoreError) -> PageEventWriter.Roots {
    for object in CaseSchema.segmentObjects(number: number) { try connection.execute(object.sql) }
    return try roots(of: number, connection)
  }

  /// Root pages of a segment, and of the search index.
  static func roots(
    of number: Int64, _ connection: SQLiteConnection
  ) throws(StoreError) -> PageEventWriter.Roots {
    func root(_ name: String) throws(StoreError) -> UInt32 {
      let row = try connection.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?")
      return UInt32(clamping: try row.integer([.text(name)]) ?? 0)
    }
    return PageEventWriter.Roots(
      table: try root("segment_\(number)"), time: try root("segment_\(number)_time"),
      device: try root("segment_\(number)_device"), error: try root("segment_\(number)_error"),
      severity: try root("segment_\(number)_severity"), slice: try root("search_slice"))
  }

  /// Small batches go into the last segment while that is small, so that there are few; others get their own.
  static func chooseSegment(
    _ connection: SQLiteConnection, events: Int64, largeLoad: Int64
  ) throws(StoreError) -> (number: Int64, isNew: Bool) {
    let segments = try connection.rows("SELECT number, events FROM segment ORDER BY number DESC")
    guard let last = segments.first, let number = last[0].integer, let size = last[1].integer else {
      return (1, true)
    }
    let total = segments.reduce(Int64(0)) { $0 + ($1[1].integer ?? 0) }
    let isSmall = size < max(200_000, total / 32) && events < largeLoad
    return isSmall || segments.count >= 64 ? (number, false) : (number + 1, true)
  }

  /// Gives a case that is whole and durable its name, unless somebody else made one of that name meanwhile.
  static func publish(_ built: String, as path: String) throws(StoreError) {
    if link(built, path) == 0 {
      unlink(built)
    } else if errno == EEXIST {
      throw StoreError(
        code: .locked, what: "cannot make case", path: path,
        reason: "a file of that name has appeared meanwhile",
        advice: "choose another name, or run it again to add to that case")
    } else {
      // No hard links here (FAT, some network file systems).
      guard rename(built, path) == 0 else { throw SystemFile.error("cannot make case", path) }
    }
    try SystemFile.syncFolder(of: path)
  }
}

/// Inventory and topology in a case.
enum FleetTables {
  static func write(_ inventory: Inventory, to connection: SQLiteConnection) throws(StoreError) {
    try connection.execute(
      "DELETE FROM inventory_value; DELETE FROM inventory_device; DELETE FROM inventory_attribute")
    let attribute = try connection.prepare("INSERT INTO inventory_attribute VALUES (?, ?)")
    for (ordinal, name) in inventory.attributes.enumerated() {
      try attribute.run(SQLiteValue(ordinal), .text(name))
    }
    let device = try connection.prepare("INSERT INTO inventory_device VALUES (?, ?)")
    let value = try connection.prepare("INSERT INTO inventory_value VALUES (?, ?, ?)")
    for row in 0..<inventory.count {
      try device.run(SQLiteValue(row), .text(inventory.devices[row]))
      for column in inventory.attributes.indices {
        let text = inventory.value(row: row, attribute: column)
        if !text.isEmpty { try value.run(SQLiteValue(row), SQLiteValue(column), .text(text)) }
      }
    }
  }

  static func write(_ topology: Topology, to connection: SQLiteConnection) throws(StoreError) {
    try connection.execute("DELETE FROM topology_link")
    let link = try connection.prepare("INSERT INTO topology_link VALUES (?, ?, ?, ?)")
    for (ordinal, one) in topology.links.enumerated() {
      try link.run(SQLiteValue(ordinal), .text(one.from), .text(one.to), .text(one.kind))
    }
  }

  static func inventory(_ connection: SQLiteConnection) throws(StoreError) -> Inventory {
    let attributes = try connection.rows("SELECT name FROM inventory_attribute ORDER BY ordinal")
    var inventory = Inventory(attributes: attributes.map { $0[0].text ?? "" })
    let rows = try connection.prepare(
      """
      SELECT d.ordinal, d.name, v.attribute, v.value FROM inventory_device d
      LEFT JOIN inventory_value v ON v.device = d.ordinal ORDER BY d.ordinal, v.attribute
      """)
    var current: Int64 = -1
    var name = ""
    var values = [String](repeating: "", count: inventory.attributes.count)
    while try rows.next() {
      if rows.int64(0) != current {
        if current >= 0 { inventory.append(device: name, row: values) }
        current = rows.int64(0)
        name = rows.text(1)
        for index in values.indices { values[index] = "" }
      }
      if let column = rows.int64OrNil(2), values.indices.contains(Int(column)) {
        values[Int(column)] = rows.text(3)
      }
    }
    if current >= 0 { inventory.append(device: name, row: values) }
    return inventory
  }

  static func topology(_ connection: SQLiteConnection) throws(StoreError) -> Topology {
    let rows = try connection.prepare("SELECT from_name, to_name, kind FROM topology_link ORDER BY ordinal")
    var topology = Topology()
    while try rows.next() {
      topology.links.append(.init(from: rows.text(0), to: rows.text(1), kind: rows.text(2)))
    }
    return topology
  }
}
