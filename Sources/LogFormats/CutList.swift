/// Up to eight stretches to leave out, kept in order.
struct CutList {
  private var ranges = InlineArray<8, (start: Int, end: Int)>(repeating: (0, 0))
  private(set) var count = 0

  subscript(_ index: Int) -> (start: Int, end: Int) { ranges[index] }

  @inline(__always) mutating func add(_ start: Int, _ end: Int) {
    guard start < end, count < 8 else { return }
    var at = count
    while at > 0, ranges[at &- 1].start > start {
      ranges[at] = ranges[at &- 1]
      at &-= 1
    }
    ranges[at] = (start, end)
    count &+= 1
  }
}
