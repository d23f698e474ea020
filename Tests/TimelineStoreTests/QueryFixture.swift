import CSQLite
import Glibc
import IncidentModel

@testable import TimelineStore

/// A case made by hand, row by row with SQL, in a folder of its own that goes away with it.
final class QueryFixture {
  let folder: String
  let path: String
  private var database: OpaquePointer?

  /// An event as a test gives it.
  struct Event {
    var time: Int64?
    var device: String?
    var severity: Int64?
    var program = "app"
    /// Text with `<*>` and its variables, or the whole message in bytes.
    var template = "boot"
    var variables: [String] = []
    var message: [UInt8]?
    var fields: String?
    /// Stands for the fields where those are nil.
    var header: SyslogHeader?
  }

  init(events: [[Event]], inventory: (attributes: [String], rows: [(String, [String])]) = ([], [])) throws {
    var template = Array("/tmp/firebreak-query-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Failure(what: "mkdtemp") }
    folder = String(cString: made)
    path = folder + "/x.firebreak"
    guard sqlite3_open(path, &database) == SQLITE_OK else { throw Failure(what: "open") }
    let segments = events.indices.map { Int64($0 + 1) }
    for object in CaseSchema.objects(segments: segments) { try run(object.sql) }
    try run(
      "PRAGMA application_id = \(CaseSchema.applicationID); PRAGMA user_version = \(CaseSchema.version)")
    for (ordinal, attribute) in inventory.attributes.enumerated() {
      try run("INSERT INTO inventory_attribute VALUES (\(ordinal), \(quoted(attribute)))")
    }
    for (ordinal, row) in inventory.rows.enumerated() {
      try run("INSERT INTO inventory_device VALUES (\(ordinal), \(quoted(row.0)))")
      for (column, value) in row.1.enumerated() where !value.isEmpty {
        try run("INSERT INTO inventory_value VALUES (\(ordinal), \(column), \(quoted(value)))")
      }
    }
    var id: Int64 = 0
    var devices: [String: Int64] = [:]
    var templates: [String: Int64] = [:]
    try run("BEGIN")
    for (number, rows) in events.enumerated() {
      let first = id + 1
      let source = number + 1
      for (index, event) in rows.enumerated() {
        id += 1
        var device = "NULL"
        if let name = event.device {
          if devices[name] == nil {
            devices[name] = Int64(devices.count)
            try run(
              "INSERT INTO device VALUES (\(devices.count - 1), \(Int64(bitPattern: DeviceID(name: name).rawValue)), \(quoted(name)))"
            )
          }
          device = String(devices[name]!)
        }
        let key = event.program + "\0" + event.template
        if templates[key] == nil {
          templates[key] = Int64(templates.count)
          let parts = event.template.split(separator: "<*>", omittingEmptySubsequences: false)
          let format =
            parts.count > 1
            ? quoted(parts.map { $0.replacing("%", with: "%%") }.joined(separator: "%s")) : "NULL"
          let hash = Int64(bitPattern: ContentHash.of(key))
          try run(
            "INSERT INTO template VALUES (\(templates.count - 1), \(hash), \(quoted(event.program)), \(quoted(event.template)), \(format), \(parts.count - 1))"
          )
        }
        let variables =
          event.variables.isEmpty ? "NULL" : quoted(event.variables.map(Self.escaped).joined(separator: "\t"))
        // As the loader does: variables with control characters are stored in the whole message.
        var stored = event.message
        if stored == nil, event.variables.contains(where: { $0.utf8.contains { $0 < 0x20 } }) {
          var parts = event.template.split(separator: "<*>", omittingEmptySubsequences: false).map(
            String.init)
          for (index, variable) in event.variables.enumerated() { parts[index] += variable }
          stored = Array(parts.joined().utf8)
        }
        let message = stored.map { "x'" + $0.map { hex($0) }.joined() + "'" } ?? "NULL"
        try run(
          """
          INSERT INTO segment_\(number + 1) VALUES (\(id), \(text(event.time)), \(device), \(text(event.severity)), \
          \(templates[key]!), \(source), \(index + 1), \(index * 100), 100, \(event.header.map { String($0.rawValue) } ?? "NULL"), \(variables), \
          \(event.fields.map(quoted) ?? "NULL"), \(message), NULL, NULL, NULL)
          """)
      }
      let times = rows.compactMap(\.time)
      try run(
        "INSERT INTO segment VALUES (\(number + 1), \(first), \(rows.count), \(text(times.min())), \(text(times.max())), 0, 'test')"
      )
      try run(
        """
        INSERT INTO source VALUES (\(source), \(source), 'logs/part-\(source).zip', '["gw-\(source)/syslog.\(source)"]', \
        '\(String(repeating: String(source), count: 64))', 'jsonl', '', 1, 1, 1,0,0,0,0,0, 1,0,0,0,0,0, '{}', \(first), \
        \(rows.count), \(text(times.min())), \(text(times.max())), NULL)
        """)
      try run("INSERT INTO origin VALUES (\(source), \(source), 0, 500000, 2, 2, 0, 3, 'T', 'Z')")
    }
    try run("COMMIT")
  }

  deinit {
    close()
    for name in ["", "-wal", "-shm", "-journal"] { unlink(path + name) }
    rmdir(folder)
  }

  /// Runs SQL on the case without any of Firebreak's care.
  func run(_ sql: String) throws {
    if database == nil {
      guard sqlite3_open(path, &database) == SQLITE_OK else { throw Failure(what: "open") }
    }
    var message: UnsafeMutablePointer<CChar>?
    guard sqlite3_exec(database, sql, nil, nil, &message) == SQLITE_OK else {
      defer { sqlite3_free(message) }
      throw Failure(what: message.map { String(cString: $0) } ?? "?")
    }
  }

  /// Lets go of the file.
  func close() {
    sqlite3_close(database)
    database = nil
  }

  /// Opens the finished case.
  func reader() throws -> CaseReader {
    close()
    return try CaseReader(path: path)
  }

  struct Failure: Error { var what: String }

  private func text(_ value: Int64?) -> String { value.map { String($0) } ?? "NULL" }
  private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
  private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

  static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }
}
