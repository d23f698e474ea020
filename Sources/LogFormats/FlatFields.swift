import IncidentModel

/// Named values in one record, not nested: what logfmt, key-value texts and patterns with named groups give. Finds the
/// roles and writes the rest as fields.
final class FlatFields {
  /// How a value is written.
  enum Writing: UInt8 {
    /// As it is; numbers stay numbers.
    case bare
    /// Text that was in quotes, without escapes.
    case quoted
    /// Text with backslash escapes.
    case escaped
    /// A JSON value, checked.
    case json
    /// Text in which a backslash protects the byte behind it.
    case backslashed
  }

  private struct Field {
    var entry: Int32
    var nameStart: Int
    var nameEnd: Int
    var start: Int
    var end: Int
    var writing: Writing
  }

  let naming: FieldNaming
  @exclusivity(unchecked) private var keys: KeyTable
  @exclusivity(unchecked) private var stamps = StampReader()
  @exclusivity(unchecked) private var fields: [Field] = []
  @exclusivity(unchecked) private var best = InlineArray<9, Int>(repeating: -1)
  @exclusivity(unchecked) private var levels: LevelNumbers
  @exclusivity(unchecked) private var splitStamp = SplitStamp()

  static let limit = 256

  init(naming: FieldNaming = .usual, traits: SourceTraits = SourceTraits()) {
    self.naming = naming
    levels = LevelNumbers(scales: traits.scales)
    keys = KeyTable(naming: naming, traits: traits)
    fields.reserveCapacity(Self.limit)
  }

  /// Forgets the record before.
  func removeAll() { fields.removeAll(keepingCapacity: true) }

  /// Number of values so far.
  var count: Int { fields.count }

  /// The entry of a name that is known beforehand.
  func entry(named name: String) -> Int32 {
    var name = name
    return name.withUTF8 { keys.entry(UnsafeRawBufferPointer($0), parent: -1) }
  }

  /// Adds a value whose name stands in the record; false where there are too many.
  @discardableResult
  func add(
    _ record: UnsafeRawBufferPointer, name nameStart: Int, _ nameEnd: Int, value start: Int, _ end: Int,
    _ writing: Writing
  ) -> Bool {
    guard fields.count < Self.limit else { return false }
    let entry = keys.entry(Bytes.part(record, nameStart, nameEnd), parent: -1)
    fields.append(
      Field(entry: entry, nameStart: nameStart, nameEnd: nameEnd, start: start, end: end, writing: writing))
    return true
  }

  /// Adds a value whose name is known beforehand.
  func add(entry: Int32, value start: Int, _ end: Int, _ writing: Writing) {
    guard fields.count < Self.limit else { return }
    fields.append(Field(entry: entry, nameStart: -1, nameEnd: -1, start: start, end: end, writing: writing))
  }

  /// Fills the reading. A message set before stays; so does any role that was set.
  func assign(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    for role in 0..<9 { best[role] = -1 }
    for index in fields.indices where fields[index].entry >= 0 && fields[index].start < fields[index].end {
      let meaning = keys[fields[index].entry].meaning
      if meaning.role == .other { continue }
      let role = Int(meaning.role.rawValue)
      if meaning.role == .device, !namesDevice(record, fields[index], meaning.doubt) { continue }
      if meaning.isEpochOnly, isNoEpoch(record, fields[index]) { continue }
      if best[role] >= 0, keys[fields[best[role]].entry].meaning.rank < meaning.rank { continue }
      best[role] = index
    }
    var consumed = InlineArray<9, Bool>(repeating: false)
    if reading.kind == .none { consumed[Int(FieldRole.time.rawValue)] = assignTime(record, into: &reading) }
    if let field = field(.device), reading.device.isEmpty {
      reading.basis = .selfAsserted
      if keys[field.entry].meaning.doubt == .topic,
        let level = DeviceName.level(of: Bytes.part(record, field.start, field.end))
      {
        reading.device = .record(field.start + level.lowerBound, level.count)
      } else {
        reading.device = slice(record, field, into: &reading)
        consumed[Int(FieldRole.device.rawValue)] = true
      }
    }
    if let field = field(.severity), reading.severity == 255 {
      let value = Bytes.part(record, field.start, field.end)
      let scale = levels.scale(keys[field.entry].meaning.scale)
      reading.severity = naming.severity(value, scale: scale)
      var isCertain = reading.severity < 8
      if !isCertain, scale == .doubtful {
        reading.severity = levels.severity(value, besideMessage: hasMessage(reading.message))
        isCertain = reading.severity < 8 && LevelNumbers.areCertain(value)
      }
      consumed[Int(FieldRole.severity.rawValue)] = isCertain
    }
    if let field = field(.message), reading.message.isEmpty {
      reading.message = slice(record, field, into: &reading)
      consumed[Int(FieldRole.message.rawValue)] = true
    }
    if let field = field(.program), reading.program.isEmpty {
      reading.program = slice(record, field, into: &reading)
    }
    reading.reopenFields()
    for index in fields.indices {
      let field = fields[index]
      if field.entry >= 0 {
        let role = Int(keys[field.entry].meaning.role.rawValue)
        if best[role] == index, consumed[role] { continue }
      }
      guard field.start < field.end || field.writing == .bare || field.writing == .quoted else { continue }
      if field.start == field.end, field.nameStart < 0 { continue }
      write(record, field, into: &reading)
    }
    reading.endFields()
  }

  private func isNoEpoch(_ record: UnsafeRawBufferPointer, _ field: Field) -> Bool {
    let value = Bytes.part(record, field.start, field.end)
    return JSONText.isNumber(value) && !StampReader.mayBeEpoch(value)
  }

  private func namesDevice(_ record: UnsafeRawBufferPointer, _ field: Field, _ doubt: NameDoubt) -> Bool {
    let value = Bytes.part(record, field.start, field.end)
    guard
      doubt != .none || Bytes.isDigit(value[0])
        || DeviceName.mayBePlaceholder(first: value[0], last: value[value.count - 1])
    else { return true }
    // Here a number without quotes is no more a number than a name.
    return DeviceName.isGiven(by: value, isText: field.writing != .json && !JSONText.isNumber(value), doubt)
  }

  private func field(_ role: FieldRole) -> Field? {
    let index = best[Int(role.rawValue)]
    return index >= 0 ? fields[index] : nil
  }

  /// True where a message was found before, or stands under a name that says so.
  private func hasMessage(_ message: Slice) -> Bool {
    guard message.isEmpty else { return true }
    return field(.message).map { FieldNames.namesMessage(rank: keys[$0.entry].meaning.rank) } ?? false
  }

  /// `date=2026-11-12 time=10:03:05 tz="+0100"`: the three stay among the fields.
  @inline(never)
  private func joinDate(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Bool {
    guard let date = field(.date) else { return false }
    func value(_ field: Field) -> UnsafeRawBufferPointer { Bytes.part(record, field.start, field.end) }
    guard let clock = field(.timeOfDay) ?? field(.time) else {
      guard date.end - date.start > 10, let stamp = stamps.any(value(date)) else { return false }
      reading.set(stamp, from: date.start)
      takeZone(of: [date], into: &reading)
      return true
    }
    let zone = fields.first {
      $0.nameStart >= 0 && Bytes.isSameWord("tz", Bytes.part(record, $0.nameStart, $0.nameEnd))
    }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    guard
      splitStamp.read(
        date: value(date), clock: value(clock), zone: zone.map(value) ?? nothing, &stamps, into: &reading)
    else { return false }
    takeZone(of: [clock, date], into: &reading)
    return true
  }

  /// The zone that the first of the fields tells whose name tells one.
  @inline(never)
  private func takeZone(of fields: [Field], into reading: inout Reading) {
    guard let zone = fields.lazy.compactMap({ self.keys[$0.entry].meaning.zone }).first else { return }
    reading.take(zoneOfField: zone)
  }

  private func assignTime(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Bool {
    guard let field = field(.time) else {
      if best[Int(FieldRole.date.rawValue)] >= 0 { _ = joinDate(record, into: &reading) }
      if reading.kind == .none { assignUptime(record, into: &reading) }
      return false
    }
    let unit = keys[field.entry].meaning.unit
    guard
      let stamp = naming.stamp(
        Bytes.part(record, field.start, field.end), isText: true, unit: unit, &stamps)
    else {
      if best[Int(FieldRole.date.rawValue)] >= 0, joinDate(record, into: &reading) { return false }
      if takeOtherTime(record, than: field, into: &reading) { return false }
      assignUptime(record, into: &reading)
      guard reading.kind == .none else { return false }
      reading.flags.insert(.badStamp)
      reading.stamp = .record(field.start, field.end - field.start)
      return false
    }
    reading.kind = stamp.kind
    reading.time = stamp.time
    reading.resolution = stamp.resolution
    reading.stamp = .record(field.start, field.end - field.start)
    reading.mark(stamp)
    if stamp.kind == .noZone || stamp.kind == .noYear { takeZone(of: [field], into: &reading) }
    return true
  }

  /// The stamp under another name, where what stands under the best one is none; it stays among the fields.
  @inline(never)
  private func takeOtherTime(
    _ record: UnsafeRawBufferPointer, than best: Field, into reading: inout Reading
  ) -> Bool {
    for field in fields where field.entry >= 0 && field.entry != best.entry && field.start < field.end {
      let meaning = keys[field.entry].meaning
      guard meaning.role == .time, !(meaning.isEpochOnly && isNoEpoch(record, field)),
        let stamp = naming.stamp(
          Bytes.part(record, field.start, field.end), isText: true, unit: meaning.unit, &stamps)
      else { continue }
      reading.set(stamp, from: field.start)
      takeZone(of: [field], into: &reading)
      return true
    }
    return false
  }

  /// The time since boot of a record that has no other; it stays among the fields.
  @inline(never)
  private func assignUptime(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    guard let field = field(.uptime) else { return }
    let unit = keys[field.entry].meaning.unit
    guard
      let (time, resolution) = StampReader.epoch(
        Bytes.part(record, field.start, field.end), unit: unit == 0 ? StampReader.second : unit), time >= 0
    else { return }
    reading.kind = .sinceBoot
    reading.time = time
    reading.resolution = resolution
    reading.stamp = .record(field.start, field.end - field.start)
  }

  private func slice(_ record: UnsafeRawBufferPointer, _ field: Field, into reading: inout Reading) -> Slice {
    field.writing == .escaped
      ? reading.unescape(record, field.start, field.end) : .record(field.start, field.end - field.start)
  }

  private func write(_ record: UnsafeRawBufferPointer, _ field: Field, into reading: inout Reading) {
    let value = Bytes.part(record, field.start, field.end)
    if field.nameStart >= 0 {
      reading.key(Bytes.part(record, field.nameStart, field.nameEnd))
    } else {
      reading.separate()
      keys.withKey(field.entry) { reading.appendJSONString($0) }
      reading.append(0x3A)
    }
    switch field.writing {
    case .bare: if value.isEmpty { reading.append("\"\"") } else { reading.appendGuessing(value) }
    case .quoted: reading.appendJSONString(value)
    case .backslashed:
      reading.append(0x22)
      var run = field.start
      var i = field.start
      while i < field.end {
        if record[i] == 0x5C, i &+ 1 < field.end {
          // `\=`, `\\`, `\|`, `\"`, `\]` protect; `\n` and `\r` are line ends; any other backslash is one (`C:\Users`).
          switch record[i &+ 1] {
          case 0x3D, 0x5C, 0x7C, 0x22, 0x5D:
            reading.appendJSONCharacters(Bytes.part(record, run, i))
            run = i &+ 1
          case 0x6E, 0x72:
            reading.appendJSONCharacters(Bytes.part(record, run, i))
            reading.append(record[i &+ 1] == 0x6E ? "\\n" : "\\r")
            run = i &+ 2
          default: break
          }
          i &+= 1
        }
        i &+= 1
      }
      reading.appendJSONCharacters(Bytes.part(record, run, field.end))
      reading.append(0x22)
    case .json:
      if Bytes.isValidUTF8(value) { reading.append(value) } else { reading.append("null") }
    case .escaped:
      if JSONText.escapesAreValid(record, field.start, field.end), Bytes.isValidUTF8(value),
        !value.contains(where: { $0 < 0x20 || $0 == 0x22 }) || JSONText.isStringBody(value)
      {
        reading.append(0x22)
        reading.append(value)
        reading.append(0x22)
      } else {
        reading.appendJSONString(value)
      }
    }
  }
}
