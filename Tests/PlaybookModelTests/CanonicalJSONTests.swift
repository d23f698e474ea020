import PlaybookModel
import Testing

@Suite struct CanonicalJSONTests {
  private func canonical(_ text: String) throws -> String {
    String(decoding: CanonicalJSON.bytes(of: try ReadDocument.read(Array(text.utf8)).root), as: UTF8.self)
  }

  @Test func writesTheNumbersOfRFC8785AsECMAScriptDoes() throws {
    // Values of RFC 8785, appendix B, written in decimal.
    let pairs: [(String, String)] = [
      ("0", "0"), ("-0", "0"), ("-0.0", "0"), ("5e-324", "5e-324"), ("-5e-324", "-5e-324"),
      ("1.7976931348623157e308", "1.7976931348623157e+308"), ("9007199254740992", "9007199254740992"),
      ("295147905179352830000", "295147905179352830000"), ("9.999999999999997e22", "9.999999999999997e+22"),
      ("1e23", "1e+23"), ("1.0000000000000001e23", "1.0000000000000001e+23"),
      ("999999999999999700000", "999999999999999700000"), ("999999999999999900000", "999999999999999900000"),
      ("1e21", "1e+21"), ("9.999999999999997e-7", "9.999999999999997e-7"), ("0.000001", "0.000001"),
      ("333333333.3333332", "333333333.3333332"), ("1E30", "1e+30"), ("4.50", "4.5"), ("2e-3", "0.002"),
      ("0.000000000000000000000000001", "1e-27"), ("10", "10"), ("100", "100"),
    ]
    for (written, expected) in pairs { #expect(try canonical("[\(written)]") == "[\(expected)]") }
  }

  @Test func sortsByUTF16AndEscapesAsLittleAsPossible() throws {
    let text =
      #"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew","1":"One","\ud83d\ude00":"Emoji","\u0080":"Control","\u00f6":"o"}"#
    let expected =
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"o\",\"€\":\"Euro Sign\",\"😀\":\"Emoji\",\"\u{fb33}\":\"Hebrew\"}"
    #expect(try canonical(text) == expected)
    #expect(try canonical(#"["\u000f\n'A'B\"\\\\\"\/\u20ac$"]"#) == "[\"\\u000f\\n'A'B\\\"\\\\\\\\\\\"/€$\"]")
  }

  @Test func isStableUnderASecondPass() throws {
    let once = try canonical(#"{"b":[1.0,{"z":null,"a":true}],"a":"\u0001"}"#)
    #expect(try canonical(once) == once)
  }
}

@Suite struct JSONReaderTests {
  @Test func refusesWhatRFC8259Refuses() {
    for text in [
      "{", "[1,]", "{\"a\":1,}", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[NaN]", "[Infinity]", "['a']",
      "{\"a\" 1}", "[\"\u{1}\"]", "[\"\\x\"]", "[\"\\ud800\"]", "[\"\\ud800\\u0041\"]", "{} {}", "[1] x",
      "[tru]",
      "[1e999]",
    ] {
      #expect(throws: DocumentSyntaxError.self, "\(text)") { try ReadDocument.read(Array(text.utf8)) }
    }
    #expect(throws: DocumentSyntaxError.self) {
      try ReadDocument.read(Array("[\"".utf8) + [0xFF] + Array("\"]".utf8))
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: DocumentSyntaxError.self) { try ReadDocument.read(Array(deep.utf8)) }
  }

  @Test func saysLineAndColumn() {
    do {
      _ = try ReadDocument.read(Array("{\n  \"a\": 1,\n  \"b\" 2\n}".utf8))
      Issue.record("it was read")
    } catch {
      #expect(error.line == 3 && error.column == 7, "\(error)")
    }
  }

  @Test func reportsEveryDuplicateNameWithItsPointer() throws {
    let document = try ReadDocument.read(Array("{\"a\":{\"x/y\":1,\n\"x/y\":2}}".utf8))
    #expect(document.findings.map(\.pointer) == ["/a/x~1y"])
    #expect(document.findings.first?.line == 2)
  }

  @Test func neverTrapsOnDamagedDocuments() throws {
    let whole = Array(sample().utf8) + Array(#"{"a":[1,2,{"b":"\u00e9\n"}],"c":-1.5e3}"#.utf8)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: .min ... .max, using: &generator)
      }
      _ = PlaybookDocument(
        reading: Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator))), now: june)
    }
  }
}

@Suite struct YAMLReaderTests {
  @Test func readsTheCoreSchemaAndNotTheOldOne() throws {
    let root = try ReadDocument.read(
      Array("a: no\nb: 012\nc: 2026-01-01T00:00:00.000Z\nd: 1.5\ne: \"1\"\nf: ~\ng: true\nh: 0x1F".utf8)
    ).root
    #expect(root["a"]?.text == "no" && root["b"]?.text == "012" && root["h"]?.text == "0x1F")
    #expect(root["c"]?.text == "2026-01-01T00:00:00.000Z")
    #expect(root["d"]?.double == 1.5 && root["e"]?.text == "1")
    #expect(root["f"]?.value == .null && root["g"]?.flag == true)
  }

  @Test func refusesBombsDuplicatesAndMergeKeys() {
    var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1...9 {
      bomb +=
        "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
        + "]\n"
    }
    for text in [bomb, "a: 1\na: 2", "a: &x {b: 1}\nc: {<<: *x}", "a: [", "\t- x: y"] {
      #expect(throws: DocumentSyntaxError.self) { try ReadDocument.read(Array(text.utf8)) }
    }
  }

  @Test func findingsOfYAMLDocumentsHaveLines() throws {
    let found = document(sample(command: "{type: sigma, command: x}")).findings
    #expect(found.contains { $0.rule == "command.unsupported" && $0.line > 10 }, "\(found)")
  }
}
