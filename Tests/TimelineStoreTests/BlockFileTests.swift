import Foundation
import Testing

@testable import TimelineStore

/// Stretches that are written behind their owner's back come back byte for byte, and what fails there is said.
@Suite struct BlockFileTests {
  private static func bytes(_ count: Int, _ seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 9 &+ seed) }
  }

  /// Folders of two kinds of file system, where there are two.
  private static var folders: [String] {
    [NSTemporaryDirectory(), "/dev/shm"].filter { FileManager.default.isWritableFile(atPath: $0) }
  }

  /// A rate that no disk reaches makes the page cache take over amid the stretches.
  @Test("stretches of all sizes come back", arguments: folders, [0, Int.max])
  func comesBack(folder: String, leastRate: Int) throws {
    var random = SplitMix(seed: 3)
    let file = try BlockFile.temporary(beside: folder + "/case", leastRate: leastRate)
    var expected: [UInt8] = []
    var buffer = ByteBuffer(capacity: 1 << 20, alignment: BlockFile.block)
    for stretch in 0..<24 {
      let blocks =
        stretch % 3 == 0 ? Int.random(in: 1...8, using: &random) : Int.random(in: 64...256, using: &random)
      let kept = Int.random(in: 0..<BlockFile.block, using: &random)
      let more = blocks * BlockFile.block + kept - buffer.count
      guard more >= 0 else { continue }
      let added = Self.bytes(more, stretch)
      added.withUnsafeBytes { buffer.append($0) }
      let start = expected.count
      expected += buffer.bytes.prefix(blocks * BlockFile.block)
      let rest = Array(buffer.bytes.dropFirst(blocks * BlockFile.block))
      try file.write(&buffer, count: blocks * BlockFile.block, at: Int64(start))
      #expect(Array(buffer.bytes) == rest)
    }
    file.endWriting()
    for window in [1, 3, 256] {
      let edges = (0..<4).map { _ in Int.random(in: 0...expected.count / BlockFile.block, using: &random) }
        .sorted().map { $0 * BlockFile.block }
      let ranges = [edges[2]..<edges[3], edges[0]..<edges[1], 0..<0]
      let reader = try BlockReader(
        file, ranges.map { Int64($0.lowerBound)..<Int64($0.upperBound) }, window: window * BlockFile.block)
      var found: [UInt8] = []
      while case let bytes = try reader.next(), !bytes.isEmpty {
        #expect(bytes.count <= window * BlockFile.block)
        found += bytes
      }
      #expect(found == ranges.flatMap { Array(expected[$0]) })
    }
    let part = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 8 * BlockFile.block, alignment: BlockFile.block)
    defer { part.deallocate() }
    try file.read(at: Int64(16 * BlockFile.block), into: part)
    #expect(Array(part) == Array(expected[16 * BlockFile.block..<24 * BlockFile.block]))
  }

  @Test("a disk that takes no more is told of by the next call, and by settle")
  func saysThatTheDiskIsFull() throws {
    let file = BlockFile(open("/dev/full", O_RDWR | O_CLOEXEC), path: "/dev/full")
    var buffer = ByteBuffer(capacity: 1 << 20, alignment: BlockFile.block)
    Self.bytes(1 << 20, 1).withUnsafeBytes { buffer.append($0) }
    try file.write(&buffer, count: 1 << 20, at: 0)
    let settled = #expect(throws: StoreError.self) { try file.settle() }
    #expect(settled?.code == .diskFull)
    Self.bytes(1 << 20, 1).withUnsafeBytes { buffer.append($0) }
    let again = #expect(throws: StoreError.self) { try file.write(&buffer, count: 1 << 20, at: 1 << 20) }
    #expect(again?.code == .diskFull)
    #expect(buffer.count == 1 << 20)
  }

  @Test("what is looked at in windows may be left early")
  func isLeftEarly() throws {
    let file = try BlockFile.temporary(beside: NSTemporaryDirectory() + "/case")
    var buffer = ByteBuffer(capacity: 1 << 20, alignment: BlockFile.block)
    for stretch in 0..<3 {
      Self.bytes(1 << 20, stretch).withUnsafeBytes { buffer.append($0) }
      try file.write(&buffer, count: 1 << 20, at: Int64(stretch << 20))
    }
    let reader = try BlockReader(file, [0..<3 << 20], window: 16 * BlockFile.block)
    for window in 0..<5 {
      let bytes = try reader.next()
      let isWhole = bytes.count == 16 * BlockFile.block
      #expect(isWhole && bytes[0] == UInt8(truncatingIfNeeded: (window << 16) &* 131 &+ window << 7))
    }
    // The sixth is on its way now, and nobody waits for it.
  }

  @Test("a window that cannot be read is said, and what is behind it is not read")
  func saysThatAFileEnds() throws {
    let file = try BlockFile.temporary(beside: NSTemporaryDirectory() + "/case")
    var buffer = ByteBuffer(capacity: 1 << 20, alignment: BlockFile.block)
    Self.bytes(1 << 20, 0).withUnsafeBytes { buffer.append($0) }
    try file.write(&buffer, count: 1 << 20, at: 0)
    let reader = try BlockReader(file, [0..<2 << 20], window: 1 << 20)
    let first = try reader.next().count
    #expect(first == 1 << 20)
    let failure = #expect(throws: StoreError.self) { _ = try reader.next() }
    #expect(failure?.code == .inputOutput)
  }
}
