/// The patterns of a definition, tried in order.
struct PatternList: Sendable {
  let patterns: [BytePattern]
  private let candidates: Candidates

  /// - Parameter passesOver: Looks at how each pattern may begin, once for all sources. It costs compiling each again, so it is
  ///   for definitions that are tried at every message of a program; others are tried where their source was elected.
  init(_ patterns: [BytePattern], passesOver: Bool) {
    self.patterns = patterns
    let firstBytes = passesOver ? patterns.map(\.firstBytes) : patterns.map { _ in nil }
    candidates = Candidates(
      (0..<256).map { byte in
        patterns.indices.filter { firstBytes[$0]?[byte] ?? true }.map { UInt16($0) }
      })
  }

  /// The patterns that may match a record with this first byte, in order, as places in `patterns`. They live as long as the list.
  @inline(__always) func candidates(_ first: UInt8) -> UnsafeBufferPointer<UInt16> { candidates[first] }

  /// Places by first byte, in memory that is read without counting references.
  private final class Candidates: @unchecked Sendable {
    // @unchecked: nothing changes after `init`.
    private let starts: UnsafeMutablePointer<Int32>
    private let places: UnsafeMutablePointer<UInt16>

    init(_ lists: [[UInt16]]) {
      starts = .allocate(capacity: lists.count + 1)
      places = .allocate(capacity: max(1, lists.reduce(0) { $0 + $1.count }))
      var end = 0
      for (byte, list) in lists.enumerated() {
        starts[byte] = Int32(end)
        for place in list {
          places[end] = place
          end += 1
        }
      }
      starts[lists.count] = Int32(end)
    }

    deinit {
      starts.deallocate()
      places.deallocate()
    }

    @inline(__always) subscript(_ first: UInt8) -> UnsafeBufferPointer<UInt16> {
      let start = Int(starts[Int(first)])
      return UnsafeBufferPointer(start: places + start, count: Int(starts[Int(first) &+ 1]) &- start)
    }
  }
}
