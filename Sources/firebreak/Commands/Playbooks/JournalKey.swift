import ArgumentParser
import ConsoleOutput
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// The key that signs checkpoints of journals on this machine.
enum JournalKey {
  /// `FIREBREAK_JOURNAL_KEY`, else `$XDG_STATE_HOME/firebreak/journal.key`, else below `~/.local/state`.
  static var path: String {
    let environment = Console.environment
    if let given = environment["FIREBREAK_JOURNAL_KEY"], !given.isEmpty { return given }
    let home = environment["HOME"] ?? "/root"
    let state =
      environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(home)/.local/state"
    return "\(state)/firebreak/journal.key"
  }

  /// What this machine has signed of a case's journals.
  static func ends(case casePath: String) -> JournalEnds { JournalEnds(keyFile: path, case: casePath) }

  /// The signer for a case; nil, with a warning, where no key can be kept: a responder must be able to act all the same.
  /// Of a rehearsal's case, nil, nothing is noted.
  static func signer(case casePath: String?) -> JournalSigner? {
    do {
      return try JournalSigner(keyFile: path, ends: casePath.map(ends))
    } catch {
      Console.warn("checkpoints of the journal are not signed: \(Sanitizer.escape(error.description))")
      return nil
    }
  }

  /// Public keys from `--journal-key`: base64, or a file that holds it (a key file gives its public part).
  static func pinned(_ texts: [String]) throws -> Set<String>? {
    guard !texts.isEmpty else { return nil }
    var keys: Set<String> = []
    for text in texts {
      if let bytes = Base64Text.decode(text), bytes.count == 32 {
        keys.insert(text)
        continue
      }
      let words = String(decoding: try PlaybookFiles.read(text), as: UTF8.self).split(
        whereSeparator: \.isWhitespace)
      if words.first == "firebreak-journal-key-1" {
        keys.insert(try JournalSigner(keyFile: text).publicKey)
      } else if let word = words.first(where: { Base64Text.decode(String($0))?.count == 32 }) {
        keys.insert(String(word))
      } else {
        throw CommandError("'\(text)' holds no key of journals (32 bytes in base64)")
      }
    }
    return keys
  }
}

/// What `firebreak verify` says of the journals of a case.
struct JournalReport {
  /// One run.
  struct Run {
    var id: String
    var verification: JournalVerification
    /// The plan and the undo script beside the case.
    var files: [RunFolder.File] = []
  }
  var runs: [Run] = []
  /// Runs that have a folder beside the case, and no record.
  var unrecorded: [String] = []
  private let path: String

  init(_ reader: CaseReader, pinned: Set<String>?) throws {
    path = reader.path
    let ends = JournalKey.ends(case: path)
    for id in try reader.runs() {
      var verification = JournalVerification(pinned: pinned, noted: ends.noted(run: id))
      var folder = RunFolder()
      try reader.forEachJournalRow(run: id) { row in
        let record = CaseJournal.record(row)
        verification.add(record)
        folder.add(record)
      }
      runs.append(
        Run(id: id, verification: verification, files: folder.files(in: "\(reader.path).runs/\(id)")))
    }
    unrecorded = RunFolders.unrecorded(beside: path, recorded: runs.map(\.id))
  }

  /// True when nothing is wrong. A file that is not there is no fault of the evidence.
  var isGood: Bool {
    runs.allSatisfy { run in
      run.verification.problem == nil && run.verification.cut == nil
        && run.files.allSatisfy { $0.state != .differs }
    }
  }

  /// A sentence for each run, and for each file of it that is not what was written.
  var lines: [String] {
    runs.flatMap { [journal($0)] + RunFiles.sentences($0.files, run: $0.id) }
      + unrecorded.map { "warning: " + RunFolders.sentence($0, case: path) }
  }

  private func journal(_ run: Run) -> String {
    let verification = run.verification
    if let problem = verification.problem { return "journal \(run.id): ALTERED: \(problem)" }
    if let cut = verification.cut { return "journal \(run.id): CUT OFF: \(cut)" }
    let signed =
      verification.signed.isEmpty
      ? "no signed checkpoints"
      : "signed up to record \(verification.lastSigned) by "
        + verification.signed.keys.sorted().joined(separator: ", ")
        + (verification.isNoted ? ", and no shorter than this machine knows it" : "")
    let open = verification.openIntents.count
    return "journal \(run.id): \(verification.records) records, chain whole, \(signed)"
      + (open > 0 ? ", \(open) intents without a result" : "")
  }

  /// For programs.
  var json: JSONValue {
    .array(
      runs.map { run in
        let verification = run.verification
        return .object([
          ("run", .string(run.id)), ("records", .int(Int64(verification.records))),
          ("head", .string(verification.head)),
          ("problem", verification.problem.map { .string($0) } ?? .null),
          ("cut", verification.cut.map { .string($0) } ?? .null),
          ("end_is_noted", .bool(verification.isNoted)),
          ("signed_up_to", .int(Int64(verification.lastSigned))),
          ("keys", .array(verification.signed.keys.sorted().map { .string($0) })),
          ("open_intents", .int(Int64(verification.openIntents.count))),
          ("files", RunFiles.json(run.files)),
        ])
      })
  }
}
