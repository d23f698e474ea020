import Glibc
import IncidentModel
import LogFormats
import Testing

@testable import EvidenceIntake

/// Lines of every kind, and the accounting for each byte of them.
@Suite struct LineTests {
  private func read(
    _ bytes: [UInt8], name: String = "gw-7.log", _ change: (inout IntakeOptions) -> Void = { _ in }
  ) throws -> (source: MemorySink.Source, summary: IntakeSummary) {
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write(name, bytes)], change)
    return (try #require(sink.sources.first), summary)
  }

  @Test func countsLineEndsAndAByteOrderMarkToTheirLines() throws {
    let text = "\u{FEFF}" + Make.line(1) + "\r\n\r\n" + Make.line(2) + "\n   \n" + Make.line(3)
    let (source, _) = try read(Array(text.utf8))
    let account = source.account
    #expect(account.linesBy.events == 3 && account.linesBy.blanks == 2)
    #expect(account.bytesBy.blanks == 2 + 4)
    #expect(account.bytes == UInt64(text.utf8.count))
    #expect(source.events.map(\.line) == [1, 3, 5])
    #expect(source.events[0].offset == 0)
    #expect(source.events[0].length == UInt32(3 + Make.line(1).utf8.count + 2))
    #expect(!source.events[0].text.hasSuffix("\r"))
    #expect(source.events[2].length == UInt32(Make.line(3).utf8.count))
  }

  @Test func offsetsLeadBackToTheLine() throws {
    let text = Make.lines(5000)
    let bytes = Array(text.utf8)
    let (source, _) = try read(bytes)
    #expect(source.events.count == 5000)
    for event in source.events {
      let line = String(
        decoding: bytes[Int(event.offset)..<Int(event.offset) + Int(event.length)], as: UTF8.self)
      #expect(line == Make.line(Int(event.line) - 1) + "\n")
    }
  }

  @Test func keepsInvalidUTF8AndNULByteForByte() throws {
    var bytes =
      Array("2026-04-07T09:00:00Z gw-1 app: a".utf8) + [0xFF, 0xFE, 0x80] + Array("b".utf8) + [0, 0x63, 0x0A]
    bytes += Array((Make.line(1) + "\n").utf8)
    let (source, _) = try read(bytes)
    #expect(source.events.count == 2)
    #expect(source.events[0].message == [0x61, 0xFF, 0xFE, 0x80, 0x62, 0, 0x63])
  }

  @Test func keepsTheBeginningOfALineOfTenMegabytes() throws {
    var bytes = Array((Make.line(1) + "\n2026-04-07T09:00:00Z gw-1 app: ").utf8)
    let start = Make.line(1).utf8.count + 1
    bytes += [UInt8](repeating: 0x78, count: 10_000_000) + [0x0A]
    let length = bytes.count - start
    bytes += Array((Make.line(2) + "\n").utf8)
    let (source, summary) = try read(bytes)
    #expect(source.events.map(\.line) == [1, 2, 3])
    #expect(source.events[1].length == UInt32(length))
    #expect(source.events[1].message.count > 1_000_000 && source.events[1].message.count <= 1 << 20)
    #expect(source.events[2].offset == UInt64(start + length))
    #expect(damage(summary) == ["limit-line"])
    #expect(source.account.bytes == UInt64(bytes.count))
  }

  /// What stands before a line decides how much of it is in memory when its end is seen.
  @Test(arguments: [0, 40_000, 250_000, 262_000, 262_144], [20_000, 20_001, 200_000, 300_000])
  func aLongLineIsCutByTheLimitAlone(_ before: Int, _ length: Int) throws {
    let limit = 20_000
    let filler = "2026-04-07T09:00:00Z gw-1 app: " + String(repeating: "y", count: before % 10_000) + "\n"
    let first = filler + String(repeating: "2026-04-07T09:00:00Z gw-1 app: yyyyyyyyyy\n", count: before / 42)
    let head = "2026-04-07T09:00:00Z gw-1 app: "
    let line = Array(head.utf8) + [UInt8](repeating: 0x78, count: length - head.utf8.count)
    for end in [[0x0A] as [UInt8], []] {
      let (source, summary) = try read(Array(first.utf8) + line + end) { $0.limits.lineBytes = limit }
      let event = try #require(source.events.last)
      #expect(event.message.count == min(length, limit) - head.utf8.count)
      #expect(event.length == UInt32(length + end.count))
      #expect(damage(summary) == (length > limit ? ["limit-line"] : []))
    }
  }

  @Test(arguments: [0, 20_000, 100_000, 262_000, 262_144])
  func aLongRecordIsCutByTheLimitAlone(_ before: Int) throws {
    let limit = 100_000
    let text = String(
      repeating: "{\"ts\":1775552000,\n\"device\":\"d1\",\"msg\":\"m\"}\n", count: 1 + before / 46)
    let record = "{\"ts\":1775552889,\n\"list\":[" + String(repeating: "17,", count: 40_000) + "1]}\n"
    let (source, summary) = try read(Array((text + record).utf8), name: "gw-7.json") {
      $0.limits.lineBytes = limit
    }
    let cut = try #require(source.refused.first)
    #expect(cut.offset == UInt64(text.utf8.count) && cut.length == UInt64(limit) && cut.reason == "too-long")
    #expect(cut.excerpt == Array(record.utf8.prefix(1024)))
    #expect(damage(summary).contains("limit-record"))
    #expect(source.account.bytesBy.total == UInt64((text + record).utf8.count))
  }

  private func pack(_ count: Int) -> String {
    "[\n{\"bn\":\"meter/\",\"bt\":1770091513,\"n\":\"a0\",\"v\":0},\n"
      + (1..<count).map { "{\"n\":\"a\($0)\",\"v\":\($0)}" }.joined(separator: ",\n") + "\n]\n"
  }

  /// Objects on lines of their own, not indented: the last one is followed by no comma and stands in the array all the same.
  @Test func aDocumentOfOneObjectALineIsOneDocument() throws {
    let text = pack(20)
    let (source, _) = try read(Array(text.utf8), name: "m.json")
    #expect(source.account.format == "senml" && source.events.count == 20 && source.refused.isEmpty)
    #expect(source.account.bytesBy.total == UInt64(text.utf8.count))
  }

  @Test func aGatheredDocumentThatGivesNoEventIsRefusedNotForgotten() throws {
    let whole = pack(6000)
    let cut = String(whole.dropLast(40))
    for (text, reason) in [
      (cut, "truncated"), (cut + "\n" + pack(2), "truncated"),
      (String(whole.dropLast(3)) + "}\n", "not-json"),
    ] {
      let (source, _) = try read(Array(text.utf8), name: "m.json")
      let first = try #require(source.refused.min { $0.offset < $1.offset })
      #expect(first.reason == reason)
      #expect(first.line == 1 && first.offset == 0 && first.length > 100_000, "\(reason)")
      #expect(first.excerpt.first == 0x5B)
      #expect(source.account.bytesBy.structure < 100, "\(reason)")
      #expect(source.account.bytesBy.total == UInt64(text.utf8.count))
    }
  }

  @Test func refusesBinaryAsOneRecord() throws {
    var bytes: [UInt8] = []
    for index in 0..<300_000 { bytes.append(UInt8(truncatingIfNeeded: index &* index >> 3)) }
    let (source, _) = try read(bytes)
    #expect(source.account.format == "binary")
    #expect(source.refused.count == 1 && source.refused[0].reason == "binary")
    #expect(source.refused[0].length == 300_000)
    #expect(source.refused[0].excerpt.count == 1024)
    #expect(source.account.bytesBy.refused == 300_000)
  }

  @Test func textOfNoKnownFormatBecomesEventsWithoutTime() throws {
    let (source, _) = try read(Array("the quick\nbrown fox\n".utf8))
    #expect(source.events.map(\.text) == ["the quick", "brown fox"])
    #expect(source.events.allSatisfy { $0.quality == .none && $0.device == "gw-7" && $0.basis == .path })
    #expect(source.account.decisions.contains { $0.subject == "device" && $0.value == "gw-7" })
  }

  @Test func emptyFilesAreSourcesToo() throws {
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("empty.log", "")])
    #expect(sink.events.isEmpty)
    #expect(summary.sources.count == 1 && summary.sources[0].bytes == 0)
  }

  @Test func oneThreadAndFourGiveTheSame() throws {
    let folder = Folder()
    for index in 0..<12 {
      let text = (0..<200 + 37 * index).map { Make.line($0 * (index + 1)) + "\n" }.joined()
      if index % 3 == 0 {
        folder.write("f/\(index).gz", Make.gzip(text))
      } else if index % 3 == 1 {
        folder.write("f/\(index).log", text)
      } else {
        folder.write("f/\(index).zip", Make.archive(.zip, [Make.Entry(name: "m", bytes: Array(text.utf8))]))
      }
    }
    let one = try ingest([folder.path]) { $0.jobs = 1 }
    let four = try ingest([folder.path]) { $0.jobs = 4 }
    #expect(one.sink.events == four.sink.events)
    #expect(one.summary.sources.map(\.sha256) == four.summary.sources.map(\.sha256))
    #expect(one.summary.sources.map(\.description) == four.summary.sources.map(\.description))
  }

  @Test func knownSourcesAreSkipped() throws {
    let folder = Folder()
    let path = folder.write("gw.log", Make.lines(3))
    let first = try ingest([path])
    let (sink, summary) = try ingest([path], sink: MemorySink(known: [first.summary.sources[0].sha256]))
    #expect(sink.sources.isEmpty)
    #expect(summary.skipped.map(\.description.path) == [path])
  }

  @Test func hashesAreThoseOfTheFileAsStored() throws {
    let (source, _) = try read(Array("abc".utf8))
    #expect(source.account.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func seededDamageNeverBreaksTheAccounts() throws {
    let folder = Folder()
    let plain = Make.lines(400)
    let originals: [(String, [UInt8])] = [
      ("p.log", Array(plain.utf8)), ("g.gz", Make.gzip(plain)),
      ("z.zip", Make.archive(.zip, [Make.Entry(name: "a.log", bytes: Array(plain.utf8))])),
      ("t.tar", Make.archive(.tar, [Make.Entry(name: "a.gz", bytes: Make.gzip(plain))])),
      ("t.tgz", Make.gzip(Make.archive(.tar, [Make.Entry(name: "a.log", bytes: Array(plain.utf8))]))),
    ]
    var seed: UInt64 = 2026
    func random(_ limit: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(seed >> 33) % max(1, limit)
    }
    for round in 0..<150 {
      let (name, whole) = originals[round % originals.count]
      var bytes = whole
      for _ in 0...random(4) {
        let place = random(bytes.count)
        switch random(4) {
        case 0: bytes.removeLast(min(bytes.count - 1, random(bytes.count)))
        case 1:
          for index in place..<min(bytes.count, place + random(100)) { bytes[index] = UInt8(random(256)) }
        case 2: bytes.insert(contentsOf: (0..<random(50)).map { _ in UInt8(random(256)) }, at: place)
        default: for index in place..<min(bytes.count, place + random(200)) { bytes[index] = 0 }
        }
        if bytes.isEmpty { bytes = [0] }
      }
      // The memory sink and the reader itself check the accounts.
      try ingest([folder.write("\(round)-\(name)", bytes)])
    }
  }
}

/// Records that are no lines.
@Suite struct FramingTests {
  /// JSON objects wherever they begin and end.
  private struct Values: LogFormat {
    let name = "test-values"
    let summary = "JSON values"
    let yields: [String] = []
    let samples: [FormatSample] = []
    let refusals: [String] = []
    let framing = Framing.jsonValues
    func score(_ line: UnsafeRawBufferPointer) -> Int { 0 }
    func makeParser(_ context: SourceContext) -> any RecordParser { Parser() }

    final class Parser: RecordParser {
      func parse(_ record: UnsafeRawBufferPointer, into reading: inout Reading) -> Verdict {
        reading.reset()
        guard record.first == 0x7B else { return .structure }
        reading.message = .record(0, record.count)
        return .event
      }
    }
  }

  @Test func readsJSONValuesThatSpanLines() throws {
    let folder = Folder()
    var text = "[\n"
    for index in 0..<9000 {
      text += "  {\n    \"device\": \"gw-\(index % 7)\",\n    \"msg\": \"upload {\(index)} done\"\n  }"
      text += index == 8999 ? "\n" : ",\n"
    }
    text += "]\n"
    let (sink, summary) = try ingest([folder.write("events.json", text)]) {
      $0.catalog.add(Values())
      $0.formats = [SourceRule(parsing: "test-values")]
    }
    let account = summary.sources[0]
    #expect(account.bytes == UInt64(text.utf8.count))
    #expect(sink.events.count == 9000)
    let lines: [UInt64] = (0..<9000).map { UInt64(2 + 4 * $0) }
    #expect(sink.events.map(\.line) == lines)
    #expect(sink.events.last?.text.contains("{8999}") == true)
    #expect(account.linesBy.events == 9000 && account.linesBy.continuations == 27_000)
    let bytes = Array(text.utf8)
    #expect(sink.events.allSatisfy { bytes[Int($0.offset)] == 0x7B })
  }
}
