import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import TimelineStore

/// `firebreak query`: events that match an expression, counted or listed; or SQL.
struct Query: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Find, count or chart events by an expression.",
    discussion: """
      firebreak query 'device:gw-* severity>=error text:"battery low"'
      firebreak query 'since:2026-04-07T09:00Z until:+30m temp_c>60'
      firebreak query --count-by site,hour 'severity>=error'
      firebreak query --sql 'SELECT device, count(*) FROM timeline GROUP BY 1'

      Conditions side by side must all hold; AND, OR, NOT and parentheses combine them. 'severity>=error' means error or \
      worse. attr.x is a column of the inventory, field.x a field of the event, a bare x the column, else the field. A word \
      without a name is looked for in the message. * and ? are wildcards outside quotes. Times are UTC unless they say \
      otherwise; until:+30m counts from since:, since:-2h back from the newest evidence. Docs/QueryLanguage.md says it all.

      attr.x knows the names that the inventory lists; what it leaves out under other names of these devices is said, and \
      identity:NAME finds all names of one.

      A name that nothing in the case has is an error. In --sql, severity in the view 'timeline' is text; in 'event' \
      and in the segments it is a number from 0 (emergency) to 7 (debug). Docs/CaseFile.md lists the tables.

      Passwords, keys and tokens in the evidence are shown as [masked] unless --reveal is given; secret:* finds the events of \
      templates that hold some.

      Exit code 1: nothing matches.
      """)

  @Argument(help: "The expression (default: every event). Quote it for the shell.")
  var expression: [String] = []

  @OptionGroup var caseOption: CaseOption

  @Option(help: ArgumentHelp("Count instead of listing, e.g. device,hour.", valueName: "KEY,…"))
  var countBy: String?

  @Flag(help: "Show how many events there are over time.")
  var histogram = false

  @Option(help: "Run one SELECT in SQLite's language on the case, read-only.")
  var sql: String?

  @Option(parsing: .unconditional, help: "At most this many rows (default: all).")
  var limit: Int?

  @Flag(help: "Newest first.")
  var newest = false

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  /// Whose clock times go by.
  enum ClockName: String, CaseIterable, ExpressibleByArgument { case original, corrected }

  @Option(
    help:
      "Whose clock bounds, order and counts go by: original (as written) or corrected (see 'firebreak clocks')."
  )
  var clock: ClockName = .original

  @OptionGroup var revealing: RevealOption

  @Option(parsing: .unconditional, help: "Seconds that --sql may take.")
  var timeout: Double = 30

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
    if sql != nil, !expression.isEmpty || countBy != nil || histogram || newest {
      throw ValidationError("--sql stands alone: write the conditions in SQL")
    }
    if countBy != nil, histogram { throw ValidationError("give --count-by or --histogram, not both") }
    guard timeout > 0, timeout <= 86_400 else {
      throw ValidationError("--timeout is more than 0 seconds, at most a day")
    }
  }

  func run() throws {
    Interrupt.endAtOnce()
    let reader = try openReader()
    // Words that the shell took apart belong together.
    let text = expression.joined(separator: " ")
    var masking = try revealing.masking(reader, command: "query", subject: sql ?? text)
    if let sql { return try runSQL(sql, reader, &masking) }
    let query: EventQuery
    let found: Bool
    do {
      query = try reader.query(
        text, clock: clock == .corrected ? .corrected : .original,
        wanted: countBy == nil && !histogram ? limit : nil)
      try StaleTraces.warn(query.resolvedExpression, reader)
      if let countBy {
        found = try count(reader, query, text, countBy, masking)
      } else if histogram {
        found = try chart(reader, query, text)
      } else {
        found = try list(reader, query, text, masking)
      }
    } catch let error as QueryError {
      throw QueryMistake(error).commandError
    }
    if !found {
      for hint in try reader.hints(query) + otherNames(reader, query) + unseenNames(reader, query, found) {
        Console.note(Sanitizer.escape(hint))
      }
      if format == .table { Console.note("no event matches") }
      throw ExitStatus.no
    }
    for hint in try unseenNames(reader, query, found) { Console.note(Sanitizer.escape(hint)) }
  }

  /// Conditions on the inventory's columns see the names that it lists. What speaks under others is said, not left out in silence.
  private func unseenNames(_ reader: CaseReader, _ query: EventQuery, _ found: Bool) throws -> [String] {
    guard query.asksInventory(of: reader) else { return [] }
    // Where names were joined, the joins are looked at alone; else who speaks is compared with who is listed.
    let areJoined = try reader.derivation(DeviceAliases.subject) != nil
    guard try areJoined || reader.hasUnlistedSpeakers() else { return [] }
    // Who found nothing needs the answer; elsewhere the joins are not worth reading all events for.
    if !found {
      _ = try DeviceAliases.current(reader)
    } else if !areJoined {
      return [
        "conditions on the inventory see the names that it lists, and others speak here, too; "
          + "'firebreak devices --aliases' finds which of them are other names of a device"
      ]
    }
    let unseen = try CaseReader(path: reader.path).unseenNames(query)
    guard unseen.count > 0 else { return [] }
    let names = unseen.first.map { "'\($0)'" }.joined(separator: ", ")
    return [
      "left out: \(Figures.counted(unseen.events, "event")) under \(Figures.counted(unseen.count, "other name")) of devices "
        + "that fit, since the inventory does not list \(unseen.count == 1 ? "it" : "them") (\(names)"
        + "\(unseen.count > unseen.first.count ? ", …" : "")); identity:NAME asks for all names of a device"
    ]
  }

  /// Devices that are asked for by a name under which nothing was said, and have others.
  private func otherNames(_ reader: CaseReader, _ query: EventQuery) throws -> [String] {
    let names = query.namedDevices
    guard !names.isEmpty else { return [] }
    let aliases = try DeviceAliases.current(reader).aliases
    return names.compactMap { name in
      let others = aliases.others(than: name)
      guard !others.isEmpty else { return nil }
      return
        "'\(name)' is also \(others.prefix(3).map { "'\($0)'" }.joined(separator: ", "))\(others.count > 3 ? ", …" : ""); "
        + "identity:\(name) asks for all of its names"
    }
  }

  /// The case, with its corrections where times shall go by them.
  private func openReader() throws -> CaseReader {
    let reader = try caseOption.openReader()
    if clock == .original { return reader }
    if sql != nil {
      throw CommandError("--clock and --sql do not go together: select from corrected_time", .usage)
    }
    let derived = try ClockDerivation.current(reader)
    guard derived.isNew else { return reader }
    if let why = derived.notKept {
      throw CommandError(
        "cannot go by corrected times: they have to be worked out and kept in the case first, and cannot (\(why)); "
          + "copy the case to where it can be written")
    }
    // What was just kept is read with a new look at the case.
    return try CaseReader(path: reader.path)
  }

  private func list(
    _ reader: CaseReader, _ query: EventQuery, _ text: String, _ masking: Masking
  ) throws -> Bool {
    var writer = EventWriter(
      format: format, reader: reader, expression: text, isCorrected: clock == .corrected)
    var given = 0
    do {
      // One more than the limit tells whether there is more.
      try reader.forEachEvent(
        matching: query, order: newest ? .newestFirst : .oldestFirst,
        limit: limit.map { $0 < Int.max ? $0 + 1 : $0 }
      ) { event in
        if let limit, given == limit {
          given += 1
          return false
        }
        given += 1
        writer.add(masking(event))
        return true
      }
    } catch {
      writer.writePending()
      throw error
    }
    let isCut = limit.map { given > $0 } ?? false
    writer.finish(limitReached: isCut)
    if isCut, let limit { Console.note("there are more than \(Figures.grouped(limit)) (--limit)") }
    return given > 0
  }

  private func count(
    _ reader: CaseReader, _ query: EventQuery, _ text: String, _ keys: String, _ masking: Masking
  ) throws -> Bool {
    let names = keys.split(separator: ",", omittingEmptySubsequences: false).map { part in
      String(part.drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed())
    }
    guard !names.contains("") else {
      throw CommandError(
        "--count-by has an empty key: \(CountKey.names.joined(separator: " ")) attr.x field.x", .usage)
    }
    var counts = try reader.counts(matching: query, by: names.map(CountKey.init(name:)))
    let total = counts.reduce(0) { $0 + $1.events }
    let groups = counts.count
    if let limit { counts = Array(counts.prefix(limit)) }
    // A span of time says when by itself.
    let keys = names.map(CountKey.init(name:))
    let hasTime = keys.contains { if case .time = $0 { true } else { false } }
    var rows = ResultRows(
      schema: "firebreak.query/1",
      columns: names.map { .init($0, wraps: true) } + [.init("events", alignsRight: true)]
        + (hasTime ? [] : [.init("first"), .init("last")]),
      keys: names + ["events"] + (hasTime ? [] : ["first", "last"]))
    rows.extra = [
      ("case", .string(reader.path)), ("expression", .string(text)), ("total", .int(total)),
      ("groups", .int(Int64(groups))),
    ]
    for count in counts {
      rows.rows.append(
        zip(names, count.values).map { name, value in
          value.map { .string(masking($0, name: name)) } ?? .null
        } + [.int(count.events)]
          + (hasTime ? [] : [time(count.first), time(count.last)]))
    }
    rows.write(as: format)
    if counts.count < groups {
      Console.note(
        "\(Figures.grouped(groups - counts.count)) more \(groups - counts.count == 1 ? "group" : "groups") (--limit)"
      )
    }
    return total > 0
  }

  private func time(_ instant: Instant?) -> JSONValue { instant.map { .string($0.description) } ?? .null }

  private func chart(_ reader: CaseReader, _ query: EventQuery, _ text: String) throws -> Bool {
    let histogram = try reader.histogram(matching: query, maximumBins: limit ?? 40)
    let most = histogram?.bins.map(\.events).max() ?? 0
    let barWidth = max(10, (Console.width ?? 80) - 45)
    var rows = ResultRows(
      schema: "firebreak.query/1",
      columns: [.init("time"), .init("events", alignsRight: true), .init("errors", alignsRight: true)]
        + (format == .table ? [.init("")] : []),
      keys: ["time", "events", "errors"])
    rows.extra = [
      ("case", .string(reader.path)), ("expression", .string(text)),
      ("span_seconds", histogram.map { .double(Double($0.span) / 1e9) } ?? .null),
      ("without_time", .int(histogram?.timeless ?? 0)),
    ]
    if let histogram {
      for (index, bin) in histogram.bins.enumerated() {
        let start = histogram.start.adding(nanoseconds: Int64(index) * histogram.span)
        var row: [JSONValue] = [
          .string(start.rfc3339(fractionDigits: histogram.span < 1_000_000_000 ? 3 : 0)), .int(bin.events),
          .int(bin.errors),
        ]
        if format == .table {
          let length = most > 0 ? Int((Double(bin.events) / Double(most) * Double(barWidth)).rounded(.up)) : 0
          row.append(.string(String(repeating: "▇", count: length)))
        }
        rows.rows.append(row)
      }
      if histogram.timeless > 0, format == .table {
        Console.note("\(Figures.grouped(histogram.timeless)) more without a time")
      }
    }
    rows.write(as: format)
    return most > 0
  }

  private func runSQL(_ statement: String, _ reader: CaseReader, _ masking: inout Masking) throws {
    // A statement can take a variable or a field out of the text that tells it is a secret.
    let parts = ["variables", "->", "json", "substr", "trim", "replace", "printf", "*"]
    let lower = statement.lowercased().replacing("count(*)", with: "")
    if masking.isOn, parts.contains(where: { lower.contains($0) }) {
      masking.values = try reader.knownSecrets()
    }
    let masking = masking
    SQLSandbox.limitProcessMemory(bytes: 512 << 20)
    let limits = SQLLimits(seconds: timeout, rows: limit ?? 1_000_000)
    let sandbox = try SQLSandbox(
      path: reader.path, limits: limits, masksSecrets: try masking.isOn && reader.hasSecretMarks())
    var values: [[JSONValue]] = []
    var names: [String] = []
    let result = try sandbox.run(statement, columns: { names = $0 }) { cells in
      values.append(zip(names, cells).map { JSONValue($1, name: $0, masking) })
      return true
    }
    let rows = ResultRows(
      schema: "firebreak.query/1", columns: result.names.map { .init($0, wraps: true) },
      keys: result.names,
      rows: values,
      extra: [
        ("case", .string(reader.path)), ("sql", .string(statement)),
        ("limit_reached", .bool(result.isTruncated)),
      ])
    rows.write(as: format)
    if result.isTruncated {
      Console.note("there are more than \(Figures.counted(limits.rows, "row")) (--limit)")
    }
    if values.isEmpty { throw ExitStatus.no }
  }
}

/// A mistake in an expression, for people: the sentence, the place, the hint.
struct QueryMistake {
  let error: QueryError
  init(_ error: QueryError) { self.error = error }

  var commandError: CommandError {
    let (line, caret) = error.excerpt(width: (Console.width ?? 80) - 4)
    Console.note("firebreak: \(Sanitizer.escape(error.message))")
    Console.noteVerbatim("  \(Sanitizer.escape(line))\n  \(Console.noteStyle.red(caret))")
    return CommandError(error.hint ?? "the language is described in Docs/QueryLanguage.md", .usage)
  }
}

extension JSONValue {
  /// A value of an SQL row. Bytes are written as hex, as SQLite does.
  init(_ cell: SQLCell, name: String, _ masking: Masking) {
    switch cell {
    case .null: self = .null
    case .integer(let number): self = .int(number)
    case .real(let number): self = .double(number)
    case .text(let text): self = .string(masking(text, name: name))
    case .blob(let bytes):
      let bytes = masking(bytes)
      self = .string("x'" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'")
    }
  }
}
