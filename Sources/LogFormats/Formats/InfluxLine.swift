import IncidentModel

/// InfluxDB line protocol: `measurement,tag=value field=1i,text="x" 1465839830100400200`.
struct InfluxLineFormat: LogFormat {
  let name = "influx-line"
  let summary =
    "InfluxDB line protocol; tags and fields keep their types, the stamp's unit is told by its size"
  let yields = ["time", "device (tag)", "program (measurement)", "tags and fields"]
  let samples = [
    FormatSample(
      #"cpu,host=server\ A,region=us-west value=1i,ok=t,load=0.5,msg="a, \"b\" c" 1465839830100400200"#,
      time: "2016-06-13T17:43:50.100400200Z", device: "server A", program: "cpu", message: "",
      fields: #"{"region":"us-west","value":1,"ok":true,"load":0.5,"msg":"a, \"b\" c"}"#),
    FormatSample("weather temp=81u", time: "none", program: "weather", fields: #"{"temp":81}"#),
    FormatSample("# comment", verdict: .structure),
  ]
  let refusals = [
    "cpu,host=a,region value=1i", "cpu", "cpu value", "cpu value=1i 12x", "cpu value=\"open", "cpu value=x",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard let first = line.first, first != 0x23, first != 0x7B, !Bytes.isDigit(first) else { return 0 }
    return Self.spare.lend({ Asked() }) { asked in
      guard asked.parser.parse(line, into: &asked.reading) == .event else { return 0 }
      return asked.reading.kind == .absolute ? 84 : 35
    }
  }

  /// What it takes to look at a line.
  private final class Asked {
    @exclusivity(unchecked) var reading = Reading()
    let parser = Parser()
  }
  private static let spare = Spare<Asked>()

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    /// Tags that name what was measured, best first.
    private static let deviceTags: [StaticString] = [
      "device", "device_id", "deviceId", "dev", "host", "hostname", "node", "sensor", "sensor_id",
      "client_id", "thing", "instance",
    ]

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if record[0] == 0x23 { return .structure }
      let count = record.count
      var i = 0
      // Measurement: up to an unescaped comma or blank.
      let measurementEnd = stop(record, &i, at: 0x2C, 0x20, 0x20)
      guard measurementEnd > 0, i < count else { return .refused(.noMatch) }
      reading.program = text(record, 0, measurementEnd, into: &reading)
      var deviceRank = Self.deviceTags.count
      let fieldsAt = i
      // Tags twice: first to find the device, whose text may need scratch before the fields are built.
      var device = (start: 0, end: 0, keyStart: 0)
      var scan = i
      while scan < count, record[scan] == 0x2C {
        scan &+= 1
        let keyStart = scan
        let keyEnd = stop(record, &scan, at: 0x3D, 0x2C, 0x20)
        guard keyEnd > keyStart, scan < count, record[scan] == 0x3D else { return .refused(.badField) }
        scan &+= 1
        let valueStart = scan
        let valueEnd = stop(record, &scan, at: 0x2C, 0x20, 0x20)
        guard valueEnd > valueStart else { return .refused(.badField) }
        for (rank, tag) in Self.deviceTags.enumerated()
        where rank < deviceRank && tag.utf8CodeUnitCount == keyEnd &- keyStart
          && Bytes.matches(tag, record, at: keyStart)
        {
          deviceRank = rank
          device = (valueStart, valueEnd, keyStart)
        }
      }
      if device.end > 0 {
        reading.device = text(record, device.start, device.end, into: &reading)
        reading.basis = .selfAsserted
      }
      reading.beginFields()
      i = fieldsAt
      while i < count, record[i] == 0x2C {
        i &+= 1
        let keyStart = i
        let keyEnd = stop(record, &i, at: 0x3D, 0x2C, 0x20)
        i &+= 1
        let valueStart = i
        let valueEnd = stop(record, &i, at: 0x2C, 0x20, 0x20)
        if keyStart == device.keyStart, device.end > 0 { continue }
        reading.separate()
        unescaped(record, keyStart, keyEnd, into: &reading)
        reading.append(0x3A)
        unescaped(record, valueStart, valueEnd, into: &reading)
      }
      guard i < count, record[i] == 0x20 else { return .refused(.noMatch) }
      i = TextLine.skipBlanks(record, i)
      // Fields.
      while true {
        let keyStart = i
        let keyEnd = stop(record, &i, at: 0x3D, 0x2C, 0x20)
        guard keyEnd > keyStart, i < count, record[i] == 0x3D else { return .refused(.badField) }
        i &+= 1
        reading.separate()
        unescaped(record, keyStart, keyEnd, into: &reading)
        reading.append(0x3A)
        guard value(record, &i, into: &reading) else { return .refused(.badField) }
        guard i < count, record[i] == 0x2C else { break }
        i &+= 1
      }
      reading.endFields()
      i = TextLine.skipBlanks(record, i)
      if i < count {
        var end = count
        while end > i, record[end &- 1] <= 0x20 { end &-= 1 }
        let stamp = Bytes.part(record, i, end)
        guard !stamp.isEmpty, stamp.allSatisfy({ Bytes.isDigit($0) || $0 == 0x2D }),
          let (time, resolution) = StampReader.epoch(stamp)
        else { return .refused(.badTime) }
        reading.stamp = .record(i, end &- i)
        if StampReader.isDate(time) {
          reading.kind = .absolute
          reading.time = time
          reading.resolution = resolution
        } else {
          // A clock that nobody has set.
          reading.flags.insert(.badStamp)
        }
      }
      return .event
    }

    /// Moves to the first of three bytes that no backslash protects.
    private func stop(_ record: UnsafeRawBufferPointer, _ i: inout Int, at a: UInt8, _ b: UInt8, _ c: UInt8)
      -> Int
    {
      while i < record.count {
        let byte = record[i]
        // A backslash protects a comma, a blank, an equals sign; before anything else it stands for itself.
        if byte == 0x5C, i &+ 1 < record.count,
          record[i &+ 1] == 0x2C || record[i &+ 1] == 0x20 || record[i &+ 1] == 0x3D
        {
          i &+= 2
          continue
        }
        if byte == a || byte == b || byte == c { return i }
        i &+= 1
      }
      i = min(i, record.count)
      return i
    }

    private func text(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, into reading: inout Reading)
      -> Slice
    {
      if Bytes.findNear(0x5C, record, from: start, to: end) == end { return .record(start, end &- start) }
      let first = reading.scratchCount
      var i = start
      while i < end {
        if record[i] == 0x5C, i &+ 1 < end, [0x2C, 0x20, 0x3D].contains(record[i &+ 1]) { i &+= 1 }
        reading.append(record[i])
        i &+= 1
      }
      return .scratch(first, reading.scratchCount &- first)
    }

    private func unescaped(
      _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, isString: Bool = false,
      into reading: inout Reading
    ) {
      if Bytes.findNear(0x5C, record, from: start, to: end) == end {
        reading.appendJSONString(Bytes.part(record, start, end))
        return
      }
      reading.append(0x22)
      var run = start
      var i = start
      while i < end {
        let isProtecting =
          record[i] == 0x5C && i &+ 1 < end
          && (isString
            ? record[i &+ 1] == 0x22 || record[i &+ 1] == 0x5C : [0x2C, 0x20, 0x3D].contains(record[i &+ 1]))
        if isProtecting {
          reading.appendJSONCharacters(Bytes.part(record, run, i))
          i &+= 1
          run = i
        }
        i &+= 1
      }
      reading.appendJSONCharacters(Bytes.part(record, run, end))
      reading.append(0x22)
    }

    /// `.5`, `1.`, `007`, `-0.`, `+3`: numbers that JSON writes otherwise. False where the bytes are none.
    private static func appendLooseNumber(_ bytes: UnsafeRawBufferPointer, into reading: inout Reading)
      -> Bool
    {
      var i = 0
      let count = bytes.count
      func digits() -> (start: Int, end: Int) {
        let start = i
        while i < count, Bytes.isDigit(bytes[i]) { i &+= 1 }
        return (start, i)
      }
      let isNegative = count > 0 && bytes[0] == 0x2D
      if isNegative || count > 0 && bytes[0] == 0x2B { i = 1 }
      var whole = digits()
      var fraction = (start: i, end: i)
      if i < count, bytes[i] == 0x2E {
        i &+= 1
        fraction = digits()
      }
      guard whole.end > whole.start || fraction.end > fraction.start else { return false }
      var exponent = (start: i, end: i)
      if i < count, bytes[i] | 0x20 == 0x65 {
        i &+= 1
        if i < count, bytes[i] == 0x2B || bytes[i] == 0x2D { i &+= 1 }
        let number = digits()
        guard number.end > number.start else { return false }
        exponent = (exponent.start &+ 1, i)
      }
      guard i == count else { return false }
      while whole.end &- whole.start > 1, bytes[whole.start] == 0x30 { whole.start &+= 1 }
      if isNegative { reading.append(0x2D) }
      if whole.end > whole.start {
        reading.append(bytes, whole.start, whole.end)
      } else {
        reading.append(0x30)
      }
      if fraction.end > fraction.start {
        reading.append(0x2E)
        reading.append(bytes, fraction.start, fraction.end)
      }
      if exponent.end > exponent.start {
        reading.append(0x65)
        reading.append(bytes, exponent.start, exponent.end)
      }
      return true
    }

    /// A field's value: number with or without `i` or `u`, truth, or a string in quotes.
    private func value(_ record: UnsafeRawBufferPointer, _ i: inout Int, into reading: inout Reading) -> Bool
    {
      let count = record.count
      guard i < count else { return false }
      if record[i] == 0x22 {
        let start = i &+ 1
        i = start
        while i < count, record[i] != 0x22 { i &+= record[i] == 0x5C ? 2 : 1 }
        guard i < count else { return false }
        unescaped(record, start, i, isString: true, into: &reading)
        i &+= 1
        return true
      }
      let start = i
      while i < count, record[i] != 0x2C, record[i] > 0x20 { i &+= 1 }
      var bytes = Bytes.part(record, start, i)
      guard let last = bytes.last else { return false }
      if last == 0x69 || last == 0x75 { bytes = Bytes.part(record, start, i &- 1) }
      if JSONText.isNumber(bytes) {
        reading.append(bytes)
        return true
      }
      if Self.appendLooseNumber(bytes, into: &reading) { return true }
      // Longer ones would not fit into a `String` itself.
      guard bytes.count <= 5 else { return false }
      switch String(decoding: bytes, as: UTF8.self) {
      case "t", "T", "true", "True", "TRUE": reading.append("true")
      case "f", "F", "false", "False", "FALSE": reading.append("false")
      default: return false
      }
      return true
    }
  }
}
