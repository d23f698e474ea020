import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import IncidentModel
import TimelineStore

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

  /// Events of a statement that are shown with their texts.
  private static let eventsShown = 2

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
    let masking = Masking(isOn: true)
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
        for id in statement.evidence.prefix(Self.eventsShown) { try show(id, session.reader, masking) }
        if statement.evidence.count > Self.eventsShown {
          let more = statement.evidence.dropFirst(Self.eventsShown)
          let ids = more.prefix(6).map { "\($0.rawValue)" }.joined(separator: " ")
          Console.print(
            Console.style.dim("    and \(more.count) more: \(ids)\(more.count > 6 ? " …" : "")"))
        }
      }
      if !trace.clockSkews.isEmpty {
        Console.note(
          "times in sentences are corrected for clocks that were off; those of events are as they were written"
        )
      }
      Console.note("see one with 'firebreak show EVENT'")
    }
  }
  /// One event in a line: id, time as written, who, and the beginning of what it says.
  private func show(_ id: EventID, _ reader: CaseReader, _ masking: Masking) throws {
    guard let event = try reader.event(id) else { return }
    let time = event.time.map { $0.rfc3339(fractionDigits: 3) } ?? event.stamp ?? "no time"
    let message = masking(event.message).split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
    let line = Sanitizer.escape("\(id.rawValue)  \(time)  \(event.device ?? "-"): \(message)")
    Console.print(Console.style.dim("    " + DisplayWidth.fit(line, 74)))
  }
}
