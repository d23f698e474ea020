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

  @Flag(help: "Exit with 1 where a format calls the allocator for its events.")
  var check = false

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
        .init("DETECT NS", alignsRight: true), .init("PARSE NS", alignsRight: true),
        .init("TEMPLATE NS", alignsRight: true), .init("ALLOCATIONS", alignsRight: true),
      ],
      keys: [
        "format", "bytes_per_line", "detect_ns_per_line", "parse_ns_per_line", "template_ns_per_line",
        "allocations_per_event",
      ])
    var wasteful: [String] = []
    for figure in FormatBenchmark.run(lines: lines) {
      if check, figure.allocations == nil {
        throw CommandError("nobody counts the calls of the allocator: run .ci/bench-formats", .usage)
      }
      if figure.allocations ?? 0 > 0 { wasteful.append(figure.format) }
      rows.rows.append([
        .string(figure.format), .int(Int64(figure.bytesPerLine.rounded())),
        .int(Int64(figure.detect.rounded())), .int(Int64(figure.parse.rounded())),
        .int(Int64(figure.mine.rounded())),
        figure.allocations.map { .double(($0 * 100).rounded() / 100) } ?? .null,
      ])
    }
    rows.write(as: format)
    let measured = Set(rows.rows.map { $0[0].cellText })
    let missing = AllFormats.list.map(\.name).filter { !measured.contains($0) }
    if !missing.isEmpty {
      Console.note("without a sample that is an event, not measured: \(missing.joined(separator: ", "))")
    }
    guard check else { return }
    guard wasteful.isEmpty else {
      throw CommandError(
        "these formats call the allocator for their events: \(wasteful.joined(separator: ", "))", .no)
    }
    Console.note("no format calls the allocator for an event")
  }
}
