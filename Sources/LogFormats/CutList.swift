/// Up to eight stretches to leave out, kept in order. It has a place of its own: a copy for each record would cost more than what is
/// done with it.
struct CutList: ~Copyable {
  private let ranges: UnsafeMutablePointer<(start: Int, end: Int)>
  private(set) var count = 0
  private static let limit = 8

  init() { ranges = .allocate(capacity: Self.limit) }

  deinit { ranges.deallocate() }

  subscript(_ index: Int) -> (start: Int, end: Int) {
    @inline(__always) get { ranges[index] }
  }

  /// True where this very stretch is left out.
  func holds(_ start: Int, _ end: Int) -> Bool {
    for index in 0..<count where ranges[index].start == start && ranges[index].end == end { return true }
    return false
  }

  @inline(__always) mutating func removeAll() { count = 0 }

  @inline(__always) mutating func add(_ start: Int, _ end: Int) {
    guard start < end, count < Self.limit else { return }
    var at = count
    while at > 0, ranges[at &- 1].start > start {
      ranges[at] = ranges[at &- 1]
      at &-= 1
    }
    ranges[at] = (start, end)
    count &+= 1
  }
}
