import ArgumentParser
import ConsoleOutput
import Glibc
import LogFormats

/// Where formats beside the built-in ones come from.
struct FormatOptions: ParsableArguments {
  @Option(
    name: .customLong("formats"),
    help: ArgumentHelp(
      "Folder of format definitions (*.json), beside the user's own in $XDG_CONFIG_HOME/firebreak/formats.",
      valueName: "dir"))
  var folder: String?

  /// The formats of this session. Definitions of the user's own folder that cannot be used are warned of; those of
  /// `--formats` end the command.
  func catalog() throws -> FormatCatalog {
    var catalog = FormatCatalog()
    if let own = Self.ownFolder() {
      for (file, error) in catalog.addFormats(fromFolder: own) {
        Console.warn("format '\(Sanitizer.escape(file))' is left out: \(Sanitizer.escape(error.description))")
      }
    }
    if let folder {
      if let (file, error) = catalog.addFormats(fromFolder: folder).first {
        throw CommandError("cannot use format '\(file)': \(error.description)", .usage)
      }
    }
    return catalog
  }

  /// The user's folder of formats, where it exists.
  private static func ownFolder() -> String? {
    let environment = Console.environment
    var base = environment["XDG_CONFIG_HOME"] ?? ""
    if base.isEmpty, let home = environment["HOME"], !home.isEmpty { base = "\(home)/.config" }
    guard !base.isEmpty else { return nil }
    let path = "\(base)/firebreak/formats"
    return access(path, R_OK) == 0 ? path : nil
  }
}

/// `firebreak formats`: the formats that can be read, and how a file is read.
struct Formats: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formats",
    abstract: "List the log formats, or show how a file is read.",
    discussion: "Docs/AddALogFormat.md shows how to add one.",
    subcommands: [FormatsList.self, FormatsTest.self, FormatsBench.self], defaultSubcommand: FormatsList.self)
}

/// `firebreak formats list`.
struct FormatsList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the log formats and what each yields.")

  @OptionGroup var formats: FormatOptions

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    var rows = ResultRows(
      schema: "firebreak.formats/1",
      columns: [.init("FORMAT"), .init("READS", wraps: true), .init("YIELDS", wraps: true)],
      keys: ["name", "summary", "yields"])
    for known in try formats.catalog().formats.sorted(by: { $0.name < $1.name }) {
      let yields: JSONValue =
        format == .json || format == .jsonl
        ? .array(known.yields.map { .string($0) }) : .string(known.yields.joined(separator: ", "))
      rows.rows.append([.string(known.name), .string(known.summary), yields])
    }
    rows.write(as: format)
  }
}
