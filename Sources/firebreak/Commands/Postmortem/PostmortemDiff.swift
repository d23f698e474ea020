import ArgumentParser
import ConsoleOutput
import FoundationEssentials
import PostmortemReport

/// `firebreak postmortem diff`: what changed between two reports.
struct PostmortemDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what changed between two reports (their JSON files).",
    discussion: """
      Everything in them is compared: control block, figures with value, formula and evidence, text, and every cited event with place and \
      message. Order alone is no change. Exit code 0: nothing changed. 1: something did.
      """)

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

  /// A report's JSON, every member of it: what a reader would notice as text, the rest as it stands there.
  private struct Document: Decodable {
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
    struct Text: Decodable {
      var text: String?
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
    struct Block: Decodable {
      var text: Text
      var whole: AnyMember
      init(from decoder: any Decoder) throws {
        text = try Text(from: decoder)
        whole = try AnyMember(from: decoder)
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
    var rejected_origins: AnyMember?
    var metrics: [[String: AnyMember]]
    var sections: [Section]
    var citations: [[String: AnyMember]]?
  }

  private static func flat(_ path: String) throws -> ReportDifference.Flat {
    let bytes = try CommandFile.read(path)
    guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
      document.schema == "firebreak.postmortem/1"
    else {
      throw CommandError("'\(path)' is not a report of schema firebreak.postmortem/1: give a postmortem.json")
    }
    // A figure as it is read comes first; then what it was made of.
    let figures = document.metrics.flatMap { metric -> [(String, String)] in
      let id = metric["id"]?.plain ?? ""
      let members = metric.filter { !["id", "text"].contains($0.key) }.sorted { $0.key < $1.key }
      return [(id, metric["text"]?.plain ?? "")] + members.map { ("\(id).\($0.key)", $0.value.plain) }
    }
    var flat = ReportDifference.Flat(
      control: [
        ("id", document.id), ("title", document.title), ("version", "\(document.version)"),
        ("state", document.state),
        ("tlp", document.tlp), ("audience", document.audience), ("tool", document.tool ?? ""),
        ("input_digest", document.input_digest ?? ""),
        ("rejected_origins", document.rejected_origins?.plain ?? ""),
      ], figures: figures,
      sections: document.sections.map { ($0.id, $0.blocks.flatMap(\.text.lines)) })
    for section in document.sections {
      flat.behind[section.id, default: []] += section.blocks.map(\.whole.plain)
    }
    flat.citations = (document.citations ?? []).enumerated().map { position, citation in
      // Numbers follow from the order; one that does not is part of what is said.
      let isInOrder = citation["number"]?.plain == "\(position + 1)"
      let said = citation.filter { !isInOrder || $0.key != "number" }
      return ("event \(citation["event"]?.plain ?? "")", AnyMember.object(said).plain)
    }
    return flat
  }
}

extension AnyMember {
  /// A string as it is, anything else as JSON with sorted keys.
  fileprivate var plain: String {
    if case .string(let text) = self { return text }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
