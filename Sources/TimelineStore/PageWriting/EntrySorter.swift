/// Sorts index entries by (time, id), entries without time first, with memory that does not grow with their number:
/// sorted runs go to a file and are merged.
final class EntrySorter {
  private let path: String
  private let chunk: EntryBuffer
  private let scratch: EntryBuffer
  @exclusivity(unchecked) private var timeless: EntryBuffer
  private var timelessStretches: [(offset: Int64, count: Int)] = []
  @exclusivity(unchecked) private var runs: [(offset: Int64, count: Int)] = []
  private var file: EntryFile?
  /// Entries of a run.
  let capacity: Int

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
    // Runs are whole chunks: one at a time fits into the scratch buffer.
    for index in runs.indices {
      try filter(file, &runs[index], scratch, keep)
    }
    let buffer = EntryBuffer(capacity: timeless.entries.count)
    for index in timelessStretches.indices {
      try filter(file, &timelessStretches[index], buffer, keep)
    }
    runs.removeAll { $0.count == 0 }
    timelessStretches.removeAll { $0.count == 0 }
  }

  private func filter(
    _ file: EntryFile, _ stretch: inout (offset: Int64, count: Int), _ buffer: EntryBuffer,
    _ keep: (EntryBuffer) -> Void
  ) throws(StoreError) {
    try file.read(at: stretch.offset, count: stretch.count, into: buffer)
    buffer.count = stretch.count
    keep(buffer)
    if buffer.count < stretch.count {
      try file.write(buffer.used, at: stretch.offset)
      stretch.count = buffer.count
    }
  }

  private func spillFile() throws(StoreError) -> EntryFile {
    if let file { return file }
    let new = try EntryFile(beside: path)
    file = new
    return new
  }

  private func spill() throws(StoreError) {
    EntrySort.byTime(chunk, scratch: scratch)
    runs.append((try spillFile().append(chunk.used), chunk.count))
    chunk.count = 0
  }

  private func spillTimeless() throws(StoreError) {
    timelessStretches.append((try spillFile().append(timeless.used), timeless.count))
    timeless.count = 0
  }

  /// Calls `body` with all entries in order. The buffers are free again afterwards.
  func drain(_ body: (IndexEntry) throws(StoreError) -> Void) throws(StoreError) {
    if let file {
      let buffer = EntryBuffer(capacity: 4096)
      for stretch in timelessStretches {
        var done = 0
        while done < stretch.count {
          let count = min(buffer.entries.count, stretch.count - done)
          try file.read(
            at: stretch.offset + Int64(done * MemoryLayout<IndexEntry>.stride), count: count, into: buffer)
          for entry in buffer.entries[..<count] { try body(entry) }
          done += count
        }
      }
    }
    for entry in timeless.used { try body(entry) }
    if runs.isEmpty {
      EntrySort.byTime(chunk, scratch: scratch)
      for entry in chunk.used { try body(entry) }
      return
    }
    if chunk.count > 0 { try spill() }
    try merge(body)
  }

  /// The part of a run that is in memory while it is merged.
  private final class Run {
    private let buffer: EntryBuffer
    private var offset: Int64
    private var left: Int
    init(_ run: (offset: Int64, count: Int), buffer: Int) {
      offset = run.offset
      left = run.count
      self.buffer = EntryBuffer(capacity: buffer)
    }
    /// The next entries; none at the end.
    func refill(from file: EntryFile) throws(StoreError) -> UnsafeBufferPointer<IndexEntry> {
      buffer.count = min(left, buffer.entries.count)
      if buffer.count > 0 { try file.read(at: offset, count: buffer.count, into: buffer) }
      offset += Int64(buffer.count * MemoryLayout<IndexEntry>.stride)
      left -= buffer.count
      return buffer.used
    }
  }

  /// Where a run stands. Plain values: sources that overlap in time change places at nearly every entry.
  private struct Head {
    var next: UnsafePointer<IndexEntry>
    var end: UnsafePointer<IndexEntry>
    let run: Int

    init?(_ entries: UnsafeBufferPointer<IndexEntry>, run: Int) {
      guard let first = entries.baseAddress, entries.count > 0 else { return nil }
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

  private func merge(_ body: (IndexEntry) throws(StoreError) -> Void) throws(StoreError) {
    let file = try spillFile()
    // 16 MB for all of them, however many; whole blocks.
    let size = max(256, min(16_384, 1_000_000 / runs.count) & ~255)
    let sources = runs.map { Run($0, buffer: size) }
    // A heap.
    let heads = UnsafeMutablePointer<Head>.allocate(capacity: sources.count)
    defer { heads.deallocate() }
    var count = 0
    for (index, source) in sources.enumerated() {
      guard let head = Head(try source.refill(from: file), run: index) else { continue }
      (heads + count).initialize(to: head)
      count += 1
    }
    for parent in stride(from: count / 2 - 1, through: 0, by: -1) { Self.sink(heads, parent, count) }
    while count > 0 {
      // The bound up to which this run goes on undisturbed: the lesser child of the root.
      let child = count > 2 && heads[2] < heads[1] ? 2 : 1
      var head = heads[0]
      repeat {
        try body(head.next.pointee)
        head.next += 1
        if head.next == head.end {
          guard let more = Head(try sources[head.run].refill(from: file), run: head.run) else { break }
          head = more
        }
      } while count == 1 || head < heads[child]
      if head.next == head.end {
        count -= 1
        heads[0] = heads[count]
      } else {
        heads[0] = head
      }
      Self.sink(heads, 0, count)
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
