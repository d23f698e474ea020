import CascadeAnalysis
import IncidentModel

/// Which templates read like alerts or connection attempts, and which entities are there to watch others.
struct TemplateWords {
  var isAlert: [Bool]
  var isAttempt: [Bool]
  /// Attempts as whoever is connected to sees them, too: they say nothing about the health of the one that speaks.
  var isConnection: [Bool]
  /// What attackers write themselves; see `AttackWords`.
  var isAttack: [Bool]
  /// What others say of an attack or of its traffic: only telling where it is new and names an affected entity.
  var isTraffic: [Bool]
  /// Going back to an earlier image or version.
  var isGoingBack: [Bool]
  /// Starting anew, or being cleaned: what had taken a device over is gone then.
  var isFreshStart: [Bool]
  var monitors: [Int] = []

  private static let alertWords: Set<String> = [
    "alert", "alerts", "alerting", "alarm", "alarms", "paged", "pager", "paging", "page", "escalated",
    "escalation",
    "incident", "threshold",
  ]
  private static let attemptWords: Set<String> = [
    "connect", "connecting", "reconnect", "reconnecting", "handshake", "login", "attach", "register",
    "registration",
    "authenticate", "authenticating", "conn",
  ]
  private static let openingWords: Set<String> = [
    "from", "new", "client", "peer", "incoming", "inbound", "accepted", "accepting", "attempt", "attempts",
    "request", "opening", "opened", "retry", "retrying", "trying",
  ]
  private static let closingWords: Set<String> = [
    "lost", "closed", "closing", "close", "terminated", "dropped", "disconnected", "disconnecting", "ended",
  ]
  private static let watchWords: Set<String> = [
    "monitoring", "nms", "noc", "alertmanager", "watchdog", "observability", "prometheus",
  ]
  /// Instruments at a bed or in a room are called so, too.
  private static let ambiguousWatchWords: Set<String> = ["monitor", "monitors"]
  /// What is watched by a monitor of machines, before its name.
  private static let watchedWords: Set<String> = [
    "network", "system", "systems", "server", "servers", "service", "services", "infrastructure", "fleet",
    "it",
    "cloud", "uptime", "log", "logs", "snmp", "security", "application", "host",
  ]
  /// Of what watches others there are a few, and of what is watched many.
  private static let mostWatchers = 3
  private static let kindColumns: Set<String> = ["kind", "type", "role", "class", "category"]

  init(evidence: IncidentEvidence) {
    isAlert = evidence.templateTexts.map { !Self.words($0).isDisjoint(with: Self.alertWords) }
    isAttempt = evidence.templateTexts.map { !Self.words($0).isDisjoint(with: Self.attemptWords) }
    isConnection = evidence.templateTexts.map(Self.readsLikeConnection)
    let attacks = evidence.templateTexts.map(AttackWords.finding)
    isAttack = attacks.map { $0 == .made }
    isTraffic = attacks.map { $0 == .seen }
    isGoingBack = evidence.templateTexts.map(Self.readsLikeGoingBack)
    isFreshStart = evidence.templateTexts.map(Self.readsLikeFreshStart)
    let inventory = evidence.inventory
    let columns = inventory.attributes.indices.filter {
      Self.kindColumns.contains(inventory.attributes[$0].lowercased())
    }
    let watching = columns.map { (column: $0, codes: Self.watching(inventory, $0)) }.filter {
      !$0.codes.isEmpty
    }
    guard !watching.isEmpty else { return }
    for (index, name) in evidence.devices.enumerated() {
      guard let row = inventory.rowOfDevice[name] else { continue }
      if watching.contains(where: { $0.codes.contains(Int(inventory.code(row: row, attribute: $0.column))) })
      {
        monitors.append(index)
      }
    }
  }

  /// The values of a column that tell of those that watch others.
  private static func watching(_ inventory: Inventory, _ column: Int) -> Set<Int> {
    var counts = [Int](repeating: 0, count: inventory.values[column].count)
    for row in inventory.devices.indices { counts[Int(inventory.code(row: row, attribute: column))] += 1 }
    return Set(
      counts.indices.filter { code in
        let words = inventory.values[column][code].lowercased().split { !$0.isLetter }.map(String.init)
        if !watchWords.isDisjoint(with: words) { return true }
        guard let place = words.firstIndex(where: ambiguousWatchWords.contains) else { return false }
        return counts[code] <= mostWatchers && (place == 0 || watchedWords.contains(words[place - 1]))
      })
  }

  /// `New client connected from`, `client sent CONNECT`, `TLS handshake with`, `incoming connection`; not `connection lost`.
  private static func readsLikeConnection(_ text: String) -> Bool {
    let words = words(text)
    if !words.isDisjoint(with: attemptWords) { return true }
    if words.contains(where: { $0.hasPrefix("handshak") || $0.hasPrefix("reconnect") }) { return true }
    return words.contains { $0 == "connected" || $0 == "connects" || $0.hasPrefix("connection") }
      && !words.isDisjoint(with: openingWords) && words.isDisjoint(with: closingWords)
  }

  /// `rolled back to slot B`, `reverting to previous image`, `fallback firmware booted`; not `fallback to IPv4`.
  private static func readsLikeGoingBack(_ text: String) -> Bool {
    let words = words(text)
    if words.contains(where: { $0.hasPrefix("rollback") || $0.hasPrefix("downgrad") }) { return true }
    if words.contains("back"), words.contains(where: { $0.hasPrefix("roll") }) { return true }
    let things: Set<String> = [
      "image", "firmware", "slot", "bank", "partition", "version", "release", "build",
    ]
    return !words.isDisjoint(with: things)
      && words.contains {
        $0.hasPrefix("revert") || $0.hasPrefix("restor") || $0 == "fallback" || $0 == "previous"
          || $0 == "golden"
      }
  }

  /// `cold boot, reason power`, `image reflashed`, `malware removed`; not `watchdog reset`, which is trouble as often as its end, nor
  /// `boot failed`, nor `agent will restart`.
  private static func readsLikeFreshStart(_ text: String) -> Bool {
    let words = words(text)
    let undone: Set<String> = [
      "fail", "failed", "failure", "will", "cannot", "not", "error", "abort", "aborted", "requested",
      "scheduled",
      "before", "loop",
    ]
    guard words.isDisjoint(with: undone) else { return false }
    let starts: Set<String> = [
      "boot", "booted", "booting", "rebooted", "rebooting", "reboot", "restarted", "reimaged", "reflashed",
      "wiped",
      "disinfected", "cleaned", "neustart", "neugestartet", "redémarré", "reiniciado", "riavviato",
    ]
    if !words.isDisjoint(with: starts) { return true }
    return words.contains("removed")
      && !words.isDisjoint(with: ["malware", "infection", "virus", "implant", "bot"])
      || words.contains("factory") && words.contains { $0.hasPrefix("reset") || $0.hasPrefix("restor") }
  }

  private static func words(_ text: String) -> Set<String> {
    Set(text.lowercased().split { !$0.isLetter }.prefix(40).map(String.init))
  }
}
