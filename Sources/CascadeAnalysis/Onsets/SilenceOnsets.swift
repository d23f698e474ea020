internal import Glibc
internal import IncidentModel

/// Entities that stop speaking, whom nobody reports: an onset with an interval, where their rhythm makes it significant.
///
/// An entity that spoke every g seconds on average and has been silent for s seconds would be so by chance with
/// probability exp(-s/g) (Poisson; lost messages are part of g); one that speaks like clockwork, as its longest pause so far shows,
/// is missed sooner. Against that stands how likely such an entity failed:
/// the share of failures among those that hang on the same provider, or of the whole fleet. The moment is that in which
/// its siblings failed, where that falls into the silence; else within one g of its last word. A silence is seen only as
/// far as the evidence reaches (see `EvidenceReach`). Assumes that a source with one entity in it, not damaged at its end,
/// covers that to the end; where such a log was copied early, the entity looks like one that stopped. The evidence ends where nearly
/// all of it does: a few stamps far beyond what nearly all entities cover (see `CommonSpan`) do not make the others silent.
enum SilenceOnsets {
  /// A silence of fewer usual pauses is none: by chance one of seven is as long.
  static let leastPauses = 2.0

  /// Silences as the evidence shows them, and those that it would show if none of its sources ended early.
  struct Found {
    var seen: [(device: Int, finding: Onsets.Finding)] = []
    var beyondSources: [(device: Int, finding: Onsets.Finding)] = []
    /// Until when the sources tell of anybody; nil where too few speak to know.
    var reach: EvidenceReach?
  }

  static func find(_ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets) -> Found {
    let lastOfAll = lastWords(timeline)
    let mass = (0..<timeline.deviceCount).filter { !fleet.isShared[$0] && !timeline.events(of: $0).isEmpty }
    guard mass.count >= 5 else { return Found() }
    var rhythms = [Rhythm?](repeating: nil, count: timeline.deviceCount)
    // Whose clock left the common time is not missed in it.
    for device in mass where !timeline.strays.contains(Int32(device)) {
      rhythms[device] = Rhythm(timeline, device)
    }
    let reach = EvidenceReach(
      timeline, mass.compactMap { device in rhythms[device].map { (device, $0.last, $0.pause) } })
    let shift = ClockShift(timeline, mass.filter { rhythms[$0] != nil })
    var groups: [Int: [Int]] = [:]
    var above: [Int32: Int] = [:]
    for device in mass { groups[nearestFailed(device, fleet, onsets, &above), default: []].append(device) }
    let failed = mass.count { onsets.findings[$0] != nil }
    let everywhere = min(0.5, max(0.01, Double(failed) / Double(mass.count)))
    var result = Found()
    result.reach = reach
    var alone: [Int] = []
    for (provider, group) in groups.sorted(by: { $0.key < $1.key }) {
      let times = group.compactMap { onsets.findings[$0]?.time }.sorted()
      let isTold = provider >= 0 && times.count >= 3
      let share = isTold ? min(0.95, Double(times.count) / Double(group.count)) : 0.2 * everywhere
      for device in group where onsets.findings[device] == nil {
        guard let rhythm = rhythms[device] else { continue }
        // Who goes on when the last of its siblings has failed did not fail with them: its silence must speak for itself.
        let isTold = isTold && rhythm.last <= times[times.count - 1] + rhythm.pause
        let share = isTold ? share : 0.2 * everywhere
        let middle = isTold ? times[times.count / 2] : rhythm.last
        // A sibling that went on speaking did not fail with them.
        let since = max(rhythm.last, isTold ? times[times.count / 10] : rhythm.last)
        func finding(until end: Double) -> Onsets.Finding? {
          // What its siblings did makes a failure likely, but only a silence of its own makes it seen.
          guard end > rhythm.last, (end - since) / rhythm.pause >= leastPauses else { return nil }
          let odds = share / (1 - share) * exp(min(40, rhythm.surprise(end - since)))
          let probability = odds / (1 + odds)
          guard probability > 0.95,
            isTold || rhythm.surprise(end - rhythm.last) > 9 + log(Double(mass.count))
          else { return nil }
          let latest = min(end, rhythm.last + 3 * rhythm.pause)
          let moment =
            isTold && middle > rhythm.last && middle < latest ? middle : rhythm.last + rhythm.pause / 2
          return Onsets.Finding(
            time: moment, earliest: rhythm.last, latest: max(moment, latest),
            probability: min(0.97, probability), kind: .silence, events: [rhythm.lastEvent],
            reasons: [
              "spoke every \(Int(rhythm.pause)) s and then not at all for \(Int(end - rhythm.last)) s"
            ])
        }
        // Who began as much too soon as it ended is not silent: its clock is behind.
        if shift.explains(lastOfAll - rhythm.last, of: device, pause: rhythm.pause, timeline) { continue }
        let reached = min(lastOfAll, timeline.commonEnd, reach.end(of: device))
        if let seen = finding(until: reached) {
          if !isTold { alone.append(result.seen.count) }
          result.seen.append((device, seen))
        } else if reached < lastOfAll, let hidden = finding(until: lastOfAll) {
          result.beyondSources.append((device, hidden))
        }
      }
    }
    addProviders(&result, &alone, &rhythms, reach, mass.count, lastOfAll, timeline, fleet, onsets)
    keepProviders(&result, alignTogether(&result.seen, alone, rhythms), fleet)
    return result
  }

  /// Infrastructure may say nothing for long and be well. One that falls silent by its own rhythm, in the moment in which those do that hang
  /// on it directly, went with them: a cabinet without power. These are its candidates.
  private static func addProviders(
    _ result: inout Found, _ alone: inout [Int], _ rhythms: inout [Rhythm?], _ reach: EvidenceReach,
    _ mass: Int, _ lastOfAll: Double, _ timeline: Timeline, _ fleet: Fleet, _ onsets: Onsets
  ) {
    guard alone.count >= fewestTogether else { return }
    var below: [Int32: Int] = [:]
    for entry in alone {
      for provider in fleet.providers[result.seen[entry].device] { below[provider, default: 0] += 1 }
    }
    for (shared, count) in below.sorted(by: { $0.key < $1.key }) where count >= fewestTogether {
      let provider = Int(shared)
      guard fleet.isShared[provider], onsets.findings[provider] == nil, !timeline.strays.contains(shared),
        let rhythm = Rhythm(timeline, provider)
      else { continue }
      let end = min(lastOfAll, timeline.commonEnd, reach.end(of: provider))
      let silence = end - rhythm.last
      guard silence >= leastPauses * rhythm.pause, rhythm.surprise(silence) > 9 + log(Double(mass)) else {
        continue
      }
      rhythms[provider] = rhythm
      alone.append(result.seen.count)
      result.seen.append(
        (
          provider,
          Onsets.Finding(
            time: rhythm.last + rhythm.pause / 2, earliest: rhythm.last,
            latest: min(end, rhythm.last + 3 * rhythm.pause), probability: 0.97, kind: .silence,
            events: [rhythm.lastEvent],
            reasons: ["spoke every \(Int(rhythm.pause)) s and then not at all for \(Int(silence)) s"])
        ))
    }
  }

  /// Leaves out infrastructure that did not fall silent with most of those that hang on it and fell silent.
  private static func keepProviders(_ result: inout Found, _ groups: [[Int]], _ fleet: Fleet) {
    guard result.seen.contains(where: { fleet.isShared[$0.device] }) else { return }
    var isKept = result.seen.map { !fleet.isShared[$0.device] }
    for group in groups {
      let silent = Set(group.map { Int32(result.seen[$0].device) })
      for entry in group where !isKept[entry] {
        let below = fleet.dependants[result.seen[entry].device].count { silent.contains($0) }
        guard below >= fewestTogether else { continue }
        isKept[entry] = true
        // In that moment it went first.
        result.seen[entry].finding.time -= 0.001
      }
    }
    result.seen = result.seen.indices.filter { isKept[$0] }.map { result.seen[$0] }
  }

  /// Fewer that stop together may do so by chance.
  static let fewestTogether = 5
  /// Where as many in a row stopped too early to belong to a group, hardly anybody else does.
  private static let mostPassed = 16

  /// Entities that all stop within their longest pause of each other stopped in one moment, as far as can be told: a power cut, a
  /// line. It lies after the last word of any of them, and before anybody's next word was due. Gives the groups that did.
  @discardableResult
  static func alignTogether(
    _ result: inout [(device: Int, finding: Onsets.Finding)], _ alone: [Int], _ rhythms: [Rhythm?]
  ) -> [[Int]] {
    let ordered = alone.sorted { result[$0].finding.earliest > result[$1].finding.earliest }
    var groups: [[Int]] = []
    var next = 0
    // Those that were heard last too long before the others of a group may still belong to the next one.
    var passed: [Int] = []
    while !passed.isEmpty || next < ordered.count {
      var group: [Int] = []
      var misses: [Int] = []
      var last = 0.0
      func take(_ entry: Int) {
        let earliest = result[entry].finding.earliest
        if group.isEmpty { last = earliest }
        if last - earliest <= rhythms[result[entry].device]!.longest {
          group.append(entry)
        } else {
          misses.append(entry)
        }
      }
      for entry in passed { take(entry) }
      while next < ordered.count, misses.count < mostPassed {
        take(ordered[next])
        next += 1
      }
      passed = misses
      if group.count >= fewestTogether {
        let pause = group.reduce(0) { $0 + rhythms[result[$1].device]!.pause } / Double(group.count)
        let moment = last + pause / Double(group.count)
        for entry in group {
          result[entry].finding.time = moment
          result[entry].finding.latest = max(moment, min(result[entry].finding.latest, last + pause))
          result[entry].finding.reasons.append("\(group.count) fell silent in the same moment")
        }
        groups.append(group)
      }
    }
    return groups
  }

  /// How an entity speaks.
  struct Rhythm {
    var pause: Double
    /// The longest pause that it took and spoke on after.
    var longest = 0.0
    /// Seconds of silence that make a silence e times less likely.
    var scale: Double
    var last: Double
    var lastEvent: Int32
    /// Pauses of more than a few seconds.
    let turns: Int
    /// The longest pause of all: what was said last before it, and first after it.
    private(set) var gap: (before: Int32, after: Int32) = (-1, -1)

    /// Nil for those that spoke too little to have one.
    /// - Parameter leavingOutGap: Whether the longest pause of all is judged by the others and is none of them.
    init?(_ timeline: Timeline, _ device: Int, leavingOutGap: Bool = false) {
      let events = timeline.events(of: device)
      guard events.count >= 6, let first = events.first, let final = events.last else { return nil }
      last = timeline.seconds[Int(final)]
      lastEvent = final
      var span = last - timeline.seconds[Int(first)]
      // Speaking in bursts, an entity has fewer turns than messages, and its longest pause so far is one it may take again.
      var turns = 0
      var second = 0.0
      var before = first
      for event in events.dropFirst() {
        let pause = timeline.seconds[Int(event)] - timeline.seconds[Int(before)]
        if pause > 5 { turns += 1 }
        if pause > longest {
          (second, longest) = (longest, pause)
          gap = (before, event)
        } else {
          second = max(second, pause)
        }
        before = event
      }
      if leavingOutGap {
        turns -= 1
        span -= longest
        longest = second
      }
      guard turns >= 5, span > 0 else { return nil }
      self.turns = turns
      pause = max(span / Double(turns), longest / 4)
      // Of n pauses of a Poisson stream the longest is about log(n) means; a clockwork's is about one.
      scale = turns >= 20 ? min(pause, longest / log(Double(turns))) : pause
    }

    /// How unlikely a silence is by chance: -log of the probability of one as long.
    func surprise(_ silence: Double) -> Double {
      max(silence / pause, scale < pause ? (silence - pause) / scale : 0)
    }
  }

  /// The nearest failed provider of an entity, or -1; what lies above each provider is looked up once.
  private static func nearestFailed(
    _ device: Int, _ fleet: Fleet, _ onsets: Onsets, _ above: inout [Int32: Int]
  ) -> Int {
    for provider in fleet.providers[device] where onsets.findings[Int(provider)] != nil {
      return Int(provider)
    }
    for provider in fleet.providers[device] {
      if above[provider] == nil {
        above[provider] =
          fleet.ancestors(of: Int(provider)).first { onsets.findings[Int($0.device)] != nil }
          .map { Int($0.device) } ?? -1
      }
      if let found = above[provider], found >= 0 { return found }
    }
    return -1
  }

  /// When the evidence as a whole ends: nearly all of it lies before.
  static func lastWords(_ timeline: Timeline) -> Double {
    let sample = stride(from: 0, to: timeline.eventCount, by: max(1, timeline.eventCount / 5000))
      .map { timeline.seconds[$0] }.filter { timeline.commonSpan.contains($0) }.sorted()
    guard !sample.isEmpty else { return 0 }
    return sample[sample.count - 1 - sample.count / 100]
  }
}
