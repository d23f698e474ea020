import ArgumentParser
import ConsoleOutput
import FoundationEssentials
import IncidentModel
import PostmortemReport
import TimelineStore

/// `firebreak note`: what the analyst knows, beside what the evidence says.
struct Note: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "note",
    abstract: "Add, list or retract analysts' notes: facts, tags, verdicts on what trace found.",
    discussion: """
      firebreak note 42 "first bad reading"     on an event
      firebreak note 42 --tag suspect           query finds it with tag:suspect
      firebreak note --accept onset:gw-1 "seen on site"
      firebreak note --reject origin:ota-hub "it was off"
      firebreak note --fact 2026-04-07T09:08Z "deploy of 2.4.1 began"
      firebreak note --set customerImpact="1200 doors"
      firebreak note --retract 3 "wrong device"
      firebreak note --export notes.json        people's part of the report
      firebreak note                            lists what stands

      A verdict (--accept, --reject) is on onset:NAME, origin:NAME or edge:FROM->TO, --reject also on alias:NAME=OTHER. \
      The latest one on a subject counts; the list shows which it replaces. \
      --set gives a value to the postmortem; --export writes all of them to a file to edit, --import takes it back. Nothing \
      is ever deleted: --all lists what was retracted, too.
      """)

  @Argument(help: "An event's id, then the words; or only words.")
  var words: [String] = []

  @OptionGroup var caseOption: CaseOption

  @Option(help: "Tag the event.")
  var tag: String?

  @Option(help: "onset:NAME, origin:NAME or edge:FROM->TO is right.")
  var accept: String?

  @Option(help: "onset:NAME, origin:NAME, edge:FROM->TO or alias:NAME=OTHER is wrong.")
  var reject: String?

  @Option(help: ArgumentHelp("A known fact at this time.", valueName: "TIME"))
  var fact: String?

  @Option(help: ArgumentHelp("A value for the postmortem.", valueName: "KEY=VALUE"))
  var set: String?

  @Option(help: "Take back the note of this number.")
  var retract: Int64?

  @Option(
    help: ArgumentHelp(
      "Write people's part of the report to a file, - for standard output.", valueName: "file"))
  var export: String?

  @Option(
    name: .customLong("import"),
    help: ArgumentHelp("Take people's part of the report from an edited file.", valueName: "file"))
  var source: String?

  @Flag(help: "List retracted notes too.")
  var all = false

  @Option(help: "Who says it (default: $FIREBREAK_AUTHOR, else account@machine).")
  var author: String?

  @Option(help: "Output of the list: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    let given =
      [tag, accept, reject, fact, set, export, source].compactMap { $0 }.count + (retract == nil ? 0 : 1)
    guard given <= 1 else {
      throw ValidationError("give one of --tag --accept --reject --fact --set --retract --export --import")
    }
    guard (export ?? source) == nil || words.isEmpty else {
      throw ValidationError("--export and --import take no words: the fields are in the file")
    }
    if given == 1, all { throw ValidationError("--all belongs to the list") }
  }

  func run() throws {
    if export != nil || source != nil {
      return try AnnotationExchange.run(
        try caseOption.openReader(), export: export, source: source, author: author)
    }
    let path = try caseOption.existingPath()
    guard let note = try note() else { return try list(path) }
    try warnOfUnknownName(note, path)
    let earlier = try Self.standing(note, path)
    let file = try CaseFile(path: path)
    // A verdict on an alias holds for the next question, not only for the next 'devices --aliases'.
    let judgesAliases =
      note.kind == .retraction || note.subject?.hasPrefix("alias:") == true
      ? try DeviceAliases.areCurrent(CaseReader(path: path)) : false
    let kept = try NoteStore(file).add(note)
    let said =
      "note \(kept.id) by \(kept.author): \(Self.understood(kept))" + Self.replaced(earlier, by: kept)
    Console.isDone("the note is kept all the same: \(said)")
    let head = try Custody.record([kept], in: file) { "\($0.kind.rawValue) \($0.subject ?? $0.value ?? "")" }
    if kept.kind == .fact, let time = kept.subject.flatMap({ Instant(rfc3339: $0) }),
      let reason = StatedTimes.doubt(time, written: Person.now)
    {
      Console.warn(Sanitizer.escape("the fact is kept all the same: \(reason)"))
    }
    if kept.kind == .annotation { try StatedTimes.warn(of: kept.subject ?? "", in: CaseReader(path: path)) }
    if judgesAliases { Findings.warn(try DeviceAliases.judgeAgain(CaseReader(path: path))) }
    CaseOption.announce(path, newest: try CaseReader(path: path).newestEvidence)
    Console.prose(Sanitizer.escape(said))
    Console.noteHead(head)
  }

  /// The verdict that stands on the same subject; nil where there is none, or the note is no verdict.
  private static func standing(_ note: TimelineStore.Note, _ path: String) throws -> TimelineStore.Note? {
    guard note.isVerdict else { return nil }
    return try CaseReader(path: path).notes().last { $0.isVerdict && $0.subject == note.subject }
  }

  /// What a verdict does to the one before it.
  private static func replaced(_ earlier: TimelineStore.Note?, by note: TimelineStore.Note) -> String {
    guard let earlier else { return "" }
    let at = earlier.createdAt.rfc3339(fractionDigits: 0)
    let verdict = earlier.kind == .accept ? "right" : "wrong"
    let former = "note \(earlier.id), in which \(earlier.author) called it \(verdict) at \(at)"
    return earlier.kind == note.kind
      ? "; \(former), said the same"
      : "; it replaces \(former), which stays in the list ('firebreak note') and counts no more"
  }

  /// By number of a verdict that a later one on the same subject replaced: that of the later one.
  private static func replacements(_ notes: [TimelineStore.Note]) -> [Int64: Int64] {
    var last: [String: Int64] = [:]
    var result: [Int64: Int64] = [:]
    for note in notes.reversed() where note.isVerdict {
      guard let subject = note.subject else { continue }
      if let later = last[subject] { result[note.id] = later } else { last[subject] = note.id }
    }
    return result
  }

  /// A note in words, as it was understood.
  static func understood(_ note: TimelineStore.Note) -> String {
    let event = note.event.map { "event \($0.rawValue)" } ?? ""
    let words = note.text.isEmpty ? "" : ", because \"\(note.text)\""
    switch note.kind {
    case .tag:
      return "\(event) is tagged \(note.value ?? "")" + (note.text.isEmpty ? "" : ": \"\(note.text)\"")
    case .accept: return "\(note.subject ?? "") is right\(words)"
    case .reject: return "\(note.subject ?? "") is wrong\(words)"
    case .fact: return "known at \(about(note)): \"\(note.text)\""
    case .annotation:
      return note.value.map {
        $0.isEmpty ? "\(note.subject ?? "") is emptied" : "\(note.subject ?? "") = \($0)"
      } ?? ""
    case .retraction: return "takes back note \(note.value ?? "")\(words)"
    default: return (event.isEmpty ? "" : "on \(event): ") + "\"\(note.text)\""
    }
  }

  /// The note that the arguments make; nil asks for the list.
  private func note() throws -> TimelineStore.Note? {
    var words = words
    var event: EventID?
    if let first = words.first, let id = Int64(first) {
      event = EventID(rawValue: id)
      words.removeFirst()
    }
    let text = words.joined(separator: " ")
    var note = TimelineStore.Note(
      createdAt: Person.now, author: author ?? Person.current, kind: .note, event: event, text: text)
    if let tag {
      guard event != nil, !tag.isEmpty else {
        throw CommandError("--tag needs an event: firebreak note 42 --tag NAME", .usage)
      }
      note.kind = .tag
      note.value = tag
    } else if let subject = accept ?? reject {
      note.kind = accept == nil ? .reject : .accept
      note.subject = try Self.subject(subject)
    } else if let fact {
      note.kind = .fact
      guard let time = Instant(query: fact) else {
        throw CommandError("'\(fact)' is no time: write it as 2026-04-07T09:08Z", .usage)
      }
      guard !text.isEmpty else { throw CommandError("a fact needs words", .usage) }
      note.subject = time.rfc3339(fractionDigits: 9)
    } else if let set {
      guard let equals = set.firstIndex(of: "="), equals != set.startIndex else {
        throw CommandError("--set takes KEY=VALUE", .usage)
      }
      note.kind = .annotation
      note.subject = String(set[..<equals])
      note.value = String(set[set.index(after: equals)...])
      try ReportField.check(key: note.subject ?? "", value: note.value ?? "")
    } else if let retract {
      note.kind = .retraction
      note.value = String(retract)
    } else if text.isEmpty {
      guard event == nil else {
        throw CommandError("what about event \(event!.rawValue)? give words or --tag", .usage)
      }
      return nil
    }
    return note
  }

  private static func subject(_ text: String) throws -> String {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, !parts[1].isEmpty, ["onset", "origin", "edge", "alias"].contains(parts[0]),
      parts[0] != "edge" || parts[1].contains("->"), parts[0] != "alias" || parts[1].contains("=")
    else {
      throw CommandError(
        "'\(text)' is not onset:NAME, origin:NAME, edge:FROM->TO or alias:NAME=OTHER", .usage)
    }
    return text
  }

  /// A verdict on what nobody in the case is called is kept, as the trace may come later; but it is likely a typo.
  private func warnOfUnknownName(_ note: TimelineStore.Note, _ path: String) throws {
    guard note.kind == .accept || note.kind == .reject, let subject = note.subject,
      let colon = subject.firstIndex(of: ":"), !subject.hasPrefix("alias:")
    else { return }
    let reader = try CaseReader(path: path)
    let rest = String(subject[subject.index(after: colon)...])
    // A name may hold an arrow; then the whole of it is looked for as well.
    let names =
      subject.hasPrefix("edge:") ? rest.split(separator: "->", maxSplits: 1).map(String.init) : [rest]
    let links = try reader.loadEvidence(matching: "id:0").evidence.topology.links
    for name in names where !links.contains(where: { $0.from == name || $0.to == name }) {
      let pattern = JSONValue.string(name).text()
      guard try reader.count(matching: reader.query("device:\(pattern)")) == 0,
        try !reader.devices(matching: name).contains(where: { $0.name == name })
      else { continue }
      Console.warn("nothing in this case is called '\(Sanitizer.escape(name))'; the note is kept")
    }
  }

  private func list(_ path: String) throws {
    let reader = try caseOption.openReader()
    let notes = try reader.notes(includingRetracted: all)
    let isTable = format == .table
    let time = NarrowTable.timeFormat(notes.map(\.createdAt))
    var retractedBy: [Int64: Int64] = [:]
    for note in notes where note.kind == .retraction {
      if let number = note.value.flatMap({ Int64($0) }) { retractedBy[number] = note.id }
    }
    let replacedBy = Self.replacements(notes.filter { retractedBy[$0.id] == nil })
    let keys = [
      "note", "at", "author", "kind", "event", "subject", "value", "text", "retracted_by", "replaced_by",
    ]
    var rows = ResultRows(
      schema: "firebreak.notes/1",
      columns: isTable
        ? [
          .init("note", alignsRight: true), .init("at"), .init("author", mayShrink: true), .init("kind"),
          .init("about"), .init("text", wraps: true),
        ] : keys.map { .init($0) }, keys: keys)
    rows.extra = [("case", .string(path))]
    for note in notes {
      rows.rows.append(
        isTable
          ? [
            .int(note.id), .string(time(note.createdAt)), .string(note.author),
            .string(
              note.kind.rawValue + (retractedBy[note.id].map { " (retracted by \($0))" } ?? "")
                + (replacedBy[note.id].map { " (replaced by \($0))" } ?? "")),
            .string(Self.about(note)),
            .string([note.value ?? "", note.text].filter { !$0.isEmpty }.joined(separator: ": ")),
          ]
          : [
            .int(note.id), .string(note.createdAt.rfc3339(fractionDigits: 9)), .string(note.author),
            .string(note.kind.rawValue), note.event.map { .int($0.rawValue) } ?? .null,
            note.subject.map { .string($0) } ?? .null, note.value.map { .string($0) } ?? .null,
            .string(note.text), retractedBy[note.id].map { .int($0) } ?? .null,
            replacedBy[note.id].map { .int($0) } ?? .null,
          ])
    }
    rows.write(as: format)
    if notes.isEmpty { throw ExitStatus.no }
  }

  /// The event, or the subject; a fact's time without the digits that say nothing.
  private static func about(_ note: TimelineStore.Note) -> String {
    if note.kind == .fact, let subject = note.subject, let time = Instant(query: subject) {
      return time.rfc3339(fractionDigits: time.nanoseconds % 1_000_000_000 == 0 ? 0 : 3)
    }
    return note.subject ?? note.event.map { "event \($0.rawValue)" } ?? ""
  }
}

extension TimelineStore.Note {
  /// True for what an analyst decided about a statement of a trace.
  fileprivate var isVerdict: Bool { kind == .accept || kind == .reject }
}

/// The values for the postmortem that `--set` may give: checked when they are given, not when the report is due.
enum ReportField {
  /// All of them, sorted.
  static let names = Mirror(reflecting: Annotations()).children.compactMap(\.label).sorted()

  /// Throws where there is no such field, or the value does not fit it.
  static func check(key: String, value: String) throws {
    let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let field = path.first, names.contains(field), path.count <= (field == "incidents" ? 5 : 3),
      !path.contains("")
    else {
      let meant = nearest(key).map { "; did you mean '\($0)'?" } ?? "."
      throw CommandError(
        "a report has no value '\(key)'\(meant) It has: \(names.joined(separator: " ")). Of detection, detection.at is the time "
          + "that the time to detect (ttd) goes by, detection.text says how", .usage)
    }
    if field == "incidents", path.count > 1 {
      guard IncidentKey(path[1]) != nil, path.count == 2 || names.contains(path[2]),
        path.dropFirst(2).first != "incidents"
      else {
        throw CommandError(
          "\(key) names no value of an incident: incidents.2.detection.at is the time of detection of the second largest",
          .usage)
      }
    }
    if ["at", "awareAt", "measureAt", "buildTime"].contains(path[path.count - 1]), !value.isEmpty,
      Instant(rfc3339: value) == nil
    {
      throw CommandError("\(key) is a time with a zone, such as 2026-04-07T09:08:00Z, not '\(value)'", .usage)
    }
    // As the report reads it: JSON where it looks like it, else the words themselves.
    let looksLikeJSON =
      value.first.map { "{[\"".contains($0) } ?? false || Int(value) != nil
      || ["null", "true", "false"].contains(value)
    let isJSON = looksLikeJSON && FieldsText.isJSON(value)
    guard fits(path, isJSON ? value : JSONValue.string(value).text()) else {
      let known =
        field == "state"
        ? ": " + ReportState.allCases.map(\.rawValue).joined(separator: ", ")
        : isJSON ? "; words that look like a number go in quotes: \(key)='\"\(value)\"'" : ""
      throw CommandError("'\(value)' does not fit \(key)\(known)", .usage)
    }
  }

  /// What was probably meant by a key. People write `detectedAt` for `detection.at`.
  static func nearest(_ key: String) -> String? {
    let parts = ["at", "text"].flatMap { part in names.map { "\($0).\(part)" } }
    let folded = key.lowercased().filter { $0 != "." && $0 != "_" && $0 != "-" }
    if folded.hasPrefix("detect") {
      return folded.hasSuffix("at") || folded.hasSuffix("time") ? "detection.at" : "detection"
    }
    return Suggestion.nearest(to: key, among: names + parts)
  }

  private static func fits(_ path: [String], _ value: String) -> Bool {
    let opening = path.map { "{" + JSONValue.string($0).text() + ":" }.joined()
    let document = opening + value + String(repeating: "}", count: path.count)
    guard let notes = try? JSONDecoder().decode(Annotations.self, from: Data(document.utf8)) else {
      return false
    }
    // A part that the field does not have would be dropped in silence.
    return ["null", "\"\"", "[]", "{}"].contains(value) || notes.withoutEmptyFields != Annotations()
  }
}
