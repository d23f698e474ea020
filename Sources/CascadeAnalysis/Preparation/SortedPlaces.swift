extension [Int32] {
  /// Where a value stands in an ascending list.
  func places(of value: Int32) -> Range<Int> {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    var end = low
    while end < count, self[end] == value { end += 1 }
    return low..<end
  }
}
