import ArgumentParser
import Glibc
import IncidentModel
import PlaybookModel
import PlaybookRunner

/// Signatures of people over a plan file.
struct ApprovalOptions: ParsableArguments {
  @Option(
    name: .customLong("signature"),
    help: ArgumentHelp(
      "A signature over the plan: ssh-keygen -Y sign -n firebreak-plan -f KEY PLAN.", valueName: "file"))
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

  /// Sentences for the journal on who approved. Throws when not enough people did.
  func check(_ plan: ExecutionPlan, bytes: [UInt8], path: String) async throws -> [String] {
    var sentences: [String] = []
    var people: Set<String> = []
    // The report measures the wait for approval from here.
    let made = Instant(nanoseconds: plan.created).rfc3339(fractionDigits: 3)
    if !signatures.isEmpty {
      guard let allowedSigners else {
        throw ValidationError("--signature needs --allowed-signers: the file that says who may approve")
      }
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
      switch plan.approval {
      case .operator_: 0
      case .one: 1
      case .two: 2
      }
    if people.count < needed {
      guard let breakGlass else {
        let why = plan.approvalReasons.isEmpty ? "" : " (\(plan.approvalReasons.joined(separator: "; ")))"
        throw CommandError(
          "the plan needs \(needed) approval\(needed == 1 ? "" : "s")\(why), and has \(people.count): "
            + Planner.approvalSentence(plan.approval, file: path),
          .no)
      }
      guard breakGlass.split(separator: " ").count >= 3 else {
        throw ValidationError("--break-glass wants a reason of at least three words; it goes into the report")
      }
      Console.warn("BREAK GLASS: running with \(people.count) of \(needed) approvals: \(breakGlass)")
      sentences.append(
        "BREAK GLASS with \(people.count) of \(needed) approvals on the plan made \(made), to be reviewed afterwards: \(breakGlass)"
      )
    }
    if sentences.isEmpty { sentences.append("the operator ran the plan \(plan.hash), made \(made)") }
    return sentences
  }
}
