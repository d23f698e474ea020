import Foundation
import PlaybookRunner

/// The program as built beside these tests.
enum BuiltProgram {
  static let path: String =
    ProcessInfo.processInfo.environment["FIREBREAK_BINARY"]
    ?? URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("firebreak").path
}

/// A fleet on a real broker, a case, and a plan that isolates it, as people have them on disk.
struct FleetScene {
  let broker: MosquittoBroker
  let folder: TemporaryFolder
  let devices: [String]
  var environment: [String: String] {
    var environment = ProcessInfo.processInfo.environment
    environment["FIREBREAK_CASE"] = folder.path + "/x.firebreak"
    environment["FIREBREAK_LOCKS"] = folder.path + "/locks"
    environment["FIREBREAK_JOURNAL_KEY"] = folder.path + "/journal.key"
    return environment
  }

  init(_ count: Int) async throws {
    devices = (1...count).map { "pump-\($0)" }
    broker = try await MosquittoBroker(clients: devices, logsCommands: true)
    folder = try TemporaryFolder()
    let rows = devices.map { "\($0),plant-1,no" } + (0..<(4 * count)).map { "other-\($0),plant-2,no" }
    let inventory = try folder.write(
      "inv.csv", "device,site,life_safety\n" + rows.joined(separator: "\n") + "\n")
    let log = try folder.write("a.log", "2026-04-07T09:00:00.000000+00:00 pump-1 relayd[1]: started\n")
    _ = try folder.write("admin", "admin\n\(MosquittoBroker.adminPassword)\n")
    // The playbook as delivered, without its pause between devices.
    let source = try String(
      contentsOf: Support.root.resolvingSymlinksInPath().appendingPathComponent(
        "Playbooks/isolate-device/playbook.yaml"), encoding: .utf8)
    _ = try folder.write(
      "playbook.yaml", source.replacingOccurrences(of: "rate_per_second: 100", with: "rate_per_second: 400")
    )
    try run("ingest", log, "--inventory", inventory)
    try run(
      "playbook", "plan", folder.path + "/playbook.yaml", "--targets", "site:plant-1", "--set",
      "broker=\(broker.url)",
      "--output", folder.path + "/p.plan")
  }

  var secret: [String] { ["--secret", "broker-admin=file:\(folder.path)/admin"] }

  @discardableResult func run(_ arguments: String..., accepting codes: Set<Int32> = [0]) throws -> String {
    let result = try ChildProcess.run(BuiltProgram.path, arguments, environment: environment)
    guard codes.contains(result.code) else {
      throw RunnerError(
        .unsupported, "\(arguments.prefix(3)): \(result.code) \(result.output.suffix(2000))")
    }
    return result.output
  }

  /// Starts a command and kills it after some milliseconds; true when it was still running.
  func killed(_ arguments: [String], after milliseconds: Int) async throws -> Bool {
    let process = try ChildProcess(
      BuiltProgram.path, arguments, output: folder.path + "/out", environment: environment)
    try await Task.sleep(for: .milliseconds(milliseconds))
    process.signal(SIGKILL)
    return process.wait() == 128 + SIGKILL
  }
}
