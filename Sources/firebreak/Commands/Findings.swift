import ConsoleOutput
import Crypto
import IncidentModel
import TimelineStore

/// Findings that are worked out at the first call and kept in the case, as long as what they rest on does not change.
enum Findings {
  /// What a subject rests on, as a digest: the way it is worked out, and everything it is worked out from.
  /// - Parameter isWanted: Which notes count, by their line in the digest.
  static func inputDigest(
    _ subject: String, version: Int, _ reader: CaseReader, notes isWanted: (String) -> Bool = { _ in true }
  ) throws -> String {
    var digest = SHA256()
    digest.update(data: Array("\(subject)/\(version)\n".utf8))
    try reader.forEachInput { line in
      if !line.hasPrefix("note ") || isWanted(line) { digest.update(data: Array(line.utf8)) }
    }
    return digest.finalize().hexText
  }

  /// Keeps findings and enters that into the custody log.
  /// - Returns: Why they could not be kept, e.g. in a case on read-only media; nil where they are.
  static func keep(
    _ subject: String, _ digest: String, _ detail: String, in reader: CaseReader,
    _ write: (FindingStore, Derivation) throws(StoreError) -> Void
  ) throws -> String? {
    do throws(StoreError) {
      let file = try CaseFile(path: reader.path)
      try write(
        FindingStore(file),
        Derivation(
          subject: subject, inputDigest: digest, computedAt: Person.now,
          tool: "firebreak \(Firebreak.version)",
          detail: detail))
    } catch {
      return "\(error)"
    }
    try Custody.record(
      subject, subject: "worked out from the evidence", detail: detail, in: CaseFile(path: reader.path))
    return nil
  }

  /// Says that findings are not kept.
  static func warn(_ notKept: String?) {
    if let notKept {
      Console.warn(Sanitizer.escape("what was worked out is not kept in the case: \(notKept)"))
    }
  }
}
