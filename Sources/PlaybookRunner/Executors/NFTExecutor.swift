public import PlaybookModel

/// `nft`: statements for nftables on this machine, e.g. `add element inet fleet blocked { __address__:value timeout 1h }`.
///
/// Values must be addresses, prefixes, hardware addresses, numbers, UTC times or plain words: nothing that could become another
/// statement. The whole text is tried with `nft -c` first and applied atomically.
///
/// Success: exit code 0. Failure: nft refused it, nothing was changed. An element's timeout is the backend's own time to
/// live: the block ends even when nobody takes it back. What is asked for and is not there is refused with the answer
/// `{"error": "not found"}`.
public struct NFTExecutor: CommandExecutor {
  /// The type.
  public static let type = CommandType.nft
  /// The answer's `error` when something is asked for that is not there.
  static let notFound = "not found"
  private let program: String
  private let prefix: [String]

  /// An executor; with a network namespace, inside of it.
  public init(namespace: String? = nil) {
    if let namespace {
      program = "/usr/sbin/ip"
      prefix = ["netns", "exec", namespace, "/usr/sbin/nft"]
    } else {
      program = "/usr/sbin/nft"
      prefix = []
    }
  }

  /// True for texts that are one harmless word of nft's language.
  static func isWord(_ value: String) -> Bool {
    let parts = value.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count == 2, let length = Int(parts[1]), parts[1].utf8.count <= 3 {
      let address = String(parts[0])
      if NetworkText.isIPv4(address) { return (0...32).contains(length) }
      if NetworkText.isIPv6(address) { return (0...128).contains(length) && !address.contains("%") }
    }
    if NetworkText.isIPv4(value) || NetworkText.isMAC(value) { return true }
    if NetworkText.isIPv6(value) { return !value.contains("%") }
    // What `plan.created` gives: it stands in an element's comment.
    if DocumentTimestamp.parse(value) != nil { return true }
    guard (1...64).contains(value.utf8.count), let first = value.utf8.first else { return false }
    let isPlain = value.utf8.allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
      default: false
      }
    }
    return isPlain && (first != 0x5F)
  }

  private func script(_ call: CommandCall) throws(RunnerError) -> String {
    try Template.fill(call.command.text, call.values) { (name, value) throws(RunnerError) in
      guard Self.isWord(value) else {
        throw RunnerError(
          .badArgument, "the value of '\(name)' is no address, prefix, number, time or plain word for nft")
      }
      return value
    } + "\n"
  }

  /// The statements with their values.
  public func planText(_ call: CommandCall) throws(RunnerError) -> String {
    var text = try script(call)
    text.removeLast()
    return "nft \(RemoteText.bounded(Array(text.utf8)))"
  }

  private static let turns = ReadingTurns()

  /// True where every statement lists or gets something.
  private static func onlyReads(_ text: String) -> Bool {
    text.split(whereSeparator: { $0.isNewline || $0 == ";" }).allSatisfy { statement in
      guard let word = statement.split(whereSeparator: \.isWhitespace).first else { return true }
      return word == "list" || word == "get"
    }
  }

  /// The outcome of a program that reads rules while other programs change them: the kernel ends such a reading
  /// with EINTR, nothing was read or applied, and it is begun again.
  private static func undisturbed(
    _ run: () async throws -> ProcessCall.Outcome
  ) async throws -> ProcessCall.Outcome {
    for attempt in 1...50 {
      let outcome = try await run()
      let isDisturbed =
        outcome.exitCode != 0 && !outcome.timedOut
        && RemoteText.bounded(outcome.errors).contains("Interrupted system call")
      guard isDisturbed, !Task.isCancelled else { return outcome }
      try await Task.sleep(for: .milliseconds(Int.random(in: 1...min(100, 5 * attempt))))
    }
    return try await run()
  }

  /// Tries and applies them.
  public func execute(_ call: CommandCall) async -> CommandAnswer {
    let script: [UInt8]
    do {
      script = Array(try self.script(call).utf8)
    } catch {
      return CommandAnswer(.refused, detail: error.description)
    }
    do {
      let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]
      // What only reads needs no trial.
      let changes = !Self.onlyReads(call.command.text)
      for arguments in changes ? [["-c", "-f", "-"], ["-f", "-"]] : [["-f", "-"]] {
        let outcome = try await Self.undisturbed {
          try await Self.turns.take(changing: changes && arguments.count == 2) {
            try await ProcessCall.run(
              program, prefix + arguments, environment: environment, input: script, timeout: call.timeout)
          }
        }
        let text = RemoteText.bounded(outcome.output)
        if outcome.timedOut { return CommandAnswer(.unknown, text: text, detail: "ended by the timeout") }
        guard outcome.exitCode == 0 else {
          let why = RemoteText.excerpt(RemoteText.bounded(outcome.errors))
          if why.contains("Operation not permitted") || why.contains("Permission denied") {
            return CommandAnswer(
              .unreachable, text: text, detail: "nft may do nothing here, it needs root: \(why)")
          }
          // For verifications that expect an element, chain or table to be gone.
          let missing = why.contains("No such file or directory")
          return CommandAnswer(
            .refused, text: text, json: missing ? .object([("error", .string(Self.notFound))]) : nil,
            detail: "nft refused it: \(why)")
        }
        if arguments[0] == "-f" { return CommandAnswer(.done, text: text, detail: "nft applied it") }
      }
      return CommandAnswer(.unknown, detail: "nft was not run")
    } catch {
      return CommandAnswer(.unreachable, detail: "cannot run nft: \(error)")
    }
  }

  /// The same statements for nft, in the same network namespace.
  public func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand? {
    guard let script = try? script(call) else { return nil }
    let words = prefix.isEmpty ? ["nft"] : ["ip"] + prefix.dropLast() + ["nft"]
    return ScriptedCommand(
      line: "printf %s \(ShellQuote.visible(script, keepsLines: true)) | "
        + words.map { ScriptedCommand.word($0) }.joined(separator: " ") + " -f -")
  }

  /// What it lists, or that there is no such thing.
  public func scriptedLook(
    _ call: CommandCall, _ expectation: RolloutPolicy.Expectation, textName: String
  ) -> ScriptedLook? {
    let question = scripted(call, textName: textName)
    guard case .equals("/error", Self.notFound) = expectation else {
      return .text(question, expectation, kind: "listed")
    }
    return question.map { ScriptedLook(question: $0, words: "missing") }
  }
}
