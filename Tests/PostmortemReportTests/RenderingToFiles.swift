import CascadeAnalysis
import Foundation
import Testing

@testable import PostmortemReport

/// Writes reports to a folder for people to look at: `REPORT_PREVIEW=/tmp/x swift test --filter writesPreviews`.
@Test(.enabled(if: ProcessInfo.processInfo.environment["REPORT_PREVIEW"] != nil))
func writesPreviews() throws {
  let folder = try #require(ProcessInfo.processInfo.environment["REPORT_PREVIEW"])
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  func write(_ report: Report, _ name: String) throws {
    try HTMLRenderer.render(report).write(toFile: "\(folder)/\(name).html", atomically: true, encoding: .utf8)
    try MarkdownRenderer.render(report).write(
      toFile: "\(folder)/\(name).md", atomically: true, encoding: .utf8)
    try JSONRenderer.render(report).write(toFile: "\(folder)/\(name).json", atomically: true, encoding: .utf8)
  }
  for audience in Audience.allCases { try write(SyntheticCase.standard.report(audience), audience.rawValue) }
  for (name, make) in EdgeCaseTests.cases {
    let (facts, trace) = make()
    for audience in [Audience.executive, .engineer] {
      let options = ReportOptions(audience: audience, sha256: sha256)
      let slug = name.replacing(" ", with: "-").replacing(",", with: "")
      try write(Report(facts: facts, trace: trace, options: options), "edge-\(slug)-\(audience.rawValue)")
    }
  }
  try write(SyntheticCase(devices: 4000, failing: 2500).report(), "large")
  try write(SyntheticCase(hostile: hostileText).report(), "hostile")
  try write(Report(facts: CaseFacts(), trace: .init(), options: ReportOptions(sha256: sha256)), "empty")
}

/// Script, drawing, formula, escape sequence, override, NUL, Markdown, all in one name.
let hostileText =
  "\"'><script>alert(1)</script><img src=x onerror=alert(2)></svg></title></style>\u{202E}gnp\u{1B}[31m\u{0}=cmd|' /C calc'!A0 [x](javascript:alert(3)) http://evil.example ![i](http://evil.example/i.png)"
