import IncidentModel
import Testing

@Suite struct ShortCopyTests {
  /// Every length around the borders of the ways to copy, at every alignment of either side.
  @Test func copiesTheBytesAndNoOthers() {
    let source = (0..<160).map { UInt8($0 &+ 1) }
    for count in 0...80 {
      for (from, to) in [(0, 0), (1, 0), (0, 3), (7, 5)] {
        var target = [UInt8](repeating: 0, count: 160)
        source.withUnsafeBytes { source in
          target.withUnsafeMutableBytes {
            ($0.baseAddress! + to).copyShort(from: source.baseAddress! + from, count: count)
          }
        }
        var expected = [UInt8](repeating: 0, count: 160)
        for index in 0..<count { expected[to + index] = source[from + index] }
        #expect(target == expected, "\(count) bytes from \(from) to \(to)")
      }
    }
  }

  @Test func copiesBlocksAndNoMoreThanTheOverrun() {
    let source = (0..<160).map { UInt8($0 &+ 1) }
    for count in 0...80 {
      var target = [UInt8](repeating: 0, count: 160)
      source.withUnsafeBytes { source in
        target.withUnsafeMutableBytes {
          ($0.baseAddress! + 3).copyBlocks(from: source.baseAddress! + 5, count: count)
        }
      }
      #expect(target[..<3] == [0, 0, 0])
      #expect(target[3..<3 + count] == source[5..<5 + count])
      #expect(target[(3 + count + UnsafeMutableRawPointer.blockOverrun)...].allSatisfy { $0 == 0 })
    }
  }
}
