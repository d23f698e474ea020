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

  /// The names of the attribute columns.
  static func attributes(_ connection: SQLiteConnection) throws(StoreError) -> [String] {
    try connection.rows("SELECT name FROM inventory_attribute ORDER BY ordinal").map { $0[0].text ?? "" }
  }

  /// Calls `body` with each row in file order: the device's name and its values by column, empty where unknown; UTF-8,
  /// valid until `body` returns.
  ///
  /// Both tables are read once in their own order: a join would look up each of a million devices.
  static func forEachRow(
    _ connection: SQLiteConnection, attributes: Int,
    _ body: (UnsafeBufferPointer<UInt8>, [[UInt8]]) -> Void
  ) throws(StoreError) {
    let devices = try connection.prepare("SELECT ordinal, name FROM inventory_device ORDER BY ordinal")
    let given = try connection.prepare(
      "SELECT device, attribute, value FROM inventory_value ORDER BY device, attribute")
    var values = [[UInt8]](repeating: [], count: attributes)
    var hasValue = try given.next()
    while try devices.next() {
      let ordinal = devices.int64(0)
      for column in values.indices { values[column].removeAll(keepingCapacity: true) }
      while hasValue, given.int64(0) <= ordinal {
        let column = Int(given.int64(1))
        if given.int64(0) == ordinal, values.indices.contains(column) {
          given.withBytes(2) { values[column].append(contentsOf: $0) }
        }
        hasValue = try given.next()
      }
      devices.withBytes(1) { body($0, values) }
    }
  }

  static func inventory(_ connection: SQLiteConnection) throws(StoreError) -> Inventory {
    var inventory = Inventory(attributes: try attributes(connection))
    let columns = inventory.attributes.count
    inventory.reserve(
      Int(try connection.prepare("SELECT count(*) FROM inventory_device").integer() ?? 0))
    var codes = [Int32](repeating: 0, count: columns)
    try forEachRow(connection, attributes: columns) { name, values in
      for column in 0..<columns {
        codes[column] = values[column].withUnsafeBufferPointer { inventory.code(of: $0, attribute: column) }
      }
      inventory.append(device: String(decoding: name, as: UTF8.self), codes: codes)
    }
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
