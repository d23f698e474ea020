/// Builds the indexes of a segment from its entries: by time, by device and time, and of the errors alone by device and
/// time, and by severity and time.
final class SegmentIndexWriter {
  private let path: String
  private let sorter: EntrySorter
  private let chunk: EntryBuffer
  private let scratch: EntryBuffer

  /// - Parameter capacity: Entries kept in memory at a time; 32 bytes each.
  init(path: String, capacity: Int = 1 << 20) {
    self.path = path
    chunk = EntryBuffer(capacity: capacity)
    scratch = EntryBuffer(capacity: capacity)
    sorter = EntrySorter(path: path, chunk: chunk, scratch: scratch)
  }

  /// Adds an event. Ids ascend.
  @inline(__always) func append(_ entry: IndexEntry) throws(StoreError) { try sorter.append(entry) }

  /// Forgets the events from an id on: those that were added last.
  func removeAll(from id: Int64) throws(StoreError) { try sorter.removeAll(from: id) }

  /// Writes all.
  /// - Parameter eventsByDevice: Number of events added, by device code (ordinal plus one, 0 is none).
  func finish(
    time: IndexTreeWriter, device: IndexTreeWriter, error: IndexTreeWriter, severity: IndexTreeWriter,
    eventsByDevice: [Int64]
  ) throws(StoreError) {
    // In order of time already: each severity's wait for those of the worse ones.
    let errors = (0..<IndexEntry.errorSeverities).map { _ in
      EntryQueue(path: path, capacity: min(4096, chunk.entries.count))
    }
    let groups = DeviceGroups(eventsByDevice, capacity: chunk.entries.count, path: path)
    try sorter.drain { (entry) throws(StoreError) in
      try entry.append(byTime: time)
      try groups.append(entry)
      if entry.isError { try errors[entry.errorSeverity].append(entry) }
    }
    try time.finish()
    for queue in errors {
      try queue.forEach { (entry) throws(StoreError) in try entry.append(bySeverity: severity) }
    }
    try severity.finish()
    try groups.drain(chunk: chunk, scratch: scratch) { (entry) throws(StoreError) in
      try entry.append(byDevice: device)
      if entry.isError { try entry.append(byDevice: error) }
    }
    try device.finish()
    try error.finish()
  }
}

/// Entries in order of time, dealt out to groups of neighbouring devices that each fit into memory, so that sorting by
/// device is counting within a group. A device with more entries than fit has a group of its own, which needs no
/// sorting.
private final class DeviceGroups {
  private struct Group {
    var codes: Range<Int>
    var total: Int
    var buffer: EntryBuffer
    var stretches: [(offset: Int64, count: Int)] = []
  }
  /// Where a group's next entry goes: the buffer's own count is set when it is looked at.
  private struct Cursor {
    var next: UnsafeMutablePointer<IndexEntry>
    var end: UnsafeMutablePointer<IndexEntry>
  }
  @exclusivity(unchecked) private var groups: [Group] = []
  /// By device code, and by group: without counting references at every entry.
  private let groupOfCode: UnsafeMutablePointer<Int32>
  private let cursors: UnsafeMutablePointer<Cursor>
  private let path: String
  private let counts: [Int64]
  @exclusivity(unchecked) private var file: EntryFile?

  init(_ eventsByDevice: [Int64], capacity: Int, path: String) {
    self.path = path
    counts = eventsByDevice
    var first = 0
    var total = 0
    var ranges: [(codes: Range<Int>, total: Int)] = []
    for (code, events) in eventsByDevice.enumerated() {
      if total > 0, total + Int(events) > capacity {
        ranges.append((first..<code, total))
        first = code
        total = 0
      }
      total += Int(events)
    }
    ranges.append((first..<eventsByDevice.count, total))
    groupOfCode = .allocate(capacity: eventsByDevice.count)
    cursors = .allocate(capacity: ranges.count)
    // One group stays in memory whole; several share 8 MB, in whole blocks.
    let buffer =
      ranges.count == 1 ? total : min(capacity, max(256, min(16_384, 500_000 / ranges.count) & ~255))
    for (index, range) in ranges.enumerated() {
      groups.append(
        Group(codes: range.codes, total: range.total, buffer: EntryBuffer(capacity: max(1, buffer))))
      for code in range.codes { (groupOfCode + code).initialize(to: Int32(index)) }
      let entries = groups[index].buffer.entries
      let start = entries.baseAddress!
      (cursors + index).initialize(to: Cursor(next: start, end: start + entries.count))
    }
  }

  deinit {
    groupOfCode.deallocate()
    cursors.deallocate()
  }

  @inline(__always) func append(_ entry: IndexEntry) throws(StoreError) {
    precondition(entry.deviceCode < counts.count)
    let group = Int(groupOfCode[entry.deviceCode])
    if cursors[group].next == cursors[group].end { try spill(group) }
    cursors[group].next.initialize(to: entry)
    cursors[group].next += 1
  }

  /// Tells a group's buffer how many entries it holds.
  private func settle(_ group: Int) {
    let buffer = groups[group].buffer
    buffer.count = cursors[group].next - buffer.entries.baseAddress!
  }

  private func spill(_ group: Int) throws(StoreError) {
    if file == nil { file = try EntryFile(beside: path) }
    settle(group)
    let buffer = groups[group].buffer
    groups[group].stretches.append((try file!.append(buffer.used), buffer.count))
    buffer.count = 0
    cursors[group].next = buffer.entries.baseAddress!
  }

  /// Calls `body` with all entries by (device, time, id).
  func drain(
    chunk: EntryBuffer, scratch: EntryBuffer, _ body: (IndexEntry) throws(StoreError) -> Void
  ) throws(StoreError) {
    for index in groups.indices { settle(index) }
    for group in groups where group.total > 0 {
      if group.total > chunk.entries.count {
        // One device alone: its entries are in order.
        for (offset, count) in group.stretches {
          try file!.read(at: offset, count: count, into: chunk)
          for entry in chunk.entries[..<count] { try body(entry) }
        }
        for entry in group.buffer.used { try body(entry) }
        continue
      }
      chunk.count = 0
      for (offset, count) in group.stretches {
        try file!.read(at: offset, count: count, into: chunk, from: chunk.count)
        chunk.count += count
      }
      let unsorted = chunk.count == 0 ? group.buffer.used : nil
      if unsorted == nil {
        for entry in group.buffer.used {
          chunk.entries[chunk.count] = entry
          chunk.count += 1
        }
      }
      var places: [Int] = []
      var sum = 0
      for code in group.codes {
        places.append(sum)
        sum += Int(counts[code])
      }
      let low = group.codes.lowerBound
      let from = unsorted ?? chunk.used
      places.withUnsafeMutableBufferPointer { places in
        for entry in from {
          let place = entry.deviceCode &- low
          scratch.entries[places[place]] = entry
          places[place] &+= 1
        }
      }
      for index in 0..<group.total { try body(scratch.entries[index]) }
    }
  }
}
