import IncidentModel

/// Opens what a syslog or journal message says inside: JSON, the words of ssh servers and PAM, firewall logs, RouterOS topics,
/// UniFi's device tags, and the bodies of programs that a built-in definition names. What is found goes to the fields; the message
/// stays as it is written, unless the body has a message of its own.
///
/// Looked at by program name, so that other lines cost one comparison.
final class BodyOpener {
  private let json = NestedJSON(isTransport: true)
  @exclusivity(unchecked) private var inner = Reading()
  /// Parsers by the hash of a program's name as it was written, made when the program is met first; nil where no
  /// definition names it.
  @exclusivity(unchecked) private var parsers: [UInt64: DefinedParser?] = [:]
  /// The programs met last, by four bits of that hash.
  private let recent = UnsafeMutablePointer<(name: UInt64, parser: Unmanaged<DefinedParser>?)>.allocate(
    capacity: 16)
  private let names = KnownTexts(bits: 5, strideBits: 6)
  @exclusivity(unchecked) private var topics: DefinedParser?
  @exclusivity(unchecked) private var copy: [UInt8] = []

  /// The definitions that open bodies, by the hash of the program's name in lower case.
  private static let definitions: [UInt64: DefinedFormat] = {
    var table: [UInt64: DefinedFormat] = [:]
    for format in BuiltInDefinitions.formats {
      for program in format.programs { table[hash(Array(program.utf8))] = format }
    }
    return table
  }()

  /// One of 512 bits for the ends and the length of each known program's name.
  private static let mask: InlineArray<8, UInt64> = {
    var mask = InlineArray<8, UInt64>(repeating: 0)
    for format in BuiltInDefinitions.formats {
      for program in format.programs {
        let name = Array(program.utf8)
        let place = name.withUnsafeBytes { bit($0) }
        mask[place &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: place & 63)
      }
    }
    return mask
  }()

  private let mask = BodyOpener.mask

  init() { recent.initialize(repeating: (0, nil), count: 16) }

  deinit { recent.deallocate() }

  /// The bit of a name that is not empty.
  @inline(__always) private static func bit(_ name: UnsafeRawBufferPointer) -> Int {
    let ends = Int(name[0] | 0x20) &* 19 &+ Int(name[name.count &- 1] | 0x20) &* 7
    return (ends &+ name.count &* 41) & 511
  }

  /// False for names that no definition has.
  @inline(__always) private func mayBeKnown(_ program: UnsafeRawBufferPointer) -> Bool {
    guard program.count <= 20 else { return false }
    let place = Self.bit(program)
    return mask[place &>> 6] &>> UInt64(truncatingIfNeeded: place & 63) & 1 != 0
  }

  private static func hash(_ name: [UInt8]) -> UInt64 {
    name.map { Bytes.isLetter($0) ? $0 | 0x20 : $0 }.withUnsafeBytes { ContentHash.of($0) }
  }

  /// Opens the message of an event that has been read.
  @inline(__always)
  func open(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    json.open(record, into: &reading)
    let program = reading.bytes(reading.program, of: record)
    if program.isEmpty {
      withoutProgram(record, into: &reading)
    } else if program.count >= 6, Bytes.matches("kernel", program, at: 0) {
      firewall(record, into: &reading)
    } else if mayBeKnown(program) {
      openByProgram(program, record, into: &reading)
    } else if program.count >= 12 {
      deviceTag(record, into: &reading)
    }
    if reading.severity == 255 {
      reading.severity = BodyLevel.severity(reading.bytes(reading.message, of: record))
    }
  }

  private func openByProgram(
    _ program: UnsafeRawBufferPointer, _ record: UnsafeRawBufferPointer, into reading: inout Reading
  ) {
    let name = names.hash(of: program)
    let place = recent + Int(truncatingIfNeeded: name & 15)
    if place.pointee.name != name {
      // `parsers` keeps them alive.
      place.pointee = (name, parser(of: program, name).map(Unmanaged.passUnretained))
    }
    guard let parser = place.pointee.parser else { return }
    parser._withUnsafeGuaranteedRef { open(with: $0, record, into: &reading) }
  }

  /// The parser of a program's bodies; nil where no definition names it.
  private func parser(of program: UnsafeRawBufferPointer, _ name: UInt64) -> DefinedParser? {
    if let known = parsers[name] { return known }
    let parser = Self.definitions[Self.hash(Array(program))].map { DefinedParser($0, SourceContext()) }
    // Spellings are without end.
    if parsers.count < 4096 || parser != nil { parsers[name] = .some(parser) }
    return parser
  }

  private func open(
    with parser: DefinedParser, _ record: UnsafeRawBufferPointer, into reading: inout Reading
  ) {
    let message = reading.bytes(reading.message, of: record)
    guard message.count > 4, message.count < 1 << 16 else { return }
    if !reading.message.isInScratch { return open(with: parser, message, of: record, into: &reading) }
    // The scratch buffer that holds the message moves while it is written to.
    copy.removeAll(keepingCapacity: true)
    copy.append(contentsOf: message)
    copy.withUnsafeBytes { open(with: parser, $0, of: record, into: &reading) }
  }

  private func open(
    with parser: DefinedParser, _ text: UnsafeRawBufferPointer, of record: UnsafeRawBufferPointer,
    into reading: inout Reading
  ) {
    guard parser.parse(text, into: &inner) == .event else { return }
    let program = reading.program
    let hadDevice = !reading.device.isEmpty
    reading.complete(from: inner, of: text)
    if !program.isEmpty { reading.program = program }
    reading.addMembers(inner.bytes(inner.fields, of: text))
    let client = inner.bytes(inner.device, of: text)
    if !client.isEmpty, hadDevice {
      addClient(client, to: &reading)
    }
  }

  // MARK: Messages without a program

  private func withoutProgram(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    repeatedHost(record, into: &reading)
    if !reading.program.isEmpty {
      let program = reading.bytes(reading.program, of: record)
      if mayBeKnown(program) {
        openByProgram(program, record, into: &reading)
      }
      return
    }
    firewall(record, into: &reading)
    // `firewall,info input: …`: RouterOS writes topics where others write a tag.
    guard RouterTopics.end(reading.bytes(reading.message, of: record), at: 0) != nil else { return }
    if topics == nil, let format = BuiltInDefinitions.formats.first(where: { $0.name == "mikrotik" }) {
      topics = DefinedParser(format, SourceContext())
    }
    if let topics { open(with: topics, record, into: &reading) }
  }

  /// A firewall's line of the kernel.
  private func firewall(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    let message = reading.bytes(reading.message, of: record)
    guard message.count > 20, Bytes.find("IN=", message) != nil else { return }
    if !reading.message.isInScratch { return NetfilterText.addFields(message, into: &reading) }
    copy.removeAll(keepingCapacity: true)
    copy.append(contentsOf: message)
    copy.withUnsafeBytes { NetfilterText.addFields($0, into: &reading) }
  }

  /// `Dream-Machine Dream-Machine sshd[454008]: …`: UniFi's gateways write their name twice; the tag comes behind.
  private func repeatedHost(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    let host = reading.device
    let message = reading.message
    guard !host.isEmpty, !host.isInScratch, !message.isInScratch, message.count > host.count &+ 2,
      record[message.start &+ Int(host.count)] == 0x20,
      Bytes.part(record, message.start, message.start &+ Int(host.count))
        .elementsEqual(Bytes.part(record, host.start, host.end))
    else { return }
    let start = message.start &+ Int(host.count) &+ 1
    var end = start
    while end < message.end, end &- start < 64, record[end] > 0x20, record[end] != 0x5B, record[end] != 0x3A {
      end &+= 1
    }
    guard end > start, end < message.end else { return }
    var text = end
    if record[end] == 0x5B {
      let close = Bytes.findNear(0x5D, record, from: end, to: min(message.end, end &+ 16))
      guard close &+ 1 < message.end, record[close] == 0x5D, record[close &+ 1] == 0x3A else { return }
      reading.reopenFields()
      SyslogText.appendPID(record, .record(end &+ 1, close &- end &- 1), into: &reading)
      reading.endFields()
      text = close &+ 1
    }
    guard record[text] == 0x3A else { return }
    reading.program = .record(start, end &- start)
    text = TextLine.skipBlanks(record, text &+ 1)
    reading.message = .record(text, max(0, message.end &- text))
  }

  // MARK: UniFi

  /// `U7PG2,f09fc2aabbcc,v4.0.66.10832` or `f09fc2aabbcc,UAP-AC-Pro-Gen2-6.5.28+14491` where others write host or tag: model,
  /// address and firmware. The address is the device.
  private func deviceTag(_ record: UnsafeRawBufferPointer, into reading: inout Reading) {
    let tag = reading.program
    guard !tag.isInScratch else { return }
    let bytes = Bytes.part(record, tag.start, tag.end)
    // Most programs with long names have none.
    if bytes.count <= 16, ByteWord.marks(of: 0x2C, in: Bytes.word(bytes, 0)) == 0,
      ByteWord.marks(of: 0x2C, in: Bytes.word(bytes, bytes.count &- 8)) == 0
    {
      return
    }
    let comma = Bytes.findNear(0x2C, bytes, from: 0, to: bytes.count)
    guard comma < bytes.count, let address = Self.address(bytes, comma) else { return }
    reading.reopenFields()
    let mac = Bytes.part(bytes, address.start, address.start + 12)
    reading.field("mac", mac)
    if address.start == 0 {
      reading.field("model", Bytes.part(bytes, 13, bytes.count))
    } else {
      reading.field("model", Bytes.part(bytes, 0, comma))
      if bytes.count > address.start + 13 {
        reading.field("firmware", Bytes.part(bytes, address.start + 13, bytes.count))
      }
    }
    if !reading.device.isEmpty {
      reading.field("host", Bytes.part(record, reading.device.start, reading.device.end))
    }
    reading.endFields()
    reading.device = .record(tag.start + address.start, 12)
    reading.basis = .selfAsserted
    // The program's own tag follows: `hostapd: …`, `hostapd[123]: …`, `kernel: …`.
    let message = reading.message
    guard !message.isInScratch else { return }
    let colon = Bytes.findNear(0x3A, record, from: message.start, to: min(message.end, message.start + 48))
    guard colon < min(message.end, message.start + 48), colon > message.start else { return }
    var end = message.start
    while end < colon, record[end] > 0x20, record[end] != 0x5B { end += 1 }
    guard end > message.start, end == colon || record[end] == 0x5B else { return }
    reading.program = .record(message.start, end - message.start)
    let text = TextLine.skipBlanks(record, colon + 1)
    reading.message = .record(text, max(0, message.end - text))
  }

  /// Who was at the other end, where the syslog header already says who reports.
  private func addClient(_ client: UnsafeRawBufferPointer, to reading: inout Reading) {
    reading.reopenFields()
    reading.field("client", client)
    reading.endFields()
  }

  /// Twelve hexadecimal digits before the comma or behind it.
  private static func address(_ bytes: UnsafeRawBufferPointer, _ comma: Int) -> (start: Int, end: Int)? {
    for start in [0, comma + 1] {
      guard start + 12 <= bytes.count, start > 0 || comma == 12 else { continue }
      guard start == 0 || start + 12 == bytes.count || bytes[start + 12] == 0x2C else { continue }
      if bytes[start..<start + 12].allSatisfy({ Bytes.hexValue($0) < 16 }) { return (start, start + 12) }
    }
    return nil
  }
}

/// RouterOS's topics: `firewall,info`, `system,error,critical`.
enum RouterTopics {
  private static let names: [StaticString] = [
    "system", "firewall", "dhcp", "wireless", "interface", "ppp", "ipsec", "script", "route", "ospf", "bgp",
    "wifi",
    "caps", "hotspot", "l2tp", "pptp", "sstp", "ovpn", "ssh", "snmp", "ntp", "dns", "radius", "backup",
    "certificate", "lte", "gps", "health", "watchdog", "critical", "error", "warning", "info", "account",
    "bridge",
    "wireguard", "container", "mqtt",
  ]

  /// Offset behind the topics and their blank; nil where the bytes at `start` are no topics.
  static func end(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
    var i = start
    let limit = min(bytes.count, start &+ 64)
    var comma = -1
    while i < limit, bytes[i] != 0x20 {
      let byte = bytes[i]
      guard byte &- 0x61 < 26 || Bytes.isDigit(byte) || byte == 0x2C || byte == 0x2D else { return nil }
      if byte == 0x2C, comma < 0 { comma = i }
      i &+= 1
    }
    guard comma > start, i < limit, bytes[i &- 1] != 0x2C else { return nil }
    for name in names where name.utf8CodeUnitCount == comma &- start && Bytes.matches(name, bytes, at: start)
    {
      return i &+ 1
    }
    return nil
  }
}
