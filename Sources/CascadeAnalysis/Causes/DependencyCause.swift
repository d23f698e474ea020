internal import Glibc

/// Which provider's failure explains the failures best.
///
/// Model of one provider: each entity that depends on it fails with probability c, each other with probability e,
/// both estimated; compared by likelihood with "everybody fails with the same probability". Failures of dependants
/// before the provider's own onset count against it, as does the provider's silence about its own failure.
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
  }
  /// Best first.
  private(set) var candidates: [Candidate] = []

  init(_ fleet: Fleet, _ onsets: Onsets, among population: Population, until end: Double) {
    let mass = population.devices
    let shared = fleet.isShared.indices.filter { fleet.isShared[$0] && !fleet.dependants[$0].isEmpty }
    func onset(_ device: Int) -> Double {
      guard let time = onsets.findings[device]?.time, time < end else { return .infinity }
      return time
    }
    let size = Double(mass.count)
    let failures = Double(mass.count { onset($0) < .infinity })
    guard size > 0, failures > 0 else { return }
    func likelihood(_ k: Double, _ n: Double) -> Double {
      guard n > 0 else { return 0 }
      let p = min(0.995, max(0.002, k / n))
      return k * log(p) + (n - k) * log(1 - p)
    }
    let null = likelihood(failures, size)
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
      var score = inside + outside - null - (fleet.guessedScopes[provider] ?? 0)
      let own = onset(provider)
      if own < .infinity {
        let early = failed.count { onset(Int($0)) < own - 15 }
        score -= 1.5 * Double(early)
        // Shared entities below it that failed first speak against it; those that failed after it for it.
        for other in below where fleet.isShared[Int(other)] && onset(Int(other)) < .infinity {
          score += onset(Int(other)) < own - 5 ? -4 : 3
        }
        score += 4 - min(4, max(0, own - firstShared) / 30)
      } else {
        score -= 4
      }
      candidates.append(
        Candidate(
          device: provider, score: score, dependants: dependants.count, failed: failed.count,
          explained: failed.count { onset(Int($0)) >= own - 15 || own == .infinity }))
    }
    candidates.sort { ($0.score, $1.device) > ($1.score, $0.device) }
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
