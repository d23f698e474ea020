import Foundation
import PlaybookModel
import Testing

@Suite struct ConformanceTests {
  private struct Expectations: Decodable { var verdicts: [String: String] }

  @Test func givesEveryMadeDocumentTheExpectedVerdict() throws {
    guard let folder = Shared.url("cacao/examples/made") else { return }
    let expectations = try JSONDecoder().decode(
      Expectations.self, from: Data(contentsOf: folder.appendingPathComponent("EXPECT.json")))
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
      [".json", ".yaml", ".yml"].contains(where: $0.hasSuffix) && $0 != "EXPECT.json"
    }
    #expect(
      Set(files) == Set(expectations.verdicts.keys), "files without expectation, or the other way round")
    for (name, expected) in expectations.verdicts.sorted(by: { $0.key < $1.key }) {
      let bytes = try Array(Data(contentsOf: folder.appendingPathComponent(name)))
      let document = PlaybookDocument(reading: bytes, now: june)
      let warned = document.findings.contains { $0.level == .warning }
      switch expected {
      case "valid-with-warning":
        #expect(document.verdict == .valid && warned, "\(name): \(document.findings)")
      default:
        #expect(document.verdict.rawValue == expected, "\(name): \(document.findings)")
      }
      if expected == "valid" { #expect(!warned, "\(name): \(document.findings)") }
    }
  }

  @Test func everyRealDocumentValidatesOrGetsAPlacedReason() throws {
    guard let folder = Shared.url("cacao/examples") else { return }
    var seen = 0
    let enumerator = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    for case let url as URL in enumerator
    where url.pathExtension == "json" && !url.path.contains("/made/") {
      seen += 1
      let document = PlaybookDocument(reading: Array(try Data(contentsOf: url)), now: june)
      if document.verdict != .valid {
        let first = try #require(document.findings.first)
        #expect(first.line > 0 && !first.message.isEmpty && !first.rule.isEmpty)
      }
      guard let root = document.root else { continue }
      // Nothing is lost on a round trip, in either notation.
      let json = try ReadDocument.read(Array(DocumentWriter.json(root).utf8)).root
      let yaml = try ReadDocument.read(Array(DocumentWriter.yaml(root).utf8)).root
      #expect(CanonicalJSON.bytes(of: json) == CanonicalJSON.bytes(of: root))
      #expect(CanonicalJSON.bytes(of: yaml) == CanonicalJSON.bytes(of: root), "\(url.lastPathComponent)")
      #expect(json.members?.map(\.name) == root.members?.map(\.name))
      #expect(yaml.members?.map(\.name) == root.members?.map(\.name))
    }
    #expect(seen > 10)
  }
}
