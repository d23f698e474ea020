/// Who speaks in a line of stamped text that names a device behind its stamp: `2026-11-20 08:00:00 ELV03 ERROR door fault`, `… WARN [pump-7] net: slow`.
/// Whether the lines of a source do is told by all of its first ones.
struct LineSpeaker {
  private(set) var device: Slice
  private(set) var program = Slice.empty
  /// 0 to 7, or 255.
  private(set) var severity: UInt8 = 255
  /// The word where others have a level, where it is none that is known.
  private(set) var unknownLevel = Slice.empty
  /// Offset of the message.
  private(set) var end: Int
  /// What stands between name and message may make a thread of the name.
  private var threadSign = ThreadSign.none

  private static let longestName = 48
  private static let longestProgram = 48

  /// - Parameters:
  ///   - start: Offset behind the stamp.
  ///   - hasLevels: Lines like this one have a level there: a word in capitals is one, whatever it means.
  ///   - hasLevelsBehind: They have one behind the name.
  @inline(never)
  init?(
    _ record: UnsafeRawBufferPointer, from start: Int, hasLevels: Bool = false, hasLevelsBehind: Bool = false
  ) {
    var i = start
    if let (severity, end) = TextLine.level(record, at: i, besideLevels: hasLevels), end > i {
      self.severity = severity
      i = end
    } else if hasLevels, let word = Self.levelWord(record, at: i) {
      unknownLevel = .record(word.lowerBound, word.count)
      i = word.upperBound
      if i < record.count, record[i] == 0x5D || record[i] == 0x3E || record[i] == 0x29 || record[i] == 0x3A {
        i &+= 1
      }
    }
    while i < record.count, record[i] == 0x20 || record[i] == 0x09 || record[i] == 0x7C || record[i] == 0x2D {
      i &+= 1
    }
    let isBracketed = i < record.count && record[i] == 0x5B
    if isBracketed { i &+= 1 }
    let name = i
    let limit = min(record.count, name &+ Self.longestName)
    while i < limit, record[i] > 0x20, record[i] != 0x5D, record[i] != 0x3A, record[i] != 0x2C { i &+= 1 }
    guard i &- name >= 3, i < limit, Self.mayBeName(Bytes.part(record, name, i)) else { return nil }
    device = .record(name, i &- name)
    // Cells of a table are no sentence.
    guard record[i] != 0x09 else { return nil }
    if isBracketed || record[i] == 0x3A || record[i] == 0x2C {
      guard isBracketed == (record[i] == 0x5D), i &+ 1 < record.count else { return nil }
      i &+= 1
      if isBracketed, record[i] == 0x3A, i &+ 1 < record.count { i &+= 1 }
      guard record[i] == 0x20 || isBracketed && record[i] == 0x5B else { return nil }
    }
    end = TextLine.skipBlanks(record, i)
    if severity > 7 {
      if let (severity, behind) = TextLine.level(record, at: end, besideLevels: hasLevelsBehind), behind > end
      {
        self.severity = severity
        end = behind
      } else if let found = HeaderLevel.find(record, at: end) {
        severity = found.severity
      }
    }
    while end < record.count,
      record[end] == 0x20 || record[end] == 0x7C || record[end] == 0x3A
        || record[end] == 0x2D && end &+ 1 < record.count && record[end &+ 1] == 0x20
    {
      end &+= 1
    }
    threadSign = Self.threadSign(record, at: end, isBracketed: isBracketed, hasLevel: severity < 8)
    takeProgram(record)
  }

  /// A word in capitals or of a script without them, perhaps in brackets.
  private static func levelWord(_ record: UnsafeRawBufferPointer, at start: Int) -> Range<Int>? {
    var i = start
    while i < record.count, record[i] == 0x20 || record[i] == 0x09 || record[i] == 0x7C || record[i] == 0x2D {
      i &+= 1
    }
    if i < record.count, record[i] == 0x5B || record[i] == 0x3C || record[i] == 0x28 { i &+= 1 }
    let word = i
    let limit = min(record.count, word &+ longestLevel)
    while i < limit, record[i] &- 0x41 < 26 || record[i] >= 0x80 || record[i] == 0x5F { i &+= 1 }
    guard i &- word >= 3, i < limit, !Bytes.isLetter(record[i]), !Bytes.isDigit(record[i]), record[i] != 0x2D,
      record[i] != 0x2E
    else { return nil }
    return word..<i
  }

  private static let longestLevel = 32

  // MARK: Threads

  /// How surely a name is that of a thread.
  private enum ThreadSign { case none, layout, logger }

  /// What loggers write behind a thread: `c.h.Engine - text`, `com.acme.Net: text` with the class they belong to; or any one word before a hyphen, where
  /// the name stands in brackets beside a level, as Log4j's layouts have it.
  private static func threadSign(
    _ record: UnsafeRawBufferPointer, at start: Int, isBracketed: Bool, hasLevel: Bool
  ) -> ThreadSign {
    var i = start
    let isQuoted = i < record.count && record[i] == 0x5B
    if isQuoted { i &+= 1 }
    let word = i
    let limit = min(record.count, word &+ longestLogger)
    var points = 0
    while i < limit,
      Bytes.isLetter(record[i]) || Bytes.isDigit(record[i]) || record[i] == 0x2E || record[i] == 0x5F
        || record[i] == 0x24
    {
      if record[i] == 0x2E { points &+= 1 }
      i &+= 1
    }
    guard i > word, i < limit, Bytes.isLetter(record[word]) else { return .none }
    let last = record[..<i].lastIndex(of: 0x2E).map { $0 + 1 } ?? word
    let isClass =
      points > 0 && last < i && (record[last] &- 0x41 < 26 || points > 1) && Bytes.isLetter(record[last])
    if isQuoted {
      guard record[i] == 0x5D else { return .none }
      i &+= 1
    } else if record[i] == 0x3A, i &+ 1 < limit, Bytes.isDigit(record[i &+ 1]) {
      // `Engine:118`
      i &+= 1
      while i < limit, Bytes.isDigit(record[i]) { i &+= 1 }
    }
    let isAttached = i < limit && record[i] == 0x3A
    if !isAttached { i = TextLine.skipBlanks(record, i) }
    guard i &+ 1 < record.count, record[i &+ 1] == 0x20 else { return .none }
    switch record[i] {
    case 0x2D: return isClass ? .logger : isBracketed && hasLevel ? .layout : .none
    case 0x3A, 0x7C: return isClass ? .logger : .none
    default: return .none
    }
  }

  private static let longestLogger = 96

  /// `net: text`, `net[12]: text`.
  private mutating func takeProgram(_ record: UnsafeRawBufferPointer) {
    let limit = min(record.count, end &+ Self.longestProgram)
    let colon = Bytes.findNear(0x3A, record, from: end, to: limit)
    guard colon > end, colon &+ 1 < limit, record[colon &+ 1] == 0x20, Bytes.isLetter(record[end]),
      !record[end..<colon].contains(where: { $0 <= 0x20 || $0 == 0x3D })
    else { return }
    let bracket = Bytes.findNear(0x5B, record, from: end, to: colon)
    program = .record(end, bracket &- end)
    end = TextLine.skipBlanks(record, colon &+ 1)
  }

  /// Two letters and more, then digits somewhere; nothing that programs, interfaces and codes are called.
  static func mayBeName(_ name: UnsafeRawBufferPointer) -> Bool {
    guard DeviceName.isOfSeries(name), name[0] < 0x80 ? Bytes.isLetter(name[1]) || name[1] >= 0x80 : true,
      name.allSatisfy({
        Bytes.isLetter($0) || Bytes.isDigit($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E || $0 >= 0x80
      })
    else { return false }
    return !NamedSpeaker.holdsOther(name)
  }

  /// What the names of one series begin with.
  static func kind(_ name: UnsafeRawBufferPointer) -> String {
    String(decoding: name.prefix { !Bytes.isDigit($0) && $0 != 0x2D && $0 != 0x5F }, as: UTF8.self)
  }

  // MARK: Of a source

  private static let lineLimit = 100
  private static let least = 3

  /// Decides for a source of stamped text. Devices are named where nine of ten of the first lines name one, of a series: names of one kind (`ELV03`,
  /// `ELV04`), or each beyond doubt (`pump-7`, `gw-12`). What is another in each of many lines is the number of a request, and what stands where loggers
  /// write their threads (`[mllp-3] INFO c.h.Engine - text`) is one of those, whatever it is called: in half of the lines before a class, or in nearly
  /// all before one word and a hyphen. The inventory knows better: most of its names are devices wherever they stand, and in the log of one that it
  /// knows, names that it does not know are none.
  static func survey(_ head: UnsafeRawBufferPointer, _ context: inout SourceContext) {
    var stamps = StampReader()
    var cursor = LineCursor(head)
    var lines = 0
    var named = 0
    var isSure = true
    var classes = 0
    var layouts = 0
    var kinds: Set<String> = []
    var names: Set<String> = []
    var isSpeakerKnown = false
    var levels = LevelPlace()
    var unknownLevels = 0
    var graded = 0
    var rows = RowSurvey()
    while lines < lineLimit, let line = cursor.next() {
      if cursor.isAtEnd, !cursor.endedWithNewline, lines >= least { break }
      guard let start = StampedTextFormat.head(line, &stamps) else { continue }
      if context.isOfKnownDevice, !isSpeakerKnown {
        isSpeakerKnown = context.knows(namedIn: line, behind: start)
      }
      guard !start.isCell else {
        if start.start <= 1, start.severity > 7 { rows.add(line, from: start.end) }
        continue
      }
      lines += 1
      if start.severity > 7 { levels.add(line, at: start.end) }
      guard
        let speaker = LineSpeaker(line, from: start.end)
          ?? LineSpeaker(line, from: start.end, hasLevels: true)
      else { continue }
      named += 1
      if !speaker.unknownLevel.isEmpty { unknownLevels += 1 }
      if speaker.severity < 8 { graded += 1 }
      if speaker.threadSign == .logger { classes += 1 }
      if speaker.threadSign != .none { layouts += 1 }
      let name = Bytes.part(line, speaker.device.start, speaker.device.end)
      if !NamedSpeaker.isName(line, speaker.device.start, speaker.device.end) { isSure = false }
      kinds.insert(kind(name))
      names.insert(String(decoding: name, as: UTF8.self))
    }
    context.traits.mayNameSpeakers = !context.isOfKnownDevice || isSpeakerKnown
    context.traits.rows = rows.layout(context)
    context.traits.hasLevels = lines >= least && levels.areUsual(among: lines)
    context.traits.hasLevelsBehind = !context.traits.hasLevels && graded * 2 >= lines
    if !context.traits.hasLevels { named -= unknownLevels }
    guard lines >= least, named * 10 >= lines * 9 else { return }
    if !context.knownDevices.isEmpty {
      let known = names.count { context.knownDevices.contains($0) }
      if known * 2 > names.count { context.traits.namesSpeakers = true }
      if known * 2 > names.count || context.isOfKnownDevice { return }
    }
    guard isSure || kinds.count == 1, classes * 2 < named, layouts * 10 < named * 9 else { return }
    context.traits.namesSpeakers = names.count < named || named < 8
  }
}

/// Whether the lines of a source have a level behind their stamp: half of them one beyond doubt, or several words that may be levels and mean not the
/// same (`INFO`, `ALARM`).
private struct LevelPlace {
  private var sure = 0
  private var likely = 0
  private var severities: Set<UInt8> = []

  mutating func add(_ line: UnsafeRawBufferPointer, at start: Int) {
    if TextLine.level(line, at: start) != nil { sure += 1 }
    guard let (severity, _) = TextLine.level(line, at: start, besideLevels: true) else { return }
    likely += 1
    severities.insert(severity)
  }

  func areUsual(among lines: Int) -> Bool {
    sure * 2 >= lines || likely * 2 >= lines && severities.count > 1
  }
}

extension SourceContext {
  /// Whether a line names a device of the inventory behind a level in brackets, or in a cell beside one.
  fileprivate func knows(namedIn line: UnsafeRawBufferPointer, behind head: StampedTextFormat.Head) -> Bool {
    let slice =
      head.isCell
      ? RowWithoutHeader(line, from: head.end).device
      : TextLine.level(line, at: head.end).flatMap { NamedSpeaker(line, at: $0.end) }?.device ?? .empty
    let name = Bytes.part(line, slice.start, slice.end)
    return !slice.isEmpty && knownDevices.contains(String(decoding: name, as: UTF8.self))
  }
}
