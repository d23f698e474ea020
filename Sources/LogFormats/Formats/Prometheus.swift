import IncidentModel

/// Prometheus' and OpenMetrics' text exposition: `name{label="value"} 1.5 1395066363000`.
struct PrometheusFormat: LogFormat {
  let name = "prometheus"
  let summary = "Prometheus and OpenMetrics text; the instance label is the device, stamps are rare"
  let yields = ["time", "device (instance)", "program (metric)", "labels", "value"]
  let samples = [
    FormatSample("# HELP http_requests_total The total.", verdict: .structure),
    FormatSample(
      #"http_requests_total{method="post",instance="h:9100",code="200"} 1027 1395066363000"#,
      time: "2014-03-17T14:26:03.000Z",
      device: "h:9100", program: "http_requests_total",
      fields: #"{"method":"post","code":"200","value":1027}"#),
    FormatSample(
      #"foo_sum{a="x\"y"} +Inf 1520879607.789 # {id="KOO5S4vxi0o"} 0.67"#, time: "2018-03-12T18:33:27.789Z",
      program: "foo_sum",
      fields: #"{"a":"x\"y","value":"+Inf"}"#),
    FormatSample("# EOF", verdict: .structure),
    FormatSample("up 1", time: "none", program: "up", fields: #"{"value":1}"#).plain(),
  ]
  let refusals = ["words without a number", "a{b=\"c} 1", "a{b} 1", "1 2", "up x"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    if Bytes.matches("# HELP ", line, at: 0) || Bytes.matches("# TYPE ", line, at: 0) { return 85 }
    guard let first = line.first, Bytes.isLetter(first) || first == 0x5F,
      Bytes.findNear(0x7B, line, from: 0, to: line.count) < line.count
    else { return 0 }
    return Self.spare.lend({ Asked() }) { $0.parser.parse(line, into: &$0.reading) == .event ? 84 : 0 }
  }

  /// What it takes to look at a line.
  private final class Asked {
    @exclusivity(unchecked) var reading = Reading()
    let parser = Parser()
  }
  private static let spare = Spare<Asked>()

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    /// Name and unit of the last `# UNIT` line.
    @exclusivity(unchecked) private var family: [UInt8] = []
    @exclusivity(unchecked) private var unit: [UInt8] = []

    /// Takes `# UNIT name unit`.
    private func takeUnit(_ record: UnsafeRawBufferPointer) {
      guard Bytes.matches("# UNIT ", record, at: 0) else { return }
      let space = Bytes.findNear(0x20, record, from: 7, to: record.count)
      family = Array(Bytes.part(record, 7, space))
      unit = Array(Bytes.part(record, min(space &+ 1, record.count), record.count))
    }

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if record[0] == 0x23 {
        takeUnit(record)
        return .structure
      }
      let count = record.count
      var i = 0
      while i < count,
        Bytes.isLetter(record[i]) || record[i] == 0x5F || record[i] == 0x3A
          || i > 0 && Bytes.isDigit(record[i])
      {
        i &+= 1
      }
      guard i > 0, i < count, record[i] == 0x7B || record[i] == 0x20 else { return .refused(.noMatch) }
      reading.program = .record(0, i)
      reading.beginFields()
      if record[i] == 0x7B {
        i &+= 1
        while i < count, record[i] != 0x7D {
          let name = i
          let equal = Bytes.findNear(0x3D, record, from: i, to: count)
          guard equal &+ 1 < count, equal > name, record[equal &+ 1] == 0x22 else {
            return .refused(.badField)
          }
          let value = equal &+ 2
          i = value
          while i < count, record[i] != 0x22 { i &+= record[i] == 0x5C ? 2 : 1 }
          guard i < count else { return .refused(.badQuoting) }
          if equal &- name == 8, Bytes.matches("instance", record, at: name), i > value {
            reading.device = .record(value, i &- value)
            reading.basis = .network
          } else {
            reading.key(Bytes.part(record, name, equal))
            let bytes = Bytes.part(record, value, i)
            if Bytes.isValidUTF8(bytes), JSONText.isStringBody(bytes),
              JSONText.escapesAreValid(record, value, i)
            {
              reading.append(0x22)
              reading.append(bytes)
              reading.append(0x22)
            } else {
              reading.appendJSONString(bytes)
            }
          }
          i &+= 1
          if i < count, record[i] == 0x2C { i &+= 1 }
          while i < count, record[i] == 0x20 { i &+= 1 }
        }
        guard i < count else { return .refused(.badField) }
        i &+= 1
      }
      i = TextLine.skipBlanks(record, i)
      let value = i
      i = Bytes.findNear(0x20, record, from: i, to: count)
      let number = Bytes.part(record, value, i)
      guard Self.isValue(number) else { return .refused(.badNumber) }
      reading.key("value")
      reading.appendGuessing(number)
      if !unit.isEmpty, family.count <= reading.program.count,
        family.elementsEqual(Bytes.part(record, 0, family.count))
      {
        unit.withUnsafeBytes { reading.field("unit", $0) }
      }
      reading.endFields()
      i = TextLine.skipBlanks(record, i)
      guard i < count, record[i] != 0x23 else { return .event }
      let stampEnd = Bytes.findNear(0x20, record, from: i, to: count)
      let stamp = Bytes.part(record, i, stampEnd)
      // Prometheus counts milliseconds, OpenMetrics seconds with a fraction: size and point tell.
      guard let (time, resolution) = StampReader.epoch(stamp) else { return .refused(.badTime) }
      reading.set(StampReader.placed(time, resolution, end: stampEnd), from: i)
      return .event
    }

    private static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
      if DecimalNumber(bytes) != nil { return true }
      for word: StaticString in ["NaN", "+Inf", "-Inf", "Inf"]
      where word.utf8CodeUnitCount == bytes.count && Bytes.matches(word, bytes, at: 0) {
        return true
      }
      return false
    }
  }
}
