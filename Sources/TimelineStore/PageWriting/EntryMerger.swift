/// Entries by (time, id) in a file.
struct EntryRun {
  var stretch: EntryStretch
  /// No entry lies outside.
  var times: ClosedRange<Int64>
}

/// Merges runs of index entries, each of which is read from when its first entry's time comes: most logs are in order, and few runs overlap.
/// To be used once.
struct EntryMerger: ~Copyable {
  /// Where a run stands. Plain values: sources that overlap in time change places at nearly every entry.
  private struct Head {
    var next: UnsafePointer<IndexEntry>
    var end: UnsafePointer<IndexEntry>
    let run: Int

    /// In order of time; of equal times the earlier run has the smaller ids.
    @inline(__always) static func < (one: Head, other: Head) -> Bool {
      let (time, otherTime) = (one.next.pointee.time, other.next.pointee.time)
      return time < otherTime || time == otherTime && one.run < other.run
    }
  }
  private let runs: [EntryRun]
  private let file: EntryFile
  private let window: Int
  /// Runs that are not open yet, the one that begins first in front.
  private var waiting: ArraySlice<Int>
  private var sources: [EntryReader?]
  /// Of the open runs: in the runs' order where there are few, else a heap.
  private let heads: UnsafeMutablePointer<Head>
  private var count = 0
  /// Entries that are handed on next.
  private let batch = EntryBuffer(capacity: EntryBuffer.batch)

  /// Bytes of windows on runs, all together.
  private static let windows = 24 << 20
  /// Blocks of a window at most: a megabyte.
  private static let maximumWindow = 256
  /// So many heads are gone through one after the other, for which a processor has to guess nothing.
  private static let few = 8

  /// - Parameter runs: None empty; of equal times the earlier run's entries come first.
  init(_ runs: [EntryRun], in file: EntryFile) {
    self.runs = runs
    self.file = file
    window = Self.window(runs) * BlockFile.block
    waiting = runs.indices.sorted { (runs[$0].times.lowerBound, $0) < (runs[$1].times.lowerBound, $1) }[...]
    sources = [EntryReader?](repeating: nil, count: runs.count)
    heads = .allocate(capacity: runs.count)
  }

  deinit { heads.deallocate() }

  /// Blocks of each window, of which every open run has two.
  private static func window(_ runs: [EntryRun]) -> Int {
    // How many runs have entries at the same time, at most; of one that ends as another begins both count.
    var steps = runs.flatMap { [(time: $0.times.lowerBound, 1), (time: $0.times.upperBound, -1)] }
    steps.sort { ($0.time, -$0.1) < ($1.time, -$1.1) }
    var open = 0
    var most = 1
    for (_, step) in steps {
      open += step
      most = max(most, open)
    }
    return max(1, min(maximumWindow, windows / BlockFile.block / (2 * most)))
  }

  /// Calls `body` with all entries in order, some at a time.
  mutating func forEachBatch(
    _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    while true {
      try openThoseDue()
      // Up to here the open runs go on undisturbed.
      let bound = waiting.first.map { runs[$0].times.lowerBound }
      switch count {
      case 0: return try handOn(body)
      case 1: try goOnWithOne(before: bound, body)
      case ...Self.few: try goOnWithFew(before: bound, body)
      default: try goOnWithMany(before: bound, body)
      }
    }
  }

  /// Opens the runs that begin no later than the entry that comes next.
  private mutating func openThoseDue() throws(StoreError) {
    var next = (0..<count).map { heads[$0].next.pointee.time }.min()
    while let run = waiting.first, runs[run].times.lowerBound <= next ?? .max {
      waiting.removeFirst()
      let source = try EntryReader(file, [runs[run].stretch], window: window)
      guard let entries = try source.next(), let first = entries.baseAddress else { continue }
      sources[run] = source
      (heads + count).initialize(to: Head(next: first, end: first + entries.count, run: run))
      count += 1
      next = min(next ?? .max, first.pointee.time)
    }
    if count > Self.few {
      for parent in stride(from: count / 2 - 1, through: 0, by: -1) { sink(parent) }
    } else {
      var open = UnsafeMutableBufferPointer(start: heads, count: count)
      open.sort { $0.run < $1.run }
    }
  }

  /// Lets a head stand at its run's next window; false where the run has ended, and is no longer open.
  private mutating func readOn(_ index: Int) throws(StoreError) -> Bool {
    let run = heads[index].run
    if let entries = try sources[run]?.next(), let first = entries.baseAddress {
      heads[index].next = first
      heads[index].end = first + entries.count
      return true
    }
    sources[run] = nil
    count -= 1
    heads[index] = heads[count]
    return false
  }

  /// Hands on what has been gathered.
  private func handOn(_ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void) throws(StoreError)
  {
    if batch.count > 0 { try body(batch.used) }
    batch.count = 0
  }

  /// One run alone: its entries are handed on where they lie.
  private mutating func goOnWithOne(
    before bound: Int64?, _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    try handOn(body)
    repeat {
      let entries = UnsafeBufferPointer(start: heads[0].next, count: heads[0].end - heads[0].next)
      var due = entries.count
      if let bound, entries[due - 1].time >= bound { due = entries.prefix { $0.time < bound }.count }
      try UnsafeBufferPointer(rebasing: entries[..<due]).forEachBatch(body)
      heads[0].next += due
      if due < entries.count { return }
    } while try readOn(0)
  }

  private mutating func goOnWithFew(
    before bound: Int64?, _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    let (heads, count, merged) = (heads, count, batch.entries.baseAddress!)
    var times = InlineArray<8, Int64>(repeating: 0)
    for index in 0..<count { times[index] = heads[index].next.pointee.time }
    var filled = batch.count
    defer { batch.count = filled }
    while true {
      var least = 0
      var time = times[0]
      for index in 1..<count {
        let isLess = times[index] < time
        time = isLess ? times[index] : time
        least = isLess ? index : least
      }
      if let bound, time >= bound { return }
      if filled == EntryBuffer.batch {
        try body(UnsafeBufferPointer(start: merged, count: filled))
        filled = 0
      }
      merged[filled] = heads[least].next.pointee
      filled &+= 1
      heads[least].next += 1
      if heads[least].next == heads[least].end, !(try readOn(least)) { return }
      times[least] = heads[least].next.pointee.time
    }
  }

  private mutating func goOnWithMany(
    before bound: Int64?, _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    while true {
      let next = heads[0].next
      if let bound, next.pointee.time >= bound { return }
      if batch.count == EntryBuffer.batch { try handOn(body) }
      batch.entries[batch.count] = next.pointee
      batch.count &+= 1
      heads[0].next = next + 1
      if heads[0].next == heads[0].end, !(try readOn(0)) { return }
      sink(0)
    }
  }

  /// Moves a head of the heap down to its place.
  private func sink(_ start: Int) {
    var parent = start
    while true {
      var child = parent &* 2 &+ 1
      guard child < count else { return }
      if child &+ 1 < count, heads[child &+ 1] < heads[child] { child &+= 1 }
      guard heads[child] < heads[parent] else { return }
      swap(&heads[child], &heads[parent])
      parent = child
    }
  }
}
