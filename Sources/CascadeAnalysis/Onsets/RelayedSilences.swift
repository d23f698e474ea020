internal import Glibc
internal import IncidentModel

/// Entities that are heard through a reporter alone (a poller, a collector, a gateway), and the reporter falls silent: that is one
/// failure, the reporter's, and tells nothing about them.
///
/// Who says nothing but what one reporter passes on (see `PassersOn`) is not known to be silent where that reporter says and passes on
/// nothing that it usually does: neither when the entity's next word was due, nor until it was heard again. Where the reporter still speaks
/// of others by then, the silence is the entity's own.
/// Of those whose source has nothing of anybody then, nothing is known either; who did not gather their lines is told by nothing.
/// Fails where lines do not say through whom they came, and where a gateway stops because all behind it did.
struct RelayedSilences {
  /// Those that one reporter told of, until it fell silent.
  struct Group {
    /// nil where it is only known that their lines are missing together.
    var reporter: Int?
    /// Corrected seconds: the last word that came from the reporter or through it, and the next one, where there was one.
    let since: Double
    let until: Double?
    var devices: [Int]
  }
  private(set) var groups: [Group] = []
  /// Reporters that are not heard later since the source in which they are ends.
  private var ended: Set<Int> = []
  /// Worked out when it is needed first: it looks at all events.
  private var passersOn: PassersOn?
  /// Reporters that are taken for failed: each once.
  private(set) var reporters: [(device: Int, finding: Onsets.Finding)] = []

  /// Silences as the steps hand them on.
  typealias Silences = [(device: Int, finding: Onsets.Finding)]

  /// Said fewer times, a kind of line is no usual one.
  private static let usual = 3

  /// Takes silences of those whose reporter was silent as well, and the reporter's own; gives the others.
  ///
  /// - Parameter isBeyondSources: Whether the sources in which they are heard end there: then a file that only bears somebody's name may
  ///   have been copied early.
  mutating func take(_ found: Silences, _ timeline: Timeline, isBeyondSources: Bool = false) -> Silences {
    guard found.count >= PassersOn.fewest else { return found }
    let passersOn = self.passersOn ?? PassersOn(timeline)
    self.passersOn = passersOn
    var through: [Int32: [Int]] = [:]
    for (position, entry) in found.enumerated() {
      for reporter in passersOn.list(of: entry.device, timeline) {
        through[reporter, default: []].append(position)
      }
    }
    through = through.filter { $0.value.count >= PassersOn.fewest }
    guard !through.isEmpty else { return found }
    let passedOn = passersOn.times(through: Set(through.keys), timeline)
    var isTaken = [Bool](repeating: false, count: found.count)
    for (reporter, positions) in through.sorted(by: { ($1.value.count, $0.key) < ($0.value.count, $1.key) }) {
      let words = (usualWords(of: Int(reporter), timeline) + (passedOn[reporter] ?? [])).sorted()
      let silent = positions.filter { position in
        guard !isTaken[position], found[position].device != reporter else { return false }
        let (device, finding) = found[position]
        guard let rhythm = SilenceOnsets.Rhythm(timeline, device, leavingOutGap: finding.until != nil) else {
          return false
        }
        let due = max(rhythm.longest, SilenceOnsets.leastPauses * rhythm.pause)
        let next = words.first(after: finding.earliest + due) ?? .infinity
        return next >= (finding.until ?? .infinity) - due
      }
      guard silent.count >= PassersOn.fewest else { continue }
      for position in silent { isTaken[position] = true }
      add(Int(reporter), silent.map { found[$0] }, words)
      if isBeyondSources {
        let isTold = silent.contains { passersOn.tells(reporter, found[$0].device, timeline) }
        // Where its own lines end in the same source, that ended, and nothing is known of the reporter either.
        let own = timeline.source(of: Int(reporter))
        let isWithThem = own >= 0 && silent.contains { timeline.source(of: found[$0].device) == own }
        if isWithThem { ended.insert(Int(reporter)) }
        if isWithThem { groups[groups.count - 1].endWithReporter() }
        if isTold, !isWithThem {
          reporters[reporters.count - 1].finding.doubtEnd()
        } else {
          reporters.removeLast()
        }
      }
    }
    let taken = Set(reporters.map(\.device)).union(ended)
    return found.indices.filter { !isTaken[$0] && !taken.contains(found[$0].device) }.map { found[$0] }
  }

  /// Silences without those of entities that are known to have had no reporter then.
  func without(_ found: Silences, _ known: [Group]) -> Silences {
    guard !known.isEmpty else { return found }
    var since: [Int: Double] = [:]
    for group in known { for device in group.devices { since[device] = group.since } }
    return found.filter { entry in
      guard let moment = since[entry.device] else { return true }
      return entry.finding.latest < moment
    }
  }

  /// Takes note of reporters that tell of others in lines of their own, mostly of that ("plug 7 up"), and fell silent to the end: those
  /// that are heard of no longer, by a word of their own or in anybody's everyday lines.
  ///
  /// Of those that failed by then more is known than that.
  mutating func takeTellers(
    _ timeline: Timeline, _ lastOfAll: Double, _ onsets: Onsets, _ reach: EvidenceReach?
  ) {
    guard !timeline.firstMention.isEmpty else { return }
    var told = [Int32](repeating: 0, count: timeline.deviceCount)
    var lastTold = [Double](repeating: -.infinity, count: timeline.deviceCount)
    for event in timeline.firstMention.indices where isEveryday(event, timeline) {
      told[Int(timeline.evidence.eventDevices[event])] += 1
    }
    let known = Set(groups.compactMap(\.reporter)).union(ended)
    let gone = Set(groups.filter { $0.until == nil }.flatMap(\.devices))
    var tellers: [(device: Int, rhythm: SilenceOnsets.Rhythm)] = []
    for device in told.indices where told[device] > 0 && !known.contains(device) {
      let events = timeline.events(of: device)
      // A scan that somebody started, and that ends, is no watch.
      let since = events.first.map { timeline.seconds[Int($0)] - timeline.start } ?? .infinity
      guard Int(told[device]) * 2 >= events.count, since * 10 <= timeline.end - timeline.start,
        let rhythm = SilenceOnsets.Rhythm(timeline, device),
        (lastOfAll - rhythm.last) / rhythm.pause >= SilenceOnsets.leastPauses,
        rhythm.surprise(lastOfAll - rhythm.last) > 9 + log(Double(timeline.deviceCount))
      else { continue }
      tellers.append((device, rhythm))
    }
    guard !tellers.isEmpty else { return }
    var subjects = [Set<Int32>](repeating: [], count: tellers.count)
    var place: [Int32: Int] = [:]
    for (number, teller) in tellers.enumerated() { place[Int32(teller.device)] = number }
    // Whoever is named, at whatever place in a line, is told of.
    for (position, named) in zip(timeline.evidence.mentionEvents, timeline.evidence.mentionDevices) {
      let event = Int(position)
      guard isEveryday(event, timeline) else { continue }
      lastTold[Int(named)] = max(lastTold[Int(named)], timeline.seconds[event])
      if let number = place[timeline.evidence.eventDevices[event]] { subjects[number].insert(named) }
    }
    for (number, (device, rhythm)) in tellers.enumerated() {
      let due = rhythm.last + max(rhythm.longest, SilenceOnsets.leastPauses * rhythm.pause)
      let unheard = subjects[number].filter { subject in
        guard onsets.findings[Int(subject)] == nil, onsets.unrelated[Int(subject)] == nil else {
          return false
        }
        let own = timeline.events(of: Int(subject)).last.map { timeline.seconds[Int($0)] } ?? -.infinity
        return max(own, lastTold[Int(subject)]) <= due
      }
      guard unheard.count >= PassersOn.fewest else { continue }
      // Where its source ends, that it is silent is not known.
      if let reach, reach.end(of: device) < due {
        let rest = unheard.map { Int($0) }.filter { !gone.contains($0) }
        if rest.count >= PassersOn.fewest {
          groups.append(
            Group(reporter: nil, since: rhythm.last, until: nil, devices: (rest + [device]).sorted()))
        }
        continue
      }
      groups.append(
        Group(reporter: device, since: rhythm.last, until: nil, devices: unheard.map { Int($0) }.sorted()))
      reporters.append(
        (
          device,
          Onsets.Finding(
            time: rhythm.last + rhythm.pause / 2, earliest: rhythm.last,
            latest: min(lastOfAll, rhythm.last + 3 * rhythm.pause), probability: 0.97, kind: .silence,
            events: [rhythm.lastEvent],
            reasons: [
              "told of \(unheard.count) others every \(max(1, Int(rhythm.pause))) s and then of nobody for "
                + "\(Int(lastOfAll - rhythm.last)) s"
            ])
        ))
    }
  }

  /// Whether an event is one of its speaker's everyday lines about somebody else.
  private func isEveryday(_ event: Int, _ timeline: Timeline) -> Bool {
    let template = Int(timeline.evidence.eventTemplates[event])
    return timeline.firstMention[event] >= 0 && timeline.evidence.eventDevices[event] >= 0
      && timeline.tones[template] != .loud && !timeline.words.tellsOfLoss[template]
  }

  /// Takes note of those whose lines are missing together, of whom nobody is known to have told.
  mutating func takeGap(_ silent: Silences) {
    guard silent.count >= SilenceOnsets.fewestTogether, let since = silent.map(\.finding.earliest).max()
    else { return }
    groups.append(
      Group(
        reporter: nil, since: since, until: silent.compactMap(\.finding.until).min(),
        devices: silent.map(\.device).sorted()))
  }

  private mutating func add(_ reporter: Int, _ silent: Silences, _ words: [Double]) {
    let end = silent.compactMap(\.finding.until).min()
    let since = max(
      silent.map(\.finding.earliest).max() ?? 0, words.filter { $0 < end ?? .infinity }.max() ?? -.infinity)
    groups.append(
      Group(reporter: reporter, since: since, until: end, devices: silent.map(\.device).sorted()))
    var finding = Onsets.Finding(
      time: since, earliest: since, latest: silent.map(\.finding.latest).filter { $0 > since }.min() ?? since,
      probability: silent.map(\.finding.probability).max() ?? 0.9, kind: .silence,
      events: silent.prefix(PassersOn.fewest).flatMap { $0.finding.events.prefix(1) },
      reasons: ["it and all \(silent.count) that are heard through it alone fell silent in one moment"])
    finding.until = end
    reporters.append((reporter, finding))
  }

  /// When an entity said what it had said before; what a reporter says when it starts again does not show that it reports.
  private func usualWords(of device: Int, _ timeline: Timeline) -> [Double] {
    var said: [Int32: Int] = [:]
    var times: [Double] = []
    for event in timeline.events(of: device) {
      let template = timeline.evidence.eventTemplates[Int(event)]
      said[template, default: 0] += 1
      if said[template]! >= Self.usual { times.append(timeline.seconds[Int(event)]) }
    }
    return times
  }
}

extension Onsets {
  /// Adds entities that stopped speaking; gives those that perhaps did not, as their reporter did.
  ///
  /// - Parameter whole: What the whole window told of that, where this is a part of it.
  mutating func addSilences(
    _ timeline: Timeline, _ fleet: Fleet, partOf whole: [RelayedSilences.Group]?
  ) -> [RelayedSilences.Group] {
    let known = whole ?? []
    var relayed = RelayedSilences()
    let found = SilenceOnsets.find(timeline, fleet, self)
    // Where a source ends, nobody in it is known to be silent; that the one through whom they came was, is.
    let beyond = relayed.take(relayed.without(found.beyondSources, known), timeline, isBeyondSources: true)
    for (device, finding) in relayed.take(relayed.without(found.seen, known), timeline) {
      addSilence(device, finding)
    }
    let ended = EndedSilences(timeline, fleet, self)
    for (device, finding) in relayed.take(relayed.without(ended.found, known), timeline) {
      addSilence(device, finding)
    }
    for (device, last, since, until) in ended.companions {
      findings[device]?.events.append(last)
      findings[device]?.silentSince = since
      findings[device]?.until = until
    }
    for gap in ended.gaps { relayed.takeGap(relayed.take(relayed.without(gap, known), timeline)) }
    let cut = Dictionary(grouping: beyond) { timeline.source(of: $0.device) }
    for (_, gap) in cut.sorted(by: { $0.key < $1.key }) { relayed.takeGap(gap) }
    addStopped(timeline, fleet, found.reach)
    if whole == nil { relayed.takeTellers(timeline, SilenceOnsets.lastWords(timeline), self, found.reach) }
    for (reporter, finding) in relayed.reporters where findings[reporter] == nil {
      addSilence(reporter, finding)
    }
    if let reach = found.reach {
      for (provider, finding) in SilenceOnsets.providers(of: self, timeline, fleet, reach) {
        addSilence(provider, finding)
      }
    }
    return relayed.groups + addSpokenFor(timeline, fleet, known)
  }

  /// Adds entities that others named in a rhythm, and do no longer; gives those of which nothing is known, as what they were heard through
  /// is not heard of either.
  private mutating func addSpokenFor(
    _ timeline: Timeline, _ fleet: Fleet, _ known: [RelayedSilences.Group]
  ) -> [RelayedSilences.Group] {
    guard let spoken = SpokenFor(timeline) else { return [] }
    var relayed = RelayedSilences()
    let (lasting, ended) = spoken.silences(fleet, self)
    for silences in [lasting, ended] {
      for (device, finding) in relayed.take(relayed.without(silences, known), spoken.timeline)
      where findings[device] == nil {
        addSilence(device, finding)
      }
    }
    for (reporter, finding) in relayed.reporters where findings[reporter] == nil && spoken.tellsOf(reporter) {
      addSilence(reporter, finding)
    }
    // A namer that says little else must not look silent when its lines count as those of others.
    return relayed.groups.filter { $0.reporter.map(spoken.tellsOf) ?? false }
  }
}

extension RelayedSilences.Group {
  /// What is not known of those that are heard through a reporter is not known of the reporter either.
  fileprivate mutating func endWithReporter() {
    guard let reporter else { return }
    devices = Set(devices + [reporter]).sorted()
    self.reporter = nil
  }
}

extension Onsets.Finding {
  /// A log that ends is not known to be whole.
  fileprivate mutating func doubtEnd() {
    probability = min(probability, 0.8)
    reasons.append("unless their log was copied before its end")
  }
}

extension [Double] {
  /// In ascending numbers the first beyond one.
  fileprivate func first(after bound: Double) -> Double? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] > bound { high = middle } else { low = middle + 1 }
    }
    return low < count ? self[low] : nil
  }
}

extension Timeline {
  /// Of whom nothing is known, by names and instants.
  func unheard(_ group: RelayedSilences.Group) -> Unheard {
    Unheard(
      reporter: group.reporter.map { evidence.devices[$0] }, since: instant(group.since),
      until: group.until.map(instant),
      devices: group.devices.map { evidence.devices[$0] })
  }
}
