import ArgumentParser
import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner

/// `firebreak playbook`: act on a fleet.
struct PlaybookCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "playbook",
    abstract: "Check, plan, run and undo playbooks (CACAO 2.0).",
    discussion:
      "plan shows what would be done, run does what a plan says and nothing else. Docs/Playbooks.md has the rules.",
    subcommands: [
      PlaybookList.self, PlaybookValidate.self, PlaybookShow.self, PlaybookConvert.self, PlaybookPlan.self,
      PlaybookRunCommand.self,
      PlaybookStatus.self, PlaybookRuns.self, PlaybookQueue.self, PlaybookResume.self, PlaybookUndo.self,
      PlaybookSettle.self, PlaybookCard.self,
      PlaybookRehearse.self, PlaybookWitness.self,
    ])
}

/// Table for people or JSON for programs.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
  case table, json
}

/// `firebreak playbook validate`.
struct PlaybookValidate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check a playbook against CACAO 2.0 and the rollout extension.",
    discussion: "Exit code 0: valid, 1: invalid or not to be run now, 2: not readable.")

  @Argument(help: ArgumentHelp("A file, a playbook's name, or - for standard input.", valueName: "playbook"))
  var name: String

  @Option(
    name: .customLong("signer"),
    help: ArgumentHelp(
      "Public key (PEM) of somebody who must have signed the playbook; repeat for several.", valueName: "file"
    ))
  var signers: [String] = []

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func run() throws {
    let path = try PlaybookFiles.path(of: name)
    var document = PlaybookDocument(reading: try PlaybookFiles.read(path), now: SystemClock().wallTime())
    try checkSigners(&document)
    switch format {
    case .json: Console.print(JSONValue(document.report).prettyIfPossible(document.report))
    case .table:
      for finding in document.findings {
        let level =
          switch finding.level {
          case .error: Console.style.red("error")
          case .notRunnable: Console.style.red("not runnable")
          case .warning: Console.style.yellow("warning")
          case .note: Console.style.dim("note")
          }
        let place = "\(path):\(finding.line)"
        Console.print("\(Sanitizer.escape(place)): \(level): [\(finding.rule)]")
        for line in Paragraph.lines("  " + Sanitizer.escape(finding.message), width: Console.width) {
          Console.print(line)
        }
        if !finding.pointer.isEmpty {
          Console.print("    " + Console.style.dim("at " + Sanitizer.escape(finding.pointer)))
        }
      }
      Console.print("\(Sanitizer.escape(path)): \(document.verdict.rawValue)")
    }
    if document.verdict != .valid { throw ExitStatus.no }
  }

  /// Signatures that nobody wants checked: those that are not even what they say, and that the others were not.
  private func sayUnchecked(_ root: DocumentNode, _ document: inout PlaybookDocument) {
    for (index, verdict) in PlaybookSignature.unpinned(root, now: SystemClock().wallTime()).enumerated() {
      let isBad = if case .bad = verdict { true } else { false }
      document.findings.append(
        Finding(
          pointer: "/signatures/\(index)", line: root["signatures"]?.items?[index].line ?? 0,
          rule: isBad ? "signature.bad" : "signature.unchecked", level: isBad ? .warning : .note,
          message: SignatureWords.sentence(verdict, root["name"]?.text ?? "")))
    }
  }

  /// Each signer given must have signed; a signature that does not fit is an error.
  private func checkSigners(_ document: inout PlaybookDocument) throws {
    guard let root = document.root else { return }
    if signers.isEmpty { return sayUnchecked(root, &document) }
    let keys = try signers.map { file in
      PlaybookSignature.PinnedKey(
        name: file, text: String(decoding: try PlaybookFiles.read(file), as: UTF8.self))
    }
    let verdicts = PlaybookSignature.verify(root, keys: keys, now: SystemClock().wallTime())
    for (index, verdict) in verdicts.enumerated() {
      let pointer = "/signatures/\(index)"
      let line = root["signatures"]?.items?[index].line ?? 0
      switch verdict {
      case .good: break
      case .bad(let why):
        document.findings.insert(
          Finding(pointer: pointer, line: line, rule: "signature.bad", level: .error, message: why), at: 0)
      case .unverified(let why):
        document.findings.append(
          Finding(pointer: pointer, line: line, rule: "signature.unverified", level: .warning, message: why))
      }
    }
    for signer in signers where !verdicts.contains(.good(key: signer)) {
      document.findings.insert(
        Finding(
          pointer: "/signatures", line: root["signatures"]?.line ?? 0, rule: "signature.missing",
          level: .error,
          message: "there is no good signature by the key '\(signer)'"), at: 0)
    }
  }
}

extension JSONValue {
  /// The document over several lines.
  fileprivate func prettyIfPossible(_ node: DocumentNode) -> String {
    String(DocumentWriter.json(node).dropLast())
  }
}

/// `firebreak playbook convert`.
struct PlaybookConvert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a playbook in the other notation (JSON or YAML); nothing is lost.")

  @Argument(help: ArgumentHelp("A file, a playbook's name, or - for standard input.", valueName: "playbook"))
  var name: String

  @Option(help: "json or yaml (default: the one it is not in).")
  var to: String?

  func run() throws {
    let path = try PlaybookFiles.path(of: name)
    let document = PlaybookDocument(reading: try PlaybookFiles.read(path), now: SystemClock().wallTime())
    guard let root = document.root else {
      throw CommandError("cannot read '\(path)': \(document.findings.first?.message ?? "")")
    }
    if document.findings.contains(where: { $0.rule == "encoding.duplicate-name" }) {
      throw CommandError(
        "cannot convert '\(path)': names stand twice in it; see 'firebreak playbook validate'")
    }
    switch to ?? (document.notation == .json ? "yaml" : "json") {
    case "json": Console.write(DocumentWriter.json(root))
    case "yaml": Console.write(DocumentWriter.yaml(root))
    default: throw ValidationError("--to is 'json' or 'yaml'")
    }
  }
}

/// `firebreak playbook show`.
struct PlaybookShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Draw a playbook's workflow, in the terminal or as Mermaid; or show what a plan file would do.",
    discussion:
      "Whoever signs a plan can read it here first: targets, exact commands, who must agree, and its hash.")

  @Argument(
    help: ArgumentHelp(
      "A file, a playbook's name, a plan file, or - for standard input.", valueName: "playbook"))
  var name: String

  @Flag(help: "Write a Mermaid flowchart.")
  var mermaid = false

  @Flag(help: "Of a plan: the commands of every target, not only of the first ones.")
  var all = false

  func run() throws {
    let path = try PlaybookFiles.path(of: name)
    let bytes = try PlaybookFiles.read(path)
    if ExecutionPlan.begins(bytes) { return try showPlan(bytes, path) }
    let document = PlaybookDocument(reading: bytes, now: SystemClock().wallTime())
    let playbook: Playbook
    do {
      playbook = try Playbook(document, evenIfNotRunnable: true)
    } catch {
      throw CommandError("cannot show '\(path)': \(error)")
    }
    let drawing = WorkflowDrawing(playbook)
    if mermaid {
      Console.write(drawing.mermaid())
    } else {
      Console.print(
        Console.style.bold(Sanitizer.escape(playbook.name)) + "  " + Sanitizer.escape(playbook.version))
      for line in drawing.lines() { Console.print(Sanitizer.escape(line)) }
    }
  }

  /// A plan as the one who makes it sees it, and how it is signed.
  private func showPlan(_ bytes: [UInt8], _ path: String) throws {
    let plan = try ExecutionPlan(
      reading: bytes, now: SystemClock().wallTime(), evenIfNotRunnable: true)
    let (_, executors) = try ExecutionOptions.parse([]).make()
    let report = PlanReport(plan, planner: Planner(executors: executors))
    for line in report.lines(limit: all ? nil : 3, width: Console.width) { Console.print(line) }
    Console.print("Made      " + DocumentTimestamp.text(nanoseconds: plan.created))
    for step in Planner.approvalSteps(plan.approval, file: path) { Console.note(step) }
  }
}
