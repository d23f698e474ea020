import ArgumentParser
import ConsoleOutput
import IncidentModel
import PostmortemReport

/// `firebreak metrics`: every figure of the report, with formula and inputs.
struct Metrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show every figure of an incident with its formula, inputs and certainty.",
    discussion: "The same figures as in the report. What has no value says why.")

  @Argument(help: "Only these, by id, e.g. ttd doubling_time (default: all).")
  var ids: [String] = []

  @OptionGroup var caseOption: CaseOption

  @Option(help: "Which incident of the trace, 1 being the largest.")
  var incident: Int = 1

  @Option(help: "Number of the stored trace to pin (default: the latest).")
  var trace: Int64?

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    guard incident >= 1 else { throw ValidationError("--incident is 1 or more") }
  }

  func run() throws {
    let path = try caseOption.existingPath()
    var input = try PostmortemCase(path: path, number: trace)
    CaseOption.announce(path, newest: input.facts.newestEvidence)
    try input.choose(incident: incident - 1)
    let figures = ReportMaterial(facts: input.facts, trace: input.trace, incident: incident - 1).figures
    let known = Set(figures.all.map(\.id.rawValue))
    if let unknown = ids.first(where: { !known.contains($0) }) {
      throw CommandError("there is no figure '\(unknown)'; 'firebreak metrics' lists all", .usage)
    }
    if format == .table {
      for metric in figures.all where ids.isEmpty || ids.contains(metric.id.rawValue) { show(metric) }
      return
    }
    let more = ["title", "status", "inputs", "events", "remark"]
    var rows = ResultRows(
      schema: "firebreak.metrics/1",
      columns: [],
      keys: ["id", "value", "certainty", "formula"] + more)
    for metric in figures.all where ids.isEmpty || ids.contains(metric.id.rawValue) {
      var row: [JSONValue] = [
        .string(metric.id.rawValue), .string(metric.fullText), .string(metric.certainty.rawValue),
        .string(metric.formula),
      ]
      row += [
        .string(metric.title), .string(metric.value.status),
        .array(metric.inputs.map { .string($0.rawValue) }),
        .array(metric.evidence.map { .int($0.rawValue) }), .string(metric.remark),
      ]
      rows.rows.append(row)
    }
    rows.write(as: format)
  }

  /// One figure as a block: a formula is a sentence and fits into no column.
  private func show(_ metric: Metric) {
    let width = max(20, Console.width ?? 100)
    Console.print(Console.style.bold(Sanitizer.escape(metric.id.rawValue)))
    for (name, text) in [
      ("", metric.title), ("value", "\(metric.fullText) (\(metric.certainty.rawValue))"),
      ("formula", metric.formula), ("inputs", metric.inputs.map(\.rawValue).joined(separator: ", ")),
      ("remark", metric.remark),
    ] where !text.isEmpty {
      let label = name.isEmpty ? "" : name + ": "
      for (index, part) in DisplayWidth.wrap(Sanitizer.escape(label + text), width - 4).enumerated() {
        Console.print((index == 0 ? "  " : "    ") + part)
      }
    }
  }
}
