import Foundation
import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct CaseLoaderTests {
  let folder = TemporaryFolder()
  var path: String { folder.file("x.firebreak") }

  private func loaded(_ batches: [EventBatch], adjustments: [TimeAdjustment] = []) throws -> LoadSummary {
    let loader = try CaseLoader(path: path)
    try loader.load(order: 0, "a.log", hash: 1, adjustments: adjustments, batches)
    return try loader.finish()
  }

  @Test func emptyLoadMakesACaseThatStockSQLiteAccepts() throws {
    let summary = try CaseLoader(path: path).finish()
    #expect(summary.isNewCase && summary.eventIDs.isEmpty)
    #expect(try sqlite3(path, "PRAGMA integrity_check; SELECT count(*) FROM event") == "ok\n0")
    #expect(folder.files == ["x.firebreak"])
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  /// Each file is a lane of its own, and systems let a process open a thousand files.
  @Test func aFolderOfManyFilesNeedsFewOpenOnes() throws {
    func openFiles() -> Int {
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
    let loader = try CaseLoader(path: path)
    let before = openFiles()
    // The last ones first: they wait for their turn.
    for order in (1..<300).reversed() {
      var builder = BatchBuilder()
      builder.add(time: 1_760_140_800_000_000_000 + Int64(order), "file ", "\(order)", "")
      try loader.load(order: order, "a\(order).log", hash: UInt64(order), [builder.batch])
    }
    #expect(openFiles() - before < 100)
    var builder = BatchBuilder()
    for number in 0..<30_000 { builder.add(time: Int64(number), "event ", "\(number)", " of a large file") }
    try loader.load(order: 0, "a0.log", hash: 1000, [builder.batch])
    #expect(openFiles() - before < 100)
    #expect(try loader.finish().eventsInCase == 30_299)
  }

  @Test func eventsComeBackThroughTheReadableViewsOfStockSQLite() throws {
    var builder = BatchBuilder()
    builder.add(
      time: 1_760_140_800_123_456_789, device: "gw-1", severity: 3, program: "sshd", "Failed 100% for ",
      "ro\"ot\\",
      " from ", "10.0.0.1", "", line: 7, offset: 700)
    builder.add(time: nil, device: nil, severity: 255, program: "", "no variable, 50 %s")
    builder.add(time: -1_500_000_000, device: "gw-2", severity: 0, "", "tab\there", " é ", "", "")
    let summary = try loaded([builder.batch])
    #expect(summary.eventIDs == 1..<4 && summary.eventsInCase == 3)
    #expect(summary.newestEvidence?.nanoseconds == 1_760_140_800_123_456_789)
    let rows = try sqlite3(path, "SELECT id, time, device, severity, program, message, line FROM timeline")
    #expect(
      rows
        == """
        1|2025-10-11T00:00:00.123456789Z|gw-1|error|sshd|Failed 100% for ro"ot\\ from 10.0.0.1|7
        2||||||no variable, 50 %s|1
        3|1969-12-31T23:59:58.500000000Z|gw-2|emergency|app|tab\there é |1
        """.replacingOccurrences(of: "2||||||", with: "2|||||"))
    #expect(try sqlite3(path, "PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok")
    #expect(
      try sqlite3(path, "SELECT device, events, errors, first_error FROM device_summary")
        == "gw-1|1|1|1\ngw-2|1|1|3")
    #expect(try sqlite3(path, "SELECT sum(events), count(*) FROM minute_rollup") == "2|2")
  }

  @Test func messagesThatAreNotTextComeBackByteForByte() throws {
    let messages: [[UInt8]] = [
      [], [0], [0xff, 0xfe], Array("a".utf8) + [0] + Array("b".utf8), [0xc3, 0x28],
      Array("\u{1F525}\t\n".utf8),
      Array(repeating: 0x41, count: 10_000_000), Array(repeating: 0xe9, count: 70_000),
    ]
    for asVariable in [false, true] {
      var builder = BatchBuilder()
      for message in messages {
        builder.add(time: 0, parts: asVariable ? [[0x3c], message, [0x3e]] : [message])
      }
      let path = folder.file(asVariable ? "v.firebreak" : "c.firebreak")
      let loader = try CaseLoader(path: path)
      try loader.load(order: 0, "a", hash: 1, [builder.batch])
      _ = try loader.finish()
      #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
      let connection = try CaseOpening.readOnly(path).connection
      let rows = try connection.prepare("SELECT message, typeof(message) FROM timeline ORDER BY id")
      for (index, message) in messages.enumerated() {
        _ = try rows.next()
        let expected = asVariable ? [0x3c] + message + [0x3e] : message
        let isSame = rows.withBytes(0) { got in
          expected.withUnsafeBytes {
            got.count == $0.count && ($0.isEmpty || memcmp(got.baseAddress!, $0.baseAddress!, $0.count) == 0)
          }
        }
        #expect(isSame, "message \(index)")
        #expect(rows.text(1) == ([1, 2, 3, 4, 7].contains(index) ? "blob" : "text"))
      }
    }
  }

  @Test func numberOfThreadsDoesNotChangeTheCase() throws {
    func load(_ name: String, orders: [Int], threads: Bool) throws -> String {
      let loader = try CaseLoader(path: folder.file(name))
      let lanes = try orders.map { ($0, try loader.openLane(order: $0)) }
      @Sendable func feed(_ order: Int, _ lane: any EventLane) throws {
        for member in 0..<3 {
          let source = SourceDescription(path: "p\(order)", members: ["m\(member)"])
          try lane.beginSource(source)
          var builder = BatchBuilder()
          for event in 0..<50 {
            builder.add(
              time: Int64((event * 7919 + order) % 1000) * 1_000_000_000,
              device: "gw-\((event * 31 + order) % 9)",
              severity: UInt8(event % 8), "t\(event % 5) of ", "\(order)/\(member)/\(event)", "")
          }
          try lane.append(builder.batch)
          // Member 2 of all paths is the same file: the first in order is kept.
          try lane.finishSource(
            account(source, hash: member == 2 ? 99 : UInt64(order * 10 + member)), adjustments: [])
        }
        try lane.close()
      }
      if threads {
        struct Sendables: @unchecked Sendable { let lane: any EventLane }
        let group = DispatchGroup()
        for (order, lane) in lanes {
          let boxed = Sendables(lane: lane)
          DispatchQueue.global().async(group: group) {
            do { try feed(order, boxed.lane) } catch { Issue.record(error) }
          }
        }
        group.wait()
      } else {
        for (order, lane) in lanes { try feed(order, lane) }
      }
      let summary = try loader.finish()
      #expect(summary.duplicates.map(\.source.path) == ["p1", "p2", "p3"])
      #expect(summary.duplicates.allSatisfy { $0.original == SourceDescription(path: "p0", members: ["m2"]) })
      #expect(try sqlite3(folder.file(name), "PRAGMA integrity_check") == "ok")
      return try sqlite3(folder.file(name), ".dump segment_1 device template source origin %rollup duplicate")
    }
    let one = try load("one.firebreak", orders: [0, 1, 2, 3], threads: false)
    #expect(try load("back.firebreak", orders: [3, 1, 2, 0], threads: false) == one)
    #expect(try load("many.firebreak", orders: [2, 0, 3, 1], threads: true) == one)
    #expect(one.contains("p0"))
  }

  @Test func appendingContinuesIdsAndKeepsTheRollupsTrue() throws {
    for part in 0..<3 {
      let loader = try CaseLoader(path: path)
      #expect(loader.isNewCase == (part == 0))
      var builder = BatchBuilder()
      for event in 0..<40 {
        builder.add(
          time: Int64(event * 40 - part * 977) * 1_000_000_000, device: "gw-\((event + part) % 5)",
          severity: UInt8((event + part) % 8), "value ", "\(event)", "")
      }
      try loader.load(order: 0, "part\(part)", hash: UInt64(part), [builder.batch])
      let summary = try loader.finish()
      #expect(summary.eventIDs == Int64(part * 40 + 1)..<Int64(part * 40 + 41))
    }
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
    #expect(
      try sqlite3(
        path,
        """
        SELECT count(*) FROM (SELECT time/60000000000 - (time % 60000000000 < 0) AS m, severity, count(*) AS n FROM event
          GROUP BY m, severity EXCEPT SELECT minute, severity, events FROM minute_rollup)
        """) == "0")
    #expect(
      try sqlite3(
        path,
        """
        SELECT device, count(*), min(time), max(time), sum(severity = 3), min(CASE WHEN severity <= 3 THEN time END)
          FROM event GROUP BY device EXCEPT
          SELECT device, events, first_time, last_time, severity_3, first_error_time FROM device_rollup
        """) == "")
    #expect(
      try sqlite3(
        path,
        "SELECT count(*) FROM device_rollup r JOIN event e ON e.id = r.first_error AND e.time = r.first_error_time"
      )
        == "5")
    let again = try CaseLoader(path: path)
    #expect(try again.contains(sha256: account(SourceDescription(path: ""), hash: 1).sha256))
    #expect(try !again.contains(sha256: String(repeating: "b", count: 64)))
  }

  @Test func adjustmentsMoveTimesOfTheirStretchesOnly() throws {
    var builder = BatchBuilder()
    for event in 0..<6 {
      builder.add(
        time: Int64(event) * 10, parts: [Array("boot".utf8)], quality: event < 3 ? .unanchored : .inferredYear
      )
    }
    _ = try loaded(
      [builder.batch],
      adjustments: [
        TimeAdjustment(events: 1..<3, shift: 1000, quality: .anchored, timeError: 7),
        TimeAdjustment(events: 4..<5, shift: -5),
      ])
    #expect(
      try sqlite3(
        path,
        """
        SELECT e.id, e.time, e.since_boot, o.time_quality, o.time_error FROM event e JOIN origin o ON o.ordinal = e.origin
        """) == "1||0|5|500000\n2|1010||3|7\n3|1020||3|7\n4|30||2|500000\n5|35||2|500000\n6|50||2|500000")
  }

  @Test func differentErrorsOfEveryEventStayExact() throws {
    var builder = BatchBuilder()
    for event in 0..<3000 { builder.add(time: 1, parts: [Array("x".utf8)], error: Int64(event)) }
    builder.add(time: 1, parts: [Array("x".utf8)], error: -1)
    _ = try loaded([builder.batch])
    #expect(
      try sqlite3(path, "SELECT count(*), sum(time_error = id - 1), sum(time_error IS NULL) FROM timeline")
        == "3001|3000|1")
    #expect(try sqlite3(path, "SELECT count(*) < 1100 FROM origin") == "1")
  }

  @Test func twoContentsOfOneIdAreACollision() throws {
    var builder = BatchBuilder()
    _ = builder.device(Array("a".utf8), id: 5)
    var other = BatchBuilder()
    _ = other.device(Array("b".utf8), id: 5)
    let loader = try CaseLoader(path: path)
    let lane = try loader.openLane(order: 0)
    try lane.beginSource(SourceDescription(path: "a"))
    try lane.append(builder.batch)
    #expect { try lane.append(other.batch) } throws: { ($0 as? StoreError)?.code == .collision }
    loader.cancel()
    #expect(folder.files.isEmpty)
  }

  @Test func collisionsBetweenLanesAreFound() throws {
    let loader = try CaseLoader(path: path)
    for (order, name) in ["a", "b"].enumerated() {
      var builder = BatchBuilder()
      let id = builder.device(Array(name.utf8), id: 5)
      builder.add(time: 1, device: nil, "x")
      builder.batch.records[0].device = id
      builder.batch.records[0].basis = .path
      if order == 0 {
        try loader.load(order: order, name, hash: 0, [builder.batch])
      } else {
        #expect { try loader.load(order: order, name, hash: 1, [builder.batch]) } throws: {
          ($0 as? StoreError)?.code == .collision
        }
      }
    }
    #expect(throws: StoreError.self) { try loader.finish() }
    #expect(folder.files.isEmpty)
  }

  @Test func discardedSourceLeavesNothing() throws {
    let loader = try CaseLoader(path: path)
    let lane = try loader.openLane(order: 0)
    for (index, keep) in [false, true, false].enumerated() {
      let source = SourceDescription(path: "s\(index)")
      try lane.beginSource(source)
      var builder = BatchBuilder()
      builder.add(time: 1, device: "only-\(index)", "m\(index)")
      try lane.append(builder.batch)
      if keep {
        try lane.finishSource(account(source, hash: UInt64(index)), adjustments: [])
      } else {
        try lane.discardSource()
      }
    }
    try lane.close()
    _ = try loader.finish()
    #expect(
      try sqlite3(path, "SELECT message FROM timeline; SELECT name FROM device; SELECT path FROM source")
        == "m1\nonly-1\ns1")
  }

  @Test func refusedLinesKeepReasonPlaceAndBytes() throws {
    var builder = BatchBuilder()
    let bytes = builder.bytes([0x00, 0xff, 0x41])
    builder.batch.refused.append(
      RefusedLine(line: 3, byteOffset: 30, byteLength: 4, reason: "binary", excerpt: bytes))
    let summary = try loaded([builder.batch])
    #expect(summary.refusedLines == 1)
    #expect(
      try sqlite3(path, "SELECT path, line, byte_offset, byte_length, reason, hex(excerpt) FROM refused_line")
        == "a.log|3|30|4|binary|00FF41")
  }

  @Test func inventoryAndTopologyComeBackAsGiven() throws {
    let loader = try CaseLoader(path: path)
    var inventory = Inventory(attributes: ["site", "it's \"odd\""])
    inventory.append(device: "gw-2", row: ["plant", ""])
    inventory.append(device: "gw-1", row: ["", "x"])
    inventory.append(device: "bare", row: [])
    loader.setInventory(inventory)
    loader.setTopology(Topology(links: [.init(from: "gw-1", to: "gw-2", kind: "uplink")]))
    _ = try loader.finish()
    let connection = try CaseOpening.readOnly(path).connection
    let read = try FleetTables.inventory(connection)
    #expect(read.devices == ["gw-2", "gw-1", "bare"] && read.attributes == inventory.attributes)
    #expect(read.value(device: "gw-1", attribute: "it's \"odd\"") == "x")
    #expect(read.value(device: "gw-1", attribute: "site") == "")
    #expect(try FleetTables.topology(connection).links == [.init(from: "gw-1", to: "gw-2", kind: "uplink")])
  }

  @Test func embeddedFilesComeBackByteForByte() throws {
    let contents = [0, 1, EmbeddedEvidence.partSize, EmbeddedEvidence.partSize * 2 + 7].map { count in
      Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
    }
    let loader = try CaseLoader(path: path)
    for (index, content) in contents.enumerated() {
      try content.write(to: URL(filePath: folder.file("e\(index)")))
      loader.embed(path: folder.file("e\(index)"), sha256: "hash\(index)")
      loader.embed(path: folder.file("e\(index)"), sha256: "hash\(index)")
    }
    _ = try loader.finish()
    let reader = try CaseReader(path: path)
    for (index, content) in contents.enumerated() {
      var read = Data()
      let isThere = try reader.readEmbedded(sha256: "hash\(index)") {
        read.append(contentsOf: $0)
        return true
      }
      #expect(isThere && read == content)
    }
    #expect(try reader.readEmbedded(sha256: "other") { _ in true } == false)
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }
}
