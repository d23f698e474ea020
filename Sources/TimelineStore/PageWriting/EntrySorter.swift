/// Sorts index entries by (time, id), entries without time first, with memory that does not grow with their number:
/// sorted runs go to a file and are merged.
final class EntrySorter {
  private let path: String
  private let chunk: EntryBuffer
  private let scratch: EntryBuffer
  @exclusivity(unchecked) private var timeless: EntryBuffer
  private var timelessStretches: [EntryStretch] = []
  @exclusivity(unchecked) private var runs: [Run] = []
  private var file: EntryFile?
  /// Entries of a run.
  let capacity: Int

  /// - Parameters:
  ///   - chunk: As many entries as a run has.
  ///   - scratch: No fewer.
  init(path: String, chunk: EntryBuffer, scratch: EntryBuffer) {
    self.path = path
    self.chunk = chunk
    self.scratch = scratch
    capacity = chunk.entries.count
    timeless = EntryBuffer(capacity: min(4096, capacity))
  }

  /// Entries that one is moved past, at most, when it is added.
  private static let reach = 32

  /// Adds an entry. Ids ascend.
  @inline(__always) func append(_ entry: IndexEntry) throws(StoreError) {
    if entry.hasTime {
      if chunk.count == capacity { try spill() }
      let entries = chunk.entries.baseAddress!
      var place = chunk.count
      chunk.count &+= 1
      // Most logs are in order but for a few neighbours: those are put right at once, and nothing is left to sort.
      if place > 0, entry.time < entries[place &- 1].time,
        place < Self.reach || entry.time >= entries[place &- Self.reach].time
      {
        repeat {
          entries[place] = entries[place &- 1]
          place &-= 1
        } while place > 0 && entry.time < entries[place &- 1].time
      }
      entries[place] = entry
    } else {
      if timeless.count == timeless.entries.count { try spillTimeless() }
      timeless.entries[timeless.count] = entry
      timeless.count &+= 1
    }
  }

  /// Forgets the entries from an id on: those that were added last.
  func removeAll(from id: Int64) throws(StoreError) {
    func keep(_ buffer: EntryBuffer) {
      var kept = 0
      for entry in buffer.used where Int64(entry.id) < id {
        buffer.entries[kept] = entry
        kept += 1
      }
      buffer.count = kept
    }
    keep(chunk)
    keep(timeless)
    guard let file else { return }
    // Runs are whole chunks: one at a time fits into the scratch buffer. Those that lost entries are bounded by the times they had.
    var kept: [Run] = []
    for run in runs {
      for stretch in try filter([run.stretch], in: file, scratch, keep) {
        kept.append(Run(stretch: stretch, times: run.times))
      }
    }
    runs = kept
    timelessStretches = try filter(
      timelessStretches, in: file, EntryBuffer(capacity: timeless.entries.count), keep)
  }

  /// What is kept of stretches; where that is not all, it is written anew.
  private func filter(
    _ stretches: [EntryStretch], in file: EntryFile, _ buffer: EntryBuffer, _ keep: (EntryBuffer) -> Void
  ) throws(StoreError) -> [EntryStretch] {
    var kept: [EntryStretch] = []
    for stretch in stretches {
      buffer.count = 0
      try file.forEach(in: [stretch]) { (entry) throws(StoreError) in
        buffer.entries[buffer.count] = entry
        buffer.count += 1
      }
      keep(buffer)
      if buffer.count == stretch.count {
        kept.append(stretch)
      } else if buffer.count > 0 {
        kept.append(try file.append(buffer.used))
      }
    }
    return kept
  }

  private func spillFile() throws(StoreError) -> EntryFile {
    if let file { return file }
    let new = try EntryFile(beside: path)
    file = new
    return new
  }

  private func spill() throws(StoreError) {
    EntrySort.byTime(chunk, scratch: scratch)
    let times = chunk.entries[0].time...chunk.entries[chunk.count - 1].time
    runs.append(Run(stretch: try spillFile().append(chunk.used), times: times))
    chunk.count = 0
  }

  private func spillTimeless() throws(StoreError) {
    timelessStretches.append(try spillFile().append(timeless.used))
    timeless.count = 0
  }

  /// Calls `body` with all entries in order, some at a time. The buffers are free again afterwards.
  func drain(
    _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    if let file { try file.forEachBatch(in: timelessStretches, body) }
    try timeless.used.forEachBatch(body)
    if runs.isEmpty {
      EntrySort.byTime(chunk, scratch: scratch)
      try chunk.used.forEachBatch(body)
      return
    }
    if chunk.count > 0 { try spill() }
    try merge(body)
  }

  /// Where a run stands. Plain values: sources that overlap in time change places at nearly every entry.
  private struct Head {
    var next: UnsafePointer<IndexEntry>
    var end: UnsafePointer<IndexEntry>
    let run: Int

    init?(_ entries: UnsafeBufferPointer<IndexEntry>?, run: Int) {
      guard let entries, let first = entries.baseAddress else { return nil }
      next = first
      end = first + entries.count
      self.run = run
    }

    /// In order of time; of equal times the earlier run has the smaller ids.
    @inline(__always) static func < (one: Head, other: Head) -> Bool {
      let (time, otherTime) = (one.next.pointee.time, other.next.pointee.time)
      return time < otherTime || time == otherTime && one.run < other.run
    }
  }

  /// Entries by (time, id) in the file.
  private struct Run {
    var stretch: EntryStretch
    /// No entry lies outside.
    var times: ClosedRange<Int64>
  }

  /// Bytes of windows on runs, all together.
  private static let windows = 24 << 20
  /// Blocks of a window at most: a megabyte.
  private static let maximumWindow = 256

  /// Blocks of each window, of which every run that is open has two.
  private func window() -> Int {
    // How many runs have entries at the same time, at most; of one that ends as another begins both count.
    var steps = runs.flatMap { [(time: $0.times.lowerBound, 1), (time: $0.times.upperBound, -1)] }
    steps.sort { ($0.time, -$0.1) < ($1.time, -$1.1) }
    var open = 0
    var most = 1
    for (_, step) in steps {
      open += step
      most = max(most, open)
    }
    return max(1, min(Self.maximumWindow, Self.windows / BlockFile.block / (2 * most)))
  }

  /// Merges the runs, each of which is read from when its first entry's time comes: most logs are in order, and few runs overlap.
  private func merge(
    _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    let file = try spillFile()
    let window = window() * BlockFile.block
    var waiting = runs.indices.sorted {
      (runs[$0].times.lowerBound, $0) < (runs[$1].times.lowerBound, $1)
    }[...]
    var sources = [EntryReader?](repeating: nil, count: runs.count)
    // A heap.
    let heads = UnsafeMutablePointer<Head>.allocate(capacity: runs.count)
    defer { heads.deallocate() }
    var count = 0
    let batch = EntryBuffer(capacity: EntryBuffer.batch)
    let merged = batch.entries.baseAddress!
    var filled = 0
    while true {
      while let run = waiting.first, count == 0 || runs[run].times.lowerBound <= heads[0].next.pointee.time {
        waiting.removeFirst()
        let source = try EntryReader(file, [runs[run].stretch], window: window)
        guard let head = Head(try source.next(), run: run) else { continue }
        sources[run] = source
        (heads + count).initialize(to: head)
        count += 1
        Self.rise(heads, count - 1)
      }
      guard count > 0 else { break }
      // The bounds up to which this run goes on undisturbed: the lesser child of the root, and the run that is read next.
      let child = count > 2 && heads[2] < heads[1] ? 2 : 1
      let isLast = waiting.isEmpty
      let bound = waiting.first.map { runs[$0].times.lowerBound } ?? .max
      var head = heads[0]
      repeat {
        merged[filled] = head.next.pointee
        filled &+= 1
        if filled == EntryBuffer.batch {
          try body(UnsafeBufferPointer(start: merged, count: filled))
          filled = 0
        }
        head.next += 1
        if head.next == head.end {
          guard let more = Head(try sources[head.run]?.next(), run: head.run) else { break }
          head = more
        }
      } while (isLast || head.next.pointee.time < bound) && (count == 1 || head < heads[child])
      if head.next == head.end {
        sources[head.run] = nil
        count -= 1
        heads[0] = heads[count]
      } else {
        heads[0] = head
      }
      Self.sink(heads, 0, count)
    }
    try body(UnsafeBufferPointer(start: merged, count: filled))
  }

  private static func rise(_ heads: UnsafeMutablePointer<Head>, _ start: Int) {
    var child = start
    while child > 0, heads[child] < heads[(child - 1) / 2] {
      swap(&heads[child], &heads[(child - 1) / 2])
      child = (child - 1) / 2
    }
  }

  private static func sink(_ heads: UnsafeMutablePointer<Head>, _ start: Int, _ count: Int) {
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
