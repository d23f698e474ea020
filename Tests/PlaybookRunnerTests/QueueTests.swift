import IncidentModel
import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// Clocks that a test sets.
final class TestClock: RunClock {
  struct Times {
    var wall: Int64 = 1_780_272_000_000_000_000
    var monotonic: Int64 = 1_000_000_000_000
    var boot = "boot-1"
  }
  let times = Mutex(Times())
  func wallTime() -> Int64 { times.withLock { $0.wall } }
  func monotonicTime() -> Int64 { times.withLock { $0.monotonic } }
  var boot: String { times.withLock { $0.boot } }
  func sleep(nanoseconds: Int64) async { advance(nanoseconds) }
  /// Time goes by, on both clocks.
  func advance(_ nanoseconds: Int64) {
    times.withLock {
      $0.wall += nanoseconds
      $0.monotonic += nanoseconds
    }
  }
}

/// An inventory that a test changes.
final class TestInventory: InventorySource {
  let values = Mutex<[String: [String: String]]>([:])
  init(_ devices: [String], _ columns: [String: String]) {
    values.withLock { for device in devices { $0[device] = columns } }
  }
  func contains(_ device: String) -> Bool { values.withLock { $0[device] != nil } }
  func value(_ column: String, of device: String) -> String? { values.withLock { $0[device]?[column] } }
}

/// Names that a test changes.
final class Names: Sendable {
  private let names: Mutex<Set<String>>
  init(_ names: Set<String>) { self.names = Mutex(names) }
  var current: Set<String> { names.withLock { $0 } }
  func set(_ names: Set<String>) { self.names.withLock { $0 = names } }
}

@Suite struct QueueTests {
  private final class Scene: Sendable {
    let away: Names
    let fleet: SimulatedFleet
    let journal = MemoryJournal()
    let clock = TestClock()
    let plan: ExecutionPlan
    let inventory: TestInventory

    init(_ count: Int = 20, away names: Set<String>, extra: String = "") throws {
      let devices = (1...count).map { "d-\($0)" }
      let away = Names(names)
      self.away = away
      fleet = SimulatedFleet { device in away.current.contains(device) ? .unreachable : .none }
      plan = try fleet.plan(devices, extra: extra)
      inventory = TestInventory(devices, ["site": "plant-1", "model": "pump", "life_safety": "no"])
    }

    var environment: RunEnvironment {
      RunEnvironment(executors: fleet.executors, journal: journal, clock: clock, inventory: inventory)
    }
    func run() async throws -> RunSummary {
      try await PlaybookRun(plan, environment: environment, run: "r").execute()
    }
    func queue() throws -> QueueRun { try QueueRun(plan, environment: environment, run: "r") }
  }

  @Test func aDeviceThatComesBackIsVerifiedAndActedOn() async throws {
    let scene = try Scene(away: ["d-7", "d-9"])
    let summary = try await scene.run()
    #expect(summary.end == .succeeded && summary.counts == [.changed: 18, .skipped: 2], "\(summary)")
    #expect(try scene.queue().entries.map(\.target.device) == ["d-7", "d-9"])
    let before = scene.journal.all.count
    // Still away: nothing is said twice about a device.
    _ = try await scene.queue().pass()
    #expect(!scene.journal.all.dropFirst(before).contains { $0.target != nil })
    scene.away.set(["d-9"])
    let pass = try await scene.queue().pass()
    #expect(pass.counts[.changed] == 1 && scene.fleet.isolated.contains("d-7"), "\(pass)")
    #expect(try scene.queue().entries.map(\.target.device) == ["d-9"])
    scene.away.set([])
    // Somebody isolated it by hand meanwhile: it looks first and sends nothing.
    scene.fleet.state.withLock { _ = $0.isolated.insert("d-9") }
    let last = try await scene.queue().pass()
    #expect(last.counts == [.ok: 1] && scene.fleet.acts["d-9"] == nil)
    #expect(try scene.queue().entries.isEmpty)
    #expect(JournalChain.firstProblem(in: scene.journal.all) == nil)
  }

  /// What is not signed can be cut off without a trace; what only waits is not signed again and again.
  @Test func aPassThatDidSomethingEndsWithACheckpoint() async throws {
    let folder = try TemporaryFolder()
    let scene = try Scene(away: ["d-7", "d-9"])
    var environment = scene.environment
    environment.signer = try JournalSigner(keyFile: folder.path + "/key")
    func pass() async throws {
      _ = try await QueueRun(scene.plan, environment: environment, run: "r").pass()
    }
    func signed() -> Int { scene.journal.all.count { $0.kind == .checkpoint } }
    _ = try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    let before = signed()
    try await pass()
    #expect(signed() == before, "nobody was there")
    scene.away.set(["d-9"])
    try await pass()
    #expect(signed() == before + 1 && scene.journal.all.last?.kind == .checkpoint)
    #expect(JournalChain.firstProblem(in: scene.journal.all) == nil)
  }

  @Test func interlocksAreAskedAgainOfTheInventoryOfThatMoment() async throws {
    let scene = try Scene(
      away: ["d-7", "d-8"],
      extra: "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]")
    _ = try await scene.run()
    scene.away.set([])
    scene.inventory.values.withLock {
      $0["d-7"]?["life_safety"] = "yes"
      $0["d-8"] = nil
    }
    let pass = try await scene.queue().pass()
    #expect(pass.counts == [.skipped: 2], "\(pass)")
    #expect(scene.fleet.acts["d-7"] == nil && scene.fleet.acts["d-8"] == nil)
    #expect(scene.journal.all.suffix(4).contains { $0.target == "d-8" && $0.reason == "interlock" })
  }

  @Test func theTimeIsThatOfTheMonotonicClock() async throws {
    let hour: Int64 = 3_600_000_000_000
    let scene = try Scene(away: ["d-7"], extra: "queue_ms: 7200000")
    _ = try await scene.run()
    // Somebody sets the wall clock a year ahead, and back again: nothing expires, nothing lives longer.
    scene.clock.times.withLock { $0.wall += 8760 * hour }
    #expect(try scene.queue().entries.first?.left ?? 0 > hour)
    scene.clock.times.withLock { $0.wall -= 2 * 8760 * hour }
    #expect(try scene.queue().entries.first?.left ?? 0 > hour)
    scene.clock.times.withLock { $0.monotonic += 3 * hour }
    #expect(try scene.queue().entries.first?.left ?? 1 <= 0)
    scene.away.set([])
    let pass = try await scene.queue().pass()
    #expect(pass.counts == [.skipped: 1] && scene.fleet.acts["d-7"] == nil)
    #expect(scene.journal.all.contains { $0.target == "d-7" && $0.reason == "expired" })
    #expect(try scene.queue().entries.isEmpty)
  }

  @Test func afterARestartTheWallClockCountsAndABackwardOneMeansOver() async throws {
    let hour: Int64 = 3_600_000_000_000
    let scene = try Scene(away: ["d-7"], extra: "queue_ms: 7200000")
    _ = try await scene.run()
    scene.clock.times.withLock {
      $0.boot = "boot-2"
      $0.monotonic = 5_000_000_000
      $0.wall += hour
    }
    #expect(abs((try scene.queue().entries.first?.left ?? 0) - hour) < hour / 10)
    scene.clock.times.withLock { $0.wall -= 3 * hour }
    #expect(try scene.queue().entries.first?.left ?? 1 <= 0)
  }

  @Test func aHaltedRunsQueueWaits() async throws {
    let scene = try Scene(away: ["d-1"])
    #expect(try await scene.run().end == .halted)
    await #expect(throws: RunnerError.self) { try await scene.queue().pass() }
  }

  @Test func batteryAndWindowHoldBackAndTheDeviceWaits() async throws {
    let scene = try Scene(
      away: [],
      extra:
        "battery: {attribute: charge, floor: 30}\n        maintenance: {attribute: hours, utc_offset: Z}"
    )
    // The clock says Monday 2026-06-01 00:00 UTC.
    for device in (1...20).map({ "d-\($0)" }) {
      scene.inventory.values.withLock {
        $0[device]?["charge"] = "80"
        $0[device]?["hours"] = "Mon 00:00-04:00"
      }
    }
    scene.inventory.values.withLock {
      $0["d-5"]?["charge"] = "29"
      $0["d-6"]?["charge"] = nil
      $0["d-7"]?["hours"] = "Tue 00:00-04:00; Sun 12:00-23:00"
      $0["d-8"]?["hours"] = "whenever"
    }
    let summary = try await scene.run()
    #expect(summary.end == .succeeded && summary.counts == [.changed: 16, .skipped: 4], "\(summary)")
    let entries = try scene.queue().entries
    #expect(entries.map(\.reason) == ["battery", "battery", "window", "window"])
    scene.inventory.values.withLock {
      $0["d-5"]?["charge"] = "30"
      $0["d-8"]?["hours"] = "daily 00:00-24:00"
    }
    scene.clock.advance(3_600_000_000_000)
    let pass = try await scene.queue().pass()
    #expect(pass.counts[.changed] == 2, "\(pass)")
  }

  /// A charge of 3700 is in millivolts, and `nan` is what a failed reading leaves.
  @Test func aChargeThatIsNoPerCentHoldsBack() async throws {
    let scene = try Scene(away: [], extra: "battery: {attribute: charge, floor: 30}")
    let odd = ["nan", "NaN", "inf", "-inf", "3700", "500", "100.1", "-5", "1e3"]
    for index in 1...20 {
      scene.inventory.values.withLock {
        $0["d-\(index)"]?["charge"] =
          odd.indices.contains(index - 2) ? odd[index - 2] : index.isMultiple(of: 2) ? "100" : "30"
      }
    }
    let summary = try await scene.run()
    #expect(summary.counts == [.changed: 11, .skipped: 9], "\(summary)")
    let held = scene.journal.all.filter { $0.reason == "battery" }
    #expect(
      held.count == 9
        && held.allSatisfy { $0.detail.contains("no per cent") || $0.detail.contains("holds -") }, "\(held)")
  }

  @Test func aWaveWithoutAnOpenWindowStopsTheRunUntilOneOpens() async throws {
    let scene = try Scene(
      away: [], extra: "maintenance: {windows: [\"Mon 22:00-04:00\"], utc_offset: \"+00:00\"}")
    let first = try await scene.run()
    #expect(
      first.end == .interrupted && scene.fleet.isolated.isEmpty
        && first.reasons.contains { $0.contains("window") })
    scene.clock.advance(22 * 3_600_000_000_000 + 1)
    #expect(try await scene.run().end == .succeeded)
  }

  @Test func aGatewayIsNeverAskedForMoreThanItBears() async throws {
    let devices = (0..<60).map { "d-\($0)" }
    var inventory = Support.inventory([])
    inventory = .init(attributes: ["site", "gateway", "bytes"])
    for (index, device) in devices.enumerated() {
      inventory.append(device: device, row: ["s", index < 40 ? "gw-1" : "gw-2", "1000"])
    }
    final class Meter: Sendable {
      let now = Mutex<(inFlight: [String: Int], most: [String: Int])>(([:], [:]))
    }
    let meter = Meter()
    struct Executor: CommandExecutor {
      static let type = CommandType.bash
      let meter: Meter
      func planText(_ call: CommandCall) throws(RunnerError) -> String { call.command.text }
      func execute(_ call: CommandCall) async -> CommandAnswer {
        let gateway = Int(call.device?.dropFirst(2) ?? "0") ?? 0 < 40 ? "gw-1" : "gw-2"
        if call.command.text != "isolate" { return CommandAnswer(.done, text: "no", detail: "") }
        meter.now.withLock {
          $0.inFlight[gateway, default: 0] += 1
          $0.most[gateway] = max($0.most[gateway] ?? 0, $0.inFlight[gateway] ?? 0)
        }
        try? await Task.sleep(for: .milliseconds(3))
        meter.now.withLock { $0.inFlight[gateway, default: 0] -= 1 }
        return CommandAnswer(.done, text: "yes", detail: "")
      }
    }
    let executors = ExecutorSet([Executor(meter: meter)])
    func plan(_ extra: String) throws -> ExecutionPlan {
      try Planner(executors: executors).plan(
        try SimulatedFleet.playbook(
          extra:
            "waves: [\"rest\"]\n        failure_percent: 100\n        canary_failures: 1000\n        \(extra)"
        ),
        selection: TargetSelection(
          expression: "x", devices: devices.map { SelectedDevice(device: $0) }, inventory: inventory,
          caseDigest: "d"),
        options: .init(), now: Support.now)
    }
    _ = try await PlaybookRun(
      try plan("gateway_budget: {attribute: gateway, max_in_flight: 3}"),
      environment: RunEnvironment(executors: executors, journal: MemoryJournal()), run: "r"
    ).execute()
    let most = meter.now.withLock { $0.most }
    #expect(most == ["gw-1": 3, "gw-2": 3], "\(most)")
    // 1,000 bytes each at 20,000 a second: 40 devices of the larger gateway take two seconds less one device's share.
    let clock = TestClock()
    let start = clock.monotonicTime()
    let summary = try await PlaybookRun(
      try plan("gateway_budget: {attribute: gateway, bytes_per_second: 20000, bytes_attribute: bytes}"),
      environment: RunEnvironment(executors: executors, journal: MemoryJournal(), clock: clock), run: "b"
    ).execute()
    let seconds = Double(clock.monotonicTime() - start) / 1e9
    #expect(seconds >= 39.0 / 20 && seconds < 3, "\(seconds)")
    #expect(summary.counts.values.reduce(0, +) == 60)
  }
}
