internal import Glibc
internal import IncidentModel

/// Whether what hangs on a provider says that the provider itself is well: part of it failed, and part goes on.
///
/// - Branch by branch: the infrastructure that hangs on it lost all behind it, or nothing, and what hangs on it directly goes on. Whatever took the branches, did so by what
///   these have in common (a power supply, a line), or each of them by itself.
/// - It goes on to say of those that did not fail what it always said of them: it serves them.
///
/// Asked of providers whose own failure was not seen. Fails for one that breaks for some of its branches only, and says nothing of it: then
/// it is not named, and what those branches share is told.
struct SparedBranches {
  private let fleet: Fleet
  private let onset: (Int) -> Double
  private let population: Population

  init(_ fleet: Fleet, _ population: Population, _ onset: @escaping (Int) -> Double) {
    self.fleet = fleet
    self.population = population
    self.onset = onset
  }

  /// Fewer that go on do so by chance.
  private static let fewest = 3
  /// Nats that the branches must explain better.
  private static let margin = 8.0

  /// Whether the failures below a provider are those of some of its branches: a quarter and more of what hangs on it, in other branches, is well.
  func areApart(below provider: Int) -> Bool {
    var hit = (failed: 0.0, all: 0.0, branches: 0)
    var spared = hit
    for branch in fleet.dependants[provider].map({ Int($0) })
    where fleet.isShared[branch] && !population.isOne(branch) {
      let below = fleet.descendants(of: branch).filter { population.holds(Int($0)) }
      guard below.count >= 2 else { continue }
      let failed = below.count { onset(Int($0)) < .infinity }
      if failed * 2 >= below.count {
        hit = (hit.failed + Double(failed), hit.all + Double(below.count), hit.branches + 1)
      } else {
        spared = (spared.failed + Double(failed), spared.all + Double(below.count), spared.branches + 1)
      }
    }
    guard hit.branches >= 1, spared.branches >= 1, spared.all - spared.failed >= Double(Self.fewest),
      spared.all * 4 >= hit.all + spared.all
    else { return false }
    // Between those and the provider lies nothing that could have taken them.
    let direct = fleet.dependants[provider].filter { population.holds(Int($0)) }
    let taken = direct.count { onset(Int($0)) < .infinity }
    guard taken < Self.fewest || taken * 2 < direct.count else { return false }
    let apart = Self.likelihood(hit.failed, hit.all) + Self.likelihood(spared.failed, spared.all)
    let alike = Self.likelihood(hit.failed + spared.failed, hit.all + spared.all)
    // Which of the branches it is costs as much as there are choices.
    let all = Double(hit.branches + spared.branches)
    let choice =
      lgamma(all + 1) - lgamma(Double(hit.branches) + 1) - lgamma(Double(spared.branches) + 1)
    return apart - alike - choice > Self.margin
  }

  /// How many of those that hang on a provider did not fail, and are spoken of by it as before; nil where these are less than a quarter of all.
  func served(by provider: Int, _ timeline: Timeline) -> Int? {
    let below = fleet.descendants(of: provider).filter { population.holds(Int($0)) }
    let well = Set(below.filter { onset(Int($0)) == .infinity }.map { Int($0) })
    let failures = below.map { onset(Int($0)) }.filter { $0 < .infinity }
    guard well.count >= Self.fewest, well.count * 4 >= below.count, !timeline.firstMention.isEmpty,
      let first = failures.min(), let last = failures.max(), last < timeline.end, first > timeline.start
    else { return nil }
    var said: [Int: (before: Double, after: Double)] = [:]
    for event in timeline.events(of: provider) {
      let named = timeline.mention(Int(event))
      guard named >= 0, well.contains(named),
        !timeline.isLoud[Int(timeline.evidence.eventTemplates[Int(event)])]
      else { continue }
      let time = timeline.seconds[Int(event)]
      if time < first { said[named, default: (0, 0)].before += 1 }
      if time > last { said[named, default: (0, 0)].after += 1 }
    }
    let share = (timeline.end - last) / (first - timeline.start)
    let going = said.values.count { before, after in
      before >= 2 && before * share >= 2 && after * 2 >= before * share
    }
    return going >= Self.fewest && going * 4 >= below.count ? going : nil
  }

  private static func likelihood(_ k: Double, _ n: Double) -> Double { DependencyCause.likelihood(k, n) }
}
