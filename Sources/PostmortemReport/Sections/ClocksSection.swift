import IncidentModel

/// 12: what was said to whom, and the deadlines of the law. Which clock applies is a person's answer.
enum ClocksSection: ReportSection {
  static let number = 12
  static let id = "clocks"
  static let title = "Communications and legal clocks"

  static func blocks(_ context: SectionContext) -> [Block] {
    var blocks: [Block] = [.heading("Communications")]
    let sent = context.notes.communications ?? []
    if sent.isEmpty {
      blocks.append(.paragraph(Prose([.notProvided])))
    } else {
      let rows = sent.prefix(50).map { message -> [Prose] in
        [
          message.at.flatMap { Instant(rfc3339: $0) }.map { .instant($0) } ?? .provided(message.at),
          .provided(message.audience), .provided(message.text),
        ]
      }
      blocks.append(
        .table(Table("Messages sent", ["Time", "To", "What"], Array(rows), omitted: sent.count - rows.count)))
    }
    guard context.audience != .customer else { return blocks }
    blocks.append(.heading("Legal clocks"))
    blocks.append(
      .notice(
        "Which clock applies is a person's answer. Nothing here is inferred, and nothing here is legal advice."
      ))
    blocks += LegalClockTable.blocks(context)
    return blocks
  }
}
