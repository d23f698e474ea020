import IncidentModel

/// SenML in JSON (RFC 8428): base fields carry over from record to record of a pack.
struct SenMLFormat: LogFormat {
  let name = "senml"
  let summary = "SenML packs in JSON (RFC 8428), on one line or several; base fields resolved"
  let yields = ["time", "device (base name, else name)", "name", "unit", "value"]
  let samples = [
    FormatSample(
      #"[{"bn":"urn:dev:ow:10e2:","bt":1276020076.001,"bu":"A","n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2}]"#,
      time: "2010-06-08T18:01:16.001Z", device: "urn:dev:ow:10e2", program: "senml",
      fields: #"{"name":"urn:dev:ow:10e2:voltage","unit":"V","value":120.1}"#),
    FormatSample(
      #"[{"n":"temp","u":"Cel","v":23.1,"t":-10}]"#, time: "none", device: "temp",
      fields: #"{"name":"temp","unit":"Cel","relative_time":-10,"value":23.1}"#),
    FormatSample(
      #"[{"bn":"m\u002f1-","bt":1276020076,"bv":20,"bs":0.25,"n":"flow","v":0.125,"s":1e3},{"vs":"a\"b","bu":"l"}]"#,
      time: "2010-06-08T18:01:16Z", device: "m/1",
      fields: #"{"name":"m/1-flow","value":20.125,"sum":1000.25}"#),
    FormatSample("[", verdict: .structure),
    FormatSample(#"{"bn":"a/","bt":1276020076},"#, verdict: .structure),
    FormatSample(
      #"{"n":"b","vb":true}]"#, time: "2010-06-08T18:01:16Z", device: "a",
      fields: #"{"name":"a/b","value":true}"#
    ).plain(),
  ]
  let refusals = ["text", "{]"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.isPack(line) ? 94 : 0 }

  /// True for a line that begins with a whole pack. Asked of every line with a list, so without a format of its own.
  static func isPack(_ line: UnsafeRawBufferPointer) -> Bool {
    guard let first = line.first, first == 0x5B, line.count > 8, looksRight(line) else { return false }
    return JSONText.valueEnd(line, from: 0) > 0
  }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    let start = JSONText.skipSpace(head, from: 0)
    guard start < head.count, head[start] == 0x5B, JSONDocumentFormat.spansLines(head) else { return 0 }
    return Self.looksRight(UnsafeRawBufferPointer(rebasing: head.prefix(1024))) ? 94 : 0
  }

  private static func looksRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if Bytes.find("\"bn\"", bytes) != nil || Bytes.find("\"bt\"", bytes) != nil { return true }
    guard Bytes.find("\"n\"", bytes) != nil else { return false }
    return Bytes.find("\"v\"", bytes) != nil || Bytes.find("\"vs\"", bytes) != nil
      || Bytes.find("\"vb\"", bytes) != nil
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { JSONDocumentParser(SenMLPack()) }
}

/// A pack of SenML.
struct SenMLPack: DocumentKind {
  /// A record, and where the base values that count for it stand; -1 for those that were not given.
  struct Place {
    var record: Int32 = -1
    var baseName: Int32 = -1
    var baseTime: Int32 = -1
    var baseUnit: Int32 = -1
    var baseValue: Int32 = -1
    var baseSum: Int32 = -1
  }

  /// RFC 8428, 4.6: the records of a pack with the base values that apply to them.
  func list(_ document: JSONTapeValue, into places: inout [Place]) -> Bool {
    guard document.kind == .array else { return false }
    var place = Place()
    for record in document.list {
      guard record.kind == .object else {
        places.removeAll(keepingCapacity: true)
        return false
      }
      place.record = record.index
      if let name = record["bn"], name.text != nil { place.baseName = name.index }
      if let time = record["bt"], time.scalar != nil { place.baseTime = time.index }
      if let unit = record["bu"], unit.text != nil { place.baseUnit = unit.index }
      if let value = record["bv"], value.scalar != nil { place.baseValue = value.index }
      if let sum = record["bs"], sum.scalar != nil { place.baseSum = sum.index }
      if Self.value(of: record) != nil || record["s"] != nil { places.append(place) }
    }
    return true
  }

  private static func value(of record: JSONTapeValue) -> JSONTapeValue? {
    record["v"] ?? record["vs"] ?? record["vb"] ?? record["vd"]
  }

  func read(_ place: Place, of document: JSONTapeValue, into reading: inout Reading) {
    let record = document.at(place.record)
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    let baseName = document.known(at: place.baseName)?.bytes ?? none
    let name = record["n"]?.text ?? none
    reading.program = reading.appendText("senml")
    let device = Self.trimmed(baseName.isEmpty ? name : baseName)
    if !device.isEmpty {
      reading.device = reading.appendSlice(device)
      reading.basis = .selfAsserted
    }
    let baseTime = document.known(at: place.baseTime)?.bytes ?? none
    let ownTime = record["t"]?.scalar ?? none
    let seconds = Self.number(baseTime) + Self.number(ownTime)
    // 4.5.3: below 2^28 the time is relative to now, which the record does not know.
    let isRelative = seconds < 268_435_456
    if !isRelative { Self.setTime(baseTime, ownTime, &reading) }
    reading.beginFields()
    reading.key("name")
    reading.append(0x22)
    reading.appendJSONCharacters(baseName)
    reading.appendJSONCharacters(name)
    reading.append(0x22)
    if let unit = record["u"]?.text ?? document.known(at: place.baseUnit)?.bytes {
      reading.key("unit")
      reading.appendJSONString(unit)
    }
    if isRelative, seconds != 0 || !ownTime.isEmpty {
      reading.key("relative_time")
      Self.appendShortest(seconds, &reading)
    }
    if let value = Self.value(of: record) {
      reading.key("value")
      if value.kind == .number, record["v"] != nil {
        Self.appendSum(value.bytes, document.known(at: place.baseValue), &reading)
      } else {
        reading.appendJSON(value)
      }
    }
    if let sum = record["s"]?.scalar {
      reading.key("sum")
      Self.appendSum(sum, document.known(at: place.baseSum), &reading)
    }
    reading.endFields()
  }

  /// A number and its base; as written where it has none.
  private static func appendSum(
    _ text: UnsafeRawBufferPointer, _ base: JSONTapeValue?, _ reading: inout Reading
  ) {
    guard let base else { return reading.appendGuessing(text) }
    appendShortest(number(text) + number(base.bytes), &reading)
  }

  /// The time exactly: base and own time in nanoseconds, added.
  private static func setTime(
    _ base: UnsafeRawBufferPointer, _ own: UnsafeRawBufferPointer, _ reading: inout Reading
  ) {
    var sum: Int64 = 0
    var resolution = StampReader.second
    for part in 0..<2 {
      let text = part == 0 ? base : own
      guard !text.isEmpty else { continue }
      guard let (time, step) = StampReader.epoch(text, unit: StampReader.second) else { return }
      let (total, overflow) = sum.addingReportingOverflow(time)
      guard !overflow else { return }
      sum = total
      resolution = min(resolution, step)
    }
    // Below 2^28 s it counts from when the pack was received, which it does not say (RFC 8428, 4.5.3).
    guard sum >= 268_435_456 &* StampReader.second else { return }
    reading.kind = .absolute
    reading.time = sum
    reading.resolution = resolution
    reading.stamp = reading.appendSlice(own.isEmpty ? base : own)
  }

  private static func number(_ text: UnsafeRawBufferPointer) -> Double {
    DecimalNumber(text)?.doubleValue ?? 0
  }

  private static func appendShortest(_ value: Double, _ reading: inout Reading) {
    if !value.isFinite {
      reading.append("null")
    } else if value == value.rounded(), abs(value) < 1e15 {
      reading.appendDecimal(Int64(value))
    } else {
      reading.appendShortest(value)
    }
  }

  /// A base name without what divides it from the names that follow.
  private static func trimmed(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var end = name.count
    loop: while end > 0 {
      switch name[end - 1] {
      case UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."): end -= 1
      default: break loop
      }
    }
    return Bytes.part(name, 0, end)
  }
}
