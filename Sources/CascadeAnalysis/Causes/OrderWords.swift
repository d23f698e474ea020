/// Whether a message says in words that its speaker did something because somebody ordered it: "held open by remote order from HOST",
/// "start command accepted from ADDRESS", "unlocked by NAME", "Ausschaltbefehl von HOST ausgeführt".
///
/// As far as the words are known (the languages of `FailureWords`). What was not done, refused or lost is no order that was
/// carried out; an update that somebody asked for is a change like others.
enum OrderWords {
  static func tellsOfOrder(_ text: String) -> Bool { tellsOfOrder(Words.of(text)) }

  static func tellsOfOrder(_ words: [Substring]) -> Bool {
    guard !words.contains(where: { excluded.contains($0) || Words.negations.contains($0) }) else {
      return false
    }
    let isNamed = words.contains { word in
      orders.contains(word) || compounds.contains { word.count > $0.count && word.hasSuffix($0) }
    }
    let isRemote = words.contains { remote.contains($0) || $0.hasPrefix("fernge") || $0.hasPrefix("fernst") }
    if isNamed || isRemote {
      return Words.isFollowed(Words.sources, in: words) || Words.isFollowed(people, in: words)
        || Words.isFollowed(orders, in: words)
    }
    guard !words.contains(where: { ways.contains($0) }) else { return false }
    return words.indices.contains { place in
      // English says first what was done; others may say it last.
      let around = words[place] == "by" ? words[..<place].suffix(2) : words[...]
      return agents.contains(words[place]) && around.contains { done.contains($0) }
        && Words.isFollowed([words[place]], in: Array(words[place...]))
    }
  }

  private static let orders: Set<Substring> = [
    "command", "commands", "commanded", "cmd", "order", "orders", "ordered", "instruction", "instructed",
    "override", "overridden", "rpc", "befehl", "befehle", "anweisung", "auftrag", "kommando", "commande",
    "ordre", "orden", "mando", "comando", "ordine", "opdracht", "bevel", "commando",
  ]
  /// At the end of a longer word ("Ausschaltbefehl").
  private static let compounds = ["befehl", "befehls", "kommando", "anweisung", "opdracht", "commando"]
  private static let remote: Set<Substring> = [
    "remote", "remotely", "télécommande", "telecommande", "remoto", "remota", "distance",
  ]
  /// Before whoever gives them.
  private static let people: Set<Substring> = [
    "operator", "user", "account", "session", "client", "initiator", "sender", "issuer", "bediener",
    "benutzer", "sitzung", "opérateur", "utilisateur", "operador", "usuario", "operatore", "utente",
    "gebruiker",
  ]
  /// Before who did it, behind what was done.
  private static let agents: Set<Substring> = ["by", "durch", "par", "por", "door"]
  private static let done: Set<Substring> = [
    "requested", "triggered", "initiated", "started", "stopped", "halted", "opened", "closed", "unlocked",
    "locked", "released", "switched", "off", "on", "set", "written", "forced", "activated", "deactivated",
    "enabled", "disabled", "armed", "disarmed", "operated", "controlled", "invoked", "executed", "shut",
    "energised", "energized", "wiped", "erased", "geöffnet", "geschlossen", "gestartet", "gestoppt",
    "abgeschaltet", "eingeschaltet", "ausgeschaltet", "entriegelt", "verriegelt", "gesetzt", "ausgelöst",
    "ouvert", "fermé", "arrêté", "démarré", "déclenché", "abierto", "cerrado", "detenido", "iniciado",
    "activado", "aperto", "chiuso", "avviato", "fermato", "geopend", "gesloten", "gestopt",
  ]
  /// What is closed by the other end is no device.
  private static let ways: Set<Substring> = [
    "connection", "connections", "link", "socket", "stream", "channel", "tunnel", "handshake", "transaction",
    "transfer", "verbindung", "kanal", "connexion", "conexión", "connessione", "verbinding",
  ]
  private static let excluded: Set<Substring> = [
    "failed", "failure", "failing", "refused", "rejected", "denied", "ignored", "invalid", "unauthorized",
    "unauthorised", "dropped", "blocked", "lost", "timeout", "missing", "expired", "overdue", "unknown",
    "cannot", "unable", "unreachable", "queued", "waiting", "pending", "abgelehnt", "abgewiesen",
    "fehlgeschlagen", "verworfen", "refusé", "refusée", "échec", "rechazado", "rechazada", "fallido",
    "rifiutato", "negato", "geweigerd", "mislukt",
    // An update is a change, and told as one.
    "update", "updates", "updated", "upgrade", "install", "installed", "firmware", "image", "release",
    "version", "rollout", "campaign", "download", "bundle", "package", "config", "configuration", "policy",
    "certificate", "aktualisierung", "konfiguration", "paket", "mise", "actualización", "aggiornamento",
  ]
}
