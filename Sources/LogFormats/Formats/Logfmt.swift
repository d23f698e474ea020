/// logfmt: `time=… level=… msg="…" key=value`.
struct LogfmtFormat: LogFormat {
  let name = "logfmt"
  let summary =
    "logfmt: key=value pairs, values in quotes where they hold blanks; pairs divided by ; | , or tab, too"
  let yields = ["time", "device", "severity", "program", "every other pair"]
  let samples = [
    FormatSample(
      #"ts=2026-04-07T09:08:09.123Z level=warn host=gw-1 msg="link \"wan\" down" attempt=3 ok=false name="7""#,
      time: "2026-04-07T09:08:09.123Z", device: "gw-1", severity: 4, message: #"link "wan" down"#,
      fields: #"{"attempt":3,"ok":false,"name":"7"}"#),
    FormatSample(
      "time=2026-04-07T09:08:09Z;device=gw-1;severity=error;message=low flow; retry 3",
      time: "2026-04-07T09:08:09Z",
      device: "gw-1", severity: 3, message: "low flow; retry 3", fields: ""),
    FormatSample(
      "time: 2026-04-07T09:08:09Z, device: gw-1, severity: warning, message: low flow", device: "gw-1",
      severity: 4,
      message: "low flow"),
    FormatSample(
      "time=1775552889 lvl=error component=mqtt err=timeout", time: "2026-04-07T09:08:09Z", severity: 3,
      program: "mqtt", message: "timeout"),
  ]
  let refusals = ["plain text", "a=1 then words that are no pairs at all", "=x", "{\"a\":1}"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    // Begins with a word and `=`; at least three pairs and no words between.
    var i = 0
    while i < line.count,
      Bytes.isLetter(line[i]) || line[i] == 0x5F || line[i] == 0x2E || i > 0 && Bytes.isDigit(line[i])
    {
      i += 1
    }
    if i > 0, i + 1 < line.count, KeyValueText.divided(line) != nil { return 62 }
    guard i > 0, i + 1 < line.count, line[i] == 0x3D else { return 0 }
    let (pairs, strays) = KeyValueText().count(line)
    return strays == 0 && pairs >= 3 ? 61 : strays * 3 <= pairs && pairs >= 3 ? 30 : 0
  }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    KeyValueParser(naming: .usual, text: KeyValueText(), findsDivider: true, traits: context.traits)
  }
}

/// Reads records of pairs.
final class KeyValueParser: RecordParser {
  private let fields: FlatFields
  private let text: KeyValueText
  /// Records before the divider of their pairs is taken for a blank.
  @exclusivity(unchecked) private var looks: Int
  /// How the pairs of this source are written where they are divided by something else.
  @exclusivity(unchecked) private var divided: KeyValueText?

  init(
    naming: FieldNaming, text: KeyValueText, findsDivider: Bool = false, traits: SourceTraits = SourceTraits()
  ) {
    fields = FlatFields(naming: naming, traits: traits)
    self.text = text
    looks = findsDivider ? 16 : 0
  }

  func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
    reading.reset()
    if Bytes.isBlank(record) { return .blank }
    fields.removeAll()
    // Some send their pairs through syslog with nothing but a priority before them.
    let priority = record[0] == 0x3C ? SyslogText.priority(record) : nil
    let start = priority?.end ?? 0
    if looks > 0 || divided != nil {
      // Written in one way the source stays so; a record alone among others tells its own.
      if let own = KeyValueText.divided(Bytes.part(record, start, record.count)) {
        divided = own
      } else if divided == nil {
        looks &-= 1
      }
    }
    var strays = (divided ?? text).split(record, from: start, to: record.count, into: fields)
    if divided != nil, fields.count < 2 || strays > fields.count {
      // A line of another program among them.
      fields.removeAll()
      strays = text.split(record, from: start, to: record.count, into: fields)
    }
    guard fields.count > 0, strays <= fields.count else {
      return Continuation.verdict(record, into: &reading, otherwise: .noMatch)
    }
    if let priority {
      reading.beginFields(facility: priority.value >> 3)
      reading.endFields()
    }
    fields.assign(record, into: &reading)
    if let priority, reading.severity == 255 { reading.severity = UInt8(priority.value & 7) }
    return .event
  }
}
