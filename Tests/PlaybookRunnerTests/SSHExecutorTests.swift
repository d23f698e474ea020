import Foundation
import PlaybookModel
import PlaybookRunner
import Testing

/// A real sshd with its own host key on a free port of loopback.
final class SSHServer: Sendable {
  let port: Int
  let folder: TemporaryFolder
  private let process: ChildProcess

  init() async throws {
    folder = try TemporaryFolder()
    port = try Support.freePort()
    for name in ["host", "other", "user", "stranger"] {
      _ = try ChildProcess.run(
        "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(folder.path)/\(name)"])
    }
    try FileManager.default.copyItem(atPath: "\(folder.path)/user.pub", toPath: "\(folder.path)/authorized")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: "\(folder.path)/authorized")
    _ = try folder.write(
      "sshd_config",
      """
      Port \(port)
      ListenAddress 127.0.0.1
      HostKey \(folder.path)/host
      AuthorizedKeysFile \(folder.path)/authorized
      PidFile none
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      PermitRootLogin yes

      """)
    try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
    process = try ChildProcess(
      "/usr/sbin/sshd", ["-D", "-e", "-f", "\(folder.path)/sshd_config"], output: folder.path + "/log")
    for _ in 0..<100 {
      if (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8))?.contains("listening") == true {
        return
      }
      try await Task.sleep(for: .milliseconds(30))
    }
    throw RunnerError(.unsupported, "sshd does not start")
  }

  deinit { process.stop() }
  func stop() { process.stop() }
  func freeze() { process.signal(SIGSTOP) }
  func thaw() { process.signal(SIGCONT) }

  func knownHosts(_ key: String = "host") throws -> String {
    let text = try String(contentsOfFile: "\(folder.path)/\(key).pub", encoding: .utf8)
    return try folder.write("known-\(key)", "[127.0.0.1]:\(port) \(text)")
  }

  func executor(key: String = "user", host: String = "host") throws -> SSHExecutor {
    let secret = try folder.write("secret-\(key)", "\(NSUserName())\n\(folder.path)/\(key)\n")
    return SSHExecutor(
      secrets: try SecretStore(sources: ["fleet-ssh=file:\(secret)"], environment: [:]),
      knownHosts: try knownHosts(host))
  }

  /// A call of a command with one variable, `__a__`.
  func call(_ command: String, _ value: String = "", timeout: Int64 = 10_000_000_000) throws -> CommandCall {
    let encoded = Data(command.utf8).base64EncodedString()
    let playbook = try Support.playbook(
      text: """
        type: playbook
        spec_version: cacao-2.0
        id: playbook--e042eeb5-e2b1-4b8e-b116-6922a21299ed
        name: s
        created_by: identity--0306626d-3ed4-48ec-a1b5-7c811e511d72
        created: 2026-01-01T00:00:00.000Z
        modified: 2026-01-02T00:00:00.000Z
        workflow_start: start--8dc72423-9759-4695-8190-cd7d30be6219
        playbook_variables: {__a__: {type: string}}
        workflow:
          start--8dc72423-9759-4695-8190-cd7d30be6219:
            {type: start, on_completion: action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e}
          action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e:
            type: action
            agent: individual--96f924ad-c7e5-4979-9038-394c9a6aeb99
            targets: [ssh--4157a959-5861-4997-ae28-4127b9461933]
            on_completion: end--3bfb7410-8c2c-4db0-92b1-4388fab0844b
            commands: [{type: ssh, command_b64: \(encoded)}]
          end--3bfb7410-8c2c-4db0-92b1-4388fab0844b: {type: end}
        agent_definitions:
          individual--96f924ad-c7e5-4979-9038-394c9a6aeb99: {type: individual, name: On-call}
        target_definitions:
          ssh--4157a959-5861-4997-ae28-4127b9461933:
            {type: ssh, name: d, address: {ipv4: [127.0.0.1]}, port: "\(port)", authentication_info: user-auth--0f9d1829-a8d5-4dd3-9bab-9fc98f7c7abd}
        authentication_info_definitions:
          user-auth--0f9d1829-a8d5-4dd3-9bab-9fc98f7c7abd: {type: user-auth, kms: true, kms_key_identifier: fleet-ssh}
        """)
    guard case .action(let action) = playbook.steps["action--aa0d8228-f072-47c8-8eb9-4740cc1bc38e"]?.kind
    else {
      throw RunnerError(.unsupported, "no action")
    }
    return CommandCall(
      command: action.commands[0], values: ["__a__": value], target: playbook.targets.values.first,
      authentication: playbook.authentication.values.first, timeout: timeout)
  }
}

@Suite(.serialized) struct SSHExecutorTests {
  @Test func tellsTheOutcomesOfARealServerApart() async throws {
    guard Support.has("sshd") else { return }
    let server = try await SSHServer()
    let ssh = try server.executor()
    let done = await ssh.execute(try server.call("printf %s \"hello __a__:value\"", "wor'ld; $(id)"))
    #expect(done.effect == .done && done.text == "hello wor'ld; $(id)", "\(done)")
    #expect(await ssh.execute(try server.call("exit 7")).detail.hasPrefix("exit code 7"))
    // The remote's own 255 is an answer; a killed session is none.
    #expect(await ssh.execute(try server.call("exit 255")).effect == .refused)
    let killed = await ssh.execute(try server.call("kill -9 $PPID; sleep 5"))
    #expect(killed.effect == .unknown, "\(killed)")
    let slow = await ssh.execute(try server.call("sleep 30", timeout: 1_500_000_000))
    #expect(slow.effect == .unknown, "\(slow)")
    let stranger = await (try server.executor(key: "stranger")).execute(try server.call("true"))
    #expect(stranger.effect == .refused && stranger.detail.contains("Permission denied"), "\(stranger)")
    let changed = await (try server.executor(host: "other")).execute(try server.call("true"))
    #expect(changed.effect == .refused, "\(changed)")
    server.stop()
    let down = await ssh.execute(try server.call("true"))
    // ssh ends its lines with carriage returns, too.
    #expect(down.effect == .unreachable && !down.detail.contains("\\x0d"), "\(down)")
  }

  /// What a command says of its failure stands in the journal, and not what ssh says of itself.
  @Test func theLastWordsOfAFailedCommandAreItsAnswer() async throws {
    guard Support.has("sshd") else { return }
    let server = try await SSHServer()
    let ssh = try server.executor()
    let many = "i=0; while [ $i -lt 9 ]; do i=$((i+1)); echo line $i >&2; done; echo on stdout; exit 66"
    let failed = await ssh.execute(try server.call(many))
    #expect(failed.detail == "exit code 66 line 7; line 8; line 9" && failed.exitCode == 66, "\(failed)")
    #expect(failed.text.contains("on stdout"))
    // Where it says nothing there, its output is what there is.
    let silent = await ssh.execute(try server.call("echo only this; exit 3"))
    #expect(silent.detail.contains("exit code 3") && silent.detail.contains("only this"), "\(silent)")
    // What it complained of on the way to success is no part of that.
    let done = await ssh.execute(try server.call("echo warning >&2; echo fine"))
    #expect(done.effect == .done && !done.detail.contains("warning"), "\(done)")
    let killed = await ssh.execute(
      try server.call("echo the disk is full >&2; sleep 0.2; kill -9 $PPID; sleep 5"))
    #expect(killed.effect == .unknown && killed.detail.contains("the disk is full"), "\(killed)")
    #expect(!killed.detail.contains("Transferred"), "\(killed)")
  }

  @Test func aRemoteThatIsKilledMidwayIsUnknownAndItsOwn255IsAnAnswer() async throws {
    guard Support.has("sshd") else { return }
    let server = try await SSHServer()
    let ssh = try server.executor()
    // The command has begun and says so; then its session is killed from outside, as by a power cut.
    let mark = server.folder.path + "/begun"
    let call = try server.call("echo $PPID > __a__:value; sleep 20", mark)
    async let running = ssh.execute(call)
    var session = ""
    for _ in 0..<100 where session.isEmpty {
      try await Task.sleep(for: .milliseconds(50))
      session = (try? String(contentsOfFile: mark, encoding: .utf8)) ?? ""
    }
    let parent = try #require(pid_t(session.trimmingCharacters(in: .whitespacesAndNewlines)))
    kill(parent, SIGKILL)
    let answer = await running
    #expect(answer.effect == .unknown, "\(answer)")
    // 255 of the remote itself comes with our mark, and is no failure of ssh.
    let own = await ssh.execute(try server.call("exit 255"))
    #expect(own.effect == .refused && own.detail.hasPrefix("exit code 255"), "\(own)")
  }

  @Test func aHostThatIsUnknownOrChangedIsRefusedAndNothingRunsThere() async throws {
    guard Support.has("sshd") else { return }
    let server = try await SSHServer()
    let mark = server.folder.path + "/ran"
    let call = try server.call("touch __a__:value", mark)
    let nobody = try server.folder.write("known-nobody", "")
    let secret =
      "fleet-ssh=file:" + (try server.folder.write("s", "\(NSUserName())\n\(server.folder.path)/user\n"))
    let secrets = try SecretStore(sources: [secret], environment: [:])
    let unknown = await SSHExecutor(secrets: secrets, knownHosts: nobody).execute(call)
    #expect(
      unknown.effect == .refused && unknown.detail.contains("Host key verification failed"), "\(unknown)")
    let changed = await (try server.executor(host: "other")).execute(call)
    #expect(
      changed.effect == .refused && changed.detail.contains("Host key verification failed"), "\(changed)")
    #expect(!FileManager.default.fileExists(atPath: mark))
    // Nothing was learnt on the way.
    #expect(try String(contentsOfFile: nobody, encoding: .utf8).isEmpty)
  }

  @Test func somethingThatAcceptsAndNeverAnswersIsUnreachableSinceNothingWasSent() async throws {
    guard Support.has("sshd") else { return }
    let server = try await SSHServer()
    let ssh = try server.executor()
    server.freeze()
    let silent = await ssh.execute(try server.call("true", timeout: 2_000_000_000))
    server.thaw()
    #expect(silent.effect == .unreachable, "\(silent)")
  }
}
