internal import IncidentModel

/// Providers that lost what hangs on them in the same moment as the best candidate, and as entirely: what one of them did explains
/// nothing of the others, so it began at none of them, but at something that they share or hang on (a power supply, the service that
/// both forward to).
///
/// Asked where the best candidate leaves a fifth of the failures unexplained, and where nothing tells it from the others: neither hangs on the
/// other, and it did not fail, as its own words say, before the others did.
struct TwinProviders {
  /// The best candidate and its twins; none where it has no twin.
  private(set) var devices: [Int] = []

  /// Only so many of a kind candidates are looked at.
  private static let most = 20
  /// Seconds by which clocks and rounding may part one moment.
  private static let slack = 15.0
  /// Seconds within which the halves of what two lost are taken for one time at least.
  private static let near = 60.0
  /// Nats by which a twin must explain what the best candidate leaves.
  private static let margin = 8.0

  /// - Parameter gone: Those that outlived what they lost, and are no candidates: what took these may have taken the others.
  init(
    _ candidates: [DependencyCause.Candidate], _ gone: [DependencyCause.Candidate], _ fleet: Fleet,
    _ population: Population,
    _ onset: (Int) -> Double
  ) {
    guard let best = candidates.first, best.score > Self.margin, best.failed * 10 >= best.dependants * 7
    else {
      return
    }
    let size = population.devices.count
    let failures = population.devices.count { onset($0) < .infinity }
    guard (failures - best.failed) * 5 >= failures else { return }
    let own = Lost(below: best.device, fleet, population, onset)
    guard let taken = own.span else { return }
    for other in candidates.dropFirst().prefix(Self.most) + gone.prefix(Self.most) {
      guard other.failed >= 3, other.failed * 10 >= other.dependants * 7,
        !fleet.hangs(other.device, on: best.device), !fleet.hangs(best.device, on: other.device),
        !Self.isEarlier(onset(best.device), taken.lowerBound, than: onset(other.device))
      else { continue }
      let lost = Lost(below: other.device, fleet, population, onset)
      let apart = lost.devices.subtracting(own.devices)
      guard let span = lost.span, apart.count * 5 >= lost.devices.count * 4,
        Self.isOneTime(own.middle, taken, lost.middle, span)
      else { continue }
      // Among those that do not hang on the best candidate.
      let (rest, unexplained) = (Double(size - best.dependants), Double(failures - best.failed))
      let (n, k) = (Double(other.dependants), Double(other.failed))
      let gain =
        DependencyCause.likelihood(k, n)
        + DependencyCause.likelihood(max(0, unexplained - k), max(0, rest - n))
        - DependencyCause.likelihood(unexplained, rest)
      if gain > Self.margin { devices.append(other.device) }
    }
    if !devices.isEmpty { devices.insert(best.device, at: 0) }
  }

  /// Whether one failed by its own words before anything behind it did, and before another did.
  private static func isEarlier(_ own: Double, _ first: Double, than other: Double) -> Bool {
    own < .infinity && own <= first && other > own + slack
  }

  /// Whether half of what each lost was lost while the other lost the rest.
  private static func isOneTime(
    _ middle: Double, _ span: ClosedRange<Double>, _ otherMiddle: Double, _ otherSpan: ClosedRange<Double>
  ) -> Bool {
    func holds(_ span: ClosedRange<Double>, _ time: Double) -> Bool {
      time >= span.lowerBound - near && time <= span.upperBound + near
    }
    return holds(span, otherMiddle) && holds(otherSpan, middle)
  }

  /// What failed behind one provider, and when.
  private struct Lost {
    let devices: Set<Int>
    let middle: Double
    /// Without the few that lie apart.
    let span: ClosedRange<Double>?

    init(below provider: Int, _ fleet: Fleet, _ population: Population, _ onset: (Int) -> Double) {
      let failed = fleet.descendants(of: provider).map { Int($0) }
        .filter { population.holds($0) && onset($0) < .infinity }
      let times = failed.map(onset)
      devices = Set(failed)
      middle = Robust.median(times)
      span = times.isEmpty ? nil : Robust.quantile(times, 0.1)...Robust.quantile(times, 0.9)
    }
  }
}
