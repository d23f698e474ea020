import ArgumentParser
import ConsoleOutput
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// `firebreak playbook list`.
struct PlaybookList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the playbooks that can be given by name, and what each is for.",
    discussion:
      "Looks in FIREBREAK_PLAYBOOKS, in ./Playbooks, in Playbooks beside the program, in those installed with it, and in "
      + "those of the repository that it was built in, and says where that is. Exit code 1: there are none.")

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    var rows = ResultRows(
      schema: "firebreak.playbook-list/1",
      columns: [
        .init("NAME"), .init("STATE"), .init("FOR", mayShrink: true), .init("FILE", mayShrink: true),
      ],
      keys: ["name", "state", "for", "file"])
    for (name, path) in PlaybookFiles.installed() {
      let document = PlaybookDocument(reading: try PlaybookFiles.read(path), now: SystemClock().wallTime())
      rows.rows.append([
        .string(Sanitizer.escape(name)), .string(document.verdict.rawValue),
        .string(Sanitizer.escape(document.root?["description"]?.text ?? "")), .string(Sanitizer.escape(path)),
      ])
    }
    if rows.rows.isEmpty {
      if format != .table { rows.write(as: format) }
      Console.note(
        "no playbooks in \(Sanitizer.escape(PlaybookFiles.searched)); FIREBREAK_PLAYBOOKS names another folder"
      )
      throw ExitStatus.no
    }
    guard format == .table else { return rows.write(as: format) }
    for row in rows.rows {
      guard case .string(let name) = row[0], case .string(let state) = row[1],
        case .string(let about) = row[2],
        case .string(let path) = row[3]
      else { continue }
      Console.print(Console.style.bold(name) + (state == "valid" ? "" : "  (\(state))"))
      for line in Paragraph.lines("  " + about, width: Console.width) { Console.print(line) }
      Console.print("  " + Console.style.dim(path))
    }
    Console.note("looked in \(Sanitizer.escape(PlaybookFiles.searched)); the first that has a name counts")
  }
}

/// How far apart two names are.
enum NearNames {
  /// Characters to insert, delete or replace (Levenshtein).
  static func distance(_ a: String, _ b: String) -> Int {
    EditDistance.between(Array(a.prefix(100)), Array(b.prefix(100)))
  }
}

/// Text that keeps its indentation when it is broken into lines.
enum Paragraph {
  /// Lines of at most `width` columns; the first keeps its indent, the others get four more. Nil keeps it in one line.
  static func lines(_ text: String, width: Int?) -> [String] {
    guard let width, DisplayWidth.of(text) > width else { return [text] }
    let margin = String(text.prefix { $0 == " " })
    // Runs of blanks inside set columns: they stay.
    let hanging = margin + "    "
    var result: [String] = []
    for line in DisplayWidth.wrap(
      String(text.dropFirst(margin.count)).replacing("  ", with: "\u{A0}\u{A0}"),
      max(20, width - hanging.count))
    {
      result.append((result.isEmpty ? margin : hanging) + line.replacing("\u{A0}", with: " "))
    }
    return result
  }
}
