import IncidentModel
import Testing

@testable import TimelineStore

/// A header that stands for the fields is seen as those, by every reader.
@Suite struct SyslogHeaderRowTests {
  let folder = TemporaryFolder()

  /// All facilities, with and without process ids of all sizes.
  private static let headers: [SyslogHeader] = (-1...23).flatMap { facility in
    [-1, 0, 6, 300, 70_000, SyslogHeader.processLimit - 1].map {
      SyslogHeader(facility: facility, process: $0)
    }
  }

  private func load(_ path: String) throws {
    let loader = try CaseLoader(path: path)
    var builder = BatchBuilder()
    for (number, header) in Self.headers.enumerated() {
      builder.add(time: Int64(number) * 1_000_000_000, "seen ", "\(number)", "")
      builder.batch.records[number].header = header
    }
    try loader.load(order: 0, "a", hash: 1, [builder.batch])
    _ = try loader.finish()
  }

  @Test func stockSQLiteSpellsThemInTheTimeline() throws {
    let path = folder.file("spelled.firebreak")
    try load(path)
    let found = try sqlite3(path, "SELECT '=' || coalesce(fields, '') FROM timeline ORDER BY id")
    #expect(found == Self.headers.map { "=" + $0.fields }.joined(separator: "\n"))
    #expect(try sqlite3(path, "SELECT count(*) FROM segment_1 WHERE fields IS NOT NULL") == "0")
    #expect(try sqlite3(path, "SELECT count(*) FROM event WHERE header IS NULL") == "1")
  }

  @Test func eventsAndQueriesKnowThem() throws {
    let path = folder.file("queried.firebreak")
    try load(path)
    let reader = try CaseReader(path: path)
    func events(_ query: String) throws -> [TimelineEvent] {
      try reader.events(matching: query)
    }
    #expect(try events("").map { $0.fields ?? "" }.sorted() == Self.headers.map(\.fields).sorted())
    #expect(try events("pid:300").count == 25)
    #expect(try events("pid>300").count == 50)
    #expect(try events("facility:local7").count == 6)
    #expect(try events("facility:kern pid:6").map(\.fields) == [#"{"facility":"kern","pid":6}"#])
    #expect(throws: (any Error).self) { try events("facilty:kern") }
  }
}
