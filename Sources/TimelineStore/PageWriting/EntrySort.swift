/// Sorting of entries in memory.
enum EntrySort {
  /// Sorts by time; equal times keep their order.
  static func byTime(_ buffer: EntryBuffer, scratch: EntryBuffer) {
    let count = buffer.count
    guard count > 1, let first = buffer.entries.baseAddress, let second = scratch.entries.baseAddress else {
      return
    }
    // Each source is in order, more or less: where there are few, their runs are merged.
    var runs = [0]
    for index in 1..<count where first[index].time < first[index &- 1].time {
      runs.append(index)
      if runs.count > mostRuns { return byRadix(first, second, count) }
    }
    if runs.count > 1 { mergeRuns(runs + [count], first, second) }
  }

  /// With more runs than this, sorting by digits is quicker.
  static let mostRuns = 16

  /// Merges neighbouring runs until one is left. `bounds` are where they begin, and the end.
  private static func mergeRuns(
    _ bounds: [Int], _ first: UnsafeMutablePointer<IndexEntry>, _ second: UnsafeMutablePointer<IndexEntry>
  ) {
    var bounds = bounds
    var from = first
    var to = second
    while bounds.count > 2 {
      var merged = [0]
      for index in stride(from: 0, to: bounds.count - 1, by: 2) {
        let middle = bounds[index + 1]
        let end = index + 2 < bounds.count ? bounds[index + 2] : middle
        merge(from, bounds[index], middle, end, to)
        merged.append(end)
      }
      bounds = merged
      swap(&from, &to)
    }
    if from != first { first.update(from: from, count: bounds[1]) }
  }

  /// Merges `from[start..<middle]` and `from[middle..<end]`; of equal times the first one's come first.
  private static func merge(
    _ from: UnsafeMutablePointer<IndexEntry>, _ start: Int, _ middle: Int, _ end: Int,
    _ to: UnsafeMutablePointer<IndexEntry>
  ) {
    var left = start
    var right = middle
    var out = start
    while left < middle, right < end {
      // Without a branch: which one is next is anybody's guess.
      let isRight = from[right].time < from[left].time
      to[out] = from[isRight ? right : left]
      right &+= isRight ? 1 : 0
      left &+= isRight ? 0 : 1
      out &+= 1
    }
    (to + out).update(from: from + left, count: middle &- left)
    (to + out + (middle &- left)).update(from: from + right, count: end &- right)
  }

  private static func byRadix(
    _ first: UnsafeMutablePointer<IndexEntry>, _ second: UnsafeMutablePointer<IndexEntry>, _ count: Int
  ) {
    var low = first[0].time
    var high = low
    for index in 1..<count {
      let time = first[index].time
      if time < low { low = time }
      if time > high { high = time }
    }
    // Whole seconds or milliseconds, as most logs have them, leave fewer digits to sort by.
    var unit: UInt64 = 1_000_000_000
    for index in 0..<count {
      let time = first[index].time
      while digit(time, low, unit) &* unit != UInt64(bitPattern: time &- low) { unit /= 1000 }
      if unit == 1 { break }
    }
    let span = digit(high, low, unit)
    let bits = 64 - span.leadingZeroBitCount
    let passes = max(1, (bits + 10) / 11)
    let width = (bits + passes - 1) / passes
    let mask = UInt64(1) << UInt64(width) &- 1
    var from = first
    var to = second
    let places = UnsafeMutablePointer<Int>.allocate(capacity: 1 << width)
    defer { places.deallocate() }
    for pass in 0..<passes {
      let shift = UInt64(pass * width)
      places.initialize(repeating: 0, count: 1 << width)
      for index in 0..<count {
        places[Int(truncatingIfNeeded: digit(from[index].time, low, unit) >> shift & mask)] &+= 1
      }
      var sum = 0
      for digit in 0..<(1 << width) {
        let here = places[digit]
        places[digit] = sum
        sum &+= here
      }
      for index in 0..<count {
        let entry = from[index]
        let digit = Int(truncatingIfNeeded: digit(entry.time, low, unit) >> shift & mask)
        to[places[digit]] = entry
        places[digit] &+= 1
      }
      swap(&from, &to)
    }
    if from != first { first.update(from: from, count: count) }
  }

  @inline(__always) private static func digit(_ time: Int64, _ low: Int64, _ unit: UInt64) -> UInt64 {
    let above = UInt64(bitPattern: time &- low)
    // By constants, which the compiler turns into multiplications.
    switch unit {
    case 1: return above
    case 1000: return above / 1000
    case 1_000_000: return above / 1_000_000
    default: return above / 1_000_000_000
    }
  }
}
