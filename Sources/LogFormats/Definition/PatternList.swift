/// The patterns of a definition, tried in order.
struct PatternList: Sendable {
  let patterns: [BytePattern]
  private let candidates: Candidates

  /// - Parameter passesOver: Looks at how each pattern may begin, once for all sources. It costs compiling each again, so it is
  ///   for definitions that are tried at every message of a program; others are tried where their source was elected.
  init(_ patterns: [BytePattern], passesOver: Bool) {
    self.patterns = patterns
    candidates = Candidates(patterns.count, firstBytes: passesOver ? patterns.map(\.firstBytes) : nil)
  }

  /// The patterns that may match a record with this first byte, in order, as places in `patterns`. They live as long as the list.
  @inline(__always) func candidates(_ first: UInt8) -> UnsafeBufferPointer<UInt16> { candidates[first] }

  /// Places by first byte, in memory that is read without counting references.
  private final class Candidates: @unchecked Sendable {
    // @unchecked: nothing changes after `init`.
    private let lists: UnsafeMutablePointer<UnsafeBufferPointer<UInt16>>
    private let places: UnsafeMutablePointer<UInt16>

    /// - Parameter firstBytes: Of each pattern those that it may begin with, nil where that is any; nil for all patterns at every byte.
    init(_ count: Int, firstBytes: [[Bool]?]?) {
      lists = .allocate(capacity: 256)
      places = .allocate(capacity: max(1, firstBytes == nil ? count : 256 * count))
      guard let firstBytes else {
        for place in 0..<count { places[place] = UInt16(place) }
        lists.initialize(repeating: UnsafeBufferPointer(start: places, count: count), count: 256)
        return
      }
      var end = places
      for byte in 0..<256 {
        let start = end
        for place in 0..<count where firstBytes[place]?[byte] ?? true {
          end.initialize(to: UInt16(place))
          end += 1
        }
        (lists + byte).initialize(to: UnsafeBufferPointer(start: start, count: end - start))
      }
    }

    deinit {
      lists.deallocate()
      places.deallocate()
    }

    @inline(__always) subscript(_ first: UInt8) -> UnsafeBufferPointer<UInt16> { lists[Int(first)] }
  }
}
