import CascadeAnalysis
import Foundation
import Testing

@testable import PostmortemReport

/// Reports in a real browser: Debian's Chromium through Playwright in a venv, both installed by `make test`.
struct BrowserTests {
  private static let package = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The venv's Python; nil where it was not installed.
  private static let python: String? = {
    let environment = ProcessInfo.processInfo.environment
    let candidates = [
      environment["FIREBREAK_BROWSER_PYTHON"], package.path + "/.build/browser/bin/python",
      package.path + "/.build/venv/bin/python",
    ].compactMap { $0 }
    return candidates.first { path in
      FileManager.default.isExecutableFile(atPath: path)
        && run(path, ["-c", "import playwright, axe_playwright_python"]).code == 0
    }
  }()

  /// A case in which people wrote more than a page holds.
  private static let busy = {
    var input = SyntheticCase.standard
    var notes = Annotations()
    notes.customerImpact = String(repeating: "Doors answered late. ", count: 40)
    notes.safety = "Nobody was hurt, says the safety desk."
    notes.trigger = Statement(text: String(repeating: "Release 2.4.1 went out. ", count: 20))
    notes.actions = (1...30).map { index in
      var action = ActionItem(
        text: "Action \(index): release in stages with an hour between, and halt by rule")
      (action.owner, action.due, action.type, action.priority) = (
        "Release desk", "2026-05-01", "prevent", "high"
      )
      return action
    }
    input.facts.annotations = notes
    return input
  }()

  private static func run(_ program: String, _ arguments: [String]) -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    do { try process.run() } catch { return (-1, "\(error)") }
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }

  @Test func showsReportsWithoutScriptNetworkOrSidewaysScroll() throws {
    guard let python = Self.python, FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium") else {
      let isCI = ProcessInfo.processInfo.environment["CI"] == "true"
      if isCI { Issue.record("neither Chromium nor Playwright is installed") }
      print("skipped: reports were not opened in a browser, since Chromium or Playwright is not installed")
      return
    }
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "firebreak-reports-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ report: Report, _ name: String) throws {
      try HTMLRenderer.render(report).write(
        to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    for audience in Audience.allCases {
      try write(Self.busy.report(audience), "\(audience.rawValue).html")
    }
    try write(HostileTextTests.report, "hostile.html")
    try write(HostileTextTests.longReport, "hostile-long.html")
    try write(EdgeCaseTests.crowded.report(.executive), "executive-crowded.html")
    try write(LargeTree.report, "large.html")
    try write(
      Report(facts: CaseFacts(), trace: Trace(), options: ReportOptions(sha256: sha256)), "empty.html")
    let script = Self.package.path + "/Tests/Browser/reports.py"
    let result = Self.run(python, [script, folder.path])
    #expect(result.code == 0, "\(result.output)")
  }
}
