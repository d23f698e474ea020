import ArgumentParser
import ConsoleOutput
import IncidentModel
import PostmortemReport

/// `firebreak metrics`: every figure of the report, with formula and inputs.
struct Metrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Show every figure of an incident with its value and certainty.",
    discussion: """
      The same figures as in the report. --verbose, or naming figures, shows how each is computed, from what, and why one \
      has no value. 'firebreak incidents' lists the incidents that --incident takes.
      """)

  @Argument(help: "Only these, by id, e.g. ttd doubling_time (default: all).")
  var ids: [String] = []

  @OptionGroup var caseOption: CaseOption

  @Flag(help: "Formula, inputs and remarks of each figure, too.")
  var verbose = false

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
      throw CommandError(
        "there is no figure '\(unknown)'\(Suggestion.sentence(unknown, among: known)); 'firebreak metrics' lists all",
        .usage)
    }
    if format == .table {
      // Who names a figure wants to know all about it.
      if verbose || !ids.isEmpty {
        for metric in figures.all where ids.isEmpty || ids.contains(metric.id.rawValue) { show(metric) }
      } else {
        list(figures)
      }
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

  /// A line for each figure, by what they are about; those without a value come last, by their names.
  private func list(_ figures: MetricSet) {
    let name = figures.all.reduce(0) { max($0, $1.id.rawValue.count) }
    for (heading, range) in figures.groups {
      let known = figures.all[range].filter(\.value.isKnown)
      let unknown = figures.all[range].filter { !$0.value.isKnown }
      guard !known.isEmpty || !unknown.isEmpty else { continue }
      Console.print((heading == figures.groups.first?.heading ? "" : "\n") + Console.style.bold(heading))
      let room = (Console.width ?? 120) - name - 4
      for metric in known {
        let certainty = metric.certainty.rawValue
        let value = DisplayWidth.fit(Sanitizer.escape(metric.fullText), max(16, room - certainty.count - 2))
        Console.print(
          "  " + DisplayWidth.pad(Sanitizer.escape(metric.id.rawValue), name) + "  " + value + "  "
            + Console.style.dim(certainty))
      }
      if !unknown.isEmpty {
        Console.prose(
          Console.style.dim("  no value: " + unknown.map(\.id.rawValue).joined(separator: ", ")), indent: 4)
      }
    }
    Console.note("how each is computed, and why one has no value: 'firebreak metrics NAME' or --verbose")
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
