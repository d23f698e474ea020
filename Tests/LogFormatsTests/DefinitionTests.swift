import Foundation
import IncidentModel
import Testing

@testable import LogFormats

@Suite struct DefinitionTests {
  private func define(_ json: String) throws -> DefinedFormat { try DefinedFormat(json: Array(json.utf8)) }

  private func read(_ format: any LogFormat, _ line: String, path: [String] = []) -> (Verdict, [String]) {
    let parser = format.makeParser(SourceContext(path: path))
    var reading = Reading()
    let bytes = Array(line.utf8)
    return bytes.withUnsafeBytes { record in
      let verdict = parser.parse(record, into: &reading)
      return (
        verdict,
        [
          reading.timeText, reading.text(reading.device, of: record), reading.basis.name,
          String(reading.severity),
          reading.text(reading.message, of: record), reading.fieldsText(of: record),
        ]
      )
    }
  }

  @Test func readsByPatternWithZoneWordsAndPath() throws {
    let format = try define(
      #"""
      {"name":"acme","kind":"regex","pattern":"^(?<when>\\S+ \\S+) <(?<lvl>\\w)> (?<message>.*?)(?: t=(?<temp>[-0-9.]+))?$",
       "time":{"field":"when","format":"%d.%m.%Y %H:%M:%S","zone":"Europe/Berlin"},
       "severity":{"field":"lvl","map":{"X":"critical"},"default":"info"},
       "device":[{"pattern":"unit (\\w+)"},{"path":"dev/([^/]+)/"},{"value":"acme-site"}],
       "sample":[{"line":"07.04.2026 11:08:09 <X> unit a7 hot t=81.5","expect":{"time":"2026-04-07T09:08:09Z","device":"a7",
         "severity":"critical","message":"unit a7 hot","fields":{"temp":81.5}}}],
       "refuse":["07.04.2026 nonsense"]}
      """#)
    let (verdict, found) = read(format, "07.01.2026 11:08:09 <Q> cold", path: ["x.zip", "dev/gw-9/log.txt"])
    #expect(verdict == .event)
    #expect(found == ["2026-01-07T10:08:09Z", "gw-9", "path", "6", "cold", #"{"lvl":"Q"}"#])
    #expect(read(format, "07.01.2026 11:08:09 <Q> cold").1[1] == "acme-site")
  }

  /// Whoever writes a definition means it: what built-in formats make of the same lines does not count.
  @Test func anAddedFormatComesBeforeBuiltInOnesThatKnowTheLinesBetter() throws {
    let lines = (0..<20).map { "2026-03-14 07:30:\(10 + $0);door-\($0 % 4);WARN;lock \($0) sluggish\n" }
      .joined()
    let other = "Apr  7 09:08:09 gw-1 app[7]: up\n"
    let format = try define(
      #"""
      {"name":"doors","kind":"regex","pattern":"^(?<when>\\S+ \\S+);(?<device>door-\\d+);(?<level>\\w+);(?<message>.*)$",
       "time":{"field":"when","format":"%Y-%m-%d %H:%M:%S","zone":"UTC"},"severity":{"field":"level"},
       "sample":["2026-03-14 07:30:10;door-1;WARN;lock 1 sluggish"]}
      """#)
    var catalog = FormatCatalog()
    Array(lines.utf8).withUnsafeBytes { #expect(catalog.election(head: $0).winner?.name != "doors") }
    catalog.add(format)
    Array(lines.utf8).withUnsafeBytes { #expect(catalog.election(head: $0).winner?.name == "doors") }
    // It must know the lines.
    Array(other.utf8).withUnsafeBytes {
      #expect(catalog.election(head: $0).winner?.name == "syslog-rfc3164")
    }
  }

  @Test(arguments: [
    (
      #"{"zeit":"2026-03-14T07:30:26Z","geraet":"TK-1","stufe":"FEHLER","meldung":"Regler aus","dienst":"hlk"}"#,
      ["2026-03-14T07:30:26Z", "TK-1", "self_asserted", "3", "Regler aus", #"{"dienst":"hlk"}"#]
    ),
    (
      #"{"horodatage":"2026-03-14T07:30:26Z","équipement":"porte 3","gravité":"Avertissement","libellé":"fermée"}"#,
      ["2026-03-14T07:30:26Z", "porte 3", "self_asserted", "4", "fermée", ""]
    ),
    (
      #"{"fecha_hora":"2026-03-14T07:30:26Z","Equipo":"bomba-2","Severidad":"Advertencia","Mensaje":"presión baja"}"#,
      ["2026-03-14T07:30:26Z", "bomba-2", "self_asserted", "4", "presión baja", ""]
    ),
    (
      // English names come first.
      #"{"time":"2026-03-14T07:30:26Z","device":"a","geraet":"b","message":"m","meldung":"n"}"#,
      ["2026-03-14T07:30:26Z", "a", "self_asserted", "255", "m", #"{"geraet":"b","meldung":"n"}"#]
    ),
  ])
  func fieldsInOtherLanguagesHaveTheirRoles(_ line: String, _ expected: [String]) throws {
    let format = try #require(FormatCatalog().format(named: "jsonl"))
    let (verdict, found) = read(format, line)
    #expect(verdict == .event)
    #expect(found == expected)
  }

  @Test func mapsJSONWhoseNamesSayNothing() throws {
    let format = try define(
      #"""
      {"name":"odd","kind":"jsonl","map":{"time":"q.z","device":["zz","yy"],"message":"w","severity":"p"},
       "time":{"class":"epoch","unit":"ms"},
       "sample":[{"line":"{\"q\":{\"z\":1775552889123},\"yy\":\"d\",\"w\":\"hello\",\"p\":4,\"timestamp\":5}",
         "expect":{"time":"2026-04-07T09:08:09.123Z","device":"d","severity":4,"message":"hello"}}]}
      """#)
    let (_, found) = read(format, #"{"q":{"z":0},"zz":"a","yy":"b","level":"error"}"#)
    #expect(found[0] == "1970-01-01T00:00:00.000Z")
    #expect(found[1] == "a")
    #expect(found[3] == "255")
  }

  @Test func countsFromBootUntilTheMarker() throws {
    let format = try define(
      #"""
      {"name":"rtos","kind":"regex","pattern":"^\\((?<t>\\d+)\\) (?<program>\\w+): (?<message>.*)$",
       "time":{"field":"t","class":"since-boot","unit":"ms","boot_marker":"^=== BOOT"},
       "multiline":{"continues":"^  "},
       "sample":[{"line":"=== BOOT","expect":{"time":"none","message":"=== BOOT"}},
         {"line":"(1500) wifi: up","expect":{"time":"boot+1.500","program":"wifi"}},
         {"line":"  more","expect":{"verdict":"continuation"}}]}
      """#)
    #expect(read(format, "(7) a: b").1[0] == "boot+0.007")
  }

  @Test func readsKeyValueAndHeaderlessCSV() throws {
    let pairs = try define(
      #"""
      {"name":"kv1","kind":"kv","separators":{"assign":":","pair":";"},"map":{"time":"T","device":"D"},
       "sample":[{"line":"T: 2026-04-07T09:08:09Z; D: x 1; temp: 4; memo: 'a;b'",
         "expect":{"device":"x 1","fields":{"temp":4,"memo":"a;b"}}}]}
      """#)
    #expect(read(pairs, "T: 2026-04-07T09:08:09Z; D: y").0 == .event)
    let table = try define(
      #"""
      {"name":"csv1","kind":"csv","delimiter":";","header":["at","who","v"],"map":{"device":"who"},
       "sample":[{"line":"2026-04-07T09:08:09Z;d1;7","expect":{"device":"d1","fields":{"v":7}}}]}
      """#)
    #expect(read(table, "2026-04-07T09:08:10Z;d2;x").1[5] == #"{"v":"x"}"#)
  }

  @Test(arguments: [
    "[]", "{", #"{"name":"a b"}"#, #"{"name":"a","kind":"x","sample":["l"]}"#,
    #"{"name":"a","kind":"regex","sample":["l"]}"#,
    #"{"name":"a","kind":"regex","pattern":"(?<m>","sample":["l"]}"#,
    #"{"name":"a","kind":"regex","pattern":"abc","sample":["abc"]}"#,
    #"{"name":"a","kind":"regex","pattern":"^(?<m>(a+)+)$","sample":["aaa"]}"#,
    #"{"name":"a","kind":"jsonl"}"#, #"{"name":"a","kind":"jsonl","sample":["no json"]}"#,
    #"{"name":"a","kind":"jsonl","typo":1,"sample":["{}"]}"#,
    #"{"name":"a","kind":"jsonl","sample":[{"line":"{\"device\":\"x\"}","expect":{"device":"y"}}]}"#,
    #"{"name":"a","kind":"jsonl","time":{"zone":"Nowhere"},"sample":["{}"]}"#,
    #"{"name":"a","kind":"jsonl","time":{"format":"%Q"},"sample":["{}"]}"#,
  ])
  func refusesDefinitionsThatDoNotHold(_ json: String) {
    #expect(throws: DefinitionError.self) { try define(json) }
  }

  @Test func seesNestedQuantifiers() {
    for bad in ["(a+)+", "(a*)*b", "(?:x+|y)*", "((ab)+c)+", "(\\w+\\s?){2,}", "([a-z]+)+", "(?<n>a+){3}"] {
      #expect(BytePattern.nestedQuantifier(bad) != nil, "\(bad)")
    }
    for good in [
      "(a+)?", "(ab)+", "a+b+", "(a{1,3})+", "(a++)+", "([(+])+", "\\(a+\\)+", "(?:x|y)*",
      "(?<n>a+) (?<m>b*)",
    ] {
      #expect(BytePattern.nestedQuantifier(good) == nil, "\(good)")
    }
  }

  /// A pattern that is passed over for a record's first byte must be one that cannot match the record.
  @Test func patternsArePassedOverOnlyWhereTheyCannotMatch() throws {
    #expect(BytePattern.hasAlternatives("^a|b") && BytePattern.hasAlternatives("^\\Qa|b"))
    #expect(!BytePattern.hasAlternatives("^(a|b)[|]\\|$"))
    #expect(try BytePattern("^a|b").firstBytes == nil && BytePattern("b").firstBytes == nil)
    #expect(try BytePattern("^x?").firstBytes == nil)
    let known = try #require(try BytePattern("^(?:Ab|[0-9])c").firstBytes)
    #expect(known.indices.filter { known[$0] } == Array(0x30...0x39) + [0x41])
    var passedOver = 0
    for format in BuiltInDefinitions.formats {
      guard case .regex(let list) = format.kind else { continue }
      for pattern in list.patterns {
        guard let firstBytes = pattern.firstBytes else { continue }
        let match = BytePatternMatch(pattern)
        for sample in format.samples {
          let bytes = Array(sample.record.utf8)
          for byte in [bytes.first ?? 0, 0x20, 0x30, 0x41, 0x5B, 0x61, 0xC3] {
            let record = [byte] + bytes.dropFirst()
            guard !firstBytes[Int(byte)] else { continue }
            passedOver += 1
            #expect(record.withUnsafeBytes { match.match($0) } == .noMatch, "\(pattern.text)")
          }
        }
      }
    }
    #expect(passedOver > 100)
  }

  @Test func costlyMatchesEndAsMatchLimit() throws {
    let format = try define(
      #"""
      {"name":"slow","kind":"regex","pattern":"^(?<message>.*a.*a.*a.*a.*a.*a.*a.*[bc])$","sample":["aaaaaaab"]}
      """#)
    let line = String(repeating: "a", count: 3000)
    #expect(read(format, line).0 == .refused(.matchLimit))
  }
}

@Suite struct AddALogFormatTests {
  /// The definition in the guide is the one that people copy.
  @Test func theGuidesDefinitionWorks() throws {
    let guide = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Docs/AddALogFormat.md")
    let text = try String(contentsOf: guide, encoding: .utf8)
    let start = try #require(text.range(of: "```json\n"))
    let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
    let format = try DefinedFormat(json: Array(text[start.upperBound..<end.lowerBound].utf8))
    #expect(format.name == "acme")
  }
}
