import IncidentModel
import Testing

@testable import LogFormats

/// Documents read from a tape.
@Suite struct DocumentTests {
  private func json(_ random: inout Seeded, depth: Int) -> String {
    func space() -> String { ["", "", " ", "\n", "\t "].randomElement(using: &random) ?? "" }
    func string() -> String {
      let parts = [
        "a", "ü", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\\"", "\\\\", "日本", "/", "\\/", "key",
      ]
      return "\""
        + (0..<Int.random(in: 0...4, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
        .joined() + "\""
    }
    switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &random) {
    case 0: return "null"
    case 1: return "true"
    case 2: return "false"
    case 3:
      return ["0", "-1.5e+3", "17", "1E400", "123456789012345678901"].randomElement(using: &random) ?? "0"
    case 4, 5: return string()
    case 6:
      let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        space() + json(&random, depth: depth - 1) + space()
      }
      return "[" + space() + elements.joined(separator: ",") + "]"
    default:
      let members = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        space() + string() + space() + ":" + space() + json(&random, depth: depth - 1) + space()
      }
      return "{" + space() + members.joined(separator: ",") + "}"
    }
  }

  @Test func aTapeHoldsWhatATreeHolds() {
    var random = Seeded(7)
    let tape = JSONTape()
    for _ in 0..<2_000 {
      let text = json(&random, depth: 5)
      Array(text.utf8).withUnsafeBytes { bytes in
        guard let tree = JSONTree(bytes) else {
          Issue.record("no JSON: \(text)")
          return
        }
        var reading = Reading()
        reading.appendJSON(tape.read(bytes))
        let written = reading.text(.scratch(0, reading.scratchCount), of: bytes)
        #expect(written == JSONTree.compact(tree))
      }
    }
  }

  @Test func ofEqualNamesTheLastCounts() {
    Array(#"{"a":1,"\u0061":[2],"b":{"a":3}}"#.utf8).withUnsafeBytes { bytes in
      let tape = JSONTape()
      withExtendedLifetime(tape) {
        let document = tape.read(bytes)
        #expect(document["a"]?.kind == .array)
        #expect(document["a"]?.list.map(\.index).count == 1)
        #expect(document["c"] == nil)
      }
    }
  }

  private func events(_ parser: any RecordParser, _ record: String) -> [(message: String, fields: String)] {
    var reading = Reading()
    var found: [(message: String, fields: String)] = []
    Array(record.utf8).withUnsafeBytes { bytes in
      var verdict = parser.parse(bytes, into: &reading)
      while verdict == .event {
        found.append((reading.text(reading.message, of: bytes), reading.text(reading.fields, of: bytes)))
        guard reading.flags.contains(.more) else { break }
        verdict = parser.next(bytes, into: &reading)
      }
    }
    return found
  }

  @Test func aBirthOfTheNodeForgetsItsAliases() {
    let parser = SparkplugCaptureFormat().makeParser(SourceContext())
    // Alias 7 with a name, alias 7 without.
    let named = "spBv1.0/g/DBIRTH/n/d 0880d0eab6b733120c0a017810071880d0eab6b7331800"
    let plain = "spBv1.0/g/DDATA/n/d 0880d0eab6b733120910071880d0eab6b7331802"
    #expect(events(parser, plain).map(\.message) == ["DDATA alias 7"])
    #expect(events(parser, named).map(\.message) == ["DBIRTH x"])
    #expect(events(parser, plain).map(\.message) == ["DDATA x"])
    #expect(events(parser, plain.replacing("/n/", with: "/other/")).map(\.message) == ["DDATA alias 7"])
    #expect(events(parser, "spBv1.0/g/NBIRTH/n 0880d0eab6b7331800").map(\.message) == ["NBIRTH"])
    #expect(events(parser, plain).map(\.message) == ["DDATA alias 7"])
    #expect(events(parser, named).map(\.message) == ["DBIRTH x"])
    #expect(events(parser, plain).map(\.message) == ["DDATA x"])
  }

  @Test(arguments: [
    ("spBv1.0/a/b/NDATA/n/d.bin", "a/b NDATA n d"), ("dir/spBv1.0/g/DDATA/n.pb", "g DDATA n "),
    ("spBv1.0.g.NDATA.n.d.payload", "g NDATA n d"), ("spBv1.0.g.NDATA.n", "g NDATA n "),
    ("spBv1.0.g.NDATA.bin", ""), ("spBv1.0/NDATA/n", ""), ("spBv1.0/g/OTHER/n", ""), ("spBv1.0", ""),
  ])
  func findsTheTopicInANameOfAFile(_ name: String, _ parts: String) {
    Array(name.utf8).withUnsafeBytes { bytes in
      let topic = SparkplugTopic(bytes)
      let found = topic.map { topic in
        [topic.group, topic.type, topic.node, topic.device].map {
          String(decoding: Bytes.part(bytes, $0.start, $0.end), as: UTF8.self)
        }.joined(separator: " ")
      }
      #expect(found ?? "" == parts)
    }
  }

  @Test(
    arguments: [
      ("17", 17), ("-9223372036854775808", Int64.min), ("+5", 5), ("9223372036854775808", nil), ("", nil),
      ("-", nil),
      ("1.0", nil), ("0x1", nil),
    ] as [(String, Int64?)])
  func readsIntegersAsSwiftDoes(_ text: String, _ expected: Int64?) {
    Array(text.utf8).withUnsafeBytes { #expect(Bytes.integer($0) == expected) }
    #expect(Int64(text) == expected)
  }

  @Test func writesTheShortestNumberAsSwiftDoes() {
    var random = Seeded(3)
    for _ in 0..<1_000 {
      let double = Double(bitPattern: random.next())
      let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      var reading = Reading()
      if double.isFinite {
        reading.appendShortest(double)
        #expect(
          reading.text(.scratch(0, reading.scratchCount), of: .init(start: nil, count: 0)) == "\(double)")
      }
      reading.reset()
      if float.isFinite {
        reading.appendShortest(float)
        #expect(
          reading.text(.scratch(0, reading.scratchCount), of: .init(start: nil, count: 0)) == "\(float)")
      }
    }
  }

  @Test(
    arguments: [
      (Array("plain text".utf8), false), (Array("bell \u{07} and \u{1B}[31mred".utf8), false),
      ([0xCF, 0xF0, 0xE8, 0xE2, 0xE5, 0xF2], false),
      ([UInt8](repeating: 0, count: 900) + Array("line".utf8), false),
      (Array("one \u{01} control character".utf8), false), ([0x7F, 0x45, 0x4C, 0x46, 1, 2, 1], true),
      ([0xFE, 0x9C, 0x02, 0xE0, 0x1E, 0xFF, 0x78, 0x8C], true), (Array("l\0o\0g\0".utf8), true),
    ] as [([UInt8], Bool)])
  func tellsBytesThatAreNoText(_ bytes: [UInt8], _ isNone: Bool) {
    bytes.withUnsafeBytes { #expect(TextLine.isNoText($0) == isNone) }
  }
}
