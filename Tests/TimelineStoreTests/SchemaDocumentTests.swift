import Foundation
import Testing

@testable import TimelineStore

@Suite struct SchemaDocumentTests {
  /// `Docs/CaseFile.md`, found from this file's place in the package.
  private static let document: URL = {
    let file = realpath(#filePath, nil)
    defer { free(file) }
    let path = file.map { String(cString: $0) } ?? #filePath
    return URL(filePath: path).appending(path: "../../../Docs/CaseFile.md").standardized
  }()

  @Test func documentPrintsExactlyTheStatementsOfTheCode() throws {
    let heading = "## Schema\n"
    let statements = CaseSchema.objects(segments: [1]).map { $0.sql + ";" }.joined(separator: "\n")
    let text = try String(contentsOf: Self.document, encoding: .utf8)
    let start = try #require(
      text.range(of: "```sql\n", range: text.range(of: heading)!.upperBound..<text.endIndex))
    let end = try #require(text.range(of: "\n```", range: start.upperBound..<text.endIndex))
    if ProcessInfo.processInfo.environment["FIREBREAK_UPDATE_DOCS"] != nil {
      let updated = text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: statements)
      try updated.write(to: Self.document, atomically: true, encoding: .utf8)
      return
    }
    #expect(text[start.upperBound..<end.lowerBound] == statements[...], "run with FIREBREAK_UPDATE_DOCS=1")
  }
}
