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

  @Test(arguments: ["array", "array on one line", "records", "records on one line", "pretty"])
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
