import Crypto
import Glibc
import IncidentModel
import TimelineStore

/// Who runs this, for notes and the custody log.
enum Person {
  /// `FIREBREAK_AUTHOR`, else account@machine.
  static var current: String {
    if let given = Console.environment["FIREBREAK_AUTHOR"], !given.isEmpty { return given }
    let account = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())"
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return account }
    return account + "@"
      + String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}

/// Enters what a command did into the custody log of a case.
enum Custody {
  static let digest: SHA256Function = { SHA256.hash(data: $0).hexText }

  /// Enters kept notes, each with the digest of all that it says, so that a word changed later is seen. Returns the new head.
  @discardableResult
  static func record(
    _ notes: [TimelineStore.Note], in file: CaseFile, detail: (TimelineStore.Note) -> String
  ) throws -> String {
    try CustodyLog(file, digest: digest).append(
      notes.map {
        CustodyEntry(
          at: Person.now, actor: Person.current, action: TimelineStore.Note.custodyAction,
          subject: $0.custodySubject, sha256: digest($0.custodyText),
          detail: "firebreak \(Firebreak.version): \(detail($0))")
      })
  }

  /// What stands for an inventory and a topology as a case holds them.
  static func fleetDigest(_ reader: CaseReader) throws -> String {
    var digest = SHA256()
    try reader.forEachFleetLine { digest.update(data: Array($0.utf8)) }
    return digest.finalize().hexText
  }

  /// Adds one entry and returns the new head of the chain.
  @discardableResult
  static func record(
    _ action: String, subject: String, sha256: String? = nil, detail: String, in file: CaseFile
  ) throws -> String {
    try CustodyLog(file, digest: digest).append([
      CustodyEntry(
        at: Person.now, actor: Person.current, action: action, subject: subject, sha256: sha256,
        detail: "firebreak \(Firebreak.version): \(detail)")
    ])
  }
}
