internal import IncidentModel

/// Somebody who was refused again and again, and then let in: password guessing that succeeded. That is the failure, and its time.
///
/// Told by words (a log-in was refused, a log-in was accepted, in the languages of `OutsideAttempts`) and by who it was: five and more
/// refusals in a quarter of an hour share with the log-in what varies in it (an address, an entity), and two of them all of that. Who was
/// let in so before the refusals began had mistyped.
/// Must be found before the timeline forgets its tokens. Fails where a log-in does not say where it came from, and for words that are
/// not recognised.
struct BreakIn {
  let device: Int
  /// The log-in.
  let id: Int64
  /// Refusals before it.
  let refusals: Int
  /// The entity that it came from; nil for somebody who is not in the evidence.
  let source: Int?

  /// Seconds before the log-in in which the refusals lie.
  private static let before = 900.0
  private static let fewest = 5

  /// The first of each entity.
  static func find(_ timeline: Timeline) -> [BreakIn] {
    let texts = timeline.evidence.templateTexts
    let isRefusal = texts.map(OutsideAttempts.tellsOfRefusal)
    guard isRefusal.contains(true) else { return [] }
    let isEntry = texts.indices.map { !isRefusal[$0] && tellsOfEntry(texts[$0]) }
    guard isEntry.contains(true) else { return [] }
    let traits = Traits(timeline)
    var found: [BreakIn] = []
    for device in 0..<timeline.deviceCount {
      var refusals: ArraySlice<Int32> = []
      var entries: [Int32] = []
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        if isRefusal[template] { refusals.append(event) }
        guard isEntry[template] else { continue }
        defer { entries.append(event) }
        let time = timeline.seconds[Int(event)]
        refusals = refusals.drop { timeline.seconds[Int($0)] < time - before }
        guard refusals.count >= fewest,
          let count = traits.matches(of: event, refusals, knownBy: timeline.events(of: device))
        else { continue }
        let usual = traits.known(event, timeline.events(of: device))
        if entries.contains(where: {
          timeline.seconds[Int($0)] < time - before && usual.isSubset(of: traits.of($0))
        }) {
          continue
        }
        let source = timeline.mention(Int(event))
        found.append(
          BreakIn(
            device: device, id: timeline.evidence.eventIDs[Int(event)], refusals: count,
            source: source < 0 ? nil : source))
        break
      }
    }
    return found
  }

  /// What varies in an event: whom it names, and its tokens.
  private struct Traits {
    private let timeline: Timeline

    init(_ timeline: Timeline) { self.timeline = timeline }

    func of(_ event: Int32) -> Set<Int64> {
      let events = timeline.evidence.tokenEvents
      var low = 0
      var high = events.count
      while low < high {
        let middle = (low + high) / 2
        if events[middle] < event { low = middle + 1 } else { high = middle }
      }
      var result: Set<Int64> = []
      while low < events.count, events[low] == event {
        result.insert(Int64(timeline.evidence.tokenHashes[low]))
        low += 1
      }
      let named = timeline.mention(Int(event))
      if named >= 0 { result.insert(-1 - Int64(named)) }
      return result
    }

    /// What varies in an event and stands in another one of its speaker, too: no port, no number of a process.
    func known(_ event: Int32, _ all: ArraySlice<Int32>) -> Set<Int64> {
      var rest = of(event)
      var found: Set<Int64> = []
      for other in all where other != event && !rest.isEmpty {
        let common = rest.intersection(of(other))
        found.formUnion(common)
        rest.subtract(common)
      }
      return found
    }

    /// How many refusals share something with a log-in, if they are enough, and two of them share all.
    func matches(of event: Int32, _ refusals: ArraySlice<Int32>, knownBy all: ArraySlice<Int32>) -> Int? {
      let traits = known(event, all)
      guard !traits.isEmpty else { return nil }
      let others = refusals.map(of)
      let sharing = others.count { !$0.isDisjoint(with: traits) }
      return sharing >= BreakIn.fewest && others.count { traits.isSubset(of: $0) } >= 2 ? sharing : nil
    }
  }

  // MARK: Words

  /// Whether a message says that somebody was let in.
  static func tellsOfEntry(_ text: String) -> Bool {
    let words = Words.of(text)
    guard !words.contains(where: { refusing.contains($0) || Words.negations.contains($0) }) else {
      return false
    }
    let pairs = zip(words, words.dropFirst())
    return words.contains { logins.contains($0) }
      && (words.contains { successes.contains($0) }
        || pairs.contains {
          entering.contains($0.0) && directions.contains($0.1) || $0.0 == "session" && $0.1 == "opened"
        })
  }

  private static let successes: Set<Substring> = [
    "accepted", "granted", "authenticated", "succeeded", "success", "successful", "successfully", "ok",
    "passed",
    "angemeldet", "erfolgreich", "akzeptiert", "gewährt", "accepté", "acceptée", "réussie", "réussi",
    "aceptado", "aceptada",
    "exitoso", "accettato", "accettata", "riuscito", "geaccepteerd", "gelukt", "aangemeld",
  ]
  private static let entering: Set<Substring> = ["logged", "signed", "logs", "logon", "login", "log"]
  private static let directions: Set<Substring> = ["in", "on"]
  private static let logins: Set<Substring> = [
    "password", "passwords", "passwd", "publickey", "login", "logon", "logged", "signed", "user", "account",
    "session",
    "authentication", "authenticated", "auth", "access", "credentials", "root", "admin", "shell", "anmeldung",
    "angemeldet",
    "benutzer", "passwort", "kennwort", "utilisateur", "connexion", "usuario", "acceso", "utente", "accesso",
    "gebruiker", "aangemeld",
  ]
  private static let refusing: Set<Substring> = [
    "failed", "failure", "failing", "invalid", "denied", "rejected", "refused", "wrong", "bad", "incorrect",
    "closed", "ended", "expired",
    "disconnected", "timeout", "error", "fehlgeschlagen", "abgewiesen", "échec", "refusé", "rechazado",
    "fallido", "negato", "mislukt",
  ]
}

extension Onsets {
  /// Dates the failures of those that were broken into by the log-in. What they said of it before were attempts.
  mutating func add(_ breakIns: [BreakIn], _ timeline: Timeline) {
    for entry in breakIns {
      guard
        let event = timeline.events(of: entry.device).first(where: {
          timeline.evidence.eventIDs[Int($0)] == entry.id
        })
      else { continue }
      let time = timeline.seconds[Int(event)]
      let known = findings[entry.device] ?? unrelated[entry.device]
      if let known, known.kind == .log,
        known.time < time - Self.ofOneAttack || known.time > time + Self.ofOneAttack
      {
        continue
      }
      let later = (known?.events ?? []).filter { $0 != event && timeline.seconds[Int($0)] > time }
      include(
        entry.device,
        Finding(
          time: time, earliest: time, latest: time, probability: max(0.95, known?.probability ?? 0),
          kind: .log,
          events: [event] + later.prefix(7),
          reasons: ["let somebody in who had been refused \(entry.refusals) times just before"]))
    }
  }

  /// Seconds around a break-in in which trouble is of it.
  private static let ofOneAttack = 3600.0
}
