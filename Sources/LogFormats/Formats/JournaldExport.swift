import IncidentModel

/// The journal export format (`journalctl -o export`): one field a line, entries divided by empty lines.
struct JournaldExportFormat: LogFormat {
  let name = "journald-export"
  let summary = "systemd journal in export format, binary fields too"
  let yields = [
    "time", "time since boot", "boot", "device (_HOSTNAME)", "severity", "program", "every other field",
  ]
  let framing = Framing.journalExport
  let samples = [
    FormatSample(
      "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1767225600000000\n__MONOTONIC_TIMESTAMP=250\n_BOOT_ID=0f2a\n_HOSTNAME=gw-3\nPRIORITY=3\n"
        + "SYSLOG_IDENTIFIER=kernel\nMESSAGE=Booting\n_PID=7",
      time: "2026-01-01T00:00:00.000000Z", device: "gw-3", severity: 3, program: "kernel", message: "Booting",
      fields: #"{"_BOOT_ID":"0f2a","SYSLOG_IDENTIFIER":"kernel","_PID":"7"}"#),
    FormatSample(
      "__REALTIME_TIMESTAMP=1767225600000000\nMESSAGE\n\u{3}\0\0\0\0\0\0\0a\nb\n_COMM=x", program: "x",
      message: "a\nb"),
    FormatSample("", verdict: .blank),
  ]
  let refusals = ["MESSAGE=no time", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int {
    Bytes.matches("__CURSOR=", head, at: 0) || Bytes.matches("__REALTIME_TIMESTAMP=", head, at: 0) ? 97 : 0
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private let bodies = BodyOpener()

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      reading.beginFields()
      var fallback = Slice.empty
      var i = 0
      let count = record.count
      while i < count {
        var end = Bytes.find(0x0A, record, from: i, to: count)
        let nameEnd = Bytes.findNear(0x3D, record, from: i, to: min(end, i &+ 256))
        var value = nameEnd &+ 1
        let name = Bytes.part(record, i, min(nameEnd, end))
        if nameEnd >= min(end, i &+ 256) {
          guard end &- i <= 64, end &+ 9 <= count else { return .refused(.truncated) }
          let length = Bytes.word(record, end &+ 1)
          guard length <= UInt64(count &- end &- 9) else { return .refused(.truncated) }
          value = end &+ 9
          end = value &+ Int(length)
        }
        take(record, name, value, max(value, end), &reading, &fallback)
        i = end &+ 1
      }
      reading.endFields()
      if reading.program.isEmpty { reading.program = fallback }
      guard reading.kind == .absolute else { return .refused(.noTime) }
      bodies.open(record, into: &reading)
      return .event
    }

    private func take(
      _ record: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer, _ start: Int, _ end: Int,
      _ reading: inout Reading, _ fallback: inout Slice
    ) {
      let value = Bytes.part(record, start, end)
      let slice = Slice.record(start, end &- start)
      func isNamed(_ text: StaticString) -> Bool {
        text.utf8CodeUnitCount == name.count && Bytes.matches(text, name, at: 0)
      }
      if isNamed("__REALTIME_TIMESTAMP") {
        guard let micros = Bytes.decimal(value), micros < 9_000_000_000_000_000 else { return }
        reading.kind = .absolute
        reading.time = micros &* 1000
        reading.resolution = 1000
        reading.stamp = slice
        return
      }
      if isNamed("__MONOTONIC_TIMESTAMP") {
        guard let micros = Bytes.decimal(value), micros < 9_000_000_000_000_000 else { return }
        reading.uptime = micros &* 1000
        reading.flags.insert(.hasUptime)
        return
      }
      if isNamed("__CURSOR") || isNamed("__SEQNUM") || isNamed("__SEQNUM_ID") { return }
      if isNamed("_HOSTNAME") {
        reading.device = slice
        reading.basis = .selfAsserted
        return
      }
      if isNamed("MESSAGE") {
        reading.message = slice
        return
      }
      if isNamed("PRIORITY"), value.count == 1, value[0] &- 0x30 < 8 {
        reading.severity = value[0] &- 0x30
        return
      }
      if isNamed("SYSLOG_IDENTIFIER") { reading.program = slice }
      if isNamed("_COMM") { fallback = slice }
      if isNamed("_BOOT_ID") { reading.boot = slice }
      reading.key(name)
      reading.appendJSONString(value)
    }
  }
}
