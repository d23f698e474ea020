import IncidentModel
import LogFormats
import Testing

@testable import EvidenceIntake

/// JSON documents larger than a record may be: read element by element, each with its place.
@Suite struct LargeDocumentTests {
  private func element(_ number: Int) -> String {
    let minute = String(number / 60 % 60 + 100).dropFirst()
    let second = String(number % 60 + 100).dropFirst()
    return "{\"time\":\"2026-04-07T09:\(minute):\(second)Z\",\"device\":\"gw-\(number % 7)\","
      + "\"message\":\"upload \(number) is done, and a text of some length\"}"
  }

  private func named(_ elements: [String]) -> [String] {
    elements.enumerated().map { "\"k\($0.offset)\": \($0.element)" }
  }

  /// A document of 80 KiB that comes in pieces of whatever size is read the same.
  @Test func theSizeOfPiecesMakesNoDifference() throws {
    let map = named((0..<800).map(element)).joined(separator: ",")
    let bytes = Array("{\"decode\":{\(map)},\"meta\":{\"n\":1},\"encode\":{\(map)}}".utf8)
    let format = try #require(FormatCatalog().format(named: "json"))
    func frames(_ piece: Int) -> [Range<Int>] {
      var framer = RecordFramer(format.framing)
      var found: [Range<Int>] = []
      var (start, end) = (0, min(piece, bytes.count))
      bytes.withUnsafeBytes { all in
        while start < bytes.count {
          let rest = UnsafeRawBufferPointer(rebasing: all[start..<end])
          if let frame = framer.next(rest, isAtEnd: end == bytes.count), frame.consumed > 0 {
            if !frame.isStructure { found.append(start + frame.start..<start + frame.end) }
            start += frame.consumed
          } else {
            end = min(bytes.count, end + piece)
          }
        }
      }
      return found
    }
    let whole = frames(bytes.count)
    #expect(whole.count == 1600)
    for piece in [1000, 4096, 70_000] { #expect(frames(piece) == whole, "pieces of \(piece)") }
  }

  /// What a map calls its elements is kept.
  @Test func elementsOfAMapKeepTheirNames() throws {
    let folder = Folder()
    let large = "{\"decode\":{" + named((0..<900).map(element)).joined(separator: ",") + "}}"
    let small =
      "{\n \"pumps\": {\n  \"p-1\": {\"ts\": 1775552889, \"t\": 5},\n  \"p-\\u00e4\": {\"ts\": 1775552890, \"t\": 6}\n }\n}\n"
    let (sink, _) = try ingest([folder.write("large.json", large), folder.write("small.json", small)])
    #expect(sink.sources[0].events.count == 900)
    #expect(sink.sources[0].events[7].fields == "{\"json_key\":\"k7\"}")
    #expect(
      sink.sources[1].events.map(\.fields) == [
        "{\"t\": 5,\"json_key\":\"p-1\"}", "{\"t\": 6,\"json_key\":\"p-\\u00e4\"}",
      ])
  }

  /// One large event is one event, whatever it holds.
  @Test func aLargeEventStaysOne() throws {
    let folder = Folder()
    let numbers = (0..<20_000).map { "{\"i\":\($0)}" }.joined(separator: ",")
    let text = "{\n\"ts\":\"2026-04-07T09:08:09Z\",\"device\":\"gw-1\",\"samples\":[\(numbers)]\n}\n"
    #expect(text.utf8.count > 200_000)
    let (sink, _) = try ingest([folder.write("event.json", text)])
    #expect(sink.events.count == 1)
    #expect(sink.events.first?.device == "gw-1")
  }

  /// What is pushed to Loki and what it answers is read line by line, however long a line or the whole is: one of 90 KiB, streams of 1 MiB.
  @Test(arguments: ["push", "answer"], [40, 20_000])
  func linesOfLokiAreEvents(_ kind: String, _ count: Int) throws {
    let long = String(repeating: "x", count: 90 << 10)
    let values = (0..<count).map { (number: Int) -> String in
      let text = number == 7 ? long : String(number)
      return
        #"["17755\#(10_000 + number)000000000","level=error device=p-\#(number % 3) msg=\"upload \#(text)\""]"#
    }.joined(separator: ",")
    let rows = ["gw-1", "gw-2"].map { #"{"stream":{"host":"\#($0)","job":"edge"},"values":[\#(values)]}"# }
      .joined(separator: ",")
    let text =
      kind == "push"
      ? #"{"streams":[\#(rows)]}"#
      : #"{"status":"success","data":{"resultType":"streams","result":[\#(rows)],"stats":{"n":1}}}"# + "\n"
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("loki.json", text)])
    let source = try #require(sink.sources.first)
    #expect(source.events.count == 2 * count && source.refused.isEmpty && damage(summary).isEmpty)
    #expect(source.events.prefix(count).allSatisfy { $0.device == "gw-1" })
    #expect(source.events.suffix(count).allSatisfy { $0.device == "gw-2" })
    #expect(
      source.events.allSatisfy {
        $0.severity == 3 && $0.text.hasPrefix("upload ") && $0.quality == TimeQuality.exact
      })
    #expect(source.account.bytesBy.total == UInt64(text.utf8.count))
  }

  @Test(arguments: [
    "array", "array on one line", "records", "records on one line", "pretty", "map", "map on one line",
    "map in maps, pretty", "list beside facts",
  ])
  func isReadElementByElement(_ shape: String) throws {
    let count = 20_000
    let elements = (0..<count).map(element)
    let text =
      switch shape {
      case "array": "[\n" + elements.joined(separator: ",\n") + "\n]\n"
      case "array on one line": "[" + elements.joined(separator: ",") + "]"
      case "records":
        "{\n  \"Records\": [\n" + elements.joined(separator: ",\n") + "\n],\n  \"total\": 3\n}\n"
      case "records on one line": "{\"Records\":[" + elements.joined(separator: ",") + "]}"
      case "map": "{\n\"decode\": {\n" + named(elements).joined(separator: ",\n") + "\n}\n}\n"
      case "map on one line": "{\"decode\":{" + named(elements).joined(separator: ",") + "}}"
      case "map in maps, pretty":
        "{\n \"a\": {\n  \"b\": {\n   "
          + named(elements).map { $0.replacing(",\"", with: ",\n    \"") }.joined(separator: ",\n   ")
          + "\n  }\n }\n}\n"
      case "list beside facts":
        "{\"meta\":{\"n\":1},\"rows\":[" + elements.joined(separator: ",")
          + "],\"tail\":{\"of\":[1,2],\"s\":\"]}{\"}}\n"
      default:
        "{\n  \"Records\": [\n    "
          + elements.map { $0.replacing(",\"", with: ",\n      \"") }.joined(separator: ",\n    ")
          + "\n  ]\n}\n"
      }
    let bytes = Array(text.utf8)
    #expect(bytes.count > 2 << 20)
    let folder = Folder()
    let (sink, summary) = try ingest([folder.write("big.json", bytes)])
    let source = try #require(sink.sources.first)
    #expect(
      source.events.count == count, "\(shape): \(source.events.count) events, \(source.refused.prefix(2))")
    #expect(source.refused.isEmpty && damage(summary).isEmpty)
    #expect(source.account.bytesBy.total == UInt64(bytes.count))
    for (number, event) in source.events.enumerated() where number % 997 == 0 {
      let place = Int(event.offset)
      let raw = String(decoding: bytes[place..<place + Int(event.length)], as: UTF8.self)
      #expect(raw.contains("upload \(number) is done"), "\(shape) \(number): \(raw.prefix(80))")
      #expect(event.device == "gw-\(number % 7)")
    }
  }
}
