import Glibc
import IncidentModel
import LogFormats

/// Readings become events, and batches of them go to the lane.
extension LineReader {
  /// Adds the event that `reading` holds.
  @inline(__always)
  mutating func emit(
    _ start: Int, _ count: Int, _ offset: UInt64, _ total: UInt64, _ source: inout SourceState
  ) {
    if lastNeedsMining { mineLast() }
    let scratch =
      Int(reading.fields.count) &+ Int(reading.message.count) &+ Int(reading.stamp.count)
      &+ Int(reading.program.count) &+ Int(reading.device.count)
    makeRoom(2 &* scratch &+ 4 &* TemplateMiner.valuesLimit)
    let record = UnsafeRawBufferPointer(start: arena + start, count: count)
    var event = EventRecord()
    event.line = source.line
    if reading.element.isEmpty {
      event.byteOffset = offset
      event.byteLength = UInt32(clamping: total)
    } else {
      event.byteOffset = source.base &+ UInt64(start &+ reading.element.start)
      event.byteLength = reading.element.count
      event.line &+= lineFeeds(before: start &+ reading.element.start, in: start)
    }
    let resolved = source.times.resolve(
      kind: reading.kind, time: reading.time, resolution: reading.resolution, ordinal: source.events,
      flags: reading.flags, wall: reading.wall, swapDays: reading.swapDays, zoneOffset: reading.zoneOffset)
    if reading.flags.rawValue & Reading.Flags.zoneNames.rawValue != 0 {
      source.times.noteZoneName(
        reading.bytes(reading.stamp, of: record), reading.flags, offset: reading.zoneOffset)
    }
    if reading.flags.contains(.hasUptime), !reading.boot.isEmpty, resolved.quality == .exact {
      source.times.noteTwoClocks(
        wall: resolved.time, uptime: reading.uptime,
        boot: ContentHash.of(reading.bytes(reading.boot, of: record)), ordinal: source.events)
    }
    event.time = resolved.time
    event.timeError = resolved.error
    event.quality = resolved.quality
    event.severity = reading.severity
    if reading.device.isEmpty || !nameDevice(&event, record) {
      event.device = defaultDevice
      event.basis = source.setup.deviceBasis
      if !source.usesDefaultDevice {
        source.usesDefaultDevice = true
        announceDefaultDevice(source.setup.deviceName)
      }
    }
    event.stamp = range(reading.stamp, start, record)
    event.message = range(reading.message, start, record)
    event.fields = range(reading.fields, start, record)
    event.header = reading.header
    lastProgram = range(reading.program, start, record)
    mine(&event)
    batch.records.append(event)
    source.events &+= 1
    source.isOpen = true
  }

  /// Gives an event the device that the reading names. False where that is a placeholder, which names nobody.
  @inline(__always)
  private mutating func nameDevice(_ event: inout EventRecord, _ record: UnsafeRawBufferPointer) -> Bool {
    let whole = reading.bytes(reading.device, of: record)
    let name = UnsafeRawBufferPointer(
      start: whole.baseAddress, count: min(whole.count, Self.deviceNameLimit))
    let found = deviceNames.find(name)
    event.device = DeviceID(rawValue: found.hash)
    event.basis = reading.basis
    let number = found.number
    if number > named.before {
      event.deviceNumber = number &- named.before
      return true
    }
    if devices.insert(event.device.rawValue) {
      if DeviceName.isPlaceholder(name) {
        placeholders.insert(event.device.rawValue)
      } else {
        event.deviceNumber = announce(DeviceDefinition(id: event.device, name: keep(name)))
        if event.deviceNumber > 0 { found.number = named.devices }
      }
    }
    return placeholders.isEmpty || !placeholders.contains(event.device.rawValue)
  }

  /// Tells the lane of a device. Returns its number, 0 where there are too many to be numbered.
  @inline(never)
  private mutating func announce(_ device: DeviceDefinition) -> UInt32 {
    batch.devices.append(device)
    // Numbers go on from lane to lane, so that those of a lane before are told from this one's.
    guard named.devices < .max else { return 0 }
    named.devices += 1
    return named.devices &- named.before
  }

  /// Line feeds between the beginning of a record and one of its elements; carries on where it stopped.
  mutating func lineFeeds(before end: Int, in start: Int) -> UInt64 {
    if counted.start != start || counted.end > end { counted = (start, start, 0) }
    while counted.end < end, let hit = memchr(arena + counted.end, 0x0A, end - counted.end) {
      counted.end = hit - arena + 1
      counted.feeds += 1
    }
    counted.end = max(counted.end, end)
    return counted.feeds
  }

  /// Bytes of a device's name that count.
  static let deviceNameLimit = 512

  mutating func announceDefaultDevice(_ name: String) {
    guard devices.insert(defaultDevice.rawValue) || placeholders.remove(defaultDevice.rawValue) != nil else {
      return
    }
    var name = name
    let range = name.withUTF8 { text in
      makeRoom(text.count)
      return keep(UnsafeRawBufferPointer(text))
    }
    _ = announce(DeviceDefinition(id: defaultDevice, name: range))
  }

  /// Where a slice's bytes lie in the arena; those of the scratch buffer are copied there.
  @inline(__always)
  mutating func range(
    _ slice: Slice, _ start: Int, _ record: UnsafeRawBufferPointer
  ) -> ByteRange {
    if slice.isEmpty { return .empty }
    if !slice.isInScratch {
      return ByteRange(start: UInt32(truncatingIfNeeded: start &+ slice.start), count: slice.count)
    }
    return keep(reading.bytes(slice, of: record))
  }

  /// Copies bytes to the extras. Room has been made.
  @inline(__always)
  mutating func keep(_ bytes: UnsafeRawBufferPointer) -> ByteRange {
    let range = ByteRange(
      start: UInt32(truncatingIfNeeded: extraEnd), count: UInt32(truncatingIfNeeded: bytes.count))
    if let source = bytes.baseAddress { (arena + extraEnd).copyShort(from: source, count: bytes.count) }
    extraEnd &+= bytes.count
    return range
  }

  mutating func keep(_ byte: UInt8) {
    arena.storeBytes(of: byte, toByteOffset: extraEnd, as: UInt8.self)
    extraEnd += 1
  }

  @inline(__always)
  func bytes(_ range: ByteRange) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: arena + Int(range.start), count: Int(range.count))
  }

  /// Finds template and variables of an event's message. Room for `TemplateMiner.valuesLimit` bytes has been made.
  @inline(__always)
  mutating func mine(_ event: inout EventRecord) {
    miner.mine(
      message: bytes(event.message), program: bytes(lastProgram),
      readable: capacity &- Int(event.message.start), values: arena + extraEnd)
    event.template = miner.template
    event.variableCount = UInt16(truncatingIfNeeded: miner.variableCount)
    event.firstVariable = UInt32(truncatingIfNeeded: batch.variables.count)
    event.values = ByteRange(
      start: UInt32(truncatingIfNeeded: extraEnd),
      count: UInt32(truncatingIfNeeded: max(0, miner.valuesCount)))
    extraEnd &+= Int(event.values.count)
    let number = miner.number
    if number > announced.before {
      event.templateNumber = number &- announced.before
    } else if templates.insert(miner.template.rawValue) {
      announceTemplate(of: &event)
    } else {
      // Known by its hash alone.
      event.templateNumber = 0
    }
    if miner.valuesCount < 0 || event.templateNumber == 0 { listVariables(of: &event) }
    if batch.records.count & 255 == 0 { judge(event, text: .empty) }
  }

  /// Lists the variables that were mined last, an event's.
  @inline(never)
  private mutating func listVariables(of event: inout EventRecord) {
    event.values = .empty
    for index in 0..<miner.variableCount {
      let variable = miner.variable(index)
      batch.variables.append(
        ByteRange(
          start: event.message.start &+ UInt32(truncatingIfNeeded: variable.start),
          count: UInt32(truncatingIfNeeded: variable.count)))
    }
  }

  /// Tells the lane of the template that was mined last, an event's.
  @inline(never)
  private mutating func announceTemplate(of event: inout EventRecord) {
    let spelled = miner.templateText()
    makeRoom(spelled.count &+ Int(lastProgram.count))
    let program = keep(bytes(lastProgram))
    let text = keep(spelled)
    batch.templates.append(TemplateDefinition(id: miner.template, program: program, text: text))
    event.templateNumber = 0
    if announced.templates < .max {
      announced.templates += 1
      miner.leave(number: announced.templates)
      event.templateNumber = announced.templates &- announced.before
    }
    judge(event, text: text)
  }

  /// Looks whether the events of a template hold secrets: its text, and this event's message and fields. Done for the first
  /// event of each template and for one of every 256: masking looks at each text again, this only marks.
  @inline(never)
  mutating func judge(_ event: EventRecord, text: ByteRange) {
    guard secrets.count < Self.markLimit, !marked.contains(event.template.rawValue) else { return }
    let found: (kind: SecretKind, part: String)
    if let one = SecretText.findings(in: bytes(text), takesPlaceholders: true).first
      ?? SecretText.findings(in: bytes(event.message)).first
    {
      found = (one.kind, "message")
    } else if let one = SecretText.findings(in: bytes(event.fields)).first {
      found = (one.kind, "fields")
    } else {
      return
    }
    marked.insert(event.template.rawValue)
    secrets.append(
      SecretMark(
        template: event.template, kind: found.kind, part: found.part, line: event.line,
        byteOffset: event.byteOffset))
  }

  /// Marks kept of one source.
  static let markLimit = 100_000

  /// The marks of the source that has just been read.
  mutating func takeSecrets() -> [SecretMark] {
    defer { secrets = [] }
    return secrets
  }

  mutating func mineLast() {
    lastNeedsMining = false
    guard var event = batch.records.popLast() else { return }
    batch.variables.removeLast(batch.variables.count - Int(event.firstVariable))
    makeRoom(TemplateMiner.valuesLimit)
    mine(&event)
    batch.records.append(event)
  }

  /// Adds a continuation line to the last event.
  mutating func extend(
    _ start: Int, _ count: Int, through end: UInt64, _ source: inout SourceState
  ) {
    guard var event = batch.records.popLast() else { return }
    let added = Int(reading.message.count)
    reading.spellFields()
    makeRoom(
      Int(event.message.count) + Int(event.fields.count) + added + Int(reading.fields.count)
        + Self.headerFieldsLimit)
    let record = UnsafeRawBufferPointer(start: arena + start, count: count)
    event.byteLength = UInt32(clamping: end - event.byteOffset)
    let messageEnd = Int(event.message.start + event.message.count)
    let isAdjacent =
      !reading.message.isInScratch && start + reading.message.start == messageEnd + 1
      && messageEnd < rawCapacity && (arena + messageEnd).load(as: UInt8.self) == 0x0A
    if Int(event.message.count) + added >= limits.lineBytes {
      // Kept up to the limit; the rest is known by offset and length.
    } else if isAdjacent, !event.message.isEmpty {
      event.message.count += UInt32(added) + 1
    } else {
      if messageEnd != extraEnd || event.message.isEmpty { event.message = keep(bytes(event.message)) }
      keep(0x0A)
      _ = keep(reading.bytes(reading.message, of: record))
      event.message.count += UInt32(added) + 1
    }
    if reading.fields.count > 2 { mergeFields(&event, record) }
    if reading.flags.contains(.tellsSeverity), event.severity > 7 { event.severity = reading.severity }
    batch.records.append(event)
    lastNeedsMining = true
  }

  /// Bytes of the fields that a header stands for, and of what joins them to others, at most.
  private static let headerFieldsLimit = 64

  /// Appends the members of the reading's fields to the event's.
  mutating func mergeFields(_ event: inout EventRecord, _ record: UnsafeRawBufferPointer) {
    if event.header.rawValue != 0 {
      var told = event.header.fields
      event.header = SyslogHeader()
      event.fields = told.withUTF8 { keep(UnsafeRawBufferPointer($0)) }
    }
    guard event.fields.count > 2 else {
      event.fields = keep(reading.bytes(reading.fields, of: record))
      return
    }
    let first = event.fields
    event.fields = keep(bytes(ByteRange(start: first.start, count: first.count - 1)))
    keep(0x2C)
    let more = keep(UnsafeRawBufferPointer(rebasing: reading.bytes(reading.fields, of: record).dropFirst()))
    event.fields.count += 1 + more.count
  }

  /// Makes sure that the extras can take some more bytes. The arena may move.
  @inline(__always)
  mutating func makeRoom(_ count: Int) {
    if extraEnd &+ count > capacity { grow(count) }
  }

  mutating func grow(_ count: Int) {
    capacity = max(capacity * 2, extraEnd + count + Self.chunk)
    var larger = [UInt8](repeating: 0, count: capacity)
    larger.withUnsafeMutableBytes { $0.baseAddress?.copyMemory(from: arena, byteCount: extraEnd) }
    batch.arena = larger
    larger = []
    arena = batch.arena.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped }
  }

  /// Events of a batch that is worth waking a thread for.
  private static let manyEvents = 512

  /// Hands the batch to the lane. The last event stays behind, since continuation lines may follow, unless `final`.
  /// - Parameter left: Raw bytes before this offset are not needed any more.
  mutating func flush(
    final: Bool, left: Int = 0, _ source: inout SourceState, _ lane: any EventLane
  ) throws {
    if lastNeedsMining { mineLast() }
    var held: HeldEvent?
    if !final, source.isOpen, let last = batch.records.popLast() { held = hold(last) }
    if !batch.records.isEmpty || !batch.refused.isEmpty || !batch.devices.isEmpty || !batch.templates.isEmpty
    {
      if let lane = lane as? PipelinedLane, !lane.isIdle || batch.records.count >= Self.manyEvents {
        try exchange(left: left, with: lane)
      } else {
        defer { arena = batch.arena.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped } }
        try lane.append(batch)
      }
    }
    counted.start = -1
    batch.records.removeAll(keepingCapacity: true)
    batch.variables.removeAll(keepingCapacity: true)
    batch.refused.removeAll(keepingCapacity: true)
    batch.devices.removeAll(keepingCapacity: true)
    batch.templates.removeAll(keepingCapacity: true)
    extraEnd = rawCapacity
    if let held { putBack(held) }
  }

  /// Gives the batch away and goes on with another, into which the raw bytes that are left are copied.
  private mutating func exchange(left: Int, with lane: PipelinedLane) throws {
    var other = try lane.spare()
    if other.arena.count < rawCapacity + 4 * Self.chunk {
      other.arena = [UInt8](repeating: 0, count: rawCapacity + 4 * Self.chunk)
    }
    let count = other.arena.count
    let base = other.arena.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped }
    if left < rawEnd { memcpy(base + left, arena + left, rawEnd - left) }
    swap(&batch, &other)
    arena = base
    capacity = count
    try lane.hand(other)
  }

  struct HeldEvent {
    var event: EventRecord
    var texts: [UInt8]
    var program: UInt32
    var variables: [ByteRange]
  }

  mutating func hold(_ event: EventRecord) -> HeldEvent {
    var texts: [UInt8] = []
    for range in [event.message, event.stamp, event.fields, lastProgram, event.values] {
      texts.append(contentsOf: bytes(range))
    }
    let variables = batch.variables[Int(event.firstVariable)...].map {
      ByteRange(start: $0.start - event.message.start, count: $0.count)
    }
    batch.variables.removeLast(variables.count)
    return HeldEvent(event: event, texts: texts, program: lastProgram.count, variables: variables)
  }

  mutating func putBack(_ held: HeldEvent) {
    var event = held.event
    makeRoom(held.texts.count)
    let all = held.texts.withUnsafeBytes { keep($0) }
    event.message.start = all.start
    event.stamp.start = event.message.start + event.message.count
    event.fields.start = event.stamp.start + event.stamp.count
    lastProgram = ByteRange(start: event.fields.start + event.fields.count, count: held.program)
    event.values.start = lastProgram.start + lastProgram.count
    event.firstVariable = 0
    for variable in held.variables {
      batch.variables.append(ByteRange(start: variable.start + event.message.start, count: variable.count))
    }
    batch.records.append(event)
  }
}
