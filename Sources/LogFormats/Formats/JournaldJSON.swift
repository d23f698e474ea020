import IncidentModel

/// `journalctl -o json`: both clocks and the boot id; values that are no UTF-8 come as arrays of bytes.
struct JournaldJSONFormat: LogFormat {
  let name = "journald-json"
  let summary = "systemd journal as JSON lines (journalctl -o json)"
  let yields = [
    "time", "time since boot", "boot", "device (_HOSTNAME)", "severity", "program", "every other field",
  ]
  let samples = [
    FormatSample(
      #"{"__REALTIME_TIMESTAMP":"1534860261221373","__MONOTONIC_TIMESTAMP":"38708007","_BOOT_ID":"0dc8","PRIORITY":"3","#
        + #""_HOSTNAME":"imx6","SYSLOG_IDENTIFIER":"python","MESSAGE":"no fix","_PID":"184"}"#,
      time: "2018-08-21T14:04:21.221373Z", device: "imx6", severity: 3, program: "python", message: "no fix",
      fields:
        #"{"__MONOTONIC_TIMESTAMP":"38708007","_BOOT_ID":"0dc8","SYSLOG_IDENTIFIER":"python","_PID":"184"}"#),
    FormatSample(
      #"{"__REALTIME_TIMESTAMP":"1534860261221373","_BOOT_ID":"0d","MESSAGE":[104,105,255],"_COMM":"x"}"#,
      program: "x",
      message: "hi\u{FFFD}"),
  ]
  let refusals = [#"{"__REALTIME_TIMESTAMP":"#, "text"]

  private static let shape = JSONShape(
    markers: [#""__REALTIME_TIMESTAMP""#], time: ["__REALTIME_TIMESTAMP"],
    device: ["_HOSTNAME", "_MACHINE_ID"],
    severity: ["PRIORITY"], message: ["MESSAGE"], program: ["SYSLOG_IDENTIFIER", "_COMM"], isTransport: true)

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.shape.score(line) > 0 ? 90 : 0 }

  func makeParser(_ context: SourceContext) -> any RecordParser {
    let bodies = BodyOpener()
    return Self.shape.makeParser { record, reading in
      defer { bodies.open(record, into: &reading) }
      if let value = JSONShape.value(of: #""_BOOT_ID""#, in: record), record[value] == 0x22 {
        let end = Bytes.findNear(0x22, record, from: value &+ 1, to: record.count)
        reading.boot = .record(value &+ 1, end &- value &- 1)
      }
      if reading.message.isEmpty, let value = JSONShape.value(of: #""MESSAGE""#, in: record),
        record[value] == 0x5B
      {
        let start = reading.scratchCount
        var i = value &+ 1
        while i < record.count, record[i] != 0x5D {
          guard let byte = StampReader.number(record, &i, most: 3) else {
            i &+= 1
            continue
          }
          reading.append(UInt8(truncatingIfNeeded: byte))
        }
        reading.message = .scratch(start, reading.scratchCount &- start)
      }
    }
  }
}
