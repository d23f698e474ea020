/// 9: what went well, badly, where we got lucky, what surprised us.
enum LessonsSection: ReportSection {
  static let number = 9
  static let id = "lessons"
  static let title = "Lessons"

  static func blocks(_ context: SectionContext) -> [Block] {
    let lessons = context.notes.lessons ?? Lessons()
    return [
      .heading("What went well"), context.provided(lessons.well), .heading("What went badly"),
      context.provided(lessons.badly), .heading("Where we got lucky"), context.provided(lessons.lucky),
      .heading("What surprised us, and why"), context.provided(lessons.surprised),
    ]
  }
}
