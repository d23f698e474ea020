import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import TimelineStore

/// `firebreak verify`: is the evidence still what was ingested, and the custody log still what it was?
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Re-read the evidence and the custody log and say what differs.",
    discussion: """
      Every source is read again and its SHA-256 compared, and so is every event with the case's row of it: place, message, \
      fields, severity, device and stamp, so that a row changed in place is seen; so are counts kept beside the events. Notes, inventory \
      and topology are compared with their digests in the custody log; what nothing stands for is listed as not covered. What 'ingest' was told beside the evidence \
      (years, zones, anchors, devices) is in the custody log only. The custody log is a chain of hashes: --head takes a head that \
      was printed earlier and written down elsewhere, and says whether the log still begins with what it stood for. Without \
      it the chain only shows careless changes: who can write the file can rewrite all of it.

      Where a file is gone and the case holds a copy (ingest --embed), the copy is compared. A log that has grown since is \
      told from one that was changed: its beginning still has the SHA-256 that was ingested. Members that an archive has \
      now and had not then are listed, too. A log that has grown and was ingested again differs in nothing: the case has it as it was \
      and as it is.

      Of playbook journals the machine that signed them also knows how long they were: one that was cut off is told there, at the \
      same path.

      Exit code 1: something differs or is gone. Exit code 3: nothing differs, but the events of some sources could not be compared, \
      since they are read as another format now, or a run's folder lies beside the case and the journal has no records of it.
      """)

  @OptionGroup var caseOption: CaseOption

  @Option(help: "A head of the custody log that was written down (64 hex digits).")
  var head: String?

  @Option(help: "Folder that relative paths of the evidence start from (default: this one).")
  var evidence: String?

  @OptionGroup var formats: FormatOptions

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
    Interrupt.endAtOnce()
    let reader = try caseOption.openReader()
    let custody = try reader.custody()
    let verdict = CustodyLog.verify(custody, head: head, digest: Custody.digest)
    let records = try RecordComparison(reader, custody)
    let journals = try JournalReport(reader, pinned: try JournalKey.pinned(journalKeys))
    let sources =
      logOnly
      ? []
      : try EvidenceComparison.run(
        reader, base: evidence, catalog: formats.catalog())
    let differing = sources.filter(\.differs)
    let readAgain = sources.filter(\.wasReadAgain)
    let uncompared = sources.count { [.same, .embedded].contains($0.state) && !$0.difference.isEmpty }
    let faults = records.faults + (logOnly ? [] : try reader.accountingFaults() + reader.rollupFaults())
    let embedded = sources.count { $0.state == .embedded }
    var rows = ResultRows(
      schema: "firebreak.verify/1",
      columns: [],
      keys: ["state", "source", "sha256", "now", "difference"])
    rows.extra = [
      ("case", .string(reader.path)), ("sources", .int(Int64(sources.count))),
      ("differing", .int(Int64(differing.count))), ("grown_and_read_again", .int(Int64(readAgain.count))),
      ("embedded", .int(Int64(embedded))), ("not_compared", .int(Int64(uncompared))),
      ("custody_entries", .int(Int64(verdict.entries))), ("custody_head", .string(verdict.head)),
      ("custody_broken_at", verdict.brokenAt.map { .int($0) } ?? .null),
      ("journals", journals.json),
      ("runs_without_records", .array(journals.unrecorded.map { .string($0) })),
      ("head_covers", verdict.coveredByHead.map { .int(Int64($0)) } ?? .null),
      ("accounting_faults", .array(faults.map { .string($0) })),
      ("not_covered", .array(records.uncovered.map { .string($0) })),
    ]
    for one in sources {
      rows.rows.append([
        .string(one.state.rawValue), .string(one.name), .string(one.sha256),
        one.now.map { .string($0) } ?? .null, one.difference.isEmpty ? .null : .string(one.difference),
      ])
    }
    if format != .table { rows.write(as: format) }
    if format == .table {
      show(differing + readAgain)
      for fault in faults { Console.print("case: " + Sanitizer.escape(fault)) }
      summary(
        verdict, sources.count, differing.count, embedded, readAgain: readAgain.count, uncompared: uncompared)
      if let broken = verdict.brokenAt,
        let record = custody.first(where: { $0.number == broken })
      {
        Console.print(
          Sanitizer.escape(
            "  entry \(broken) says now: \(record.entry.at) \(record.entry.actor) \(record.entry.action) '\(record.entry.subject)': \(record.entry.detail)"
          ))
      }
      for line in journals.lines { Console.print(Sanitizer.escape(line)) }
      if !records.uncovered.isEmpty {
        Console.prose(
          "not covered: " + Sanitizer.escape(records.uncovered.joined(separator: "; ")), indent: 2)
      }
    }
    let headFails = head != nil && verdict.coveredByHead == nil
    if !journals.isGood || !differing.isEmpty || !faults.isEmpty || verdict.brokenAt != nil || headFails {
      throw ExitStatus.no
    }
    if uncompared > 0 || !journals.unrecorded.isEmpty { throw ExitStatus.losses }
  }

  /// Names of sources that are gone for one reason, at most.
  private static let listed = 5

  /// What differs, a source at a time; those that are gone for the same reason together, with what to do about it first.
  private func show(_ differing: [EvidenceComparison.Result]) {
    let gone = differing.filter { $0.state == .gone }
    if evidence == nil, gone.contains(where: { !$0.path.hasPrefix("/") && $0.path != "-" }) {
      Console.prose(
        "The paths of this evidence are relative: run verify in the folder it was ingested from, or name that folder with "
          + "'--evidence DIR'.", indent: 0)
    }
    for one in differing where one.state != .gone {
      Console.prose(
        Console.style.bold(one.state.rawValue) + "  " + Sanitizer.escape(one.name)
          + (one.difference.isEmpty ? "" : ": " + Sanitizer.escape(one.difference)))
      if !one.sha256.isEmpty { Console.print("  was  \(one.sha256)") }
      if let now = one.now, now != one.sha256 { Console.print("  now  \(now)") }
    }
    var reasons: [String] = []
    for one in gone where !reasons.contains(one.difference) { reasons.append(one.difference) }
    for reason in reasons {
      let names = gone.filter { $0.difference == reason }.map { Sanitizer.escape($0.name) }
      Console.prose(
        Console.style.bold("gone")
          + "  \(Figures.counted(names.count, "source")): \(Sanitizer.escape(reason))")
      for name in names.prefix(Self.listed) { Console.print("  " + name) }
      if names.count > Self.listed {
        Console.print("  … \(Figures.grouped(names.count - Self.listed)) more: '--format csv' lists all")
      }
    }
  }

  private func summary(
    _ verdict: CustodyLog.Verdict, _ sources: Int, _ differing: Int, _ embedded: Int, readAgain: Int,
    uncompared: Int
  ) {
    if !logOnly {
      if embedded > 0 {
        Console.print(
          "embedded copy matches; original gone: \(Figures.grouped(embedded)) of \(Figures.counted(sources, "source"))"
        )
      }
      let same = sources - readAgain
      let events = uncompared == 0 ? ", and the events are what it says" : ""
      Console.print(
        differing == 0 && readAgain > 0
          ? "evidence: \(Figures.counted(readAgain, "source")) \(readAgain == 1 ? "has" : "have") grown and "
            + "\(readAgain == 1 ? "was" : "were") read again, "
            + "\(Figures.grouped(same)) \(same == 1 ? "is" : "are") what was ingested\(events)"
          : differing == 0
            ? "evidence: \(sources == 1 ? "the source is" : "all \(Figures.grouped(sources)) sources are") what was ingested\(events)"
            : "evidence: \(Figures.grouped(differing)) of \(Figures.counted(sources, "source")) \(differing == 1 ? "differs, is gone or has altered events" : "differ, are gone or have altered events")"
      )
      if uncompared > 0 {
        Console.print(
          "events: those of \(Figures.counted(uncompared, "source")) were not compared, which \(uncompared == 1 ? "is" : "are") read as another format now: give the formats of the ingest with --formats"
        )
      }
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
