import IncidentModel

/// Access logs of web servers: common and combined log format, a virtual host in front or not.
struct AccessLogFormat: LogFormat {
  let name = "access-log"
  let summary = "Apache and nginx access logs (common and combined); the client's address is the device"
  let yields = [
    "time", "device (client address)", "method", "path", "status", "bytes", "referer", "user_agent", "user",
  ]
  let samples = [
    FormatSample(
      #"192.0.2.9 - jo [04/Jan/2020:07:25:02 +0100] "GET /x?y=1 HTTP/1.1" 404 522 "-" "curl/7.0""#,
      time: "2020-01-04T06:25:02Z", device: "192.0.2.9", severity: 255, message: "GET /x?y=1 HTTP/1.1",
      fields:
        #"{"user":"jo","method":"GET","path":"/x?y=1","http_version":"1.1","status":404,"bytes":522,"user_agent":"curl/7.0"}"#
    ),
    FormatSample(
      #"www.example.net 192.0.2.9 - - [08/Jun/2020:08:04:43 +0000] "\x16\x03" 400 - "#, device: "192.0.2.9",
      fields: #"{"vhost":"www.example.net","status":400}"#),
    FormatSample(
      #"::1 - - [08/Jun/2020:08:04:43 +0000] "POST / HTTP/1.0" 500 0"#, device: "::1", severity: 3),
    FormatSample(
      #"::1 - - [08/Jun/2020:08:04:43 +0000] "GET / HTTP/1.0" 304 0"#, device: "::1", severity: 6),
  ]
  let refusals = ["192.0.2.9 - - [99/Jun/2020:08:04:43 +0000] \"x\" 200 1", "192.0.2.9 - - no stamp", "text"]

  func score(_ line: UnsafeRawBufferPointer) -> Int { Self.head(line) == nil ? 0 : 92 }

  /// Client, stamp and where the request's quote stands.
  static func head(
    _ line: UnsafeRawBufferPointer
  ) -> (vhost: Slice, client: Slice, user: Slice, stamp: Stamp, stampStart: Int, quote: Int)? {
    let limit = min(line.count, 512)
    let open = Bytes.findNear(0x5B, line, from: 0, to: limit)
    guard open < limit, open >= 6, line[open &- 1] == 0x20,
      let stamp = StampReader.dayFirst(line, at: open &+ 1), stamp.end &+ 3 < line.count,
      line[stamp.end] == 0x5D,
      line[stamp.end &+ 1] == 0x20, line[stamp.end &+ 2] == 0x22
    else { return nil }
    // `client ident user`, perhaps a virtual host before them.
    var words: (Slice, Slice, Slice, Slice) = (.empty, .empty, .empty, .empty)
    var count = 0
    var i = 0
    while i < open {
      let end = Bytes.findNear(0x20, line, from: i, to: open)
      if end > i {
        words = (words.1, words.2, words.3, .record(i, end &- i))
        count &+= 1
      }
      i = end &+ 1
    }
    // Some leave out identity and user, or one of them.
    if count == 1 { return (.empty, words.3, .empty, stamp, open &+ 1, stamp.end &+ 2) }
    if count == 2 { return (.empty, words.2, .empty, stamp, open &+ 1, stamp.end &+ 2) }
    guard count == 3 || count == 4 else { return nil }
    let user = words.3.count == 1 && line[words.3.start] == 0x2D ? Slice.empty : words.3
    return (count == 4 ? words.0 : .empty, words.1, user, stamp, open &+ 1, stamp.end &+ 2)
  }

  func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

  final class Parser: RecordParser {
    func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
      reading.reset()
      guard let head = AccessLogFormat.head(record) else {
        return Bytes.isBlank(record) ? .blank : .refused(.noMatch)
      }
      reading.set(head.stamp, from: head.stampStart)
      reading.device = head.client
      reading.basis = .network
      let count = record.count
      let request = head.quote &+ 1
      let close = quoteEnd(record, request)
      reading.message = .record(request, close &- request)
      reading.beginFields()
      if !head.vhost.isEmpty {
        let colon = Bytes.findNear(0x3A, record, from: head.vhost.start, to: head.vhost.end)
        reading.field("vhost", Bytes.part(record, head.vhost.start, colon))
        if colon < head.vhost.end {
          reading.fieldGuessing("vhost_port", Bytes.part(record, colon &+ 1, head.vhost.end))
        }
      }
      if !head.user.isEmpty { reading.field("user", Bytes.part(record, head.user.start, head.user.end)) }
      let space = Bytes.findNear(0x20, record, from: request, to: close)
      if space < close {
        reading.field("method", Bytes.part(record, request, space))
        let pathEnd = Bytes.findNear(0x20, record, from: space &+ 1, to: close)
        reading.field("path", Bytes.part(record, space &+ 1, pathEnd))
        if Bytes.matches("HTTP/", record, at: pathEnd &+ 1) {
          reading.field("http_version", Bytes.part(record, pathEnd &+ 6, close))
        }
      }
      var i = close &+ 1
      let status = word(record, &i)
      if let number = Bytes.decimal(status) {
        reading.field("status", number)
        if let severity = HTTPStatus.severity(number) { reading.severity = severity }
      }
      if let bytes = Bytes.decimal(word(record, &i)) { reading.field("bytes", bytes) }
      i = TextLine.skipBlanks(record, i)
      if i < count, record[i] == 0x22 {
        let end = quoteEnd(record, i &+ 1)
        let referer = Bytes.part(record, i &+ 1, end)
        if !(referer.count == 1 && referer[0] == 0x2D) { reading.field("referer", referer) }
        i = TextLine.skipBlanks(record, end &+ 1)
        if i < count, record[i] == 0x22 {
          let end = quoteEnd(record, i &+ 1)
          let agent = Bytes.part(record, i &+ 1, end)
          if !(agent.count == 1 && agent[0] == 0x2D) { reading.field("user_agent", agent) }
          i = TextLine.skipBlanks(record, end &+ 1)
        }
      }
      if i < count { reading.field("rest", Bytes.part(record, i, count)) }
      reading.endFields()
      return .event
    }

    private func word(_ record: UnsafeRawBufferPointer, _ i: inout Int) -> UnsafeRawBufferPointer {
      i = TextLine.skipBlanks(record, min(i, record.count))
      let start = i
      i = Bytes.findNear(0x20, record, from: i, to: record.count)
      return Bytes.part(record, start, i)
    }

    /// Offset of the closing quote; backslashes protect.
    private func quoteEnd(_ record: UnsafeRawBufferPointer, _ start: Int) -> Int {
      var i = start
      while i < record.count, record[i] != 0x22 { i &+= record[i] == 0x5C ? 2 : 1 }
      return min(i, record.count)
    }
  }
}
