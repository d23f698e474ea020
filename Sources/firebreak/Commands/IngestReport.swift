import ConsoleOutput
import EvidenceIntake
import IncidentModel
import TimelineStore

/// What `firebreak ingest` says at its end.
struct IngestReport {
  let casePath: String
  let read: IntakeSummary
  let loaded: LoadSummary

  /// Sources kept, in evidence order.
  private var sources: [SourceAccount] { loaded.sources }

  private var totalBytes: Tally { sources.reduce(into: Tally()) { $0 += $1.bytesBy } }
  private var totalLines: Tally { sources.reduce(into: Tally()) { $0 += $1.linesBy } }

  private static func place(_ source: SourceDescription) -> String {
    ([source.path] + source.members).joined(separator: " → ")
  }

  // MARK: Losses

  /// Refused lines in one line; nil where there are none.
  var refusedLine: String? {
    let count = totalLines.refused
    guard count > 0 else { return nil }
    var reasons: [String: UInt64] = [:]
    for source in sources {
      for (reason, number) in source.refusedBy { reasons[reason, default: 0] += number }
    }
    let list = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(4)
      .map { "\(Figures.grouped($0.value)) \($0.key)" }
    return
      "\(Figures.grouped(count)) lines could not be read and are kept as refused (\(list.joined(separator: ", "))): "
      + "see the view refused_line"
  }

  /// Damage and limits in one line; nil where nothing was lost.
  var lossLine: String? {
    let damaged = sources.filter { !$0.damage.isEmpty }
    var parts: [String] = []
    if !damaged.isEmpty {
      var kinds: [String: Int] = [:]
      for damage in damaged.flatMap(\.damage) { kinds[damage.kind, default: 0] += 1 }
      let list = kinds.sorted { $0.key < $1.key }.map { $0.value == 1 ? $0.key : "\($0.key) × \($0.value)" }
      parts.append("\(damaged.count) of \(sources.count) sources: \(list.joined(separator: ", "))")
      if let first = damaged.first, let damage = first.damage.first {
        parts.append("first: '\(Self.place(first.description))': \(damage.note)")
      }
    }
    if let first = read.unreadable.first {
      parts.append("\(read.unreadable.count) files not readable, first: \(first)")
    }
    return parts.isEmpty
      ? nil : "evidence was damaged, cut short or cannot be trusted: " + parts.joined(separator: "; ")
  }

  /// Other sentences for standard error.
  var notes: [String] {
    let skipped = read.skipped.map {
      "'\(Self.place($0.description))' is in the case already (same SHA-256): skipped"
    }
    let doubles = loaded.duplicates.map {
      "'\(Self.place($0.source))' equals '\(Self.place($0.original))' (same SHA-256): skipped"
    }
    return read.notes + skipped + doubles
  }

  // MARK: JSON

  /// The report as `firebreak.ingest/1`.
  var json: JSONValue {
    .object([
      ("schema", "firebreak.ingest/1"),
      ("case", .string(casePath)),
      ("sources", .array(sources.map(Self.json))),
      (
        "totals",
        .object([
          ("bytes", Self.number(sources.reduce(0) { $0 + $1.bytes })),
          ("accounted", Self.json(totalBytes)), ("counts", Self.json(totalLines)),
        ])
      ),
      (
        "skipped",
        .array(
          read.skipped.map { Self.skipped($0.description, $0.sha256) }
            + loaded.duplicates.map { Self.skipped($0.source, nil) })
      ),
      ("unreadable", .array(read.unreadable.map { .string("\($0)") })),
      ("notes", .array(read.notes.map { .string($0) })),
    ])
  }

  private static func number(_ value: UInt64) -> JSONValue { .int(Int64(clamping: value)) }

  private static func json(_ tally: Tally) -> JSONValue {
    .object([
      ("events", number(tally.events)), ("continuations", number(tally.continuations)),
      ("blanks", number(tally.blanks)), ("structure", number(tally.structure)),
      ("refused", number(tally.refused)), ("damaged", number(tally.damaged)),
    ])
  }

  private static func member(_ source: SourceDescription) -> JSONValue {
    source.members.isEmpty ? .null : .string(source.members.joined(separator: " → "))
  }

  private static func skipped(_ source: SourceDescription, _ digest: String?) -> JSONValue {
    .object([
      ("path", .string(source.path)), ("member", member(source)),
      ("sha256", digest.map { .string($0) } ?? .null),
    ])
  }

  private static func json(_ account: SourceAccount) -> JSONValue {
    .object([
      ("path", .string(account.description.path)),
      ("member", member(account.description)),
      ("sha256", .string(account.sha256)),
      ("format", .string(account.format)),
      ("compression", .array(account.compression.map { .string($0) })),
      ("stored_bytes", number(account.storedBytes)),
      ("bytes", number(account.bytes)),
      ("accounted", json(account.bytesBy)),
      ("counts", json(account.linesBy)),
      (
        "refused_by", .object(account.refusedBy.sorted { $0.key < $1.key }.map { ($0.key, number($0.value)) })
      ),
      ("first", account.firstTime.map { .string($0.rfc3339(fractionDigits: 9)) } ?? .null),
      ("last", account.lastTime.map { .string($0.rfc3339(fractionDigits: 9)) } ?? .null),
      (
        "damage",
        .array(
          account.damage.map {
            .object([
              ("kind", .string($0.kind)), ("offset", number($0.offset)),
              ("length", $0.length.map(number) ?? .null),
              ("in_container", .bool($0.inContainer)), ("note", .string($0.note)),
            ])
          })
      ),
      (
        "decisions",
        .array(
          account.decisions.map {
            .object([
              ("subject", .string($0.subject)), ("value", .string($0.value)), ("reason", .string($0.reason)),
            ])
          })
      ),
    ])
  }

  // MARK: Table

  /// Sources listed one by one.
  private static let listed = 40

  func printTable() {
    var table = TextTable([
      .init("source", mayShrink: true), .init("format"), .init("bytes", alignsRight: true),
      .init("events", alignsRight: true), .init("contin.", alignsRight: true),
      .init("blank", alignsRight: true),
      .init("struct.", alignsRight: true), .init("refused", alignsRight: true),
      .init("damaged", alignsRight: true),
      .init("damage", mayShrink: true),
    ])
    for account in sources.prefix(Self.listed) {
      table.append(
        [Self.place(account.description), account.format] + Self.cells(account.bytes, account.linesBy)
          + [account.damage.map(\.kind).joined(separator: ", ")])
    }
    if sources.count > Self.listed { table.append(["… and \(sources.count - Self.listed) more"]) }
    if sources.count != 1 {
      table.append(["all", ""] + Self.cells(sources.reduce(0) { $0 + $1.bytes }, totalLines) + [""])
    }
    let lines = table.lines(width: Console.width)
    Console.print(Console.style.bold(lines[0]))
    for line in lines.dropFirst() { Console.print(line) }
    let parts = [totalBytes.events, totalBytes.continuations, totalBytes.blanks, totalBytes.structure]
    let sum = (parts + [totalBytes.refused, totalBytes.damaged]).map(Figures.grouped).joined(separator: " + ")
    Console.print("bytes: \(Figures.grouped(totalBytes.total)) = \(sum)")
    Console.print(
      "case: \(Sanitizer.escape(casePath)), \(Figures.grouped(loaded.eventsInCase)) events"
        + (loaded.newestEvidence.map { ", newest \($0)" } ?? ""))
  }

  private static func cells(_ bytes: UInt64, _ lines: Tally) -> [String] {
    [
      bytes, lines.events, lines.continuations, lines.blanks, lines.structure, lines.refused, lines.damaged,
    ].map(Figures.grouped)
  }
}
