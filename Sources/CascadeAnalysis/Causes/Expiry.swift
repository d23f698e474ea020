internal import IncidentModel

/// That nearly all failed as something ran out that each of them, or each of those they speak with, has: a certificate, a licence.
///
/// It was set long before and comes to all that have it at one time; who noticed first says nothing, and nobody took down anybody. A provider
/// of all of them whose own one ran out explains them without this. Told by words; a lease or a session that runs out may as well be
/// the end of whoever renews it.
enum Expiry {
  static func holds(_ members: [Int], _ onsets: Onsets, _ timeline: Timeline) -> Bool {
    guard members.count >= fewest else { return false }
    var known: [Int32: Bool] = [:]
    let telling = members.count { device in
      timeline.templates(of: onsets.findings[device]!.events).contains { template in
        if let isTelling = known[template] { return isTelling }
        let isTelling = tells(timeline.evidence.templateTexts[Int(template)])
        known[template] = isTelling
        return isTelling
      }
    }
    return telling * 5 >= members.count * 4
  }

  static let reason =
    "nearly all say that something ran out that each of them has: who noticed first says little"

  private static let fewest = 3

  /// Whether a message says that something that is valid for a time is so no longer.
  static func tells(_ text: String) -> Bool {
    let words = Words.of(text)
    guard words.contains(where: { word in things.contains { word.hasPrefix($0) } }) else { return false }
    return words.indices.contains { place in
      if ends.contains(words[place]) { return place == 0 || !Words.negations.contains(words[place - 1]) }
      return phrases.contains { words[place...].starts(with: $0) }
    }
  }

  /// With which words for what ends by itself begin.
  private static let things = [
    "cert", "x509", "licen", "zertifikat", "lizenz", "subscription", "abonnement", "zertifizierung",
  ]
  private static let ends: Set<Substring> = [
    "expired", "expires", "expiry", "expiration", "notafter", "outdated", "abgelaufen", "ungültig", "expiré",
    "expirée", "périmé", "caducado", "caducada", "vencido", "vencida", "expirado", "expirada", "scaduto",
    "scaduta", "verlopen",
  ]
  private static let phrases: [[Substring]] = [
    "not valid after", "no longer valid", "not after", "not valid anymore", "validity ended",
    "nicht mehr gültig", "plus valide", "non più valido", "niet meer geldig",
  ].map { $0.split(separator: " ") }
}
