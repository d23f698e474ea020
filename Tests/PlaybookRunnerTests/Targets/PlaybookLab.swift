import Foundation
import IncidentModel
import PlaybookModel
import PlaybookRunner
import Testing

/// Time that runs faster than the world's: a soak of a minute is over in a moment. Commands have their real time.
struct FastClock: RunClock {
  private let inner = SystemClock()
  private let start = SystemClock().monotonicTime()
  let scale: Int64
  init(scale: Int64 = 2000) { self.scale = scale }
  func wallTime() -> Int64 { inner.wallTime() }
  func monotonicTime() -> Int64 { start + (inner.monotonicTime() - start) * scale }
  func sleep(nanoseconds: Int64) async { await inner.sleep(nanoseconds: max(1, nanoseconds / scale)) }
}

/// Runs the playbooks of the project, as they are, on real targets.
struct PlaybookLab {
  let folder: TemporaryFolder
  let secrets: SecretStore
  let executors: ExecutorSet
  let journal = MemoryJournal()
  var clock: any RunClock = FastClock()
  /// Sees the progress of runs, and may disturb them.
  var onProgress: @Sendable (RunProgress) -> Void = { _ in }

  init(
    _ folder: TemporaryFolder, secrets sources: [String] = [], knownHosts: String = "/dev/null",
    namespace: String? = nil, transport: TransportSecurity = TransportSecurity()
  ) throws {
    self.folder = folder
    secrets = try SecretStore(sources: sources, environment: [:])
    executors = ExecutorSet.all(
      secrets: secrets, prompter: FixedAnswer(.nobody), knownHosts: knownHosts, networkNamespace: namespace,
      transport: transport)
  }

  /// A plan for devices with these columns; `life_safety` and `in_use` are `no` where not given. The inventory has a
  /// hundred devices more.
  func plan(
    _ playbook: String, _ devices: [String], _ columns: [String: (String) -> String] = [:],
    set values: [String: String] = [:], now: Int64 = Support.now
  ) throws -> ExecutionPlan {
    let names = Set(columns.keys).union(["life_safety", "in_use"]).sorted()
    var inventory = Inventory(attributes: names)
    for device in devices {
      inventory.append(device: device, row: names.map { columns[$0]?(device) ?? "no" })
    }
    for index in 0..<100 { inventory.append(device: "other-\(index)", row: names.map { _ in "" }) }
    let selection = Support.selection(devices, inventory: inventory)
    var variables: [String: String] = [:]
    for (name, value) in values { variables["__\(name)__"] = value }
    return try Planner(executors: executors).plan(
      try Support.playbook(playbook), selection: selection, options: .init(variables: variables),
      now: now)
  }

  private var environment: RunEnvironment {
    RunEnvironment(
      executors: executors, journal: journal, clock: clock, masker: secrets.masker,
      folder: folder.path + "/run", progress: onProgress)
  }

  /// Begins a run as the program does: what it needs is looked at first.
  func run(_ plan: ExecutionPlan, id: String = "r") async throws -> RunSummary {
    var environment = environment
    environment.lacking = try Preflight(plan, executors: executors).check(secrets).devices
    return try await PlaybookRun(plan, environment: environment, run: id).execute()
  }

  func undo(
    _ plan: ExecutionPlan, id: String = "r", expiredOnly: Bool = false
  ) async throws -> RunSummary {
    try await UndoRun(plan, environment: environment, run: id, expiredOnly: expiredOnly).execute()
  }

  /// What the journal says, for messages of failing tests.
  var story: String {
    journal.all.map { record in
      let outcome = record.outcome.map { " \($0.rawValue)" } ?? ""
      return
        "\(record.kind.rawValue) \(record.target ?? "")\(outcome) \(record.reason ?? ""): \(record.detail)"
    }.joined(separator: "\n")
  }

  /// Plan, journal and everything in the run's folder, to look for what must not be there.
  func everythingWritten(_ plan: ExecutionPlan) throws -> String {
    var text = story
    plan.write { text += $0 }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path + "/run") {
      text += try String(contentsOfFile: folder.path + "/run/" + name, encoding: .utf8)
    }
    return text
  }
}

/// A bash line; its output and status.
func shell(_ line: String, _ environment: [String: String] = [:]) throws -> (code: Int32, output: String) {
  try ChildProcess.run(
    "/bin/bash", ["-o", "pipefail", "-c", line],
    environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"].merging(environment) { $1 })
}
