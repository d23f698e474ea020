import IncidentModel
import PlaybookModel
import PlaybookRunner
import Testing

/// Whoever signs a plan can see everything that will be run, and what stops it.
@Suite struct ShownPlanTests {
  @Test func theCommandsOfGatesAndOfEveryLookAreAmongThePlans() throws {
    let gate =
      "soak_ms: 60000\n        gate: {commands: [{type: bash, command: see health}], expect: {contains: \"yes\"}}"
    let fleet = StepFleet()
    let plan = try fleet.plan([.init(name: "isolate", rollout: gate, within: 30_000)], ["d-1", "d-2"])
    let planner = Planner(executors: fleet.executors)
    #expect(planner.commands(plan, target: nil).map { "\($0.role) \($0.text)" } == ["gate see health -"])
    #expect(
      planner.commands(plan, target: plan.targets[0]).map(\.text)
        == ["do isolate d-1", "see isolate d-1", "un isolate d-1", "gone isolate d-1"])
    let (step, action) = plan.actionSteps[0]
    let conditions = planner.conditions(of: step, action, in: plan)
    for part in [
      "verify: in force when the answer holds 'yes', looked for up to 30 s",
      "undone: taken back when the answer holds 'yes'",
      "gate: after each wave; opens when the answer holds 'yes'", "soak: 60 s", "retries: 0",
      "stops: above 0 failures in the first wave, 2 % in later ones, 20 % out of reach", "queue: ",
    ] {
      #expect(conditions.contains { $0.contains(part) }, "\(part): \(conditions)")
    }
  }

  /// Every command that a run of a shipped playbook can send is among those that its plan shows.
  @Test func nothingOfAPlaybooksCommandsIsHidden() throws {
    let names = ["d-1"] + (0..<100).map { "other-\($0)" }
    let store = try SecretStore(sources: [], environment: [:])
    let executors = ExecutorSet.all(secrets: store, prompter: FixedAnswer(.nobody))
    for (name, values) in [
      ("isolate-device", ["__broker__": "mqtt://10.0.0.5:1883"]),
      ("decommission", ["__broker__": "mqtt://10.0.0.5:1883"]),
    ] {
      var inventory = Inventory(attributes: ["life_safety", "in_use"])
      for device in names { inventory.append(device: device, row: ["no", "no"]) }
      let plan = try Planner(executors: executors).plan(
        try Support.playbook(name), selection: Support.selection(["d-1"], inventory: inventory),
        options: .init(variables: values), now: Support.now)
      let shown = Planner(executors: executors).commands(plan, target: plan.targets[0])
      let wanted = plan.actionSteps.reduce(0) { sum, entry in
        let rollout = entry.action.rollout
        return sum + entry.action.commands.count + (rollout?.verification?.commands.count ?? 0)
          + (rollout?.inverse?.commands.count ?? 0) + (rollout?.inverse?.verification?.commands.count ?? 0)
      }
      #expect(shown.count == wanted && wanted > 3, "\(name): \(shown)")
    }
  }
}
