internal import Glibc
internal import IncidentModel

/// How a change is rolled out in stages.
public struct WhatIfPolicy: Sendable {
  /// Cumulative shares of the target after each wave, ascending, 0 to 1.
  public var waves = [0.01, 0.1, 1.0]
  /// Seconds of waiting after each wave.
  public var soak = 3600.0
  /// The rollout stops before the next wave when more than this share of those changed has failed.
  public var haltAbove = 0.05

  /// Waves of 1, 10 and 100 %, an hour of soak, halt above 5 % failed.
  public init() {}

  /// A policy from its parts.
  public init(waves: [Double], soak: Double, haltAbove: Double) {
    self.waves = waves
    self.soak = soak
    self.haltAbove = haltAbove
  }

  /// The policy in words.
  public var words: String {
    func percent(_ share: Double) -> String {
      let tenths = Int((share * 1000).rounded())
      return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
    let minutes = Int((soak / 60).rounded())
    return "waves of \(waves.map(percent).joined(separator: ", ")) %, soak \(minutes) min, halt above "
      + "\(percent(haltAbove)) % failed"
  }
}

/// What would have happened otherwise: simulated from the delays and shares of the incident itself.
///
/// Delays from change to failure are right-censored: an entity that had not failed by the end of the evidence, or was
/// taken down by something else first, may still have. Their distribution is Kaplan and Meier's ("Nonparametric
/// estimation from incomplete observations", 1958); intervals come from resampling entities (Efron, "Censored data and
/// the bootstrap", 1981). Victims of an overload are counted when as many fail by the change as before the overload.
/// Fails where the failures feed back on the rollout itself, or the first receivers are unlike the rest.
public struct WhatIf: Sendable {
  /// Seconds from change to failure; `failed` false where the observation ended first.
  private var delays: [(seconds: Double, failed: Bool)] = []
  private var receipts: [(time: Double, failed: Bool)] = []
  /// Seconds from the start of the rollout to each receipt.
  private var waits: [Double] = []
  private let ownFailures: Int
  private let target: Int
  private let failedActual: Int
  private let victims: Int
  /// Failures by the change that sufficed to overload what they share; nil where nothing was overloaded.
  private var overloadAt: Int?
  private let incident: Incident

  /// Reads the incident; nil where no change caused it and no spread was seen.
  public init?(trace: Trace, incident: Incident) {
    self.incident = incident
    failedActual = incident.onsets.count
    // Nobody gives orders in waves and waits for what they do.
    guard let change = incident.changes.first, !change.isOrder, let window = trace.window else { return nil }
    // By position, as names are a million.
    let onsets = incident.onsets
    let index = NameIndex(onsets) { $0.device }
    func position(_ name: String) -> Int? {
      index.find(ContentHash.of(name)) { onsets[$0].device == name }
    }
    var isOwn = [Bool](repeating: false, count: onsets.count)
    var ownChanges = 0
    for edge in incident.edges where edge.kind == .change {
      guard let child = position(edge.to), !isOwn[child] else { continue }
      isOwn[child] = true
      ownChanges += 1
    }
    guard ownChanges > 0 else { return nil }
    for (device, received) in zip(change.devices, change.receivedAt) {
      let own = position(device)
      let end = own.map { onsets[$0].time } ?? window.upperBound
      let delay = end.seconds(since: received)
      let failed = own.map { isOwn[$0] } ?? false
      guard delay >= 0 || failed else { continue }
      delays.append((max(0, delay), failed))
      receipts.append((received.seconds(since: change.start), failed))
    }
    guard !delays.isEmpty else { return nil }
    ownFailures = ownChanges
    victims = failedActual - ownChanges
    // Whoever was offered the change gets it some time after the start.
    let trigger = incident.phases.first { $0.name == .trigger }?.start ?? change.start
    let start = trigger < change.start && change.start.seconds(since: trigger) < 7200 ? trigger : change.start
    let waits = change.receivedAt.map { max(0, $0.seconds(since: start)) }
    self.waits = waits
    let known = max(change.reached, delays.count)
    let overload = incident.phases.first { $0.name == .cloudOverload }?.start
    let offered = overload.map { Self.offered(known, waits, until: $0.seconds(since: start)) } ?? known
    target = max(known, min(offered, change.eligible ?? .max))
    if let overload, victims > 0 {
      overloadAt = max(
        2, onsets.indices.count { isOwn[$0] && onsets[$0].time < overload })
    }
  }

  /// The outcome of a staged rollout.
  public func rollout(_ policy: WhatIfPolicy, draws: Int = 200, seed: UInt64 = 1) -> Counterfactual {
    var random = SplitMix(state: seed)
    var totals: [Double] = []
    var halts: [Double] = []
    let ordered = KaplanMeier.ordered(delays)
    // Of many entities each draw says more, and few say enough.
    for _ in 0..<max(1, min(draws, max(40, 4_000_000 / max(1, target)))) {
      let curve = KaplanMeier(resampling: ordered, &random)
      var changed = 0
      var failures: [Double] = []
      var halted: Double?
      for (wave, share) in policy.waves.enumerated() {
        let start = Double(wave) * policy.soak
        let size = max(wave == 0 ? 1 : changed, Int((share * Double(target)).rounded(.up)))
        if wave > 0 {
          let failed = failures.count { $0 <= start }
          if Double(failed) > policy.haltAbove * Double(changed) {
            halted = start
            break
          }
        }
        for _ in changed..<max(changed, min(target, size)) {
          guard let delay = curve.draw(random.unit()) else { continue }
          failures.append(start + waits[random.below(waits.count)] + delay)
        }
        changed = max(changed, min(target, size))
      }
      totals.append(total(failures.count, &random))
      if let halted { halts.append(halted) }
    }
    totals.sort()
    let low = totals[totals.count / 20]
    let high = totals[totals.count - 1 - totals.count / 20]
    return Counterfactual(
      policy: policy.words, failedActual: failedActual, failed: totals[totals.count / 2],
      interval: low...high,
      haltedAfter: halts.count * 2 > totals.count ? Robust.median(halts) : nil, assumptions: assumptions)
  }

  /// Failures by the change, and the victims of the overload where they suffice for it.
  private func total(_ own: Int, _ random: inout SplitMix) -> Double {
    guard let overloadAt else { return Double(own) }
    // What the shared thing bears is known from one incident only: to the root of the count.
    let spread = (random.unit() + random.unit() + random.unit() - 1.5) * 2 * Double(overloadAt).squareRoot()
    guard Double(own) >= max(2, Double(overloadAt) + spread) else { return Double(own) }
    // Those that the change did not reach lose the shared thing like the others.
    let spared = Double(max(0, ownFailures - own)) * 0.9
    let beyond = Double(max(0, own - ownFailures))
    return Double(min(own, ownFailures)) + spared + Double(victims) + beyond * 0.1
  }

  /// How many were offered the change, where an overload kept some from getting it: the receipts before the overload as
  /// the beginning of exponential delays (maximum likelihood of the truncated distribution), at most two and a half times
  /// those known.
  private static func offered(_ known: Int, _ waits: [Double], until end: Double) -> Int {
    let early = waits.filter { $0 <= end }
    guard early.count >= 8, end > 0 else { return known }
    let mean = early.reduce(0, +) / Double(early.count)
    guard mean < 0.48 * end else { return Int(2.5 * Double(known)) }
    // mean = 1/rate - end/(exp(rate·end) - 1), solved for the rate by bisection.
    var low = 1e-6 / end
    var high = 100 / end
    for _ in 0..<60 {
      let rate = (low + high) / 2
      let expected = 1 / rate - end / (exp(rate * end) - 1)
      if expected > mean { low = rate } else { high = rate }
    }
    let share = 1 - exp(-low * end)
    let scale = Double(known) / Double(max(1, waits.count))
    return min(Int(2.5 * Double(known)), max(known, Int(Double(early.count) / share * scale)))
  }

  /// The outcome had the rollout been stopped some seconds after its start.
  public func halted(after seconds: Double) -> Counterfactual {
    let spared = receipts.count { $0.time > seconds && $0.failed }
    let scale =
      Double(incident.edges.count { $0.kind == .change }) / Double(max(1, receipts.count { $0.failed }))
    let kept = Double(receipts.count { $0.time <= seconds && $0.failed }) * scale
    let isOverloaded = overloadAt.map { kept >= Double($0) } ?? false
    let total = kept + (isOverloaded ? Double(victims) + 0.9 * max(0, Double(ownFailures) - kept) : 0)
    let spread = 1.64 * (Double(spared) + 1).squareRoot()
    return Counterfactual(
      policy: "halt \(Int(seconds)) s after the first receipt", failedActual: failedActual, failed: total,
      interval: max(0, total - spread)...(total + spread), haltedAfter: seconds, assumptions: assumptions)
  }

  /// The outcome had one link carried nothing: parents are drawn by their probabilities, the link is taken away, and
  /// what no longer hangs on an entity without parent is spared.
  public static func cut(
    from: String, to: String, in incident: Incident, draws: Int = 200, seed: UInt64 = 1
  ) -> Counterfactual {
    var random = SplitMix(state: seed)
    var parents: [String: [SpreadEdge]] = [:]
    for edge in incident.edges + incident.alternatives { parents[edge.to, default: []].append(edge) }
    let order = incident.onsets.map(\.device)
    var totals: [Double] = []
    for _ in 0..<max(1, draws) {
      var drawn: [String: String] = [:]
      for (child, edges) in parents.sorted(by: { $0.key < $1.key }) {
        var rest = random.unit() * edges.reduce(0) { $0 + $1.probability }
        for edge in edges {
          rest -= edge.probability
          if rest <= 0 {
            drawn[child] = edge.from
            break
          }
        }
      }
      var spared: [String: Bool] = [:]
      func isSpared(_ device: String) -> Bool {
        var path: [String] = []
        var next = device
        var answer = false
        while true {
          if let known = spared[next] {
            answer = known
            break
          }
          path.append(next)
          guard let parent = drawn[next], !path.contains(parent) else { break }
          if parent == from && next == to || parent == to && next == from {
            answer = true
            break
          }
          next = parent
        }
        for step in path { spared[step] = answer }
        return answer
      }
      totals.append(Double(order.count { !isSpared($0) }))
    }
    totals.sort()
    return Counterfactual(
      policy: "the link between \(from) and \(to) cut", failedActual: order.count,
      failed: totals[totals.count / 2],
      interval: totals[totals.count / 20]...totals[totals.count - 1 - totals.count / 20], haltedAfter: nil,
      assumptions: ["nothing takes the place of the cut link", "parents are as probable as the trace says"])
  }

  private var assumptions: [String] {
    var list = [
      "the target is \(target) entities, and those of each wave are drawn at random",
      "a wave gets it as long after its start as the receivers did after the start of the rollout",
      "each fails by the change as often and as late as the \(delays.count) receivers in the evidence did",
    ]
    if let overloadAt {
      list.append(
        "\(overloadAt) failures by the change overload what they share, as they did, and take \(victims) others along"
      )
    }
    return list
  }
}

/// The product-limit estimate of a delay's distribution with censoring.
struct KaplanMeier {
  /// Ascending delays with the share that has failed by then.
  private var steps: [(delay: Double, failed: Double)] = []

  /// Observations by delay, failures before those censored at the same moment.
  static func ordered(_ observations: [(seconds: Double, failed: Bool)]) -> [(seconds: Double, failed: Bool)]
  {
    observations.sorted { ($0.seconds, $0.failed ? 0 : 1) < ($1.seconds, $1.failed ? 0 : 1) }
  }

  /// The estimate from as many of the ordered observations, drawn with replacement.
  init(resampling ordered: [(seconds: Double, failed: Bool)], _ random: inout SplitMix) {
    var times = [Int32](repeating: 0, count: ordered.count)
    for _ in ordered.indices { times[random.below(ordered.count)] += 1 }
    var surviving = 1.0
    var left = Double(ordered.count)
    for (index, entry) in ordered.enumerated() where times[index] > 0 {
      // Drawn several times, an observation is as many failures one after the other.
      let drawn = Double(times[index])
      if entry.failed {
        surviving *= (left - drawn) / left
        steps.append((entry.seconds, 1 - surviving))
      }
      left -= drawn
    }
  }

  /// The delay at a quantile; nil for those that never fail as far as was seen.
  func draw(_ quantile: Double) -> Double? {
    var low = 0
    var high = steps.count
    while low < high {
      let middle = (low + high) / 2
      if steps[middle].failed < quantile { low = middle + 1 } else { high = middle }
    }
    return low < steps.count ? steps[low].delay : nil
  }
}

/// A small deterministic random source (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [0, 1).
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in 0..<bound.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
