import Foundation
import Testing

/// The reports of both samples as they were last looked at. `make docs` writes them anew; look at the difference before committing it.
///
/// Kept are the whole reports for executives and customers, the engineers' report without its appendices, and SHA-256 of every file:
/// small, and yet no byte changes unseen.
@Suite struct GoldenReportTests {
  static let folder = "Tests/Golden"

  @Test(arguments: ["firmware-cascade", "worm"]) func saysWhatItSaidLastTime(_ sample: String) throws {
    let work = try Workspace()
    // Paths of evidence stand in the report: relative to the checkout they are the same everywhere.
    func run(_ arguments: String...) throws -> BuiltProgram.Run {
      try BuiltProgram.run(
        arguments, in: Repository.root, environment: ["FIREBREAK_CASE": "", "FIREBREAK_AUTHOR": "golden"])
    }
    let path = work.at("\(sample).firebreak")
    let base = "Samples/\(sample)"
    let ingest = try run(
      "ingest", "\(base)/evidence", "--inventory", "\(base)/inventory.csv", "--topology",
      "\(base)/topology.csv", "--case", path)
    try #require(ingest.exit == 0, "\(ingest.errors)")
    let notes = try run("note", "--import", "\(Self.folder)/\(sample)-notes.json", "--case", path)
    try #require(notes.exit == 0, "\(notes.errors)")
    let made = try run("postmortem", "--case", path, "--output", work.at("report"), "--audience", "all")
    try #require(made.exit == 0, "\(made.errors)")

    var digests = ""
    for name in try FileManager.default.contentsOfDirectory(atPath: work.at("report")).sorted() {
      let data = try Data(contentsOf: URL(filePath: work.at("report/\(name)")))
      let sum = String(decoding: try Workspace.pipe(data, through: "/usr/bin/sha256sum", []), as: UTF8.self)
      let hex = sum.prefix { $0 != " " }
      digests += "\(hex)  \(data.count)  \(name)\n"
    }
    func report(_ suffix: String) throws -> String {
      try String(contentsOfFile: work.at("report/postmortem\(suffix).md"), encoding: .utf8)
    }
    let engineer = try report("")
    let end = try #require(engineer.range(of: "\n## 13 "))
    let files = [
      ("\(sample).md", String(engineer[..<end.lowerBound])),
      ("\(sample)-executive.md", try report("-executive")),
      ("\(sample)-customer.md", try report("-customer")), ("\(sample).sha256", digests),
    ]
    for (name, text) in files {
      let difference = try Repository.difference(generated: text, file: "\(Self.folder)/\(name)")
      #expect(difference == nil, "\(difference ?? "")")
    }
  }
}
