import CSQLite
import Testing

@testable import TimelineStore

@Suite struct SchemaTests {
  @Test(arguments: [[], [1], [1, 2, 5]] as [[Int64]])
  func stockSQLiteTakesTheSchemaAndKeepsItsText(segments: [Int64]) throws {
    let connection = try SQLiteConnection(path: ":memory:", flags: SQLITE_OPEN_READWRITE)
    // A case is read with a schema that is not trusted: the views must do without functions that need it.
    try connection.execute("PRAGMA trusted_schema = OFF")
    for object in CaseSchema.objects(segments: segments) { try connection.execute(object.sql) }
    for object in CaseSchema.objects(segments: segments) {
      let kept = try connection.prepare("SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?")
      kept.bound([.text(object.type), .text(object.name)])
      #expect(try kept.next())
      #expect(kept.text(0) == object.sql)
      if object.type == "view" { _ = try connection.rows("SELECT * FROM \(object.name)") }
    }
  }
}
