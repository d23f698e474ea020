import Testing

@testable import LogFormats

/// What is done by words and blocks gives what is done byte by byte.
@Suite struct QuickPathTests {
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  /// The end of a string by its definition (RFC 8259, 7).
  private func plainStringEnd(_ bytes: [UInt8], from start: Int) -> (end: Int, escaped: Bool) {
    var escaped = false
    var i = start
    while i < bytes.count {
      if bytes[i] == 0x22 { return (i, escaped) }
      if bytes[i] < 0x20 { return (-1, escaped) }
      if bytes[i] == 0x5C {
        escaped = true
        i += 1
      }
      i += 1
    }
    return (-1, escaped)
  }

  @Test(arguments: [true, false]) func stringsEndWhereTheyEndByteByByte(_ byBlocks: Bool) {
    var random = Seeded(state: 0x5EED)
    var stops = JSONStops(byBlocks: byBlocks)
    for round in 0..<6000 {
      let alphabet: [UInt8] = round % 3 == 0 ? [0x22, 0x5C, 0x61] : [0x61, 0x62, 0x20, 0xC3, 0x7F]
      var bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in
        alphabet.randomElement(using: &random)!
      }
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] =
          [0x22, 0x5C, 0x1F, 0x00, 0x0A, 0x80, 0xFF].randomElement(using: &random)!
      }
      let start = Int.random(in: 0..<bytes.count, using: &random)
      let length = Int.random(in: 1...400, using: &random)
      bytes.withUnsafeBytes { record in
        stops.look(at: record, from: start, length: length)
        for from in start...bytes.count {
          var escaped = false
          let end = stops.view.stringEnd(record, from: from, escaped: &escaped)
          let expected = plainStringEnd(bytes, from: from)
          #expect(end == expected.end, "\(bytes) from \(from), looked at \(length) from \(start)")
          if end >= 0 { #expect(escaped == expected.escaped) }
        }
        let end = min(bytes.count, start + length)
        let isPlain = bytes[start..<end].allSatisfy { $0 < 0x80 }
        let areASCII = stops.areASCII(from: start, to: end)
        // Without blocks nothing is known.
        #expect(areASCII == (isPlain && stops.isAvailable))
        let isBeyondKnown = stops.areASCII(from: start, to: end + 1)
        #expect(!isBeyondKnown)
      }
    }
  }

  /// RFC 8259, 6, as a regular expression.
  @Test func numbersEndWhereTheGrammarSays() throws {
    let grammar = try Regex(#"^-?(0(?![0-9])|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"#)
    var random = Seeded(state: 0xF00D)
    let alphabet = Array("0123456789".utf8) + Array("0123456789-+.eE,} ]a\u{7F}:/".utf8)
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...24, using: &random)
      var text = (0..<count).map { _ in alphabet.randomElement(using: &random)! }
      if Bool.random(using: &random) { text[0] = Array("0123456789-".utf8).randomElement(using: &random)! }
      let string = String(decoding: text, as: UTF8.self)
      let end = text.withUnsafeBytes { JSONText.numberEnd($0, from: 0) }
      if text.count >= 9 {
        let short = text.withUnsafeBytes { JSONText.shortNumberEnd($0.baseAddress!, 0) }
        #expect(short < 0 || short == end, "\(string)")
        // Those that most records have are found at once.
        if end > 0, end < 8, !string.prefix(end).contains(where: { "eE".contains($0) }), string.first != "0",
          !string.hasPrefix("-0"),
          text[end] | 0x20 != 0x65
        {
          #expect(short == end, "\(string)")
        }
      }
      guard let match = string.firstMatch(of: grammar) else {
        #expect(end < 0, "\(string)")
        continue
      }
      // A fraction or an exponent that breaks off is no number at all.
      let rest = string.utf8.dropFirst(match.0.utf8.count).first
      let isBroken =
        rest == UInt8(ascii: ".") && !match.0.contains(".") && !match.0.lowercased().contains("e")
        || (rest == UInt8(ascii: "e") || rest == UInt8(ascii: "E")) && !match.0.lowercased().contains("e")
      #expect(end == (isBroken ? -1 : match.0.utf8.count), "\(string)")
    }
  }

  @Test func aShortPrefixMatchesWhereItsBytesStand() {
    let text = Array(#"{"device":"gw-1","seq":12345678}"#.utf8)
    text.withUnsafeBytes { text in
      for count in 1...16 {
        for start in 0...(text.count - count) {
          let prefix = ShortPrefix(text[start..<start + count])
          for at in 0...text.count {
            let isSame =
              at + count <= text.count && text[at..<at + count].elementsEqual(text[start..<start + count])
            #expect(prefix.matches(text, at: at) == isSame)
          }
        }
      }
      let tooLong = ShortPrefix(text[0..<17])
      let nothing = ShortPrefix([])
      #expect(!tooLong.matches(text, at: 0) && !nothing.matches(text, at: 0))
    }
  }

  @Test func aWordForASeverityMeansTheSameEachTime() {
    let words = [
      "info", "warn", "error", "INFO", "warning", "critical", "x", "inf", "informat", "avertissement", "",
    ]
    var random = Seeded(state: 0xBEEF)
    var memory = SeverityMemory()
    for _ in 0..<5000 {
      let word = words.randomElement(using: &random)!
      let scale = [SeverityScale.unknown, .python].randomElement(using: &random)!
      let record = Array((word + #"","message":"x"}"#).utf8)
      record.withUnsafeBytes { record in
        let plain = FieldNaming.usual.severity(Bytes.part(record, 0, word.utf8.count), scale: scale)
        if let severity = memory.severity(record, 0, word.utf8.count, scale) {
          #expect(severity == plain, "\(word)")
        } else {
          memory.remember(plain)
        }
      }
    }
  }

  private func rows(_ text: String) -> [FormatTrial.Row] {
    Array(text.utf8).withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }.rows
  }

  /// Keys of all lengths, written with and without blanks, in changing order: what is predicted must not be taken for what is there.
  @Test func membersAreFoundHoweverTheyAreWritten() {
    let keys = (1...20).map { String(repeating: "k", count: $0) }
    var text = ""
    var expected: [String] = []
    var random = Seeded(state: 0xABCD)
    for line in 0..<200 {
      let order = line % 3 == 0 ? keys.shuffled(using: &random) : keys
      let blank = line % 4 == 1 ? " " : ""
      let members = order.map { "\"\($0)\"\(blank):\(blank)\"\($0.count)\(line)\"" }
      text +=
        #"{"ts":"2026-04-07T08:31:56Z","device":"a","msg":"m"}"#.dropLast() + ","
        + members.joined(separator: ",") + "}\n"
      expected.append("{" + members.joined(separator: ",") + "}")
    }
    let found = rows(text)
    #expect(found.count == 200 && found.allSatisfy { $0.verdict == "event" && $0.device == "a" })
    #expect(found.map(\.fields) == expected)
  }

  /// A key of which one known is the beginning, or that is the beginning of one known, is another.
  @Test func aKeyThatBeginsLikeAnotherIsAnother() {
    let head = #"{"ts":"2026-04-07T08:31:56Z","device":"a","msg":"m","#
    let tails = [
      #""alpha":1,"temp":1"#, #""alpha_x":1,"tem":1"#, #""alph":1,"temp_c":1"#, #""alpha":1,"temp":1"#,
    ]
    let found = rows(tails.map { head + $0 + "}\n" }.joined())
    #expect(found.map(\.fields) == tails.map { "{" + $0 + "}" })
  }

  /// Lines that wrap nothing tell nothing of one that begins with the same key and does.
  @Test func aWrapperBehindLinesThatBeginAlikeIsOpened() {
    let plain = #"{"events":17,"ts":"2026-04-07T08:31:56Z","device":"p","msg":"m"}"# + "\n"
    let wrapper =
      #"{"events":[{"ts":1775552889,"device":"a","msg":"x"},{"ts":1775552890,"device":"b","msg":"y"}]}"#
      + "\n"
    let found = rows(plain + plain + wrapper + plain).filter { $0.verdict == "event" }
    #expect(found.map(\.device) == ["p", "p", "a", "b", "p"])
  }

  /// Header and message by their definition: host up to a blank, tag up to a colon or a bracket.
  @Test func hostTagAndMessageAreFoundAtEveryLength() {
    let parser = SyslogRFC3164Format().makeParser(SourceContext())
    var reading = Reading()
    for hostLength in 1...20 {
      for tagLength in 1...20 {
        for (pid, rest) in [
          ("", ""), ("[7]", "m"), ("[1234567]", "a message of some length, with [brackets]: and more"),
        ] {
          let host = String("zw-0017.site-4.example.net".prefix(hostLength - 1)) + "x"
          let tag = String("telemetry-agent.service".prefix(tagLength - 1)) + "y"
          let line = Array("Feb 12 14:10:21 \(host) \(tag)\(pid): \(rest)".utf8)
          line.withUnsafeBytes { record in
            let verdict = parser.parse(record, into: &reading)
            #expect(verdict == .event)
            #expect(reading.text(reading.device, of: record) == host)
            #expect(reading.text(reading.program, of: record) == tag)
            #expect(reading.text(reading.message, of: record) == rest)
          }
        }
      }
    }
  }

  /// A word with a bracket behind its first byte is a tag, not a host; `[` and what looks like it in a word of eight bytes are not.
  @Test(arguments: [
    ("app[7]: up", "", "app"), ("longer-name[7]: up", "", "longer-name"), ("[Zhost app: up", "[Zhost", "app"),
    ("host[x app: up", "", "host[x"), ("a[ app: up", "", "a["), ("ZZZZZZZZ[1]: up", "", "ZZZZZZZZ"),
  ]) func aBracketTellsATagFromAHost(_ text: String, _ device: String, _ program: String) {
    let parser = SyslogRFC3164Format().makeParser(SourceContext())
    var reading = Reading()
    for tail in ["", " and some more text behind it"] {
      Array("Feb 12 14:10:21 \(text)\(tail)".utf8).withUnsafeBytes { record in
        let verdict = parser.parse(record, into: &reading)
        #expect(verdict == .event)
        #expect(reading.text(reading.device, of: record) == device)
        if !program.contains("[") { #expect(reading.text(reading.program, of: record) == program) }
      }
    }
  }

  @Test func textsBecomeJSONStringsWhateverStandsNextToWhat() {
    var random = Seeded(state: 0xD1CE)
    let parts = ["a", "\"", "\\", "\u{1}", "\n", "é", "漢字", "\u{7F}", "plain text", "\u{1F600}"]
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 0...9, using: &random)).map { _ in parts.randomElement(using: &random)! }
        .joined()
      var reading = Reading()
      reading.reset()
      reading.beginFields()
      Array(text.utf8).withUnsafeBytes { reading.field("t", $0) }
      reading.endFields()
      let written =
        reading.fields.isEmpty
        ? "" : reading.text(reading.fields, of: UnsafeRawBufferPointer(start: nil, count: 0))
      var expected = ""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": expected += "\\\""
        case "\\": expected += "\\\\"
        case "\n": expected += "\\n"
        case "\u{1}": expected += "\\u0001"
        default: expected.unicodeScalars.append(scalar)
        }
      }
      #expect(written == (text.isEmpty ? "" : "{\"t\":\"\(expected)\"}"))
    }
  }
}
