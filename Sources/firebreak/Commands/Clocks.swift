import ArgumentParser
import ConsoleOutput
import IncidentModel
import TimelineStore

/// `firebreak clocks`: every decision about time in a case, on what ground, and how to change it.
struct Clocks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clocks",
    abstract: "List every decision about time: years, zones, boots, corrections of clocks, odd stamps.",
    discussion: """
      Years, zones and the order of day and month are decided as the evidence is read: read it into another case with \
      'ingest --year', '--timezone', '--date-order' or '--anchor' to decide otherwise. How far the devices' clocks were off is worked out afterwards, at the first call, from \
      messages seen at both ends, from lines that say how far a clock was set, and from records that hold two clocks; it is \
      kept in the case beside the times as written. 'query --clock corrected' and the view corrected_time go by it; \
      --ahead says otherwise for a device, 'note --retract' takes that back.

      Exit code 1: no decision had to be taken.
      """)

  @Argument(help: "Only sources or devices of this name (* and ? are wildcards).")
  var name: String?

  @OptionGroup var caseOption: CaseOption

  @Flag(help: "Work the corrections out again, though nothing has changed.")
  var again = false

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "This device's clock is ahead of true time by so much ('none': leave it as it is).",
      valueName: "DEVICE=SECONDS"))
  var ahead: [String] = []

  @Option(help: "At most this many lines of each kind in a table.")
  var limit = 40

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit is 1 or more") }
    for text in ahead {
      guard let equals = text.lastIndex(of: "="), equals != text.startIndex,
        text[text.index(after: equals)...] == "none"
          || Double(text[text.index(after: equals)...]).map({ $0.isFinite && abs($0) < 4e9 }) == true
      else { throw ValidationError("'\(text)' is not DEVICE=SECONDS") }
    }
  }

  func run() throws {
    Interrupt.endAtOnce()
    if !ahead.isEmpty { try state() }
    let reader = try caseOption.openReader()
    let clocks = try ClockDerivation.current(reader, again: again)
    Findings.warn(clocks.notKept)
    let list = try ClockDecisions(reader, clocks, matching: name)
    if list.isEmpty, let name { try reader.requireSpeaker(name) }
    if format == .table {
      list.print(limit: limit)
    } else {
      var rows = ResultRows(
        schema: "firebreak.clocks/1", columns: ClockDecisions.keys.map { .init($0) },
        keys: ClockDecisions.keys)
      rows.extra = [("case", .string(reader.path)), ("exact_sources", .int(Int64(list.exactSources)))]
      rows.rows = list.rows
      rows.write(as: format)
    }
    if list.isEmpty { throw ExitStatus.no }
  }

  /// Keeps what the user says of clocks.
  private func state() throws {
    let path = try caseOption.existingPath()
    let known = Set(try CaseReader(path: path).deviceNames().values)
    let file = try CaseFile(path: path)
    for text in ahead {
      guard let equals = text.lastIndex(of: "=") else { continue }
      let device = String(text[..<equals])
      guard known.contains(device) else {
        throw CommandError(
          "no event of this case is of a device '\(device)'; 'firebreak devices' lists them", .no)
      }
      let kept = try NoteStore(file).add(
        TimelineStore.Note(
          createdAt: Person.now, author: Person.current, kind: .clock, subject: device,
          value: String(text[text.index(after: equals)...])))
      try Custody.record([kept], in: file) { _ in "clock of \(device)" }
      Console.note(
        Sanitizer.escape("note \(kept.id): clock of \(device); taken back by 'note --retract \(kept.id)'"))
    }
  }
}
