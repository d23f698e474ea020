import IncidentModel

/// CAN frames as `candump -L` logs them: `(1436509052.249713) vcan0 044#2A366C2BBA`.
struct CandumpFormat: LogFormat {
  let name = "candump"
  let summary = "CAN bus frames logged by candump -L; the CAN id is the device"
  let yields = ["time", "device (interface and CAN id)", "interface", "id", "data"]
  let samples = [
    FormatSample(
      "(1436509052.249713) vcan0 044#2A366C2BBA", time: "2015-07-10T06:17:32.249713Z", device: "vcan0:044",
      program: "can",
      message: "044#2A366C2BBA", fields: #"{"interface":"vcan0","id":"044","data":"2A366C2BBA"}"#),
    FormatSample("(1436509053.850870) can1 18FEF100##1AABB", device: "can1:18FEF100"),
    FormatSample(
      "(1436509053.850870) can1 123#R", device: "can1:123",
      fields: #"{"interface":"can1","id":"123","remote":true}"#),
  ]
  let refusals = [
    "(1436509052.249713) vcan0 044", "(x) vcan0 044#00", "vcan0 044#00", "(1436509052.249713) vcan0 XYZ#00",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.head(line) == nil ? 0 : 95 }

  static func head(_ line: UnsafeRawBufferPointer) -> (
    stampEnd: Int, interface: Int, interfaceEnd: Int, idEnd: Int
  )? {
    guard line.count > 20, line[0] == 0x28 else { return nil }
    let close = Bytes.findNear(0x29, line, from: 1, to: min(line.count, 24))
    guard close &+ 4 < line.count, line[close] == 0x29, line[close &+ 1] == 0x20,
      DecimalNumber(Bytes.part(line, 1, close)) != nil
    else { return nil }
    let interface = close &+ 2
    let interfaceEnd = Bytes.findNear(0x20, line, from: interface, to: min(line.count, interface &+ 17))
    guard interfaceEnd > interface, interfaceEnd < line.count else { return nil }
    let id = interfaceEnd &+ 1
    let hash = Bytes.findNear(0x23, line, from: id, to: min(line.count, id &+ 9))
    guard hash < line.count, line[hash] == 0x23, hash &- id == 3 || hash &- id == 8 else { return nil }
    for index in id..<hash where Bytes.hexValue(line[index]) > 15 { return nil }
    return (close, interface, interfaceEnd, hash)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      guard let head = CandumpFormat.head(record) else { return .refused(.noMatch) }
      guard
        let (time, resolution) = StampReader.epoch(
          Bytes.part(record, 1, head.stampEnd), unit: StampReader.second)
      else {
        return .refused(.badTime)
      }
      reading.set(StampReader.placed(time, resolution, end: head.stampEnd), from: 1)
      let id = head.interfaceEnd &+ 1
      let start = reading.scratchCount
      reading.append(record, head.interface, head.interfaceEnd)
      reading.append(0x3A)
      reading.append(record, id, head.idEnd)
      reading.device = .scratch(start, reading.scratchCount &- start)
      // Any node on the bus can send any id.
      reading.basis = .selfAsserted
      reading.program = reading.appendText("can")
      let end = Bytes.findNear(0x20, record, from: head.idEnd, to: record.count)
      reading.message = .record(id, end &- id)
      reading.beginFields()
      reading.field("interface", Bytes.part(record, head.interface, head.interfaceEnd))
      reading.field("id", Bytes.part(record, id, head.idEnd))
      var data = head.idEnd &+ 1
      if data < end, record[data] == 0x23 { data &+= 2 }
      if data < end, record[data] == 0x52 {
        reading.field("remote", true)
      } else {
        reading.field("data", Bytes.part(record, min(data, end), end))
      }
      reading.endFields()
      return .event
    }
  }
}
