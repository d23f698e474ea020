import Foundation
import PlaybookRunner
import Synchronization
import Testing

/// A real mosquitto with dynamic security on a free port of loopback, with some clients.
final class MosquittoBroker: Sendable {
  static let adminPassword = "s3cret-adm1n-Pw"
  let port: Int
  let folder: TemporaryFolder
  private let process: Mutex<ChildProcess?>

  init(clients: [String]) async throws {
    folder = try TemporaryFolder()
    port = try Support.freePort()
    process = Mutex(nil)
    let configuration = folder.path + "/dynamic-security.json"
    let made = try ChildProcess.run(
      "/usr/bin/mosquitto_ctrl", ["dynsec", "init", configuration, "admin", Self.adminPassword])
    guard made.code == 0 else { throw RunnerError(.unsupported, made.output) }
    let text = """
      user root
      listener \(port) 127.0.0.1
      allow_anonymous false
      plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so
      plugin_opt_config_file \(configuration)
      """
    _ = try folder.write("mosquitto.conf", text)
    try start()
    try await waitUntilUp()
    try await addClients(clients)
  }

  deinit { stop() }

  var url: String { "mqtt://127.0.0.1:\(port)" }

  func start() throws {
    let started = try ChildProcess(
      "/usr/sbin/mosquitto", ["-c", folder.path + "/mosquitto.conf"], output: folder.path + "/log")
    process.withLock { $0 = started }
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

  private func waitUntilUp() async throws {
    for _ in 0..<100 {
      let log = (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? ""
      if log.contains("running") { return }
      try await Task.sleep(for: .milliseconds(30))
    }
    throw RunnerError(.unsupported, "mosquitto does not start")
  }

  /// Adds clients with password "device-password" and a role that may do everything below `fleet/`.
  private func addClients(_ clients: [String]) async throws {
    let admin = try Client(port: port, user: "admin", password: Self.adminPassword)
    guard await admin.waitForConnection() else {
      throw RunnerError(.unsupported, "the administrator cannot connect")
    }
    func send(_ commands: String) {
      admin.publish("$CONTROL/dynamic-security/v1", "{\"commands\":[\(commands)]}")
    }
    send(
      """
      {"command":"createRole","rolename":"device","acls":[
      {"acltype":"publishClientSend","topic":"fleet/#","allow":true},
      {"acltype":"publishClientReceive","topic":"fleet/#","allow":true},
      {"acltype":"subscribePattern","topic":"fleet/#","allow":true}]}
      """)
    for start in stride(from: 0, to: clients.count, by: 100) {
      let batch = clients[start..<min(start + 100, clients.count)]
      send(
        batch.map {
          "{\"command\":\"createClient\",\"username\":\"\($0)\",\"password\":\"device-password\","
            + "\"roles\":[{\"rolename\":\"device\"}]}"
        }.joined(separator: ","))
    }
    await admin.waitUntilSent()
    admin.close()
  }

  /// Secrets for the administrator, in a file as the store wants it.
  func secrets() throws -> SecretStore {
    let file = try folder.write("admin-secret", "admin\n\(Self.adminPassword)\n")
    return try SecretStore(sources: ["broker-admin=file:\(file)"], environment: [:])
  }
}
