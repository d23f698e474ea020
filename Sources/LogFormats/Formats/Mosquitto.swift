import IncidentModel

/// The log of the mosquitto broker: epoch stamps, or ISO ones without zone by `log_timestamp_format`.
struct MosquittoFormat: LogFormat {
  let name = "mosquitto"
  let summary =
    "mosquitto broker log; the client id is the device, authenticated where it logged in with a user name"
  let yields = ["time", "device (client id)", "severity", "user", "address", "topic"]
  let samples = [
    FormatSample(
      "1795419704: New client connected from 192.0.2.9:34356 as gw-004 (p2, c1, k5, u'sensor17').",
      time: "2026-11-23T07:41:44Z", device: "gw-004", program: "mosquitto",
      message: "New client connected from 192.0.2.9:34356 as gw-004 (p2, c1, k5, u'sensor17').",
      fields: #"{"address":"192.0.2.9:34356","user":"sensor17"}"#),
    FormatSample(
      "1795419704: Received PUBLISH from gw-004 (d0, q1, r0, m1, 'site/a/temp', ... (10 bytes))",
      device: "gw-004",
      fields: #"{"topic":"site/a/temp"}"#),
    FormatSample(
      "1795419704: New connection from 192.0.2.9:34430 on port 18931.", device: "",
      fields: #"{"address":"192.0.2.9:34430"}"#),
    FormatSample("1795419704: Client cam 9 has exceeded timeout, disconnecting.", device: "cam 9"),
    FormatSample(
      "2026-11-23T07:41:44: Client meter-02 disconnected.", time: "2026-11-23T07:41:44 (no zone)",
      device: "meter-02"),
    FormatSample("1795419704: Error: Unable to open pwfile \"x\".", device: "", severity: 3),
    FormatSample("1795419704: \tsite/a/# (QoS 0)", device: ""),
  ]
  let refusals = ["1795419704 no colon", "mosquitto", "x: y"]

  func score(_ line: UnsafeRawBufferPointer) -> Int {
    guard let end = Self.head(line) else { return 0 }
    // The stamp alone is weak; the broker's words make it sure.
    for phrase: StaticString in [
      "mosquitto version", "New connection from", "New client connected", "Received ", "Sending ", "Client ",
      "Config loaded",
      "Opening ", "Socket error", "No will message", "Will message", "Denied ", "Saving in-memory",
    ] where Bytes.matches(phrase, line, at: end) {
      return 93
    }
    return Bytes.isDigit(line[9]) ? 60 : 30
  }

  /// Offset behind `1795419704: ` or `2026-11-23T07:41:44: `.
  static func head(_ line: UnsafeRawBufferPointer) -> Int? {
    guard line.count > 12, Bytes.isDigit(line[0]) else { return nil }
    if line[10] == 0x3A, line[11] == 0x20 {
      for index in 0..<10 where !Bytes.isDigit(line[index]) { return nil }
      return 12
    }
    guard line.count > 21, line[19] == 0x3A, line[20] == 0x20, line[10] == 0x54,
      StampReader.isoDate(line, 0) != nil
    else {
      return nil
    }
    return StampReader.clock(line, 11) >= 0 ? 21 : nil
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    @exclusivity(unchecked) private var stamps = StampReader()
    /// Hashes of client ids that logged in with a user name.
    @exclusivity(unchecked) private var authenticated: Set<UInt64> = []

    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let start = MosquittoFormat.head(record) else {
        return Continuation.verdict(record, into: &reading, otherwise: .noTime)
      }
      if start == 12 {
        reading.set(
          StampReader.placed(
            (Bytes.decimal(Bytes.part(record, 0, 10)) ?? 0) &* StampReader.second, StampReader.second, end: 10
          ),
          from: 0)
      } else if let stamp = stamps.iso(record, at: 0) {
        reading.set(stamp, from: 0)
      } else {
        return .refused(.badTime)
      }
      reading.message = .record(start, record.count &- start)
      reading.program = reading.appendText("mosquitto")
      if Bytes.matches("Error:", record, at: start) || Bytes.matches("OpenSSL Error", record, at: start) {
        reading.severity = 3
      } else if Bytes.matches("Warning:", record, at: start) || Bytes.matches("Denied ", record, at: start)
        || Bytes.find("not authorised", record, from: start) != nil
      {
        reading.severity = 4
      }
      client(record, start, into: &reading)
      return .event
    }

    /// Finds the client by the broker's own phrases.
    private func client(_ record: UnsafeRawBufferPointer, _ start: Int, into reading: inout Reading) {
      reading.beginFields()
      defer { reading.endFields() }
      let end = record.count
      if Bytes.matches("New connection from ", record, at: start) {
        let address = start &+ 20
        let stop = Bytes.findNear(0x20, record, from: address, to: end)
        reading.field("address", Bytes.part(record, address, stop))
        return
      }
      if Bytes.matches("New client connected from ", record, at: start) {
        let address = start &+ 26
        guard let asWord = Bytes.find(" as ", record, from: address) else { return }
        reading.field("address", Bytes.part(record, address, asWord))
        // The id may hold blanks and parentheses: what follows it is known.
        let id = asWord &+ 4
        var stop = id
        var next = id
        while let hit = Bytes.find(" (p", record, from: next) {
          stop = hit
          next = hit &+ 1
        }
        guard stop > id else { return }
        setDevice(record, id, stop, .selfAsserted, into: &reading)
        if let user = Bytes.find(", u'", record, from: stop) {
          var quote = end
          while quote > user &+ 4, record[quote &- 1] != 0x27 { quote &-= 1 }
          reading.field("user", Bytes.part(record, user &+ 4, max(user &+ 4, quote &- 1)))
          if authenticated.count < 1 << 20 {
            authenticated.insert(ContentHash.of(Bytes.part(record, id, stop)))
          }
          reading.basis = .authenticated
        }
        return
      }
      if Bytes.matches("Client ", record, at: start) {
        for phrase: StaticString in [
          " disconnected", " closed its", " has exceeded", " already connected", " been disconnected",
          " connection",
        ] {
          if let stop = Bytes.find(phrase, record, from: start &+ 7) {
            setDevice(record, start &+ 7, stop, .selfAsserted, into: &reading)
            return
          }
        }
        return
      }
      for phrase: StaticString in ["Socket error on client ", "Bad socket read/write on client "]
      where Bytes.matches(phrase, record, at: start) {
        let id = start &+ phrase.utf8CodeUnitCount
        let stop = Bytes.find(",", record, from: id) ?? Bytes.find(":", record, from: id) ?? end
        setDevice(record, id, stop, .selfAsserted, into: &reading)
        return
      }
      guard
        Bytes.matches("Received ", record, at: start) || Bytes.matches("Sending ", record, at: start)
          || Bytes.matches("Denied ", record, at: start)
      else { return }
      let from = Bytes.find(" from ", record, from: start)
      guard let word = from ?? Bytes.find(" to ", record, from: start) else { return }
      let id = word &+ (from == nil ? 4 : 6)
      let stop = Bytes.find(" (", record, from: id) ?? end
      setDevice(record, id, stop, .selfAsserted, into: &reading)
      if let topic = Bytes.find(", '", record, from: stop),
        let close = Bytes.find("', ...", record, from: topic &+ 3)
      {
        reading.field("topic", Bytes.part(record, topic &+ 3, close))
      }
    }

    private func setDevice(
      _ record: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ basis: IdentityBasis,
      into reading: inout Reading
    ) {
      var stop = end
      if stop == record.count, stop > start, record[stop &- 1] == 0x2E { stop &-= 1 }
      guard stop > start, record[start] != 0x3C else { return }
      reading.device = .record(start, stop &- start)
      let id = Bytes.part(record, start, stop)
      // CONNACKs to refused clients name the address instead of the id.
      reading.basis =
        Self.isAddress(id) ? .network : authenticated.contains(ContentHash.of(id)) ? .authenticated : basis
    }

    private static func isAddress(_ bytes: UnsafeRawBufferPointer) -> Bool {
      var points = 0
      for byte in bytes {
        if byte == 0x2E { points += 1 } else if !Bytes.isDigit(byte) { return false }
      }
      return points == 3
    }
  }
}
