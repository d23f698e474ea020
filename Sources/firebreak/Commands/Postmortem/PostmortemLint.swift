import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import PostmortemReport
import TimelineStore

/// `firebreak postmortem lint`: hints on the wording of people's notes.
struct PostmortemLint: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Look for blame, vagueness, local and impossible times and promises in the notes.",
    discussion:
      "Exit code 1: there are hints. 'lintIgnored' in the notes lists rules to ignore, each with a reason.")

  @OptionGroup var caseOption: CaseOption

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    let reader = try caseOption.openReader()
    let notes = try AnnotationStore.read(reader)
    let findings = Lint.findings(in: notes) + (try Self.impossibleTimes(notes, reader.path))
    guard !findings.isEmpty || format != .table else {
      Console.note("nothing to say about the wording")
      return
    }
    var rows = ResultRows(
      schema: "firebreak.postmortem-lint/1",
      columns: [
        .init("field"), .init("line", alignsRight: true), .init("rule"), .init("words"),
        .init("hint", mayShrink: true),
      ],
      keys: ["field", "line", "rule", "words", "hint"])
    rows.rows = findings.map {
      [.string($0.field), .int(Int64($0.line)), .string($0.rule), .string($0.words), .string($0.hint)]
    }
    rows.write(as: format)
    if !findings.isEmpty { throw ExitStatus.no }
  }

  /// Moments that cannot have been. Only where there are some is the case traced, to know when it began.
  private static func impossibleTimes(_ notes: Annotations, _ path: String) throws -> [Lint.Finding] {
    guard !StatedTimes.all(in: notes).isEmpty,
      notes.lintIgnored?.contains(where: { $0.rule == Lint.impossibleTime && !$0.reason.isEmpty }) != true
    else { return [] }
    let input = try PostmortemCase(path: path)
    var findings: [Lint.Finding] = []
    for incident in 0..<max(1, input.trace.incidents.count) {
      let material = ReportMaterial(facts: input.facts, trace: input.trace, incident: incident)
      for one in material.impossibleTimes {
        let finding = Lint.Finding(
          rule: Lint.impossibleTime, field: one.field, line: 1, words: one.at, hint: one.reason)
        if !findings.contains(finding) { findings.append(finding) }
      }
    }
    return findings
  }
}
