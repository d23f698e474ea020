internal import IncidentModel
internal import PostmortemReport

/// The legal clocks as a list for programs: one row for each thing to be sent, or one where nothing is due.
enum ClockList {
  static func listing(_ notes: Annotations) -> Listing {
    var listing = Listing(
      name: "clocks", caption: "Legal clocks",
      columns: ["clock", "title", "source", "applies", "by", "stage", "due", "sent"].map { .init($0, $0) })
    for clock in PageClock.all(notes) {
      let answer: Cell = clock.applies.map { .words($0 ? "yes" : "no") } ?? .words("nobody has said")
      let own: [Cell] = [
        .words(clock.id), .words(clock.title), .words(clock.source), answer, .foreign(clock.by),
      ]
      func when(_ instant: Instant?) -> Cell { instant.map { .time($0, digits: 0) } ?? .foreign(nil) }
      if clock.stages.isEmpty {
        listing.rows.append(Listing.Row(own + [.foreign(nil), when(nil), when(nil)]))
      }
      for stage in clock.stages {
        listing.rows.append(Listing.Row(own + [.words(stage.title), when(stage.due), when(stage.sent)]))
      }
    }
    return listing
  }
}
