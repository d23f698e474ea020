internal import IncidentModel

/// What only those that fail write, and that no change is: a symptom.
///
/// Of what an entity writes itself the order is exact, as one clock stamped it. What most of the failed write after their first
/// trouble brought it about for nobody; and where nearly all write it in the moment of their failure, or the same few seconds before
/// it, and nobody announced it, it cannot be told from a symptom; nor can the last word of nearly all before they fall silent, where all wrote it within
/// half a minute, as what goes out to many does without notice in waves. Nor is it a change that somebody is gone, as messages in the words of `losses` say.
struct Symptoms {
  /// Of failed receivers that wrote of it in their own words: seconds from there to their failure; and how many wrote it after it.
  private var written: [Double] = []
  private var after = 0
  /// Receivers that failed, and those of them that had failed when they wrote it.
  private var failed = 0
  private var ended = 0
  /// When those that fell silent wrote it as their last word; and how many fell silent.
  private var lastWords: [Double] = []
  private var silent = 0

  /// Seconds within which a receipt and the failure are of one moment, or always the same pause apart.
  private static let moment = 2.0
  /// What a device goes through by itself takes no longer.
  private static let longest = 10.0
  /// Seconds within which what befalls many at once befalls nearly all of them.
  private static let together = 30.0
  /// Fewer tell of no order.
  private static let fewest = 3

  /// - Parameter received: Seconds of the receipts, by entity.
  init(_ received: [Int: Double], _ onsets: Onsets) {
    for (device, time) in received {
      if let finding = onsets.findings[device], finding.kind == .silence {
        silent += 1
        if time >= finding.earliest - Self.moment, time <= finding.latest { lastWords.append(time) }
      }
      if let finding = onsets.findings[device], finding.kind == .log {
        failed += 1
        if time > finding.time { ended += 1 }
      }
      guard let finding = onsets.findings[device], finding.kind == .log, time < finding.time + 300 else {
        continue
      }
      written.append(finding.time - time)
      if time > finding.time { after += 1 }
    }
  }

  /// Most wrote it after they had failed.
  var comesAfter: Bool { written.count >= Self.fewest && after * 2 > written.count }

  /// Nearly all who write it failed and wrote it afterwards, by and by: that it is over.
  func isRecovery(of receivers: Int) -> Bool {
    failed >= Self.fewest && failed * 10 >= receivers * 9 && ended * 10 >= failed * 9
  }

  /// Nearly all wrote it as they failed.
  var isOfTheMoment: Bool {
    if silent > written.count, lastWords.count >= Self.fewest, lastWords.count * 5 >= silent * 4 {
      return Robust.quantile(lastWords, 0.9) - Robust.quantile(lastWords, 0.1) <= Self.together
    }
    guard written.count >= Self.fewest else { return false }
    let usual = Robust.median(written)
    let alike = written.count { abs($0 - usual) <= Self.moment }
    return usual <= Self.longest && alike * 5 >= written.count * 4
  }

  // MARK: Words

  /// Whether a message says in words that somebody or something is gone. As far as they are known; what tells of a planned stop
  /// ("going down for restart", "offline mode") does not count.
  static func tellsOfLoss(_ text: String) -> Bool {
    let words = Words.of(text)
    for (place, word) in words.enumerated() where losses.contains(word) {
      let before = place > 0 ? words[place - 1] : ""
      let next = place + 1 < words.count ? words[place + 1] : ""
      guard !planned.contains(before), !Words.negations.contains(before), next != "mode" else { continue }
      return true
    }
    return false
  }

  private static let losses: Set<Substring> = [
    "gone", "lost", "disconnected", "disconnect", "dead", "down", "offline", "unresponsive", "vanished",
    "deregistered",
    "unregistered", "verloren", "getrennt", "abgemeldet", "verstummt", "perdu", "perdue", "déconnecté",
    "déconnectée",
    "perdido", "perdida", "desconectado", "desconectada", "caído", "perso", "disconnesso", "scollegato",
    "verbroken",
  ]
  /// Before "down".
  private static let planned: Set<Substring> = [
    "shut", "shutting", "going", "power", "powering", "scale", "scaled", "scaling", "count", "counting",
    "slow", "slowing",
    "set", "bring", "bringing", "taken", "taking",
  ]
}

/// A message's words, to be compared whole and without case.
enum Words {
  /// Lower-case words and numbers; `*` for what varies.
  static func of(_ text: String) -> [Substring] {
    text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "*" || $0 == "'") }
  }

  static let negations: Set<Substring> = [
    "no", "not", "without", "zero", "kein", "keine", "keinen", "ohne", "nicht", "sans", "aucune", "sin",
    "senza", "geen",
    "zonder",
  ]

  /// Before whom something comes from.
  static let sources: Set<Substring> = [
    "from", "by", "src", "source", "rhost", "via", "von", "durch", "vom", "de", "desde", "depuis", "por",
    "par", "da", "dal",
    "van", "door",
  ]

  /// Words that may stand between.
  private static let fillers: Set<Substring> = ["network", "address", "addr", "ip", "host"]

  /// Whether something that varies, or looks like an address, stands behind one of these words.
  static func isFollowed(
    _ sources: Set<Substring>, in words: [Substring], unlessAfter excluded: Set<Substring> = []
  ) -> Bool {
    words.indices.contains { place in
      guard sources.contains(words[place]), place == 0 || !excluded.contains(words[place - 1]),
        let next = words[(place + 1)...].first(where: { !fillers.contains($0) })
      else { return false }
      return next == "*" || next.contains { $0.isNumber }
    }
  }
}
