internal import IncidentModel

/// Numbers that left their usual range before the first of an incident failed, of entities that share what the failed share and did
/// not fail themselves: the thermometers of the room in which machines switch off.
///
/// They are told beside the common cause and are no candidates: who measures something did not bring it about. Told where half of
/// those that measure there changed, and of those that measure elsewhere hardly anybody did.
/// Fails where nothing is measured, or the inventory does not say what stands where.
struct MeasuredBefore {
  let devices: [Int]
  /// What the common cause and they have in common.
  let term: CommonCause.Term
  /// The number that went farthest.
  let name: String
  /// Corrected second of the first change.
  let time: Double

  /// Seconds before the first failure, at most: what is slow takes hours.
  private static let longest = 6 * 3600.0

  init?(
    _ cause: CommonCause, _ members: [Int], _ onsets: Onsets, _ metrics: MetricOnsets, _ fleet: Fleet,
    _ inventory: Inventory
  ) {
    guard !metrics.found.isEmpty, let first = members.map({ onsets.findings[$0]!.time }).min() else {
      return nil
    }
    let isMember = Set(members)
    let alarms = metrics.found.filter { device, alarm in
      alarm.isStrong && !isMember.contains(device) && alarm.time < first && alarm.time > first - Self.longest
    }
    for term in cause.terms {
      guard let column = inventory.attributes.firstIndex(of: term.attribute) else { continue }
      let holds = { (device: Int) in
        fleet.row[device] >= 0
          && inventory.value(row: Int(fleet.row[device]), attribute: column) == term.value
      }
      let here = alarms.keys.filter(holds).sorted()
      let watched = metrics.watched.filter { !isMember.contains($0) }
      guard let one = here.min(by: { alarms[$0]!.time < alarms[$1]!.time }),
        here.count * 2 >= watched.count(where: holds), (alarms.count - here.count) * 4 <= here.count,
        watched.count >= here.count + 2
      else { continue }
      let sizes = here.reduce(into: [String: Double]()) { $0.merge(alarms[$1]!.sizes, uniquingKeysWith: max) }
      devices = here
      self.term = term
      name = sizes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? alarms[one]!.name
      time = alarms[one]!.time
      return
    }
    return nil
  }
}
