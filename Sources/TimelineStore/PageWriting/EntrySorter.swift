/// Sorts index entries by (time, id), entries without time first, with memory that does not grow with their number:
/// sorted runs go to a file and are merged.
final class EntrySorter {
  private let path: String
  private let chunk: EntryBuffer
  private let scratch: EntryBuffer
  @exclusivity(unchecked) private var timeless: EntryBuffer
  private var timelessStretches: [EntryStretch] = []
  @exclusivity(unchecked) private var runs: [EntryRun] = []
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
    var kept: [EntryRun] = []
    for run in runs {
      for stretch in try filter([run.stretch], in: file, scratch, keep) {
        kept.append(EntryRun(stretch: stretch, times: run.times))
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
    runs.append(EntryRun(stretch: try spillFile().append(chunk.used), times: times))
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
    var merger = EntryMerger(runs, in: try spillFile())
    try merger.forEachBatch(body)
  }
}
