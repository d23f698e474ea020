import IncidentModel

/// Reads one JSON object of any shape into a reading: finds time, device, severity, message and program by the names of
/// their keys, nested ones too, and keeps everything else verbatim as fields.
///
/// Where no name fits, the values of the first records tell: a string that is a stamp, a word that is a severity. Of
/// equal keys in one object the last counts; the others stay among the fields.
final class JSONObjectReader {
  /// A member that could play a role.
  struct Candidate {
    var rank: UInt8 = 255
    var entry: Int32 = -1
    /// The value without quotes.
    var start = 0
    var end = 0
    /// The member with its key; empty for nested ones, which are not taken out of the fields.
    var memberStart = 0
    var memberEnd = 0
    var isString = false
    var isEscaped = false
    var unit: Int64 = 0
    var scale = SeverityScale.unknown
  }

  let naming: FieldNaming
  /// Who vouches for a device that a member names.
  private let basis: IdentityBasis
  private let hasStampRule: Bool
  /// The words of an object without a message make one up.
  private let areSpoken: Bool
  @exclusivity(unchecked) var keys: KeyTable
  @exclusivity(unchecked) var stamps = StampReader()
  @exclusivity(unchecked) private var stops = JSONStops()
  /// How long the last object was: the next one will be about as long.
  @exclusivity(unchecked) private var lastLength = 960
  @exclusivity(unchecked) private var severities = SeverityMemory()
  @exclusivity(unchecked) private var levels: LevelNumbers
  /// The entry under which the current object has no time although its name says so; -1 elsewhere.
  @exclusivity(unchecked) var unreadTime: Int32 = -1
  @exclusivity(unchecked) var splitStamp = SplitStamp()
  /// What of the current object found its place elsewhere than among the fields.
  @exclusivity(unchecked) var cuts = CutList()
  /// The last list of objects among the members of the current object, and how many there are.
  @exclusivity(unchecked) var list = (member: 0, value: 0, end: 0, count: 0)
  private let candidates: UnsafeMutablePointer<Candidate>
  private static let roles = Int(FieldRole.uptime.rawValue) + 1
  /// Objects nested deeper are checked but not searched for roles.
  private static let searchDepth = 5
  @exclusivity(unchecked) private var lessons = 32
  @exclusivity(unchecked) private var failure = Refusal.notJSON

  init(
    naming: FieldNaming = .usual, basis: IdentityBasis = .selfAsserted,
    traits: SourceTraits = SourceTraits()
  ) {
    levels = LevelNumbers(scales: traits.scales)
    self.naming = naming
    self.basis = basis
    hasStampRule = naming.stamp != nil
    areSpoken = traits.areSpoken
    keys = KeyTable(naming: naming, traits: traits)
    candidates = .allocate(capacity: Self.roles)
    candidates.initialize(repeating: Candidate(), count: Self.roles)
  }

  deinit { candidates.deallocate() }

  subscript(role: FieldRole) -> UnsafeMutablePointer<Candidate> {
    @inline(__always) get { candidates + Int(role.rawValue) }
  }

  /// Reads the object at `start`, where a brace stands. Gives the offset behind it, or the refusal.
  func read(
    _ record: UnsafeRawBufferPointer, at start: Int, into reading: inout Reading
  ) -> Result<Int, Refusal> {
    forgetCandidates()
    failure = .notJSON
    list.count = 0
    stops.look(at: record, from: start, length: lastLength &+ 64)
    let end = object(record, at: start, parent: -1, depth: 0)
    guard end >= 0 else { return .failure(failure) }
    lastLength = end &- start
    unreadTime = -1
    var stamp = findStamp(record, from: start)
    if lessons > 0, needsLesson(stamp) {
      lessons -= 1
      if learn(record, from: start, to: end) {
        forgetCandidates()
        _ = object(record, at: start, parent: -1, depth: 0)
        stamp = findStamp(record, from: start)
      }
    }
    assign(record, from: start, to: end, stamp, into: &reading)
    return .success(end)
  }

  /// The stamp of the object that has been walked.
  @inline(__always)
  private func findStamp(_ record: UnsafeRawBufferPointer, from start: Int) -> Stamp? {
    guard self[.time].pointee.rank < 255 else { return nil }
    if let stamp = stamp(record, self[.time].pointee) { return stamp }
    // Beside a date it may be a clock.
    return self[.date].pointee.rank < 255 ? nil : otherStamp(record, from: start)
  }

  @inline(__always) func forgetCandidates() {
    for index in 0..<Self.roles { candidates[index].rank = 255 }
  }

  // MARK: Members

  /// Walks one object's members; the offset behind it, or -1 with `failure` set.
  func object(_ record: UnsafeRawBufferPointer, at start: Int, parent: Int32, depth: Int) -> Int {
    guard let base = record.baseAddress else { return -1 }
    // What does not change meanwhile is at hand and not looked up at each member.
    let count = record.count
    let entries = keys.entries
    let stops = stops.view
    @inline(__always) func byte(_ offset: Int) -> UInt8 {
      base.load(fromByteOffset: offset, as: UInt8.self)
    }
    var i = JSONText.skipSpace(record, from: start &+ 1)
    if i < count, byte(i) == 0x7D { return i &+ 1 }
    var previous: Int32 = -1
    var predicted = parent >= 0 ? entries[Int(parent)].child : depth == 0 ? keys.first : -1
    while true {
      guard i < count, byte(i) == 0x22 else { return -1 }
      let memberStart = i
      let keyStart = i &+ 1
      // The key: as predicted, or looked up.
      var entry = predicted
      if entry >= 0, entries[Int(entry)].short.matches(record, at: keyStart) {
        i = keyStart &+ entries[Int(entry)].short.count
      } else {
        i = key(record, at: keyStart, &entry, after: previous, parent: parent, depth: depth)
        guard i >= 0 else { return -1 }
      }
      previous = entry
      predicted =
        entry >= 0
        ? entries[Int(entry)].next : parent >= 0 ? entries[Int(parent)].child : depth == 0 ? keys.first : -1
      guard i < count else { return -1 }
      if byte(i) <= 0x20 {
        i = JSONText.skipSpace(record, from: i)
        guard i < count else { return -1 }
      }
      // The value.
      let valueStart = i
      let first = byte(i)
      if first == 0x22 {
        var escaped = false
        let end = stops.stringEnd(record, from: i &+ 1, escaped: &escaped)
        guard end >= 0, !escaped || JSONText.escapesAreValid(record, i &+ 1, end) else { return -1 }
        i = end &+ 1
        if entry >= 0, entries[Int(entry)].meaning.role != .other {
          note(record, entry, valueStart &+ 1, end, memberStart, depth == 0 ? i : memberStart, true, escaped)
        }
      } else if Bytes.isDigit(first) || first == 0x2D {
        i = i &+ 9 <= count ? JSONText.shortNumberEnd(base, valueStart) : -1
        if i < 0 { i = JSONText.numberEnd(record, from: valueStart) }
        guard i >= 0 else { return -1 }
        if entry >= 0, entries[Int(entry)].meaning.role != .other {
          note(record, entry, valueStart, i, memberStart, depth == 0 ? i : memberStart, false, false)
        }
      } else if first == 0x7B, depth < Self.searchDepth {
        i = object(record, at: i, parent: entry >= 0 ? entry : -2, depth: depth &+ 1)
        guard i >= 0 else { return -1 }
      } else {
        i = JSONText.valueEnd(record, from: i)
        guard i >= 0 else {
          if i == JSONText.tooDeep { failure = .tooDeep }
          return -1
        }
        if first == 0x5B, depth == 0 { noteList(record, memberStart, valueStart, i) }
      }
      // What follows.
      guard i < count else { return -1 }
      if byte(i) <= 0x20 {
        i = JSONText.skipSpace(record, from: i)
        guard i < count else { return -1 }
      }
      if byte(i) == 0x2C {
        i &+= 1
        if i < count, byte(i) <= 0x20 { i = JSONText.skipSpace(record, from: i) }
        continue
      }
      return byte(i) == 0x7D ? i &+ 1 : -1
    }
  }

  /// Finds the entry of the key at `start` where it is not as predicted, and remembers what followed what. Gives the offset behind the
  /// colon, or -1.
  @inline(never)
  private func key(
    _ record: UnsafeRawBufferPointer, at start: Int, _ entry: inout Int32, after previous: Int32,
    parent: Int32, depth: Int
  ) -> Int {
    if entry >= 0 {
      let value = keys.longMemberValue(entry, record, at: start)
      if value >= 0 { return value }
    }
    var escaped = false
    let end = stops.view.stringEnd(record, from: start, escaped: &escaped)
    guard end >= 0, !escaped || JSONText.escapesAreValid(record, start, end) else { return -1 }
    entry = parent == -2 ? -1 : keys.entry(Bytes.part(record, start, end), parent: parent)
    if entry >= 0 {
      if previous >= 0 {
        keys[previous].next = entry
      } else if parent >= 0 {
        keys[parent].child = entry
      } else if depth == 0 {
        keys.first = entry
      }
    }
    let colon = JSONText.skipSpace(record, from: end &+ 1)
    return colon < record.count && record[colon] == 0x3A ? colon &+ 1 : -1
  }

  /// A scalar value of a member with a role was seen: does it play it better than what was seen so far?
  @inline(__always)
  private func note(
    _ record: UnsafeRawBufferPointer, _ entry: Int32, _ start: Int, _ end: Int, _ memberStart: Int,
    _ memberEnd: Int, _ isString: Bool, _ isEscaped: Bool
  ) {
    let meaning = keys[entry].meaning
    let candidate = self[meaning.role]
    guard meaning.rank < candidate.pointee.rank || candidate.pointee.entry == entry, start < end,
      isString || meaning.role != .message && meaning.role != .program
    else { return }
    if meaning.role == .device,
      !isString || meaning.doubt != .none
        || DeviceName.mayBePlaceholder(first: record[start], last: record[end &- 1]),
      !DeviceName.isGiven(by: Bytes.part(record, start, end), isText: isString, meaning.doubt)
    {
      return
    }
    if meaning.isEpochOnly, !isString, !StampReader.mayBeEpoch(Bytes.part(record, start, end)) { return }
    candidate.pointee = Candidate(
      rank: meaning.rank, entry: entry, start: start, end: end, memberStart: memberStart,
      memberEnd: memberEnd,
      isString: isString, isEscaped: isEscaped, unit: meaning.unit, scale: meaning.scale)
  }

  // MARK: Roles

  /// Fills the reading from the candidates.
  private func assign(
    _ record: UnsafeRawBufferPointer, from start: Int, to end: Int, _ stamp: Stamp?,
    into reading: inout Reading
  ) {
    cuts.removeAll()
    let time = self[.time].pointee
    if time.rank < 255, let stamp {
      set(stamp, time, &reading)
      cuts.add(time.memberStart, time.memberEnd)
    } else {
      assignSplitTime(record, into: &reading)
    }
    let device = self[.device].pointee
    if device.rank < 255 {
      reading.basis = basis
      if device.entry >= 0, keys[device.entry].meaning.doubt == .topic {
        reading.device = level(of: record, device, into: &reading)
      } else {
        reading.device = text(record, device, into: &reading)
        cuts.add(device.memberStart, device.memberEnd)
      }
    }
    var severity = self[.severity].pointee
    if severity.rank < 255 {
      severity.scale = levels.scale(severity.scale)
      reading.severity =
        severity.isEscaped
        ? escapedSeverity(record, severity, into: &reading) : self.severity(record, severity)
      if reading.severity < 8 {
        cuts.add(severity.memberStart, severity.memberEnd)
      } else if severity.scale == .doubtful {
        assignLevel(record, severity, into: &reading)
      }
    }
    let message = self[.message].pointee
    if message.rank < 255 {
      reading.message = text(record, message, into: &reading)
      // Docker keeps the line end of what it caught.
      if message.isEscaped, reading.message.count > 0,
        reading.bytes(reading.message, of: record).last == 0x0A
      {
        reading.message.count &-= 1
      }
      cuts.add(message.memberStart, message.memberEnd)
    } else if areSpoken {
      makeMessage(record, from: start, to: end, into: &reading)
    }
    let program = self[.program].pointee
    if program.rank < 255 { reading.program = text(record, program, into: &reading) }
    let uptime = self[.uptime].pointee
    if uptime.rank < 255 {
      let unit = uptime.unit == 0 ? StampReader.second : uptime.unit
      if let (value, resolution) = StampReader.epoch(
        Bytes.part(record, uptime.start, uptime.end), unit: unit),
        value >= 0
      {
        if reading.kind == .none {
          reading.kind = .sinceBoot
          reading.time = value
          reading.resolution = resolution
          reading.stamp = .record(uptime.start, uptime.end &- uptime.start)
        } else if uptime.unit != 0 {
          reading.uptime = value
          reading.flags.insert(.hasUptime)
        }
      }
    }
    copyFields(record, from: start, to: end, into: &reading)
  }

  @inline(__always)
  private func text(_ record: UnsafeRawBufferPointer, _ candidate: Candidate, into reading: inout Reading)
    -> Slice
  {
    candidate.isEscaped
      ? reading.unescape(record, candidate.start, candidate.end)
      : .record(candidate.start, candidate.end &- candidate.start)
  }

  @inline(__always) func set(_ stamp: Stamp, _ candidate: Candidate, _ reading: inout Reading) {
    reading.kind = stamp.kind
    reading.time = stamp.time
    reading.resolution = stamp.resolution
    reading.stamp = .record(candidate.start, candidate.end &- candidate.start)
    reading.mark(stamp)
    if stamp.kind == .noZone || stamp.kind == .noYear { takeZone(of: candidate, into: &reading) }
  }

  /// The stamp in a value; nil where it is none.
  @inline(__always) func stamp(_ record: UnsafeRawBufferPointer, _ candidate: Candidate) -> Stamp? {
    let bytes = Bytes.part(record, candidate.start, candidate.end)
    // A naming is large: it is touched only where it has a say.
    if hasStampRule { return naming.stamp(bytes, isText: candidate.isString, unit: candidate.unit, &stamps) }
    return FieldNaming.usualStamp(bytes, isText: candidate.isString, unit: candidate.unit, &stamps)
  }

  /// The severity that a value stands for; 255 for none.
  @inline(__always)
  private func severity(_ record: UnsafeRawBufferPointer, _ candidate: Candidate) -> UInt8 {
    if let known = severities.severity(record, candidate.start, candidate.end, candidate.scale) {
      return known
    }
    let severity = naming.severity(
      Bytes.part(record, candidate.start, candidate.end), scale: candidate.scale)
    severities.remember(severity)
    return severity
  }

  /// A bare number under a name like `level`: it stays among the fields where it may be a measurement.
  private func assignLevel(
    _ record: UnsafeRawBufferPointer, _ candidate: Candidate, into reading: inout Reading
  ) {
    let message = self[.message].pointee
    let number = Bytes.part(record, candidate.start, candidate.end)
    let isZero = number.count == 1 && number[0] == 0x30
    reading.severity = levels.severity(
      number, besideMessage: FieldNames.namesMessage(rank: message.rank),
      isSyslogs: isZero && message.entry >= 0 && keys.key(message.entry) == "short_message")
    if reading.severity < 8, LevelNumbers.areCertain(number) {
      cuts.add(candidate.memberStart, candidate.memberEnd)
    }
  }

  /// The object without the members that found their place elsewhere.
  @inline(__always)
  private func copyFields(
    _ record: UnsafeRawBufferPointer, from start: Int, to end: Int, into reading: inout Reading
  ) {
    let isValid =
      stops.areASCII(from: start, to: end) || Bytes.isValidUTF8(Bytes.part(record, start, end))
    reading.beginFields()
    var from = start &+ 1
    for index in 0..<cuts.count {
      let cut = cuts[index]
      // Neighbours have a comma between them, and nothing to keep.
      if cut.start &- from > 1 { append(record, from, cut.start, isValid, into: &reading) }
      from = cut.end
    }
    append(record, from, end &- 1, isValid, into: &reading)
    reading.endFields()
  }

  /// Appends whole members, commas and blanks around them trimmed.
  @inline(__always)
  func append(
    _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ isValid: Bool, into reading: inout Reading
  ) {
    var from = start
    var to = end
    while from < to, record[from] == 0x2C || record[from] <= 0x20 { from &+= 1 }
    while to > from, record[to &- 1] == 0x2C || record[to &- 1] <= 0x20 { to &-= 1 }
    guard from < to else { return }
    reading.separate()
    if isValid {
      reading.append(record, from, to)
      return
    }
    var i = from
    while i < to {
      let length = Bytes.sequenceLength(record, i)
      if length > 0, i &+ length <= to {
        reading.append(record, i, i &+ length)
        i &+= length
      } else {
        reading.append("\u{FFFD}")
        i &+= 1
      }
    }
  }
}
