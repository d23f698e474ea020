import Foundation
import Testing

@testable import TimelineStore

/// Trees written in stretches are byte for byte those written entry by entry.
@Suite struct TreeWriterTests {
  let folder = TemporaryFolder()

  /// A file of two empty pages, the roots, and a tree in the second.
  private func write(_ name: String, _ body: (PageFile) throws -> Void) throws -> Data {
    let path = folder.file(name)
    try Data(count: 2 * PageFile.pageSize).write(to: URL(fileURLWithPath: path))
    let file = try PageFile(path: path)
    try body(file)
    try file.finish()
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test(arguments: 1...8) func entriesInStretchesMakeTheSamePages(seed: UInt64) throws {
    var random = SeededGenerator(state: seed)
    let entries = (0..<Int.random(in: 0...3000, using: &random)).map { index in
      // Usual ones, with ids of all sizes, and now and then one without time or device.
      IndexEntry(
        id: Int64(random.next() >> UInt64.random(in: 28...63, using: &random)),
        time: random.next() % 50 == 0 ? nil : Int64(bitPattern: random.next()),
        device: random.next() % 50 == 0 ? -1 : Int32(random.next() % (1 << 23)), severity: index % 9)
    }
    for order in [IndexEntry.Order.time, .device] {
      let single = try write("single") { file in
        let tree = IndexTreeWriter(file: file, root: 2)
        for entry in entries {
          try order == .time ? entry.append(byTime: tree) : entry.append(byDevice: tree)
        }
        try tree.finish()
      }
      let stretches = try write("stretches") { file in
        let tree = IndexTreeWriter(file: file, root: 2)
        try entries.withUnsafeBufferPointer { entries in
          var start = 0
          while start < entries.count {
            let end = min(entries.count, start + Int.random(in: 0...700, using: &random))
            try tree.append(UnsafeBufferPointer(rebasing: entries[start..<end]), by: order)
            start = end
          }
        }
        try tree.finish()
      }
      #expect(single == stretches)
    }
  }

  @Test func rowIDsOfAllSizesStandInTheTable() throws {
    var ids: [Int64] = []
    for bits in 0..<62 { for near in -2...2 as ClosedRange<Int64> { ids.append((1 << Int64(bits)) + near) } }
    ids = Set(ids.filter { $0 > 0 }).sorted()
    var written: [[UInt8]] = []
    let data = try write("rows") { file in
      let table = TableTreeWriter(file: file, root: 2)
      for (index, id) in ids.enumerated() {
        let record = (0..<[1, 4, 5, 6, 100, 127, 128, 129, 2000][index % 9]).map {
          UInt8(truncatingIfNeeded: $0 ^ index)
        }
        written.append(record)
        try record.withUnsafeBytes { try table.append(id: id, record: $0) }
      }
      try table.finish()
    }
    // The leaves in the order of the file are those of the rows; the root above them is not a leaf.
    var found: [(Int64, [UInt8])] = []
    data.withUnsafeBytes { data in
      for page in 2..<data.count / PageFile.pageSize {
        let base = data.baseAddress! + page * PageFile.pageSize
        guard base.load(as: UInt8.self) == TreePage.Kind.tableLeaf.rawValue else { continue }
        for cell in 0..<Int(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 3, as: UInt16.self))) {
          var at = Int(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 8 + 2 * cell, as: UInt16.self)))
          let count = Int(Varint.read(base, &at))
          let id = Int64(bitPattern: Varint.read(base, &at))
          found.append((id, Array(UnsafeRawBufferPointer(start: base + at, count: count))))
        }
      }
    }
    #expect(found.map(\.0) == ids)
    #expect(found.map(\.1) == written)
  }
}
