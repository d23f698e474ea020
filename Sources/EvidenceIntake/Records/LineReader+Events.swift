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
    var line = source.line
    var byteOffset = offset
    var byteLength = UInt32(clamping: total)
    if !reading.element.isEmpty {
      byteOffset = source.base &+ UInt64(start &+ reading.element.start)
      byteLength = reading.element.count
      line &+= lineFeeds(before: start &+ reading.element.start, in: start)
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
    let teller = reading.device.isEmpty ? nil : nameDevice(record)
    var basis = reading.basis
    if teller == nil {
      basis = source.setup.deviceBasis
      if !source.usesDefaultDevice {
        source.usesDefaultDevice = true
        announceDefaultDevice(source.setup.deviceName)
      }
    }
    let device = teller ?? (defaultDevice, 0)
    let stamp = range(reading.stamp, start, record)
    let message = range(reading.message, start, record)
    let fields = range(reading.fields, start, record)
    lastProgram = range(reading.program, start, record)
    let mined = mine(message)
    let place = batch.records.count
    if judges(mined, at: place) {
      judge(
        template: mined.template, text: mined.text, message: message, fields: fields, line: line,
        byteOffset: byteOffset)
    }
    // From values of its own into its place: a record that is made elsewhere is copied in words that the processor has to wait for.
    batch.records.append(EventRecord())
    batch.records.withUnsafeMutableBufferPointer { records in
      let event = records.baseAddress.unsafelyUnwrapped + place
      event.pointee.time = resolved.time
      event.pointee.timeError = resolved.error
      event.pointee.device = device.id
      event.pointee.deviceNumber = device.number
      event.pointee.line = line
      event.pointee.byteOffset = byteOffset
      event.pointee.byteLength = byteLength
      event.pointee.quality = resolved.quality
      event.pointee.basis = basis
      event.pointee.severity = reading.severity
      event.pointee.stamp = stamp
      event.pointee.message = message
      event.pointee.fields = fields
      event.pointee.header = reading.header
      mined.put(into: event)
    }
    source.events &+= 1
    source.isOpen = true
  }

  /// The device that the reading names, and its number. Nil where that is a placeholder, which names nobody.
  @inline(__always)
  private mutating func nameDevice(_ record: UnsafeRawBufferPointer) -> (id: DeviceID, number: UInt32)? {
    let whole = reading.bytes(reading.device, of: record)
    let name = UnsafeRawBufferPointer(
      start: whole.baseAddress, count: min(whole.count, Self.deviceNameLimit))
    let found = deviceNames.find(name)
    let device = DeviceID(rawValue: found.hash)
    let number = found.number
    if number > named.before { return (device, number &- named.before) }
    return meet(device, name, found)
  }

  /// The same for a device that is not known by its number.
  @inline(never)
  private mutating func meet(_ device: DeviceID, _ name: UnsafeRawBufferPointer, _ found: KnownTexts.Found)
    -> (id: DeviceID, number: UInt32)?
  {
    if devices.insert(device.rawValue) {
      if DeviceName.isPlaceholder(name) {
        placeholders.insert(device.rawValue)
      } else {
        let number = announce(DeviceDefinition(id: device, name: keep(name)))
        if number > 0 { found.number = named.devices }
        return (device, number)
      }
    }
    return placeholders.contains(device.rawValue) ? nil : (device, 0)
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

  /// What has been found out about an event's message.
  struct Mined {
    var template: TemplateID
    var number: UInt32 = 0
    var values: ByteRange
    var firstVariable: UInt32
    var variableCount: UInt16
    /// True where the template has just been announced, with its text.
    var isNew = false
    var text = ByteRange.empty

    @inline(__always) func put(into event: UnsafeMutablePointer<EventRecord>) {
      event.pointee.template = template
      event.pointee.templateNumber = number
      event.pointee.values = values
      event.pointee.firstVariable = firstVariable
      event.pointee.variableCount = variableCount
    }
  }

  /// Finds template and variables of a message. Room for `TemplateMiner.valuesLimit` bytes has been made.
  @inline(__always)
  mutating func mine(_ message: ByteRange) -> Mined {
    miner.mine(
      message: bytes(message), program: bytes(lastProgram),
      readable: capacity &- Int(message.start), values: arena + extraEnd)
    var mined = Mined(
      template: miner.template,
      values: ByteRange(
        start: UInt32(truncatingIfNeeded: extraEnd),
        count: UInt32(truncatingIfNeeded: max(0, miner.valuesCount))),
      firstVariable: UInt32(truncatingIfNeeded: batch.variables.count),
      variableCount: UInt16(truncatingIfNeeded: miner.variableCount))
    extraEnd &+= Int(mined.values.count)
    let number = miner.number
    if number > announced.before {
      mined.number = number &- announced.before
    } else if templates.insert(miner.template.rawValue) {
      (mined.number, mined.text) = announceTemplate()
      mined.isNew = true
    }
    // Without a number it is known by its hash alone.
    if miner.valuesCount < 0 || mined.number == 0 {
      mined.values = .empty
      listVariables(of: message)
    }
    return mined
  }

  /// Lists the variables that were mined last, a message's.
  @inline(never)
  private mutating func listVariables(of message: ByteRange) {
    for index in 0..<miner.variableCount {
      let variable = miner.variable(index)
      batch.variables.append(
        ByteRange(
          start: message.start &+ UInt32(truncatingIfNeeded: variable.start),
          count: UInt32(truncatingIfNeeded: variable.count)))
    }
  }

  /// Tells the lane of the template that was mined last. Returns its number, 0 where there are too many to be numbered, and its text.
  @inline(never)
  private mutating func announceTemplate() -> (number: UInt32, text: ByteRange) {
    let spelled = miner.templateText()
    makeRoom(spelled.count &+ Int(lastProgram.count))
    let program = keep(bytes(lastProgram))
    let text = keep(spelled)
    batch.templates.append(TemplateDefinition(id: miner.template, program: program, text: text))
    guard announced.templates < .max else { return (0, text) }
    announced.templates += 1
    miner.leave(number: announced.templates)
    return (announced.templates &- announced.before, text)
  }

  /// True for the first event of each template and for one of every 256: masking looks at each text again, `judge` only marks.
  @inline(__always) private func judges(_ mined: Mined, at place: Int) -> Bool {
    mined.isNew || place & 255 == 0
  }

  /// Looks whether the events of a template hold secrets: its text, and this event's message and fields.
  @inline(never)
  mutating func judge(
    template: TemplateID, text: ByteRange, message: ByteRange, fields: ByteRange, line: UInt64,
    byteOffset: UInt64
  ) {
    guard secrets.count < Self.markLimit, !marked.contains(template.rawValue) else { return }
    let found: (kind: SecretKind, part: String)
    if let one = SecretText.findings(in: bytes(text), takesPlaceholders: true).first
      ?? SecretText.findings(in: bytes(message)).first
    {
      found = (one.kind, "message")
    } else if let one = SecretText.findings(in: bytes(fields)).first {
      found = (one.kind, "fields")
    } else {
      return
    }
    marked.insert(template.rawValue)
    secrets.append(
      SecretMark(
        template: template, kind: found.kind, part: found.part, line: line, byteOffset: byteOffset))
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
    guard let last = batch.records.indices.last else { return }
    let event = batch.records[last]
    batch.variables.removeLast(batch.variables.count - Int(event.firstVariable))
    makeRoom(TemplateMiner.valuesLimit)
    let mined = mine(event.message)
    if judges(mined, at: last) {
      judge(
        template: mined.template, text: mined.text, message: event.message, fields: event.fields,
        line: event.line, byteOffset: event.byteOffset)
    }
    batch.records.withUnsafeMutableBufferPointer { records in
      mined.put(into: records.baseAddress.unsafelyUnwrapped + last)
    }
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
    var larger = Self.unwritten(capacity)
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
      other.arena = Self.unwritten(rawCapacity + 4 * Self.chunk)
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
