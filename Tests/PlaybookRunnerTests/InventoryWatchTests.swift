import PlaybookModel
import PlaybookRunner
import Synchronization
import Testing

/// What somebody puts right in the inventory while a run goes on holds for the devices whose turn comes after it.
@Suite struct InventoryWatchTests {
  /// An inventory that is corrected when so many devices were acted on.
  private final class Corrected: InventorySource {
    struct Unreadable: Error, CustomStringConvertible { let description = "the disk is gone" }
    private let isCorrected: @Sendable () -> Bool
    private let correction: @Sendable (String) -> String?
    private let protections: [String: String]
    private let isReadable: Bool
    private let isLast: Bool

    init(
      isLast: Bool = false, isReadable: Bool = true, protections: [String: String] = [:],
      when isCorrected: @escaping @Sendable () -> Bool, _ correction: @escaping @Sendable (String) -> String?
    ) {
      self.isCorrected = isCorrected
      self.correction = correction
      self.protections = protections
      self.isReadable = isReadable
      self.isLast = isLast
    }
    func contains(_ device: String) -> Bool { true }
    func value(_ column: String, of device: String) -> String? { (isLast ? correction(device) : nil) ?? "no" }
    func protection(of device: String) -> String? { isLast ? protections[device] : nil }
    func renewed() throws -> (any InventorySource)? {
      guard !isLast, isCorrected() else { return nil }
      guard isReadable else { throw Unreadable() }
      return Corrected(isLast: true, protections: protections, when: isCorrected, correction)
    }
  }

  private let names = (1...20).map { "d-\($0)" }
  private let rollout =
    "waves: [\"1\", \"5\", rest]\n        interlocks: [{attribute: life_safety, require: [\"no\"], reason: people depend on it}]"

  private func scene(rate: Int = 1_000_000) throws -> StepScene {
    try StepScene([StepFleet.Step(name: "isolate", rollout: rollout, rate: rate)])
  }

  private func run(_ scene: StepScene, _ inventory: Corrected) async throws -> (
    summary: RunSummary, notes: [String]
  ) {
    let notes = Mutex<[String]>([])
    var environment = scene.environment()
    environment.inventory = inventory
    environment.progress = { progress in
      if case .note(let text) = progress { notes.withLock { $0.append(text) } }
    }
    let summary = try await PlaybookRun(scene.plan, environment: environment, run: "r").execute()
    return (summary, notes.withLock { $0 })
  }

  @Test func aDeviceThatIsFoundToBeOfLifeSafetyIsLeftAloneFromTheNextWaveOn() async throws {
    let scene = try scene()
    let locked: Set<String> = ["d-3", "d-9", "d-20"]
    let fleet = scene.fleet
    let inventory = Corrected(when: { fleet.inForce.count >= 6 }) { locked.contains($0) ? "yes" : nil }
    let (summary, notes) = try await run(scene, inventory)
    #expect(summary.end == .succeeded && summary.counts == [.changed: 18, .skipped: 2], "\(summary)")
    for device in ["d-9", "d-20"] {
      #expect(scene.results(device) == ["skipped interlock"] && fleet.count("do isolate \(device)") == 0)
    }
    // Nobody is let in again unasked; who was acted on before is named.
    #expect(fleet.inForce.contains("isolate d-3"))
    let note = try #require(scene.journal.all.first { $0.reason == "inventory" })
    #expect(note.kind == .note && note.wave == 3 && notes == [note.detail])
    #expect(note.detail.contains("3 of 20 targets are left alone from here on: d-3 (people depend on it"))
    #expect(note.detail.contains("1 of those were acted on before: d-3; 'firebreak playbook undo r'"))
  }

  @Test func aProtectionThatNoInterlockAsksForHoldsToo() async throws {
    let scene = try scene()
    let fleet = scene.fleet
    let inventory = Corrected(protections: ["d-2": "it is a broker"], when: { fleet.inForce.count >= 1 }) {
      _ in nil
    }
    #expect(try await run(scene, inventory).summary.counts == [.changed: 19, .skipped: 1])
    #expect(scene.results("d-2") == ["skipped protected"] && fleet.count("do isolate d-2") == 0)
  }

  @Test func aLongWaveIsNotWaitedFor() async throws {
    // One device a second: the correction comes in the middle of the last wave.
    let scene = try scene(rate: 1)
    let fleet = scene.fleet
    let inventory = Corrected(when: { fleet.inForce.count >= 8 }) { $0 == "d-19" ? "yes" : nil }
    #expect(try await run(scene, inventory).summary.counts == [.changed: 19, .skipped: 1])
    #expect(scene.results("d-19") == ["skipped interlock"])
  }

  @Test func whereItCannotBeReadNothingMoreIsBegun() async throws {
    let scene = try scene()
    let fleet = scene.fleet
    let inventory = Corrected(isReadable: false, when: { fleet.inForce.count >= 6 }) { _ in nil }
    let (summary, _) = try await run(scene, inventory)
    #expect(summary.end == .interrupted && fleet.inForce.count == 6, "\(summary)")
    #expect(summary.reasons.contains { $0.contains("the disk is gone") })
    #expect(try await scene.run().counts == [.changed: 20])
  }

  @Test func aGroupThatHoldsOneNowIsNotActedOn() async throws {
    let group =
      "group: {reaches: all}\n        "
      + rollout.split(separator: "\n").dropFirst().joined().drop { $0 == " " }
    let scene = try StepScene([StepFleet.Step(name: "isolate", rollout: group)])
    let inventory = Corrected(when: { true }) { $0 == "d-4" ? "yes" : nil }
    let (summary, _) = try await run(scene, inventory)
    #expect(summary.end == .halted && scene.fleet.inForce.isEmpty, "\(summary)")
  }
}
