import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import IncidentModel

/// `firebreak explain`: why this onset, why this parent, why not that one.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why an entity is taken for failed, and why by this parent and not by that one.",
    discussion: "SUBJECT is the name of an entity, or an edge as FROM->TO.")

  @Argument(help: "An entity, or FROM->TO.")
  var subject: String

  @OptionGroup var location: CaseOption

  @Option(help: "table or json.")
  var format: OutputFormat = .table

  func validate() throws {
    guard format == .table || format == .json else { throw ValidationError("--format is table or json here") }
  }

  func run() throws {
    let session = try TraceSession(path: try location.announcedPath())
    let trace = session.trace()
    let explanation = trace.explanation(of: subject)
    guard !explanation.isEmpty else {
      let isKnown = session.evidence.devices.contains(subject)
      throw CommandError(
        isKnown
          ? "'\(subject)' did not fail, as far as this case tells: nothing it said was unusual, and nobody reported it"
          : "'\(subject)' is no entity or edge of this trace: see 'firebreak devices' and 'firebreak trace'",
        .no)
    }
    switch format {
    case .json:
      Console.print(
        JSONValue.object([
          ("schema", .string("firebreak.explain/1")), ("subject", .string(subject)),
          (
            "statements",
            .array(
              explanation.map { statement in
                .object([
                  ("text", .string(statement.text)),
                  ("probability", statement.probability.map { .double($0) } ?? .null),
                  ("words", statement.probability.map { .string(EstimativeWords.of($0)) } ?? .null),
                  ("evidence", .array(statement.evidence.map { .int($0.rawValue) })),
                ])
              })
          ),
        ]).prettyText())
    case .table, .jsonl, .csv:
      for statement in explanation {
        var text = Sanitizer.escape(statement.text)
        if let probability = statement.probability {
          text += " (\(EstimativeWords.of(probability)), \(Figures.percent(min(0.99, probability))))"
        }
        for (index, line) in DisplayWidth.wrap(text, 76).enumerated() {
          Console.print((index == 0 ? "- " : "  ") + line)
        }
        guard !statement.evidence.isEmpty else { continue }
        let ids = statement.evidence.prefix(8).map { "\($0.rawValue)" }.joined(separator: " ")
        Console.print(Console.style.dim("  events: \(ids)") + (statement.evidence.count > 8 ? " …" : ""))
      }
      Console.note("see one with 'firebreak show EVENT'")
    }
  }
}
