import Glibc
import IncidentModel

/// Makes incidents that only numbers tell of, in unlike ways from one seed to the next, and knows what really happened.
///
/// Services that call each other, units that feed others, sensors beside each other, sensors behind a cooling unit,
/// or entities of which no link is known; latency, errors, load, queues, temperatures and counters, of which each
/// entity has its own choice; steps and ramps; daily curves; samples that are missing; clocks that are off.
struct MetricForge {
  enum Shape: CaseIterable { case calls, feeds, neighbours, hub, unlinked }

  var evidence = IncidentEvidence()
  var shape: Shape
  var origin = ""
  /// True where the origin has no series of its own.
  var isOriginSilent = false
  /// Seconds since the first sample, by name.
  var onsets: [String: Double] = [:]
  /// `from>to`.
  var edges: Set<String> = []
  var entities = 0
  var words = ""

  private var dice: Dice
  private var builder = EvidenceBuilder()

  private static let epoch: Int64 = 1_650_000_000_000_000_000

  init(seed: UInt64, shape: Shape? = nil, isQuiet: Bool = false) {
    dice = Dice(state: seed &* 0x2545_F491_4F6C_DD1D &+ 99)
    for _ in 0..<5 { _ = dice.next() }
    let drawn = Int(dice.next() % UInt64(Shape.allCases.count))
    self.shape = shape ?? Shape.allCases[drawn]
    entities = 6 + Int(dice.unit() * dice.unit() * 74)
    if self.shape == .hub { entities = max(entities, 16) }
    let step = [10.0, 15, 30, 60, 300][Int(dice.next() % 5)]
    let samples = step == 300 ? 700 + Int(dice.unit() * 200) : 120 + Int(dice.unit() * 400)
    let span = step * Double(samples)
    let began = span * (0.4 + 0.35 * dice.unit())
    let links = links()
    let pace = max(step, 15) * (0.5 + 2.5 * dice.unit())
    if !isQuiet { spread(links, began, pace, span) }
    // Some clocks are off, by less than what separates the failures of far ends.
    var skew = [Double](repeating: 0, count: entities + 1)
    if dice.unit() < 0.4 {
      for entity in skew.indices where dice.unit() < 0.3 { skew[entity] = (dice.unit() - 0.5) * 3 * step }
    }
    words = "\(self.shape) of \(entities), \(samples) samples each \(Int(step)) s"
    write(step, samples, skew)
    evidence = builder.finish()
  }

  private func name(_ entity: Int) -> String { entity == entities ? "cooler0u" : "svc\(entity)z" }

  private mutating func exponential(_ mean: Double) -> Double { -mean * log(1 - dice.unit()) }

  private var dependants: [[Int]] = []

  /// Who slows down with whom: the dependants of each entity. Lists most of the links as topology.
  private mutating func links() -> [[Int]] {
    var below = [[Int]](repeating: [], count: entities + 1)
    let kept = dice.unit() < 0.5 ? 1.0 : 0.8
    for entity in 0..<entities { _ = builder.device(name(entity)) }
    func join(_ provider: Int, _ dependant: Int) {
      if !below[provider].contains(dependant) { below[provider].append(dependant) }
    }
    switch shape {
    case .calls, .unlinked:
      // Layers: each calls one to three of the later ones; trouble goes up to the callers.
      for entity in 0..<(entities - 1) {
        for _ in 0..<(1 + Int(dice.next() % 3)) {
          let reach = min(8, entities - 1 - entity)
          join(entity + 1 + Int(dice.unit() * Double(reach)), entity)
        }
      }
    case .feeds:
      for entity in 1..<entities { join(Int(dice.unit() * Double(entity)), entity) }
    case .neighbours:
      let width = max(2, Int(Double(entities).squareRoot()))
      for entity in 0..<entities {
        if entity % width > 0 { join(entity - 1, entity); join(entity, entity - 1) }
        if entity >= width { join(entity - width, entity); join(entity, entity - width) }
      }
    case .hub:
      for entity in 0..<entities where entity % 2 == 0 { join(entities, entity) }
      for entity in 0..<entities where entity % 2 == 1 { builder.link("cooler1u", name(entity), "cools") }
    }
    for provider in below.indices where shape != .unlinked {
      for dependant in below[provider] where dice.unit() < kept {
        switch shape {
        case .calls: builder.link(name(dependant), name(provider), "calls")
        case .feeds: builder.link(name(provider), name(dependant), "feeds")
        case .hub: builder.link(name(provider), name(dependant), "cools")
        case .neighbours: if provider < dependant { builder.link(name(provider), name(dependant), "beside") }
        case .unlinked: break
        }
      }
    }
    return below
  }

  private var hop: [String: Int] = [:]

  private mutating func spread(_ below: [[Int]], _ began: Double, _ pace: Double, _ span: Double) {
    var first = shape == .hub ? entities : 0
    if shape != .hub {
      for _ in 0..<6 {
        let other = Int(dice.unit() * Double(entities))
        if below[other].count > below[first].count { first = other }
      }
    }
    origin = name(first)
    onsets[origin] = began
    hop[origin] = 0
    let most = shape == .hub ? 1 : 2 + Int(dice.next() % 3)
    var front = [first]
    for depth in 1...most {
      var next: [Int] = []
      for provider in front {
        for entity in below[provider] where onsets[name(entity)] == nil && dice.unit() < 0.85 {
          let time = onsets[name(provider)]! + pace * 0.3 + exponential(pace)
          guard time < span * 0.95 else { continue }
          onsets[name(entity)] = time
          hop[name(entity)] = depth
          edges.insert("\(name(provider))>\(name(entity))")
          next.append(entity)
        }
      }
      front = next
    }
    isOriginSilent = shape == .hub && dice.unit() < 0.5
  }

  private mutating func write(_ step: Double, _ samples: Int, _ skew: [Double]) {
    let missing = [0, 0.05, 0.3][Int(dice.next() % 3)]
    let daily = step == 300 ? 0.6 * dice.unit() : 0
    let decay = 0.65 + 0.25 * dice.unit()
    let isRamp = dice.unit() < 0.4
    let size = 0.5 + 2.5 * dice.unit()
    let noise = 0.03 + 0.07 * dice.unit()
    let kinds = ["latency_ms", "error_share", "load", "queue", "celsius", "requests_total"]
    let isOwnNames = dice.unit() < 0.2
    let chosen = kinds.filter { _ in dice.unit() < 0.6 } + ["latency_ms"]
    for entity in 0...entities {
      let who = name(entity)
      if entity == entities && (shape != .hub || isOriginSilent) { continue }
      let onset = onsets[who]
      let strength = pow(decay, Double(hop[who] ?? 0)) * size * (0.85 + 0.3 * dice.unit())
      for kind in Set(chosen).sorted() where kind == "latency_ms" || dice.unit() < 0.85 {
        // Load and temperature rise at the origin alone.
        let isCause = kind == "load" || kind == "celsius"
        let affected = onset != nil && (!isCause || hop[who] == 0 || shape == .neighbours || shape == .hub)
        var total = 0.0
        var drift = 0.0
        let phase = dice.unit() * 0.5
        var points: [(time: Int64, value: Double)] = []
        for index in 0..<samples {
          let time = Double(index) * step + Double(entity % 7) * step / 7
          drift = 0.9 * drift + noise * (dice.unit() - 0.5)
          let curve = 1 + daily * sin(2 * .pi * (time / 86_400 + phase))
          var effect = 0.0
          if affected, let onset, time >= onset {
            effect = strength * (isRamp ? min(1, 0.2 + (time - onset) / (10 * step)) : 1)
          }
          let value: Double
          switch kind {
          case "latency_ms":
            value = (20 + Double(entity % 13)) * curve * (1 + effect) * (1 + drift) * exp(noise * gaussian())
          case "error_share":
            value = max(0, 0.01 * dice.unit() * curve + 0.1 * effect * (0.7 + 0.6 * dice.unit()))
          case "load": value = min(1, 0.3 * curve * (1 + 0.8 * effect) + noise * 0.3 * gaussian())
          case "queue": value = max(0, (3 * curve * (1 + 3 * effect) * exp(3 * noise * gaussian())).rounded())
          case "celsius": value = 20 + 3 * curve + 6 * effect + 4 * drift + 3 * noise * gaussian()
          default:
            total += (1000 * curve / (1 + effect) * exp(noise * gaussian())).rounded()
            value = total
          }
          guard dice.unit() >= missing else { continue }
          points.append((Self.epoch + Int64((time + skew[entity]) * 1e9), value))
        }
        builder.series(isOwnNames ? "\(who)_\(kind)" : kind, of: who, points)
      }
    }
  }

  private mutating func gaussian() -> Double {
    (-2 * log(1 - dice.unit())).squareRoot() * cos(2 * .pi * dice.unit())
  }

  /// Seconds since the first sample of an instant.
  func seconds(_ instant: Instant) -> Double { Double(instant.nanoseconds - Self.epoch) / 1e9 }
}
