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
}
