import Foundation
import PlaybookRunner
import Synchronization
import Testing

/// A real mosquitto with dynamic security on a free port of loopback, with some clients.
final class MosquittoBroker: Sendable {
  static let adminPassword = "s3cret-adm1n-Pw"
  let port: Int
  /// Port of the listener with TLS, that wants certificates and takes their names for users; 0 for none.
  let securePort: Int
  let folder: TemporaryFolder
  private let process: Mutex<ChildProcess?>
  private let mark = Mutex(0)

  /// With a group the clients have their rights by it, else by a role of their own; with an authority there is a
  /// second listener with TLS, which asks for certificates and reads its revocation list. With `logsCommands` the
  /// broker's log names every command of dynamic security and its client.
  init(
    clients: [String], group: String? = nil, authority: TestAuthority? = nil, logsCommands: Bool = false
  ) async throws {
    folder = try TemporaryFolder()
    process = Mutex(nil)
    let configuration = folder.path + "/dynamic-security.json"
    let made = try ChildProcess.run(
      "/usr/bin/mosquitto_ctrl", ["dynsec", "init", configuration, "admin", Self.adminPassword])
    guard made.code == 0 else { throw RunnerError(.unsupported, made.output) }
    // Between asking for a free port and taking it somebody else may have taken it.
    var port = 0
    var securePort = 0
    for attempt in 1...5 {
      port = try Support.freePort()
      let text = """
        user root
        listener \(port) 127.0.0.1
        allow_anonymous false
        plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so
        plugin_opt_config_file \(configuration)
        \(logsCommands ? "log_type all" : "")

        """
      var secure = ""
      if let authority {
        securePort = try Support.freePort()
        secure = """
          listener \(securePort) 127.0.0.1
          cafile \(authority.certificate)
          certfile \(authority.path)/server.crt
          keyfile \(authority.path)/server.key
          crlfile \(authority.list)
          require_certificate true
          use_identity_as_username true

          """
      }
      _ = try folder.write("mosquitto.conf", text + secure)
      let started = try Self.start(folder.path)
      process.withLock { $0 = started }
      if try await Self.isUp(folder.path) { break }
      process.withLock { process in
        process?.stop()
        process = nil
      }
      if attempt == 5 { throw RunnerError(.unsupported, "mosquitto does not start") }
    }
    self.port = port
    self.securePort = securePort
    try await addClients(clients, group)
  }

  deinit { stop() }

  var url: String { "mqtt://127.0.0.1:\(port)" }
  var secureURL: String { "mqtts://127.0.0.1:\(securePort)" }
  var processID: pid_t { process.withLock { $0?.id ?? 0 } }
  /// Where the secret store finds the administrator.
  func secret() throws -> String {
    "broker-admin=file:" + (try folder.write("admin-secret", "admin\n\(Self.adminPassword)\n"))
  }
  var log: String { (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? "" }
  /// The file of dynamic security.
  var state: String {
    (try? String(contentsOfFile: folder.path + "/dynamic-security.json", encoding: .utf8)) ?? ""
  }

  private static func start(_ folder: String) throws -> ChildProcess {
    unlink(folder + "/log")
    return try ChildProcess(
      "/usr/sbin/mosquitto", ["-c", folder + "/mosquitto.conf"], output: folder + "/log")
  }

  func stop() {
    process.withLock { process in
      process?.stop()
      process = nil
    }
  }

  /// Stops the process without ending it: it accepts connections (the kernel does) and never answers.
  func freeze() { process.withLock { $0?.signal(SIGSTOP) } }
  func thaw() { process.withLock { $0?.signal(SIGCONT) } }

  private static func isUp(_ folder: String) async throws -> Bool {
    for _ in 0..<300 {
      let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
      if log.contains("running") { return true }
      if log.contains("Error:") { return false }
      try await Task.sleep(for: .milliseconds(30))
    }
    return false
  }

  /// Has the administrator send commands of dynamic security, some in each message, and waits until they are sent.
  func administer(_ messages: String...) async throws { try await administer(messages) }

  private func administer(_ messages: [String]) async throws {
    let admin = try Client(port: port, user: "admin", password: Self.adminPassword)
    guard await admin.waitForConnection() else {
      throw RunnerError(.unsupported, "the administrator cannot connect")
    }
    for commands in messages {
      admin.publish("$CONTROL/dynamic-security/v1", "{\"commands\":[\(commands)]}")
    }
    await admin.waitUntilSent()
    admin.close()
  }

  /// Adds clients with password "device-password" and a role that may do everything below `fleet/`.
  private func addClients(_ clients: [String], _ group: String?) async throws {
    var messages = [
      """
      {"command":"createRole","rolename":"device","acls":[
      {"acltype":"publishClientSend","topic":"fleet/#","allow":true},
      {"acltype":"publishClientReceive","topic":"fleet/#","allow":true},
      {"acltype":"subscribePattern","topic":"fleet/#","allow":true}]}
      """
    ]
    if let group {
      messages.append(
        """
        {"command":"createGroup","groupname":"\(group)","roles":[{"rolename":"device","priority":1}]}
        """)
    }
    let rights =
      group.map { "\"groups\":[{\"groupname\":\"\($0)\"}]" } ?? "\"roles\":[{\"rolename\":\"device\"}]"
    for start in stride(from: 0, to: clients.count, by: 100) {
      let batch = clients[start..<min(start + 100, clients.count)]
      messages.append(
        batch.map {
          "{\"command\":\"createClient\",\"username\":\"\($0)\",\"password\":\"device-password\","
            + rights + "}"
        }.joined(separator: ","))
    }
    try await administer(messages)
  }

  /// Commands of dynamic security on clients since `clearLog`, in order.
  var commands: [(command: String, client: String)] {
    let log = (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? ""
    let text = log.utf8.dropFirst(mark.withLock { $0 })
    return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
      // 1795839956: dynsec: ID/admin | disableClient | username=pump-1
      guard line.contains("dynsec: ") else { return nil }
      let parts = line.components(separatedBy: " | ")
      guard parts.count >= 3, parts[2].hasPrefix("username=") else { return nil }
      return (parts[1], String(parts[2].dropFirst(9)))
    }
  }

  /// Forgets the commands so far.
  func clearLog() {
    let size = (try? Data(contentsOf: URL(fileURLWithPath: folder.path + "/log")).count) ?? 0
    mark.withLock { $0 = size }
  }

  /// Secrets for the administrator, in a file as the store wants it.
  func secrets() throws -> SecretStore {
    let file = try folder.write("admin-secret", "admin\n\(Self.adminPassword)\n")
    return try SecretStore(sources: ["broker-admin=file:\(file)"], environment: [:])
  }
}

extension MosquittoBroker {
  /// CPU seconds of the broker's process so far (proc(5), fields 14 and 15 of stat).
  var cpuSeconds: Double {
    guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return 0 }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return (Double(fields[11]) ?? 0) / 100 + (Double(fields[12]) ?? 0) / 100
  }
}
