internal import Glibc
internal import IncidentModel

/// A provider whose own severe message falls into the very moment in which what depends on it fails.
///
/// When everything fails within a second (an expired certificate, a revoked key), the order of the onsets is that of
/// the clocks' errors and tells nothing, and as everything fails, coverage tells nothing either. What remains: who of
/// those that nearly all of the failed depend on has trouble of its own, of a kind never heard before, just then.
/// Fails where several providers break in that moment; then the one furthest up is taken.
struct SynchronousCause {
  /// Seconds before and after the provider's message that count as the same moment.
  static let before = 5.0
  static let after = 60.0

  /// The provider; nil where the failures are not of one moment, or nobody stands out.
  let culprit: Int?
  /// Members of the moment, and how many fall there.
  private(set) var together = 0

  init(_ fleet: Fleet, _ onsets: Onsets, _ members: [Int], among population: Population) {
    let plain = members.filter { population.isOne($0) }
    var best: (device: Int, depth: Int, together: Int)?
    if plain.count >= 5 {
      let times = plain.map { onsets.findings[$0]!.time }.sorted()
      for provider in members where fleet.isShared[provider] && !fleet.dependants[provider].isEmpty {
        // One that is silent from that moment on, and reported as gone, may be above those that tell of it.
        guard let own = onsets.findings[provider], own.kind == .log || own.kind == .reported else { continue }
        let near =
          times.partition { $0 - own.time >= Self.after } - times.partition { $0 - own.time > -Self.before }
        guard near * 2 >= plain.count else { continue }
        let below = Set(fleet.descendants(of: provider))
        let covered = plain.count { below.contains(Int32($0)) }
        let hit = Double(covered) / Double(max(1, below.count { population.isOne(Int($0)) }))
        guard covered * 10 >= plain.count * 9, hit >= 0.5 else { continue }
        if best == nil || (below.count, -provider) > (best!.depth, -best!.device) {
          best = (provider, below.count, near)
        }
      }
    }
    culprit = best?.device
    together = best?.together ?? 0
  }

  /// Severe messages of shared infrastructure, of a kind that nobody said before or elsewhere, at the moment in which
  /// others fail: (entity, event position). A single message otherwise proves little; the coincidence does. What names somebody who had
  /// failed before it was said only misses him.
  static func witnesses(_ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets) -> [(
    device: Int, event: Int32
  )] {
    let times = onsets.devices.map { onsets.findings[$0]!.time }.sorted()
    let window = timeline.end - timeline.start
    guard times.count >= 8, window > 0 else { return [] }
    var speaker = [Int32](repeating: -1, count: timeline.tones.count)
    for event in 0..<timeline.eventCount where timeline.evidence.eventDevices[event] >= 0 {
      let template = Int(timeline.evidence.eventTemplates[event])
      let device = timeline.evidence.eventDevices[event]
      speaker[template] = speaker[template] == -1 || speaker[template] == device ? device : -2
    }
    func rank(_ time: Double) -> Int { times.partition { $0 >= time } }
    let expected = Double(times.count) * (before + after) / window
    var result: [(device: Int, event: Int32)] = []
    for device in 0..<timeline.deviceCount where fleet.isShared[device] && onsets.findings[device] == nil {
      var seen = Set<Int32>()
      for event in timeline.events(of: device) {
        let template = timeline.evidence.eventTemplates[Int(event)]
        guard seen.insert(template).inserted, speaker[Int(template)] == Int32(device),
          timeline.tones[Int(template)] == .loud, timeline.isLoud[Int(template)],
          timeline.evidence.severities[Int(event)] <= 3 || timeline.evidence.severities[Int(event)] == 255
        else { continue }
        let time = timeline.seconds[Int(event)]
        let named = timeline.mention(Int(event))
        let isMissing = named >= 0 && (onsets.findings[named]?.time ?? .infinity) < time
        guard time - timeline.start > 0.05 * window, !isMissing else { continue }
        let inside = Double(rank(time + after) - rank(time - before))
        if inside * 4 >= Double(times.count), Robust.poissonExcess(inside, expected) > 10 {
          result.append((device, event))
          break
        }
      }
    }
    return result
  }
}

extension [Double] {
  /// In ascending numbers the place of the first of which something is true, as of all after it.
  fileprivate func partition(_ isBeyond: (Double) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
