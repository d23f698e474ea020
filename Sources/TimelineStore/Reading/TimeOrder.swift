/// Puts events in order of (time, id).
enum TimeOrder {
  /// Old positions in the new order; nil when they are in order already. Radix sort: linear, stable.
  static func permutation(times: [Int64], ids: [Int64]) -> [Int32]? {
    let count = times.count
    var isSorted = true
    for i in stride(from: 1, to: count, by: 1)
    where times[i] < times[i - 1] || (times[i] == times[i - 1] && ids[i] < ids[i - 1]) {
      isSorted = false
      break
    }
    if isSorted { return nil }
    // Rows come in the order of ids, so that a stable sort by time leaves ties right.
    guard let low = times.min(), let high = times.max() else { return nil }
    let span = UInt64(bitPattern: high) &- UInt64(bitPattern: low)
    let bits = 64 - span.leadingZeroBitCount
    var order = (0..<count).map { Int32($0) }
    var next = [Int32](repeating: 0, count: count)
    var shift = 0
    while shift < bits {
      var starts = [Int](repeating: 0, count: 65_537)
      for position in order {
        let key = (UInt64(bitPattern: times[Int(position)]) &- UInt64(bitPattern: low)) >> UInt64(shift)
        starts[Int(key & 0xffff) + 1] += 1
      }
      for i in 1...65_536 { starts[i] += starts[i - 1] }
      for position in order {
        let key = (UInt64(bitPattern: times[Int(position)]) &- UInt64(bitPattern: low)) >> UInt64(shift)
        let slot = Int(key & 0xffff)
        next[starts[slot]] = position
        starts[slot] += 1
      }
      swap(&order, &next)
      shift += 16
    }
    return order
  }

  /// What hangs on events, by event and then by itself, or as it came; by counting, as there are tens of millions.
  static func ordered<Value: Comparable & BinaryInteger>(
    _ list: [(event: Int32, value: Value)], events: Int, asItCame: Bool = false
  ) -> ([Int32], [Value]) {
    var next = [Int32](repeating: 0, count: events + 1)
    for one in list { next[Int(one.event) + 1] += 1 }
    for event in 0..<events { next[event + 1] += next[event] }
    var owners = [Int32](repeating: 0, count: list.count)
    var values = [Value](repeating: 0, count: list.count)
    for one in list {
      let slot = Int(next[Int(one.event)])
      next[Int(one.event)] += 1
      owners[slot] = one.event
      values[slot] = one.value
    }
    if asItCame { return (owners, values) }
    var low = 0
    for event in 0..<events {
      let high = Int(next[event])
      if high - low > 1 { values[low..<high].sort() }
      low = high
    }
    return (owners, values)
  }

  /// A column in a new order.
  static func permuted<Element>(_ column: [Element], _ order: [Int32]) -> [Element] {
    order.map { column[Int($0)] }
  }
}
