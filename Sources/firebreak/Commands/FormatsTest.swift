import ArgumentParser
import ConsoleOutput
import EvidenceIntake
import IncidentModel
import LogFormats

/// `firebreak formats test`: how each line of a file is read, and why.
struct FormatsTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Show how each line of a file is read.",
    discussion: """
      FILE is a log file, a compressed one, an archive (every member is shown under its name) or a systemd journal; '-' is \
      standard input. Lines are shown as 'firebreak ingest' reads them, one row each; nothing is stored. A definition file \
      (*.json with "kind" and "sample") given as --mapping is checked against its own samples first.

      Exit code 1: no line could be read.
      """)

  @Argument(help: "A log file, an archive, or - for standard input.")
  var file: String

  @OptionGroup var formats: FormatOptions

  @Option(help: "Read with this format instead of electing one.")
  var inputFormat: String?

  @Option(help: ArgumentHelp("Read with the format that this file defines.", valueName: "json"))
  var mapping: String?

  @Option(
    help: ArgumentHelp(
      "Of an archive: only members whose name, or its last part, matches.", valueName: "glob"))
  var member: String?

  @Option(
    help: "Show at most this many lines of each source (default: 100; of each member of an archive, 10).")
  var limit: Int?

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  /// Bytes of a source that are looked at: enough for the lines shown.
  private static let bytes = 8 << 20
  /// Members of an archive that are shown.
  private static let memberLimit = 1000

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
  }

  func run() throws {
    var options = IntakeOptions()
    options.catalog = try formats.catalog()
    let forced = try forcedFormat(options.catalog)
    var report = TrialReport(format: format)
    var rest = 0
    let faults: [String]
    do {
      faults = try SourceBeginnings(of: file, bytes: Self.bytes, options: options).visit(where: isWanted) {
        source in
        guard report.count < Self.memberLimit else {
          rest += 1
          return true
        }
        let lines = limit ?? (source.description.members.isEmpty ? 100 : 10)
        report.add(source, Self.trial(source, options.catalog, forced, lines))
        return true
      }
    } catch let error as IntakeError {
      throw CommandError("\(error)")
    }
    guard report.count > 0 else {
      throw CommandError(
        member.map { "'\(file)' holds no member '\($0)'" } ?? "'\(file)' holds nothing that could be shown"
          + (faults.first.map { ": \($0)" } ?? ""), .no)
    }
    report.finish()
    for fault in faults.prefix(5) { Console.warn(Sanitizer.escape(fault)) }
    if faults.count > 5 { Console.warn("\(faults.count - 5) more faults of the archive") }
    if rest > 0 { Console.note("\(Figures.counted(rest, "member")) more: name one with --member") }
    if !report.readAny { throw ExitStatus.no }
  }

  private func isWanted(_ source: SourceDescription) -> Bool {
    guard let member else { return true }
    return NameMatch.fits(member, source.memberName)
      || source.members.contains { NameMatch.fits(member, $0) }
      || source.members.last?.split(separator: "/").last.map { NameMatch.fits(member, String($0)) } == true
  }

  private func forcedFormat(_ catalog: FormatCatalog) throws -> (any LogFormat)? {
    if let mapping {
      do throws(DefinitionError) {
        return try FormatCatalog.definition(atPath: mapping)
      } catch {
        throw CommandError("cannot use '\(mapping)': \(error.description)", .usage)
      }
    }
    guard let inputFormat else { return nil }
    guard let named = catalog.format(named: inputFormat) else {
      throw CommandError("there is no format '\(inputFormat)': 'firebreak formats' lists them", .usage)
    }
    return named
  }

  /// The reading of one source's beginning, as the ingest would do it.
  private static func trial(
    _ source: SourceBeginning, _ catalog: FormatCatalog, _ forced: (any LogFormat)?, _ limit: Int
  ) -> FormatTrial? {
    var forced = forced
    switch source.content {
    case .records: break
    case .journal: forced = catalog.format(named: "journald-json")
    case .binary where forced != nil: break
    case .binary, .foreign: return nil
    }
    return source.bytes.withUnsafeBytes {
      FormatTrial(
        catalog: catalog, bytes: $0, path: [source.description.path] + source.description.members,
        forced: forced, limit: limit, isWhole: !source.isCut)
    }
  }
}

/// Shows trials one after the other: tables at once, documents at the end.
private struct TrialReport {
  let format: OutputFormat
  /// Sources shown.
  private(set) var count = 0
  /// True once a line was read as something.
  private(set) var readAny = false
  private var rows: ResultRows
  private var sources: [JSONValue] = []

  private static let columns: [(TextTable.Column, String)] = [
    (.init("LINE", alignsRight: true), "line"), (.init("READ AS"), "read_as"), (.init("FORMAT"), "format"),
    (.init("TIME"), "time"), (.init("DEVICE"), "device"), (.init("SEVERITY"), "severity"),
    (.init("PROGRAM"), "program"), (.init("MESSAGE", wraps: true), "message"),
    (.init("FIELDS", wraps: true), "fields"),
  ]

  init(format: OutputFormat) {
    self.format = format
    rows = ResultRows(
      schema: "firebreak.formats-test/1", columns: [.init("SOURCE")] + Self.columns.map(\.0),
      keys: ["source"] + Self.columns.map(\.1))
  }

  mutating func add(_ source: SourceBeginning, _ trial: FormatTrial?) {
    let name = source.description.name
    let cells = trial?.rows.map(Self.cells) ?? []
    if cells.contains(where: { !$0[1].cellText.hasPrefix("refused") && $0[1].cellText != "blank" }) {
      readAny = true
    }
    if format == .table {
      show(source, trial, cells)
    } else {
      rows.rows += cells.map { [.string(name)] + $0 }
      sources.append(
        .object([
          ("source", .string(name)), ("compression", .array(source.compression.map { .string($0) })),
          ("elected", trial.map { .string($0.elected) } ?? .null),
          (
            "candidates",
            .array(
              (trial?.candidates ?? []).map {
                .object([("format", .string($0.name)), ("score", .int(Int64($0.score)))])
              })
          ),
          ("is_cut", .bool(trial?.isCut ?? source.isCut)),
          ("not_read", Self.reason(source, trial).map { .string($0) } ?? .null),
          ("faults", .array(source.faults.map { .string($0) })),
        ]))
    }
    count += 1
  }

  /// Writes what is not written yet.
  mutating func finish() {
    guard format != .table else { return }
    rows.extra = [("sources", .array(sources))]
    rows.write(as: format)
  }

  /// Why nothing of the source is shown.
  private static func reason(_ source: SourceBeginning, _ trial: FormatTrial?) -> String? {
    switch source.content {
    case .foreign(let hint): hint
    case .binary where trial == nil:
      "is no text and no binary format of ours: ingest keeps it as one refused record"
    default: source.bytes.isEmpty ? "is empty" : nil
    }
  }

  private func show(_ source: SourceBeginning, _ trial: FormatTrial?, _ cells: [[JSONValue]]) {
    let isMember = !source.description.members.isEmpty
    if isMember {
      if count > 0 { Console.print("") }
      Console.print(Console.style.bold(Sanitizer.escape(source.description.memberName)))
    }
    if let reason = Self.reason(source, trial) {
      Console.prose(isMember ? "  " + reason : Sanitizer.escape("'\(source.description.name)' \(reason)"))
    } else {
      let texts = cells.map { $0.map(\.cellText) }
      // A column without a value says nothing.
      let shown = Self.columns.indices.filter { column in column < 2 || texts.contains { !$0[column].isEmpty }
      }
      var table = TextTable(shown.map { Self.columns[$0].0 })
      for row in texts { table.append(shown.map { row[$0] }) }
      Console.print(table)
    }
    for fault in source.faults { Console.prose(Sanitizer.escape("damage: \(fault)")) }
    guard let trial, !cells.isEmpty else { return }
    let others = trial.candidates.prefix(4).map { "\($0.name) \($0.score)" }.joined(separator: ", ")
    var words = "elected: \(trial.elected)"
    if source.content == .journal { words = "a systemd journal: its entries" }
    if !others.isEmpty { words += " (scores of 100 a line: \(others))" }
    if !source.compression.isEmpty { words += "; unpacked: \(source.compression.joined(separator: ", "))" }
    if trial.isCut { words += "; more lines follow, see --limit" }
    isMember ? Console.prose(words) : Console.note(words)
  }

  private static func cells(_ row: FormatTrial.Row) -> [JSONValue] {
    [
      .int(Int64(row.line)), .string(row.verdict), .string(row.format), .string(row.time),
      .string(row.device),
      .string(Severity(rawValue: row.severity)?.name ?? ""), .string(row.program), .string(row.message),
      .string(row.fields),
    ]
  }
}
