import ArgumentParser
import ConsoleOutput
import IncidentModel
import TimelineStore

/// `firebreak silence`: when devices were due and not heard, and when nobody listened.
struct SilenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "silence",
    abstract: "List when devices were silent although something was due, and when their collector was.",
    discussion: """
      What is due follows from the rhythm of each device: the message that it repeats most regularly (a heartbeat, a telemetry \
      report). Bursts with quiet between them are no rhythm. More than two and a half of its periods without any event of the device are silence. Where a source that many \
      devices are heard in has nothing of anybody, the collector was silent, not the devices. Times are those of clocks that are right \
      ('firebreak clocks'), and where a source has lost lines nobody was silent: 'firebreak sources --verbose' lists the damage.

      Worked out at the first call and kept in the case: the view silence_interval has it in SQL.

      Exit code 1: nobody was silent.
      """)

  @Argument(help: "Only devices or sources of this name (* and ? are wildcards).")
  var name: String?

  @OptionGroup var caseOption: CaseOption

  @Flag(help: "The rhythm of each device instead of the gaps in it.")
  var rhythm = false

  @Flag(help: "Work it out again, though nothing has changed.")
  var again = false

  @Option(help: "At most this many.")
  var limit: Int?

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
  }

  func run() throws {
    Interrupt.endAtOnce()
    let reader = try caseOption.openReader()
    let found = try SilenceDerivation.current(reader, again: again)
    Findings.warn(found.notKept)
    let names = try reader.deviceNames()
    var sources: [Int64: String] = [:]
    for source in try reader.sources() { sources[source.ordinal] = source.name }
    var rows = rhythm ? rhythms(found.rhythms, names, reader) : gaps(found.silences, names, sources)
    let all = rows.rows.count
    if all == 0, let name { try reader.requireSpeaker(name) }
    if let limit { rows.rows = Array(rows.rows.prefix(limit)) }
    rows.extra = [("case", .string(reader.path))]
    if all > 0 || format != .table { rows.write(as: format) }
    let without = names.count - found.rhythms.count
    if format == .table, name == nil, !found.rhythms.isEmpty, without > 0 {
      Console.note(
        "no rhythm: \(Figures.grouped(without)) of \(Figures.counted(names.count, "device")); when they were silent nobody can say"
      )
    }
    if rows.rows.count < all { Console.note("\(Figures.grouped(all - rows.rows.count)) more (--limit)") }
    if all == 0 {
      Console.note(
        found.rhythms.isEmpty
          ? "no device has a rhythm that silence could be told from" : "nobody was silent beyond the rhythm")
      throw ExitStatus.no
    }
  }

  private func isWanted(_ candidates: String?...) -> Bool {
    guard let name else { return true }
    return candidates.contains { $0.map { NameMatch.fits(name, $0) } ?? false }
  }

  private func gaps(_ silences: [Silence], _ names: [Int64: String], _ sources: [Int64: String]) -> ResultRows
  {
    let keys = [
      "scope", "device", "source", "from", "to", "seconds", "period_seconds", "missed", "last_event",
      "next_event",
    ]
    let isTable = format == .table
    var rows = ResultRows(
      schema: "firebreak.silence/1",
      columns: isTable
        ? [
          .init("name", wraps: true), .init("who"), .init("last heard"), .init("silent", alignsRight: true),
          .init("rhythm", alignsRight: true), .init("missed", alignsRight: true), .init("events"),
        ] : keys.map { .init($0) }, keys: keys)
    let cell = NarrowTable.timeFormat(silences.map { Instant(nanoseconds: $0.from) })
    for one in silences {
      let device = one.device.flatMap { names[$0] }
      let source = one.source.flatMap { sources[$0] }
      guard isWanted(device, source, source?.split(separator: "/").last.map(String.init)) else { continue }
      let seconds = one.to.map { Double($0 - one.from) / 1e9 }
      let period = Double(one.period) / 1e9
      if isTable {
        rows.rows.append([
          .string(device ?? source ?? ""), .string(one.scope.rawValue),
          .string(cell(Instant(nanoseconds: one.from))),
          .string(seconds.map { Figures.duration(seconds: $0) } ?? "for good"),
          .string(Figures.duration(seconds: period)), .int(one.missed),
          .string("\(one.lastEvent)" + (one.nextEvent.map { " \($0)" } ?? "")),
        ])
        continue
      }
      func time(_ value: Int64) -> JSONValue {
        .string(Instant(nanoseconds: value).rfc3339(fractionDigits: 9))
      }
      rows.rows.append([
        .string(one.scope.rawValue), device.map { .string($0) } ?? .null, source.map { .string($0) } ?? .null,
        time(one.from), one.to.map(time) ?? .null,
        seconds.map { .double($0) } ?? .null, .double(period), .int(one.missed), .int(one.lastEvent),
        one.nextEvent.map { .int($0) } ?? .null,
      ])
    }
    return rows
  }

  private func rhythms(_ rhythms: [Rhythm], _ names: [Int64: String], _ reader: CaseReader) -> ResultRows {
    let keys = ["device", "period_seconds", "regular_percent", "events", "first", "last", "template"]
    var rows = ResultRows(
      schema: "firebreak.rhythm/1",
      columns: [
        .init("device"), .init("period", alignsRight: true),
        .init("regular %", alignsRight: true), .init("events", alignsRight: true), .init("first"),
        .init("last"), .init("message", wraps: true),
      ], keys: keys)
    let cell = NarrowTable.timeFormat(
      rhythms.flatMap { [Instant(nanoseconds: $0.first), Instant(nanoseconds: $0.last)] })
    for one in rhythms {
      let device = names[one.device]
      func time(_ value: Int64) -> JSONValue {
        let instant = Instant(nanoseconds: value)
        return .string(format == .table ? cell(instant) : instant.rfc3339(fractionDigits: 0))
      }
      guard isWanted(device) else { continue }
      let text = SecretText.masked(reader.templateText(one.template) ?? "")
      rows.rows.append([
        device.map { .string($0) } ?? .null,
        format == .table
          ? .string(Figures.duration(seconds: Double(one.period) / 1e9)) : .double(Double(one.period) / 1e9),
        .int(one.regularity), .int(one.events),
        time(one.first), time(one.last), .string(text),
      ])
    }
    return rows
  }
}

/// Rhythms and silences, kept in the case.
struct SilenceDerivation {
  let rhythms: [Rhythm]
  let silences: [Silence]
  let notKept: String?

  static let subject = "silence"
  private static let version = 3

  static func current(_ reader: CaseReader, again: Bool = false) throws -> SilenceDerivation {
    let digest = try Findings.inputDigest(subject, version: version, reader)
    if !again, try reader.derivation(subject)?.inputDigest == digest {
      return SilenceDerivation(
        rhythms: try reader.rhythms(), silences: try reader.silences(), notKept: nil)
    }
    // A clock that was moved looks like silence, or hides it.
    let pieces =
      try reader.eventCount() <= TraceSession.mostToWorkOut
      ? ClockDerivation.current(reader).pieces : ClockDerivation.held(reader) ?? []
    let (rhythms, silences) = try reader.scanSilence(correcting: pieces)
    let notKept = try Findings.keep(
      subject, digest, "\(rhythms.count) rhythms, \(silences.count) stretches of silence", in: reader
    ) { (store, derivation) throws(StoreError) in
      try store.replaceSilence(rhythms, silences, derivation)
    }
    return SilenceDerivation(rhythms: rhythms, silences: silences, notKept: notKept)
  }
}
