/// Builds the indexes of a segment from its entries: by time, by device and time, and of the errors alone by device and
/// time, and by severity and time.
final class SegmentIndexWriter {
  private let path: String
  private let sorter: EntrySorter
  private let scratch: EntryBuffer

  /// - Parameter capacity: Entries kept in memory at a time; 48 bytes each.
  init(path: String, capacity: Int = 1 << 20) {
    self.path = path
    // Devices are sorted in it when the chunk is no longer needed: the fewer groups of them there are, the better.
    scratch = EntryBuffer(capacity: 2 * capacity)
    sorter = EntrySorter(path: path, chunk: EntryBuffer(capacity: capacity), scratch: scratch)
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
      EntryQueue(path: path, capacity: min(4096, sorter.capacity))
    }
    let groups = DeviceGroups(eventsByDevice, capacity: scratch.entries.count, path: path)
    try sorter.drain { (entries) throws(StoreError) in
      try time.append(entries, by: .time)
      for entry in entries { try groups.append(entry) }
      for entry in entries where entry.isError { try errors[entry.errorSeverity].append(entry) }
    }
    try time.finish()
    for queue in errors {
      try queue.forEach { (entry) throws(StoreError) in try entry.append(bySeverity: severity) }
    }
    try severity.finish()
    try groups.drain(through: scratch) { (entries) throws(StoreError) in
      // Up to each error, so that the pages of the two come in the order that single entries would give them.
      var start = 0
      for index in entries.indices where entries[index].isError {
        try device.append(UnsafeBufferPointer(rebasing: entries[start...index]), by: .device)
        try entries[index].append(byDevice: error)
        start = index + 1
      }
      try device.append(UnsafeBufferPointer(rebasing: entries[start...]), by: .device)
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
    var stretches: [EntryStretch] = []
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

  /// Entries of a group that wait in memory, at most: a megabyte.
  private static let mostBuffered = 65_536

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
    // One group stays in memory whole; several share 16 MB.
    let buffer =
      ranges.count == 1 ? total : min(capacity, max(256, min(Self.mostBuffered, 1_000_000 / ranges.count)))
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
    groups[group].stretches.append(try file!.append(buffer.used))
    buffer.count = 0
    cursors[group].next = buffer.entries.baseAddress!
  }

  /// Calls `body` with all entries by (device, time, id), some at a time.
  /// - Parameter sorted: Holds as many entries as a group of several devices has.
  func drain(
    through sorted: EntryBuffer,
    _ body: (UnsafeBufferPointer<IndexEntry>) throws(StoreError) -> Void
  ) throws(StoreError) {
    for index in groups.indices { settle(index) }
    for group in groups where group.total > 0 {
      if group.total > sorted.entries.count {
        // One device alone: its entries are in order.
        try file?.forEachBatch(in: group.stretches, body)
        try group.buffer.used.forEachBatch(body)
        continue
      }
      var places: [Int] = []
      var sum = 0
      for code in group.codes {
        places.append(sum)
        sum += Int(counts[code])
      }
      let low = group.codes.lowerBound
      func deal(_ entries: UnsafeBufferPointer<IndexEntry>) {
        places.withUnsafeMutableBufferPointer { places in
          for entry in entries {
            let place = entry.deviceCode &- low
            sorted.entries[places[place]] = entry
            places[place] &+= 1
          }
        }
      }
      if let file {
        let reader = try EntryReader(file, group.stretches, window: 1 << 20)
        while let entries = try reader.next() { deal(entries) }
      }
      deal(group.buffer.used)
      try UnsafeBufferPointer(rebasing: sorted.entries[..<group.total]).forEachBatch(body)
    }
  }
}
