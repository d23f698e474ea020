import Foundation
import Testing

/// `Docs/Evidence.md` says what is read and what damage costs: its tables are held against the program and the tests.
@Suite struct EvidenceDocumentTests {
  /// The rows of the table below a heading, cell by cell.
  static func rows(below heading: String) throws -> [[String]] {
    let text = try Repository.text("Docs/Evidence.md")
    let part = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix(heading + "\n") })
    return part.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst().map { line in
      line.split(separator: " | ").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "| ")) }
    }
  }

  /// The words between backticks.
  static func quoted(_ cell: String) -> [String] {
    cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
      .map { String($0.element) }
  }

  @Test func everyFormatOfTheProgramIsInTheTableAndEveryOneOfTheTableInTheProgram() throws {
    let run = try BuiltProgram.run(
      ["formats", "--format", "jsonl"], environment: ["XDG_CONFIG_HOME": "/nowhere"])
    let listed = try run.output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])["name"]
        as? String
    }.compactMap { $0 }
    let named = try Self.rows(below: "Formats").flatMap { Self.quoted($0[1]) }
    #expect(listed.count > 60)
    #expect(Set(named).symmetricDifference(listed).sorted() == [])
  }

  @Test func everyRowOfTheDamageTableNamesTestsThatThereAre() throws {
    var tests: [String: String] = [:]
    for file in Repository.files(below: "Tests", suffix: "Tests.swift") {
      let name = file.split(separator: "/").last?.dropLast(".swift".count) ?? ""
      tests[String(name)] = try Repository.text(file)
    }
    let rows = try Self.rows(below: "Damage")
    #expect(rows.count >= 18)
    for row in rows {
      let named = Self.quoted(row[2])
      #expect(!named.isEmpty, "no test: \(row[0])")
      for one in named {
        let parts = one.split(separator: "/").map(String.init)
        #expect(
          parts.count == 2 && tests[parts[0]]?.contains("func \(parts[1])(") == true,
          "there is no test \(one)")
      }
    }
  }
}
