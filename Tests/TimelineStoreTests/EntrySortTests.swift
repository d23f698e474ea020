import Testing

@testable import TimelineStore

/// Index entries in order of time, by runs or by digits.
@Suite struct EntrySortTests {
  @Test func entriesAreInOrderAndEqualTimesKeepTheirs() {
    for (files, count) in [
      (1, 1000), (2, 1000), (3, 999), (5, 4096), (16, 4096), (17, 4096), (40, 4000), (2, 2), (1, 1),
    ] {
      for unit: Int64 in [1, 1000, 1_000_000_000] {
        let buffer = EntryBuffer(capacity: count)
        let scratch = EntryBuffer(capacity: count)
        var expected: [(time: Int64, id: UInt64)] = []
        for index in 0..<count {
          // Each file in order of time, with as many equal times within and between them.
          let inFile = index % ((count + files - 1) / files)
          let time = Int64(inFile / 3) * unit - 1_000_000_000
          buffer.entries[index] = IndexEntry(id: Int64(index), time: time, device: 0, severity: 6)
          expected.append((time, UInt64(index)))
        }
        buffer.count = count
        EntrySort.byTime(buffer, scratch: scratch)
        expected.sort { $0 < $1 }
        #expect(buffer.used.map(\.time) == expected.map(\.time), "\(files) files, unit \(unit)")
        #expect(buffer.used.map(\.id) == expected.map(\.id), "\(files) files, unit \(unit)")
      }
    }
  }

  @Test func runsAreMergedHoweverTheyOverlap() throws {
    var random = SeededGenerator(state: 11)
    let folder = TemporaryFolder()
    for round in 0..<40 {
      let capacity = Int.random(in: 40...300, using: &random)
      let sorter = EntrySorter(
        path: folder.file("case"), chunk: EntryBuffer(capacity: capacity),
        scratch: EntryBuffer(capacity: 2 * capacity))
      var expected: [(time: Int64, id: UInt64)] = []
      var timeless: [UInt64] = []
      var start: Int64 = 0
      for id in 0..<Int.random(in: 1...3000, using: &random) {
        // Sources one after the other, apart or over one another, or all at the same time.
        if id % 500 == 0 { start = Int64.random(in: -1000...1000, using: &random) * Int64(round % 4) }
        // Or in no order at all: then all runs overlap.
        let time =
          round % 5 == 4
          ? Int64.random(in: 0...500, using: &random)
          : start + Int64(id % 500) / 3 + Int64.random(in: 0...5, using: &random)
        let hasTime = id % 97 > 0
        try sorter.append(IndexEntry(id: Int64(id), time: hasTime ? time : nil, device: 0, severity: 6))
        if hasTime { expected.append((time, UInt64(id))) } else { timeless.append(UInt64(id)) }
      }
      if round % 3 == 0 {
        let kept = Int.random(in: 0...expected.count, using: &random)
        try sorter.removeAll(from: Int64(kept))
        expected.removeAll { $0.id >= kept }
        timeless.removeAll { $0 >= kept }
      }
      expected.sort { $0 < $1 }
      var ids: [UInt64] = []
      try sorter.drain { for entry in $0 { ids.append(entry.id) } }
      #expect(ids == timeless + expected.map(\.id), "round \(round)")
    }
  }
}
