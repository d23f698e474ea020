import Foundation
import IncidentModel
import Testing

@testable import IncidentSimulation

@Suite struct SimulationTests {
  static let names = Scenario.all.map(\.name)
  /// Scenarios in which something happens.
  static let incidents = names.filter { $0 != "quiet" }

  @Test(arguments: names) func sameSettingsGiveTheSameBytes(_ name: String) throws {
    let scratch = ScratchFolder()
    let settings = SimulationSettings(scenario: name, devices: 90, seed: 11)
    let first = try ScratchFolder.contents(of: scratch.simulate(settings, into: "a"))
    let second = try ScratchFolder.contents(of: scratch.simulate(settings, into: "b"))
    #expect(first.map(\.name) == second.map(\.name))
    for (a, b) in zip(first, second) { #expect(a.data == b.data, "\(a.name)") }
  }

  @Test func anotherSeedGivesAnotherIncident() throws {
    let scratch = ScratchFolder()
    let one = try Truth(folder: scratch.simulate(SimulationSettings(scenario: "worm", devices: 90, seed: 1)))
    let two = try Truth(
      folder: scratch.simulate(SimulationSettings(scenario: "worm", devices: 90, seed: 2), into: "b"))
    #expect(one.onsets != two.onsets)
  }

  /// Guards against a platform or a compiler that changes the dice: these are the words of SplitMix64's finaliser.
  @Test func diceAreTheSameOnEveryMachine() {
    #expect(Chance.mixed(1) == 0x5692_161D_100B_05E5)
    let chance = Chance(seed: 42)
    #expect(chance.unit(7, .model) == Chance(seed: 42).unit(7, .model))
    #expect(abs(Chance.logarithm(10) - 2.302_585_092_994_046) < 1e-13)
    #expect(abs(Chance.logarithm(1e-17) + 39.143_946_580_898_78) < 1e-12)
  }

  @Test func diceAreEven() {
    let chance = Chance(seed: 3)
    var sum = 0.0
    var exponential = 0.0
    for index in 0..<20_000 {
      sum += chance.unit(index, .model)
      exponential += chance.exponential(index, .download)
    }
    #expect(abs(sum / 20_000 - 0.5) < 0.01)
    #expect(abs(exponential / 20_000 - 1) < 0.03)
  }

  @Test(arguments: incidents, [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
  func truthIsConsistent(_ name: String, _ seed: UInt64) throws {
    let scratch = ScratchFolder()
    var settings = SimulationSettings(scenario: name, devices: 240, seed: seed)
    settings.events = 6000
    let folder = try scratch.simulate(settings)
    let truth = try Truth(folder: folder)
    let start = try #require(Scenario.named(name)).start
    let end = start.adding(seconds: Double(try #require(Scenario.named(name)).duration)).description
    #expect(truth.n_failed == truth.onsets.count)
    #expect(truth.n_failed > (["dependency-failure", "metric-degradation"].contains(name) ? 4 : 20))
    #expect(truth.onsets.values.allSatisfy { $0 >= start.description && $0 <= end })
    #expect(Set(truth.observable).isSubset(of: truth.onsets.keys))
    #expect(truth.observable.count * 10 > truth.onsets.count * 5)
    #expect(!truth.origins.isEmpty)
    #expect(Set(truth.decoys.keys).isDisjoint(with: truth.onsets.keys))
    var parents: [String: String] = [:]
    for edge in truth.edges {
      #expect(parents.updateValue(edge.from, forKey: edge.to) == nil, "one parent each")
      let child = try #require(truth.onsets[edge.to])
      if let parent = truth.onsets[edge.from] { #expect(parent <= child, "\(edge)") }
    }
    for failed in truth.onsets.keys {
      var node = failed
      var steps = 0
      while let parent = parents[node], steps <= truth.n {
        node = parent
        steps += 1
      }
      #expect(steps <= truth.n, "edges are acyclic")
      #expect(truth.hops[failed] != nil)
    }
    if let phases = truth.phases { #expect(phases.map(\.start) == phases.map(\.start).sorted()) }
    let listed = try inventory(folder)
    #expect(listed.count == truth.n)
    #expect(Set(truth.onsets.keys).isSubset(of: listed))
  }

  private func inventory(_ folder: String) throws -> Set<String> {
    let text = try String(contentsOfFile: folder + "/inventory.csv", encoding: .utf8)
    let lines = text.split(separator: "\n").dropFirst()
    return Set(lines.map { String($0.prefix { $0 != "," }) })
  }

  @Test func nothingFailsInAQuietNight() throws {
    let scratch = ScratchFolder()
    let truth = try Truth(
      folder: scratch.simulate(SimulationSettings(scenario: "quiet", devices: 400, seed: 9)))
    #expect(truth.n_failed == 0 && truth.origins.isEmpty && truth.edges.isEmpty)
    #expect(!truth.decoys.isEmpty)
  }

  @Test func anExpiredCertificateTakesEverybodyWithinASecond() throws {
    let simulation = try Simulation(SimulationSettings(scenario: "certificate-expiry", devices: 200, seed: 9))
    let onsets = simulation.course.onset.filter { $0 != Course.never }
    let first = try #require(onsets.min())
    let last = try #require(onsets.max())
    #expect(last - first < 1_000_000_000)
    #expect(onsets.count > 180)
  }

  @Test(arguments: names) func writesAboutAsManyEventsAsAsked(_ name: String) throws {
    var settings = SimulationSettings(scenario: name, devices: 300, seed: 5)
    settings.events = 60_000
    let scratch = ScratchFolder()
    let summary = try Simulation(settings).write(to: scratch.path)
    #expect(abs(Double(summary.events) / 60_000 - 1) < 0.1)
  }

  @Test func phasesOfTheChainComeInOrder() throws {
    let scratch = ScratchFolder()
    let truth = try Truth(
      folder: scratch.simulate(SimulationSettings(scenario: "firmware-cascade", devices: 400, seed: 9)))
    let order = [
      "trigger", "mass_update", "device_failure", "cloud_overload", "connectivity_loss", "monitoring_failure",
    ]
    #expect(truth.phases?.map(\.name) == order)
    #expect(truth.primary_origin == "ota-hub")
    #expect(truth.common_cause?.first?.attribute == "firmware")
    #expect(truth.counterfactuals?.count == Simulation.policies.count)
    let halted = try #require(truth.counterfactual)
    #expect(halted.failed_counterfactual < halted.failed_actual / 5)
  }

  @Test func oneWaveForAllIsTheIncidentItself() throws {
    var settings = SimulationSettings(scenario: "firmware-cascade", devices: 300, seed: 4)
    settings.duration = 36_000
    let simulation = try Simulation(settings)
    let all = try #require(simulation.failures(under: RolloutPolicy(waves: [1], soak: 60, haltAbove: 0.05)))
    let actual = simulation.course.onset.count { $0 != Course.never }
    #expect(abs(all - actual) <= 2)
  }

  @Test(arguments: names, [1, 2, 3]) func tinyFleetsWork(_ name: String, _ devices: Int) throws {
    let scratch = ScratchFolder()
    let summary = try Simulation(SimulationSettings(scenario: name, devices: devices, seed: 1)).write(
      to: scratch.path)
    #expect(summary.entities > devices)
    _ = try Truth(folder: scratch.path)
  }

  @Test func refusesBadSettings() {
    var settings = SimulationSettings(scenario: "worm", devices: 0, seed: 1)
    #expect(throws: SimulationError.self) { try Simulation(settings) }
    settings.devices = 5
    settings.missing = 0.9
    #expect(throws: SimulationError.self) { try Simulation(settings) }
    settings = SimulationSettings(scenario: "flood", devices: 5, seed: 1)
    #expect { try Simulation(settings) } throws: { "\($0)".contains("firmware-cascade") }
  }

  @Test func whenStoppedItLeavesTheFolderEmpty() throws {
    let scratch = ScratchFolder()
    let simulation = try Simulation(SimulationSettings(scenario: "worm", devices: 60, seed: 1))
    #expect { try simulation.write(to: scratch.path, progress: { $0 < 0.5 }) } throws: {
      ($0 as? SimulationError)?.code == .stopped
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
  }

  @Test func refusesAFolderThatIsNotEmpty() throws {
    let scratch = ScratchFolder()
    let settings = SimulationSettings(scenario: "worm", devices: 10, seed: 1)
    _ = try Simulation(settings).write(to: scratch.path)
    #expect { try Simulation(settings).write(to: scratch.path) } throws: {
      ($0 as? SimulationError)?.code == .outputExists
    }
  }
}
