import ArgumentParser
import ConsoleOutput
import EvidenceIntake
import Glibc
import IncidentModel
import TimelineStore

/// `firebreak verify`: is the evidence still what was ingested, and the custody log still what it was?
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Re-read the evidence and the custody log and say what differs.",
    discussion: """
      Every source is read again and its SHA-256 compared. The custody log is a chain of hashes: --head takes a head that \
      was printed earlier and written down elsewhere, and says whether the log still begins with what it stood for. Without \
      it the chain only shows careless changes: who can write the file can rewrite all of it.

      Where a file is gone and the case holds a copy (ingest --embed), the copy is compared.

      Exit code 1: something differs or is gone.
      """)

  @OptionGroup var caseOption: CaseOption

  @Option(help: "A head of the custody log that was written down (64 hex digits).")
  var head: String?

  @Option(help: "Folder that relative paths of the evidence start from (default: this one).")
  var evidence: String?

  @Flag(help: "Only the custody log.")
  var logOnly = false

  @Option(
    name: .customLong("journal-key"),
    help: ArgumentHelp(
      "Public key (or its file) that checkpoints of playbook journals must be signed with; repeat for several.",
      valueName: "key"))
  var journalKeys: [String] = []

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    if let head, head.count != 64 || !head.allSatisfy(\.isHexDigit) {
      throw ValidationError("--head is 64 hex digits")
    }
  }

  func run() throws {
    QuickInterrupt.listen()
    let reader = try caseOption.openReader()
    let verdict = CustodyLog.verify(try reader.custody(), head: head, digest: Custody.digest)
    let journals = try JournalReport(reader, pinned: try JournalKey.pinned(journalKeys))
    let sources = logOnly ? [] : try EvidenceComparison.run(reader, base: evidence)
    let differing = sources.filter { $0.state == .changed || $0.state == .gone }
    let embedded = sources.count { $0.state == .embedded }
    var rows = ResultRows(
      schema: "firebreak.verify/1",
      columns: [
        .init("state"), .init("source", mayShrink: true), .init("SHA-256 in the case", mayShrink: true),
        .init("now", mayShrink: true),
      ],
      keys: ["state", "source", "sha256", "now"])
    rows.extra = [
      ("case", .string(reader.path)), ("sources", .int(Int64(sources.count))),
      ("differing", .int(Int64(differing.count))), ("embedded", .int(Int64(embedded))),
      ("custody_entries", .int(Int64(verdict.entries))), ("custody_head", .string(verdict.head)),
      ("custody_broken_at", verdict.brokenAt.map { .int($0) } ?? .null),
      ("journals", journals.json),
      ("head_covers", verdict.coveredByHead.map { .int(Int64($0)) } ?? .null),
    ]
    // People want what differs; programs want all.
    for one in format == .table ? differing : sources {
      rows.rows.append([
        .string(one.state.rawValue), .string(one.name), .string(one.sha256),
        one.now.map { .string($0) } ?? .null,
      ])
    }
    if format != .table || !differing.isEmpty { rows.write(as: format) }
    if format == .table { summary(verdict, sources.count, differing.count, embedded) }
    if format == .table { for line in journals.lines { Console.print(Sanitizer.escape(line)) } }
    if evidence == nil,
      differing.contains(where: { $0.state == .gone && !$0.path.hasPrefix("/") && $0.path != "-" })
    {
      Console.note(
        "paths of this evidence are relative: run verify where it was ingested, or give that folder with --evidence DIR"
      )
    }
    let headFails = head != nil && verdict.coveredByHead == nil
    if !journals.isGood || !differing.isEmpty || verdict.brokenAt != nil || headFails { throw ExitStatus.no }
  }

  private func summary(_ verdict: CustodyLog.Verdict, _ sources: Int, _ differing: Int, _ embedded: Int) {
    if !logOnly {
      if embedded > 0 {
        Console.print(
          "embedded copy matches; original gone: \(Figures.grouped(embedded)) of \(Figures.counted(sources, "source"))"
        )
      }
      Console.print(
        differing == 0
          ? "evidence: \(sources == 1 ? "the source is" : "all \(Figures.grouped(sources)) sources are") what was ingested"
          : "evidence: \(Figures.grouped(differing)) of \(Figures.counted(sources, "source")) \(differing == 1 ? "differs or is gone" : "differ or are gone")"
      )
    }
    if let broken = verdict.brokenAt {
      Console.print("custody log: broken at entry \(broken): it was changed after it was written")
    } else {
      Console.print("custody log: \(Figures.counted(verdict.entries, "entry", "entries")), chain whole")
    }
    switch (head, verdict.coveredByHead) {
    case (nil, _): break
    case (_, let count?):
      Console.print("head: is that of the first \(Figures.grouped(count)) entries, which are unchanged")
    case (_, nil):
      Console.print(
        "head: is of no beginning of this log: the log was rewritten, or the head is of another case")
    }
    Console.print("head now: \(verdict.head)")
  }
}

/// Reads the evidence again and compares its hashes.
enum EvidenceComparison {
  enum State: String {
    case same, changed, gone
    /// The file is gone; the copy that the case holds has the same SHA-256.
    case embedded
  }
  struct Result {
    var name: String
    var path: String
    var sha256: String
    var now: String?
    var state: State
  }

  static func run(_ reader: CaseReader, base: String?) throws -> [Result] {
    let sources = try reader.sources()
    var found: [String: [[String]: String]] = [:]
    var fromCopy: Set<String> = []
    var seen: Set<String> = []
    for source in sources {
      let path = source.description.path
      guard seen.insert(path).inserted else { continue }
      let located = base.map { path.hasPrefix("/") ? path : $0 + "/" + path } ?? path
      if path != "-", access(located, R_OK) == 0 {
        found[path] = digests(of: located)
      } else if let copy = try EmbeddedCopy(of: source.description, in: reader) {
        fromCopy.insert(path)
        found[path] = withExtendedLifetime(copy) { digests(of: copy.path) }
      }
    }
    return sources.map { source in
      let path = source.description.path
      let now = found[path]?[source.description.members]
      return Result(
        name: source.name, path: path, sha256: source.sha256, now: now,
        state: now == nil
          ? .gone : now != source.sha256 ? .changed : fromCopy.contains(path) ? .embedded : .same)
    }
  }

  /// SHA-256 of a file's sources by their members. One file after the other: one that cannot be read must not hide the
  /// others.
  private static func digests(of path: String) -> [[String]: String] {
    var options = IntakeOptions()
    options.mayBeKnown = false
    options.jobs = 1
    var found: [[String]: String] = [:]
    do {
      for account in try Intake.run([path], options: options, into: DiscardingSink()).sources {
        found[account.description.members] = account.sha256
      }
    } catch {
      Console.warn(Sanitizer.escape("\(error)"))
    }
    return found
  }
}

/// Takes events and keeps nothing: only the accounts count.
private final class DiscardingSink: EventSink {
  func openLane(order: Int) throws -> any EventLane { Lane() }
  func contains(sha256: String) throws -> Bool { false }
  private final class Lane: EventLane {
    func beginSource(_ source: SourceDescription) throws {}
    func append(_ batch: borrowing EventBatch) throws {}
    func finishSource(_ account: SourceAccount, adjustments: [TimeAdjustment]) throws {}
    func discardSource() throws {}
    func close() throws {}
  }
}
