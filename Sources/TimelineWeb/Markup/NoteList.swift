internal import IncidentModel
internal import TimelineStore

/// Analysts' notes with who and when, and the way to take one back.
enum NoteList {
  static func html(_ notes: [Note], _ context: PageContext, isAboutOne: Bool) -> HTML {
    el(.ul, .class("notes")) {
      for note in notes {
        el(.li) {
          el(.div) {
            el(.span, .class("kind"), text: kind(note))
            if !isAboutOne, let event = note.event {
              HTML.text(" ")
              el(.a, .href(Link("event", "\(event.rawValue)")), text: "event \(event.rawValue)")
            }
            if let subject = note.subject, note.kind != .note { " \(.foreign(subject, limit: 160))" }
            if !note.text.isEmpty { " \(.foreign(note.text, limit: 2000))" }
          }
          el(.div, .class("soft")) {
            HTML.foreign(note.author, limit: 80)
            HTML.text(", ")
            Moment.utc(note.createdAt)
            el(.form, .named(.method, "post"), .action(Link("timeline")), .class("inline")) {
              context.hidden()
              el(
                .button, .class("quiet"), .name("retract"), .value("\(note.id)"),
                .title("Take note \(note.id) back; it stays in the case"),
                .aria("label", "take back note \(note.id)"), text: "take back")
            }
          }
        }
      }
    }
  }

  /// The same for programs.
  static func listing(_ notes: [Note]) -> Listing {
    var listing = Listing(
      name: "notes", caption: "Notes",
      columns: ["id", "at", "author", "kind", "event", "subject", "value", "text"].map { .init($0, $0) })
    listing.rows = notes.map { note in
      Listing.Row([
        .number(note.id), .time(note.createdAt), .foreign(note.author), .foreign(note.kind.rawValue),
        note.event.map { .number($0.rawValue) } ?? .foreign(nil), .foreign(note.subject),
        .foreign(note.value),
        .foreign(note.text),
      ])
    }
    return listing
  }

  private static func kind(_ note: Note) -> HTML {
    switch note.kind {
    case .tag: note.value == Star.tag ? "★ starred" : "tag \(.foreign(note.value ?? "", limit: 60))"
    case .accept: "accepted"
    case .reject: "rejected"
    case .fact: "fact"
    default: note.kind == .note ? "note" : .foreign(note.kind.rawValue, limit: 40)
    }
  }
}

/// A star is a tag like any other, so that `firebreak query tag:star` finds it.
enum Star {
  static let tag = "star"

  /// The notes that star or tag these events.
  static func tags(_ notes: [Note]) -> [EventID: [String]] {
    var tags: [EventID: [String]] = [:]
    for note in notes where note.kind == .tag {
      if let event = note.event, let value = note.value { tags[event, default: []].append(value) }
    }
    return tags
  }
}
