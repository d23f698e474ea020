import Foundation
import Testing

@testable import LogFormats

/// A seeded mutator over all samples. Debug builds check every access to a buffer, so a read out of bounds is a crash.
@Suite struct HostileInputTests {
  /// Rounds for each format; `FIREBREAK_FUZZ_ROUNDS` makes it long.
  static let rounds = ProcessInfo.processInfo.environment["FIREBREAK_FUZZ_ROUNDS"].flatMap(Int.init) ?? 1500
  /// With `FIREBREAK_FUZZ_SECONDS` the time decides: half of it goes to the formats, in equal parts.
  static let seconds = ProcessInfo.processInfo.environment["FIREBREAK_FUZZ_SECONDS"].flatMap(Double.init)
  static let seed = ProcessInfo.processInfo.environment["FIREBREAK_FUZZ_SEED"].flatMap(UInt64.init) ?? 0xF1EB

  /// Lines of the samples beside the project, where they are at hand.
  static let foreign: [[UInt8]] = {
    guard let shared = ConformanceTests.shared,
      let files = FileManager.default.enumerator(
        at: URL(filePath: shared).appending(path: "samples"), includingPropertiesForKeys: nil)
    else { return [] }
    var lines: [[UInt8]] = []
    for case let file as URL in files {
      guard let data = try? Data(contentsOf: file) else { continue }
      lines += data.prefix(20_000).split(separator: 0x0A).prefix(12).map { [UInt8]($0.prefix(2000)) }
    }
    return lines
  }()

  @Test(arguments: AllFormats.list.map(\.name))
  func survivesDamagedRecords(_ name: String) throws {
    let format = try #require(AllFormats.list.first { $0.name == name })
    var random = Seeded(Self.seed ^ name.utf8.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) })
    let seeds = AllFormats.list.flatMap { $0.samples.map { Array($0.record.utf8) } } + Self.foreign
    let own = format.samples.map { Array($0.record.utf8) }
    let parser = format.makeParser(SourceContext(path: ["a/spBv1.0.g.DDATA.e.d.bin"]))
    var reading = Reading()
    var miner = TemplateMiner()
    let deadline = Self.seconds.map { Date(timeIntervalSinceNow: $0 / 2 / Double(AllFormats.list.count)) }
    for round in 0... {
      if let deadline {
        if round % 64 == 0, Date() > deadline { break }
      } else if round >= Self.rounds {
        break
      }
      var bytes = (round % 4 == 0 ? seeds : own).randomElement(using: &random) ?? []
      if round % 7 != 0 { mutate(&bytes, seeds, &random) }
      // An allocation of its own size, so that reads beyond it are seen by sanitizers too.
      bytes.withUnsafeBytes { record in
        _ = format.score(record)
        if round % 16 == 0 { _ = format.headScore(record) }
        var verdict = parser.parse(record, into: &reading)
        var elements = 0
        while true {
          check(verdict, reading, record, name)
          miner.mine(
            message: reading.bytes(reading.message, of: record),
            program: reading.bytes(reading.program, of: record))
          guard reading.flags.contains(.more), verdict == .event || verdict == .continuation else { break }
          verdict = parser.next(record, into: &reading)
          elements += 1
          if elements > 100_000 {
            Issue.record("\(name) never ends on \(String(decoding: bytes, as: UTF8.self))")
            break
          }
        }
      }
    }
  }

  private func check(
    _ verdict: Verdict, _ reading: borrowing Reading, _ record: UnsafeRawBufferPointer, _ name: String
  ) {
    for slice in [
      reading.stamp, reading.device, reading.program, reading.message, reading.fields, reading.element,
    ] {
      let limit = slice.isInScratch ? reading.scratchCount : record.count
      if slice.end > limit { Issue.record("\(name): a slice beyond its buffer") }
    }
    guard verdict == .event || verdict == .continuation else { return }
    let fields = reading.bytes(reading.fields, of: record)
    if !fields.isEmpty {
      let isObject = fields[0] == 0x7B && JSONText.valueEnd(fields, from: 0) == fields.count
      if !isObject || !Bytes.isValidUTF8(fields) {
        Issue.record(
          "\(name): fields are no JSON object: \(String(decoding: fields, as: UTF8.self)) from \(Array(record))"
        )
      }
    }
    if reading.severity > 7, reading.severity != 255 { Issue.record("\(name): severity \(reading.severity)") }
    _ = reading.timeText
  }

  private func mutate(_ bytes: inout [UInt8], _ seeds: [[UInt8]], _ random: inout Seeded) {
    let interesting: [UInt8] =
      Array("\"\\{}[]<>:,;=-+.0 9\t\u{0}|@#/%TZ".utf8) + [0xFF, 0xC3, 0xF0, 0x80, 0x0A]
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: if !bytes.isEmpty { bytes[at] = interesting.randomElement(using: &random) ?? 0 }
      case 1: if !bytes.isEmpty { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
      case 2: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: at)
      case 3: bytes.removeSubrange(at..<bytes.count)
      case 4:
        if !bytes.isEmpty {
          bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...9, using: &random)))
        }
      case 5:
        let other = seeds.randomElement(using: &random) ?? []
        bytes.insert(contentsOf: other.prefix(Int.random(in: 0...60, using: &random)), at: at)
      default:
        let digits = String(repeating: "9", count: Int.random(in: 1...25, using: &random))
        bytes.insert(contentsOf: Array(digits.utf8), at: at)
      }
    }
  }

  @Test func deepNestingIsRefusedNotFollowed() {
    let deep = String(repeating: "[", count: 5000)
    let record = Array(("{\"a\":" + deep).utf8)
    let parser = JSONLinesFormat().makeParser(SourceContext())
    var reading = Reading()
    record.withUnsafeBytes { bytes in
      #expect(parser.parse(bytes, into: &reading) == .refused(.tooDeep))
    }
    let objects = Array(String(repeating: "{\"a\":", count: 5000).utf8)
    objects.withUnsafeBytes { bytes in
      #expect(parser.parse(bytes, into: &reading) == .refused(.tooDeep))
    }
  }

  @Test func tenThousandDifferentKeysDoNotGrowTheTable() {
    let parser = JSONLinesFormat().makeParser(SourceContext())
    var reading = Reading()
    for number in 0..<10_000 {
      let record = Array(#"{"key\#(number)":\#(number),"msg":"x"}"#.utf8)
      record.withUnsafeBytes { bytes in
        #expect(parser.parse(bytes, into: &reading) == .event)
        #expect(reading.text(reading.fields, of: bytes) == #"{"key\#(number)":\#(number)}"#)
      }
    }
  }
}

@Suite struct MixedSourceTests {
  private func trial(_ text: String) -> FormatTrial {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0) }
  }

  @Test func readsEachLineOfAMixedFileByItsOwnFormat() {
    let found = trial(
      """
      Apr  7 09:08:09 gw-1 app[3]: up
      {"ts":"2026-04-07T09:08:10Z","device":"d","msg":"x"}
      <13>1 2026-04-07T09:08:11Z h a - - - m
      Apr  7 09:08:12 gw-1 app[3]: Traceback (most recent call last):
        File "x.py", line 1
      ValueError: bad
      what is this
      """)
    #expect(
      found.rows.map(\.format) == ["syslog-rfc3164", "jsonl", "syslog-rfc5424"]
        + Array(repeating: "syslog-rfc3164", count: 3) + [""])
    #expect(
      found.rows.map(\.verdict).suffix(4) == ["event", "continuation", "continuation", "refused: not-syslog"])
  }

  @Test func coloursDoNotHideTheStamp() {
    let found = trial(
      "\u{1B}[0m\u{1B}[32mSep 19 \u{1B}[0m09:24:04 host app[1]: red \u{1B}[31malarm\u{1B}[0m\n")
    #expect(found.rows.first?.format == "syslog-rfc3164")
    #expect(found.rows.first?.device == "host")
    #expect(found.rows.first?.message == "red alarm")
  }

  @Test func learnsKeysFromTheirValues() {
    let found = trial(
      #"{"zeitpunkt":"2026-04-07 09:08:09","geraet_node":"pump-7","lage":"WARN","was":"pressure is low","p":2.5}"#
        + "\n")
    #expect(found.rows.first?.time == "2026-04-07T09:08:09 (no zone)")
    #expect(found.rows.first?.device == "pump-7")
    #expect(found.rows.first?.severity == 4)
    #expect(found.rows.first?.message == "pressure is low")
    #expect(found.rows.first?.fields == #"{"p":2.5}"#)
  }

  @Test func repeatedKeysCountOnceAndStay() {
    let found = trial(#"{"ts":1775552889,"msg":"a","msg":"b","device":"x","device":"y"}"# + "\n")
    #expect(found.rows.first?.message == "b")
    #expect(found.rows.first?.device == "y")
    #expect(found.rows.first?.fields == #"{"msg":"a","device":"x"}"#)
  }

  @Test func invalidUTF8StaysInTheMessageAndNotInTheFields() {
    let bytes =
      Array(#"{"ts":1775552889,"msg":"a"#.utf8) + [0xFF] + Array(#"","k":""#.utf8) + [0xC3]
      + Array(#""}"#.utf8)
    let parser = JSONLinesFormat().makeParser(SourceContext())
    var reading = Reading()
    bytes.withUnsafeBytes { record in
      #expect(parser.parse(record, into: &reading) == .event)
      #expect(Array(reading.bytes(reading.message, of: record)) == [0x61, 0xFF])
      #expect(reading.text(reading.fields, of: record) == "{\"k\":\"\u{FFFD}\"}")
    }
  }
}
