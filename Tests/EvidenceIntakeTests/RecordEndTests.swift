import IncidentModel
import LogFormats
import Testing

@testable import EvidenceIntake

/// Records that do not end with line feeds are accounted for to the byte, and machines without a name are told apart by their paths.
@Suite struct RecordEndTests {
  private func counted(_ text: String) -> String { "\(text.utf8.count) \(text)" }

  private func read(_ text: String) throws -> (source: MemorySink.Source, bytes: [UInt8]) {
    let folder = Folder()
    let (sink, _) = try ingest([folder.write("relay.log", text)])
    return (try #require(sink.sources.first), Array(text.utf8))
  }

  @Test func countedMessagesLeadBackToTheirBytesAndLines() throws {
    let texts = (0..<9000).map {
      counted(
        "<11>1 2026-11-12T10:03:05Z gw-\($0 % 7) app - - - nr \($0)" + ($0 % 3 == 0 ? "\nsecond line" : ""))
    }
    let (source, bytes) = try read(texts.joined())
    #expect(source.events.count == 9000 && source.refused.isEmpty)
    var line: UInt64 = 1
    for (index, event) in source.events.enumerated() {
      let raw = String(
        decoding: bytes[Int(event.offset)..<Int(event.offset) + Int(event.length)], as: UTF8.self)
      #expect(raw == texts[index] && event.line == line)
      if index % 3 == 0 { line += 1 }
    }
    #expect(source.account.bytesBy.total == UInt64(bytes.count))
  }

  @Test func everyKindOfEndIsAccountedFor() throws {
    let header = "<11>1 2026-11-12T10:03:05Z gw-1 app - - -"
    for text in [
      (0..<50).map { "\(header) nr \($0)\0" }.joined(),
      (0..<50).map { "\(header) nr \($0)" }.joined(separator: "\r"),
      (0..<50).map { counted("\(header) nr \($0)") }.joined(separator: "\n") + "\n",
      (0..<50).map { $0 % 9 == 4 ? "998 \(header) nr \($0) end" : counted("\(header) nr \($0) end") }
        .joined(),
    ] {
      let (source, bytes) = try read(text)
      #expect(source.account.bytesBy.total == UInt64(bytes.count))
      #expect(source.events.count >= 45 && source.refused.isEmpty)
      let whole = source.events.map(\.text).joined(separator: "|")
      #expect((0..<50).allSatisfy { whole.contains("nr \($0)") })
    }
  }

  @Test func damagedCountsNeverBreakTheAccounts() throws {
    let header = "<11>1 2026-11-12T10:03:05Z gw-1 app - - -"
    let whole = Array((0..<300).map { counted("\(header) nr \($0)\n and more") }.joined().utf8)
    let folder = Folder()
    var seed: UInt64 = 15
    func random(_ limit: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(seed >> 33) % max(1, limit)
    }
    for round in 0..<40 {
      var bytes = whole
      for _ in 0...random(6) {
        // Behind the first messages, so that the counts are still noticed.
        let place = 300 + random(bytes.count - 400)
        switch random(3) {
        case 0: bytes[place] = UInt8(random(256))
        case 1: bytes.removeSubrange(place..<place + random(60))
        default: bytes.insert(contentsOf: Array("\(random(99999)) <".utf8), at: place)
        }
      }
      // The reader itself checks its accounts.
      let (sink, _) = try ingest([folder.write("\(round).log", bytes)])
      #expect(sink.events.count > 200)
    }
  }

  @Test func machinesWithoutANameAreToldApartByTheirPaths() throws {
    let folder = Folder()
    folder.write("a/localhost/messages", "Nov 12 10:03:05 localhost app: one\n")
    folder.write("b/messages", "Nov 12 10:03:05 localhost app: two\nNov 12 10:03:06 gw-1 app: named\n")
    folder.write("c/kern.log", "Nov 12 10:03:05 (none) kernel: three\n")
    folder.write("d/x.jsonl", "{\"ts\":\"2026-11-12T10:03:05Z\",\"host\":\"localhost\",\"msg\":\"four\"}\n")
    folder.write("e/messages", ["five", "six"].map { "Nov 12 10:03:05 unknown app: \($0)\n" }.joined())
    folder.write("f/unknown.log", "Nov 12 10:03:05 00:00:00:00:00:00 app: seven\n")
    let (sink, _) = try ingest([folder.path])
    let devices = Dictionary(uniqueKeysWithValues: sink.events.map { ($0.text, $0.device) })
    #expect(
      devices == [
        "one": "a", "two": "b", "named": "gw-1", "three": "c", "four": "x", "five": "e", "six": "e",
        "seven": "f",
      ])
    #expect(sink.events.filter { $0.text != "named" }.allSatisfy { $0.basis == .path })
  }
}
