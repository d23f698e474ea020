import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
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
      columns: [.init("FORMAT"), .init("READS", mayShrink: true), .init("YIELDS", mayShrink: true)],
      keys: ["name", "summary", "yields"])
    let all = try formats.catalog().formats.sorted { $0.name < $1.name }
    if format == .table { return Self.list(all) }
    for known in all {
      let yields: JSONValue =
        format == .json || format == .jsonl
        ? .array(known.yields.map { .string($0) }) : .string(known.yields.joined(separator: ", "))
      rows.rows.append([.string(known.name), .string(known.summary), yields])
    }
    rows.write(as: format)
  }

  /// For people: what a format reads and yields are sentences, too long for the columns of a table.
  private static func list(_ formats: [any LogFormat]) {
    let indent = 2 + (formats.map { DisplayWidth.of($0.name) }.max() ?? 0)
    let room = max(24, min(Console.width ?? 110, 110) - indent)
    let blank = String(repeating: " ", count: indent)
    for format in formats {
      let lines =
        DisplayWidth.wrap(Sanitizer.escape(format.summary), room)
        + DisplayWidth.wrap("fields: " + Sanitizer.escape(format.yields.joined(separator: ", ")), room)
      let name = DisplayWidth.pad(Sanitizer.escape(format.name), indent)
      Console.print(Console.style.bold(name) + (lines.first ?? ""))
      for line in lines.dropFirst() { Console.print(blank + line) }
    }
    Console.note("\(formats.count) formats; 'firebreak formats test FILE' shows how a file is read")
  }
}

/// `firebreak formats test`: how each line of a file is read, and why.
struct FormatsTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Show how each line of a file is read.",
    discussion: """
      FILE is a plain log file ('-' for standard input). A definition file (*.json with "kind" and "sample") given as \
      --mapping is checked against its own samples first. Lines are shown as they are read by 'firebreak ingest', one \
      row each; nothing is stored.
      """)

  @Argument(help: "A log file, or - for standard input.")
  var file: String

  @OptionGroup var formats: FormatOptions

  @Option(help: "Read with this format instead of electing one.")
  var inputFormat: String?

  @Option(help: ArgumentHelp("Read with the format that this file defines.", valueName: "json"))
  var mapping: String?

  @Option(help: "Show at most this many lines.")
  var limit = 100

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func run() throws {
    let catalog = try formats.catalog()
    var forced: (any LogFormat)?
    if let mapping {
      do throws(DefinitionError) {
        forced = try FormatCatalog.definition(atPath: mapping)
      } catch {
        throw CommandError("cannot use '\(mapping)': \(error.description)", .usage)
      }
    } else if let inputFormat {
      forced = catalog.format(named: inputFormat)
      guard forced != nil else {
        throw CommandError("there is no format '\(inputFormat)': 'firebreak formats' lists them", .usage)
      }
    }
    let bytes = try Self.read(file)
    let trial = bytes.withUnsafeBytes {
      FormatTrial(catalog: catalog, bytes: $0, path: [file], forced: forced, limit: limit)
    }
    var rows = ResultRows(
      schema: "firebreak.formats-test/1",
      columns: [
        .init("LINE", alignsRight: true), .init("READ AS"), .init("FORMAT"), .init("TIME"), .init("DEVICE"),
        .init("SEVERITY"),
        .init("PROGRAM"), .init("MESSAGE", mayShrink: true), .init("FIELDS", mayShrink: true),
      ],
      keys: ["line", "read_as", "format", "time", "device", "severity", "program", "message", "fields"])
    for row in trial.rows {
      rows.rows.append([
        .int(Int64(row.line)), .string(row.verdict), .string(row.format), .string(row.time),
        .string(row.device),
        .string(Severity(rawValue: row.severity)?.name ?? ""), .string(row.program), .string(row.message),
        .string(row.fields),
      ])
    }
    if format == .json {
      rows.extra = [
        ("elected", .string(trial.elected)),
        (
          "candidates",
          .array(
            trial.candidates.map {
              .object([("format", .string($0.name)), ("score", .int(Int64($0.score)))])
            })
        ),
      ]
    }
    rows.write(as: format)
    if format == .table {
      let others = trial.candidates.prefix(4).map { "\($0.name) \($0.score)" }.joined(separator: ", ")
      Console.note(
        "elected: \(trial.elected)" + (others.isEmpty ? "" : " (scores of 100 a line: \(others))")
          + (trial.isCut ? "; more lines follow, see --limit" : ""))
    }
  }

  /// The first bytes of a file: enough for the lines shown.
  private static func read(_ path: String) throws -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw CommandError("cannot read '\(path)': \(String(cString: strerror(errno)))")
    }
    defer { if path != "-" { close(descriptor) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < 8 << 20 {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw CommandError("cannot read '\(path)': \(String(cString: strerror(errno)))")
      }
      if count == 0 { break }
      bytes += chunk[0..<count]
    }
    if bytes.starts(with: [0x1F, 0x8B]) {
      throw CommandError("'\(path)' is compressed: try 'gzip -dc \(path) | firebreak formats test -'")
    }
    let containers: [(magic: [UInt8], offset: Int, name: String)] = [
      ([0x50, 0x4B, 3, 4], 0, "a zip archive"), ([0x37, 0x7A, 0xBC, 0xAF], 0, "a 7z archive"),
      (Array("ustar".utf8), 257, "a tar archive"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], 0, "compressed by xz"),
      ([0x28, 0xB5, 0x2F, 0xFD], 0, "compressed by zstd"),
      ([0x04, 0x22, 0x4D, 0x18], 0, "compressed by lz4"),
      (Array("BZh".utf8), 0, "compressed by bzip2"), (Array("LPKSHHRH".utf8), 0, "a systemd journal"),
      (Array("SQLite format 3".utf8), 0, "a database"),
    ]
    for (magic, offset, name) in containers
    where bytes.count > offset + magic.count && bytes[offset...].starts(with: magic) {
      throw CommandError(
        "'\(path)' is \(name), whose lines cannot be shown one by one: 'firebreak ingest \(path)' reads it, "
          + "and 'firebreak formats test' the log files inside once they are unpacked")
    }
    return bytes
  }
}
