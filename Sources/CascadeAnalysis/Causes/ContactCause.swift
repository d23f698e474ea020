internal import Glibc

/// Spread over links between alike entities: how fast, and from where.
///
/// The hazard of an infected neighbour as a function of the time since its own onset is estimated without assuming a
/// shape, by expectation-maximisation over the unknown parents (Gomez-Rodriguez, Balduzzi, Schölkopf, "Uncovering the
/// temporal dynamics of diffusion networks", 2011, with a piecewise constant hazard). Origins: the earliest entity
/// from which the later failures can be reached along links in the order of time; lateness counts against it.
/// Assumes that links seen are the links used; entities whose carrier link is missing get no parent.
struct ContactCause {
  /// Nats for "failures follow failed neighbours" over "failures fall anywhere".
  private(set) var score = 0.0
  /// Candidates with log weights, best first.
  private(set) var origins: [(device: Int, weight: Double, reach: Int)] = []
  private(set) var failed: [Int] = []
  /// How many of those that failed tell which other of them came to them.
  private let told: Int
  /// Whether from anybody of the first a tenth of the others can be reached over links, and one at least, or as many tell who came to them: a
  /// few pairs of neighbours are no spread.
  var spreads: Bool {
    let reached = max(told, (origins.map(\.reach).max() ?? 1) - 1)
    return reached > 0 && reached * 10 >= failed.count - 1
  }
  private let edges: [Double]
  private(set) var hazard: [Double]
  private let slack = 45.0

  init(_ fleet: Fleet, _ onsets: Onsets, _ members: [Int], end: Double, isSusceptible: (Int) -> Bool) {
    failed = members.filter { onsets.findings[$0] != nil && !fleet.isShared[$0] }
    let isFailed = Set(failed.map { Int32($0) })
    told =
      Set(
        fleet.peers.pairs.filter { isFailed.contains($0.speaker) && isFailed.contains($0.named) }.map(
          \.speaker)
      ).count
    edges = [0, 5, 15, 30, 60, 120, 240, 480, 960, 1920, 3840, 7680, .infinity]
    hazard = [Double](repeating: 1e-3, count: edges.count - 1)
    guard failed.count >= 2 else { return }
    let time = { (device: Int) -> Double in onsets.findings[device]?.time ?? .infinity }
    measureScore(fleet, time)
    guard score > 0 else { return }
    fitHazard(fleet, time, end, isSusceptible)
    rankOrigins(fleet, time)
  }

  private mutating func measureScore(_ fleet: Fleet, _ time: (Int) -> Double) {
    let population = Double(fleet.isShared.count { !$0 })
    let order = failed.sorted { time($0) < time($1) }
    var seen = 0.0
    var expected = 0.0
    for (rank, device) in order.enumerated() {
      let neighbours = fleet.contacts[device]
      guard !neighbours.isEmpty else { continue }
      let chance = 1 - pow(1 - Double(rank) / max(1, population), Double(neighbours.count))
      expected += chance
      if neighbours.contains(where: { time(Int($0)) < time(device) }) { seen += 1 }
    }
    score = max(Robust.poissonExcess(seen, max(expected, 0.1)), closeness(fleet, order))
  }

  /// Nats for "neighbours fail one after the other": ranks of linked pairs against those of random pairs, whose
  /// distance has mean n/3 and variance n²/18. Still speaks when nearly all have failed.
  private func closeness(_ fleet: Fleet, _ order: [Int]) -> Double {
    var rank = [Int32](repeating: -1, count: fleet.isShared.count)
    for (position, device) in order.enumerated() { rank[device] = Int32(position) }
    var links = 0.0
    var distance = 0.0
    for device in order {
      for neighbour in fleet.contacts[device] where rank[Int(neighbour)] > rank[device] {
        links += 1
        distance += Double(rank[Int(neighbour)] - rank[device])
      }
    }
    let n = Double(order.count)
    guard links >= 4, n >= 5 else { return 0 }
    // An entity's links share its rank, so that they count for about half.
    let z = (n / 3 - distance / links) / (n / 18.0.squareRoot()) * (links / 2).squareRoot()
    return z > 0 ? z * z / 2 : 0
  }

  private func bin(_ delay: Double) -> Int {
    var index = 0
    while index + 1 < edges.count - 1, delay >= edges[index + 1] { index += 1 }
    return index
  }

  private mutating func fitHazard(
    _ fleet: Fleet, _ time: (Int) -> Double, _ end: Double, _ isSusceptible: (Int) -> Bool
  ) {
    let bins = hazard.count
    var exposure = [Double](repeating: 1, count: bins)
    for device in failed {
      for neighbour in fleet.contacts[device] where isSusceptible(Int(neighbour)) {
        let until = min(time(Int(neighbour)), end) - time(device)
        guard until > 0 else { continue }
        for index in 0..<bins where until > edges[index] {
          exposure[index] += min(until, edges[index + 1]) - edges[index]
        }
      }
    }
    let total = exposure.reduce(0, +)
    hazard = [Double](repeating: Double(failed.count) / total, count: bins)
    for _ in 0..<12 {
      var hits = [Double](repeating: 0, count: bins)
      for child in failed {
        let weights = fleet.contacts[child].compactMap { parent -> (Int, Double)? in
          let delay = time(child) - time(Int(parent))
          guard delay > 0, delay < .infinity else { return nil }
          let index = bin(delay)
          return (index, hazard[index])
        }
        let sum = weights.reduce(0) { $0 + $1.1 }
        guard sum > 0 else { continue }
        for (index, weight) in weights { hits[index] += weight / sum }
      }
      // Smoothed towards the mean hazard, as if one infection more had been seen in each bin.
      let mean = hits.reduce(0, +) / total
      hazard = (0..<bins).map { (hits[$0] + 1) / (exposure[$0] + 1 / max(1e-9, mean)) }
    }
  }

  /// Relative weight of a neighbour as the parent of a child.
  func weight(delay: Double) -> Double {
    if delay > 0 { return hazard[bin(delay)] }
    // Onsets are seen seconds late; a parent may seem to fail after its child.
    return delay > -slack ? 0.15 * hazard[0] * exp(delay / 15) : 0
  }

  private mutating func rankOrigins(_ fleet: Fleet, _ time: (Int) -> Double) {
    let order = failed.sorted { (time($0), $0) < (time($1), $1) }
    let first = time(order[0])
    // Reachability costs a pass over the failed for each candidate.
    let candidates = order.prefix(max(8, min(40, 2_000_000 / max(1, failed.count))))
    var visit = [Int32](repeating: -1, count: fleet.isShared.count)
    for (turn, candidate) in candidates.enumerated() {
      visit[candidate] = Int32(turn)
      var reached = 1
      var frontier = [candidate]
      while let next = frontier.popLast() {
        for neighbour in fleet.contacts[next] {
          let other = Int(neighbour)
          guard time(other) < .infinity, time(other) > time(next) - slack else { continue }
          guard visit[other] != Int32(turn) else { continue }
          visit[other] = Int32(turn)
          reached += 1
          frontier.append(other)
        }
      }
      let unreached = Double(failed.count - reached)
      let next = fleet.contacts[candidate].count {
        let delay = time(Int($0)) - time(candidate)
        return delay > -slack && delay < .infinity
      }
      let weight =
        -1.5 * unreached / Double(failed.count).squareRoot() - (time(candidate) - first) / 20
        + 0.6 * log(0.3 + Double(min(4, next)))
      origins.append((candidate, weight, reached))
    }
    origins.sort { ($0.weight, $1.device) > ($1.weight, $0.device) }
  }
}
