import ArgumentParser
import ConsoleOutput
import PostmortemReport

/// `firebreak postmortem lint`: hints on the wording of people's notes.
struct PostmortemLint: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Look for blame, vagueness, local times and promises in the notes.",
    discussion:
      "Exit code 1: there are hints. 'lintIgnored' in the notes lists rules to ignore, each with a reason.")

  @OptionGroup var caseOption: CaseOption

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    let reader = try caseOption.openReader()
    let findings = Lint.findings(in: try AnnotationStore.read(reader))
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
}
