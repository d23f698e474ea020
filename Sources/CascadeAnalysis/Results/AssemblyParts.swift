internal import IncidentModel

/// Edges and changes in names, instants and event ids; what those that failed share.
extension Assembly {
  func edge(_ edge: Spread.Edge) -> SpreadEdge {
    var ids: [EventID] = []
    ids.reserveCapacity(4)
    for device in [edge.from, edge.to] {
      guard let events = onsets.findings[device]?.events else { continue }
      for event in events.prefix(2) { ids.append(timeline.id(Int(event))) }
    }
    var told = SpreadEdge(
      from: evidence.devices[edge.from], to: evidence.devices[edge.to], kind: edge.kind,
      probability: min(edge.most, edge.probability), evidence: ids)
    told.mostProbable = edge.most
    told.isGuess = edge.isGuess
    return told
  }

  func change(_ change: Change, reached: Int?, eligible: Int? = nil) -> ChangeEvent {
    var event = ChangeEvent(
      template: evidence.templateTexts[change.template], actor: change.actor.map { evidence.devices[$0] },
      start: timeline.instant(change.start),
      devices: change.received.keys.sorted().map { evidence.devices[$0] }, failedShare: change.failedShare,
      failedShareOfOthers: change.failedShareOfOthers,
      evidence: ([change.announcement].compactMap { $0 } + change.events.values.sorted().prefix(20)).map {
        timeline.id(Int($0))
      })
    event.isOrder = change.isOrder
    event.receivedAt = change.received.keys.sorted().map { timeline.instant(change.received[$0]!) }
    event.reached = max(event.devices.count, reached ?? 0)
    event.eligible = eligible.map { max($0, event.reached) }
    return event
  }

  /// Who shares with nearly all that failed what tells them from the others is rather one of them than their cause.
  func doubtEquals(
    _ origins: inout Origins, _ diagnosis: Diagnosis, _ members: [Int], where isEqual: (Int) -> Bool
  ) {
    let isOne = { diagnosis.population.isOne($0) && fleet.row[$0] >= 0 && isEqual($0) }
    if let shared = diagnosis.commonCause, diagnosis.family != .telemetry || shared.isNearlyAll {
      origins.doubt(
        where: isOne,
        "shares \(shared.description) with nearly all that failed: rather one of them than their cause")
    }
    if sharedValues(diagnosis, members) != nil {
      origins.doubt(
        where: isOne,
        "shares with nearly all that failed one of the values with which nearly everybody failed: rather one of them than their cause"
      )
    }
  }

  /// The values of one attribute with which nearly all failed, where nothing says where it began.
  func sharedValues(_ diagnosis: Diagnosis, _ members: [Int]) -> SharedValues? {
    let isOfTwins = diagnosis.family == .dependency && !diagnosis.dependency.twins.isEmpty
    let isOpen = isOfTwins || diagnosis.family == .undetermined || diagnosis.family == .telemetry
    guard isOpen, diagnosis.commonCause?.isNearlyAll != true else { return nil }
    return SharedValues.find(evidence, fleet, diagnosis.population.devices, failed: Set(members))
  }

  /// What nine of ten of the members say of their failure in the same words, and how many do.
  func saying(of members: [Int]) -> (text: String, count: Int)? {
    guard members.count >= 3 else { return nil }
    // What was said last before a silence is no word of it, and a report is somebody else's.
    let speaking = members.filter { onsets.findings[$0]!.kind == .log }
    return onsets.kinds(saidBy: speaking, timeline).commonest.flatMap { template, count in
      count * 10 >= members.count * 9 ? (evidence.templateTexts[Int(template)], count) : nil
    }
  }
}
