import IncidentModel

/// The Linux audit log, raw or enriched: all records of one audit event become one event.
struct AuditdFormat: LogFormat {
  let name = "auditd"
  let summary = "Linux audit log; records of one audit event are joined, hexadecimal arguments decoded"
  let yields = [
    "time", "device", "program (record type)", "serial", "the record's pairs; further records by their type",
  ]
  let samples = [
    FormatSample(
      #"type=SYSCALL msg=audit(1604994496.155:92733): arch=c000003e syscall=59 comm="arp" key=(null)"#,
      time: "2020-11-10T07:48:16.155Z", device: "", program: "SYSCALL",
      message: #"arch=c000003e syscall=59 comm="arp" key=(null)"#,
      fields: #"{"serial":92733,"arch":"c000003e","syscall":59,"comm":"arp","key":"(null)"}"#),
    FormatSample(
      "type=PROCTITLE msg=audit(1604994496.155:92733): proctitle=617270002D61", verdict: .continuation,
      message: "PROCTITLE proctitle=617270002D61"),
    FormatSample(
      "node=gw-7 type=USER_AUTH msg=audit(1604994500.001:92740): pid=1 msg='op=pubkey acct=\"root\" res=failed'",
      device: "gw-7", program: "USER_AUTH",
      fields: #"{"serial":92740,"pid":1,"op":"pubkey","acct":"root","res":"failed"}"#),
    FormatSample("type=NOMSG msg=audit(1337845222.174:94984):", program: "NOMSG", message: ""),
  ]
  let refusals = [
    "type=WRONGDATE msg=audit(1337845201): missing milliseconds", "type=EMPTYDATE msg=audit(): x",
    "type= msg=audit(1337845333.174:94984): x", "msg=audit(1337845201.174:94984): x", "type=X msg=y",
  ]

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.head(line) == nil ? 0 : 96 }

  struct Head {
    var node = Slice.empty
    var type = Slice.empty
    var stamp = Slice.empty
    var serial: Int64 = 0
    /// `1604994496.155:92733`, which names the audit event.
    var key = Slice.empty
    var end = 0
  }

  static func head(_ line: UnsafeRawBufferPointer) -> Head? {
    var head = Head()
    var i = 0
    let count = line.count
    if Bytes.matches("node=", line, at: 0) {
      i = Bytes.findNear(0x20, line, from: 5, to: min(count, 260))
      head.node = .record(5, i &- 5)
      i &+= 1
    }
    guard Bytes.matches("type=", line, at: i) else { return nil }
    let type = i &+ 5
    i = Bytes.findNear(0x20, line, from: type, to: min(count, type &+ 64))
    guard i > type, i < count, Bytes.matches(" msg=audit(", line, at: i) else { return nil }
    head.type = .record(type, i &- type)
    let stamp = i &+ 11
    let colon = Bytes.findNear(0x3A, line, from: stamp, to: min(count, stamp &+ 40))
    let close = Bytes.findNear(0x29, line, from: colon, to: min(count, colon &+ 24))
    guard close < count, line[close] == 0x29, colon &- stamp > 4, close &+ 1 < count,
      line[close &+ 1] == 0x3A,
      let serial = Bytes.decimal(Bytes.part(line, colon &+ 1, close)),
      Bytes.findNear(0x2E, line, from: stamp, to: colon) < colon
    else { return nil }
    head.stamp = .record(stamp, colon &- stamp)
    head.serial = serial
    head.key = .record(stamp, close &- stamp)
    head.end = min(count, close &+ 2)
    return head
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    private let fields = FlatFields(
      naming: FieldNaming(fixedRoles: [.time, .device, .severity, .message, .program, .uptime]))
    @exclusivity(unchecked) private var lastKey: [UInt8] = []

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      if Bytes.isBlank(record) { return .blank }
      guard let head = AuditdFormat.head(record) else { return .refused(.noMatch) }
      let stamp = Bytes.part(record, head.stamp.start, head.stamp.end)
      guard let (time, resolution) = StampReader.epoch(stamp, unit: StampReader.second) else {
        return .refused(.badTime)
      }
      let key = Bytes.part(record, head.key.start, head.key.end)
      let continues = key.count == lastKey.count && key.elementsEqual(lastKey)
      let text = TextLine.skipBlanks(record, head.end)
      if continues {
        // The first record is the event; this one hangs on it under its own type.
        let start = reading.scratchCount
        reading.append(record, head.type.start, head.type.end)
        reading.append(0x20)
        reading.append(record, text, record.count)
        reading.message = .scratch(start, reading.scratchCount &- start)
        reading.beginFields()
        reading.key(Bytes.part(record, head.type.start, head.type.end))
        reading.append(0x7B)
        var isFirst = true
        writePairs(record, from: text, type: head.type, into: &reading) { reading in
          if !isFirst { reading.append(0x2C) }
          isFirst = false
        }
        reading.append(0x7D)
        reading.endFields()
        return .continuation
      }
      lastKey.removeAll(keepingCapacity: true)
      lastKey.append(contentsOf: key)
      reading.kind = .absolute
      reading.time = time
      reading.resolution = min(resolution, 1_000_000)
      reading.stamp = head.stamp
      reading.program = head.type
      if !head.node.isEmpty {
        reading.device = head.node
        reading.basis = .selfAsserted
      }
      reading.message = .record(text, record.count &- text)
      reading.beginFields()
      reading.field("serial", head.serial)
      writePairs(record, from: text, type: head.type, into: &reading) { $0.separate() }
      reading.endFields()
      return .event
    }

    /// Writes `key=value` pairs; words that are no pairs are skipped, `msg='…'` is opened.
    private func writePairs(
      _ record: UnsafeRawBufferPointer, from start: Int, type: Slice, into reading: inout Reading,
      _ separate: (inout Reading) -> Void
    ) {
      let isExecve = Bytes.matches("EXECVE", record, at: type.start)
      var i = start
      let count = record.count
      while i < count {
        // Enriched records put a group separator (0x1D) before the translations; quotes close opened messages.
        while i < count, record[i] <= 0x20 || record[i] == 0x27 { i &+= 1 }
        let key = i
        while i < count,
          Bytes.isLetter(record[i]) || Bytes.isDigit(record[i]) || record[i] == 0x5F || record[i] == 0x2D
            || record[i] == 0x5B || record[i] == 0x5D
        {
          i &+= 1
        }
        let keyEnd = i
        guard i < count, record[i] == 0x3D, keyEnd > key else {
          i = Bytes.findNear(0x20, record, from: max(i, key &+ 1), to: count)
          continue
        }
        i &+= 1
        if i < count, record[i] == 0x27 {
          i &+= 1
          continue
        }
        let value: Int
        let end: Int
        var isQuoted = false
        if i < count, record[i] == 0x22 {
          isQuoted = true
          value = i &+ 1
          end = Bytes.find(0x22, record, from: value, to: count)
          i = min(count, end &+ 1)
        } else {
          value = i
          while i < count, record[i] > 0x20, record[i] != 0x27 { i &+= 1 }
          end = i
        }
        separate(&reading)
        reading.appendJSONString(Bytes.part(record, key, keyEnd))
        reading.append(0x3A)
        let bytes = Bytes.part(record, value, end)
        if isQuoted || bytes.isEmpty {
          reading.appendJSONString(bytes)
        } else if Self.isEncoded(Bytes.part(record, key, keyEnd), isExecve), Self.isHex(bytes) {
          appendDecoded(bytes, into: &reading)
        } else {
          reading.appendGuessing(bytes)
        }
      }
    }

    /// Names whose values auditd writes in hexadecimal where they hold blanks, quotes or control characters.
    private static func isEncoded(_ key: UnsafeRawBufferPointer, _ isExecve: Bool) -> Bool {
      if isExecve, key[0] == 0x61, key.count > 1, Bytes.isDigit(key[1]) { return true }
      for name: StaticString in [
        "proctitle", "comm", "exe", "cwd", "name", "cmd", "data", "acct", "vm", "path", "dir",
      ]
      where name.utf8CodeUnitCount == key.count && Bytes.matches(name, key, at: 0) {
        return true
      }
      return false
    }

    private static func isHex(_ bytes: UnsafeRawBufferPointer) -> Bool {
      guard bytes.count >= 2, bytes.count % 2 == 0 else { return false }
      return bytes.allSatisfy { Bytes.hexValue($0) < 16 && !($0 >= 0x61) }
    }

    private func appendDecoded(_ bytes: UnsafeRawBufferPointer, into reading: inout Reading) {
      var decoded: [UInt8] = []
      decoded.reserveCapacity(bytes.count / 2)
      var i = 0
      while i &+ 1 < bytes.count {
        let byte = Bytes.hexValue(bytes[i]) << 4 | Bytes.hexValue(bytes[i &+ 1])
        decoded.append(byte == 0 ? 0x20 : byte)
        i &+= 2
      }
      decoded.withUnsafeBytes { reading.appendJSONString($0) }
    }
  }
}
