internal import IncidentModel

/// Attempts that an entity refused: scans that were dropped, passwords that were wrong. Being attacked is not failing.
///
/// Unlike those of `RefusedAttempts` they mostly come from somebody who is no entity, often from one address, so nothing is known of who
/// did it: the message must say in words that somebody was refused something, and name where he came from; that may be an entity, but not
/// what the inventory or the links say to be infrastructure, which rather refused the speaker. Such messages date no onset, neither of who
/// has other trouble around them (that dates it; see also `BreakIn`) nor of who goes on with its everyday life; of who stops it, they do.
/// Fails for words that are not recognised.
struct OutsideAttempts {
  /// Per template; empty where there is none.
  private var isAttempt: [Bool] = []
  /// Entities that may have failed all the same.
  private var failed: Set<Int> = []

  /// Trouble that follows an attempt later is not of it.
  private static let prompt = 300.0
  private static let slack = 60.0

  /// `news` is how sure an event of an entity is part of something new.
  init(
    _ timeline: Timeline, _ fleet: Fleet, _ reports: Reports,
    news: (_ device: Int, _ event: Int, _ template: Int) -> Double
  ) {
    var attempts = timeline.isLoud.indices.map { template in
      timeline.isLoud[template] && Self.tellsOfRefusal(timeline.evidence.templateTexts[template])
    }
    guard attempts.contains(true) else { return }
    // What infrastructure is named in may as well be what that did.
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      guard fleet.isListedShared[Int(timeline.firstMention[event])] else { continue }
      attempts[Int(timeline.evidence.eventTemplates[event])] = false
    }
    isAttempt = attempts
    for device in 0..<timeline.deviceCount {
      var spans: [ClosedRange<Double>] = []
      var own: [Double] = []
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard timeline.isLoud[template], !reports.isReport(template) else { continue }
        let time = timeline.seconds[Int(event)]
        if attempts[template] {
          if let last = spans.last, time - last.upperBound <= Self.prompt {
            spans[spans.count - 1] = last.lowerBound...max(last.upperBound, time)
          } else {
            spans.append(time...time)
          }
        } else if news(device, Int(event), template) >= 0.5 {
          own.append(time)
        }
      }
      guard let first = spans.first?.lowerBound else { continue }
      let isTroubled = own.contains { time in
        spans.contains { time > $0.lowerBound - Self.slack && time < $0.upperBound + Self.prompt }
      }
      let busiest = spans.max { $0.upperBound - $0.lowerBound < $1.upperBound - $1.lowerBound }
      if !isTroubled,
        reports.first[device] != nil
          || !RefusedAttempts.goesOn(device, busiest?.lowerBound ?? first, timeline)
      {
        failed.insert(device)
      }
    }
  }

  /// Whether an event of a template tells nothing of its speaker's own failure.
  func leavesOut(_ template: Int, of device: Int) -> Bool {
    !isAttempt.isEmpty && isAttempt[template] && !failed.contains(device)
  }

  // MARK: Words

  static func tellsOfRefusal(_ text: String) -> Bool {
    let words = Words.of(text)
    // What sshd says of those that never signed in.
    if words.contains("preauth") { return true }
    let isScan = !AttackWords.tellOfEverydayWork(words)
    guard words.contains(where: { attempts.contains($0) || isScan && scans.contains($0) }),
      !words.contains(where: { answers.contains($0) })
    else { return false }
    return Words.isFollowed(origins, in: words) || Words.isFollowed(agents, in: words, unlessAfter: refused)
      || words.contains { wrong.contains($0) } && words.contains { logins.contains($0) }
        && bracketed.contains(where: text.contains)
  }

  /// Where an address mostly stands ("bad credentials for root (10.0.0.7)").
  private static let bracketed = ["(<*>)", "[<*>]", "@<*>"]
  private static let wrong = refused.union([
    "failed", "failure", "bad", "wrong", "invalid", "incorrect", "falsch", "falsches", "fehlgeschlagen",
    "incorrecto", "errato", "onjuist",
  ])
  private static let logins: Set<Substring> = [
    "password", "passwords", "passwd", "login", "logon", "credentials",
    "credential", "user", "username", "account", "passwort", "kennwort",
    "anmeldung", "benutzer", "contraseña", "senha", "wachtwoord",
  ]

  /// Before whom an attempt comes from; what an answer comes from, too (see `answers`).
  private static let origins: Set<Substring> = [
    "from", "src", "source", "rhost", "saddr", "ip", "client", "attacker", "desde", "depuis", "dal",
  ]
  /// "Anmeldung von HOST" is what HOST tried, "abgewiesen von HOST" what HOST did.
  private static let agents: Set<Substring> = ["von", "vom", "de", "da", "van"]
  private static let attempts = refused.union([
    "password", "passwords", "credentials", "credential", "username", "passwd", "login", "logon",
    "authentication", "authenticate", "auth", "attempt",
    "attempts", "account", "invalid", "intrusion", "brute", "drop", "deny", "block",
    "reject", "ban",
    "passwort", "kennwort", "anmeldung", "anmeldeversuch", "authentification", "contraseña", "senha",
    "wachtwoord",
  ])
  /// Attempts, where they are not what machines do to their inputs.
  private static let scans: Set<Substring> = ["scan", "probe"]
  private static let refused: Set<Substring> = [
    "dropped", "denied", "blocked", "rejected", "refused", "banned", "unauthorized", "unauthorised",
    "abgewiesen",
    "verworfen", "blockiert", "abgelehnt", "refusé", "refusée", "bloqué", "bloquée", "rejeté", "rejetée",
    "bloqueado", "bloqueada", "rechazado", "rechazada", "denegado", "denegada", "negado", "recusado",
    "recusada",
    "bloccato", "rifiutato", "negato", "geweigerd", "geblokkeerd",
  ]
  /// Who is let in, and who waits for an answer, was not refused.
  private static let answers: Set<Substring> = [
    "accepted", "granted", "succeeded", "success", "successful", "allowed", "response", "reply", "answer",
    "received",
    "server", "upstream", "broker", "gateway", "angenommen", "erfolgreich", "antwort", "réponse",
    "respuesta",
    "resposta", "risposta", "antwoord",
  ]
}
