/// Among whom the reason of failures is looked for: entities that are like those that failed, and were not taken by another incident.
///
/// Mostly the mass of devices. Where more of the infrastructure failed than of the mass, it is the infrastructure of the same
/// tier (as far from the mass by dependencies), or, where nothing tells of tiers, of the same class in the inventory: gateways
/// that break by their own firmware are compared with gateways, not with what hangs on them.
struct Population {
  /// Those at risk: of the kind, and not known to have failed in another incident.
  let devices: [Int]
  private let isOfKind: [Bool]
  private let excluded: Set<Int>

  /// Fewer of one tier are no fleet.
  private static let fewest = 3

  /// The kind that most of the members belong to.
  init(_ fleet: Fleet, _ onsets: Onsets, _ members: [Int]) {
    let plain = members.count { !fleet.isShared[$0] }
    guard members.count - plain > plain, let tier = Tier(fleet, members), tier.failed.count > plain else {
      self.init(fleet.isShared.map { !$0 }, onsets)
      return
    }
    self.init(tier.isIn, onsets)
  }

  /// The infrastructure behind which nearly all that failed lies; nil where there is none.
  init?(above members: [Int], _ fleet: Fleet, _ onsets: Onsets) {
    guard let tier = Tier(fleet, members) else { return nil }
    var isTold = tier.isIn
    for device in tier.failed {
      for other in fleet.descendants(of: device) { isTold[Int(other)] = true }
    }
    guard members.count(where: { isTold[$0] }) * 10 >= members.count * 9 else { return nil }
    self.init(tier.isIn, onsets)
  }

  private init(_ isOfKind: [Bool], _ onsets: Onsets) {
    self.isOfKind = isOfKind
    excluded = onsets.excluded
    let apart = excluded
    devices = isOfKind.indices.filter { isOfKind[$0] && (apart.isEmpty || !apart.contains($0)) }
  }

  /// Whether an entity is of this kind, wherever it failed.
  func isOne(_ device: Int) -> Bool { isOfKind[device] }

  /// Whether an entity is at risk here.
  func holds(_ device: Int) -> Bool {
    isOfKind[device] && (excluded.isEmpty || !excluded.contains(device))
  }

  /// The part of the infrastructure that most of the failed infrastructure belongs to.
  private struct Tier {
    let isIn: [Bool]
    let failed: [Int]

    init?(_ fleet: Fleet, _ members: [Int]) {
      let shared = members.filter { fleet.isShared[$0] }
      guard shared.count >= Population.fewest else { return nil }
      let levels = fleet.levels
      /// Above the mass by so many steps; below 0 the class of what nothing hangs on.
      let kind = { (device: Int) -> Int in
        levels[device] > 0 ? Int(levels[device]) : -1 - Int(fleet.classOf[device])
      }
      let counts = Dictionary(grouping: shared, by: kind).sorted { $0.key < $1.key }
      guard let most = counts.max(by: { $0.value.count < $1.value.count }),
        most.value.count >= Population.fewest
      else { return nil }
      failed = most.value
      isIn = fleet.isShared.indices.map { fleet.isShared[$0] && kind($0) == most.key }
    }
  }
}
