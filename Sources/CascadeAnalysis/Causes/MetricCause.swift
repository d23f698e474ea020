internal import Glibc
internal import IncidentModel

/// Where trouble began that only numbers tell of: services that call each other, units that feed others, sensors.
///
/// Four votes on each entity that failed: how early it changed; how far its numbers went, beside the same numbers of
/// the others (the origin deviates most: Pham, Ha and Zhang, "BARO", 2024, whose scorer ranks by the deviation after
/// the change in units of the spread before it); how many of the other failures can be reached from it over links;
/// and whether any neighbour failed before it. Which way trouble runs along a kind of link, to the caller or to the
/// called, is voted by the failures themselves. Assumes that the origin has numbers of its own; clocks may be off by
/// minutes, which is why lateness counts less the greater it is. Fails where the origin's numbers hardly move.
struct MetricCause {
  struct Candidate {
    var device: Int
    var weight: Double
    var reached: Int
    var earlierNeighbours: Int
    /// Mean of the logarithms of its deviations to the greatest ones, 0 for the greatest of all.
    var size: Double
  }
  /// Best first.
  private(set) var candidates: [Candidate] = []
  /// Nats for "failures lie next to each other" over "anywhere".
  private(set) var adjacency = 0.0
  /// Per failed entity: failed neighbours with the share of belief that trouble came from there.
  private(set) var inward: [Int: [(device: Int, share: Double)]] = [:]
  private(set) var outward: [Int: [(device: Int, share: Double)]] = [:]
  let slack: Double
  let memberCount: Int

  init(
    _ evidence: IncidentEvidence, _ fleet: Fleet, _ onsets: Onsets, _ members: [Int], _ metrics: MetricOnsets,
    _ dependency: DependencyCause? = nil
  ) {
    slack = max(45, 1.5 * metrics.step)
    memberCount = members.count
    guard members.count >= 2 else { return }
    let isMember = Set(members)
    func time(_ device: Int) -> Double { onsets.findings[device]?.time ?? .infinity }
    let sizes = Self.sizes(members, metrics)
    link(evidence, fleet, isMember, time, sizes)
    let first = members.map(time).min() ?? 0
    var provides: [Int: Double] = [:]
    for candidate in dependency?.candidates ?? [] {
      // A provider most of whose dependants failed, and few others.
      provides[candidate.device] = min(3, max(0, candidate.score / 3))
    }
    let rough = members.map { device -> Candidate in
      let late = time(device) - first
      // Most clocks are right; a few are off by minutes.
      let early = log(1e-12 + 0.85 * exp(-late / slack) + 0.15 * exp(-late / (8 * slack)))
      let earlier = (inward[device] ?? []).count {
        $0.share > 0.4 && time($0.device) < time(device) - slack / 3
      }
      let size = sizes[device] ?? -3
      return Candidate(
        device: device,
        weight: (provides[device] ?? 0) + early + 2.2 * size - 0.6 * Double(min(3, earlier)), reached: 1,
        earlierNeighbours: earlier, size: size)
    }.sorted { ($0.weight, $1.device) > ($1.weight, $0.device) }
    // How far each reaches costs a pass over the failed: only for those that may be it.
    for var candidate in rough.prefix(max(20, min(200, 4_000_000 / members.count))) {
      candidate.reached = reach(from: candidate.device, time)
      let unreached = Double(members.count - candidate.reached) / Double(members.count).squareRoot()
      if adjacency > 3 { candidate.weight -= 1.2 * unreached }
      candidates.append(candidate)
    }
    candidates.sort { ($0.weight, $1.device) > ($1.weight, $0.device) }
  }

  /// Whether links lead from an entity to most of the others that failed.
  func leadsToMost(from device: Int) -> Bool {
    guard let entry = candidates.first(where: { $0.device == device }) else { return false }
    return (entry.reached - 1) * 2 >= memberCount - 1
  }

  /// How far an entity's numbers went beside the others': mean over the kinds of series of the logarithm of its
  /// deviation to the greatest one of that kind. Kinds that few entities have are compared by their deviations alone, and so are
  /// entities that have none of the kinds that others have: a pump has no flow of a house.
  private static func sizes(_ members: [Int], _ metrics: MetricOnsets) -> [Int: Double] {
    var most: [String: (count: Int, top: Double)] = [:]
    var top = 1.0
    for device in members {
      for (name, size) in metrics.found[device]?.sizes ?? [:] {
        let known = most[name] ?? (0, 0)
        most[name] = (known.count + 1, max(known.top, size))
        top = max(top, min(100, size))
      }
    }
    let shared = most.filter { $0.value.count >= 2 }
    var result: [Int: Double] = [:]
    for device in members {
      let own = metrics.found[device]?.sizes ?? [:]
      var sum = 0.0
      for (name, entry) in shared { sum += max(-2.5, log(max(1, own[name] ?? 0.3) / max(1, entry.top))) }
      // A kind of trouble that nobody else has is the origin's own: heat, a full disk.
      let isOnlyOne = own.contains { most[$0.key]?.count == 1 && $0.value >= 5 }
      let isAlike = shared.keys.contains { metrics.measured[device]?.contains($0) ?? false }
      let mean =
        shared.isEmpty || !isAlike
        ? 0.5 * log(max(1, min(100, own.values.max() ?? 1)) / top) : sum / Double(shared.count)
      result[device] = mean + (isOnlyOne && !shared.isEmpty && isAlike ? 0.5 : 0)
    }
    let best = result.values.max() ?? 0
    return result.mapValues { $0 - best }
  }

  private mutating func link(
    _ evidence: IncidentEvidence, _ fleet: Fleet, _ isMember: Set<Int>, _ time: (Int) -> Double,
    _ sizes: [Int: Double]
  ) {
    var index: [String: Int] = [:]
    for (position, name) in evidence.devices.enumerated() where index[name] == nil { index[name] = position }
    var pairs: [(from: Int, to: Int, kind: String)] = []
    for link in evidence.topology.links {
      if let from = index[link.from], let to = index[link.to], from != to {
        pairs.append((from, to, link.kind))
      }
    }
    // Columns that name entities are links, too.
    var known = Set(pairs.map { Self.key($0.from, $0.to) })
    for device in isMember.sorted() {
      for provider in fleet.providers[device] where known.insert(Self.key(Int(provider), device)).inserted {
        pairs.append((Int(provider), device, "\u{0}named"))
      }
    }
    let nodes = Double(Set(pairs.flatMap { [$0.from, $0.to] }).count)
    let inside = pairs.filter { isMember.contains($0.from) && isMember.contains($0.to) }
    let failed = Double(isMember.count)
    if nodes > 1 {
      let expected = Double(pairs.count) * failed * (failed - 1) / (nodes * (nodes - 1))
      adjacency = Robust.poissonExcess(Double(inside.count), max(0.05, expected))
    }
    var votes: [String: (sum: Double, count: Double)] = [:]
    for (from, to, kind) in inside {
      let order = tanh((time(to) - time(from)) / slack)
      let bigger = tanh(1.5 * ((sizes[from] ?? 0) - (sizes[to] ?? 0)))
      let known = votes[kind] ?? (0, 0)
      votes[kind] = (known.sum + order + bigger, known.count + 1)
    }
    for (from, to, kind) in inside {
      let vote = votes[kind]!
      let forward = 1 / (1 + exp(-2 * vote.sum / vote.count.squareRoot()))
      outward[from, default: []].append((to, forward))
      inward[to, default: []].append((from, forward))
      outward[to, default: []].append((from, 1 - forward))
      inward[from, default: []].append((to, 1 - forward))
    }
  }

  /// The same for both directions.
  private static func key(_ a: Int, _ b: Int) -> UInt64 { UInt64(min(a, b)) << 32 | UInt64(max(a, b)) }

  private func reach(from device: Int, _ time: (Int) -> Double) -> Int {
    var seen = Set([device])
    var stack = [device]
    while let next = stack.popLast() {
      for (other, share) in outward[next] ?? [] where share > 0.15 && time(other) > time(next) - 4 * slack {
        if seen.insert(other).inserted { stack.append(other) }
      }
    }
    return seen.count
  }

  /// Failed neighbours that may have taken an entity along, with weights.
  func parents(of child: Int, at time: [Double]) -> [(device: Int, weight: Double)] {
    (inward[child] ?? []).compactMap { parent, share in
      let delay = time[child] - time[parent]
      guard delay < .infinity, delay > -3 * slack, share > 0.05 else { return nil }
      // The neighbour that failed last before it is likelier than one long before.
      let order = delay >= 0 ? exp(-delay / (6 * slack)) : 0.5 * exp(delay / (slack / 2))
      return (parent, share * order)
    }
  }
}
