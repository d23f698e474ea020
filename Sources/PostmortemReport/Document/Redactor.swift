import IncidentModel

/// Replaces names by stable pseudonyms for readers outside, and keeps the log of what was replaced. It works on the document
/// model, before any renderer: what is not in the model cannot leak into source, drawing, JSON or PDF.
final class Redactor {
  private let isActive: Bool
  private let key: [UInt8]
  private let sha256: ([UInt8]) -> [UInt8]
  private var names: [String: [String: String]] = [:]
  private var taken: Set<String> = []
  private(set) var removed: [String: Int] = [:]

  init(_ options: ReportOptions, inputDigest: String) {
    isActive = options.audience.isRedacted
    key = options.pseudonymKey.isEmpty ? Array(inputDigest.utf8) : options.pseudonymKey
    sha256 = options.sha256
  }

  /// A name as this audience may see it. `kind` is a word such as `device` or `site`.
  func name(_ name: String, kind: String = "device", limit: Int = 96) -> EvidenceText {
    guard isActive else { return EvidenceText(name, limit: limit) }
    if let known = names[kind]?[name] { return EvidenceText(known) }
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    let digest = sha256(key + [0] + Array(kind.utf8) + [0] + Array(name.utf8))
    // Five letters, one more for each collision: the same key and name always give the same pseudonym.
    var length = 5
    var pseudonym = ""
    repeat {
      pseudonym = kind + "-" + String(digest.prefix(length).map { alphabet[Int($0 & 31)] })
      length += 1
    } while taken.contains(pseudonym) && length <= digest.count
    taken.insert(pseudonym)
    names[kind, default: [:]][name] = pseudonym
    return EvidenceText(pseudonym)
  }

  /// Text from evidence or analysis, which may hold names: left out for readers outside.
  func text(_ text: EvidenceText, what: String) -> EvidenceText {
    guard isActive else { return text }
    removed[what, default: 0] += 1
    return EvidenceText("[\(what) left out]")
  }

  /// What was replaced, for the log that is kept apart: kind, name, pseudonym; sorted.
  var log: [(kind: String, name: String, pseudonym: String)] {
    names.flatMap { kind, entries in entries.map { (kind, $0.key, $0.value) } }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
  }
}
