import IncidentModel

/// ArcSight's Common Event Format and QRadar's LEEF, bare or behind a syslog header.
struct CEFFormat: LogFormat {
  let name = "cef"
  let summary = "CEF and LEEF security events, bare or behind a syslog header"
  let yields = ["time", "device", "severity", "program (product)", "message (event name)", "every extension"]
  let samples = [
    FormatSample(
      #"CEF:0|Trend|Deep Security|1.2|400|Eicar \| file|6|rt=1775552889000 dvchost=host-7 msg=a b\=c src=192.0.2.1 cnt=3"#,
      time: "2026-04-07T09:08:09.000Z", device: "host-7", severity: 4, program: "Deep Security",
      message: "Eicar | file",
      fields: #"{"vendor":"Trend","version":"1.2","event":"400","msg":"a b=c","src":"192.0.2.1","cnt":3}"#),
    FormatSample(
      "<134>Apr  7 09:08:09 fw-1 CEF:0|V|P|1|2|Name|Very-High|src=192.0.2.1", time: "04-07T09:08:09",
      device: "fw-1",
      severity: 2, program: "P", message: "Name"),
    FormatSample(
      "LEEF:1.0|V|P|1|Login|devTime=2026-04-07T09:08:09Z\tsrc=192.0.2.1\tsev=8", time: "2026-04-07T09:08:09Z",
      severity: 3, program: "P", message: "Login",
      fields: #"{"vendor":"V","version":"1","src":"192.0.2.1","sev":8}"#),
  ]
  let refusals = ["CEF:0|a|b", "text", "CEF:"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.head(line) == nil ? 0 : 98 }

  struct Head {
    var start = 0
    var isLEEF = false
    /// Offsets of the header's parts after the version number, bars between them.
    var parts = InlineArray<7, (start: Int, end: Int)>(repeating: (0, 0))
    var end = 0
  }

  static func head(_ line: UnsafeRawBufferPointer) -> Head? {
    var head = Head()
    if Bytes.matches("CEF:", line, at: 0) || Bytes.matches("LEEF:", line, at: 0) {
      head.start = 0
    } else if let found = Bytes.find(" CEF:", line) ?? Bytes.find(" LEEF:", line), found < 200 {
      head.start = found &+ 1
    } else {
      return nil
    }
    head.isLEEF = line[head.start] == 0x4C
    let wanted = head.isLEEF ? 5 : 7
    var i = head.start
    var partStart = i
    var count = 0
    while i < line.count, count < wanted {
      if line[i] == 0x5C {
        i &+= 2
        continue
      }
      if line[i] == 0x7C {
        head.parts[count] = (partStart, i)
        count &+= 1
        partStart = i &+ 1
      }
      i &+= 1
    }
    guard count == wanted else { return nil }
    head.end = min(partStart, line.count)
    return head
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    private let fields = FlatFields(
      naming: FieldNaming(
        overrides: [
          "rt": FieldMeaning(role: .time, rank: 0), "devTime": FieldMeaning(role: .time, rank: 0),
          "end": FieldMeaning(role: .time, rank: 2), "start": FieldMeaning(role: .time, rank: 1),
          "dvchost": FieldMeaning(role: .device, rank: 0), "dvc": FieldMeaning(role: .device, rank: 1),
          "deviceExternalId": FieldMeaning(role: .device, rank: 2),
          "identHostName": FieldMeaning(role: .device, rank: 1),
        ], fixedRoles: [.time, .device, .severity, .message, .program, .uptime, .date, .timeOfDay]))

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      guard let head = CEFFormat.head(record) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noMatch)
      }
      syslogHeader(record, to: head.start, into: &reading)
      let parts = head.parts
      reading.program = text(record, parts[2], into: &reading)
      // LEEF's event id is its name.
      reading.message = text(record, head.isLEEF ? parts[4] : parts[5], into: &reading)
      if !head.isLEEF { reading.severity = severity(Bytes.part(record, parts[6].start, parts[6].end)) }
      reading.beginFields()
      reading.field("vendor", Bytes.part(record, parts[1].start, parts[1].end))
      reading.field("version", Bytes.part(record, parts[3].start, parts[3].end))
      if !head.isLEEF { reading.field("event", Bytes.part(record, parts[4].start, parts[4].end)) }
      reading.endFields()
      fields.removeAll()
      if head.isLEEF {
        var delimiter: UInt8 = 0x09
        if Bytes.find(0x09, record, from: head.end, to: record.count) == record.count,
          Bytes.find(0x5E, record, from: head.end, to: record.count) < record.count
        {
          delimiter = 0x5E
        }
        _ = KeyValueText(assign: 0x3D, pair: delimiter).split(
          record, from: head.end, to: record.count, into: fields)
        if let at = Bytes.find("sev=", record, from: head.end), at &+ 4 < record.count {
          var i = at &+ 4
          if let number = StampReader.number(record, &i, most: 2) { reading.severity = Self.severity(number) }
        }
      } else {
        extensions(record, head.end)
      }
      fields.assign(record, into: &reading)
      return .event
    }

    /// `Apr  7 09:08:09 fw-1 ` or `<134>1 2026-… fw-1 app - - ` before the event.
    private func syslogHeader(_ record: UnsafeRawBufferPointer, to end: Int, into reading: inout Reading) {
      guard end > 0 else { return }
      let header = Bytes.part(record, 0, end)
      var i = 0
      if let (value, next) = SyslogText.priority(header) {
        reading.severity = UInt8(value & 7)
        i = next
        if i &+ 2 < end, record[i] == 0x31, record[i &+ 1] == 0x20 { i &+= 2 }
      }
      guard let stamp = stamps.leading(header, at: i) else { return }
      reading.set(stamp, from: i)
      let host = TextLine.skipBlanks(header, stamp.end)
      let hostEnd = Bytes.findNear(0x20, header, from: host, to: end)
      guard hostEnd > host, record[hostEnd &- 1] != 0x3A else { return }
      reading.device = .record(host, hostEnd &- host)
      reading.basis = .selfAsserted
    }

    /// `key=value key2=value with blanks`: a value ends where the next key begins; `\=`, `\\`, `\n` are escapes.
    private func extensions(_ record: UnsafeRawBufferPointer, _ start: Int) {
      var keyStart = TextLine.skipBlanks(record, start)
      var equal = nextEqual(record, keyStart)
      while equal < record.count {
        let value = equal &+ 1
        let following = nextEqual(record, value)
        var end = record.count
        var nextKey = record.count
        if following < record.count {
          nextKey = following
          while nextKey > value, record[nextKey &- 1] > 0x20 { nextKey &-= 1 }
          end = nextKey
        }
        while end > value, record[end &- 1] <= 0x20 { end &-= 1 }
        let isEscaped = Bytes.findNear(0x5C, record, from: value, to: end) < end
        fields.add(record, name: keyStart, equal, value: value, end, isEscaped ? .backslashed : .bare)
        keyStart = nextKey
        equal = following
      }
    }

    /// Offset of the next `=` that ends a key: letters, digits, `_`, `.`, brackets before it, no backslash.
    private func nextEqual(_ record: UnsafeRawBufferPointer, _ start: Int) -> Int {
      var i = start
      while i < record.count {
        if record[i] == 0x5C {
          i &+= 2
          continue
        }
        if record[i] == 0x3D {
          var key = i
          while key > start, record[key &- 1] > 0x20, record[key &- 1] != 0x3D { key &-= 1 }
          if key < i, key == start || record[key &- 1] <= 0x20 { return i }
        }
        i &+= 1
      }
      return record.count
    }

    private func text(
      _ record: UnsafeRawBufferPointer, _ part: (start: Int, end: Int), into reading: inout Reading
    ) -> Slice {
      if Bytes.findNear(0x5C, record, from: part.start, to: part.end) == part.end {
        return .record(part.start, part.end &- part.start)
      }
      let first = reading.scratchCount
      var i = part.start
      while i < part.end {
        if record[i] == 0x5C, i &+ 1 < part.end { i &+= 1 }
        reading.append(record[i])
        i &+= 1
      }
      return .scratch(first, reading.scratchCount &- first)
    }

    private func severity(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
      if let number = Bytes.decimal(bytes) { return Self.severity(Int(number)) }
      if Bytes.isWord("very-high", bytes, at: 0) { return 2 }
      if Bytes.isWord("high", bytes, at: 0) { return 3 }
      if Bytes.isWord("medium", bytes, at: 0) { return 4 }
      return Bytes.isWord("low", bytes, at: 0) ? 6 : 255
    }

    /// 0 to 10, higher is worse: low 0–3, medium 4–6, high 7–8, very high 9–10.
    private static func severity(_ number: Int) -> UInt8 {
      switch number {
      case 0...3: 6
      case 4...6: 4
      case 7...8: 3
      case 9...10: 2
      default: 255
      }
    }
  }
}
