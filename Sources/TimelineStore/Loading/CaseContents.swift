internal import IncidentModel

/// What a case holds before a load: its dictionaries and the numbers to go on from.
struct CaseContents {
  var devices = CaseDictionary()
  var templates = CaseDictionary()
  var originalOfHash: [String: (ordinal: Int64, source: SourceDescription)] = [:]
  var hashOfSourceID: [Int64: String] = [:]
  var nextSource: Int64 = 0
  var nextOrigin: Int64 = 0
  var nextEvent: Int64 = 1
  var nextSearchGroup: Int64 = 1

  /// An empty case.
  init() {}

  init(_ connection: SQLiteConnection) throws(StoreError) {
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
    nextSearchGroup =
      try connection.rows("SELECT coalesce(max(number) + 1, 1) FROM search_group")[0][0].integer ?? 1
  }
}
