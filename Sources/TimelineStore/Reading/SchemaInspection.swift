internal import CSQLite

/// Looks at what an opened file claims to be, then at its schema: an object more, less or different than Firebreak
/// makes is refused before anything else of the case is read.
enum SchemaInspection {
  /// - Returns: Numbers of the segments.
  static func check(_ connection: SQLiteConnection) throws(StoreError) -> [Int64] {
    func failure(_ code: StoreError.Code, _ reason: String, _ advice: String = "") -> StoreError {
      StoreError(
        code: code, what: "cannot open case", path: connection.fileName, reason: reason, advice: advice)
    }
    let application = try connection.rows("PRAGMA application_id").first?.first?.integer
    guard application == Int64(CaseSchema.applicationID) else {
      throw failure(
        .notACase, "it is an SQLite file, but no case", "a case is made by 'firebreak ingest PATH…'")
    }
    let version = try connection.rows("PRAGMA user_version").first?.first?.integer ?? 0
    guard version <= Int64(CaseSchema.version) else {
      throw failure(
        .newerVersion,
        "it has version \(version) of the schema, and this Firebreak knows \(CaseSchema.version)",
        "use the Firebreak that made it, or a newer one")
    }
    guard version == Int64(CaseSchema.version) else {
      throw failure(.notACase, "it has version \(version) of the schema, which was never released")
    }
    let advice = "somebody changed it; do not trust it, build it again from the evidence"
    var found: [String: String] = [:]
    var segments: [Int64] = []
    // Indexes that SQLite makes for UNIQUE have no statement.
    for row in try connection.rows("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL") {
      guard let type = row[0].text, let name = row[1].text, let sql = row[2].text else {
        throw failure(.tampered, "its schema holds an object without a name", advice)
      }
      // ANALYZE may have been run.
      if type == "table", name.hasPrefix("sqlite_stat"), sql.hasPrefix("CREATE TABLE sqlite_stat") {
        continue
      }
      found["\(type) \(name)"] = sql
      if type == "table", name.hasPrefix("segment_"), let number = Int64(name.dropFirst(8)), number > 0 {
        segments.append(number)
      }
    }
    segments.sort()
    let fullText = found["table full_text"] == nil ? [] : CaseSchema.fullTextTables
    for object in CaseSchema.objects(segments: segments) + fullText {
      let key = "\(object.type) \(object.name)"
      guard let sql = found.removeValue(forKey: key) else {
        throw failure(.tampered, "its schema lacks the \(key)", advice)
      }
      guard sql == object.sql else {
        throw failure(.tampered, "its \(key) is not the one that Firebreak makes", advice)
      }
    }
    if let foreign = found.keys.min() {
      throw failure(.tampered, "its schema holds a foreign \(foreign)", advice)
    }
    return segments
  }
}
