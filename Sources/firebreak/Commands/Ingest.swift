import ArgumentParser
import ConsoleOutput
import EvidenceIntake
import Glibc
import IncidentModel
import LogFormats
import TimelineStore

/// `firebreak ingest`: evidence into a case.
struct Ingest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest",
    abstract: "Read evidence into a case: logs as files, folders, archives, or standard input.",
    discussion: """
      Plain files, gzip, bzip2, xz, zstd and lz4, and zip, tar, 7z and cpio, in one another; formats are recognised by their content. \
      Files are read before archives. Every byte is accounted for: lines that no format can read are kept as refused, damage is listed. The case is as it was \
      until the ingest is complete. Sources that are in the case already (same SHA-256) are skipped.

      What comes from standard input cannot be read again: 'verify' will find it gone, and 'show' no raw line. Keep it in a file, or in \
      the case itself (a file and --embed).

      Exit code 3: evidence was damaged or a limit was hit, or there were bytes and no event could be read from any of them.

      --input-format, --timezone, --year, --date-order, --anchor and --device take a value for all sources or GLOB=VALUE for those whose \
      path or member name matches; the last that matches counts.
      """)

  @Argument(
    help: "Files, folders, or - for standard input; none to give a case an inventory or topology alone.")
  var paths: [String] = []

  @OptionGroup var caseOption: CaseToMakeOption

  @Option(help: "What is known of the devices: CSV with a column 'device' and any others.")
  var inventory: String?

  @Option(help: "What depends on what: CSV with the columns from,to,kind.")
  var topology: String?

  @Option(help: ArgumentHelp("Format to use instead of recognising it.", valueName: "[GLOB=]NAME"))
  var inputFormat: [String] = []

  @Option(
    help: ArgumentHelp("Zone of stamps that have none (IANA name or +HH:MM).", valueName: "[GLOB=]ZONE"))
  var timezone: [String] = []

  @Option(
    help: ArgumentHelp("Year of a source's first stamp, where stamps have none.", valueName: "[GLOB=]YEAR"))
  var year: [String] = []

  @Option(
    help: ArgumentHelp(
      "Which number is the day in dates such as 04/07/2026: day-first or month-first.",
      valueName: "[GLOB=]ORDER"))
  var dateOrder: [String] = []

  @Option(help: "A format of your own as JSON: which member is time, device, severity, message.")
  var mapping: String?

  @Option(help: ArgumentHelp("A folder of formats of your own (*.json).", valueName: "DIR"))
  var formats: String?

  @Option(
    help: ArgumentHelp(
      "When the clock of boot N (default 1) read 0, for stamps that count from the boot.",
      valueName: "[GLOB=][N@]TIME"))
  var anchor: [String] = []

  @Option(
    help: ArgumentHelp("Device of events that name none (default: from the path).", valueName: "[GLOB=]NAME"))
  var device: [String] = []

  @Option(help: "Threads (default: processors); they share files, or the steps of one file.")
  var jobs: Int?

  @Option(help: "Output.")
  var format: DocumentFormat = .table

  @Flag(help: "Keep the files as they are in the case, so that it stands alone.")
  var embed = false

  @Flag(
    help:
      "Make a table of all words (FTS5, 'full_text'), for MATCH in SQL; the case keeps it up from then on.")
  var fullText = false

  @Flag(help: "Exit with 0 although evidence was damaged or a limit was hit.")
  var acceptLosses = false

  func validate() throws {
    guard !paths.isEmpty || inventory != nil || topology != nil else {
      throw ValidationError("give files, folders, or - for standard input")
    }
    if let jobs, jobs < 1 { throw ValidationError("--jobs is 1 or more") }
  }

  func run() throws {
    // The process that unpacks archives is this command with a word that nobody types.
    if paths == [ArchiveHelper.word] { ArchiveHelper.main() }
    let casePath = try caseOption.path()
    guard !paths.isEmpty || access(casePath, F_OK) == 0 else {
      throw CommandError(
        "there is no case '\(casePath)' that could take an inventory or topology alone: give evidence, too",
        .usage)
    }
    var options = IntakeOptions()
    options.formats = inputFormat.map(SourceRule.init(parsing:))
    options.timeZones = timezone.map(SourceRule.init(parsing:))
    options.years = year.map(SourceRule.init(parsing:))
    options.dateOrders = dateOrder.map(SourceRule.init(parsing:))
    options.devices = device.map(SourceRule.init(parsing:))
    options.anchors = try anchor.map(Self.anchor)
    options.jobs = jobs ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    options.excluded = Self.ownFiles(casePath)
    try addFormats(to: &options.catalog)
    do throws(IntakeError) {
      try options.check()
    } catch {
      throw CommandError("\(error)", .usage)
    }

    let fleet = try inventory.map { path in try FleetFiles.inventory(path) }
    if let fleet { options.knownDevices = Set(fleet.inventory.devices) }
    let links = try topology.map { path in try FleetFiles.topology(path, known: options.knownDevices) }
    for note in (fleet?.notes ?? []) + (links?.notes ?? []) { Console.warn(Sanitizer.escape(note)) }

    if access(casePath, F_OK) != 0 { Interrupt.remove([casePath + ".building"]) }
    Interrupt.listen()
    var loaderOptions = CaseLoader.Options()
    loaderOptions.tool = "firebreak \(Firebreak.version)"
    loaderOptions.fullText = fullText
    try Self.checkWritable(casePath)
    let loader = try CaseLoader(path: casePath, options: loaderOptions)
    let earlier = loader.isNewCase ? [] : try CaseReader(path: casePath).sources()
    options.mayBeKnown = !loader.isNewCase
    if let fleet { loader.setInventory(fleet.inventory) }
    if let links { loader.setTopology(links.topology) }
    let meter = ProgressMeter()
    let read: IntakeSummary
    let loaded: LoadSummary
    do {
      read = try Intake.run(
        paths, options: options, into: loader, shouldStop: { Interrupt.isRequested },
        onProgress: { meter.show($0) })
      meter.clear()
      try Interrupt.check()
      if embed { Self.embed(read, loader) }
      loaded = try loader.finish()
    } catch {
      meter.clear()
      loader.cancel()
      if Interrupt.isRequested {
        Console.note("firebreak: interrupted; the case is as it was before")
        throw ExitStatus.interrupted
      }
      throw error
    }
    Console.isDone("the case '\(casePath)' is complete")
    try enterCustody(loaded, fleet?.inventory.count, casePath)
    var report = IngestReport(casePath: casePath, read: read, loaded: loaded, earlier: earlier)
    report.isFleetAlone = paths.isEmpty
    if let fleet { report.hint = try PathNames.hint(fleet.inventory, loaded.sources, case: casePath) }
    try self.report(report)
  }

  /// `[GLOB=][N@]TIME`.
  private static func anchor(_ text: String) throws -> AnchorRule {
    let rule = SourceRule(parsing: text)
    let parts = rule.value.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let boot = parts.count == 2 ? Int(parts[0]) : 1
    guard let boot, boot > 0, let time = Instant(query: String(parts[parts.count - 1])) else {
      throw CommandError(
        "'\(text)' is no anchor: write [GLOB=][N@]TIME, such as console.log=2@2026-04-07T09:08:00Z", .usage)
    }
    return AnchorRule(pattern: rule.pattern, boot: boot, instant: time.nanoseconds)
  }

  /// Says beforehand, and in plain words, that a case cannot be added to.
  private static func checkWritable(_ path: String) throws {
    guard access(path, F_OK) == 0, access(path, W_OK) != 0, errno == EACCES || errno == EROFS else { return }
    throw CommandError(
      "the case '\(path)' is read-only (copy it and ingest into the copy, or name another with --case)")
  }

  /// Has every file that was read copied into the case.
  private static func embed(_ read: IntakeSummary, _ loader: CaseLoader) {
    for source in read.sources where source.description.members.isEmpty {
      // Standard input is gone by now; the report says so.
      if source.description.path != "-" {
        let path = source.description.path
        loader.embed(path: path, file: FilePath.system(path), sha256: source.sha256)
      }
    }
  }

  /// Enters what was read into the custody log, file by file.
  private func enterCustody(_ loaded: LoadSummary, _ devices: Int?, _ casePath: String) throws {
    let files = loaded.sources.filter { $0.description.members.isEmpty }
    var entries: [CustodyEntry] = []
    if inventory != nil || topology != nil {
      entries.append(try FleetRecord.entry(CaseReader(path: casePath)))
    }
    if let inventory, let devices {
      entries.append(try InventoryRecord(file: inventory, devices: devices).entry)
    }
    guard !files.isEmpty || !entries.isEmpty else { return }
    entries += files.map {
      CustodyEntry(
        at: Person.now, actor: Person.current, action: "ingest", subject: $0.description.path,
        sha256: $0.sha256,
        detail: "firebreak \(Firebreak.version): \($0.storedBytes) bytes as \($0.format)"
          + (embed ? ", embedded" : ""))
    }
    let head = try CustodyLog(CaseFile(path: casePath), digest: Custody.digest).append(entries)
    Console.noteHead(head)
  }

  /// Formats that the user has written.
  private func addFormats(to catalog: inout FormatCatalog) throws {
    if let formats {
      for failure in catalog.addFormats(fromFolder: formats) {
        Console.warn(Sanitizer.escape("format '\(failure.file)' is not used: \(failure.error)"))
      }
    }
    if let mapping {
      do throws(DefinitionError) {
        catalog.add(try FormatCatalog.definition(atPath: mapping))
      } catch {
        throw CommandError("cannot use the mapping '\(mapping)': \(error)")
      }
    }
  }

  /// The case's own files, which may lie in a folder that is read.
  private static func ownFiles(_ path: String) -> Set<String> {
    let bases = [path, path + ".building"]
    return Set(bases.flatMap { base in ["", "-wal", "-shm", "-journal"].map { base + $0 } })
  }

  private func report(_ report: IngestReport) throws {
    switch format {
    case .json: Console.print(report.json.prettyText())
    case .table: report.printTable()
    }
    for note in report.notes { Console.warn(Sanitizer.escape(note)) }
    if let line = report.emptyLine { Console.warn(Sanitizer.escape(line)) }
    if let line = report.refusedLine { Console.note(Sanitizer.escape(line)) }
    if let line = report.lossLine {
      Console.warn(Sanitizer.escape(line))
    }
    if report.lossLine != nil || report.isAllRefused, !acceptLosses { throw ExitStatus.losses }
  }
}

/// Bytes, rate and time left, on a terminal only.
private final class ProgressMeter {
  private let isTerminal = isatty(STDERR_FILENO) == 1 && Console.environment["TERM"] != "dumb"
  private var isShown = false

  func show(_ progress: IntakeProgress) {
    guard isTerminal, progress.seconds > 0.5 else { return }
    let rate = Double(progress.bytes) / progress.seconds
    var text = "\(Figures.bytes(progress.bytes))"
    if progress.total > 0 { text += " of \(Figures.bytes(progress.total))" }
    text += ", \(Figures.bytes(UInt64(rate)))/s"
    if progress.total > progress.bytes, rate > 0 {
      text += ", \(Figures.duration(seconds: Double(progress.total - progress.bytes) / rate)) left"
    }
    write("\r\u{1B}[K" + text)
    isShown = true
  }

  func clear() {
    if isShown { write("\r\u{1B}[K") }
    isShown = false
  }

  private func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
