import IncidentModel

/// AUTOSAR Diagnostic Log and Trace with storage headers (.dlt), as dlt-daemon, dlt-viewer and ECUs write it.
struct DLTFormat: LogFormat {
  let name = "dlt"
  let summary =
    "AUTOSAR DLT files: storage time and time since boot, ECU, application and context, arguments decoded"
  let yields = [
    "time", "time since boot", "device (ECU)", "severity", "program (application)", "context", "counter",
  ]
  let framing = Framing.dlt
  let isBinary = true
  let samples = [
    // 0x69404040 s, ECU header, time stamp 0x64 (10 ms), log info, verbose, `on` and 66.
    FormatSample(
      "DLT\u{01}@@@i\u{00}\u{01}\u{00}\u{00}ECU1\u{35}\u{07}\u{00}\u{27}ECU1\u{00}\u{00}\u{00}\u{64}\u{41}\u{02}LOCKCTL1"
        + "\u{00}\u{02}\u{00}\u{00}\u{03}\u{00}on\u{00}\u{43}\u{00}\u{00}\u{00}\u{42}\u{00}\u{00}\u{00}",
      time: "2025-12-15T17:07:12.000256Z", device: "ECU1", severity: 6, program: "LOCK", message: "on 66",
      fields: #"{"context":"CTL1","counter":7,"arguments":["on",66]}"#)
  ]
  let refusals = ["DLT\u{01}short", "text", String(repeating: "x", count: 40)]

  func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }

  func headScore(_ head: UnsafeRawBufferPointer) -> Int { Bytes.matches("DLT\u{01}", head, at: 0) ? 100 : 0 }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard Bytes.matches("DLT\u{01}", record, at: 0) else { return .refused(.badField) }
      guard record.count >= 20 else { return .refused(.truncated) }
      let type = record[16]
      let length = Int(record[18]) << 8 | Int(record[19])
      guard length >= 4, 16 &+ length <= record.count else { return .refused(.truncated) }
      let end = 16 &+ length
      let seconds = Int64(Bytes.word32(record, 4))
      let micros = Int64(Int32(bitPattern: Bytes.word32(record, 8)))
      guard micros >= 0, micros < 1_000_000 else { return .refused(.badTime) }
      if seconds > 0 {
        reading.kind = .absolute
        reading.time = seconds &* StampReader.second &+ micros &* 1000
        reading.resolution = 1000
        reading.stamp = .record(4, 8)
      }
      var i = 20
      var ecu = Self.identifier(record, 12)
      if type & 4 != 0 {
        guard i &+ 4 <= end else { return .refused(.truncated) }
        let own = Self.identifier(record, i)
        if !own.isEmpty { ecu = own }
        i &+= 4
      }
      reading.device = ecu
      if !ecu.isEmpty { reading.basis = .selfAsserted }
      var session: Int64?
      if type & 8 != 0 {
        guard i &+ 4 <= end else { return .refused(.truncated) }
        session = Int64(UInt32(bigEndian: record.loadUnaligned(fromByteOffset: i, as: UInt32.self)))
        i &+= 4
      }
      if type & 16 != 0 {
        guard i &+ 4 <= end else { return .refused(.truncated) }
        let uptime =
          Int64(UInt32(bigEndian: record.loadUnaligned(fromByteOffset: i, as: UInt32.self))) &* 100_000
        if reading.kind == .none {
          reading.setSinceBoot(uptime, resolution: 100_000, from: i, to: i &+ 4)
        } else {
          reading.uptime = uptime
          reading.flags.insert(.hasUptime)
        }
        i &+= 4
      }
      var arguments = 0
      var isVerbose = false
      var context = Slice.empty
      var kind: UInt8 = 255
      if type & 1 != 0 {
        guard i &+ 10 <= end else { return .refused(.truncated) }
        let info = record[i]
        isVerbose = info & 1 != 0
        kind = info >> 1 & 7
        if kind == 0 { reading.severity = Self.severity(info >> 4) }
        arguments = Int(record[i &+ 1])
        reading.program = Self.identifier(record, i &+ 2)
        context = Self.identifier(record, i &+ 6)
        i &+= 10
      }
      let isBigEndian = type & 2 != 0
      reading.beginFields()
      reading.field("context", Bytes.part(record, context.start, context.end))
      reading.field("counter", Int64(record[17]))
      if let session { reading.field("session", session) }
      if kind == 1 { reading.field("trace", true) }
      if kind == 2 { reading.field("network", true) }
      if kind == 3 { reading.field("control", true) }
      if isVerbose {
        var list = DLTArguments(record, i, end, isBigEndian: isBigEndian)
        list.write(arguments, into: &reading)
      } else if i &+ 4 <= end {
        let word = record.loadUnaligned(fromByteOffset: i, as: UInt32.self)
        reading.field("message_id", Int64(isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)))
        if end > i &+ 4 {
          reading.key("payload")
          reading.append(0x22)
          reading.appendHexadecimal(record, i &+ 4, min(end, i &+ 4 &+ 1024))
          reading.append(0x22)
        }
        reading.endFields()
      } else {
        reading.endFields()
      }
      return .event
    }

    /// Four characters, padded with NUL.
    private static func identifier(_ record: UnsafeRawBufferPointer, _ start: Int) -> Slice {
      var end = start
      while end < start &+ 4, record[end] != 0 { end &+= 1 }
      return end == start ? .empty : .record(start, end &- start)
    }

    private static func severity(_ level: UInt8) -> UInt8 {
      switch level {
      case 1: 2
      case 2: 3
      case 3: 4
      case 4: 6
      case 5, 6: 7
      default: 255
      }
    }
  }
}

/// The arguments of a verbose DLT message (AUTOSAR PRS DLT, 5.1.3).
private struct DLTArguments {
  private let record: UnsafeRawBufferPointer
  private var i: Int
  private let end: Int
  private let isBigEndian: Bool

  init(_ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, isBigEndian: Bool) {
    self.record = record
    i = start
    self.end = end
    self.isBigEndian = isBigEndian
  }

  /// Writes the arguments as the list `arguments`, closes the fields, and makes the message of them, blanks in between.
  mutating func write(_ count: Int, into reading: inout Reading) {
    let first = i
    reading.key("arguments")
    reading.append(0x5B)
    var written = 0
    while written < count, let value = next() {
      if written > 0 { reading.append(0x2C) }
      written &+= 1
      switch value {
      case .text(let start, let stop): reading.appendJSONString(Bytes.part(record, start, stop))
      case .raw(let start, let stop):
        reading.append(0x22)
        reading.appendHexadecimal(record, start, min(stop, start &+ 1024))
        reading.append(0x22)
      case .number(var text): text.withUTF8 { reading.appendGuessing(UnsafeRawBufferPointer($0)) }
      }
    }
    reading.append(0x5D)
    reading.endFields()
    if written < count { reading.flags.insert(.fieldsCut) }
    // Once more for the message.
    i = first
    let message = reading.scratchCount
    for index in 0..<written {
      guard let value = next() else { break }
      if index > 0 { reading.append(0x20) }
      switch value {
      case .text(let start, let stop): reading.append(record, start, stop)
      case .raw(let start, let stop): reading.appendHexadecimal(record, start, min(stop, start &+ 1024))
      case .number(var text): text.withUTF8 { reading.append(UnsafeRawBufferPointer($0)) }
      }
    }
    reading.message = .scratch(message, reading.scratchCount &- message)
  }

  private enum Value {
    case text(Int, Int)
    case raw(Int, Int)
    case number(String)
  }

  private mutating func integer(_ size: Int) -> UInt64? {
    guard i &+ size <= end else { return nil }
    var value: UInt64 = 0
    for index in 0..<size {
      value = value << 8 | UInt64(record[isBigEndian ? i &+ index : i &+ size &- 1 &- index])
    }
    i &+= size
    return value
  }

  private mutating func skip(_ count: Int) -> Bool {
    guard i &+ count <= end else { return false }
    i &+= count
    return true
  }

  private mutating func next() -> Value? {
    guard let info = integer(4) else { return nil }
    let isNamed = info & 0x800 != 0
    if info & 0x200 != 0 || info & 0x400 != 0 {
      guard let length = integer(2) else { return nil }
      if isNamed {
        guard let name = integer(2), skip(Int(name)) else { return nil }
      }
      let start = i
      guard skip(Int(length)) else { return nil }
      guard info & 0x200 != 0 else { return .raw(start, i) }
      var stop = i
      while stop > start, record[stop &- 1] == 0 || record[stop &- 1] == 0x0A { stop &-= 1 }
      return .text(start, stop)
    }
    if isNamed {
      guard let name = integer(2) else { return nil }
      var unit = 0
      if info & 0x10 == 0 {
        guard let length = integer(2) else { return nil }
        unit = Int(length)
      }
      guard skip(Int(name) &+ unit) else { return nil }
    }
    let sizes = [0, 1, 2, 4, 8, 16]
    let code = Int(info & 15)
    let size = info & 0x10 != 0 ? 1 : code < sizes.count ? sizes[code] : 0
    guard size > 0, size <= 8 else { return nil }
    if info & 0x1000 != 0 {
      // Fixed point: quantisation and offset are known to the reader's catalogue only in part; the raw number stands.
      guard skip(4 &+ (size <= 4 ? 4 : 8)) else { return nil }
    }
    guard let value = integer(size) else { return nil }
    if info & 0x10 != 0 { return .number(value != 0 ? "true" : "false") }
    if info & 0x80 != 0 {
      let number = size == 4 ? Double(Float(bitPattern: UInt32(value))) : Double(bitPattern: value)
      return .number(size == 4 ? "\(Float(bitPattern: UInt32(value)))" : "\(number)")
    }
    if info & 0x20 != 0 {
      let shift = UInt64(64 - 8 * size)
      return .number(String(Int64(bitPattern: value << shift) >> Int64(shift)))
    }
    if info & 0x40 != 0 { return .number(String(value)) }
    return nil
  }
}

extension Reading {
  /// Appends bytes as hexadecimal digits.
  mutating func appendHexadecimal(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
    for byte in bytes[start..<max(start, end)] {
      for digit in [byte >> 4, byte & 15] { append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57) }
    }
  }
}
