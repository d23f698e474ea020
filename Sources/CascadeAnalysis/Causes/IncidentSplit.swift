internal import IncidentModel

/// Tells independent incidents in one window apart.
///
/// Failures belong together when they speak alike (templates that the same entities say in one breath), or when one
/// explains the other (the best parent lies in the other group). Groups that remain apart are incidents of their own;
/// those of fewer than three entities are single failures. A long quiet gap divides a group too, unless its waves share a reason.
/// Fails for two outbreaks of the same kind at the same time: they come out as one with two roots.
struct IncidentSplit {
  /// Members of each incident, largest first.
  private(set) var groups: [[Int]] = []
  /// Members of none.
  private(set) var singles: [Int] = []

  init(
    _ timeline: Timeline, _ onsets: Onsets, _ members: [Int], _ edges: [Spread.Edge],
    received: Set<Int>?, _ fleet: Fleet, isOfWaves: ((Int) -> Bool)? = nil
  ) {
    // Nodes below 0 are templates.
    let kinds = timeline.evidence.templateTexts.count
    var parent = (-kinds..<timeline.deviceCount).map { $0 }
    func root(_ node: Int) -> Int {
      var next = node
      while parent[next + kinds] != next { next = parent[next + kinds] }
      return next
    }
    func join(_ a: Int, _ b: Int) {
      let (x, y) = (root(a), root(b))
      if x != y { parent[max(x, y) + kinds] = min(x, y) }
    }
    func templates(of device: Int) -> [Int32] { timeline.kinds(of: onsets.findings[device]!) }
    var users = [Int](repeating: 0, count: kinds)
    var pairs: [UInt64: Int] = [:]
    for device in members {
      let templates = templates(of: device)
      for template in templates {
        users[Int(template)] += 1
        for other in templates where other > template {
          pairs[UInt64(template) << 32 | UInt64(other), default: 0] += 1
        }
      }
    }
    for (pair, count) in pairs {
      let a = Int(pair >> 32)
      let b = Int(pair & 0xFFFF_FFFF)
      if count >= 2 || min(users[a], users[b]) == 1, count * 5 >= min(users[a], users[b]) {
        join(-1 - a, -1 - b)
      }
    }
    // Numbers have no wording that could tell them apart.
    let numbers = members.filter { onsets.findings[$0]!.kind == .metric }
    for device in numbers.dropFirst() { join(numbers[0], device) }
    for device in members {
      guard
        let template = templates(of: device).max(by: { (users[Int($0)], $1) < (users[Int($1)], $0) })
      else { continue }
      join(-1 - Int(template), device)
    }
    // Who fell silent in one moment did so together, whatever each said last, and whether or not it told of trouble as it did.
    let silent = members.filter { onsets.findings[$0]!.kind == .silence }
    var moments = Dictionary(grouping: silent, by: { onsets.findings[$0]!.time })
    let shared = moments.filter { $0.value.count > 1 }.keys.sorted()
    for device in members {
      guard onsets.findings[device]!.kind != .silence, let own = onsets.findings[device]!.silentSince else {
        continue
      }
      // From nearby the moment may be told a little otherwise.
      let moment = shared.min { abs($0 - own) < abs($1 - own) }.flatMap { abs($0 - own) <= 10 ? $0 : nil }
      moments[moment ?? own, default: []].append(device)
    }
    for (_, group) in moments where group.count >= SilenceOnsets.fewestTogether {
      for device in group.dropFirst() { join(group[0], device) }
    }
    // Infrastructure that stopped as others failed is of the incident of most of these.
    for device in members where onsets.findings[device]!.hasStopped {
      let time = onsets.findings[device]!.time
      var near: [Int: Int] = [:]
      for other in members where other != device {
        if abs(onsets.findings[other]!.time - time) <= Onsets.companySpan {
          near[root(other), default: 0] += 1
        }
      }
      guard let group = near.commonest?.key else { continue }
      join(group, device)
    }
    // Who stopped and was named took along whatever failed then.
    let triggers = members.filter { onsets.findings[$0]!.namedBy > 0 }
    let kindred = triggers.isEmpty ? [] : Array(Dictionary(grouping: members, by: root).values)
    for trigger in triggers {
      let time = onsets.findings[trigger]!.time
      let strangers = Strangers(to: trigger, kindred, members, timeline, fleet)
      for device in members where device != trigger && !strangers.holds(device) {
        let onset = onsets.findings[device]!.time
        if onset >= time - 1, onset <= time + 300 { join(trigger, device) }
      }
    }
    // Groups that explain each other: a third of one's members have their parent in the other.
    var grouped = Dictionary(grouping: members, by: root)
    var isMember = [Bool](repeating: false, count: timeline.deviceCount)
    for device in members { isMember[device] = true }
    var cross: [UInt64: Int] = [:]
    var caused: [Int: [Int: Int]] = [:]
    // Those that speak alike and of whom nobody received the change: a receipt may be lost, not each of theirs.
    let strangers = Set(
      grouped.filter { _, group in
        group.count >= Self.fewest && received.map { !group.contains(where: $0.contains) } ?? false
      }.keys)
    for edge in edges where edge.probability >= 0.3 {
      // Who is known to hang on something else, and not to have received the change, is tied to it by no more than the hour.
      let isLinked = !fleet.providers[edge.to].isEmpty || !fleet.contacts[edge.to].isEmpty
      if edge.kind == .change, let received, !received.contains(edge.to),
        isLinked || strangers.contains(root(edge.to))
      {
        continue
      }
      guard isMember[edge.from] else {
        caused[edge.from, default: [:]][root(edge.to), default: 0] += 1
        continue
      }
      let (a, b) = (root(edge.from), root(edge.to))
      if a != b {
        cross[
          UInt64(UInt32(truncatingIfNeeded: a)) << 32 | UInt64(UInt32(truncatingIfNeeded: b)), default: 0] +=
          1
      }
    }
    // Somebody who did not fail but caused failures ties the groups together of which he caused a third.
    for (_, groups) in caused.sorted(by: { $0.key < $1.key }) {
      let own = groups.filter { group, count in count * 3 >= (grouped[group]?.count ?? 1) }.keys.sorted()
      for other in own.dropFirst() { join(own[0], other) }
    }
    for (pair, count) in cross.sorted(by: { $0.key < $1.key }) {
      let a = Int(Int32(truncatingIfNeeded: pair >> 32))
      let b = Int(Int32(truncatingIfNeeded: pair & 0xFFFF_FFFF))
      if count * 3 >= min(grouped[a]?.count ?? 1, grouped[b]?.count ?? 1) { join(a, b) }
    }
    grouped = Dictionary(grouping: members, by: root)
    for (_, group) in grouped {
      for part in Self.joined(Self.dividedByGaps(group, onsets), by: isOfWaves) {
        if part.count >= Self.fewest { groups.append(part) } else { singles += part }
      }
    }
    // Small groups that a large one surrounds in time and links belong to it.
    groups.sort { ($0.count, $1[0]) > ($1.count, $0[0]) }
    if groups.isEmpty, !members.isEmpty {
      groups = [members]
      singles = []
    }
    if groups.count > 5 {
      singles += groups[5...].flatMap { $0 }
      groups.removeSubrange(5...)
    }
  }

  /// Fewer are single failures.
  private static let fewest = 3

  /// Waves of which four of five members have the reason that all waves share are one.
  private static func joined(_ parts: [[Int]], by isOfWaves: ((Int) -> Bool)?) -> [[Int]] {
    guard let isOfWaves, parts.count > 1 else { return parts }
    let waves = parts.filter { part in part.count(where: isOfWaves) * 5 >= part.count * 4 }
    let others = parts.filter { part in part.count(where: isOfWaves) * 5 < part.count * 4 }
    return waves.isEmpty ? others : [waves.flatMap { $0 }] + others
  }

  private static func dividedByGaps(_ group: [Int], _ onsets: Onsets) -> [[Int]] {
    let ordered = group.sorted { (onsets.findings[$0]!.time, $0) < (onsets.findings[$1]!.time, $1) }
    guard ordered.count >= 6 else { return [ordered] }
    let times = ordered.map { onsets.findings[$0]!.time }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    let usual = Robust.quantile(gaps, 0.95)
    var parts: [[Int]] = [[ordered[0]]]
    for (index, gap) in gaps.enumerated() {
      if gap > max(1800, 20 * usual) { parts.append([]) }
      parts[parts.count - 1].append(ordered[index + 1])
    }
    return parts
  }
}
