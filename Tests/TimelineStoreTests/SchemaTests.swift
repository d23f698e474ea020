import GRDB
import Testing

@testable import TimelineStore

@Suite struct SchemaTests {
  @Test func stockSQLiteTakesTheSchemaAndKeepsItsText() throws {
    for segments: [Int64] in [[], [1], [1, 2, 5]] {
      let queue = try DatabaseQueue()
      try queue.write { db in
        for object in CaseSchema.objects(segments: segments) { try db.execute(sql: object.sql) }
        for object in CaseSchema.objects(segments: segments) {
          let row = try Row.fetchOne(
            db, sql: "SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?",
            arguments: [object.type, object.name])
          #expect(row?["sql"] as String? == object.sql)
          if object.type == "view" { _ = try Row.fetchAll(db, sql: "SELECT * FROM \(object.name)") }
        }
      }
    }
  }
}
