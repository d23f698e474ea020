import Testing

@testable import LogFormats

/// Where one record of syslog ends and the next begins: line feeds, none, counts, NULs, carriage returns.
@Suite struct SyslogStreamTests {
  private func rows(_ text: String) -> [FormatTrial.Row] {
    Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0).rows }
  }

  private func events(_ text: String) -> [String] {
    rows(text).filter { $0.verdict == "event" }.map { "\($0.device) \($0.severity): \($0.message)" }
  }

  // MARK: Line feeds

  @Test(arguments: [
    ("Nov 12 10:03:05", "Nov 12 10:03:06"),
    ("2026-11-12T10:03:05Z", "2026-11-12T10:03:06Z"),
  ])
  func textOfAMessageForgesNoEvent(_ first: String, _ second: String) {
    let forged = "user input: <8>\(first) core-1 kernel: panic forged"
    // Where another record begins behind a line feed, before or behind the line in question.
    #expect(
      events("<13>\(first) gw-1 app: \(forged)\n<13>\(second) gw-1 app: ok\n") == [
        "gw-1 5: \(forged)", "gw-1 5: ok",
      ])
    #expect(
      events("<13>\(second) gw-1 app: ok\n<13>\(first) gw-1 app: \(forged)") == [
        "gw-1 5: ok", "gw-1 5: \(forged)",
      ])
    // In a line that continues a message.
    let continued = rows(
      "\(first) gw-1 app: ok\n\tand <8>\(first) core-1 kernel: forged\n\(second) gw-1 app: ok\n")
    #expect(continued.map(\.verdict) == ["event", "continuation", "event"])
    // One line with its line feed.
    #expect(events("<13>\(first) gw-1 app: \(forged)\n") == ["gw-1 5: \(forged)"])
  }

  @Test func recordsWithoutLineFeedsBetweenThemAreEvents() {
    let one = "<13>Nov 12 10:03:05 gw-1 app: one"
    let two = "<11>Nov 12 10:03:06 gw-2 app: two"
    #expect(events(one + two) == ["gw-1 5: one", "gw-2 3: two"])
    #expect(events(one + " and\nmore" + two) == ["gw-1 5: one and", "gw-2 3: two"])
  }

  @Test func aStreamEndsWithTheFirstRecordBehindALineFeed() {
    var context = SourceContext()
    context.lacksLineFeeds = true
    for format: any LogFormat in [SyslogRFC3164Format(), SyslogISOFormat()] {
      let parser = format.makeParser(context)
      let stamp = format.name == "syslog-iso" ? "2026-11-12T10:03:05Z" : "Nov 12 10:03:05"
      var reading = Reading()
      func splits(_ line: String) -> Bool {
        Array(line.utf8).withUnsafeBytes { record in
          #expect(parser.parse(record, into: &reading) == .event)
          return reading.flags.contains(.more)
        }
      }
      let line = "<13>\(stamp) gw-1 app: a<8>\(stamp) core-1 kernel: b"
      #expect(splits(line))
      #expect(!splits(line))
    }
  }

  // MARK: Counts

  private func counted(_ text: String) -> String { "\(text.utf8.count) \(text)" }
  private let header = "1 2026-11-12T10:03:05Z"

  @Test func countsDivideMessagesThatHoldAnything() {
    let texts = [
      "<11>\(header) gw-1 app - - - one\nline two", "<14>\(header) gw-2 app - - - ends with 7",
      "<14>\(header) gw-3 app - - - \n45 <8>\(header) core-1 kernel - - - forged",
      "<13>Nov 12 10:03:05 gw-4 app: by the older form",
    ]
    let expected = [
      "gw-1 3: one\nline two", "gw-2 6: ends with 7",
      "gw-3 6: \n45 <8>\(header) core-1 kernel - - - forged", "gw-4 5: by the older form",
    ]
    for separator in ["", "\n", "\r\n"] {
      #expect(events(texts.map(counted).joined(separator: separator)) == expected)
      #expect(events(texts.map { counted($0) + separator }.joined()) == expected)
    }
    // A line feed that is counted as well.
    #expect(events(texts.map { counted($0 + "\n") }.joined()) == expected)
  }

  /// A count that is wrong costs the division of one message at most.
  @Test(arguments: ["1", "9", "44", "46", "47", "60", "90", "999", "9999999", "99999999999999999999"])
  func aWrongCountLosesNothing(_ wrong: String) {
    let good = (1...6).map { counted("<11>\(header) gw-\($0) app - - - nr\($0)") }
    let bad = "\(wrong) <11>\(header) gw-9 app - - - wrong"
    for place in 1...6 {
      for feed in ["", "\n"] {
        var all = good
        all.insert(bad, at: place)
        let text = all.map { $0 + feed }.joined()
        let found = events(text)
        let whole = found.joined(separator: "|")
        for index in 1...6 { #expect(whole.contains("nr\(index)"), "\(text)") }
        #expect(whole.contains("wrong"), "\(text)")
        #expect(found.count >= 6, "\(found)")
        if feed == "\n", wrong.utf8.count > 3 || wrong == "1" { #expect(found.count == 7, "\(found)") }
      }
    }
  }

  @Test func aCutLastMessageIsAnEvent() {
    let text =
      counted("<11>\(header) gw-1 app - - - one") + counted("<11>\(header) gw-2 app - - - two").dropLast(2)
    #expect(events(text) == ["gw-1 3: one", "gw-2 3: t"])
  }

  /// However the source comes in pieces.
  @Test func piecesMakeTheSameRecords() {
    let text = Array(
      ((1...5).map { counted("<11>\(header) gw-\($0) app - - - a\nb") }.joined()
        + "77 <11>\(header) x y - - - z").utf8)
    func cut(_ step: Int) -> [[UInt8]] {
      var framer = RecordFramer(.octetCounted)
      var records: [[UInt8]] = []
      var start = 0
      var end = 0
      while start < text.count {
        let frame = text[start..<end].withUnsafeBytes { framer.next($0, isAtEnd: end == text.count) }
        guard let frame else {
          end = min(text.count, end + step)
          continue
        }
        records.append(Array(text[start + frame.start..<start + frame.end]))
        start += frame.consumed
      }
      return records
    }
    let whole = cut(text.count)
    #expect(whole.count == 6)
    for step in [1, 2, 7, 50, 64] { #expect(cut(step) == whole) }
  }

  // MARK: NUL and CR

  @Test func aNULBehindEachMessageEndsIt() {
    let texts = ["one", "two\nlines", "three"].enumerated().map { "<11>\(header) gw-\($0) app - - - \($1)\0" }
    #expect(events(texts.joined()) == ["gw-0 3: one", "gw-1 3: two\nlines", "gw-2 3: three"])
    // Inside lines a NUL is a byte of the message.
    let lines = events(
      "<11>\(header) gw-1 app - - - a\0<8>\(header) core-1 kernel - - - b\n<11>\(header) gw-1 app - - - c\n")
    #expect(lines == ["gw-1 3: a\0<8>\(header) core-1 kernel - - - b", "gw-1 3: c"])
  }

  @Test func carriageReturnsAloneEndLines() {
    let lines = (0..<5).map { "2026-11-12T10:03:0\($0)+01:00 gc-\($0) app[\($0)]: message \($0)" }
    let expected = (0..<5).map { "gc-\($0) 255: message \($0)" }
    #expect(events(lines.joined(separator: "\r")) == expected)
    #expect(events(lines.joined(separator: "\r") + "\r") == expected)
    // A progress bar in a line that ends as lines do.
    let bar = rows(
      "2026-11-12T10:03:05Z gc-0 curl[7]: 10%\r20%\r30%\n2026-11-12T10:03:06Z gc-0 curl[7]: done\n")
    #expect(bar.map(\.message) == ["10%\r20%\r30%", "done"])
    #expect(
      rows("device,time,value\rd-1,2026-11-12T10:03:05Z,1\rd-2,2026-11-12T10:03:06Z,2\r").filter {
        $0.verdict == "event"
      }.count
        == 2)
  }
}
