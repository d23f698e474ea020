import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import Glibc
import IncidentModel
import PostmortemReport
import TimelineStore

/// `firebreak postmortem`: the report of an incident, computed from the case.
struct Postmortem: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "postmortem",
    abstract: "Write the report of an incident from its evidence: HTML, Markdown, JSON, PDF.",
    discussion: """
      'firebreak postmortem --case FILE --output DIR' writes the engineers' report and the full lists beside it. What only \
      people know comes from 'firebreak postmortem notes'; what nobody has said yet is printed as "not provided".
      """,
    subcommands: [MakePostmortem.self, PostmortemNotes.self, PostmortemDiff.self, PostmortemLint.self],
    defaultSubcommand: MakePostmortem.self)
}

/// A file format of a report.
enum ReportFileFormat: String, CaseIterable, ExpressibleByArgument {
  case html, md, json, pdf
}

/// `firebreak postmortem make`, the default.
struct MakePostmortem: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make", abstract: "Write the report (this is the default).")

  @OptionGroup var caseOption: CaseOption

  @Option(help: ArgumentHelp("Folder for the report; made where it does not exist.", valueName: "dir"))
  var output: String

  @Option(
    help: "For whom, repeatable: engineer, executive, customer, regulator, or all (default: engineer).")
  var audience: [String] = ["engineer"]

  @Option(
    name: .customLong("report-format"), help: "html, md, json, pdf, repeatable (default: html, md and json).")
  var formats: [ReportFileFormat] = [.html, .md, .json]

  @Option(
    help:
      "Marking: clear, green, amber, amber+strict, red (default: green for customers, amber for the others).")
  var tlp: String?

  @Option(help: "Which incident of the trace, 1 being the largest.")
  var incident: Int = 1

  @Option(help: "Number of the stored trace to pin (default: the latest).")
  var trace: Int64?

  @Flag(
    name: .customLong("no-store"),
    help: "Where the trace has to be made anew, do not keep it in the case; the report then names none.")
  var isNotStored = false

  @Flag(inversion: .prefixedNo, help: "Write the full timeline as CSV beside the engineers' report.")
  var timeline = true

  @Option(help: "File with the secret key of the pseudonyms (default: derived from the evidence).")
  var pseudonymKey: String?

  @Option(
    help: ArgumentHelp("File for the log of names that were replaced; keep it apart.", valueName: "csv"))
  var redactionLog: String?

  func validate() throws {
    guard incident >= 1 else { throw ValidationError("--incident is 1 or more") }
    if let tlp, TrafficLight(rawValue: tlp.lowercased()) == nil {
      throw ValidationError("--tlp is clear, green, amber, amber+strict or red, not '\(tlp)'")
    }
    _ = try audiences()
  }

  private func audiences() throws -> [Audience] {
    var result: [Audience] = []
    for name in audience {
      let wanted = name == "all" ? Audience.allCases : [Audience(rawValue: name)].compactMap { $0 }
      guard !wanted.isEmpty else {
        throw ValidationError("--audience is engineer, executive, customer, regulator or all, not '\(name)'")
      }
      for audience in wanted where !result.contains(audience) { result.append(audience) }
    }
    return result
  }

  func run() throws {
    MemoryReturn.early()
    let path = try caseOption.existingPath()
    let wanted = try audiences()
    // What can fail cheaply fails before the long work begins.
    let browser = PostmortemPDF.browser()
    if formats.contains(.pdf), browser == nil {
      throw CommandError(
        "cannot make a PDF: no Chromium is installed; install 'chromium' or leave out --report-format pdf")
    }
    let key = try pseudonymKey.map { try CommandFile.read($0) }
    let isNew = access(output, F_OK) != 0
    if isNew { Interrupt.remove([output]) }
    try CommandFile.makeFolder(output)
    // Until there is something to write, nothing has to be put in order.
    Interrupt.endAtOnce()
    var input: PostmortemCase
    let files: [FileSet]
    do {
      input = try PostmortemCase(path: path, number: trace, keepsTrace: !isNotStored)
      CaseOption.announce(path, newest: input.facts.newestEvidence)
      try input.choose(incident: incident - 1)
      Interrupt.listen()
      do {
        files = try write(wanted, key, browser, &input)
      } catch let error as CommandError {
        throw CommandError("\(error.description); nothing in '\(output)' was changed", error.status)
      }
      try FileSet.publish(files)
    } catch {
      // The folder is as it was, and one that was made for the report goes.
      if isNew { rmdir(output) }
      if let status = error as? ExitStatus, status == .interrupted {
        Console.note("firebreak: interrupted; nothing was written")
      }
      throw error
    }
    Console.isDone("the report is written all the same, to '\(output)'")
    say(input)
    sayImpossibleTimes(input)
    for path in files.last?.paths ?? [] { Console.print(Sanitizer.escape(path)) }
  }

  /// Writes the reports and what lies beside them.
  /// - Returns: The files, none in its place yet: the lists, which the reports name, then the reports.
  private func write(
    _ wanted: [Audience], _ key: [UInt8]?, _ browser: String?, _ input: inout PostmortemCase
  ) throws -> [FileSet] {
    let lists = FileSet()
    let reports = FileSet()
    var log: [(kind: String, name: String, pseudonym: String)] = []
    var material = ReportMaterial(facts: input.facts, trace: input.trace, incident: incident - 1)
    let attachments = wanted.contains(.engineer) ? try self.lists(input, material, in: lists) : []
    for audience in wanted {
      var options = ReportOptions(audience: audience, sha256: PostmortemCase.sha256)
      if let chosen = tlp.flatMap({ TrafficLight(rawValue: $0.lowercased()) }) { options.marking = chosen }
      options.incident = incident - 1
      options.version = max(1, material.notes.version ?? 1)
      options.pseudonymKey = key ?? input.evidenceDigest
      material.attachments = audience == .engineer ? attachments : []
      if !audience.hidesEvidence {
        let draft = Report(material, options: options)
        try input.loadCitedEvents(draft.citations)
        material.events = input.facts.events
      }
      let report = Report(material, options: options)
      log += report.redactions
      try write(report, browser, dated: input.facts.newestEvidence, in: reports)
      try Interrupt.check()
    }
    if let redactionLog { try write(log, to: redactionLog, in: lists) }
    return [lists, reports]
  }

  /// What is to be known of the report.
  private func say(_ input: PostmortemCase) {
    for run in input.facts.alteredRuns {
      Console.warn(
        Sanitizer.escape(
          "the journal of run \(run) was altered: what the report says of it is not vouched for, and it says so; "
            + "'firebreak playbook status \(run)' says more"))
    }
    for run in input.facts.runsWithoutRecords {
      Console.warn(Sanitizer.escape(RunFolders.sentence(run, case: input.path)))
    }
    if input.trace.incidents.isEmpty { Console.note("no incident was found; the report says what was read") }
    for key in input.facts.annotations.unknownIncidents(in: input.trace) {
      Console.warn(
        "the notes hold a part for incident '\(Sanitizer.escape(key))', and the trace has none of that number or time; no report holds it"
      )
    }
    let findings = Lint.findings(in: input.facts.annotations)
    if !findings.isEmpty {
      Console.note("\(findings.count) hints on wording: 'firebreak postmortem lint' lists them")
    }
  }

  /// What people state and the report leaves out.
  private func sayImpossibleTimes(_ input: PostmortemCase) {
    let material = ReportMaterial(facts: input.facts, trace: input.trace, incident: incident - 1)
    for one in material.impossibleTimes {
      Console.warn(Sanitizer.escape("the report leaves out \(one.field) of the notes: \(one.reason)"))
    }
  }

  private func lists(_ input: PostmortemCase, _ material: ReportMaterial, in set: FileSet) throws
    -> [Attachment]
  {
    var options = ReportOptions(audience: .engineer, sha256: PostmortemCase.sha256)
    options.incident = incident - 1
    var result = [try PostmortemLists.devices(material, options, to: "\(output)/devices.csv", in: set)]
    if timeline {
      result.append(try PostmortemLists.timeline(input.reader, to: "\(output)/timeline.csv", in: set))
    }
    return result
  }

  private func write(_ report: Report, _ browser: String?, dated: Instant?, in set: FileSet) throws {
    let suffix = report.options.audience == .engineer ? "" : "-\(report.options.audience.rawValue)"
    let base = "\(output)/postmortem\(suffix)"
    var wanted = ReportFileFormat.allCases.filter { formats.contains($0) }
    if wanted.contains(.pdf), !wanted.contains(.html) { wanted.insert(.html, at: 0) }
    for format in wanted {
      let path = "\(base).\(format.rawValue)"
      switch format {
      case .html: try set.add(HTMLRenderer.render(report), path)
      case .md: try set.add(MarkdownRenderer.render(report), path)
      case .json: try set.add(JSONRenderer.render(report), path)
      case .pdf:
        guard let browser else { continue }
        let file = try PostmortemPDF.print(
          HTMLRenderer.render(report), to: path, with: browser, dated: dated)
        _ = try set.add(file)
      }
    }
  }

  private func write(
    _ log: [(kind: String, name: String, pseudonym: String)], to path: String, in set: FileSet
  ) throws {
    var seen: Set<String> = []
    var text = CSVText.row(["kind", "name", "pseudonym"])
    for entry in log where seen.insert(entry.pseudonym).inserted {
      text += CSVText.row([entry.kind, EvidenceText(entry.name, limit: 4096).display, entry.pseudonym])
    }
    try set.add(text, path, mode: 0o600)
  }
}
