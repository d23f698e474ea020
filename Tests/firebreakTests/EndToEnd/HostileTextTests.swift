import Foundation
import Testing

/// Log text is written by attackers: nothing of it may act on the terminal, the page, or the spreadsheet.
@Suite struct HostileTextTests {
  static let attacks = [
    "\u{1B}[2J\u{1B}]0;owned\u{7}", "\u{1B}]8;;http://evil.example\u{1B}\\click\u{1B}]8;;\u{1B}\\",
    "\u{9B}31m", "\u{202E}txt.exe", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "=cmd|'/c calc'!A1", "a\rb\u{8}\u{8}", "\u{2066}x\u{2069}", "'; DROP TABLE event; --",
  ]

  private func hostileCase() throws -> Workspace {
    let work = try Workspace()
    var log = Workspace.log(30)
    for (index, attack) in HostileTextTests.attacks.enumerated() {
      log += "2026-04-07T09:10:0\(index).000000+00:00 gw-1 relayd[41]: attack \(attack) end\n"
    }
    // A hostile host name as well.
    log += "2026-04-07T09:11:00.000000+00:00 gw\u{1B}[31m relayd[41]: attack by name\n"
    try work.write("hostile.log", log)
    let result = try work.ingest(work.at("hostile.log"))
    #expect(result.run.exit == 0)
    #expect(result.unaccounted == nil)
    return work
  }

  private func dangerous(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
      (scalar.value < 32 && scalar != "\n" && scalar != "\t") || (127...159).contains(scalar.value)
        || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }
  }

  @Test func nothingPrintedActsOnATerminal() throws {
    let work = try hostileCase()
    for arguments in [
      ["query", "text:attack"], ["query", "text:attack", "--format", "json"],
      ["query", "text:attack", "--format", "jsonl"], ["query", "text:attack", "--format", "csv"],
      ["query", "--count-by", "device"], ["devices"], ["sources"], ["show", "31"], ["show", "35"], ["trace"],
      ["trace", "--format", "json"], ["query", "--sql", "SELECT message, device FROM timeline"],
    ] {
      let run = try BuiltProgram.run(arguments + ["--case", work.at("x.firebreak")], in: work.folder)
      #expect(run.exit == 0 || run.exit == 1, "\(arguments): \(run.errors)")
      #expect(!dangerous(run.output), "\(arguments)")
      #expect(!dangerous(run.errors), "\(arguments)")
    }
  }

  @Test func fileNamesAreEscapedToo() throws {
    let work = try Workspace()
    try work.write("bad\u{1B}[31mname.log", Workspace.log(3))
    let run = try work.firebreak("ingest", work.path, "--case", work.at("x.firebreak"))
    #expect(run.exit == 0)
    #expect(!dangerous(run.output) && !dangerous(run.errors))
    let missing = try work.firebreak("ingest", "no\u{1B}[31msuch.log", "--case", work.at("y.firebreak"))
    #expect(missing.exit == 2)
    #expect(!dangerous(missing.errors))
  }

  @Test func theReportEscapesIt() throws {
    let work = try hostileCase()
    let run = try work.firebreak(
      "postmortem", "--case", work.at("x.firebreak"), "--output", work.at("report"))
    #expect(run.exit == 0, "\(run.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: work.at("report"))
    for name in names where name.hasSuffix(".html") || name.hasSuffix(".md") {
      let text = try String(contentsOfFile: work.at("report/\(name)"), encoding: .utf8)
      #expect(!text.contains("<script"), "\(name)")
      #expect(!text.contains("<img src=x"), "\(name)")
      #expect(!text.contains("\u{1B}"), "\(name)")
      #expect(!text.contains("\u{202E}"), "\(name)")
    }
  }

  @Test func formulasInCSVAreDefused() throws {
    let work = try Workspace()
    try work.write(
      "f.jsonl",
      "{\"ts\":\"2026-04-07T09:00:00Z\",\"device\":\"=HYPERLINK(1)\",\"msg\":\"=cmd|'/c calc'!A1\"}\n"
        + "{\"ts\":\"2026-04-07T09:00:01Z\",\"device\":\"+1+A1\",\"msg\":\"@SUM(1)\"}\n")
    _ = try work.ingest(work.at("f.jsonl"))
    let run = try work.firebreak("query", "--format", "csv", "--case", work.at("x.firebreak"))
    for line in run.output.split(separator: "\n").dropFirst() {
      for cell in line.split(separator: ",") {
        let bare = cell.drop { $0 == "\"" }
        #expect(!(bare.hasPrefix("=") || bare.hasPrefix("@") || bare.hasPrefix("+")), "\(line)")
      }
    }
  }
}
