import Glibc

/// Checks signatures of people over a plan file by `ssh-keygen -Y verify`: keys that people have already, hardware keys
/// too, offline, against a file of allowed signers that the case does not hold.
public enum PlanApproval {
  /// What the signatures are for: they cannot be used elsewhere, and others not here.
  public static let namespace = "firebreak-plan"
  private static let tool = "/usr/bin/ssh-keygen"

  /// The person who signed, as the allowed signers name them. Throws when the signature is not good.
  public static func verify(
    plan: [UInt8], signature: String, allowedSigners: String
  ) async throws(RunnerError) -> String {
    for path in [signature, allowedSigners] where access(path, R_OK) != 0 {
      throw RunnerError(.notApproved, "cannot read '\(path)': \(String(cString: strerror(errno)))")
    }
    let found = try await run(["-Y", "find-principals", "-s", signature, "-f", allowedSigners], input: [])
    let people = String(decoding: found.output, as: UTF8.self).split(separator: "\n").map(String.init)
    guard found.exitCode == 0, let person = people.first else {
      throw RunnerError(
        .notApproved, "the key of '\(signature)' is not among the allowed signers '\(allowedSigners)'")
    }
    let checked = try await run(
      ["-Y", "verify", "-f", allowedSigners, "-I", person, "-n", namespace, "-s", signature], input: plan)
    guard checked.exitCode == 0 else {
      let words = RemoteText.excerpt(RemoteText.bounded(checked.errors + checked.output))
      throw RunnerError(
        .notApproved, "the signature '\(signature)' by '\(person)' is not good for this plan: \(words)")
    }
    return person
  }

  private static func run(_ arguments: [String], input: [UInt8]) async throws(RunnerError)
    -> ProcessCall.Outcome
  {
    do {
      return try await ProcessCall.run(
        tool, arguments, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"], input: input,
        timeout: 30_000_000_000)
    } catch {
      throw RunnerError(.notApproved, "cannot run \(tool): \(error)")
    }
  }
}
