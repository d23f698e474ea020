import IncidentModel

/// A large incident straight in columns: an update, its cohort failing, gateways going down, and everyday life.
///
/// About ten events a device. Made without strings per event, so that making it costs less than tracing it.
enum LargeFleet {
  static func evidence(devices count: Int, seed: UInt64 = 5) -> IncidentEvidence {
    var evidence = IncidentEvidence()
    var dice = Dice(state: seed)
    let perGateway = 100
    let gateways = max(1, count / perGateway)
    for device in 0..<count { evidence.devices.append("d\(device)") }
    for gateway in 0..<gateways { evidence.devices.append("g\(gateway)") }
    evidence.devices.append("updater")
    let updater = Int32(evidence.devices.count - 1)
    evidence.templateTexts = [
      "beat <*>", "sample <*>", "updated to <*>", "fault at <*>", "restart <*>", "cannot reach <*>",
      "queue at <*>",
      "overrun <*>", "wave <*> begins",
    ]
    evidence.templatePrograms = Array(repeating: "", count: evidence.templateTexts.count)
    let severities: [UInt8] = [6, 6, 6, 2, 3, 3, 4, 2, 6]
    var inventory = Inventory(attributes: ["kind", "build", "board", "spot"])
    for device in 0..<count {
      inventory.append(
        device: "d\(device)",
        row: ["unit", device % 3 == 0 ? "b2" : "b1", device % 2 == 0 ? "x" : "y", "s\(device % 50)"])
    }
    for gateway in 0..<gateways { inventory.append(device: "g\(gateway)", row: ["hub", "-", "-", "-"]) }
    inventory.append(device: "updater", row: ["svc", "-", "-", "-"])
    evidence.inventory = inventory
    for device in 0..<count {
      evidence.topology.links.append(
        .init(from: "g\(min(gateways - 1, device / perGateway))", to: "d\(device)", kind: "serves"))
    }
    var events: [(time: Int64, device: Int32, template: Int32)] = []
    events.reserveCapacity(count * 11)
    func add(_ seconds: Double, _ device: Int32, _ template: Int32) {
      events.append((1_700_000_000_000_000_000 + Int64(seconds * 1e9), device, template))
    }
    add(3000, updater, 8)
    for device in 0..<Int32(count) {
      let gateway = min(gateways - 1, Int(device) / perGateway)
      let isChanged = device % 3 == 0
      let isVictim = gateway % 4 == 0
      for _ in 0..<8 { add(dice.unit() * 7200, device, Int32(dice.next() % 2)) }
      if isChanged {
        let at = 3010 + dice.unit() * 1200
        add(at, device, 2)
        if device % 2 == 0 {
          let failure = at + 20 + dice.unit() * 200
          for turn in 0..<4 { add(failure + Double(turn) * 25, device, turn % 2 == 0 ? 3 : 4) }
          continue
        }
      }
      if isVictim {
        let failure = 4300 + dice.unit() * 120
        for turn in 0..<4 { add(failure + Double(turn) * 25, device, turn % 2 == 0 ? 5 : 6) }
      }
    }
    for gateway in 0..<gateways where gateway % 4 == 0 {
      for turn in 0..<3 { add(4290 + dice.unit() * 5 + Double(turn) * 30, Int32(count + gateway), 7) }
    }
    events.sort { ($0.time, $0.device, $0.template) < ($1.time, $1.device, $1.template) }
    evidence.times = events.map(\.time)
    evidence.eventDevices = events.map(\.device)
    evidence.eventTemplates = events.map(\.template)
    evidence.eventIDs = events.indices.map { Int64($0 + 1) }
    evidence.severities = events.map { severities[Int($0.template)] }
    evidence.identityBases = Array(repeating: 1, count: events.count)
    evidence.timeErrorLog2 = Array(repeating: 20, count: events.count)
    return evidence
  }
}
