import Foundation
import Testing

/// Verdicts of analysts on what a trace found: the latest counts, and none is lost.
@Suite struct VerdictTests {
  @Test func aLaterVerdictSaysWhatItReplacesAndBothStayInTheRecord() throws {
    let work = try Workspace.simulated()
    func note(_ arguments: String...) throws -> String {
      let run = try BuiltProgram.run(
        ["note", "--case", work.at("x.firebreak")] + arguments, in: work.folder,
        environment: ["FIREBREAK_CASE": "", "COLUMNS": ""])
      #expect(run.exit == 0, "\(run.errors)")
      return run.output
    }
    let first = try note("--reject", "origin:ota-hub", "it was off", "--author", "ann")
    #expect(!first.contains("replaces"))
    let second = try note("--accept", "origin:ota-hub", "it was on", "--author", "bob")
    #expect(second.contains("it replaces note 1, in which ann called it wrong at 20"), "\(second)")
    let third = try note("--accept", "origin:ota-hub", "--author", "cy")
    #expect(third.contains("note 2, in which bob called it right at 20") && third.contains("said the same"))
    // Another subject is another matter.
    #expect(try !note("--reject", "onset:ota-hub").contains("replaces"))

    let list = try note()
    #expect(list.contains("reject (replaced by 3)") && list.contains("accept (replaced by 3)"), "\(list)")
    let rows = try note("--format", "jsonl").split(separator: "\n").map { try jsonObject(String($0)) }
    #expect(rows.map { $0["replaced_by"] as? Int } == [3, 3, nil, nil])
    #expect(rows.map { $0["text"] as? String } == ["it was off", "it was on", "", ""])

    let trace = try work.firebreak("trace", "--case", "x.firebreak", "--no-store")
    let words = trace.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("accepted by cy at") && words.contains("before that rejected by ann"), "\(words)")
    #expect(words.contains("which a later verdict replaces"), "\(words)")
    // What was taken back replaces nothing.
    _ = try note("--retract", "3")
    #expect(try note().contains("reject (replaced by 2)"))
  }

  @Test func aRejectedOriginIsRejectedInTheReportToo() throws {
    let work = try Workspace.simulated()
    _ = try work.firebreak(
      "note", "--case", "x.firebreak", "--reject", "origin:ota-hub", "it was off", "--author", "ann")
    let run = try work.firebreak("postmortem", "--case", "x.firebreak", "--output", "r")
    try #require(run.exit == 0, "\(run.errors)")
    let text = try String(contentsOfFile: work.at("r/postmortem.md"), encoding: .utf8)
    #expect(text.contains(/ann rejected at 20[0-9: -]+ UTC that it began at ota-hub\./))
    #expect(text.contains("| ota-hub | nothing known; that it began here was rejected by ann at 20"))
    #expect(text.contains("| ota-hub | ann | 20") && text.contains("| it was off |"))
    #expect(!text.contains("| ota-hub | nothing: a start |"))
  }
}
