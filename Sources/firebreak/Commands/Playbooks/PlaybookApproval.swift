import ArgumentParser
import ConsoleOutput
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// Signatures of people over a plan file.
struct ApprovalOptions: ParsableArguments {
  @Option(
    name: .customLong("signature"),
    help: ArgumentHelp(
      "A signature over the plan: ssh-keygen -Y sign -n firebreak-plan -f KEY < PLAN > FILE.",
      valueName: "file"))
  var signatures: [String] = []

  @Option(
    help: ArgumentHelp(
      "Who may approve, with which keys (see ssh-keygen, ALLOWED SIGNERS); outside of the case.",
      valueName: "file"))
  var allowedSigners: String?

  @Option(
    help: ArgumentHelp(
      "Break glass: run with one person's word, for this reason. Recorded loudly.", valueName: "reason"))
  var breakGlass: String?

  @Option(
    help: ArgumentHelp(
      "How long a broken glass holds; then the run drains and stops (default: 60).", valueName: "minutes"))
  var breakGlassMinutes: Int = 60

  @Option(
    help: ArgumentHelp(
      "How long signatures over a plan hold, from when it was made (they say no time themselves).",
      valueName: "hours"))
  var maxApprovalAge: Double = 24

  /// Who agreed, and for how long.
  struct Agreement {
    /// Sentences for the journal.
    var sentences: [String]
    /// Nanoseconds after which the run must stop; nil for no limit.
    var timeLimit: Int64?
  }

  func validate() throws {
    guard (1...1440).contains(breakGlassMinutes) else {
      throw ValidationError("--break-glass-minutes is 1 to 1440")
    }
    guard maxApprovalAge > 0 else { throw ValidationError("--max-approval-age is a number of hours above 0") }
  }

  /// The list of who may approve must lie where who can write the case cannot.
  private static func checkSigners(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw CommandError("cannot read '\(path)': \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw CommandError(
        "the allowed signers '\(path)' can be written by others, who could add themselves; 'chmod go-w' it",
        .no)
    }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw CommandError(
        "the allowed signers '\(path)' belong to somebody else, who could add themselves; they must be ours or root's",
        .no)
    }
    guard !path.split(separator: "/").contains(where: { $0.hasSuffix(".runs") }) else {
      throw CommandError(
        "the allowed signers '\(path)' lie in the folder of a case's runs; keep them outside", .no)
    }
  }

  /// Who agrees that a run goes on. The signatures that it was begun with hold; a broken glass held for a time only, so it
  /// takes signatures, or another break.
  func renewed(_ plan: ExecutionPlan, run: String, case path: String) async throws -> Agreement {
    let history = try RunHistory(run: run, in: try CaseJournal(case: path, readOnly: true))
    guard history.isBreakGlass || !signatures.isEmpty || breakGlass != nil else {
      return Agreement(sentences: [], timeLimit: nil)
    }
    let file = "\(path).runs/\(run)/plan"
    return try await check(
      plan, bytes: try PlaybookFiles.read(file), path: file, case: path, run: run,
      countsOthers: history.isBreakGlass)
  }

  /// Signatures are for one run, and for a time: whoever signed agreed to what was so then.
  private func checkStillHold(_ plan: ExecutionPlan, case path: String, run: String?) throws {
    let anew = "make a new plan and have it signed"
    let journal = try CaseJournal(case: path, readOnly: true)
    let used = try RunOverview.all(in: journal).first {
      $0.planHash == plan.hash && $0.run != run && $0.isOver
    }
    if let used {
      throw CommandError(
        "the signatures over this plan are used up: \(RunLine.text(used)) carried it out; \(anew)", .no)
    }
    let seconds = Double(SystemClock().wallTime() - plan.created) / 1e9
    guard seconds > -360 else {
      throw CommandError(
        "the plan was made \(Figures.duration(seconds: -seconds)) from now: a clock was wrong then, or is now; set it right, and \(anew)",
        .no)
    }
    guard seconds <= maxApprovalAge * 3600 else {
      throw CommandError(
        "the plan was made \(Figures.duration(seconds: seconds)) ago, and signatures over it hold for "
          + "\(Figures.duration(seconds: maxApprovalAge * 3600)): \(anew), or say --max-approval-age HOURS",
        .no)
    }
  }

  /// Checks who approved that a plan is run in a case, or that a `run` of it goes on. Throws when not enough people did.
  ///
  /// A run that begins is measured together with what others did since its plan was made (`countsOthers`). One that goes on was when it
  /// began, and again where a broken glass was all that it had.
  func check(
    _ plan: ExecutionPlan, bytes: [UInt8], path: String, case casePath: String, run: String? = nil,
    countsOthers: Bool = true
  ) async throws -> Agreement {
    let approval =
      countsOthers && plan.approval < .two
      ? try EarlierRuns.approval(of: plan, case: casePath, except: run)
      : (needed: plan.approval, reasons: plan.approvalReasons)
    var sentences: [String] = []
    var timeLimit: Int64?
    var people: Set<String> = []
    // The report measures the wait for approval from here.
    let made = Instant(nanoseconds: plan.created).rfc3339(fractionDigits: 3)
    if !signatures.isEmpty {
      guard let allowedSigners else {
        throw ValidationError("--signature needs --allowed-signers: the file that says who may approve")
      }
      try Self.checkSigners(allowedSigners)
      try checkStillHold(plan, case: casePath, run: run)
      for signature in signatures {
        let person = try await PlanApproval.verify(
          plan: bytes, signature: signature, allowedSigners: allowedSigners)
        guard people.insert(person).inserted else {
          throw CommandError("'\(person)' signed twice; two approvals must come from two people", .no)
        }
        sentences.append("\(person) signed the plan \(plan.hash), made \(made)")
      }
    }
    let needed =
      switch approval.needed {
      case .operator_: 0
      case .one: 1
      case .two: 2
      }
    if people.count < needed {
      guard let breakGlass else {
        let why = approval.reasons.isEmpty ? "" : " (\(approval.reasons.joined(separator: "; ")))"
        throw CommandError(
          "the plan needs \(needed) approval\(needed == 1 ? "" : "s")\(why), and has \(people.count): "
            + Planner.approvalSentence(approval.needed, file: path)
            + "; where nobody else can be asked, --break-glass 'REASON' goes on the record",
          .no)
      }
      guard breakGlass.split(separator: " ").count >= 3 else {
        throw ValidationError("--break-glass wants a reason of at least three words; it goes into the report")
      }
      timeLimit = Int64(breakGlassMinutes) * 60_000_000_000
      Console.warn(
        "BREAK GLASS: running with \(people.count) of \(needed) approvals for \(breakGlassMinutes) min: \(breakGlass)"
      )
      sentences.append(
        "BREAK GLASS by \(Person.current) with \(people.count) of \(needed) approvals on the plan made \(made), for \(breakGlassMinutes) min, to be reviewed afterwards: \(breakGlass)"
      )
    }
    if sentences.isEmpty { sentences.append("the operator ran the plan \(plan.hash), made \(made)") }
    return Agreement(sentences: sentences, timeLimit: timeLimit)
  }
}
