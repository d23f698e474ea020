import ArgumentParser
import ConsoleOutput
import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// `firebreak doctor`: what would go wrong if we had to act now?
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look whether people could act on the fleet now: before anything happens, and at 3 a.m.",
    discussion: """
      Looks at clock, disk, programs, approvals, case, inventory, playbooks, secrets and backends, and changes nothing. \
      Works without a case, too. With --playbook only what those playbooks need counts, and what they miss is a failure.

      Exit code 0: nothing stands in the way (there may be warnings), 1: something does, 2: could not look.
      """)

  @OptionGroup var caseOption: CaseOption
  @OptionGroup var execution: ExecutionOptions

  @Option(
    name: .customLong("playbook"),
    help: ArgumentHelp("Only for this playbook; repeat for several (default: all).", valueName: "name"))
  var names: [String] = []

  @Option(
    name: .customLong("broker"),
    help: ArgumentHelp("A broker to ask, by the secret broker-admin; repeat for several.", valueName: "url"))
  var brokers: [String] = []

  @Option(
    name: .customLong("service"),
    help: ArgumentHelp("A web service that playbooks go through; repeat for several.", valueName: "url"))
  var services: [String] = []

  @Option(help: ArgumentHelp("Devices to log in to over ssh, by the secret fleet-ssh.", valueName: "count"))
  var sample = 3

  @Option(help: "Port of ssh on the devices.")
  var sshPort = 22

  @Option(
    name: .customLong("max-age"),
    help: ArgumentHelp("Hours that the inventory may be old.", valueName: "hours"))
  var maximumAge = 24.0

  @Option(
    help: ArgumentHelp("Folder of rollback images, to compare with the inventory.", valueName: "folder"))
  var images: String?

  @Option(help: ArgumentHelp("Who may approve plans, with which keys.", valueName: "file"))
  var allowedSigners: String?

  @Option(
    name: .customLong("signer"),
    help: ArgumentHelp(
      "Public key (PEM) of somebody who signs playbooks; repeat for several.", valueName: "file"))
  var signers: [String] = []

  @Flag(help: "Warnings are failures, too.")
  var strict = false

  @Option(help: "table, json, jsonl or csv.")
  var format: OutputFormat = .table

  func validate() throws {
    guard (0...100).contains(sample) else { throw ValidationError("--sample is 0 to 100") }
    guard (1...65_535).contains(sshPort) else { throw ValidationError("--ssh-port is 1 to 65535") }
    guard maximumAge > 0, maximumAge < 1e6 else {
      throw ValidationError("--max-age is a number of hours above 0")
    }
  }

  func run() async throws {
    Interrupt.endAtOnce()
    let context = try context()
    var rows = ResultRows(
      schema: "firebreak.doctor/1",
      columns: [
        .init("STATE"), .init("CHECK"), .init("WHAT", mayShrink: true), .init("FOUND", mayShrink: true),
      ],
      keys: ["state", "check", "subject", "found", "advice"])
    var all: [(check: String, finding: DoctorFinding)] = []
    for check in allDoctorChecks {
      for finding in await check.run(context) { all.append((check.name, finding)) }
    }
    let isBad = all.contains { $0.finding.state == .failure || (strict && $0.finding.state == .warning) }
    func count(_ state: DoctorFinding.State) -> Int { all.count { $0.finding.state == state } }
    switch format {
    case .table: show(all)
    case .json, .jsonl, .csv:
      rows.extra = [
        ("verdict", .string(isBad ? "failure" : count(.warning) > 0 ? "warning" : "ok")),
        ("case", context.casePath.map { .string($0) } ?? .null),
        (
          "counts",
          .object(DoctorFinding.State.allCases.map { ($0.rawValue, .int(Int64(count($0)))) })
        ),
      ]
      rows.rows = all.map { check, finding in
        [
          .string(finding.state.rawValue), .string(check), .string(finding.subject), .string(finding.found),
          .string(finding.advice),
        ]
      }
      rows.write(as: format)
    }
    if format == .table {
      Console.print(
        "\(Figures.counted(count(.failure), "failure")), \(Figures.counted(count(.warning), "warning")), "
          + "\(count(.ok)) in order, \(count(.skipped)) not looked at")
    }
    if isBad { throw ExitStatus.no }
  }

  private func show(_ all: [(check: String, finding: DoctorFinding)]) {
    // The worst first within each check would tear apart what belongs together; the colour leads the eye.
    for (check, finding) in all {
      let state =
        switch finding.state {
        case .ok: Console.style.green("ok     ")
        case .warning: Console.style.yellow("warning")
        case .failure: Console.style.red("FAILURE")
        case .skipped: Console.style.dim("skipped")
        }
      let lines = Paragraph.lines(
        "\(finding.subject): \(finding.found)", width: Console.width.map { max(40, $0 - 19) })
      for (index, line) in lines.enumerated() {
        Console.print(
          index == 0
            ? "\(state) \(DisplayWidth.pad(check, 10)) \(line)" : String(repeating: " ", count: 19) + line)
      }
      guard !finding.advice.isEmpty else { continue }
      for line in Paragraph.lines("→ " + finding.advice, width: Console.width.map { max(40, $0 - 19) }) {
        Console.print(String(repeating: " ", count: 19) + Console.style.dim(line))
      }
    }
  }

  private func context() throws -> DoctorContext {
    let (secrets, executors) = try execution.make()
    var context = DoctorContext(secrets: secrets, executors: executors, options: self)
    let now = SystemClock().wallTime()
    if names.isEmpty {
      for (name, path) in PlaybookFiles.installed() { context.playbooks.append(Self.entry(name, path, now)) }
    } else {
      context.areNamed = true
      for name in names { context.playbooks.append(Self.entry(name, try PlaybookFiles.path(of: name), now)) }
    }
    do {
      context.casePath = try caseOption.existingPath()
    } catch {
      // Before anything happens there is no case; one that was named must be there.
      if caseOption.given != nil { throw error }
      Console.note(Console.noteStyle.dim("without a case: \(Sanitizer.escape("\(error)"))"))
    }
    guard let path = context.casePath else { return context }
    do {
      let reader = try CaseReader(path: path)
      CaseOption.announce(reader.path, newest: reader.newestEvidence)
      context.newestEvidence = reader.newestEvidence
      context.inventory = try reader.loadEvidence(matching: "id:0").evidence.inventory
      context.custody = try reader.custody()
    } catch {
      context.caseProblem = "\(error)"
    }
    return context
  }

  private static func entry(_ name: String, _ path: String, _ now: Int64) -> DoctorContext.Entry {
    var root: DocumentNode?
    do {
      let document = PlaybookDocument(reading: try PlaybookFiles.read(path), now: now)
      root = document.root
      return .init(name: name, path: path, playbook: try Playbook(document), problem: nil, root: root)
    } catch {
      return .init(name: name, path: path, playbook: nil, problem: "\(error)", root: root)
    }
  }
}
