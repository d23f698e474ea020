public import IncidentModel

/// That an incident began with something that is not in the evidence.
public struct UnseenOrigin: Sendable, Hashable {
  /// How likely that is (fitted to nothing: incidents that are generated have their origin in the evidence).
  public var probability: Double
  /// What says so, in one clause. Words of the evidence in it must be escaped before they are shown.
  public var reason: String
  /// Events that say so.
  public var evidence: [EventID]
  /// An origin from its parts.
  public init(probability: Double, reason: String, evidence: [EventID]) {
    self.probability = probability
    self.reason = reason
    self.evidence = evidence
  }
}

extension UnseenOrigin {
  /// Of orders that all came from one who bears no entity's name.
  init(of orders: Change, _ members: [Int], _ timeline: Timeline) {
    let count = members.count { orders.received[$0] != nil }
    self.init(
      probability: UnseenSubject.probability,
      reason:
        "\(count == members.count ? "all" : "\(count) of them") say that they carried out orders of the same name or address, which is none of the "
        + "entities known",
      evidence: orders.events.values.sorted().prefix(6).map { timeline.id(Int($0)) })
  }
}

/// Looks for what the first failures point at, where that is nobody in the evidence: somebody who let himself in at several one by one,
/// who came to the first ones of those of whom all others name who came to them, or a server that all complain of and that nobody knows.
///
/// Only where no change and no provider explains the failures, and nobody had trouble of its own just before them. Fails for what is named by a number alone, and where an address
/// stands in the evidence without being known as that of an entity.
struct UnseenSubject {
  private let timeline: Timeline
  private let onsets: Onsets
  private let members: [Int]

  private static let fewestBrokenInto = 2
  private static let fewestRoots = 3
  private static let fewestComplaining = 5
  static let probability = 0.75

  init(_ timeline: Timeline, _ onsets: Onsets, _ members: [Int]) {
    self.timeline = timeline
    self.onsets = onsets
    self.members = members
  }

  /// - Parameter named: Whom the members name around their failures.
  func origin(_ named: [Int: [Int32]]) -> UnseenOrigin? {
    brokenIntoFromOutside() ?? complainedOf() ?? cameToTheFirst(named)
  }

  private func origin(_ reason: String, _ events: [Int32]) -> UnseenOrigin {
    UnseenOrigin(
      probability: Self.probability, reason: reason, evidence: events.prefix(6).map { timeline.id(Int($0)) })
  }

  /// Two and more that somebody from outside guessed his way into: each by itself, and not one from the other.
  private func brokenIntoFromOutside() -> UnseenOrigin? {
    let outside = Set(timeline.breakIns.filter { $0.source == nil }.map(\.id))
    guard !outside.isEmpty else { return nil }
    let entries = members.compactMap { device in
      onsets.findings[device]!.events.first { outside.contains(timeline.evidence.eventIDs[Int($0)]) }
    }
    guard entries.count >= Self.fewestBrokenInto else { return nil }
    return origin(
      "\(entries.count) of them let somebody in who is not in the evidence and had been refused before",
      entries)
  }

  /// Where nearly all say who of the others came to them, and the first three and more do not, though they failed closer to each other than
  /// the others after those who came to them, somebody else came to these.
  private func cameToTheFirst(_ named: [Int: [Int32]]) -> UnseenOrigin? {
    func time(_ device: Int) -> Double { onsets.findings[device]!.time }
    let isMember = Set(members)
    var delays: [Double] = []
    var roots: [Int] = []
    for device in members {
      let lead = (named[device] ?? []).filter { isMember.contains(Int($0)) }.map {
        time(device) - time(Int($0))
      }
      .filter { $0 > 0 }.min()
      if let lead { delays.append(lead) } else { roots.append(device) }
    }
    let others = members.count - roots.count
    guard roots.count >= Self.fewestRoots, others >= 2 * roots.count else { return nil }
    roots.sort { (time($0), $0) < (time($1), $1) }
    let isRoot = Set(roots)
    let firstOfOthers = members.filter { !isRoot.contains($0) }.map(time).min() ?? -.infinity
    guard let first = roots.first, let last = roots.last, time(last) <= firstOfOthers,
      time(last) - time(first) < Robust.quantile(delays, 0.1)
    else { return nil }
    return origin(
      "of \(others) it is known who of the failed came to them, but not of the first \(roots.count), which failed within "
        + "\(Int((time(last) - time(first)).rounded(.up))) s",
      roots.compactMap { onsets.findings[$0]!.events.first })
  }

  /// Nearly all complain of the same thing, and nobody in the evidence bears its name.
  private func complainedOf() -> UnseenOrigin? {
    guard members.count >= Self.fewestComplaining else { return nil }
    var complaints: [UInt64: [Int32]] = [:]
    for device in members {
      var own: [UInt64: Int32] = [:]
      for event in onsets.findings[device]!.events where timeline.mention(Int(event)) < 0 {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard timeline.words.tellsOfLoss[template],
          Words.of(timeline.evidence.templateTexts[template]).contains(where: Self.reaching.contains)
        else { continue }
        if Self.host(in: timeline.evidence.templateTexts[template]) != nil {
          own[UInt64(template) << 32] = event
        }
        for token in timeline.tokens(of: event) { own[UInt64(token) | 1 << 63] = event }
      }
      for (subject, event) in own { complaints[subject, default: []].append(event) }
    }
    let common = complaints.filter { $0.value.count * 5 >= members.count * 4 && !Self.isNumber($0.key) }
    guard let most = common.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }) else {
      return nil
    }
    let host = most.key >> 63 == 0 ? Self.host(in: timeline.evidence.templateTexts[Int(most.key >> 32)]) : nil
    let who = most.value.count == members.count ? "all" : "\(most.value.count) of them"
    return origin(
      "\(who) complain of the same thing, \(host.map { "\"\($0)\"" } ?? "by the same name or address"), which is none of the entities known: "
        + "it, or the way to it", most.value)
  }

  /// A word that is the name of a host, an address, or a URL.
  static func host(in text: String) -> Substring? {
    text.split(separator: " ").lazy.map { word in
      word.drop { !$0.isLetter && !$0.isNumber }
    }.compactMap { word -> Substring? in
      let bare = word.firstRange(of: "://").map { word[$0.upperBound...] } ?? word
      let host = bare.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" }
      let labels = host.split(separator: ".", omittingEmptySubsequences: false)
      // A full stop ends a sentence, and stands in numbers and versions.
      guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }),
        labels.count == 4 && labels.allSatisfy({ $0.allSatisfy(\.isNumber) })
          || labels.last!.allSatisfy(\.isLetter) && labels.last!.count >= 2
            && labels[0].contains(where: \.isLetter)
      else { return nil }
      return host
    }.first
  }

  /// What tells that somebody else was wanted, and no file or part of one's own.
  private static let reaching: Set<Substring> = [
    "connect", "connecting", "connection", "connected", "resolve", "resolving", "lookup", "reach",
    "reachable", "unreachable", "timeout",
    "timed", "answer", "answers", "response", "responding", "reply", "route", "handshake", "request", "post",
    "get", "put", "http", "https",
    "host", "server", "dns", "broker", "upload", "download", "publish", "fetch", "ping", "peer", "endpoint",
    "verbindung", "erreichbar",
    "unerreichbar", "antwort", "auflösen", "connexion", "injoignable", "répond", "conexión", "responde",
    "connessione", "risponde", "verbinding",
  ]

  private static func isNumber(_ subject: UInt64) -> Bool {
    subject >> 63 == 1 && CommonNumbers.holds(UInt32(truncatingIfNeeded: subject))
  }
}

/// Numbers that stand in any message: seconds, codes.
enum CommonNumbers {
  private static let hashes: Set<UInt32> = {
    var result: Set<UInt32> = []
    for number in 0..<10_000 {
      let digits = "\(number)"
      let padded = (digits.utf8.count..<5).map {
        String(repeating: "0", count: $0 - digits.utf8.count) + digits
      }
      for text in padded + ["s", "ms", "%", "sec", "."].map({ digits + $0 }) {
        result.insert(UInt32(truncatingIfNeeded: ContentHash.of(text)))
      }
    }
    return result
  }()

  /// Whether what varies in a message is one of them.
  static func holds(_ token: UInt32) -> Bool { hashes.contains(token) }
}

extension Incident {
  /// What began with something that is not in the evidence began at nobody in it.
  mutating func applyUnseenOrigin() {
    guard let unseenOrigin else { return }
    for index in origins.indices {
      origins[index].probability = min(
        origins[index].probability, (1 - unseenOrigin.probability) * origins[index].probability)
    }
  }
}
