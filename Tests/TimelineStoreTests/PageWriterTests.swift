import Foundation
import IncidentModel
import Testing

@testable import TimelineStore

/// A small deterministic generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct PageWriterTests {
  let folder = TemporaryFolder()

  /// Loads the same evidence by both ways and compares all that stock SQLite says of the two cases.
  private func compare(
    _ name: String, entriesInMemory: Int, streamedBytes: Int = 512 << 10, _ feed: (CaseLoader) throws -> Void
  ) throws {
    var dumps: [String] = []
    for pages in [false, true] {
      var options = CaseLoader.Options()
      options.now = Instant(nanoseconds: 1)
      options.writesPages = pages
      options.entriesInMemory = entriesInMemory
      options.streamedBytes = streamedBytes
      let path = folder.file("\(name)-\(pages).firebreak")
      let loader = try CaseLoader(path: path, options: options)
      try feed(loader)
      _ = try loader.finish()
      #expect(try sqlite3(path, "PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok", "\(name)")
      dumps.append(try sqlite3(path, ".dump"))
      // Each index alone must hold the rows in its order.
      dumps[dumps.count - 1] += try sqlite3(
        path,
        """
        SELECT group_concat(id) FROM (SELECT id FROM event ORDER BY time);
        SELECT group_concat(id) FROM (SELECT id FROM event ORDER BY device, time);
        SELECT group_concat(id) FROM (SELECT id FROM event WHERE severity <= 3 ORDER BY device, time);
        """)
    }
    #expect(dumps[0] == dumps[1], "\(name)")
  }

  @Test(arguments: [0, 1, 2, 30, 31, 32, 33, 60, 250, 260, 1000, 5000])
  func anyNumberOfRowsMakesAGoodTree(rows: Int) throws {
    try compare("rows-\(rows)", entriesInMemory: 300) { loader in
      var builder = BatchBuilder()
      for event in 0..<rows {
        builder.add(
          time: Int64(event * 7919 % 1009), device: "gw-\(event % 7)", severity: UInt8(event % 9), "row")
      }
      try loader.load(order: 0, "a", hash: 1, [builder.batch])
    }
  }

  @Test func rowsAtThePagesBordersAndFarBeyondSpillAsSQLiteDoes() throws {
    try compare("sizes", entriesInMemory: 100) { loader in
      var builder = BatchBuilder()
      let sizes =
        [0, 1, 470, 489, 490, 4000] + Array(4020...4070) + Array(4555...4600) + [
          8000, 8180, 12_300, 65_536, 1_000_000,
        ]
      for size in sizes {
        builder.add(time: Int64(size), parts: [[], Array(repeating: 0x61, count: size), []])
        builder.add(time: Int64(size), parts: [Array(repeating: 0xff, count: size)])
      }
      try loader.load(order: 0, "a", hash: 1, [builder.batch])
    }
  }

  @Test(arguments: 1...12) func randomEvidenceIsStoredLikeThroughSQLite(seed: UInt64) throws {
    try compare(
      "seed-\(seed)", entriesInMemory: [64, 1000, 100_000][Int(seed % 3)],
      streamedBytes: [0, 20_000, 512 << 10][Int(seed / 3 % 3)]
    ) { loader in
      var random = SeededGenerator(state: seed)
      for lane in 0..<3 {
        let opened = try loader.openLane(order: lane)
        for member in 0..<Int.random(in: 0...3, using: &random) {
          let source = SourceDescription(path: "p\(lane)", members: ["m\(member)"])
          try opened.beginSource(source)
          var events = 0
          for _ in 0..<Int.random(in: 0...3, using: &random) {
            var builder = BatchBuilder()
            for _ in 0..<Int.random(in: 0...700, using: &random) {
              Self.addRandomEvent(&builder, &random)
              events += 1
            }
            if Bool.random(using: &random) {
              let excerpt = builder.bytes([0x01, 0xff])
              builder.batch.refused.append(
                RefusedLine(line: 1, byteOffset: 2, byteLength: 3, reason: "bad-time", excerpt: excerpt))
            }
            try opened.append(builder.batch)
          }
          var adjustments: [TimeAdjustment] = []
          if events > 10, Bool.random(using: &random) {
            adjustments = [
              TimeAdjustment(
                events: 1..<events / 2, shift: 86_400_000_000_000, quality: .anchored, timeError: 5),
              TimeAdjustment(events: events / 3..<events, shift: -3, timeError: 9),
            ]
          }
          if Int.random(in: 0..<5, using: &random) == 0 {
            try opened.discardSource()
          } else {
            let hash = UInt64.random(in: 0..<6, using: &random)
            try opened.finishSource(account(source, hash: hash), adjustments: adjustments)
          }
        }
        try opened.close()
      }
    }
  }

  /// Loads that get segments of their own, built as pages beside the case, leave what loads through SQLite leave.
  /// Lines that are a little out of order are put right as they come, others by sorting.
  @Test(arguments: [0, 3, 40, 5000]) func eventsOutOfOrderAreIndexedInOrder(by reach: Int64) throws {
    try compare("reach-\(reach)", entriesInMemory: 1500) { loader in
      var random = SeededGenerator(state: UInt64(reach))
      for file in 0..<3 {
        var builder = BatchBuilder()
        for event in 0..<2000 {
          let time = Int64(event) / 3 - Int64.random(in: 0...reach, using: &random)
          builder.add(time: time, device: "gw-\(event % 5)", severity: UInt8((event + file) % 9), "row")
        }
        try loader.load(order: file, "f\(file)", hash: UInt64(file + 1), [builder.batch])
      }
    }
  }

  @Test(arguments: 1...4) func laterSegmentsAreStoredLikeThroughSQLite(seed: UInt64) throws {
    var dumps: [String] = []
    for pages in [false, true] {
      var random = SeededGenerator(state: seed &* 31)
      let path = folder.file("later-\(seed)-\(pages).firebreak")
      for load in 0..<4 {
        var options = CaseLoader.Options()
        options.now = Instant(nanoseconds: Int64(load))
        options.writesPages = pages
        options.entriesInMemory = 500
        options.largeLoad = 100
        let loader = try CaseLoader(path: path, options: options)
        for lane in 0..<2 {
          var builder = BatchBuilder()
          for _ in 0..<Int.random(in: 0...600, using: &random) { Self.addRandomEvent(&builder, &random) }
          try loader.load(
            order: lane, "l\(load)-\(lane)", hash: UInt64.random(in: 0..<40, using: &random), [builder.batch])
        }
        _ = try loader.finish()
      }
      #expect(try sqlite3(path, "PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok")
      #expect(!folder.files.contains { $0.hasPrefix(".firebreak") })
      dumps.append(
        try sqlite3(path, ".dump")
          + sqlite3(
            path,
            "SELECT group_concat(id) FROM (SELECT id FROM segment_2 ORDER BY device, time); "
              + "SELECT group_concat(id) FROM (SELECT id FROM segment_2 ORDER BY time)"))
    }
    #expect(dumps[0] == dumps[1])
  }

  /// SQLite must move a staged segment's trees as they are.
  @Test func aStagedSegmentIsTransferredWithoutSorting() throws {
    let path = folder.file("transfer.firebreak")
    let connection = try SQLiteConnection(path: path, flags: 6)
    try connection.execute("ATTACH '\(folder.file("staged.firebreak"))' AS staged")
    for object in CaseSchema.segmentObjects(number: 2) {
      try connection.execute(object.sql)
      try connection.execute(
        object.sql.replacingOccurrences(
          of: object.type == "index" ? "INDEX segment_2_" : "TABLE segment_2",
          with: object.type == "index" ? "INDEX staged.segment_2_" : "TABLE staged.segment_2"))
    }
    let plan = try connection.rows("EXPLAIN INSERT INTO main.segment_2 SELECT * FROM staged.segment_2")
    let operations = plan.compactMap { $0[1].text }
    #expect(
      !operations.contains("Column") && !operations.contains { $0.hasPrefix("Sorter") }, "\(operations)")
    #expect(operations.filter { $0 == "IdxInsert" }.count == 4, "\(operations)")
  }

  /// Lanes that are fed side by side, in any order, leave the very same file as one after the other.
  @Test(arguments: 1...6) func theFilesBytesDoNotDependOnWhoIsFasterThanWhom(seed: UInt64) throws {
    var content = SeededGenerator(state: seed)
    let sources = (0..<4).map { lane in
      (0..<Int.random(in: 0...3, using: &content)).map { member in
        let batches = (0..<Int.random(in: 0...3, using: &content)).map { _ in
          var builder = BatchBuilder()
          for _ in 0..<Int.random(in: 0...400, using: &content) { Self.addRandomEvent(&builder, &content) }
          return builder.batch
        }
        return (
          name: "m\(member)", hash: UInt64.random(in: 0..<9, using: &content), batches: batches,
          isDiscarded: Int.random(in: 0..<5, using: &content) == 0
        )
      }
    }
    var files: [Data] = []
    for run in 0..<4 {
      var order = SeededGenerator(state: seed &* 1000 &+ UInt64(run))
      var options = CaseLoader.Options()
      options.now = Instant(nanoseconds: 1)
      options.entriesInMemory = 500
      options.streamedBytes = [0, 10_000, 512 << 10][run % 3]
      options.spooledInMemory = [4096, 1 << 20, 20_000][run % 3]
      let path = folder.file("bytes-\(seed)-\(run).firebreak")
      let loader = try CaseLoader(path: path, options: options)
      var lanes = try sources.indices.map {
        (order: $0, lane: try loader.openLane(order: $0), steps: [() throws -> Void]())
      }
      for index in lanes.indices {
        let lane = lanes[index].lane
        for source in sources[index] {
          let description = SourceDescription(path: "p\(index)", members: [source.name])
          lanes[index].steps.append { try lane.beginSource(description) }
          for batch in source.batches { lanes[index].steps.append { try lane.append(batch) } }
          lanes[index].steps.append {
            if source.isDiscarded { return try lane.discardSource() }
            try lane.finishSource(account(description, hash: source.hash), adjustments: [])
          }
        }
        lanes[index].steps.append { try lane.close() }
      }
      while lanes.contains(where: { !$0.steps.isEmpty }) {
        let open = lanes.indices.filter { !lanes[$0].steps.isEmpty }
        let next = run == 0 ? open[0] : open.randomElement(using: &order)!
        try lanes[next].steps.removeFirst()()
      }
      _ = try loader.finish()
      #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
      files.append(try Data(contentsOf: URL(filePath: path)))
    }
    #expect(files.allSatisfy { $0 == files[0] })
  }

  /// Rows that lie in a file are handed on in the background: what fails there ends the lane that reads on, and the load.
  @Test func aDiskThatIsFullInTheBackgroundIsSaid() throws {
    var options = CaseLoader.Options()
    options.maximumPages = 80
    options.streamedBytes = 0
    options.spooledInMemory = 4096
    let loader = try CaseLoader(path: folder.file("full.firebreak"), options: options)
    var builder = BatchBuilder()
    for event in 0..<20_000 {
      builder.add(time: Int64(event), device: "gw-\(event % 7)", severity: 3, "row \(event * 7919)")
    }
    let lanes = try (0..<3).map { try loader.openLane(order: $0) }
    let sources = lanes.indices.map { SourceDescription(path: "p\($0)", members: []) }
    for (lane, source) in zip(lanes, sources) { try lane.beginSource(source) }
    try lanes[1].append(builder.batch)
    try lanes[1].finishSource(account(sources[1], hash: 2), adjustments: [])
    try lanes[1].close()
    // Nothing has been written by now; the first lane's end hands the second one's rows on.
    try lanes[0].finishSource(account(sources[0], hash: 1), adjustments: [])
    try lanes[0].close()
    let failure = #expect(throws: StoreError.self) {
      for _ in 0..<10_000 {
        try lanes[2].append(builder.batch)
        usleep(1000)
      }
    }
    #expect(failure?.code == .diskFull, "\(String(describing: failure))")
    loader.cancel()
    #expect(folder.files.isEmpty, "\(folder.files)")
  }

  static func addRandomEvent(_ builder: inout BatchBuilder, _ random: inout SeededGenerator) {
    let texts = [
      "", "10.0.0.1", "a\"b\\c", "é", "tab\t", "line\nend", "x", "%s", "<*>",
      String(repeating: "y", count: 300),
    ]
    func text() -> [UInt8] {
      let pick = Int.random(in: 0..<texts.count + 2, using: &random)
      if pick == texts.count { return [0xc3, 0x28] }
      if pick == texts.count + 1 {
        return Array(repeating: 0x7a, count: Int.random(in: 0...9000, using: &random))
      }
      return Array(texts[pick].utf8)
    }
    let variables = Int.random(in: 0...5, using: &random)
    var parts: [[UInt8]] = [Array("begin \(variables % 3)".utf8)]
    for _ in 0..<variables {
      parts.append(text())
      parts.append(Array(" and ".utf8))
    }
    let qualities: [TimeQuality] = [.exact, .assumedZone, .unanchored, .inferredYear]
    builder.add(
      time: Int.random(in: 0..<10, using: &random) == 0
        ? nil : Int64.random(in: -1_000_000...1_000_000, using: &random) * 1_000_000,
      device: Int.random(in: 0..<10, using: &random) == 0
        ? nil : "gw-\(Int.random(in: 0..<40, using: &random))",
      severity: UInt8.random(in: 0...8, using: &random), program: "p\(Int.random(in: 0..<3, using: &random))",
      parts: parts,
      line: UInt64.random(in: 0...1 << 40, using: &random) >> UInt64.random(in: 0...40, using: &random),
      offset: UInt64.random(in: 0...1 << 60, using: &random) >> UInt64.random(in: 0...60, using: &random),
      length: UInt32.random(in: 0...UInt32.max, using: &random) >> UInt32.random(in: 0...31, using: &random),
      quality: qualities.randomElement(using: &random)!, error: Int64.random(in: -1...3, using: &random),
      stamp: Bool.random(using: &random) ? Array("Oct 11 00:00:00".utf8) : [],
      fields: Bool.random(using: &random) ? Array("{\"a\":1}".utf8) : [])
    if Bool.random(using: &random) {
      // Beside fields it says nothing.
      builder.batch.records[builder.batch.records.count - 1].header = SyslogHeader(
        facility: Int.random(in: -1...23, using: &random),
        process: Int.random(in: 0..<SyslogHeader.processLimit, using: &random)
          >> Int.random(in: 0...26, using: &random))
    }
  }

  @Test func rowsAreTheSameWhereTemplatesAndDevicesAreToldByNumber() throws {
    var dumps: [String] = []
    var valued = 0
    for way in ["variables", "numbers", "values"] {
      let path = folder.file("by-\(way).firebreak")
      let loader = try CaseLoader(path: path)
      var random = SeededGenerator(state: 77)
      var builder = BatchBuilder()
      for _ in 0..<600 { Self.addRandomEvent(&builder, &random) }
      if way != "variables" {
        let numbers = Dictionary(
          uniqueKeysWithValues: builder.batch.templates.enumerated().map { ($0.element.id, $0.offset + 1) })
        let devices = Dictionary(
          uniqueKeysWithValues: builder.batch.devices.enumerated().map { ($0.element.id, $0.offset + 1) })
        for place in builder.batch.records.indices {
          builder.batch.records[place].deviceNumber =
            place % 5 == 0 ? 4_000_000 : UInt32(devices[builder.batch.records[place].device] ?? 0)
          // A number that nobody told means nothing.
          builder.batch.records[place].templateNumber =
            place % 7 == 0 ? 4_000_000 : UInt32(numbers[builder.batch.records[place].template] ?? 0)
          if way == "values", place % 7 > 0, builder.bringValues(ofRecord: place) { valued += 1 }
        }
      }
      try loader.load(order: 0, "a", hash: 1, [builder.batch])
      _ = try loader.finish()
      dumps.append(
        try sqlite3(path, "SELECT * FROM event; SELECT message FROM timeline; SELECT * FROM template"))
    }
    #expect(dumps[0] == dumps[1])
    #expect(dumps[0] == dumps[2])
    #expect(dumps[0].count > 10_000)
    #expect(valued > 50)
  }

  @Test func manySmallPagesBuildTreesOfAllShapes() throws {
    // The trees' upper levels with few keys a page: every count of leaves up to some hundred.
    for leaves in [1, 2, 3, 339, 340, 341, 342, 680, 681, 682] {
      let path = folder.file("shape-\(leaves).firebreak")
      let loader = try CaseLoader(path: path)
      var builder = BatchBuilder()
      for event in 0..<leaves * 4 {
        builder.add(time: Int64(event), parts: [Array(repeating: 0x61, count: 980)])
      }
      try loader.load(order: 0, "a", hash: 1, [builder.batch])
      _ = try loader.finish()
      #expect(
        try sqlite3(path, "PRAGMA integrity_check; SELECT count(*), sum(length(message)) FROM timeline")
          == "ok\n\(leaves * 4)|\(leaves * 4 * 980)")
    }
  }
}
