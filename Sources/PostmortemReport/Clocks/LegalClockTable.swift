import IncidentModel

/// The clocks as blocks: which apply, which deadline each stage has, what was sent, and what a form still lacks.
enum LegalClockTable {
  static func blocks(_ context: SectionContext) -> [Block] {
    let answers = context.notes.clocks ?? []
    var rows: [[Prose]] = []
    var maps: [Block] = []
    for clock in AllLegalClocks.list {
      guard let answer = answers.first(where: { $0.clock == clock.id }) else {
        rows.append([Prose([.label(clock.title)]), Prose([.notProvided]), "", "", ""])
        continue
      }
      let by: Prose = answer.by.map { ", says \(person: EvidenceText($0, limit: 80))" } ?? ""
      guard answer.applies == true else {
        rows.append([
          Prose([.label(clock.title)]),
          answer.applies == false ? "does not apply\(by)" : Prose([.notProvided]), "", "", "",
        ])
        continue
      }
      for stage in clock.stages {
        let sent = answer.sent?[stage.id]
        rows.append([
          Prose([.label(clock.title)]), "applies\(by)", Prose([.label(stage.title)]),
          due(clock, stage, answer), Self.sent(sent, clock, stage, answer),
        ])
      }
      if context.audience == .regulator || context.audience == .engineer { maps += fieldMap(clock, answer) }
    }
    let unknown = answers.filter { answer in !AllLegalClocks.list.contains { $0.id == answer.clock } }
    for answer in unknown.prefix(20) {
      rows.append([
        Prose([.foreign(EvidenceText(answer.clock, limit: 60), .person)]),
        "not a clock that this report knows", "", "", "",
      ])
    }
    return [.table(Table("Legal clocks", ["Clock", "Answer", "Stage", "Due", "Sent"], rows))] + maps
  }

  private static func due(_ clock: LegalClock, _ stage: LegalClock.Stage, _ answer: LegalClockAnswer) -> Prose
  {
    let value = clock.deadline(of: stage, answer: answer)
    guard case .instant(let due, _) = value,
      let local = LegalClock.local(due, as: clock.start(of: stage, answer: answer).text)
    else { return .value(value) }
    return "\(.value(value)) (\(.value(.words(EvidenceText(local)))))"
  }

  private static func sent(
    _ text: String?, _ clock: LegalClock, _ stage: LegalClock.Stage, _ answer: LegalClockAnswer
  ) -> Prose {
    guard let text else { return Prose([.notProvided]) }
    guard let sent = Instant(rfc3339: text) else {
      return "not a time with a zone: \(person: EvidenceText(text, limit: 60))"
    }
    guard case .instant(let due, _) = clock.deadline(of: stage, answer: answer) else { return .instant(sent) }
    let (base, what) = clock.start(of: stage, answer: answer)
    if let began = base.flatMap({ Instant(rfc3339: $0) }), sent < began {
      return
        "\(.instant(sent)), \(.value(.duration(began.nanoseconds - sent.nanoseconds))) earlier than \(Prose([.label(what)])): one of the two times is wrong"
    }
    if sent > due {
      return "\(.instant(sent)), \(.value(.duration(sent.nanoseconds - due.nanoseconds))) after the deadline"
    }
    return "\(.instant(sent)), before the deadline"
  }

  private static func fieldMap(_ clock: LegalClock, _ answer: LegalClockAnswer) -> [Block] {
    var rows: [[Prose]] = []
    for stage in clock.stages {
      for field in stage.fields {
        let text = answer.fields?[field.id]
        let length = text?.count ?? 0
        rows.append([
          Prose([.label(stage.title)]), Prose([.label(field.title)]), .provided(text),
          .count(length),
          .count(field.limit), length > field.limit ? "too long" : length == 0 ? "missing" : "fits",
        ])
      }
    }
    return [
      .table(
        Table(
          "\(clock.title): field map (\(clock.source))",
          ["Stage", "Field", "Answer", "#Characters", "#At most", "State"], rows))
    ]
  }
}
