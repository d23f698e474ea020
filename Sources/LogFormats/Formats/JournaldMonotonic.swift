import IncidentModel

/// `journalctl -o short-monotonic`: `[    1.500250] HOST TAG[pid]: text`.
struct JournaldMonotonicFormat: LogFormat {
  let name = "journald-monotonic"
  let summary = "systemd journal, short-monotonic: time since boot, host and program"
  let yields = ["time since boot", "device", "program", "pid"]
  let samples = [
    FormatSample(
      "[    3.000250] gw-3 systemd[1]: Started mqtt-agent.", time: "boot+3.000250", device: "gw-3",
      program: "systemd",
      message: "Started mqtt-agent.", fields: #"{"pid":1}"#),
    FormatSample(
      "[    0.000250] gw-3 kernel: Booting", time: "boot+0.000250", device: "gw-3", program: "kernel"
    ).plain(),
    FormatSample("-- Boot 0f2a7c9d --", verdict: .structure),
  ]
  let refusals = ["text", "[1] x y: z"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    // Only what the kernel cannot write: `HOST systemd[1]: `.
    guard let (_, _, end) = SyslogText.bootTime(line, at: 0) else { return 0 }
    let host = TextLine.skipBlanks(line, end)
    let tag = Bytes.findNear(0x20, line, from: host, to: line.count) &+ 1
    return Bytes.matches("systemd[1]: ", line, at: tag) ? 86 : 0
  }

  /// Every line names the same host, and a program behind it.
  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    var cursor = LineCursor(head)
    var first: UnsafeRawBufferPointer?
    var seen = 0
    while seen < 20, let line = cursor.next() {
      if line.isEmpty || line[0] == 0x2D { continue }
      guard let (_, _, end) = SyslogText.bootTime(line, at: 0) else { return 0 }
      let host = TextLine.skipBlanks(line, end)
      let hostEnd = Bytes.findNear(0x20, line, from: host, to: line.count)
      let name = Bytes.part(line, host, hostEnd)
      guard let last = name.last, last != 0x3A, hostEnd &+ 2 < line.count else { return 0 }
      let tagEnd = Bytes.findNear(0x20, line, from: hostEnd &+ 1, to: line.count)
      guard tagEnd > hostEnd &+ 1, line[tagEnd &- 1] == 0x3A else { return 0 }
      if let first, !(first.count == name.count && first.elementsEqual(name)) { return 0 }
      first = name
      seen += 1
    }
    return seen >= 3 ? 90 : 0
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private let bodies = BodyOpener()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.matches("-- ", record, at: 0) {
        if Bytes.matches("-- Boot ", record, at: 0) || Bytes.matches("-- Reboot", record, at: 0) {
          reading.flags.insert(.bootMarker)
        }
        return .structure
      }
      guard let (time, resolution, end) = SyslogText.bootTime(record, at: 0) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noTime)
      }
      reading.setSinceBoot(time, resolution: resolution, from: 0, to: end)
      SyslogText.readBody(record, from: TextLine.skipBlanks(record, end), priority: -1, into: &reading)
      bodies.open(record, into: &reading)
      return .event
    }
  }
}
