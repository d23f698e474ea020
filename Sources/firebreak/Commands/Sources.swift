import ArgumentParser
import ConsoleOutput
import IncidentModel
import TimelineStore

/// `firebreak sources`: what was read, and what became of every byte of it.
struct Sources: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sources",
    abstract: "List the sources of a case: format, bytes, events, what was refused or damaged.",
    discussion:
      """
      A source is a file or a member of an archive. --verbose adds damage, decisions (zone, year, format) and sources that \
      were skipped because their content was there already. --refused lists the lines that no format could read. --gaps adds stretches in which nothing was written down; they \
      are worked out at the first call, as 'firebreak silence' does.
      """
  )

  @OptionGroup var caseOption: CaseOption

  @Flag(help: "Damage, decisions and skipped duplicates too.")
  var verbose = false

  @Flag(help: "Stretches in which a source has nothing, too.")
  var gaps = false

  @Flag(help: "The lines that could not be read, each with its place and the reason, instead of the sources.")
  var refused = false

  @Option(help: ArgumentHelp("With --refused: at most this many lines.", valueName: "count"))
  var limit = 100

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit is 1 or more") }
  }

  func run() throws {
    let reader = try caseOption.openReader()
    if refused { return try RefusedLines.write(reader, limit: limit, as: format) }
    let sources = try reader.sources()
    let isTable = format == .table
    let silent = gaps ? try gapsBySource(reader) : [:]
    let duplicates = try reader.duplicateSources()
    if isTable {
      printTable(sources, silent)
    } else {
      let keys = Self.keys + (gaps ? ["gaps"] : [])
      var rows = ResultRows(schema: "firebreak.sources/1", columns: keys.map { .init($0) }, keys: keys)
      let names = Dictionary(sources.map { ($0.ordinal, $0.name) }) { first, _ in first }
      rows.extra = [
        ("case", .string(reader.path)),
        (
          "duplicates",
          .array(
            duplicates.map {
              .object([("source", .string($0.source.name)), ("same_as", .string(names[$0.kept] ?? ""))])
            })
        ),
      ]
      let remarks = try reader.remarksBySource()
      for source in sources {
        rows.rows.append(
          values(source, remarks[source.ordinal] ?? ([], []))
            + (gaps ? [Self.json(silent[source.ordinal] ?? [])] : []))
      }
      rows.write(as: format)
    }
    if isTable, gaps { printGaps(sources, silent) }
    if isTable, verbose { printDuplicates(duplicates, sources) }
    if isTable, verbose { try printRemarks(sources, reader) }
    if sources.isEmpty { throw ExitStatus.no }
  }

  private static let keys = [
    "source", "path", "members", "sha256", "format", "compression", "stored_bytes", "bytes", "accounted",
    "counts", "events",
    "first_event", "first", "last", "modified", "damage", "decisions",
  ]

  /// The folders that all names begin with, with the last `/`.
  static func commonFolder(_ names: [String]) -> String {
    guard let first = names.first, names.count > 1 else { return "" }
    var common = first.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    for name in names {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      common = common.prefix(zip(common, parts.dropLast()).prefix { $0 == $1 }.count)
    }
    return common.isEmpty ? "" : common.joined(separator: "/") + "/"
  }

  private func gapsBySource(_ reader: CaseReader) throws -> [Int64: [Silence]] {
    let found = try SilenceDerivation.current(reader)
    Findings.warn(found.notKept)
    return Dictionary(grouping: found.silences.filter { $0.scope != .device }) { $0.source ?? -1 }
  }

  private static func json(_ gaps: [Silence]) -> JSONValue {
    .array(
      gaps.map { gap in
        .object([
          ("scope", .string(gap.scope.rawValue)),
          ("from", .string(Instant(nanoseconds: gap.from).rfc3339(fractionDigits: 9))),
          ("to", gap.to.map { .string(Instant(nanoseconds: $0).rfc3339(fractionDigits: 9)) } ?? .null),
          ("missed", .int(gap.missed)),
        ])
      })
  }

  private func printGaps(_ sources: [SourceEntry], _ silent: [Int64: [Silence]]) {
    for source in sources {
      guard let gaps = silent[source.ordinal] else { continue }
      Console.print("")
      Console.print(Console.style.bold(Sanitizer.escape(source.name)))
      for gap in gaps.prefix(20) {
        let seconds = Double((gap.to ?? gap.from) - gap.from) / 1e9
        Console.print(
          "  nothing   from \(Instant(nanoseconds: gap.from)) for \(Figures.duration(seconds: seconds)): about "
            + "\(Figures.counted(gap.missed, "event")) would have come")
      }
      if gaps.count > 20 { Console.print("  … \(Figures.grouped(gaps.count - 20)) more (--format json)") }
    }
  }

  private func printDuplicates(
    _ duplicates: [(source: SourceDescription, kept: Int64)], _ sources: [SourceEntry]
  ) {
    guard !duplicates.isEmpty else { return }
    Console.print("")
    Console.print(Console.style.bold("Skipped: the same content was there already"))
    let names = Dictionary(sources.map { ($0.ordinal, $0.name) }) { first, _ in first }
    for one in duplicates {
      let kept = names[one.kept] ?? ""
      Console.print(Sanitizer.escape("  \(one.source.name) is \(kept)"))
    }
  }

  private func printTable(_ sources: [SourceEntry], _ silent: [Int64: [Silence]]) {
    let folder = Self.commonFolder(sources.map(\.name))
    if !folder.isEmpty { Console.print("in \(Sanitizer.escape(folder))") }
    let time = NarrowTable.timeFormat(sources.flatMap { [$0.firstTime, $0.lastTime] })
    func some(_ number: UInt64) -> String { number == 0 ? "" : Figures.grouped(number) }
    var columns: [(TextTable.Column, [String])] = [
      (.init("format"), sources.map(\.format)),
      (.init("size", alignsRight: true), sources.map { Figures.bytes($0.bytes) }),
      (.init("events", alignsRight: true), sources.map { Figures.grouped($0.events.count) }),
      (.init("refused", alignsRight: true), sources.map { some($0.linesBy.refused) }),
      (.init("damage", alignsRight: true), sources.map { some(UInt64(clamping: $0.damage)) }),
      (.init("gaps", alignsRight: true), sources.map { some(UInt64(silent[$0.ordinal]?.count ?? 0)) }),
      (.init("first"), sources.map { time($0.firstTime) }),
      (.init("last"), sources.map { time($0.lastTime) }),
    ]
    // A column without a value says nothing.
    columns.removeAll { column, cells in
      ["refused", "damage", "gaps"].contains(column.title) && !cells.contains { !$0.isEmpty }
    }
    var table = TextTable([.init("source", wraps: true)] + columns.map(\.0))
    for (index, source) in sources.enumerated() {
      table.append([String(source.name.dropFirst(folder.count))] + columns.map { $0.1[index] })
    }
    Console.print(table)
  }

  private func values(
    _ source: SourceEntry, _ said: (damage: [SourceRemark], decisions: [SourceRemark])
  ) -> [JSONValue] {
    func time(_ instant: Instant?) -> JSONValue {
      instant.map { .string($0.rfc3339(fractionDigits: 9)) } ?? .null
    }
    func number(_ value: UInt64) -> JSONValue { .int(Int64(clamping: value)) }
    func tally(_ tally: Tally) -> JSONValue {
      .object([
        ("events", number(tally.events)), ("continuations", number(tally.continuations)),
        ("blanks", number(tally.blanks)),
        ("structure", number(tally.structure)), ("refused", number(tally.refused)),
        ("damaged", number(tally.damaged)),
      ])
    }
    func remarks(_ list: [SourceRemark], _ names: (String, String, String)) -> JSONValue {
      .array(
        list.map {
          .object([
            (names.0, .string($0.subject)), (names.1, .string($0.value)), (names.2, .string($0.reason)),
          ])
        })
    }
    return [
      .int(source.ordinal), .string(source.description.path),
      .array(source.description.members.map { .string($0) }),
      .string(source.sha256), .string(source.format), .array(source.compression.map { .string($0) }),
      number(source.storedBytes), number(source.bytes), tally(source.bytesBy), tally(source.linesBy),
      .int(Int64(source.events.count)), source.events.isEmpty ? .null : .int(source.events.lowerBound),
      time(source.firstTime), time(source.lastTime), time(source.modified),
      remarks(said.damage, ("kind", "place", "note")),
      remarks(said.decisions, ("subject", "value", "reason")),
    ]
  }

  private func printRemarks(_ sources: [SourceEntry], _ reader: CaseReader) throws {
    let remarks = try reader.remarksBySource()
    for source in sources {
      guard let said = remarks[source.ordinal], !said.damage.isEmpty || !said.decisions.isEmpty else {
        continue
      }
      Console.print("")
      Console.print(Console.style.bold(Sanitizer.escape(source.name)))
      for one in said.damage {
        Console.prose(
          Sanitizer.escape("  damage    \(one.subject) at \(one.value): \(one.reason)"), indent: 12)
      }
      for one in said.decisions {
        Console.prose(
          Sanitizer.escape("  \(DisplayWidth.pad(one.subject, 8))  \(one.value): \(one.reason)"), indent: 12)
      }
    }
  }
}
