import IncidentModel
import PlaybookModel
import PlaybookRunner
import Testing

/// Whom lives hang on by the inventory is acted on only where the playbook asks for it, or the operator names the device.
@Suite struct LifeSafetyTests {
  private func inventory(_ columns: [String], _ rows: [String: [String]]) -> Inventory {
    var inventory = Inventory(attributes: ["site", "model"] + columns)
    for (device, values) in rows.sorted(by: { $0.key < $1.key }) {
      inventory.append(device: device, row: ["plant-1", "pump"] + values)
    }
    return inventory
  }

  private func plan(
    _ inventory: Inventory, _ step: StepFleet.Step = .init(name: "hold"), targets: [String]? = nil,
    including named: Set<String> = [], behind: [String: [String]] = [:]
  ) throws -> ExecutionPlan {
    var selection = Support.selection(targets ?? inventory.devices, inventory: inventory)
    selection.dependants = behind
    var options = Planner.Options()
    options.includesLifeSafety = { named.contains($0) }
    return try Planner(executors: StepFleet().executors).plan(
      try StepFleet.playbook([step]), selection: selection, options: options, now: Support.now)
  }

  /// However the column is called, and also where nothing stands in it.
  @Test(arguments: ["life_safety", "Life-Safety", "LIFE SAFETY", "lifeSafety", "life_safety_class"])
  func whoIsNotSaidToBeSafeIsLeftOutAndNamed(column: String) throws {
    let fleet = inventory(
      [column], ["a": ["no"], "b": ["yes"], "c": [""], "d": ["class 2"], "e": ["Nein"]])
    let made = try plan(fleet)
    #expect(made.targets.map(\.device) == ["a", "e"])
    #expect(
      made.refused.map(\.device) == ["b", "c", "d"] && made.refused.allSatisfy { $0.code == "life-safety" })
    #expect(made.refused[0].reason.contains("'\(column)' is 'yes'"))
  }

  @Test func whoIsNamedIsATargetAndThePlanSaysSo() throws {
    let fleet = inventory(["life_safety"], ["a": ["no"], "b": ["yes"], "c": ["yes"]])
    let made = try plan(fleet, including: ["a", "b"])
    #expect(made.targets.map(\.device) == ["a", "b"] && made.lifeSafety == ["b"])
    var text: [UInt8] = []
    made.write { text += Array($0.utf8) }
    #expect(try ExecutionPlan(reading: text, now: Support.now).lifeSafety == ["b"])
  }

  /// An interlock asks one column: what another one says is not known to it.
  @Test func anInterlockAnswersForItsOwnColumnOnly() throws {
    let lock = "interlocks: [{attribute: life_safety, require: [\"no\"], reason: people}]"
    let step = StepFleet.Step(name: "hold", rollout: lock)
    let one = try plan(inventory(["life_safety"], ["a": ["no"], "b": ["yes"]]), step, including: ["b"])
    #expect(one.targets.map(\.device) == ["a"] && one.refused.map(\.code) == ["interlock"])
    let two = inventory(["life_safety", "Life_Safety"], ["a": ["no", "no"], "b": ["no", "yes"]])
    #expect(try plan(two, step).targets.map(\.device) == ["a"])
    let allowed = StepFleet.Step(
      name: "hold", rollout: "interlocks: [{attribute: life_safety, require: [\"no\", \"yes\"]}]")
    #expect(try plan(inventory(["life_safety"], ["b": ["yes"]]), allowed).targets.count == 1)
    let other = StepFleet.Step(
      name: "hold", rollout: "interlocks: [{attribute: bound, require: [\"no\"], reason: a patient}]")
    let bound = inventory(["bound", "life_safety"], ["a": ["no", "no"], "b": ["no", "yes"]])
    #expect(try plan(bound, other).targets.map(\.device) == ["a"])
  }

  @Test func whoCutsSuchADeviceOffIsLeftOut() throws {
    let fleet = inventory(["life_safety"], ["a": ["no"], "gw": ["no"], "mon": ["yes"]])
    let behind = ["gw": ["mon"]]
    let made = try plan(fleet, targets: ["a", "gw"], behind: behind)
    #expect(made.targets.map(\.device) == ["a"] && made.refused[0].reason.hasPrefix("'mon' hangs on it"))
    let named = try plan(fleet, targets: ["a", "gw"], including: ["mon"], behind: behind)
    #expect(named.targets.map(\.device) == ["a", "gw"] && named.lifeSafety == ["mon"])
    #expect(Planner.whyNot(made, behind: ["mon"], inventory: fleet) != nil)
    #expect(Planner.whyNot(named, behind: ["mon"], inventory: fleet) == nil)
  }

  /// To look harms nobody, and what reaches everybody reaches the same without a name.
  @Test func whatActsOnNobodyLeavesNobodyOut() throws {
    let fleet = inventory(["life_safety"], ["a": ["no"], "b": ["yes"]])
    #expect(try plan(fleet, .init(name: "hold", activity: "scan-system")).targets.count == 2)
    let all = StepFleet.Step(name: "hold", rollout: "group: {reaches: everybody}")
    #expect(try plan(fleet, all).targets.count == 2)
  }
}
