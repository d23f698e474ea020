internal import IncidentModel

/// Failures that say the same new trouble and share a reason are one incident, however long the pauses between its waves: a
/// certificate that ends at midnight of each time zone, an update in nightly rings.
///
/// What ties the waves together must be found over all of them: what they share in the inventory, and hardly anybody else
/// has, or a change that each failed a while after. Without that, outbreaks of one kind at two times are two incidents.
extension Reading {
  private static let fewest = 8

  /// Whether the members are one incident by what they say and share.
  func saySame(_ known: Diagnosis? = nil) -> Bool {
    guard members.count >= Self.fewest else { return false }
    let isCommon = onsets.kinds(saidBy: members, timeline).contains { template, count in
      let role = profiles.fleet[Int(template)].role
      return count * 2 >= members.count && timeline.isLoud[Int(template)]
        && (role == .novel || role == .surging)
    }
    guard isCommon, let diagnosis = known ?? diagnosis(of: members) else { return false }
    if diagnosis.isPrompt { return true }
    return diagnosis.family == .undetermined && diagnosis.commonCause?.isNearlyAll == true
  }

  /// Whether an entity received the change, or has what nearly all of the failed have.
  func shares(_ diagnosis: Diagnosis) -> (Int) -> Bool {
    if let change = diagnosis.change { return { change.received[$0] != nil } }
    let inventory = timeline.evidence.inventory
    let terms = (diagnosis.commonCause?.terms ?? []).compactMap { term -> (column: Int, code: Int32)? in
      guard let column = inventory.attributes.firstIndex(of: term.attribute),
        let code = inventory.values[column].firstIndex(of: term.value)
      else { return nil }
      return (column, Int32(code))
    }
    let rows = fleet.row
    return { device in
      rows[device] >= 0
        && terms.allSatisfy { inventory.code(row: Int(rows[device]), attribute: $0.column) == $0.code }
    }
  }
}

extension Reading {
  private static let fewestApart = 3

  /// Those of a group that hang on nothing that explains the rest, and nearly all of whom a change does that they received: another incident,
  /// which says the same ("halting") of its own cause. nil where there are none.
  func changedApart(in group: [Int], _ diagnosis: Diagnosis) -> Set<Int>? {
    guard diagnosis.family == .dependency, diagnosis.dependency.twins.isEmpty,
      let provider = diagnosis.culprit ?? diagnosis.dependency.candidates.first?.device
    else { return nil }
    let below = Set(fleet.descendants(of: provider))
    let rest = group.filter { $0 != provider && !below.contains(Int32($0)) }
    guard rest.count >= Self.fewestApart, group.count - rest.count >= Self.fewestApart,
      let other = self.diagnosis(of: rest), other.family == .change, let change = other.change,
      !change.isThroughProviders, !change.isOrder, change.rounds.isEmpty,
      rest.count(where: { change.received[$0] != nil }) * 5 >= rest.count * 4
    else { return nil }
    return Set(rest)
  }
}

extension Reading {
  /// Failures of their own that say the new trouble that those say who failed in an incident are not told to have nothing to do with it.
  func markLikes(_ trace: inout Trace) {
    guard !trace.unrelated.isEmpty, !trace.incidents.isEmpty else { return }
    let templates = templates(of: trace.incidents.flatMap(\.onsets) + trace.unrelated)
    func kinds(_ onset: Onset) -> Set<Int32> {
      Set(
        onset.evidence.compactMap { templates[$0.rawValue] }.filter {
          timeline.isLoud[Int($0)] && profiles.fleet[Int($0)].role == .novel
        })
    }
    var common: Set<Int32> = []
    for incident in trace.incidents {
      var users: [Int32: Int] = [:]
      for onset in incident.onsets { for kind in kinds(onset) { users[kind, default: 0] += 1 } }
      common.formUnion(users.filter { $0.value * 2 >= incident.onsets.count }.keys)
    }
    guard !common.isEmpty else { return }
    for index in trace.unrelated.indices {
      let nearness = trace.unrelated[index].nearness ?? .outside
      guard nearness == .outside || nearness == .inside || nearness == .alone,
        !kinds(trace.unrelated[index]).isDisjoint(with: common)
      else { continue }
      trace.unrelated[index].nearness = .alike
    }
  }
}
