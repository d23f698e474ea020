internal import Glibc
internal import IncidentModel

/// Measures each entity's clock against a receiver that writes down the entity's messages.
///
/// The same message is seen twice: the sender logs it, and a receiver logs it and names the sender. No wording is
/// known. Candidate pairs are events of an entity and events of others that name it; they match by a shared rare
/// variable, or, where none is shared, by the one shift under which the two rhythms coincide. Which two templates
/// belong together is voted by the fleet: only for the right ones do the shifts of one entity agree with each other.
///
/// Shift = offset - delay, and a delay is never negative, so the greatest shift plus the expected least delay
/// estimates the offset (the one-way bound of Paxson, "On Calibrating Measurements of Packet Transit Times", 1998).
/// Offsets relative to a receiver are chained outwards from the entities that depend on nobody (a broker, before the
/// gateways behind it). Assumes: the clocks at the top are right; an offset is constant over the window; delays are alike across the fleet.
struct ClockCorrection {
  /// Seconds ahead of true time, per entity; 0 where unknown.
  var offsets: [Double]
  /// Pairs that the offset rests on; 0 is unknown.
  var pairs: [Int32]
  /// Bound of the error in seconds, where known.
  var errors: [Double]
  /// Seconds per second by which each clock runs fast; 0 where it keeps time, or too little is known.
  var drifts: [Double]
  /// The corrected second at which `offsets` hold; a clock is off by offset + drift · (second - middle).
  private(set) var middle = 0.0

  private struct Match {
    var device: Int32
    var receiver: Int32
    var sent: Int32
    var received: Int32
    var shift: Double
    /// Second of the receiver's clock.
    var time: Double
  }

  init(_ timeline: Timeline, _ fleet: Fleet) {
    let count = timeline.deviceCount
    offsets = [Double](repeating: 0, count: count)
    pairs = [Int32](repeating: 0, count: count)
    errors = [Double](repeating: 0, count: count)
    drifts = [Double](repeating: 0, count: count)
    middle = (timeline.start + timeline.end) / 2
    guard !timeline.evidence.mentionEvents.isEmpty else { return }
    let mentions = Self.mentionsByDevice(timeline)
    var matches = Self.elect(Self.tokenMatches(timeline, mentions), tolerance: 3)
    if matches.isEmpty { matches = Self.elect(Self.rhythmMatches(timeline, mentions), tolerance: 2) }
    if !matches.isEmpty { solve(matches, fleet) }
  }

  // MARK: Finding pairs

  private typealias Grouped = (start: [Int32], events: [Int32])

  private static func mentionsByDevice(_ timeline: Timeline) -> Grouped {
    let evidence = timeline.evidence
    var start = [Int32](repeating: 0, count: timeline.deviceCount + 1)
    func isForeign(_ index: Int) -> Bool {
      let speaker = evidence.eventDevices[Int(evidence.mentionEvents[index])]
      return speaker >= 0 && speaker != evidence.mentionDevices[index]
    }
    for index in evidence.mentionEvents.indices where isForeign(index) {
      start[Int(evidence.mentionDevices[index]) + 1] += 1
    }
    for index in 0..<timeline.deviceCount { start[index + 1] += start[index] }
    var next = start
    var events = [Int32](repeating: 0, count: Int(start[timeline.deviceCount]))
    for index in evidence.mentionEvents.indices where isForeign(index) {
      let device = Int(evidence.mentionDevices[index])
      events[Int(next[device])] = evidence.mentionEvents[index]
      next[device] += 1
    }
    return (start, events)
  }

  private static func tokenMatches(_ timeline: Timeline, _ mentions: Grouped) -> [Match] {
    let evidence = timeline.evidence
    guard !evidence.tokenEvents.isEmpty else { return [] }
    var start = [Int32](repeating: 0, count: timeline.eventCount + 1)
    for event in evidence.tokenEvents { start[Int(event) + 1] += 1 }
    for index in 0..<timeline.eventCount { start[index + 1] += start[index] }
    func tokens(_ event: Int32) -> ArraySlice<UInt32> {
      evidence.tokenHashes[Int(start[Int(event)])..<Int(start[Int(event) + 1])]
    }
    var matches: [Match] = []
    for device in 0..<timeline.deviceCount {
      let received = mentions.events[Int(mentions.start[device])..<Int(mentions.start[device + 1])].prefix(
        256)
      guard !received.isEmpty else { continue }
      let sent = timeline.events(of: device).prefix(2048)
      for event in received {
        for token in tokens(event) {
          // A variable that the entity writes often (a port, a code) ties nothing together.
          let hits = sent.filter { tokens($0).contains(token) }
          guard hits.count <= 2 else { continue }
          for hit in hits { matches.append(match(timeline, device, hit, event)) }
        }
      }
    }
    return matches
  }

  private static func rhythmMatches(_ timeline: Timeline, _ mentions: Grouped) -> [Match] {
    var matches: [Match] = []
    for device in 0..<timeline.deviceCount {
      let received = mentions.events[Int(mentions.start[device])..<Int(mentions.start[device + 1])].prefix(48)
      guard received.count >= 3 else { continue }
      var sent: [Int32: [Int32]] = [:]
      for event in timeline.events(of: device).prefix(512) {
        sent[timeline.evidence.eventTemplates[Int(event)], default: []].append(event)
      }
      for (_, events) in sent.sorted(by: { $0.key < $1.key }) where events.count >= 3 {
        for b in received { for a in events.prefix(48) { matches.append(match(timeline, device, a, b)) } }
      }
    }
    return matches
  }

  private static func match(_ timeline: Timeline, _ device: Int, _ sent: Int32, _ received: Int32) -> Match {
    Match(
      device: Int32(device), receiver: timeline.evidence.eventDevices[Int(received)],
      sent: timeline.evidence.eventTemplates[Int(sent)],
      received: timeline.evidence.eventTemplates[Int(received)],
      shift: timeline.seconds[Int(sent)] - timeline.seconds[Int(received)],
      time: timeline.seconds[Int(received)])
  }

  // MARK: Electing

  /// Keeps, per entity and receiver, the matches around the shift that most of them share, of those pairs of
  /// templates for which most entities show such agreement beyond chance.
  private static func elect(_ all: [Match], tolerance: Double) -> [Match] {
    guard !all.isEmpty else { return [] }
    let span = max(60, (all.map { abs($0.shift) }.max() ?? 0) * 2)
    let sorted = all.sorted {
      ($0.sent, $0.received, $0.device, $0.receiver, $0.shift)
        < ($1.sent, $1.received, $1.device, $1.receiver, $1.shift)
    }
    var kept: [Match] = []
    var first = 0
    while first < sorted.count {
      var last = first
      let head = sorted[first]
      while last < sorted.count, sorted[last].sent == head.sent, sorted[last].received == head.received {
        last += 1
      }
      var agreeing = 0
      var tested = 0
      var single = 0
      var clusters: [Match] = []
      var low = first
      while low < last {
        var high = low
        while high < last, sorted[high].device == sorted[low].device,
          sorted[high].receiver == sorted[low].receiver
        { high += 1 }
        let cluster = densest(sorted[low..<high], tolerance)
        let n = Double(high - low)
        // Expected number in the densest window when shifts fall anywhere.
        let chance = 1 + n * tolerance * 2 / span
        if high - low == 1 { single += 1 } else { tested += 1 }
        if cluster.count >= 2, Double(cluster.count) >= 0.5 * n.squareRoot(), Double(cluster.count) > chance {
          agreeing += 1
          clusters += cluster
        } else if high - low == 1 {
          clusters += cluster
        }
        low = high
      }
      if tested > 0 ? agreeing * 2 >= tested : single >= 3 { kept += clusters }
      first = last
    }
    return kept
  }

  /// The most matches within `tolerance` of each other; among equals those with the greater shift, as delays
  /// only lower it.
  private static func densest(_ sorted: ArraySlice<Match>, _ tolerance: Double) -> ArraySlice<Match> {
    var best = sorted.startIndex..<sorted.startIndex
    var low = sorted.startIndex
    for high in sorted.indices {
      while sorted[high].shift - sorted[low].shift > tolerance { low += 1 }
      if high - low + 1 >= best.count { best = low..<(high + 1) }
    }
    return sorted[best]
  }

  // MARK: Solving

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
    let ordered = cluster.sorted { ($0.time, $0.shift) < ($1.time, $1.shift) }
    let third = ordered.count / 3
    let slopes = (0..<third).map { index -> Double in
      let (a, b) = (ordered[index], ordered[ordered.count - third + index])
      return (b.shift - a.shift) / max(1, b.time - a.time)
    }
    let slope = Robust.median(slopes)
    let span = ordered[ordered.count - 1].time - ordered[0].time
    guard span > 900 else { return 0 }
    let spread = Robust.mad(slopes, around: slope) / Double(third).squareRoot()
    // No quartz is off by more than a thousandth; what looks so is something else.
    return abs(slope) > 6 * spread && abs(slope) * span > 0.3 && abs(slope) < 1e-3 ? slope : 0
  }

  private mutating func solve(_ matches: [Match], _ fleet: Fleet) {
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
      let drift = Self.drift(cluster)
      let level = drift == 0 ? cluster.map(\.shift) : cluster.map { $0.shift - drift * ($0.time - middle) }
      let top = level.max()!
      if cluster.count >= 4 { residuals += level.map { top - $0 } }
      bounds.append(
        Bound(
          sender: Int(sorted[low].device), receiver: Int(sorted[low].receiver), shift: top,
          count: cluster.count, drift: drift))
      low = high
    }
    residuals.sort()
    let least = (0..<17).map { Self.expectedLeast(residuals, max(1, $0)) }
    // A lone pair far from where the other clocks are is more likely two different messages.
    let trusted = bounds.filter { $0.count >= 3 }.map(\.shift)
    let centre = Robust.median(trusted)
    let reach = max(60, 6 * Robust.mad(trusted, around: centre))
    if trusted.count >= 5 { bounds.removeAll { $0.count <= 3 && abs($0.shift - centre) > reach } }

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
      let roots = roots(of: part, adjacent, bounds, fleet)
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
    of part: [Int], _ adjacent: [Int: [Tie]], _ bounds: [Bound],
    _ fleet: Fleet
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
    if least == 1_000 { roots = [pool.max { (adjacent[$0]!.count, $1) < (adjacent[$1]!.count, $0) }!] }
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

  private static func connected(
    _ start: Int, _ adjacent: [Int: [Tie]]
  ) -> [Int] {
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
