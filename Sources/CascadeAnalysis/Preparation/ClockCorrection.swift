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

  /// Clocks whose offset differs from stretch to stretch; `offsets` then holds that of the longest.
  private(set) var pieces = ClockPieces()

  /// Clocks that keep the time of another zone, as when their entities are heard shows (see `LateWindows`), with the seconds.
  private(set) var zones: [Int: Double] = [:]

  /// A message seen at both ends.
  struct Match {
    var device: Int32
    var receiver: Int32
    /// Templates at both ends.
    var sent: Int32
    var received: Int32
    /// The sender's time minus the receiver's, seconds.
    var shift: Double
    /// Positions of the two events.
    var sentEvent: Int32
    var receivedEvent: Int32
    /// The receiver's time.
    var at: Double
  }

  /// The pairs that the offsets rest on.
  private(set) var elected: [Match] = []

  /// The elected pairs of each entity.
  func matchesByEntity() -> [Int: [Match]] { Dictionary(grouping: elected) { Int($0.device) } }

  init(_ timeline: Timeline, _ fleet: Fleet) {
    let count = timeline.deviceCount
    offsets = [Double](repeating: 0, count: count)
    pairs = [Int32](repeating: 0, count: count)
    errors = [Double](repeating: 0, count: count)
    drifts = [Double](repeating: 0, count: count)
    middle = (timeline.start + timeline.end) / 2
    measure(timeline, fleet)
    take(ClockPieces(timeline.evidence) { pairs[$0] > 0 })
    takeZones(timeline)
  }

  private mutating func takeZones(_ timeline: Timeline) {
    let late = LateWindows(timeline) { pieces.holds($0) ? nil : offsets[$0] }
    for one in late.list where one.isZone && pairs[one.device] == 0 {
      offsets[one.device] = one.seconds
      errors[one.device] = one.error
      zones[one.device] = one.seconds
    }
  }

  private mutating func take(_ found: ClockPieces) {
    pieces = found
    for device in found.devices {
      guard let piece = found.main(device) else { continue }
      offsets[device] = piece.ahead
      errors[device] = piece.error
      drifts[device] = 0
      pairs[device] = max(1, Int32(clamping: piece.pairs))
    }
  }

  private mutating func measure(_ timeline: Timeline, _ fleet: Fleet) {
    guard !timeline.evidence.mentionEvents.isEmpty else { return }
    let mentions = Self.mentionsByDevice(timeline, fleet.peers)
    let receipts = Self.receipts(timeline) {
      mentions.events[Int(mentions.start[$0])..<Int(mentions.start[$0 + 1])]
    }
    var matches = Self.leavingOutContradicted(
      Self.leavingOutAnnouncements(
        Self.elect(Self.tokenMatches(timeline, mentions), receipts, tolerance: 3, mayDrift: true),
        timeline.eventCount), tolerance: 3)
    if matches.isEmpty {
      matches = Self.elect(Self.rhythmMatches(timeline, mentions), receipts, tolerance: 2, mayDrift: false)
    }
    elected = matches
    if !matches.isEmpty { solve(matches, fleet) }
  }

  // MARK: Finding pairs

  private typealias Grouped = (start: [Int32], events: [Int32])

  private static func mentionsByDevice(_ timeline: Timeline, _ peers: PeerContacts) -> Grouped {
    let evidence = timeline.evidence
    var start = [Int32](repeating: 0, count: timeline.deviceCount + 1)
    func isForeign(_ index: Int) -> Bool {
      let event = Int(evidence.mentionEvents[index])
      let speaker = evidence.eventDevices[event]
      // What passes from peer to peer is another message at each, later.
      return speaker >= 0 && speaker != evidence.mentionDevices[index]
        && !peers.isContact(Int(evidence.eventTemplates[event]))
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
    var own = TokenHits()
    for device in 0..<timeline.deviceCount {
      let all = mentions.events[Int(mentions.start[device])..<Int(mentions.start[device + 1])]
      guard !all.isEmpty else { continue }
      // Spread over the whole time, so that drift can be seen.
      let step = (all.count + 1023) / 1024
      let received = stride(from: all.startIndex, to: all.endIndex, by: step).map { all[$0] }
      own.begin()
      for event in received { for token in tokens(event) { own.want(token) } }
      guard !own.isEmpty else { continue }
      for event in timeline.events(of: device) { for token in tokens(event) { own.meet(token, event) } }
      for event in received {
        for token in tokens(event) {
          own.forEachHit(token) { matches.append(match(timeline, device, $0, event)) }
        }
      }
    }
    return matches
  }

  /// The variables of one entity's messages as others wrote them down, and the entity's own events that hold each: mostly a
  /// handful, among which looking is quicker than hashing.
  private struct TokenHits {
    private var tokens: [UInt32] = []
    private var found: [(count: Int, first: Int32, second: Int32)] = []
    private var index: [UInt32: Int] = [:]
    private static let few = 24

    var isEmpty: Bool { tokens.isEmpty }

    mutating func begin() {
      tokens.removeAll(keepingCapacity: true)
      found.removeAll(keepingCapacity: true)
      if !index.isEmpty { index = [:] }
    }

    private func place(_ token: UInt32) -> Int? {
      tokens.count <= Self.few ? tokens.firstIndex(of: token) : index[token]
    }

    mutating func want(_ token: UInt32) {
      guard place(token) == nil else { return }
      tokens.append(token)
      found.append((0, -1, -1))
      if tokens.count == Self.few + 1 {
        for (position, token) in tokens.enumerated() { index[token] = position }
      } else if tokens.count > Self.few {
        index[token] = tokens.count - 1
      }
    }

    /// The entity's own event holds a variable. One that it writes often (a port, a code) ties nothing together.
    mutating func meet(_ token: UInt32, _ event: Int32) {
      guard let place = place(token) else { return }
      switch found[place].count {
      case 0: found[place] = (1, event, -1)
      case 1 where found[place].first != event:
        found[place].count = 2
        found[place].second = event
      case 2 where found[place].second != event: found[place].count = 3
      default: break
      }
    }

    func forEachHit(_ token: UInt32, _ body: (Int32) -> Void) {
      guard let place = place(token), (1...2).contains(found[place].count) else { return }
      body(found[place].first)
      if found[place].count == 2 { body(found[place].second) }
    }
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
      shift: timeline.seconds[Int(sent)] - timeline.seconds[Int(received)], sentEvent: sent,
      receivedEvent: received, at: timeline.seconds[Int(received)])
  }

  // MARK: Electing

  /// Keeps, per entity and receiver, the matches around the shift that most of them share, of those pairs of
  /// templates for which most entities show such agreement beyond chance.
  private static func elect(
    _ all: [Match], _ receipts: [Int32: Int], tolerance: Double, mayDrift: Bool
  ) -> [Match] {
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
        let own = sorted[low..<high]
        let cluster = mayDrift ? Self.cluster(own, tolerance) : densest(own, tolerance)
        let n = Double(high - low)
        // Expected number in the densest window when shifts fall anywhere.
        let chance = 1 + n * tolerance * 2 / span
        // Two clockworks agree at every turn of theirs: a shift that another one matches says nothing.
        let isAmbiguous =
          !mayDrift && (Self.isMatched(cluster, by: own, tolerance) || !Self.hasTurns(cluster))
        if high - low == 1 { single += 1 } else { tested += 1 }
        if !isAmbiguous, cluster.count >= 2, Double(cluster.count) >= 0.5 * n.squareRoot(),
          Double(cluster.count) > chance
        {
          agreeing += 1
          clusters += cluster
        } else if high - low == 1 {
          clusters += cluster
        }
        low = high
      }
      let isProven =
        tested > 0
        ? agreeing * 2 >= tested
        : single >= 3 && areOneMessage(clusters, received: receipts[head.received] ?? 0)
      if isProven { kept += clusters }
      first = last
    }
    return kept
  }

  /// The most matches within `tolerance` of a clock that runs evenly. Where they are many and spread over an hour or more, the
  /// clock may gain or lose: the rate counts under which most agree, and none is taken before any other.
  private static func cluster(_ sorted: ArraySlice<Match>, _ tolerance: Double) -> ArraySlice<Match> {
    let flat = densest(sorted, tolerance)
    guard sorted.count >= ClockDrift.leastPairs, flat.count < sorted.count else { return flat }
    let times = sorted.map(\.at)
    guard let first = times.min(), let last = times.max(), last - first >= ClockDrift.leastSpan else {
      return flat
    }
    var best = flat
    for rate in [10, 20, 40, 80, 160, 320].flatMap({ [$0 * 1e-6, -$0 * 1e-6] }) {
      let tilted = sorted.map { match in
        var match = match
        match.shift -= rate * (match.at - first)
        return match
      }.sorted { $0.shift < $1.shift }
      let found = densest(tilted[...], tolerance)
      guard Double(found.count) > Double(best.count) * 1.1 else { continue }
      best =
        found.map { match in
          var match = match
          match.shift += rate * (match.at - first)
          return match
        }.sorted { $0.shift < $1.shift }[...]
    }
    return best
  }

  /// Whether a shift that has nothing to do with that of a cluster is shared by half as many matches or more: two messages that
  /// each come by the minute agree at every minute, a match fewer with each, and scatter decides at which most do.
  private static func isMatched(
    _ cluster: ArraySlice<Match>, by sorted: ArraySlice<Match>, _ tolerance: Double
  ) -> Bool {
    guard cluster.count >= 2, let least = cluster.first?.shift, let most = cluster.last?.shift else {
      return false
    }
    let below = sorted.prefix { $0.shift < least - tolerance }
    let above = sorted.drop { $0.shift <= most + tolerance }
    return [below, above].contains {
      let others = densest($0, tolerance).count
      return others >= 2 && others * 2 >= cluster.count
    }
  }

  /// The most matches within `tolerance` of each other; among equals those with the greater shift, as delays
  /// only lower it.
  static func densest(_ sorted: ArraySlice<Match>, _ tolerance: Double) -> ArraySlice<Match> {
    var best = sorted.startIndex..<sorted.startIndex
    var low = sorted.startIndex
    for high in sorted.indices {
      while sorted[high].shift - sorted[low].shift > tolerance { low += 1 }
      if high - low + 1 >= best.count { best = low..<(high + 1) }
    }
    return sorted[best]
  }
}
