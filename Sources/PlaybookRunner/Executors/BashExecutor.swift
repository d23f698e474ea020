public import PlaybookModel

/// `bash`: a local shell without login.
///
/// Variables reach it through environment variables that its text expands in quotes, so no value can become shell text.
/// Success: exit code 0. Failure: another exit code. Unknown: a signal or the timeout ended it in the middle.
public struct BashExecutor: CommandExecutor {
  /// The type.
  public static let type = CommandType.bash
  private let shell: String
  private let secrets: SecretStore?

  /// An executor with the shell at this path; without a store a command with secrets is refused.
  public init(shell: String = "/bin/bash", secrets: SecretStore? = nil) {
    self.shell = shell
    self.secrets = secrets
  }

  /// Name of the environment variable for a variable: `FIREBREAK_` and the name's characters, `-` as `_2d`.
  static func environmentName(_ name: String) -> String {
    "FIREBREAK_" + name.dropFirst(2).dropLast(2).map { $0 == "-" ? "_2d" : String($0) }.joined()
  }

  /// The command with its values filled in as quoted words.
  public func planText(_ call: CommandCall) throws(RunnerError) -> String {
    _ = try script(call.masked)
    return try Template.fill(call.command.text, call.masked.values) { (_, value) throws(RunnerError) in
      ShellQuote.quote(value)
    }
  }

  private func script(_ call: CommandCall) throws(RunnerError) -> (
    text: String, environment: [String: String]
  ) {
    var environment = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
    ]
    for use in VariableReference.all(in: call.command.text) {
      guard let value = call.values[use.name] else {
        throw RunnerError(.badArgument, "the variable '\(use.name)' has no value")
      }
      guard !value.utf8.contains(0) else {
        throw RunnerError(.badArgument, "the value of '\(use.name)' holds a NUL, which no shell word can")
      }
      environment[Self.environmentName(use.name)] = value
    }
    if let device = call.device { environment["FIREBREAK_DEVICE"] = device }
    do {
      return (
        try ShellText.replacing(in: call.command.text, environmentName: Self.environmentName), environment
      )
    } catch {
      throw RunnerError(.badArgument, error.description)
    }
  }

  /// Runs it.
  public func execute(_ call: CommandCall) async -> CommandAnswer {
    guard let secrets else { return await run(call) }
    do {
      return call.hiding(secrets, in: await run(try call.resolved(secrets)))
    } catch {
      return CommandAnswer(.refused, detail: error.description)
    }
  }

  private func run(_ call: CommandCall) async -> CommandAnswer {
    let script: (text: String, environment: [String: String])
    do {
      script = try self.script(call)
    } catch {
      return CommandAnswer(.refused, detail: error.description)
    }
    do {
      let outcome = try await ProcessCall.run(
        shell, ["--noprofile", "--norc", "-c", script.text], environment: script.environment,
        timeout: call.timeout)
      let text = RemoteText.bounded(outcome.output)
      let errors = RemoteText.excerpt(RemoteText.bounded(outcome.errors))
      if outcome.timedOut { return CommandAnswer(.unknown, text: text, detail: "ended by the timeout") }
      guard let code = outcome.exitCode else {
        return CommandAnswer(.unknown, text: text, detail: "ended by signal \(outcome.signal ?? 0)")
      }
      // The beginning of a document is another document.
      let isCut = outcome.output.count >= RemoteText.limit
      let json = isCut ? nil : try? ReadDocument.read(Array(text.utf8)).root
      var answer = CommandAnswer(
        code == 0 ? .done : .refused, text: text, json: json,
        detail: "exit code \(code) \(code == 0 ? RemoteText.excerpt(text) : errors)")
      answer.isCut = isCut
      if code == 0 { return answer }
      answer.isPartly = true
      answer.exitCode = code
      return answer
    } catch {
      return CommandAnswer(.unreachable, detail: "cannot start \(shell): \(error)")
    }
  }

  /// The text in a bash of its own, in the environment that we give it: whatever it sets, and however it ends, is its own.
  public func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand? {
    guard !call.sendsSecret, let script = try? script(call) else { return nil }
    let values = script.environment.filter { $0.key.hasPrefix("FIREBREAK_") }.sorted { $0.key < $1.key }
    let words = values.map { "\($0.key)=\(ShellQuote.visible($0.value))" } + ["bash"]
    return ScriptedCommand(
      text: script.text,
      line:
        "locally \(ScriptedCommand.seconds(call)) \(words.joined(separator: " ")) --noprofile --norc -c \"$\(textName)\""
    )
  }

  /// Its exit code, or a text that it must answer.
  public func scriptedLook(
    _ call: CommandCall, _ expectation: RolloutPolicy.Expectation, textName: String
  ) -> ScriptedLook? {
    .text(scripted(call, textName: textName), expectation)
  }
}
