internal import Glibc
internal import IncidentModel

/// Which provider's failure explains the failures best.
///
/// Model of one provider: each entity that depends on it fails with probability c, each other with probability e,
/// both estimated; compared by likelihood with "everybody fails with the same probability". Failures of dependants
/// before the provider's own onset count against it, as does the provider's silence about its own failure. Where several services
/// that hang on it directly failed in one moment, or within two minutes and before those that hang on them, that speaks for it, and
/// what it wrote of it later does not speak against it: a database logs a wait when it has lasted a minute. A provider that spoke on as
/// usual when all behind it were gone, and fell silent for good later (a gateway with a battery), was taken by what took them, and is no
/// candidate; nor is one that was not heard to fail and lost some of its branches whole, and others not at all (see `SparedBranches`).
/// Coverage follows spectrum-based ranking (Jones and Harrold, Tarantula, 2005) in likelihood form.
/// Fails where all providers share all dependants and none of them logs; then only order in time speaks.
struct DependencyCause {
  struct Candidate {
    var device: Int
    /// Nats over the null model.
    var score: Double
    var dependants: Int
    var failed: Int
    var explained: Int
    /// Whether no link, column or message says that they hang on it (see `Fleet.guessedScopes`).
    var isGuessed = false
    /// Services that hang on it directly and failed in one moment; 0 where they did not.
    var together = 0
    /// Seconds in which they did, where that was no moment.
    var togetherSpan: Double?
    /// Seconds from that moment to its own complaint, where that came later and is no sign of when it failed.
    var lateness: Double?
    /// Of those that hang on it and did not fail, how many it goes on to speak of as before; 0 where that is not told.
    var served = 0
  }
  /// Several that lost what hangs on them in the same moment, none of which explains what the others lost (see `TwinProviders`).
  private(set) var twins: [Int] = []
  /// Best first.
  private(set) var candidates: [Candidate] = []
  /// Providers that outlived all behind them for a while.
  private(set) var outlived: Set<Int> = []

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets, among population: Population, until end: Double
  ) {
    let mass = population.devices
    let shared = fleet.isShared.indices.filter { fleet.isShared[$0] && !fleet.dependants[$0].isEmpty }
    func onset(_ device: Int) -> Double {
      guard let time = onsets.findings[device]?.time, time < end else { return .infinity }
      return time
    }
    let size = Double(mass.count)
    let failures = Double(mass.count { onset($0) < .infinity })
    guard size > 0, failures > 0 else { return }
    let likelihood = Self.likelihood
    let null = likelihood(failures, size)
    let branches = SparedBranches(fleet, population, onset)
    var gone: [Candidate] = []
    let firstShared = shared.map(onset).min() ?? .infinity
    for provider in shared {
      let below = fleet.descendants(of: provider)
      let dependants = below.filter { population.holds(Int($0)) }
      let n = Double(dependants.count)
      guard n > 0 else { continue }
      let failed = dependants.filter { onset(Int($0)) < .infinity }
      let k = Double(failed.count)
      let inside = likelihood(k, n)
      let outside = likelihood(failures - k, size - n)
      guard k / n >= (failures - k) / max(1, size - n) else { continue }
      let base = inside + outside - null - (fleet.guessedScopes[provider] ?? 0)
      let own = onset(provider)
      let moment =
        Self.moment(of: provider, fleet, onset) ?? Self.slowMoment(of: provider, below, fleet, onset)
      var hidden = base - 4
      // Chance hardly lets each further service fail in the moment of the first.
      if let moment {
        hidden =
          moment.span > Self.momentSpan
          ? base + 2 + 3 * Double(min(4, moment.services - 1))
          : base + 4 + 5 * Double(min(4, moment.services - 1))
      }
      var score = hidden
      var lateness: Double?
      if own < .infinity {
        let early = failed.count { onset(Int($0)) < own - 15 }
        score = base - 1.5 * Double(early)
        // That of all these it came first is chance the less, the more they are.
        if early == 0 { score += min(Self.mostForOrder, log(1 + k) / 2) }
        // Shared entities below it that failed first speak against it; those that failed after it for it.
        for other in below where fleet.isShared[Int(other)] && onset(Int(other)) < .infinity {
          score += onset(Int(other)) < own - 5 ? -4 : 3
        }
        let promptness = 4 - min(4, max(0, own - firstShared) / 30)
        score += promptness
        let first = failed.reduce(Double.infinity) { min($0, onset(Int($1))) }
        if early * 2 >= failed.count, own - first <= Self.longestLateness, hidden > score,
          Self.isTelling(k: k, n: n, others: failures - k, of: size - n)
        {
          score = hidden
          lateness = own - first
        }
        if let moment, own > moment.time, hidden + promptness > score {
          score = hidden + promptness
          lateness = own - moment.time
        }
      }
      if failed.count * 10 >= dependants.count * 9,
        Self.hasOutlived(provider, failed.map { onset(Int($0)) }, own: own, timeline)
      {
        outlived.insert(provider)
        gone.append(
          Candidate(
            device: provider, score: score, dependants: dependants.count, failed: failed.count, explained: 0))
        continue
      }
      if own == .infinity, score > 0, k < n, branches.areApart(below: provider) { continue }
      candidates.append(
        Candidate(
          device: provider, score: score, dependants: dependants.count, failed: failed.count,
          explained: failed.count { onset(Int($0)) >= own - 15 || own == .infinity || lateness != nil },
          together: moment?.services ?? 0,
          togetherSpan: moment.flatMap { $0.span > Self.momentSpan ? $0.span : nil }, lateness: lateness))
    }
    for index in candidates.indices {
      candidates[index].isGuessed = fleet.guessedScopes[candidates[index].device] != nil
    }
    for index in candidates.indices where Self.isTaken(candidates[index].device, fleet, onset) {
      candidates[index].score -= Self.lessForTaken
    }
    candidates.sort { ($0.score, $1.device) > ($1.score, $0.device) }
    for index in candidates.indices.prefix(Self.firstFew) where onset(candidates[index].device) == .infinity {
      candidates[index].served = branches.served(by: candidates[index].device, timeline) ?? 0
    }
    twins = TwinProviders(candidates, gone, fleet, population, onset).devices
    guard !twins.isEmpty else { return }
    // Whatever makes one of them a little more likely (how many hang on it) is no reason why it began there.
    for index in candidates.indices where twins.contains(candidates[index].device) {
      candidates[index].score = candidates[0].score
    }
    candidates.sort { ($0.score, $1.device) > ($1.score, $0.device) }
  }

  /// Candidates of which it is asked whether they go on to serve others.
  private static let firstFew = 3

  /// Nats that so many of so many fail, each as likely as they did.
  static func likelihood(_ k: Double, _ n: Double) -> Double {
    guard n > 0 else { return 0 }
    let p = min(0.995, max(0.002, k / n))
    return k * log(p) + (n - k) * log(1 - p)
  }

  /// Nats against a provider that failed right after what it hangs on itself.
  private static let lessForTaken = 3.0
  private static let takenSpan = 300.0

  private static func isTaken(_ provider: Int, _ fleet: Fleet, _ onset: (Int) -> Double) -> Bool {
    let own = onset(provider)
    guard own < .infinity else { return false }
    return fleet.ancestors(of: provider).contains { above, _ in
      let time = onset(Int(above))
      return time < own && time >= own - takenSpan
    }
  }

  /// Seconds after the first of those that hang on it, at most, in which a provider complains of what it has failed of before.
  private static let longestLateness = 600.0

  /// Whether nearly all that hang on a provider failed, and hardly any of at least as many as tell by that who does not: then that it
  /// complained when most of them had failed speaks against it no more than that it had kept silent.
  private static func isTelling(k: Double, n: Double, others: Double, of rest: Double) -> Bool {
    rest >= 5 && k * 10 >= n * 9 && others * 10 <= rest
  }

  /// Nats for having failed before all that hangs on it.
  private static let mostForOrder = 3.0

  /// Fewer that are gone may be so by chance.
  private static let fewestGone = 5

  /// Whether a provider said what it usually says after those behind it had failed, had no trouble of its own before them, and was
  /// not heard again from some later time on.
  private static func hasOutlived(
    _ provider: Int, _ failures: [Double], own: Double, _ timeline: Timeline
  ) -> Bool {
    let failures = failures.sorted()
    let times = timeline.events(of: provider).map { timeline.seconds[Int($0)] }
    guard failures.count >= fewestGone, times.count >= 6, own >= failures[failures.count / 20] else {
      return false
    }
    let gone = failures[failures.count * 9 / 10]
    let after = timeline.events(of: provider).filter { timeline.seconds[Int($0)] > gone }
    let isUsual = after.contains {
      timeline.tones[Int(timeline.evidence.eventTemplates[Int($0)])] != .loud
    }
    guard after.count >= 2, isUsual else { return false }
    let pauses = zip(times.dropFirst(), times).map { $0 - $1 }
    return timeline.end - times.last! > max(10 * Robust.median(pauses), 2 * (pauses.max() ?? 0))
  }

  /// Seconds within which what one provider takes along fails.
  private static let momentSpan = 5.0

  /// When those that hang directly on a provider began to fail, if at least two and half of them did in one moment, and one of
  /// these provides for others itself; with how many they are.
  private static func moment(
    of provider: Int, _ fleet: Fleet, _ onset: (Int) -> Double
  ) -> (time: Double, services: Int, span: Double)? {
    let direct = fleet.dependants[provider]
    let first = direct.map { onset(Int($0)) }.min() ?? .infinity
    guard first < .infinity else { return nil }
    let together = direct.filter { onset(Int($0)) <= first + momentSpan }
    guard together.count >= 2, together.count * 2 >= direct.count,
      together.contains(where: { fleet.isShared[Int($0)] && !fleet.dependants[Int($0)].isEmpty })
    else { return nil }
    return (first, together.count, momentSpan)
  }

  /// Seconds within which services notice, one after the other, that what they share answers no longer: a lock, timeouts.
  private static let slowSpan = 120.0
  private static let fewestServices = 3
  /// Seconds by which clocks may be off.
  private static let slack = 15.0

  /// The same of what is noticed slowly: nearly all of three and more services fail within two minutes, and hardly anybody of those that
  /// hang on them did before: those would have taken the services along, and not what these share.
  private static func slowMoment(
    of provider: Int, _ below: [Int32], _ fleet: Fleet, _ onset: (Int) -> Double
  ) -> (time: Double, services: Int, span: Double)? {
    let services = fleet.dependants[provider].filter {
      fleet.isShared[Int($0)] && !fleet.dependants[Int($0)].isEmpty
    }
    let times = services.map { onset(Int($0)) }.filter { $0 < .infinity }.sorted()
    guard times.count >= fewestServices, times.count * 5 >= services.count * 4,
      times[times.count - 1] - times[0] <= slowSpan
    else { return nil }
    let others = below.map { onset(Int($0)) }.filter { $0 < .infinity }
    guard others.count(where: { $0 < times[0] - slack }) * 20 <= others.count else { return nil }
    return (times[0], times.count, max(momentSpan + 1, times[times.count - 1] - times[0]))
  }

  /// Puts one provider first, where the moment of its trouble tells more than the counts; the margin is that of a
  /// candidate nine times as likely as the next.
  mutating func prefer(_ provider: Int) {
    guard let position = candidates.firstIndex(where: { $0.device == provider }) else { return }
    var candidate = candidates.remove(at: position)
    candidate.score = max(candidate.score, (candidates.first?.score ?? 0) + 2 * log(9.0))
    candidate.explained = candidate.failed
    candidates.insert(candidate, at: 0)
  }
}
