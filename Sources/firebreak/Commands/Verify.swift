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

      Exit code 1: something differs or is gone.
      """)

  @OptionGroup var caseOption: CaseOption

  @Option(help: "A head of the custody log that was written down (64 hex digits).")
  var head: String?

  @Option(help: "Folder that relative paths of the evidence start from (default: this one).")
  var evidence: String?

  @Flag(help: "Only the custody log.")
  var logOnly = false

  @Option(help: "Output: table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    if let head, head.count != 64 || !head.allSatisfy(\.isHexDigit) {
      throw ValidationError("--head is 64 hex digits")
    }
  }

  func run() throws {
    let reader = try caseOption.openReader()
    let verdict = CustodyLog.verify(try reader.custody(), head: head, digest: Custody.digest)
    let sources = logOnly ? [] : try EvidenceComparison.run(try reader.sources(), base: evidence)
    let differing = sources.filter { $0.state != .same }
    var rows = ResultRows(
      schema: "firebreak.verify/1",
      columns: [
        .init("state"), .init("source", mayShrink: true), .init("SHA-256 in the case", mayShrink: true),
        .init("now", mayShrink: true),
      ],
      keys: ["state", "source", "sha256", "now"])
    rows.extra = [
      ("case", .string(reader.path)), ("sources", .int(Int64(sources.count))),
      ("differing", .int(Int64(differing.count))),
      ("custody_entries", .int(Int64(verdict.entries))), ("custody_head", .string(verdict.head)),
      ("custody_broken_at", verdict.brokenAt.map { .int($0) } ?? .null),
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
    if format == .table { summary(verdict, sources.count, differing.count) }
    let headFails = head != nil && verdict.coveredByHead == nil
    if !differing.isEmpty || verdict.brokenAt != nil || headFails { throw ExitStatus.no }
  }

  private func summary(_ verdict: CustodyLog.Verdict, _ sources: Int, _ differing: Int) {
    if !logOnly {
      Console.print(
        differing == 0
          ? "evidence: all \(Figures.grouped(sources)) sources are what was ingested"
          : "evidence: \(Figures.grouped(differing)) of \(Figures.grouped(sources)) sources differ or are gone"
      )
    }
    if let broken = verdict.brokenAt {
      Console.print("custody log: broken at entry \(broken): it was changed after it was written")
    } else {
      Console.print("custody log: \(Figures.grouped(verdict.entries)) entries, chain whole")
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
  enum State: String { case same, changed, gone }
  struct Result {
    var name: String
    var sha256: String
    var now: String?
    var state: State
  }

  static func run(_ sources: [SourceEntry], base: String?) throws -> [Result] {
    func located(_ path: String) -> String {
      guard let base, !path.hasPrefix("/") else { return path }
      return base + "/" + path
    }
    var found: [String: [[String]: String]] = [:]
    var paths: [String] = []
    for source in sources
    where !paths.contains(located(source.description.path)) && source.description.path != "-" {
      paths.append(located(source.description.path))
    }
    for path in paths where access(path, R_OK) == 0 {
      // One after the other: a path that cannot be read must not hide the others.
      var options = IntakeOptions()
      options.mayBeKnown = false
      options.jobs = 1
      let summary: IntakeSummary
      do {
        summary = try Intake.run([path], options: options, into: DiscardingSink())
      } catch let error as IntakeError {
        Console.warn(Sanitizer.escape(error.description))
        continue
      }
      for account in summary.sources {
        found[path, default: [:]][account.description.members] = account.sha256
      }
    }
    return sources.map { source in
      let now = found[located(source.description.path)]?[source.description.members]
      return Result(
        name: source.name, sha256: source.sha256, now: now,
        state: now == nil ? .gone : now == source.sha256 ? .same : .changed)
    }
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
