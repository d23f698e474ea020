/// A device and its program as they stand in free text behind a level in brackets: `[ERROR] pump-17 net: connection lost`.
///
/// The name must look like one of a series: three digits and more in it, or digits behind a hyphen or underscore. Names of
/// threads and the like (`worker-3`), of protocols and encodings (`utf-8`) are none.
struct NamedSpeaker {
  let device: Slice
  let program: Slice
  /// Offset of the message.
  let end: Int

  private static let longestName = 64
  private static let longestProgram = 48

  @inline(never)
  init?(_ record: UnsafeRawBufferPointer, at start: Int) {
    let name = TextLine.skipBlanks(record, start)
    guard name > start, name < record.count, Bytes.isLetter(record[name]) else { return nil }
    let nameEnd = Bytes.findNear(0x20, record, from: name, to: min(record.count, name &+ Self.longestName))
    guard nameEnd < record.count, record[nameEnd] == 0x20, Self.isName(record, name, nameEnd) else {
      return nil
    }
    let tag = nameEnd &+ 1
    let limit = min(record.count, tag &+ Self.longestProgram)
    let tagEnd = Bytes.findNear(0x3A, record, from: tag, to: limit)
    guard tagEnd > tag, tagEnd < limit, record[tagEnd] == 0x3A,
      tagEnd &+ 1 == record.count || record[tagEnd &+ 1] == 0x20,
      !record[tag..<tagEnd].contains(where: { $0 <= 0x20 || $0 == 0x3D })
    else { return nil }
    device = .record(name, nameEnd &- name)
    program = .record(tag, tagEnd &- tag)
    end = TextLine.skipBlanks(record, tagEnd &+ 1)
  }

  /// True for what looks like one of a series of devices, and not like a thread, a request or a protocol.
  static func isName(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
    var letters = 0
    var digits = 0
    var divider = end
    for place in start..<end {
      let byte = record[place]
      if Bytes.isDigit(byte) {
        digits &+= 1
      } else if byte == 0x2D || byte == 0x5F {
        divider = place
      } else if !Bytes.isLetter(byte), byte != 0x2E, byte < 0x80 {
        return false
      } else if digits == 0 {
        letters &+= 1
      }
    }
    guard end > start, digits > 0, letters > 0, Bytes.isDigit(record[end &- 1]) else { return false }
    let isNumbered = divider &+ 1 < end && record[(divider &+ 1)..<end].allSatisfy { Bytes.isDigit($0) }
    guard digits >= 3 || isNumbered else { return false }
    return !holdsOther(Bytes.part(record, start, end))
  }

  /// True where a word of a name says that it is none of a device.
  static func holdsOther(_ name: UnsafeRawBufferPointer) -> Bool {
    var word = 0
    while word < name.count {
      var last = word
      while last < name.count, Bytes.isLetter(name[last]) { last &+= 1 }
      for other in notDevices where Bytes.isSameWord(other, Bytes.part(name, word, last)) { return true }
      word = last &+ 1
    }
    return false
  }

  private static let notDevices: [StaticString] = [
    "worker", "thread", "pool", "task", "job", "queue", "shard", "partition", "executor", "exec", "reactor",
    "main",
    "consumer", "producer", "process", "session", "connection", "conn", "utf", "iso", "sha", "aes", "rfc",
    "http", "https",
    "ipv", "tls", "base", "error", "code", "step", "test", "version", "release",
    "timer", "loop", "sql", "query", "build", "run", "attempt", "round", "cycle", "phase", "slot", "eth",
    "wlan",
    "enp", "wlp", "usb", "tty", "ttys", "ttyusb", "ttyacm", "cpu", "port", "channel", "ch", "chan", "sda",
    "sdb",
    "nvme", "mmcblk", "disk", "core", "gpio", "can", "vcan", "pid", "tid", "sess", "user", "uid", "line",
    "page",
    "alarm", "alm", "event", "evt", "fault", "msg", "err", "warn", "info", "ver", "rev", "lo", "br", "veth",
    "docker",
    "req", "request", "trace", "span", "txn", "order", "batch", "ticket", "nio",
  ]
}
