import ArgumentParser
import ConsoleOutput
import LogFormats

/// `firebreak formats bench`: what a line costs, by format; for `make bench`.
struct FormatsBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure what reading a line costs, by format.",
    discussion:
      "Every format reads its own samples again and again; CPU time of one thread, best of three rounds.",
    shouldDisplay: false)

  @Option(help: "About this many lines a format.")
  var lines = 100_000

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    guard lines > 0 else { throw ValidationError("--lines must be 1 or more") }
  }

  func run() throws {
    var rows = ResultRows(
      schema: "firebreak.formats-bench/1",
      columns: [
        .init("FORMAT"), .init("BYTES A LINE", alignsRight: true),
        .init("PARSE NS A LINE", alignsRight: true),
        .init("TEMPLATE NS A LINE", alignsRight: true), .init("ALLOCATIONS A LINE", alignsRight: true),
      ],
      keys: ["format", "bytes_per_line", "parse_ns_per_line", "template_ns_per_line", "allocations_per_line"])
    for figure in FormatBenchmark.run(lines: lines) {
      rows.rows.append([
        .string(figure.format), .int(Int64(figure.bytesPerLine.rounded())),
        .int(Int64(figure.parse.rounded())),
        .int(Int64(figure.mine.rounded())),
        figure.allocations.map { .double(($0 * 100).rounded() / 100) } ?? .null,
      ])
    }
    rows.write(as: format)
  }
}
