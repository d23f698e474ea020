/// 11: what will be done, by whom, until when.
enum ActionsSection: ReportSection {
  static let number = 11
  static let id = "actions"
  static let title = "Actions"

  static func blocks(_ context: SectionContext) -> [Block] {
    guard let actions = context.notes.actions, !actions.isEmpty else {
      return [.paragraph("Actions: \(Prose([.notProvided])).")]
    }
    // Executives get two pages: what, by whom, until when.
    if context.audience == .executive {
      let rows = actions.prefix(6).map { action -> [Prose] in
        [
          .provided(Wording.first(30, wordsOf: action.text)), .provided(action.priority),
          .provided(action.owner),
          .provided(action.due),
        ]
      }
      return [
        .table(
          Table(
            "Actions", ["Action", "Priority", "Owner", "Due"], Array(rows),
            omitted: actions.count - rows.count))
      ]
    }
    let rows = actions.prefix(100).map { action -> [Prose] in
      [
        .provided(action.text), .provided(action.factor), .provided(action.type), .provided(action.priority),
        .provided(action.owner), .provided(action.due), .provided(action.status),
      ]
    }
    return [
      .table(
        Table(
          "Actions", ["Action", "Factor", "Type", "Priority", "Owner", "Due", "Status"], Array(rows),
          omitted: actions.count - rows.count))
    ]
  }
}
