import IncidentModel
import PlaybookModel
import PlaybookRunner
import Testing

@Suite struct InterlockTests {
  /// Inventories say yes in many ways; an interlock that names one of them means all.
  @Test func whatIsRefusedIsRefusedHoweverItIsWritten() throws {
    let fleet = SimulatedFleet()
    var inventory = Inventory(attributes: ["site", "model", "life_safety"])
    let forbidden = ["yes", "Yes", "YES", " yes ", "y", "TRUE", "1", "on", "ja", "Oui", "SÍ", "Ward", "wARD"]
    let free = ["no", "0", "false", "nein", "yesterday", "warden"]
    let values = forbidden + free
    for (index, value) in values.enumerated() {
      inventory.append(device: "pump-\(index)", row: ["plant-1", "pump", value])
    }
    let devices = values.indices.map { "pump-\($0)" }
    func targets(_ lock: String) throws -> [String] {
      try Planner(executors: fleet.executors).plan(
        try SimulatedFleet.playbook(extra: "interlocks: [{attribute: life_safety, \(lock)}]"),
        selection: Support.selection(devices, inventory: inventory), options: .init(), now: Support.now
      ).targets.map(\.device)
    }
    #expect(try targets("refuse: [\"Yes\", \"ward\"]") == Array(devices.dropFirst(forbidden.count)))
    #expect(
      try !targets("refuse: [\"false\"]").contains {
        devices[forbidden.count..<forbidden.count + 4].contains($0)
      })
    // What may be touched is named, and nothing like it is enough.
    #expect(try targets("require: [\"no\"]") == ["pump-\(forbidden.count)"])
  }
}
