import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner
import TimelineStore

/// `firebreak playbook settle`.
struct PlaybookSettle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settle",
    abstract: "Say what you saw on devices where no command can tell whether a step is in force.",
    discussion: """
      An undo without 'verify' that was cut off is sent again only where the playbook calls it 'repeatable': elsewhere a second \
      time may do harm, and nobody but a person can tell what came of the first. Look at the device, then say --in-force (undo \
      sends it then) or --not-in-force (it counts as taken back; where only the act was in doubt, as not done, and 'resume' does \
      it). Also for a device that was let in by hand, and with --in-force for one that counts as taken back since nothing was to be \
      seen of an act whose answer was lost, and which came into force after all: the next undo takes it back.

      The latest word counts: what was said by mistake is put right by saying the other. Whom a pattern means is listed first, and on a \
      terminal asked about (--yes does not ask, --dry-run only lists). Where a command can look whether a step is in force, the next \
      undo looks at whom you said not to be in force, and takes back what is all the same.

      Nothing is sent. Your words stand in the journal, signed, and status, runs, resume and undo go by them; runs that count \
      on a device which is not in force any more are told.

      Exit code 0: it is written down, 1: there is nothing to settle about such a device.
      """)

  @OptionGroup var choice: RunChoice

  @Option(
    name: .customLong("device"),
    help: ArgumentHelp(
      "A device that was looked at, also with * and ?; repeat for several.", valueName: "device"))
  var devices: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only this step, by its name or id: where several of a device are open.", valueName: "step"))
  var step: String?

  @Flag(help: "What the step does is in force there.")
  var inForce = false

  @Flag(help: "It is not in force there.")
  var notInForce = false

  @Option(help: ArgumentHelp("What was seen, and by whom: for the journal.", valueName: "words"))
  var seen: String

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(help: "List what would be settled, and write nothing down.")
  var dryRun = false

  @Option(help: "table or json.")
  var format: ReportFormat = .table

  func validate() throws {
    if devices.isEmpty { throw ValidationError("--device says which device was looked at") }
    if inForce == notInForce { throw ValidationError("--in-force or --not-in-force: one of them") }
    if seen.allSatisfy(\.isWhitespace) { throw ValidationError("--seen says what was seen, and by whom") }
  }

  func run() async throws {
    Console.goOnWithoutReader()
    let path = try choice.chosenCase.announcedPath()
    let journal = try CaseJournal(case: path)
    let id = try choice.id(journal)
    // Without its plan a run still has its journal, and devices.
    let plan = RunChoice.planToLookAt(id, case: path)
    let (secrets, executors) = try ExecutionOptions.parse([]).make()
    let support = RunCommandSupport(
      casePath: path, executors: executors, secrets: secrets, format: format,
      execution: try ExecutionOptions.parse([]), givenCase: choice.chosenCase.given)
    let own = try RunLock(folder: path + ".runs", run: id)
    let targets = try plan.map { try support.lockTargets($0, run: id) }
    defer { withExtendedLifetime((own, targets)) {} }
    let settlement = try Settlement(
      plan,
      environment: RunEnvironment(
        executors: executors, journal: journal, signer: JournalKey.signer(case: path)), run: id)
    let chosen = try chosen(settlement.questions, id)
    guard try isConfirmed(chosen) else { return }
    try await settlement.settle(
      chosen, isInForce: inForce, by: Person.current, words: seen, planOf: support.planOf)
    try report(chosen, try RunHistory(run: id, in: journal).standing, id)
  }

  /// What is settled; throws where a device has nothing to settle, or more than one thing.
  private func chosen(_ questions: [Settlement.Question], _ id: String) throws -> [Settlement.Question] {
    var questions = questions
    if let step {
      questions = questions.filter { $0.step == step || $0.title == step }
    }
    // What is known to be in force needs nobody to say so, and what counts as taken back is that already.
    questions = questions.filter { inForce ? $0.isOpen || $0.countsAsAbsent : !$0.countsAsAbsent }
    var chosen: [Settlement.Question] = []
    for name in devices {
      let pattern = GlobPattern(wildcards: name)
      let fitting = questions.filter { Glob.fits($0.device, pattern) && !chosen.contains($0) }
      guard !fitting.isEmpty else {
        let open = questions.filter(\.isOpen).map(\.device)
        throw CommandError(
          "nothing of run \(id) is to be settled about '\(name)'"
            + (open.isEmpty
              ? ""
              : "; what is in doubt: \(open.prefix(5).joined(separator: ", "))\(open.count > 5 ? ", …" : "")"),
          .no)
      }
      chosen += fitting
    }
    let byDevice = Dictionary(grouping: chosen, by: \.device).filter { $0.value.count > 1 }
    if let (device, several) = byDevice.min(by: { $0.key < $1.key }) {
      throw CommandError(
        "several steps are open on \(device): say which one was looked at, "
          + several.map { "--step \(ExecutionOptions.word($0.title))" }.joined(separator: " or "))
    }
    return chosen
  }

  /// Lists whom a pattern means, and asks on a terminal; false where nothing is to be written down.
  private func isConfirmed(_ chosen: [Settlement.Question]) throws -> Bool {
    let hasPattern = devices.contains { $0.contains { $0 == "*" || $0 == "?" } }
    guard hasPattern || dryRun else { return true }
    let words = inForce ? "in force" : "not in force"
    Console.note(
      "\(Figures.counted(chosen.count, "device")) \(chosen.count == 1 ? "is" : "are") meant, as \(words):")
    for question in chosen { Console.note(Sanitizer.escape("  \(question.device)  \(question.title)")) }
    if dryRun { return false }
    guard !yes, isatty(STDIN_FILENO) == 1 else { return true }
    Console.note("Type 'yes' to write that down:")
    guard readLine(strippingNewline: true) == "yes" else {
      throw CommandError("nothing was written down", .no)
    }
    return true
  }

  private func report(
    _ chosen: [Settlement.Question], _ standing: RunHistory.Standing, _ id: String
  ) throws {
    let words = inForce ? "in force" : "not in force"
    guard format == .table else {
      return Console.write(
        DocumentWriter.json(
          .object([
            ("schema", .string("firebreak.playbook-settle/1")), ("run", .string(id)),
            ("state", .string(words)),
            (
              "devices",
              .array(
                chosen.map { .object([("device", .string($0.device)), ("step", .string($0.title))]) })
            ),
            ("in_force", .number(standing.inForce)), ("in_doubt", .number(standing.inDoubt)),
            ("changes_taken_back", .number(standing.takenBack)),
          ])))
    }
    for question in chosen {
      Console.prose(Sanitizer.escape("\(question.device)  \(question.title): \(words), as you saw"))
    }
    Console.print("run \(id): " + RunCommandSupport.words(standing))
  }
}

/// Where a person has to look: the command is named wherever such a device is.
enum SettleWords {
  /// A sentence on devices of a run that no command can look at; nil when there are none.
  static func text(_ questions: [Settlement.Question], run: String, givenCase: String?) -> String? {
    let open = questions.filter { $0.isOpen && !$0.settlesItself }
    guard let first = open.first else { return nil }
    let devices = Set(open.map(\.device))
    let names = UndoWords.names(devices)
    let one = devices.count == 1
    let inCase = givenCase.map { " --case \(ExecutionOptions.word($0))" } ?? ""
    return
      "nobody but a person can tell whether '\(first.title)' is in force on \(Figures.counted(devices.count, "device")) (\(names)), and "
      + "\(first.isUndo ? "the undo" : "it") is not sent again blindly: look at \(one ? "it" : "each"), then "
      + "'firebreak playbook settle \(run)\(inCase) --device \(ExecutionOptions.word(one ? first.device : "NAME")) --in-force "
      + "--seen WORDS', or --not-in-force"
  }
}
