import ArgumentParser
import ConsoleOutput
import IncidentModel
import TimelineStore

/// `firebreak note`: what the analyst knows, beside what the evidence says.
struct Note: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Add, list or retract analysts' notes: facts, tags, verdicts on what trace found.",
    discussion: """
      firebreak note 42 "first bad reading"             on an event
      firebreak note 42 --tag suspect                   query finds it with tag:suspect
      firebreak note --accept onset:gw-1 "seen on site"  also origin:NAME and edge:FROM->TO; --reject likewise
      firebreak note --fact 2026-04-07T09:08Z "deploy of 2.4.1 began"
      firebreak note --set impact.users=1200            a value for the postmortem
      firebreak note --retract 3 "wrong device"         nothing is ever deleted
      firebreak note                                    lists what stands (--all: the retracted too)
      """)

  @Argument(help: "An event's id, then the words; or only words.")
  var words: [String] = []

  @OptionGroup var caseOption: CaseOption

  @Option(help: "Tag the event.")
  var tag: String?

  @Option(help: "onset:NAME, origin:NAME or edge:FROM->TO is right.")
  var accept: String?

  @Option(help: "onset:NAME, origin:NAME or edge:FROM->TO is wrong.")
  var reject: String?

  @Option(help: ArgumentHelp("A known fact at this time.", valueName: "TIME"))
  var fact: String?

  @Option(help: ArgumentHelp("A value for the postmortem.", valueName: "KEY=VALUE"))
  var set: String?

  @Option(help: "Take back the note of this number.")
  var retract: Int64?

  @Flag(help: "List retracted notes too.")
  var all = false

  @Option(help: "Who says it (default: $FIREBREAK_AUTHOR, else account@machine).")
  var author: String?

  @Option(help: "Output of the list: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    let given = [tag, accept, reject, fact, set].compactMap { $0 }.count + (retract == nil ? 0 : 1)
    guard given <= 1 else {
      throw ValidationError("give one of --tag --accept --reject --fact --set --retract")
    }
    if given == 1, all { throw ValidationError("--all belongs to the list") }
  }

  func run() throws {
    let path = try caseOption.existingPath()
    guard let note = try note() else { return try list(path) }
    let file = try CaseFile(path: path)
    let kept = try NoteStore(file).add(note)
    let head = try Custody.record(
      "note", subject: "note \(kept.id)", detail: "\(kept.kind.rawValue) \(kept.subject ?? kept.value ?? "")",
      in: file)
    CaseOption.announce(path, newest: try CaseReader(path: path).newestEvidence)
    Console.print("note \(kept.id) by \(Sanitizer.escape(kept.author))")
    Console.note(Console.noteStyle.dim("custody log head \(head)"))
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
    guard parts.count == 2, !parts[1].isEmpty, ["onset", "origin", "edge"].contains(parts[0]),
      parts[0] != "edge" || parts[1].contains("->")
    else { throw CommandError("'\(text)' is not onset:NAME, origin:NAME or edge:FROM->TO", .usage) }
    return text
  }

  private func list(_ path: String) throws {
    let reader = try caseOption.openReader()
    let notes = try reader.notes(includingRetracted: all)
    var rows = ResultRows(
      schema: "firebreak.notes/1",
      columns: [
        .init("note", alignsRight: true), .init("at"), .init("author", mayShrink: true), .init("kind"),
        .init("event", alignsRight: true), .init("subject", mayShrink: true), .init("value", mayShrink: true),
        .init("text", mayShrink: true),
      ], keys: ["note", "at", "author", "kind", "event", "subject", "value", "text"])
    rows.extra = [("case", .string(path))]
    for note in notes {
      rows.rows.append([
        .int(note.id), .string(note.createdAt.rfc3339(fractionDigits: format == .table ? 0 : 9)),
        .string(note.author),
        .string(note.kind.rawValue), note.event.map { .int($0.rawValue) } ?? .null,
        note.subject.map { .string($0) } ?? .null,
        note.value.map { .string($0) } ?? .null, .string(note.text),
      ])
    }
    rows.write(as: format)
    if notes.isEmpty { throw ExitStatus.no }
  }
}
