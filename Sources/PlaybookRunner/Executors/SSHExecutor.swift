public import PlaybookModel

/// `ssh`: a command in a shell of another machine, by OpenSSH.
///
/// Host keys must be known: a changed or unknown key is refused, never accepted. The command goes over standard input
/// to `sh -s`, so that no value stands in a process list; values are set as shell variables in single quotes.
/// ssh's own exit code 255 means many things, so the remote shell ends with a mark of ours that carries the exit code.
///
/// Success: mark with exit code 0. Failure: mark with another code, or the host key or our key was refused. Unreachable: no
/// session was opened. Unknown: a session was opened and no mark came.
///
/// The step's target is of type `ssh` (or `linux`, `net-address`); its credential in the secret store holds the user on
/// the first line and the path of the private key on the second.
public struct SSHExecutor: CommandExecutor {
  /// The type.
  public static let type = CommandType.ssh
  /// The other machine carries on with a command whose session is gone.
  public var mayGoOnUnseen: Bool { true }
  private let secrets: SecretStore
  private let knownHosts: String
  private let program: String
  /// The shell variable that holds the public key which a command logs in with, where its text asks for it: who takes a key
  /// away must know that it is not the one that let him in.
  static let loginKeyName = "FIREBREAK_LOGIN_KEY"
  /// The answer's `error` when the other side is the right one and does not let us in.
  static let notLetIn = "not let in"

  /// An executor that trusts the host keys in a file in the format of `known_hosts`.
  public init(secrets: SecretStore, knownHosts: String, program: String = "/usr/bin/ssh") {
    self.secrets = secrets
    self.knownHosts = knownHosts
    self.program = program
  }

  private func place(_ call: CommandCall) throws(RunnerError) -> (host: String, port: Int) {
    guard let target = call.target,
      let written = ["dname", "ipv4", "ipv6"].compactMap({ target.address[$0]?.first }).first
    else {
      throw RunnerError(.badArgument, "an ssh command needs a target with a dname, ipv4 or ipv6 address")
    }
    let host = try Template.plain(written, call.values)
    let port = try Template.plain(target.port ?? "22", call.values)
    guard NetworkText.isHostName(host), let number = Int(port), (1...65_535).contains(number) else {
      throw RunnerError(.badArgument, "'\(host):\(port)' is no address for ssh")
    }
    return (host, number)
  }

  /// The command's values as lines that set shell variables.
  private func assignments(_ call: CommandCall) throws(RunnerError) -> [String] {
    var lines: [String] = []
    var seen: Set<String> = []
    for use in VariableReference.all(in: call.command.text) where seen.insert(use.name).inserted {
      guard let value = call.values[use.name] else {
        throw RunnerError(.badArgument, "the variable '\(use.name)' has no value")
      }
      guard !value.utf8.contains(0) else {
        throw RunnerError(.badArgument, "the value of '\(use.name)' holds a NUL, which no shell word can")
      }
      lines.append("\(BashExecutor.environmentName(use.name))=\(ShellQuote.quote(value))")
    }
    return lines
  }

  private func script(_ call: CommandCall, mark: String, loginKey: String? = nil) throws(RunnerError)
    -> String
  {
    var lines = try assignments(call)
    if let loginKey { lines.append("\(Self.loginKeyName)=\(ShellQuote.quote(loginKey))") }
    do {
      let text = try ShellText.replacing(in: call.command.text, environmentName: BashExecutor.environmentName)
      // The subshell keeps an `exit` of the command from skipping the mark; its input is not our script.
      // What it says on standard error stands between two marks: ssh's own words are not its.
      lines += [
        "echo \(mark) >&2", "(", text, ") </dev/null", "set -- $?", "echo \(mark) >&2",
        "printf '\\n%s %d\\n' \(mark) $1",
      ]
    } catch {
      throw RunnerError(.badArgument, error.description)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The host, and the command with its values as quoted words.
  public func planText(_ call: CommandCall) throws(RunnerError) -> String {
    let place = try place(call)
    let call = call.masked
    _ = try script(call, mark: "x")
    let text = try Template.fill(call.command.text, call.values) { (_, value) throws(RunnerError) in
      ShellQuote.quote(value)
    }
    return "ssh \(place.host):\(place.port) \(text)"
  }

  /// Runs it.
  public func execute(_ call: CommandCall) async -> CommandAnswer {
    let mark = "firebreak-\(String(UInt64.random(in: .min ... .max), radix: 16))"
    let arguments: [String]
    let script: String
    do {
      arguments = try self.arguments(call)
      let key = call.command.text.contains(Self.loginKeyName) ? try await publicKey(call) : nil
      script = try self.script(try call.resolved(secrets), mark: mark, loginKey: key)
    } catch {
      return CommandAnswer(.refused, detail: error.description)
    }
    do {
      let outcome = try await ProcessCall.run(
        program, arguments, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"], input: Array(script.utf8),
        timeout: call.timeout)
      // A secret of several lines is not known any more once lines were left out.
      let answer = Self.answer(outcome, mark: mark) {
        Self.remoteErrors(outcome.errors, mark: mark).map { Self.lastLines(hiding($0, of: call)) } ?? ""
      }
      return call.hiding(secrets, in: answer)
    } catch {
      // The script could not be handed over completely; without its last line there is no mark either.
      return CommandAnswer(.unknown, detail: "ssh broke off: \(error)")
    }
  }

  /// The public key of the private one that a call logs in with.
  private func publicKey(_ call: CommandCall) async throws(RunnerError) -> String {
    let name = call.authentication?.storeName ?? ""
    let path = try secrets.credential(name, device: call.device).secret
    let outcome: ProcessCall.Outcome
    do {
      outcome = try await ProcessCall.run(
        "/usr/bin/ssh-keygen", ["-y", "-P", "", "-f", path],
        environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"], timeout: call.timeout)
    } catch {
      throw RunnerError(.secret, "cannot run ssh-keygen: \(error)")
    }
    guard outcome.exitCode == 0 else {
      let why = RemoteText.excerpt(RemoteText.bounded(outcome.errors))
      throw RunnerError(.secret, "ssh-keygen does not read the private key of the secret '\(name)': \(why)")
    }
    return RemoteText.value(RemoteText.bounded(outcome.output))
  }

  private func arguments(_ call: CommandCall) throws(RunnerError) -> [String] {
    let place = try place(call)
    guard let name = call.authentication?.storeName else {
      throw RunnerError(
        .secret, "an ssh target needs authentication info with 'kms' (user and private key file)")
    }
    let credential = try secrets.credential(name, device: call.device)
    let isUser = credential.user.utf8.allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
      default: false
      }
    }
    guard isUser, !credential.user.isEmpty, !credential.user.hasPrefix("-"), credential.secret.hasPrefix("/")
    else {
      throw RunnerError(
        .secret, "the secret '\(name)' must hold a user and, on a second line, the path of a private key")
    }
    var list = ["-F", "none", "-T", "-i", credential.secret, "-l", credential.user, "-p", String(place.port)]
    for option in [
      "BatchMode=yes", "StrictHostKeyChecking=yes", "UserKnownHostsFile=\(knownHosts)",
      "GlobalKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "ConnectTimeout=5", "ServerAliveInterval=5",
      "LogLevel=VERBOSE", "ForwardAgent=no", "ClearAllForwardings=yes", "UpdateHostKeys=no",
    ] {
      list += ["-o", option]
    }
    return list + [place.host, "sh", "-s"]
  }

  /// The same by ssh, with user and key as the run had them. What the remote shell reads ends with a parenthesis: half of
  /// it is run by nobody.
  public func scripted(_ call: CommandCall, textName: String) -> ScriptedCommand? {
    guard !call.sendsSecret, !call.command.text.contains(Self.loginKeyName), let place = try? place(call),
      let name = call.authentication?.storeName,
      let values = try? assignments(call),
      let text = try? ShellText.replacing(
        in: call.command.text, environmentName: BashExecutor.environmentName)
    else { return nil }
    let script = values.map { ShellQuote.visible($0) + " " }.joined() + "'(' \"$\(textName)\" ') </dev/null'"
    let words = [
      name, secrets.place(name) ?? "", ScriptedCommand.absolute(knownHosts), call.device ?? "", place.host,
      String(place.port), String(ScriptedCommand.seconds(call)),
    ]
    return ScriptedCommand(
      text: text,
      line: "printf '%s\\n' \(script) | remote "
        + words.map { ScriptedCommand.word($0) }.joined(separator: " "))
  }

  /// Its exit code, or a text that it must answer.
  public func scriptedLook(
    _ call: CommandCall, _ expectation: RolloutPolicy.Expectation, textName: String
  ) -> ScriptedLook? {
    .text(scripted(call, textName: textName), expectation)
  }

  /// What the command, or the end of its session, wrote to standard error: what stands between our two marks, or after the first where
  /// the second is missing. Nil without a mark: then the remote shell has not begun.
  private static func remoteErrors(_ errors: [UInt8], mark: String) -> String? {
    let text = String(decoding: errors, as: UTF8.self)
    let marks = text.ranges(of: mark)
    guard let first = marks.first else { return nil }
    return String(text[first.upperBound..<(marks.dropFirst().first?.lowerBound ?? text.endIndex)])
  }

  /// The last lines of a text, without what ssh says of itself at the end of a session, as one line of bounded length.
  private static func lastLines(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline).filter { line in
      !line.allSatisfy(\.isWhitespace) && !sessionStatistics.contains(where: line.hasPrefix)
    }
    var kept: [Substring] = []
    for line in lines.reversed() {
      // A whole line more or none: a part of one says little, and the last one says most.
      guard kept.count < 3, kept.reduce(line.count, { $0 + $1.count + 1 }) <= 200 || kept.isEmpty else {
        break
      }
      kept.insert(line, at: 0)
    }
    return RemoteText.excerpt(RemoteText.bounded(Array(kept.joined(separator: "; ").utf8)))
  }

  /// What ssh itself says at the end of every session when it is asked to be verbose.
  private static let sessionStatistics = ["Transferred: sent ", "Bytes per second: sent "]

  /// A text without the secrets that we know, and those of a call.
  private func hiding(_ text: String, of call: CommandCall) -> String {
    secrets.masker.mask(call.hiding(secrets, in: CommandAnswer(.done, text: text, detail: "")).text)
  }

  /// `said` gives what the command, or the end of its session, wrote to standard error.
  private static func answer(
    _ outcome: ProcessCall.Outcome, mark: String, said: () -> String
  ) -> CommandAnswer {
    let raw = String(decoding: outcome.output, as: UTF8.self)
    let errors = String(decoding: outcome.errors, as: UTF8.self)
    if let start = raw.range(of: "\n\(mark) ") {
      let text = RemoteText.bounded(Array(raw[..<start.lowerBound].utf8))
      let code = Int32(raw[start.upperBound...].prefix { $0.isNumber }) ?? -1
      let json = try? ReadDocument.read(Array(text.utf8)).root
      let said = code == 0 ? "" : said()
      var answer = CommandAnswer(
        code == 0 ? .done : .refused, text: text, json: json,
        detail: "exit code \(code) \(said.isEmpty ? RemoteText.excerpt(text) : said)")
      answer.isPartly = code != 0
      answer.exitCode = code
      return answer
    }
    let why = lastLines(errors)
    // Printed once the session's owner is proven: from there on the command may have run.
    if errors.contains("Authenticated to ") {
      let said = said()
      return CommandAnswer(
        .unknown,
        detail: "the session ended without our mark\(outcome.timedOut ? " when its time was over" : ""): "
          + (said.isEmpty ? why : said))
    }
    let refusals = [
      "Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED", "Permission denied",
      "Too many authentication failures",
    ]
    if let refusal = refusals.first(where: errors.contains) {
      // A key that we could not read was shown to nobody.
      let isShown =
        refusals.dropFirst(2).contains(refusal) && !errors.contains("Load key")
        && !errors.contains("not accessible")
      return CommandAnswer(
        .refused, json: isShown ? .object([("error", .string(Self.notLetIn))]) : nil,
        detail: "\(refusal): \(why)")
    }
    return CommandAnswer(.unreachable, detail: outcome.timedOut ? "no session in time" : why)
  }
}

extension String {
  /// Where a text stands for the last time.
  fileprivate func range(of needle: String) -> Range<String.Index>? {
    let (bytes, wanted) = (Array(utf8), Array(needle.utf8))
    guard bytes.count >= wanted.count else { return nil }
    for start in stride(from: bytes.count - wanted.count, through: 0, by: -1)
    where bytes[start...].starts(with: wanted) {
      let lower = utf8.index(utf8.startIndex, offsetBy: start)
      return lower..<utf8.index(lower, offsetBy: wanted.count)
    }
    return nil
  }
}
