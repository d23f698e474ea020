import ArgumentParser
import ConsoleOutput
import FoundationEssentials
import PostmortemReport

/// `firebreak postmortem diff`: what changed between two reports.
struct PostmortemDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what changed between two reports (their JSON files).",
    discussion: "Exit code 0: nothing changed. 1: something did.")

  @Argument(help: "The older report's postmortem.json.")
  var old: String

  @Argument(help: "The newer report's postmortem.json.")
  var new: String

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    let changes = ReportDifference(from: try Self.flat(old), to: try Self.flat(new)).changes
    guard !changes.isEmpty || format != .table else {
      Console.note("the reports say the same")
      return
    }
    var rows = ResultRows(
      schema: "firebreak.postmortem-diff/1",
      columns: [
        .init("kind"), .init("subject"), .init("before", wraps: true), .init("after", wraps: true),
      ],
      keys: ["kind", "subject", "before", "after"])
    rows.rows = changes.map {
      [.string($0.kind), .string($0.subject), .string($0.before ?? ""), .string($0.after ?? "")]
    }
    rows.write(as: format)
    if !changes.isEmpty { throw ExitStatus.no }
  }

  /// The parts of a report's JSON that a reader would notice.
  private struct Document: Decodable {
    struct Metric: Decodable {
      var id: String
      var text: String
    }
    struct Section: Decodable {
      var id: String
      var blocks: [Block]
    }
    struct Line: Decodable {
      var term: String?
      var title: String?
      var text: String?
    }
    struct Table: Decodable {
      var caption: String
      var rows: [[String]]
    }
    struct Block: Decodable {
      var type: String
      var text: String?
      var title: String?
      var description: String?
      var items: [Line]?
      var facts: [Line]?
      var moments: [Line]?
      var caption: String?
      var rows: [[String]]?
      var table: Table?

      var lines: [String] {
        var result = [text, description].compactMap { $0 }
        for line in (items ?? []) + (facts ?? []) + (moments ?? []) {
          result.append([line.term ?? line.title, line.text].compactMap { $0 }.joined(separator: ": "))
        }
        for row in rows ?? [] { result.append("\(caption ?? ""): " + row.joined(separator: " | ")) }
        for row in table?.rows ?? [] {
          result.append("\(table?.caption ?? ""): " + row.joined(separator: " | "))
        }
        return result
      }
    }
    var schema: String
    var id: String
    var title: String
    var version: Int
    var state: String
    var tlp: String
    var audience: String
    var tool: String?
    var input_digest: String?
    var metrics: [Metric]
    var sections: [Section]
  }

  private static func flat(_ path: String) throws -> ReportDifference.Flat {
    let bytes = try CommandFile.read(path)
    guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
      document.schema == "firebreak.postmortem/1"
    else {
      throw CommandError("'\(path)' is not a report of schema firebreak.postmortem/1: give a postmortem.json")
    }
    return ReportDifference.Flat(
      control: [
        ("id", document.id), ("title", document.title), ("version", "\(document.version)"),
        ("state", document.state),
        ("tlp", document.tlp), ("audience", document.audience), ("tool", document.tool ?? ""),
        ("input_digest", document.input_digest ?? ""),
      ], figures: document.metrics.map { ($0.id, $0.text) },
      sections: document.sections.map { ($0.id, $0.blocks.flatMap(\.lines)) })
  }
}
