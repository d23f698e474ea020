/// 11: what will be done, by whom, until when.
enum ActionsSection: ReportSection {
  static let number = 11
  static let id = "actions"
  static let title = "Actions"

  static func blocks(_ context: SectionContext) -> [Block] {
    guard let actions = context.notes.actions, !actions.isEmpty else {
      return [.paragraph("Actions: \(Prose([.notProvided])).")]
    }
    // Executives get two pages: what, by whom, until when, the most urgent first.
    if context.audience == .executive {
      let order = actions.enumerated().sorted { (urgency($0.1), $0.0) < (urgency($1.1), $1.0) }.map(\.element)
      let rows = order.prefix(5).map { action -> [Prose] in
        [
          .provided(Wording.first(14, wordsOf: action.text)), .provided(action.priority),
          .provided(Wording.first(4, wordsOf: action.owner ?? "")),
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
  /// Open before done, then by priority as people write it; what has none stands between medium and low.
  private static func urgency(_ action: ActionItem) -> Int {
    let status = action.status?.lowercased() ?? ""
    let isDone = ["done", "closed", "completed", "dropped"].contains(status)
    let rank =
      switch action.priority?.lowercased() ?? "" {
      case "critical", "urgent", "highest", "p0", "0": 0
      case "high", "p1", "1": 1
      case "medium", "normal", "p2", "2": 2
      case "low", "p3", "3": 4
      case "lowest", "p4", "4": 5
      default: 3
      }
    return isDone ? 10 + rank : rank
  }
}
