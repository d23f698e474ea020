import IncidentModel

/// What is rarely needed.
extension JSONObjectReader {
  /// Rank of the roles that values alone gave; see `learn`.
  static let learnedRank: UInt8 = 200

  /// A list among the members of the record.
  @inline(never)
  func noteList(_ record: UnsafeRawBufferPointer, _ member: Int, _ value: Int, _ end: Int) {
    let first = JSONText.skipSpace(record, from: value &+ 1)
    guard first < end, record[first] == 0x7B, list.count == 0 || list.member != member else { return }
    list = (member, value, end, list.count &+ 1)
  }

  /// The severity in a value with escapes, as many write all that is not ASCII: `St\u00f6rung`.
  @inline(never)
  func escapedSeverity(
    _ record: UnsafeRawBufferPointer, _ candidate: Candidate, into reading: inout Reading
  ) -> UInt8 {
    let word = reading.unescape(record, candidate.start, candidate.end)
    return naming.severity(reading.bytes(word, of: record), scale: candidate.scale)
  }

  /// Puts a member of the object read last back among its fields, where it was taken out for its role.
  @inline(never)
  func giveBack(_ role: FieldRole, _ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    let candidate = self[role].pointee
    let start = candidate.memberStart
    let end = candidate.memberEnd
    guard candidate.rank < 255, cuts.holds(start, end) else { return }
    reading.reopenFields()
    append(record, start, end, Bytes.isValidUTF8(Bytes.part(record, start, end)), into: &reading)
    reading.endFields()
  }
}

extension JSONObjectReader {
  /// True where the message of the object read last stood under `log`.
  var messageIsLog: Bool {
    let message = self[.message].pointee
    return message.rank < 255 && message.entry >= 0 && keys.key(message.entry) == "log"
  }

  /// The level of a topic that names the device.
  @inline(never)
  func level(of record: UnsafeRawBufferPointer, _ topic: Candidate, into reading: inout Reading) -> Slice {
    // Some write `\/` for each slash.
    let whole =
      topic.isEscaped
      ? reading.unescape(record, topic.start, topic.end) : .record(topic.start, topic.end &- topic.start)
    guard let level = DeviceName.level(of: reading.bytes(whole, of: record)) else { return .empty }
    let start = whole.start &+ level.lowerBound
    return whole.isInScratch ? .scratch(start, level.count) : .record(start, level.count)
  }
}

/// Learning what a member means from its values, where its name does not say it.
extension JSONObjectReader {
  func needsLesson(_ stamp: Stamp?) -> Bool {
    if self[.severity].pointee.rank == 255 || self[.device].pointee.rank == 255 { return true }
    if self[.message].pointee.rank == 255 { return true }
    return stamp == nil
  }

  /// Looks at top-level values whose keys say nothing and gives them roles that are free; true when it gave one.
  func learn(_ record: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Bool {
    var changed = false
    let time = self[.time].pointee
    if time.rank == 255 || stamp(record, time) == nil, !naming.fixedRoles.contains(.time) {
      changed = give(.time, rank: 200, record, start, end) { reader, value, key in
        guard value.count >= 14 || value.isString else { return 0 }
        if value.isString {
          return reader.stamps.any(value.bytes).map { $0.kind == .sinceBoot ? 0 : 2 &* Self.likelihood(key) }
            ?? 0
        }
        guard let (time, _) = StampReader.epoch(value.bytes) else { return 0 }
        return time > 946_684_800 * StampReader.second && time < 4_102_444_800 * StampReader.second
          ? 2 &* Self.likelihood(key) &- 1 : 0
      }
      if !changed {
        changed = give(.time, rank: 201, record, start, end) { _, value, key in
          guard !value.isString, value.count >= 10, let (time, _) = StampReader.epoch(value.bytes) else {
            return 0
          }
          return time > 946_684_800 * StampReader.second && time < 4_102_444_800 * StampReader.second
            ? Self.likelihood(key) : 0
        }
      }
    }
    if self[.severity].pointee.rank == 255, !naming.fixedRoles.contains(.severity) {
      let given = give(.severity, rank: 200, record, start, end) { _, value, _ in
        // What happens is called `alarm` as well (`"kind":"alarm"`).
        guard value.isString, value.count >= 3 else { return 0 }
        guard value.bytes.contains(0x5C) else { return SeverityWords.isLevel(value.bytes) ? 1 : 0 }
        var scratch = Reading()
        let word = scratch.unescape(value.bytes, 0, value.count)
        return SeverityWords.isLevel(scratch.bytes(word, of: value.bytes)) ? 1 : 0
      }
      changed = changed || given
    }
    if self[.device].pointee.rank == 255, !naming.fixedRoles.contains(.device) {
      let given = give(.device, rank: 200, record, start, end) { _, value, key in
        guard value.isString, value.count <= 64, !value.bytes.contains(0x20),
          !DeviceName.isPlaceholder(value.bytes)
        else { return 0 }
        switch DeviceWords.words(key).first {
        case "emitter", "sender", "reporter", "publisher": return 2
        // Of these words states and people are told as well.
        case "who", "subject", "actor", "from", "entity": return DeviceName.isOfSeries(value.bytes) ? 1 : 0
        default: return 0
        }
      }
      changed = changed || given
    }
    if self[.message].pointee.rank == 255, !naming.fixedRoles.contains(.message) {
      let given = give(.message, rank: 200, record, start, end) { reader, value, _ in
        guard value.isString, value.bytes.contains(0x20), reader.stamps.any(value.bytes) == nil else {
          return 0
        }
        return value.count
      }
      changed = changed || given
    }
    return changed
  }

  /// Makes up the message of the words that found no other place; they stay among the fields.
  @inline(never)
  func makeMessage(
    _ record: UnsafeRawBufferPointer, from start: Int, to end: Int, into reading: inout Reading
  ) {
    var words: [Candidate] = []
    forEachMember(record, start, end) { entry, value, valueEnd in
      // Of several that may name devices, the others are whom it is about.
      let isFree =
        switch entry < 0 ? FieldRole.other : keys[entry].meaning.role {
        case .other: true
        case .device: self[.device].pointee.start != value &+ 1
        default: false
        }
      guard isFree, record[value] == 0x22,
        WordSurvey.tells(Bytes.part(record, value &+ 1, valueEnd &- 1), &stamps)
      else { return }
      var word = Candidate()
      (word.start, word.end) = (value &+ 1, valueEnd &- 1)
      word.isEscaped = record[word.start..<word.end].contains(0x5C)
      words.append(word)
    }
    let first = reading.scratchCount
    for word in words {
      if reading.scratchCount > first { reading.append(", ") }
      if word.isEscaped {
        _ = reading.unescape(record, word.start, word.end)
      } else {
        reading.append(record, word.start, word.end)
      }
    }
    reading.message = .scratch(first, reading.scratchCount &- first)
  }

  /// Tells of the members of the object at `start`: their entry, or -1, and where their value stands.
  private func forEachMember(
    _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ body: (Int32, Int, Int) -> Void
  ) {
    var i = JSONText.skipSpace(record, from: start &+ 1)
    while i < end, record[i] == 0x22 {
      var escaped = false
      let keyEnd = JSONText.stringEnd(record, from: i &+ 1, escaped: &escaped)
      guard keyEnd >= 0 else { return }
      let entry = keys.entry(Bytes.part(record, i &+ 1, keyEnd), parent: -1)
      let colon = JSONText.skipSpace(record, from: keyEnd &+ 1)
      let value = JSONText.skipSpace(record, from: colon &+ 1)
      let valueEnd = JSONText.valueEnd(record, from: value)
      guard valueEnd > value else { return }
      body(entry, value, valueEnd)
      i = JSONText.skipSpace(record, from: valueEnd)
      guard i < end, record[i] == 0x2C else { return }
      i = JSONText.skipSpace(record, from: i &+ 1)
    }
  }

  /// How likely a stamp under this name is the time of the event: 1 for what is still to come (`due_at`, `next_check_at`, `expires`), 2 for a date
  /// of the device or of its entry in some list (`provisioned_at`, `updated_at`), 3 for what follows an event (`server_time`, `cleared_at`), 5 where the
  /// name says whose it is (`source_timestamp`, `alarm_time`), else 4.
  static func likelihood(_ key: String) -> Int {
    let words = DeviceWords.words(key)
    if words.contains(where: comingWords.contains) { return 1 }
    if words.contains(where: entryWords.contains) { return 2 }
    if words.contains(where: followingWords.contains) { return 3 }
    return words.contains(where: ownWords.contains) ? 5 : 4
  }

  /// From this on a stamp may be that of an event.
  static let likely = 3

  private static let comingWords: Set<String> = [
    "due", "next", "expire", "expires", "expiry", "expiration", "expiring", "until", "deadline", "valid",
    "planned", "scheduled",
    "eta", "renewal", "renew", "upcoming", "not",
  ]
  private static let followingWords: Set<String> = [
    "server", "received", "receive", "arrival", "arrived", "ingest", "ingested", "processed", "processing",
    "upload",
    "uploaded", "export", "exported", "forwarded", "stored", "inserted", "sent", "gateway", "broker", "cloud",
    "ack", "acked", "acknowledge", "acknowledged", "confirmed", "cleared", "clear", "resolved", "recovery",
    "recovered", "closed", "end", "ends", "ended", "finished", "stopped", "quittiert", "gegangen",
  ]
  private static let ownWords: Set<String> = [
    "source", "device", "event", "alarm", "fault", "occurred", "occurrence", "measured", "measurement",
    "sample",
    "sampled", "sensor", "observed", "raised", "triggered", "detected", "begin", "start", "started",
  ]
  private static let entryWords: Set<String> = [
    "created", "updated", "modified", "changed", "provisioned", "registered", "installed", "manufactured",
    "commissioned",
    "activated", "enrolled", "built", "build", "purchased", "issued", "since", "first", "last", "previous",
  ]

  struct Value {
    var bytes: UnsafeRawBufferPointer
    var isString: Bool
    var count: Int { bytes.count }
  }

  /// Gives a role to the unknown top-level key whose value scores highest above 0.
  func give(
    _ role: FieldRole, rank: UInt8, _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int,
    except: Int32 = -1, _ score: (JSONObjectReader, Value, String) -> Int
  ) -> Bool {
    var best: Int32 = -1
    var bestScore = 0
    forEachMember(record, start, end) { entry, value, valueEnd in
      let isString = record[value] == 0x22
      guard entry >= 0, entry != except, isString || Bytes.isDigit(record[value]),
        keys[entry].meaning.role == .other || role == .time && keys[entry].meaning.role == .date
      else { return }
      let bytes = Bytes.part(record, isString ? value &+ 1 : value, isString ? valueEnd &- 1 : valueEnd)
      let points = bytes.isEmpty ? 0 : score(self, Value(bytes: bytes, isString: isString), keys.key(entry))
      if points > bestScore {
        bestScore = points
        best = entry
      }
    }
    guard best >= 0 else { return false }
    // A word under this name is a severity; a number may be anything.
    keys[best].meaning = FieldMeaning(
      role: role, rank: rank, scale: .wordsOnly, zone: keys[best].meaning.zone)
    return true
  }
}
