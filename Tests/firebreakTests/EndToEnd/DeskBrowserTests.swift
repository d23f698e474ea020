import Foundation
import Testing

/// `firebreak serve` in a real browser: Debian's Chromium through Playwright in a venv, both installed by `make test`.
@Suite struct DeskBrowserTests {
  private static let python: String? = {
    let given = ProcessInfo.processInfo.environment["FIREBREAK_BROWSER_PYTHON"]
    let path =
      given ?? Repository.root.appending(path: ".build/browser/bin/python").path(percentEncoded: false)
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  @Test func everyPageAndInteractionWorksInABrowser() throws {
    guard let python = Self.python, FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium") else {
      if ProcessInfo.processInfo.environment["CI"] == "true" {
        Issue.record("neither Chromium nor Playwright is installed")
      }
      print("skipped: the page was not opened in a browser, since Chromium or Playwright is not installed")
      return
    }
    let scratch = FileManager.default.temporaryDirectory.appending(
      path: "firebreak-desk-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = [
      Repository.root.appending(path: "Tests/Browser/desk.py").path(percentEncoded: false), BuiltProgram.path,
      Repository.root.appending(path: "Samples").path(percentEncoded: false),
      scratch.path(percentEncoded: false),
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(output)")
  }
}
