import ConsoleOutput
import Testing

@Suite struct ConsoleOutputTests {
  @Test func escapesTerminalAttacks() {
    #expect(Sanitizer.escape("ok \u{1b}[2Jgone\u{7}") == "ok \\x1b[2Jgone\\x07")
    #expect(Sanitizer.escape("a\u{202e}b\u{200b}c\u{9b}31m") == "a\\u{202e}b\\u{200b}c\\x9b31m")
    #expect(Sanitizer.escape("two\nlines\tand\rmore") == "two\\nlines\\tand\\rmore")
    #expect(Sanitizer.escape("Größe 温度 ✓") == "Größe 温度 ✓")
  }

  @Test func fitsTablesToTheTerminal() {
    var table = TextTable([.init("n", alignsRight: true), .init("message", mayShrink: true)])
    table.append(["7", String(repeating: "x", count: 100)])
    table.append(["12345", "short\u{1b}[0m"])
    let lines = table.lines(width: 40)
    #expect(lines.allSatisfy { DisplayWidth.of($0) <= 40 })
    #expect(lines[1].hasSuffix("…"))
    #expect(lines[2] == "12345  short\\x1b[0m")
  }

  @Test func countsWideCharactersAsTwoColumns() {
    #expect(DisplayWidth.of("温度") == 4)
    #expect(DisplayWidth.fit("温度計", 5) == "温度…")
    #expect(DisplayWidth.fitEnds("building-2-floor-1-lck-6a2f54", 16) == "build…lck-6a2f54")
    #expect(DisplayWidth.fitEnds("温度传感器温度传感器計", 9) == "温…感器計")
    #expect(DisplayWidth.fitEnds("gw-1", 4) == "gw-1" && DisplayWidth.fitEnds("gw-12", 2) == "g…")
    #expect(DisplayWidth.of("✅⌚🪫") == 6 && DisplayWidth.of("กี่") == 1)
    #expect(DisplayWidth.wrap("one two three", 7) == ["one two", "three"])
    #expect(DisplayWidth.wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"])
  }

  @Test func writesJSONThatStaysInert() {
    let value = JSONValue.object([
      ("schema", "x/1"), ("n", 3), ("share", .double(0.25)), ("bad", .double(.nan)),
      ("text", .string("\u{1b}\"\\\u{2028}\n")), ("list", .array([1, true, .null])),
    ])
    #expect(
      value.text()
        == #"{"schema":"x/1","n":3,"share":0.25,"bad":null,"text":"\u001b\"\\\u2028\n","list":[1,true,null]}"#
    )
    // What Sanitizer shows, and nothing else; beyond U+FFFF as two.
    #expect(
      JSONValue.string("\u{200f}\u{61c}\u{ad}\u{200b}\u{feff}\u{202e}\u{e0041}é😀א").text()
        == #""\u200f\u061c\u00ad\u200b\ufeff\u202e\udb40\udc41é😀א""#)
    #expect(JSONValue.object([("a", .array([1]))]).prettyText() == "{\n  \"a\": [\n    1\n  ]\n}")
    // What is made as it is written reads the same, whole and in pieces.
    let many = 20_000
    let ready = JSONValue.object([
      ("list", .array((0..<many).map { .object([("n", .int(Int64($0)))]) })),
      ("names", .object((0..<many).map { ("k\u{7f}\($0)", .string("\"\($0)\"")) })),
    ])
    let made = JSONValue.object([
      (
        "list",
        .written { out in
          out.beginArray()
          for number in 0..<many {
            out.beginObject()
            out.key("n")
            out.int(Int64(number))
            out.endObject()
          }
          out.endArray()
        }
      ),
      (
        "names",
        .written { out in
          out.beginObject()
          for number in 0..<many {
            out.key("k\u{7f}\(number)" as String)
            out.string("\"\(number)\"")
          }
          out.endObject()
        }
      ),
    ])
    #expect(made.text() == ready.text())
    var pieces: [String] = []
    made.prettyText { pieces.append(String(decoding: $0, as: UTF8.self)) }
    #expect(pieces.count > 5)
    #expect(pieces.joined() == ready.prettyText())
  }

  @Test func writesRoundedNumbersAsTheirDoublesAreWritten() {
    var state: UInt64 = 7
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Int64(bitPattern: state) >> 11) / 0x1p52
    }
    let special = [0, -0.0, 0.5, -0.00001, 1e15, -1e15, 1e300, .nan, .infinity, 0.99999, 123_456_789.123_456]
    for value in special + (0..<4000).map({ [1, 1000, 1e9, 1e13][$0 % 4] * next() }) {
      for places in 0...4 {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let text = JSONValue.written { $0.rounded(value, places: places) }.text()
        #expect(text == JSONValue.double((value * scale).rounded() / scale).text(), "\(value) to \(places)")
      }
    }
    #expect(
      JSONValue.object([("a", .array([])), ("b", .object([]))]).prettyText()
        == "{\n  \"a\": [],\n  \"b\": {}\n}")
    #expect(JSONValue.array([.int(.min), -10, 9]).text() == "[-9223372036854775808,-10,9]")
  }

  /// A quote and a combining mark are one character to Swift, and a quote to whoever reads the file.
  @Test func aQuoteWithACombiningMarkEndsNoCell() {
    #expect(Array(DelimitedText.cell("a\"\u{301},=x").utf8) == Array("\"a\"\"\u{301},=x\"".utf8))
  }

  @Test func defusesSpreadsheetFormulas() {
    #expect(
      DelimitedText.line(["=1+1", "-5", "@x", "a,b", "q\"q", "-x"]) == "'=1+1,-5,'@x,\"a,b\",\"q\"\"q\",'-x")
    #expect(DelimitedText.cell("＝1+1") == "'＝1+1" && DelimitedText.cell("  =1") == "'  =1")
  }

  /// A spreadsheet of another country takes a semicolon for the end of a cell, quotes or not.
  @Test func defusesWhatFollowsASemicolon() {
    #expect(DelimitedText.cell("a;=1+1;-5;b;;") == "a;'=1+1;-5;b;;")
    #expect(DelimitedText.cell("a;\u{301}b; @x,y") == "\"a;\u{301}b;' @x,y\"")
  }

  @Test func writesFiguresWithoutLocale() {
    #expect(Figures.grouped(1_234_567) == "1,234,567")
    #expect(Figures.grouped(-999) == "-999")
    #expect(Figures.bytes(999) == "999 B")
    #expect(Figures.bytes(1_250_000_000) == "1.3 GB")
    #expect(Figures.duration(seconds: 0.85) == "850 ms")
    #expect(Figures.duration(seconds: 250) == "4 min 10 s")
    #expect(Figures.duration(seconds: 7500) == "2 h 5 min")
    #expect(Figures.duration(seconds: .infinity) == "unknown")
    #expect(Figures.decimal(-0.001, 2) == "0.00")
    #expect(Figures.percent(0.125, digits: 1) == "12.5 %")
    #expect(Figures.sparkline([0, 1, 8]) == " ▁█")
    #expect(Figures.bar(0.5, columns: 4) == "██")
  }

  @Test func honoursNoColor() {
    #expect(TerminalStyle(isTerminal: true, environment: ["NO_COLOR": "1"]).bold("x") == "x")
    #expect(TerminalStyle(isTerminal: false, environment: [:]).red("x") == "x")
    #expect(TerminalStyle(isTerminal: true, environment: ["TERM": "dumb"]).red("x") == "x")
    #expect(TerminalStyle(isTerminal: true, environment: ["NO_COLOR": ""]).red("x") == "\u{1b}[31mx\u{1b}[0m")
  }
}
