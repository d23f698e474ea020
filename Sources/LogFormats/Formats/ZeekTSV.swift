import IncidentModel

/// Zeek's tab-separated logs, those of ICSNPP too: names and types of the columns stand in `#fields` and `#types`.
struct ZeekTSVFormat: LogFormat {
  let name = "zeek"
  let summary =
    "Zeek logs as tab-separated text (all log types, ICSNPP's too); the originator's address is the device"
  let yields = ["time", "device (originating address)", "program (log type)", "every column, typed"]
  let samples = [
    FormatSample(#"#separator \x09"#, verdict: .structure),
    FormatSample("#set_separator\t,", verdict: .structure),
    FormatSample("#empty_field\t(empty)", verdict: .structure),
    FormatSample("#unset_field\t-", verdict: .structure),
    FormatSample("#path\tmodbus", verdict: .structure),
    FormatSample("#fields\tts\tuid\tid.orig_h\tid.orig_p\tfunc\tok\ttags", verdict: .structure),
    FormatSample("#types\ttime\tstring\taddr\tport\tstring\tbool\tset[string]", verdict: .structure),
    FormatSample(
      "1320279554.496300\tCg9\t192.168.2.76\t502\tREAD\tT\t(empty)", time: "2011-11-03T00:19:14.496300Z",
      device: "192.168.2.76", program: "modbus",
      fields: #"{"uid":"Cg9","id.orig_h":"192.168.2.76","id.orig_p":502,"func":"READ","ok":true,"tags":[]}"#
    ).plain(),
    FormatSample(
      "1320279554.4963\tC\t-\t-\t-\tF\ta,b", device: "", fields: #"{"uid":"C","ok":false,"tags":["a","b"]}"#
    ).plain(),
    FormatSample("#close\t2026-01-01-00-00-00", verdict: .structure),
    FormatSample("1.5\ttoo\tfew", verdict: .refused(.badColumns)),
  ]
  let refusals = ["1320279554.496300\tCg9\t192.168.2.76\t502", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    if Bytes.matches("#separator ", head, at: 0) || Bytes.matches("ts\tuid\t", head, at: 0) { return 100 }
    guard let fields = Bytes.find("#fields", UnsafeRawBufferPointer(rebasing: head.prefix(4096))),
      fields == 0 || head[fields - 1] == 0x0A
    else { return 0 }
    return 100
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private enum Kind {
      case text, number, bool, time, set
    }
    private struct Column {
      var name: [UInt8]
      var kind = Kind.text
      var role = FieldRole.other
    }
    @exclusivity(unchecked) private var columns: [Column] = []
    @exclusivity(unchecked) private var path: [UInt8] = []
    @exclusivity(unchecked) private var separator: UInt8 = 0x09
    @exclusivity(unchecked) private var setSeparator: UInt8 = 0x2C
    @exclusivity(unchecked) private var unset: [UInt8] = [0x2D]
    @exclusivity(unchecked) private var empty = Array("(empty)".utf8)

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      if record[0] == 0x23 {
        readHeader(record)
        return .structure
      }
      if columns.isEmpty, Bytes.matches("ts\tuid\t", record, at: 0) {
        // zeek-cut -C and the like leave nothing of the header but the names.
        name(record.split(separator: separator, omittingEmptySubsequences: false).map { Array($0) })
        for index in columns.indices { columns[index].kind = .number }
        return .structure
      }
      guard !columns.isEmpty else { return .refused(.noHeader) }
      var cells = 1
      for byte in record where byte == separator { cells &+= 1 }
      guard cells == columns.count else { return .refused(.badColumns) }
      var index = 0
      var start = 0
      reading.beginFields()
      while index < columns.count {
        let end = Bytes.findNear(separator, record, from: start, to: record.count)
        cell(record, start, end, columns[index], into: &reading)
        start = end &+ 1
        index &+= 1
      }
      reading.endFields()
      reading.program = path.withUnsafeBytes { reading.appendSlice($0) }
      return .event
    }

    @inline(__always)
    private func cell(
      _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ column: Column,
      into reading: inout Reading
    ) {
      let bytes = Bytes.part(record, start, end)
      if bytes.isEmpty || bytes.count == unset.count && bytes.elementsEqual(unset) { return }
      switch column.role {
      case .time where reading.kind == .none:
        if let (time, resolution) = StampReader.epoch(bytes, unit: StampReader.second) {
          reading.set(StampReader.placed(time, resolution, end: end), from: start)
          return
        }
        reading.flags.insert(.badStamp)
        reading.stamp = .record(start, end &- start)
      case .device where reading.device.isEmpty:
        reading.device = .record(start, end &- start)
        reading.basis = .network
      case .message where reading.message.isEmpty: reading.message = .record(start, end &- start)
      default: break
      }
      reading.separate()
      column.name.withUnsafeBytes { reading.append($0) }
      switch column.kind {
      case .bool where end &- start == 1: reading.append(record[start] == 0x54 ? "true" : "false")
      case .number, .time: reading.appendGuessing(bytes)
      case .set:
        reading.append(0x5B)
        if !(bytes.count == empty.count && bytes.elementsEqual(empty)) {
          var from = start
          while true {
            let to = Bytes.findNear(setSeparator, record, from: from, to: end)
            if from > start { reading.append(0x2C) }
            reading.appendJSONString(Bytes.part(record, from, to))
            guard to < end else { break }
            from = to &+ 1
          }
        }
        reading.append(0x5D)
      default: reading.appendJSONString(bytes)
      }
    }

    private func readHeader(_ record: UnsafeRawBufferPointer) {
      if Bytes.matches("#separator \\x", record, at: 0), record.count >= 14 {
        let high = Bytes.hexValue(record[12])
        let low = Bytes.hexValue(record[13])
        if high < 16, low < 16 { separator = high << 4 | low }
        return
      }
      let cells = record.split(separator: separator, omittingEmptySubsequences: false).map { Array($0) }
      guard cells.count > 1 else { return }
      switch String(decoding: cells[0], as: UTF8.self) {
      case "#set_separator": setSeparator = cells[1].first ?? setSeparator
      case "#empty_field": empty = cells[1]
      case "#unset_field": unset = cells[1]
      case "#path": path = cells[1]
      case "#fields": name(Array(cells.dropFirst()))
      case "#types":
        for (index, type) in cells.dropFirst().enumerated() where index < columns.count {
          let type = String(decoding: type, as: UTF8.self)
          columns[index].kind =
            switch type {
            case "bool": .bool
            case "time": .time
            case "count", "int", "double", "port", "interval": .number
            default: type.hasPrefix("set[") || type.hasPrefix("vector[") ? .set : .text
            }
        }
      default: break
      }
    }

    /// Takes the columns' names.
    private func name(_ names: [[UInt8]]) {
      columns = names.map { name in
        var scratch = Reading()
        name.withUnsafeBytes { scratch.appendJSONString($0) }
        scratch.append(0x3A)
        var column = Column(name: [])
        column.name = Array(
          scratch.bytes(.scratch(0, scratch.scratchCount), of: UnsafeRawBufferPointer(start: nil, count: 0))
        )
        switch String(decoding: name, as: UTF8.self) {
        case "ts": column.role = .time
        case "id.orig_h", "host", "src", "source_h": column.role = .device
        case "msg", "message", "note": column.role = .message
        default: break
        }
        return column
      }
    }
  }
}
