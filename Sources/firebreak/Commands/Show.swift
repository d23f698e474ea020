import ArgumentParser
import ConsoleOutput
import IncidentModel
import TimelineStore

/// `firebreak show`: one event, its raw line, its place, its context.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show one event: raw line, place in the evidence, what came before and after.",
    discussion: """
      EVENT is an id as printed by query and trace, or SOURCE:OFFSET: a source's path, file name or SHA-256 (8 digits or \
      more) and a byte offset in it. The raw line is read back from the evidence; where the evidence has gone or changed, \
      what the case has is shown, and said.
      """)

  @Argument(help: "An id, or SOURCE:OFFSET.")
  var event: String

  @OptionGroup var caseOption: CaseOption

  @Option(help: "Events before and after, of the same device and of the same source.")
  var context = 3

  @OptionGroup var revealing: RevealOption

  @Option(help: "Output.")
  var format: DocumentFormat = .table

  func validate() throws {
    guard context >= 0, context <= 1000 else { throw ValidationError("--context is 0 to 1000") }
  }

  func run() throws {
    let reader = try caseOption.openReader()
    guard let plain = try find(reader) else {
      Console.note("there is no event \(Sanitizer.escape(event)) in \(Sanitizer.escape(reader.path))")
      throw ExitStatus.no
    }
    let masking = try revealing.masking(reader, command: "show", subject: "event \(plain.id.rawValue)")
    let event = masking(plain)
    let source = try reader.sources().first { $0.ordinal == event.source }
    let isPlain = event.place.members.isEmpty && source?.compression.isEmpty != false
    let digest = source?.sha256 ?? ""
    var evidence: any RawEvidence = isPlain ? PlainFiles() : UnpackedEvidence()
    var raw = RawRecord(event, sha256: digest, from: evidence)
    if case .missing = raw.state, let copy = try EmbeddedCopy(of: event.place, sha256: digest, in: reader) {
      evidence.location = copy.path
      raw = withExtendedLifetime(copy) { RawRecord(event, sha256: digest, from: evidence) }
      Console.note("the raw line comes from the copy in the case")
    }
    raw = raw.masked(masking)
    let ofDevice = masking(try reader.context(of: plain, .device, count: context))
    let ofSource = masking(try reader.context(of: plain, .source, count: context))
    let notes = try reader.notes().filter { $0.event == event.id }
    if format == .json {
      Console.print(
        document(event, source, raw, ofDevice, ofSource, notes, try skew(event, reader)).prettyText())
    } else {
      print(event, source, raw, try clock(event, reader))
      printNotes(notes)
      let name = event.device.map { Sanitizer.escape($0) } ?? ""
      if event.device != nil { print("Same device (\(name))", ofDevice, event) }
      print("Same source", ofSource, event)
    }
  }

  private func find(_ reader: CaseReader) throws -> TimelineEvent? {
    if let id = Int64(event) { return try reader.event(EventID(rawValue: id)) }
    guard let colon = event.lastIndex(of: ":"), let offset = UInt64(event[event.index(after: colon)...])
    else {
      throw CommandError("'\(event)' is no event: give an id, or SOURCE:OFFSET", .usage)
    }
    let name = String(event[..<colon])
    let sources = reader.sources(named: name)
    switch sources.count {
    case 0:
      throw CommandError(
        "there is no source '\(name)' in \(reader.path); 'firebreak sources' lists them", .no)
    case 1: return try reader.event(source: sources[0].ordinal, byteOffset: offset)
    default:
      throw CommandError(
        "\(sources.count) sources are called '\(name)' (\(sources.prefix(3).map(\.name).joined(separator: ", "))…): "
          + "give the whole path", .usage)
    }
  }

  /// What a stored trace found out about the device's clock, where that is more than the doubt.
  private func skew(_ event: TimelineEvent, _ reader: CaseReader) throws
    -> (trace: Int64, seconds: Double, error: Double)?
  {
    guard let device = event.device, event.time != nil, let skew = try reader.clockSkew(device: device),
      abs(skew.seconds) > max(0.05, skew.error, Double(event.timeError ?? 0) / 1e9)
    else { return nil }
    return skew
  }

  private func clock(_ event: TimelineEvent, _ reader: CaseReader) throws -> String {
    guard let time = event.time, let skew = try skew(event, reader) else { return "" }
    let corrected = time.adding(nanoseconds: Int64((-skew.seconds * 1e9).rounded()))
    let size = Figures.decimal(abs(skew.seconds), 1)
    let error = skew.error > 0 ? " ± \(Figures.decimal(max(0.1, skew.error), 1)) s" : ""
    return "\(skew.seconds > 0 ? "ahead" : "behind") by \(size) s\(error) (trace@\(skew.trace)): corrected "
      + corrected.rfc3339(fractionDigits: 1)
  }

  /// A line with a name before it, going on below where the terminal ends.
  private func line(_ name: String, _ text: String) {
    guard !text.isEmpty else { return }
    let parts =
      Console.width.map { DisplayWidth.wrap(Sanitizer.escape(text), max(8, $0 - 12)) }
      ?? [Sanitizer.escape(text)]
    for (index, part) in parts.enumerated() {
      Console.print("  " + DisplayWidth.pad(index == 0 ? name : "", 10) + part)
    }
  }

  private func printNotes(_ notes: [TimelineStore.Note]) {
    let tags = notes.filter { $0.kind == .tag }.compactMap(\.value)
    line("tags", tags.joined(separator: ", "))
    for note in notes where note.kind != .tag {
      line("note \(note.id)", "\(note.text) (\(note.author), \(note.createdAt.rfc3339(fractionDigits: 0)))")
    }
  }

  private func print(_ event: TimelineEvent, _ source: SourceEntry?, _ raw: RawRecord, _ clock: String) {
    Console.print(Console.style.bold("Event \(event.id.rawValue)"))
    let error = event.timeError.map { ", ± \(Self.span($0))" } ?? ""
    line(
      "time",
      (event.time?.rfc3339(fractionDigits: 9) ?? EventDocument(event).timeCell)
        + " (\(event.quality.name)\(error))")
    if let corrected = event.correctedTime {
      line(
        "corrected",
        corrected.rfc3339(fractionDigits: 9)
          + " (firebreak clocks, ± \(Self.span(event.correctionError ?? 0)))")
    }
    line("clock", clock)
    line("stamp", event.stamp ?? "")
    line("device", event.device.map { "\($0) (\(event.basis.name))" } ?? "")
    line("severity", event.severity.map { "\($0.name) (\($0.rawValue))" } ?? "none")
    line("program", event.program)
    line("message", event.message)
    line("fields", event.fields ?? "")
    line("source", event.place.name)
    line(
      "place",
      "line \(event.line), bytes \(event.byteOffset) to \(event.byteOffset &+ event.byteLength)"
        + EvidenceReference.countingNote(source?.compression ?? []))
    line("SHA-256", source?.sha256 ?? "")
    switch raw.state {
    case .read(let bytes):
      var text = String(decoding: bytes.prefix(RawRecord.shownBytes), as: UTF8.self)
      while text.last?.isNewline == true { text.removeLast() }
      let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      line("raw", String(lines.first ?? ""))
      for more in lines.dropFirst() { line("", String(more)) }
      if bytes.count > RawRecord.shownBytes { line("", "… \(bytes.count - RawRecord.shownBytes) more bytes") }
    case .missing(let words): Console.warn(Sanitizer.escape(words))
    }
  }

  private static func span(_ nanoseconds: Int64) -> String {
    switch nanoseconds {
    case ..<1_000: "\(nanoseconds) ns"
    case ..<1_000_000: "\(nanoseconds / 1_000) µs"
    default: Figures.duration(seconds: Double(nanoseconds) / 1e9)
    }
  }

  private func print(
    _ title: String, _ context: (before: [TimelineEvent], after: [TimelineEvent]), _ event: TimelineEvent
  ) {
    guard !context.before.isEmpty || !context.after.isEmpty else { return }
    var table = TextTable([
      .init(""), .init("id", alignsRight: true), .init("time"),
      .init("device", mayShrink: true, keepsEnds: true),
      .init("severity"),
      .init("message", mayShrink: true),
    ])
    for one in context.before + [event] + context.after {
      table.append([
        one.id == event.id ? ">" : "", String(one.id.rawValue), EventDocument(one).timeCell, one.device ?? "",
        one.severity?.name ?? "", EventDocument(one).messageCell,
      ])
    }
    Console.print("")
    Console.print(Console.style.bold(title))
    for line in table.layout(width: Console.width).lines { Console.print(line) }
  }

  private func document(
    _ event: TimelineEvent, _ source: SourceEntry?, _ raw: RawRecord,
    _ ofDevice: (before: [TimelineEvent], after: [TimelineEvent]),
    _ ofSource: (before: [TimelineEvent], after: [TimelineEvent]), _ notes: [TimelineStore.Note],
    _ skew: (trace: Int64, seconds: Double, error: Double)?
  ) -> JSONValue {
    func events(_ list: [TimelineEvent]) -> JSONValue { .array(list.map { EventDocument($0).json }) }
    func context(_ pair: (before: [TimelineEvent], after: [TimelineEvent])) -> JSONValue {
      .object([("before", events(pair.before)), ("after", events(pair.after))])
    }
    return .object([
      ("schema", "firebreak.show/1"), ("event", EventDocument(event).json),
      ("sha256", source.map { .string($0.sha256) } ?? .null),
      ("decoded_from", .array((source?.compression ?? []).map { .string($0) })), ("raw", raw.text),
      ("raw_hex", raw.hex),
      ("raw_missing", raw.missing), ("same_device", context(ofDevice)), ("same_source", context(ofSource)),
      (
        "clock",
        skew.map {
          .object([
            ("trace", .int($0.trace)), ("ahead_seconds", .double($0.seconds)),
            ("error_seconds", .double($0.error)),
          ])
        } ?? .null
      ),
      (
        "notes",
        .array(
          notes.map { note in
            .object([
              ("note", .int(note.id)), ("kind", .string(note.kind.rawValue)),
              ("author", .string(note.author)),
              ("value", note.value.map { .string($0) } ?? .null), ("text", .string(note.text)),
            ])
          })
      ),
    ])
  }
}

extension Masking {
  /// Neighbours of an event.
  fileprivate func callAsFunction(
    _ context: (before: [TimelineEvent], after: [TimelineEvent])
  ) -> (before: [TimelineEvent], after: [TimelineEvent]) {
    (context.before.map { self($0) }, context.after.map { self($0) })
  }
}

/// The raw bytes of an event, or why they are not to be had.
struct RawRecord {
  enum State {
    case read([UInt8])
    case missing(String)
  }
  let state: State

  /// Bytes that are shown in a terminal.
  static let shownBytes = 4096

  init(_ event: TimelineEvent, sha256: String, from evidence: any RawEvidence) {
    do throws(RawEvidenceError) {
      state = .read(
        try evidence.bytes(
          of: event.place, sha256: sha256, offset: event.byteOffset, length: Int(clamping: event.byteLength)))
    } catch {
      state = .missing(error.words)
    }
  }

  private init(_ state: State) { self.state = state }

  /// The bytes without their secrets.
  func masked(_ masking: Masking) -> RawRecord {
    if case .read(let bytes) = state { RawRecord(.read(masking(bytes))) } else { self }
  }

  var text: JSONValue {
    if case .read(let bytes) = state { .string(String(decoding: bytes, as: UTF8.self)) } else { .null }
  }
  /// Only where the text does not say it all.
  var hex: JSONValue {
    guard case .read(let bytes) = state, String(validating: bytes, as: UTF8.self) == nil else { return .null }
    return .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
  }
  var missing: JSONValue { if case .missing(let words) = state { .string(words) } else { .null } }
}
