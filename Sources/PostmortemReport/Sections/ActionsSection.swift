/// 11: what will be done, by whom, until when.
enum ActionsSection: ReportSection {
  static let number = 11
  static let id = "actions"
  static let title = "Actions"

  static func blocks(_ context: SectionContext) -> [Block] {
    guard let actions = context.notes.actions, !actions.isEmpty else {
      return [.paragraph("Actions: \(Prose([.notProvided])).")]
    }
    // Executives get two pages.
    let rows = actions.prefix(context.audience == .executive ? 6 : 100).map { action -> [Prose] in
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
