internal import IncidentModel

/// Those whom the failure of one does not explain, though they failed within minutes of it: a group that speaks in words of its own,
/// of which nobody hangs on that one or names it, and which shares a value of the inventory that the rest of the failed do not have.
/// What it shares is a reason of its own; without such a value the hour alone ties it to the other.
struct Strangers {
  private var devices: Set<Int> = []
  /// Fewer may share anything by chance.
  private static let fewest = 5

  func holds(_ device: Int) -> Bool { devices.contains(device) }

  /// - Parameter kindred: The failed, by what they say.
  init(to trigger: Int, _ kindred: [[Int]], _ members: [Int], _ timeline: Timeline, _ fleet: Fleet) {
    let below = Set(fleet.descendants(of: trigger).map { Int($0) })
    // Where nobody is known to hang on it, anybody may.
    guard members.contains(where: below.contains) else { return }
    for group in kindred where group.count >= Self.fewest && !group.contains(trigger) {
      let own = Set(group)
      guard own.isDisjoint(with: below), !Self.name(trigger, own, timeline),
        Self.shareSomething(own, besides: members, timeline, fleet)
      else { continue }
      devices.formUnion(own)
    }
  }

  private static func name(_ trigger: Int, _ group: Set<Int>, _ timeline: Timeline) -> Bool {
    timeline.firstMention.indices.contains {
      timeline.firstMention[$0] == trigger && group.contains(Int(timeline.evidence.eventDevices[$0]))
    }
  }

  /// Whether nine of ten have a value that half of those that have it failed with, and hardly any other that failed.
  private static func shareSomething(
    _ group: Set<Int>, besides members: [Int], _ timeline: Timeline, _ fleet: Fleet
  ) -> Bool {
    let inventory = timeline.evidence.inventory
    let others = members.filter { !group.contains($0) && fleet.row[$0] >= 0 }
    let everybody = fleet.row.indices.filter { fleet.row[$0] >= 0 }
    return inventory.attributes.indices.contains { column in
      func code(_ device: Int) -> Int32 {
        fleet.row[device] < 0 ? -1 : inventory.code(row: Int(fleet.row[device]), attribute: column)
      }
      var counts: [Int32: Int] = [:]
      for device in group { counts[code(device), default: 0] += 1 }
      guard let (value, count) = counts.commonest, value >= 0, value != fleet.absentCode[column],
        count * 10 >= group.count * 9
      else { return false }
      return others.count { code($0) == value } * 10 <= others.count
        && everybody.count { code($0) == value } <= 2 * count
    }
  }
}
