import ConsoleOutput
import EvidenceIntake
import IncidentModel
import TimelineStore

/// What `firebreak ingest` says at its end.
struct IngestReport {
  let casePath: String
  let read: IntakeSummary
  let loaded: LoadSummary
  /// The sources that were in the case before.
  let earlier: [SourceEntry]
  /// That a source may be of a device of the inventory; nil where there is no sign of it.
  var hint: String?
  /// True when only an inventory or a topology was given: then nobody waits for events.
  var isFleetAlone = false

  /// Sources kept, in evidence order.
  var sources: [SourceAccount] { loaded.sources }

  var totalBytes: Tally { sources.reduce(into: Tally()) { $0 += $1.bytesBy } }
  var totalLines: Tally { sources.reduce(into: Tally()) { $0 += $1.linesBy } }

  var totalEvents: UInt64 { sources.reduce(0) { $0 + $1.events } }

  /// `1 line`, `1,234 lines`.
  static func count(_ number: UInt64, _ noun: String) -> String {
    Figures.grouped(number) + " " + noun + (number == 1 ? "" : "s")
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
      "\(Self.count(count, "line")) could not be read and \(count == 1 ? "is" : "are") kept as refused (\(list.joined(separator: ", "))): "
      + "firebreak sources --refused"
  }

  /// Damage and limits in one line; nil where nothing was lost.
  var lossLine: String? {
    let damaged = sources.filter { !$0.damage.isEmpty }
    var parts: [String] = []
    if !damaged.isEmpty {
      var kinds: [String: Int] = [:]
      for damage in damaged.flatMap(\.damage) { kinds[damage.kind, default: 0] += 1 }
      let list = kinds.sorted { $0.key < $1.key }.map { $0.value == 1 ? $0.key : "\($0.key) × \($0.value)" }
      parts.append(
        "\(damaged.count) of \(Self.count(UInt64(sources.count), "source")): \(list.joined(separator: ", "))")
      if let first = damaged.first, let damage = first.damage.first {
        parts.append("first: '\(first.description.name)': \(damage.note)")
      }
    }
    if let first = read.unreadable.first {
      parts.append("\(Self.count(UInt64(read.unreadable.count), "file")) not readable, first: \(first)")
    }
    return parts.isEmpty
      ? nil : "evidence was damaged, cut short or cannot be trusted: " + parts.joined(separator: "; ")
  }

  /// True where there was something to read and no event came of it.
  var isAllRefused: Bool {
    totalEvents == 0 && totalBytes.refused + totalBytes.damaged > 0
  }

  /// A case without an event looks like a quiet night: what was given and gave nothing, in one line. Nil where there are events,
  /// or nothing new was given.
  var emptyLine: String? {
    guard !isFleetAlone, totalEvents == 0,
      !sources.isEmpty || read.skipped.isEmpty && loaded.duplicates.isEmpty
    else {
      return nil
    }
    let bytes = sources.reduce(0) { $0 + $1.bytes }
    let why =
      sources.isEmpty
      ? "there was no file to read"
      : bytes == 0
        ? "\(Self.count(UInt64(sources.count), "source")) without a single byte"
        : isAllRefused
          ? "of \(Self.count(bytes, "byte")) no line is of a format that is known; 'firebreak formats test FILE' shows how each is "
            + "looked at, 'firebreak sources --refused' what was refused"
          : "of \(Self.count(bytes, "byte")) all are blank or structure"
    return "nothing was read as an event: " + why
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
          ("events", Self.number(totalEvents)),
        ])
      ),
      (
        "skipped",
        .array(
          read.skipped.map { Self.skipped($0.description, $0.sha256) }
            + loaded.duplicates.map { Self.skipped($0.source, nil) })
      ),
      ("unreadable", .array(read.unreadable.map { .string("\($0)") })),
      (
        "notes",
        .array(
          (read.notes + passing + (hint.map { [$0] } ?? []) + changed + alike + (emptyLine.map { [$0] } ?? []))
            .map {
              .string($0)
            })
      ),
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
    source.members.isEmpty ? .null : .string(source.memberName)
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
      ("events", number(account.events)),
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
}
