/// What the first bytes of a source show of all its records, so that each is not judged for itself.
struct SourceTraits: Sendable {
  /// How its numbers of severity count.
  var scales = LevelScales()
  /// The names of fields that may hold a unit of measurement or a state as well, and name devices here; see `SeriesSurvey`.
  var deviceNames: Set<String> = []
  /// The names of stamps that stay while another one goes on, and that one where no name says that it is a time; see `StampSurvey`.
  var standingTimes: Set<String> = []
  var goingTime: String?
  /// What fields mean here because of the devices that their values name; see `DeviceFieldSurvey`.
  var fieldMeanings: [String: FieldMeaning] = [:]
  /// No field is a message, and the words of its records say what happened; see `WordSurvey`.
  var areSpoken = false
  /// A field that may name devices where none is taken to.
  var likelyDevices: LikelyDeviceField?
  /// Lines of stamped text name a device behind their stamp; see `LineSpeaker`.
  var namesSpeakers = false
  /// Half of the lines of stamped text or more have a level behind their stamp.
  var hasLevels = false
  /// Those that name a device behind it have one there.
  var hasLevelsBehind = false
  /// The cells of rows without a header.
  var rows = RowLayout()
  /// A name behind a level in brackets, or in a cell beside one, may be that of a device; see `NamedSpeaker`, `RowWithoutHeader`.
  var mayNameSpeakers = true

  /// Of two stamps of one record a standing one is the time where there is no other.
  private static let standingRank: UInt8 = 230
  private static let goingRank: UInt8 = 220

  /// The traits of a source that begins so, of records that say the name of each value.
  static func of(_ head: UnsafeRawBufferPointer, in context: SourceContext = SourceContext()) -> SourceTraits
  {
    var survey = SourceSurvey(context)
    survey.readPairs(head)
    var traits = survey.traits
    traits.scales = LevelSurvey.scales(of: head)
    return traits
  }

  /// The traits of a table that begins so.
  static func ofTable(
    _ head: UnsafeRawBufferPointer, in context: SourceContext = SourceContext()
  ) -> SourceTraits {
    var survey = SourceSurvey(context)
    survey.readTable(head)
    return survey.traits
  }

  /// What a field means in this source, where its name alone means this. `key` is the name as it is written.
  func adjusted(_ meaning: FieldMeaning, of key: UnsafeRawBufferPointer) -> FieldMeaning {
    guard
      !fieldMeanings.isEmpty || !standingTimes.isEmpty || meaning.doubt == .series && !deviceNames.isEmpty
    else {
      return meaning
    }
    let name = String(decoding: key, as: UTF8.self)
    if let known = fieldMeanings[name] { return known }
    var adjusted = meaning
    if meaning.doubt == .series, deviceNames.contains(name) { adjusted.doubt = .decided }
    if meaning.role == .time, standingTimes.contains(name) { adjusted.rank = Self.standingRank }
    if meaning.role == .other, goingTime == name {
      adjusted = FieldMeaning(role: .time, rank: Self.goingRank, zone: meaning.zone)
    }
    return adjusted
  }
}

/// The names and values among the first bytes of a source.
struct SourceSurvey {
  private var series = SeriesSurvey()
  private var stamps = StampSurvey()
  private var devices: DeviceFieldSurvey
  private var words = WordSurvey()
  private var levels = LevelFieldSurvey()

  init(_ context: SourceContext) {
    devices = DeviceFieldSurvey(known: context.knownDevices, isOfKnownDevice: context.isOfKnownDevice)
  }

  /// Bytes that are looked at.
  private static let headBytes = 16 << 10

  var traits: SourceTraits {
    var traits = SourceTraits()
    traits.deviceNames = series.deviceNames
    (traits.standingTimes, traits.goingTime) = stamps.standing
    let found = devices.finding
    traits.fieldMeanings = found.meanings.merging(levels.meanings) { device, _ in device }
    traits.likelyDevices = found.likely
    traits.areSpoken = words.areSpoken
    return traits
  }

  /// Of JSON and of `name=value`.
  mutating func readPairs(_ source: UnsafeRawBufferPointer) {
    let head = UnsafeRawBufferPointer(rebasing: source.prefix(Self.headBytes))
    var i = 0
    while i < head.count {
      let colon = Bytes.find(0x3A, head, from: i, to: head.count)
      let sign = Bytes.find(0x3D, head, from: i, to: colon)
      guard sign < head.count else { break }
      i = sign &+ 1
      let key = Self.name(in: head, before: sign)
      guard !key.isEmpty, let (value, isQuoted) = Self.value(in: head, at: i) else { continue }
      series.add(key, value)
      stamps.add(key, value, isText: isQuoted || value.contains(0x3A))
      devices.add(key, value)
      words.add(key, value)
      levels.add(key, value)
    }
  }

  /// Of the rows behind a header.
  mutating func readTable(_ source: UnsafeRawBufferPointer) {
    let head = UnsafeRawBufferPointer(rebasing: source.prefix(Self.headBytes))
    var row = CSVRow()
    var reader = StampReader()
    var cursor = LineCursor(head)
    var delimiter: UInt8?
    var names: [String] = []
    while let line = cursor.next() {
      if line.isEmpty || cursor.isAtEnd && !cursor.endedWithNewline && !names.isEmpty { continue }
      guard !names.isEmpty else {
        if delimiter == nil { delimiter = CSVHeader.delimiter(saidBy: line) }
        let text = line[0] == 0x23 ? CSVHeader.text(ofComment: line) : line
        guard let look = CSVHeader.look(text, delimiter: delimiter, &row, &reader),
          look.namesTime || line[0] != 0x23
        else { continue }
        delimiter = look.delimiter
        names = (0..<row.count).map {
          String(decoding: Bytes.part(text, row[$0].start, row[$0].end), as: UTF8.self)
        }
        continue
      }
      guard row.split(line, delimiter: delimiter ?? 0x2C), row.count == names.count else { continue }
      for index in 0..<row.count where row[index].start < row[index].end {
        let value = Bytes.part(line, row[index].start, row[index].end)
        if Bytes.isLetter(value[0]) || value[0] >= 0x80 { series.add(names[index], value) }
        stamps.add(names[index], value, isText: row[index].isQuoted || !JSONText.isNumber(value))
        devices.add(names[index], value)
        words.add(names[index], value)
        levels.add(names[index], value)
      }
    }
  }

  /// The name that ends before an offset, quotes and blanks left out.
  private static func name(in head: UnsafeRawBufferPointer, before end: Int) -> String {
    var last = end
    while last > 0, head[last &- 1] == 0x20 || head[last &- 1] == 0x22 { last &-= 1 }
    var first = last
    while first > 0, last &- first < 40,
      Bytes.isLetter(head[first &- 1]) || Bytes.isDigit(head[first &- 1]) || head[first &- 1] == 0x5F
        || head[first &- 1] == 0x2D || head[first &- 1] == 0x2E || head[first &- 1] == 0x40
    {
      first &-= 1
    }
    return last > first && (Bytes.isLetter(head[first]) || head[first] == 0x40)
      ? String(decoding: Bytes.part(head, first, last), as: UTF8.self) : ""
  }

  /// The value at an offset; nil where it is no text and no number, or is cut.
  private static func value(
    in head: UnsafeRawBufferPointer, at start: Int
  ) -> (value: UnsafeRawBufferPointer, isQuoted: Bool)? {
    var from = TextLine.skipBlanks(head, start)
    let isQuoted = from < head.count && head[from] == 0x22
    if isQuoted { from &+= 1 }
    guard from < head.count, Bytes.isLetter(head[from]) || Bytes.isDigit(head[from]) || head[from] >= 0x80
    else { return nil }
    let limit = min(head.count, from &+ 65)
    var end = from
    while end < limit,
      isQuoted
        ? head[end] != 0x22
        : head[end] > 0x20 && head[end] != 0x2C && head[end] != 0x3B && head[end] != 0x7D && head[end] != 0x5D
    {
      end &+= 1
    }
    return end < limit ? (Bytes.part(head, from, end), isQuoted) : nil
  }
}
