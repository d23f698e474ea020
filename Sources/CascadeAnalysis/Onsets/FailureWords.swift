/// What a message says in words, where no severity grades it: that something failed, or that somebody is gone.
///
/// Words are compared whole, without case, in the languages devices mostly write: English, German, French, Spanish, Italian,
/// Dutch. A word after a negation ("no error", "ohne Fehler") does not count. What is said in other words is not recognised:
/// callers must treat that as "not known", never as "well".
struct FailureWords {
  /// Per template: that something failed, or could not be reached or done. Such a message announces and receives no change.
  let tellsOfFailure: [Bool]
  /// Per template: that somebody is gone, or failed.
  let tellsOfLoss: [Bool]
  /// Per template: that somebody is gone, something failed, was not done, or is tried again. Beside what a speaker does otherwise it tells of
  /// trouble; alone it does not.
  let tellsOfDelay: [Bool]
  /// Per template: that its speaker did what somebody ordered (see `OrderWords`).
  let tellsOfOrder: [Bool]

  init(_ texts: [String]) {
    var failure: [Bool] = []
    var loss: [Bool] = []
    var delay: [Bool] = []
    var order: [Bool] = []
    for text in texts {
      let words = Self.normalised(text)
      failure.append(Self.holds(words, Self.failures, Self.failurePhrases))
      loss.append(failure.last! || Self.holds(words, Self.losses, Self.lossPhrases))
      delay.append(loss.last! || Self.holds(words, Self.delays, Self.delayPhrases) || Self.isUndone(words))
      order.append(OrderWords.tellsOfOrder(words))
    }
    (tellsOfFailure, tellsOfLoss, tellsOfDelay, tellsOfOrder) = (failure, loss, delay, order)
  }

  /// Lower-case words and numbers; `*` for what varies.
  private static func normalised(_ text: String) -> [Substring] {
    text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "*" || $0 == "'") }
  }

  private static func holds(_ words: [Substring], _ single: Set<Substring>, _ phrases: [[Substring]]) -> Bool
  {
    if words.prefix(2).contains(where: { grades.contains($0) }), !negations.contains(words[0]) { return true }
    for (place, word) in words.enumerated() {
      if single.contains(word), place == 0 || !negations.contains(words[place - 1]) { return true }
      for phrase in phrases where phrase[0] == word && words[place...].starts(with: phrase) { return true }
      // "Out of memory", but not "3 out of 5".
      if word == "out", place + 2 < words.count, words[place + 1] == "of", words[place + 2].first!.isLetter {
        return true
      }
    }
    return false
  }

  /// "Lease not renewed", but not "not needed".
  private static func isUndone(_ words: [Substring]) -> Bool {
    zip(words, words.dropFirst()).contains { negation, word in
      negation == "not" && word.hasSuffix("ed") && !harmless.contains(word)
    }
  }

  private static let harmless: Set<Substring> = [
    "needed", "required", "supported", "configured", "used", "installed", "implemented", "changed",
    "modified",
    "enabled", "affected", "expected", "updated",
  ]
  private static let delays: Set<Substring> = [
    "retry", "retries", "retrying", "deferred", "deferring", "postponed", "backoff", "wiederholung",
    "aufgeschoben", "réessai", "reintento", "riprovo",
  ]
  private static let delayPhrases: [[Substring]] = [
    "try again", "trying again", "backing off", "versuche erneut", "neuer versuch", "nouvelle tentative",
    "nuevo intento", "opnieuw proberen",
  ].map { $0.split(separator: " ") }

  private static let negations: Set<Substring> = [
    "no", "not", "without", "zero", "non", "kein", "keine", "keinen", "ohne", "nicht", "sans", "aucune",
    "sin", "senza",
    "geen", "zonder",
  ]
  /// Where a message begins with them, they grade it; elsewhere they may be the name of a setting.
  private static let grades: Set<Substring> = [
    "error", "err", "critical", "crit", "severe", "fehler", "störung", "kritisch", "erreur", "critique",
    "errore", "fout",
  ]
  private static let failures: Set<Substring> = [
    "fatal", "failed", "failing", "failure", "fails", "panic", "panicked", "crashed", "aborted",
    "cannot", "unreachable", "refused", "fehlgeschlagen", "gescheitert", "abgestürzt",
    "unerreichbar", "ausgefallen", "zeitüberschreitung", "échec", "échoué", "injoignable", "fallo", "falló",
    "inalcanzable", "fallito", "irraggiungibile", "mislukt", "onbereikbaar",
  ]
  private static let failurePhrases: [[Substring]] = [
    "could not", "couldn't", "can't", "unable to", "not reachable", "no route", "timed out", "gave up",
    "giving up",
    "not responding", "not available", "nicht erreichbar", "konnte nicht", "kann nicht", "nicht möglich",
    "n'a pas pu",
    "no se pudo", "no puede", "impossibile", "niet bereikbaar",
  ].map { $0.split(separator: " ") }
  private static let losses: Set<Substring> = [
    "gone", "lost", "left", "disconnected", "disconnect", "disconnects", "offline", "dropped", "dropping",
    "missing",
    "dead", "down", "silent", "expired", "stale", "absent", "unresponsive", "timeout", "vanished", "evicted",
    "deregistered",
    "unregistered", "overdue", "stopped", "closed", "ended", "verloren", "getrennt", "abgemeldet",
    "abgelaufen", "vermisst",
    "verstummt", "schweigt", "fehlt", "weg", "tot", "perdu", "perdue", "déconnecté", "déconnectée", "expiré",
    "perdido",
    "perdida", "desconectado", "desconectada", "caído", "perso", "disconnesso", "scollegato", "scaduto",
    "verbroken",
    "kwijt", "verlopen",
  ]
  private static let lossPhrases: [[Substring]] = [
    "no response", "no answer", "no reply", "no heartbeat", "no contact", "no signal", "not seen",
    "not heard",
    "last seen", "went away", "keine antwort", "kein kontakt", "kein signal", "antwortet nicht",
    "meldet sich nicht",
    "ne répond", "hors ligne", "no responde", "non risponde", "reageert niet",
  ].map { $0.split(separator: " ") }
}
