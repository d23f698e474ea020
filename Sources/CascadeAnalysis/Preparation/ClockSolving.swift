internal import Glibc
internal import IncidentModel

/// From pairs to the offset and drift of each clock.
extension ClockCorrection {
  /// The greatest shift between two clocks that enough pairs share.
  private struct Bound {
    var sender: Int
    var receiver: Int
    var shift: Double
    var count: Int
    var drift = 0.0
  }

  /// One clock beside another, from the side of one of them.
  private struct Tie {
    var other: Int
    var difference: Double
    var count: Int
    var drift: Double

    init(_ other: Int, _ difference: Double, _ count: Int, _ drift: Double) {
      (self.other, self.difference, self.count, self.drift) = (other, difference, count, drift)
    }
  }

  /// How fast the sender's clock runs beside the receiver's: the median of the slopes between the first and the last
  /// thirds of the pairs (Theil and Sen, reduced), where it exceeds what the delays' scatter would make of none.
  private static func drift(_ cluster: ArraySlice<Match>) -> Double {
    guard cluster.count >= 24 else { return 0 }
    let ordered = cluster.sorted { ($0.at, $0.shift) < ($1.at, $1.shift) }
    let third = ordered.count / 3
    let slopes = (0..<third).map { index -> Double in
      let (a, b) = (ordered[index], ordered[ordered.count - third + index])
      return (b.shift - a.shift) / max(1, b.at - a.at)
    }
    let slope = Robust.median(slopes)
    let span = ordered[ordered.count - 1].at - ordered[0].at
    guard span > 900 else { return 0 }
    let spread = Robust.mad(slopes, around: slope) / Double(third).squareRoot()
    // No quartz is off by more than a thousandth; what looks so is something else.
    return abs(slope) > 6 * spread && abs(slope) * span > 0.3 && abs(slope) < 1e-3 ? slope : 0
  }

  mutating func solve(_ matches: [Match], _ fleet: Fleet) {
    let sorted = matches.sorted { ($0.receiver, $0.device, $0.shift) < ($1.receiver, $1.device, $1.shift) }
    var bounds: [Bound] = []
    var residuals: [Double] = []
    var low = 0
    while low < sorted.count {
      var high = low
      while high < sorted.count, sorted[high].device == sorted[low].device,
        sorted[high].receiver == sorted[low].receiver
      { high += 1 }
      let cluster = Self.densest(sorted[low..<high], 3)
      // One pair against another tells nothing.
      let isDisputed = cluster.count == 1 && high - low > 1
      defer { low = high }
      guard !isDisputed else { continue }
      let drift = Self.drift(cluster)
      let level = drift == 0 ? cluster.map(\.shift) : cluster.map { $0.shift - drift * ($0.at - middle) }
      let top = level.max()!
      if cluster.count >= 4 { residuals += level.map { top - $0 } }
      bounds.append(
        Bound(
          sender: Int(sorted[low].device), receiver: Int(sorted[low].receiver), shift: top,
          count: cluster.count, drift: drift))
    }
    residuals.sort()
    let least = (0..<17).map { Self.expectedLeast(residuals, max(1, $0)) }
    // A lone pair far from where the other clocks are is more likely two different messages.
    let trusted = bounds.filter { $0.count >= 3 }.map(\.shift)
    let centre = Robust.median(trusted)
    let reach = max(60, 6 * Robust.mad(trusted, around: centre))
    if trusted.count >= 5 { bounds.removeAll { $0.count <= 3 && abs($0.shift - centre) > reach } }

    // Whoever receives from many is a service, and services keep time better than what they serve.
    var received: [Int: Int] = [:]
    for bound in bounds { received[bound.receiver, default: 0] += bound.count }
    var adjacent: [Int: [Tie]] = [:]
    for bound in bounds {
      let shift = bound.shift + least[min(16, bound.count)]
      adjacent[bound.sender, default: []].append(Tie(bound.receiver, shift, bound.count, bound.drift))
      adjacent[bound.receiver, default: []].append(Tie(bound.sender, -shift, bound.count, -bound.drift))
    }
    let spread = residuals.isEmpty ? 1 : max(0.05, residuals[residuals.count / 2])
    var isKnown = [Bool](repeating: false, count: offsets.count)
    // True time: in each connected part, the entities with the fewest providers above them; without a topology, the
    // one that most others are compared with.
    for start in adjacent.keys.sorted() where !isKnown[start] {
      let part = Self.connected(start, adjacent)
      let roots = roots(of: part, adjacent, received, bounds, fleet)
      for root in roots { isKnown[root] = true }
      var frontier = roots
      while !frontier.isEmpty {
        var next: [Int] = []
        for device in Set(frontier.flatMap { adjacent[$0]!.map(\.other) }).sorted() where !isKnown[device] {
          let ties = adjacent[device]!.filter { isKnown[$0.other] }
          let weight = ties.reduce(0) { $0 + $1.count }
          // Of several receivers the one with the most pairs speaks; the mean would mix in their own errors.
          let best = ties.max { ($0.count, $1.other) < ($1.count, $0.other) }!
          offsets[device] = best.difference + offsets[best.other]
          drifts[device] = best.drift + drifts[best.other]
          pairs[device] = Int32(weight)
          errors[device] = 2 * spread / Double(best.count).squareRoot() + errors[best.other]
          next.append(device)
        }
        for device in next { isKnown[device] = true }
        frontier = next
      }
      agree(part)
    }
  }

  /// The entities of a connected part whose clocks stand for true time: those that compare others and that nobody
  /// compares, with the fewest providers above them; where all are compared, the one with most to compare.
  private func roots(
    of part: [Int], _ adjacent: [Int: [Tie]], _ received: [Int: Int], _ bounds: [Bound], _ fleet: Fleet
  ) -> [Int] {
    let inside = Set(part)
    var senders: [Int: Set<Int>] = [:]
    var isCompared = Set<Int>()
    for bound in bounds where inside.contains(bound.receiver) {
      senders[bound.receiver, default: []].insert(bound.sender)
      isCompared.insert(bound.sender)
    }
    func height(_ device: Int) -> Int {
      fleet.providers[device].isEmpty && !fleet.isShared[device] ? 1_000 : fleet.ancestors(of: device).count
    }
    let receivers = part.filter { (senders[$0]?.count ?? 0) >= 2 }
    let free = receivers.filter { !isCompared.contains($0) }
    let pool = !free.isEmpty ? free : !receivers.isEmpty ? receivers : part
    let least = pool.map(height).min() ?? 0
    var roots = pool.filter { height($0) == least }
    if least == 1_000 {
      roots = [
        pool.max {
          (adjacent[$0]!.count, received[$0] ?? 0, $1) < (adjacent[$1]!.count, received[$1] ?? 0, $0)
        }!
      ]
    }
    let most = roots.map { adjacent[$0]!.count }.max() ?? 0
    // Of several at the top only those with much to compare set the time.
    return roots.filter { adjacent[$0]!.count * 4 >= most }
  }

  /// Most clocks of a fleet are right. Where many of a part agree with each other to the second, but not with the one
  /// they were compared with, that one is wrong.
  private mutating func agree(_ part: [Int]) {
    guard part.count >= 10 else { return }
    let sorted = part.map { offsets[$0] }.sorted()
    var low = 0
    var best = (count: 0, from: 0)
    for high in sorted.indices {
      while sorted[high] - sorted[low] > 1 { low += 1 }
      if high - low + 1 > best.count { best = (high - low + 1, low) }
    }
    let shift = sorted[best.from + best.count / 2]
    guard best.count * 3 >= part.count, abs(shift) > 2 else { return }
    for device in part { offsets[device] -= shift }
  }

  private static func connected(_ start: Int, _ adjacent: [Int: [Tie]]) -> [Int] {
    var seen = Set([start])
    var stack = [start]
    while let next = stack.popLast() {
      for tie in adjacent[next] ?? [] where seen.insert(tie.other).inserted { stack.append(tie.other) }
    }
    return seen.sorted()
  }

  /// Expected least of `count` delays drawn from the residuals (order statistics of the empirical distribution).
  private static func expectedLeast(_ residuals: [Double], _ count: Int) -> Double {
    guard !residuals.isEmpty else { return 0 }
    let total = Double(residuals.count)
    var sum = 0.0
    for (index, value) in residuals.enumerated() {
      let above = pow((total - Double(index)) / total, Double(count))
      let below = pow((total - Double(index) - 1) / total, Double(count))
      sum += value * (above - below)
    }
    return sum
  }
}
