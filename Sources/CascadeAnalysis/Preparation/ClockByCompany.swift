internal import Glibc

/// Clocks that no pair of events measures, guessed from the company an entity failed in.
///
/// Entities behind the same failed provider fail around the same moment; one that seems to fail far from its siblings
/// rather has a wrong clock, the more so the more clocks of this fleet are wrong. The estimate is the distance to the
/// siblings' median, shrunk by the share of it that clocks explain (James and Stein's idea with known variances).
/// Its error is large and is stated.
struct ClockByCompany {
  /// Seconds to take off, by entity, with the error.
  private(set) var found: [Int: (offset: Double, error: Double)] = [:]

  /// Whether anything is there to guess, and to guess from: the rest costs a diagnosis.
  static func isWorthwhile(_ clocks: ClockCorrection, _ fleet: Fleet, _ onsets: Onsets, _ members: [Int])
    -> Bool
  {
    let known = clocks.offsets.indices.filter { clocks.pairs[$0] > 0 }
    guard known.count >= 20 else { return false }
    let offsets = known.map { clocks.offsets[$0] }
    guard Robust.mad(offsets, around: Robust.median(offsets)) > 5 else { return false }
    return members.contains {
      clocks.pairs[$0] == 0 && !fleet.isShared[$0] && onsets.findings[$0]!.kind != .reported
    }
  }

  init(_ clocks: ClockCorrection, _ fleet: Fleet, _ onsets: Onsets, _ members: [Int], cohort: [Double]) {
    let known = clocks.offsets.indices.filter { clocks.pairs[$0] > 0 }
    guard known.count >= 20 else { return }
    let offsets = known.map { clocks.offsets[$0] }
    let centre = Robust.median(offsets)
    let spread = Robust.mad(offsets, around: centre)
    guard spread > 5 else { return }
    var groups: [Int: [Int]] = [:]
    for device in members where !fleet.isShared[device] && cohort[device] < 0.5 {
      guard
        let provider = fleet.ancestors(of: device).first(where: { onsets.findings[Int($0.device)] != nil })
      else {
        continue
      }
      groups[Int(provider.device), default: []].append(device)
    }
    for (_, group) in groups {
      let times = group.filter { clocks.pairs[$0] > 0 }.map { onsets.findings[$0]!.time }
      guard times.count >= 8 else { continue }
      let middle = Robust.median(times)
      let width = max(10, Robust.mad(times, around: middle))
      let share = spread * spread / (spread * spread + width * width)
      for device in group
      where clocks.pairs[device] == 0 && clocks.zones[device] == nil
        && onsets.findings[device]!.kind != .reported
      {
        let distance = onsets.findings[device]!.time - middle
        guard abs(distance) < 3 * (spread + width) else { continue }
        found[device] = (distance * share + centre * (1 - share), 2 * spread * (1 - share).squareRoot())
      }
    }
  }
}
