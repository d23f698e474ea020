import Foundation
import Testing

@testable import TimelineStore

/// What lanes leave for the assembly comes back byte for byte, wherever frames lie to the blocks of the file.
@Suite struct SpoolTests {
  /// Records of 0 bytes to three blocks, and some longer than what is read at once.
  private static func records(_ count: Int, _ random: inout some RandomNumberGenerator) -> [[UInt8]] {
    (0..<count).map { index in
      let most = index % 5 == 0 ? 12_288 : 300
      let length = index % 97 == 96 ? 20_000 : Int.random(in: 0...most, using: &random)
      return (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
    }
  }

  private static func frames(_ spool: Spool, _ from: Int64, _ to: Int64) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    try spool.forEach(from: from, to: to) { found.append(Array($0)) }
    return found
  }

  /// Folders of two kinds of file system, where there are two.
  private static var folders: [String] {
    [NSTemporaryDirectory(), "/dev/shm"].filter { FileManager.default.isWritableFile(atPath: $0) }
  }

  @Test(
    "frames come back from file and memory, from any to any", arguments: folders, [4096, 10_000, 1 << 20])
  func comesBack(folder: String, bufferSize: Int) throws {
    var random = SplitMix(seed: UInt64(bufferSize))
    let spool = Spool(beside: folder + "/case", bufferSize: bufferSize)
    let records = Self.records(400, &random)
    var ends: [Int64] = [0]
    for record in records {
      try spool.append { buffer in record.withUnsafeBytes { buffer.append($0) } }
      ends.append(spool.end)
    }
    for round in 0..<20 {
      let from = Int.random(in: 0...records.count, using: &random)
      let to = Int.random(in: from...records.count, using: &random)
      #expect(try Self.frames(spool, ends[from], ends[to]) == Array(records[from..<to]))
      if round == 10 { try spool.finishWriting() }
    }
    #expect(try Self.frames(spool, 0, spool.end) == records)
  }

  @Test("what is cut off is forgotten, and what follows stands where it was", arguments: folders)
  func isCut(folder: String) throws {
    var random = SplitMix(seed: 4)
    let spool = Spool(beside: folder + "/case", bufferSize: 8192)
    var kept: [[UInt8]] = []
    var ends: [Int64] = [0]
    for _ in 0..<40 {
      for record in Self.records(30, &random) {
        try spool.append { buffer in record.withUnsafeBytes { buffer.append($0) } }
        kept.append(record)
        ends.append(spool.end)
      }
      let left = Int.random(in: 0...kept.count, using: &random)
      try spool.truncate(to: ends[left])
      kept.removeSubrange(left...)
      ends.removeSubrange((left + 1)...)
      #expect(spool.end == ends[left])
      #expect(try Self.frames(spool, 0, spool.end) == kept)
    }
  }

  @Test("a record may be changed in place, in file and memory")
  func isChanged() throws {
    let spool = Spool(beside: NSTemporaryDirectory() + "/case", bufferSize: 4096)
    for index in 0..<2000 {
      try spool.append { buffer in [UInt8(index & 255), 0, 0].withUnsafeBytes { buffer.append($0) } }
    }
    var sum = 0
    try spool.forEach(from: 0, to: spool.end) { record in
      record[1] = 1
      sum += Int(record[0]) + Int(record[1])
    }
    #expect(sum == (0..<2000).reduce(0) { $0 + $1 & 255 } + 2000)
  }
}
