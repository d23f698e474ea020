import Glibc
import IncidentModel

/// What may be otherwise in another's evidence of the same incident. Each keeps the truth, but for clocks.
struct Perturbation: Sendable {
  var words: String
  /// Changes evidence; returns seconds added to clocks, by name.
  var apply: @Sendable (inout EvidenceRows, inout Dice, Set<String>) -> [String: Double]

  static let none = Perturbation(words: "as given") { _, _, _ in [:] }

  static let noTopology = Perturbation(words: "no topology") { rows, _, _ in
    rows.base.topology = Topology(links: [])
    return [:]
  }

  static let halfTopology = Perturbation(words: "half of the topology's rows") { rows, dice, _ in
    rows.base.topology = Topology(links: rows.base.topology.links.filter { _ in dice.unit() < 0.5 })
    return [:]
  }

  static let noInventory = Perturbation(words: "no inventory") { rows, _, _ in
    rows.base.inventory = Inventory()
    return [:]
  }

  static let neither = Perturbation(words: "no topology, no inventory") { rows, _, _ in
    rows.base.topology = Topology(links: [])
    rows.base.inventory = Inventory()
    return [:]
  }

  /// Drops columns that name other entities, such as a gateway's.
  static let noReferences = Perturbation(words: "no inventory column that names entities") { rows, _, _ in
    let old = rows.base.inventory
    let names = Set(rows.base.devices)
    let kept = old.attributes.indices.filter { column in
      !old.values[column].contains { names.contains($0) }
    }
    rows.base.inventory = select(old, kept)
    return [:]
  }

  static let halfInventoryRows = Perturbation(words: "a third of the inventory's rows missing") {
    rows, dice, _ in
    let old = rows.base.inventory
    var fresh = Inventory(attributes: old.attributes)
    for row in 0..<old.count where dice.unit() > 0.33 {
      fresh.append(
        device: old.devices[row], row: old.attributes.indices.map { old.value(row: row, attribute: $0) })
    }
    rows.base.inventory = fresh
    return [:]
  }

  private static func select(_ old: Inventory, _ columns: [Int]) -> Inventory {
    var fresh = Inventory(attributes: columns.map { old.attributes[$0] })
    for row in 0..<old.count {
      fresh.append(device: old.devices[row], row: columns.map { old.value(row: row, attribute: $0) })
    }
    return fresh
  }

  static let lossy = Perturbation(words: "30 % of the messages lost") { rows, dice, _ in
    rows.rows.removeAll { _ in dice.unit() < 0.3 }
    return [:]
  }

  static let skewed = Perturbation(words: "a third of the clocks off by up to 10 min") { rows, dice, _ in
    var offset = [Double](repeating: 0, count: rows.base.devices.count)
    var added: [String: Double] = [:]
    for device in offset.indices where dice.unit() < 0.33 {
      offset[device] = (dice.unit() - 0.5) * 1200
      added[rows.base.devices[device]] = offset[device]
    }
    for index in rows.rows.indices where rows.rows[index].device >= 0 {
      rows.rows[index].time += Int64(offset[Int(rows.rows[index].device)] * 1e9)
    }
    return added
  }

  static let unrelated = Perturbation(words: "unrelated failures added, 5 % of the entities") {
    rows, dice, failed in
    let first = rows.rows.map(\.time).min() ?? 0
    let last = rows.rows.map(\.time).max() ?? 0
    let kinds = (0..<6).map {
      rows.template("peculiar defect \(["one", "two", "six", "ten", "nil", "odd"][$0]) <*>")
    }
    let healthy = rows.base.devices.indices.filter { !failed.contains(rows.base.devices[$0]) }
    for device in healthy where dice.unit() < 0.05 {
      let kind = kinds[Int(dice.next() % 6)]
      var time = first + Int64(dice.unit() * Double(last - first))
      for _ in 0..<(2 + dice.next() % 4) {
        rows.rows.append(
          .init(
            time: time, id: 10_000_000 + Int64(rows.rows.count), device: Int32(device), template: kind,
            severity: 3,
            basis: 2))
        time += Int64(dice.unit() * 40e9)
      }
    }
    return [:]
  }

  static let chatter = Perturbation(words: "twice as many messages, a tenth of them warnings") {
    rows, dice, _ in
    let first = rows.rows.map(\.time).min() ?? 0
    let last = rows.rows.map(\.time).max() ?? 0
    let kinds = (0..<20).map {
      rows.template("\($0 % 5) humming \("abcdefghijklmnopqrst".dropFirst($0).prefix(1)) <*>")
    }
    let speakers = Array(Set(rows.rows.map(\.device))).sorted()
    for _ in 0..<rows.rows.count {
      let kind = Int(dice.next() % 20)
      rows.rows.append(
        .init(
          time: first + Int64(dice.unit() * Double(last - first)), id: 20_000_000 + Int64(rows.rows.count),
          device: speakers[Int(dice.next() % UInt64(speakers.count))], template: kinds[kind],
          severity: kind < 2 ? 4 : 6, basis: 2))
    }
    return [:]
  }

  static let finer = Perturbation(words: "each template split in three") { rows, dice, _ in
    let count = rows.base.templateTexts.count
    for copy in 1...2 {
      for text in 0..<count {
        rows.base.templateTexts.append(rows.base.templateTexts[text] + " variant\(copy)")
        rows.base.templatePrograms.append(rows.base.templatePrograms[text])
      }
    }
    for index in rows.rows.indices { rows.rows[index].template += Int32(count) * Int32(dice.next() % 3) }
    return [:]
  }

  static let bare = Perturbation(words: "no severities") { rows, _, _ in
    for index in rows.rows.indices { rows.rows[index].severity = 255 }
    return [:]
  }

  static let flat = Perturbation(words: "every severity info") { rows, _, _ in
    for index in rows.rows.indices { rows.rows[index].severity = 6 }
    return [:]
  }

  static let lateStart = Perturbation(words: "the evidence begins 10 min before the first failure") {
    rows, _, failed in
    let names = Set(
      rows.base.devices.indices.filter { failed.contains(rows.base.devices[$0]) }.map { Int32($0) })
    let loud = rows.rows.filter { $0.severity <= 3 && names.contains($0.device) }.map(\.time).sorted()
    guard let moment = loud.first.map({ _ in loud[loud.count / 50] }) else { return [:] }
    rows.rows.removeAll { $0.time < moment - 600_000_000_000 }
    return [:]
  }

  static let longer = Perturbation(words: "a long quiet past before it") { rows, dice, failed in
    // The first tenth of the window, forty times before itself.
    let first = rows.rows.map(\.time).min() ?? 0
    let last = rows.rows.map(\.time).max() ?? 0
    let part = (last - first) / 10
    let past = rows.rows.filter { $0.time < first + part && $0.severity > 3 }
    for turn in 1...40 {
      for var row in past {
        row.time -= Int64(turn) * part
        row.time += Int64((dice.unit() - 0.5) * 20e9)
        row.id = 30_000_000 + Int64(rows.rows.count)
        row.tokens = []
        rows.rows.append(row)
      }
    }
    // Errors and single failures go on at the rate of the window itself, on any entity that did not fail.
    let healthy = rows.base.devices.indices.filter { !failed.contains(rows.base.devices[$0]) }.map {
      Int32($0)
    }
    let isHealthy = Set(healthy)
    let errors = rows.rows.filter { $0.time >= first && $0.severity <= 3 && isHealthy.contains($0.device) }
    for turn in 1...4 {
      var stand: [Int32: Int32] = [:]
      for var row in errors {
        let other = stand[row.device] ?? healthy[Int(dice.next() % UInt64(healthy.count))]
        stand[row.device] = other
        row.device = other
        row.time -= Int64(turn) * (last - first)
        row.id = 35_000_000 + Int64(rows.rows.count)
        row.tokens = []
        rows.rows.append(row)
      }
    }
    return [:]
  }

  static let all: [Perturbation] = [
    none, noTopology, halfTopology, noInventory, noReferences, halfInventoryRows, neither, lossy, skewed,
    unrelated,
    chatter, finer, bare, flat, lateStart, longer,
  ]

  /// One incident beside another: names and templates of the second are others, and it begins `shift` seconds later.
  static func merged(_ a: IncidentEvidence, _ b: IncidentEvidence, shift: Double) -> IncidentEvidence {
    var rows = EvidenceRows(a)
    let other = EvidenceRows(b)
    let devices = Int32(a.devices.count)
    let templates = Int32(a.templateTexts.count)
    rows.base.devices += b.devices.map { "w-" + $0 }
    rows.base.templateTexts += b.templateTexts.map { $0 + " w" }
    rows.base.templatePrograms += b.templatePrograms
    rows.base.topology.links += b.topology.links.map {
      .init(from: "w-" + $0.from, to: "w-" + $0.to, kind: "w" + $0.kind)
    }
    let names = Set(b.devices)
    var inventory = Inventory(attributes: a.inventory.attributes)
    for row in 0..<a.inventory.count {
      inventory.append(
        device: a.inventory.devices[row],
        row: a.inventory.attributes.indices.map { a.inventory.value(row: row, attribute: $0) })
    }
    for row in 0..<b.inventory.count {
      inventory.append(
        device: "w-" + b.inventory.devices[row],
        row: a.inventory.attributes.map { attribute in
          guard let column = b.inventory.attributes.firstIndex(of: attribute) else { return "" }
          let value = b.inventory.value(row: row, attribute: column)
          return names.contains(value) ? "w-" + value : value
        })
    }
    rows.base.inventory = inventory
    let move = (a.times.first ?? 0) - (b.times.first ?? 0) + Int64(shift * 1e9)
    for var row in other.rows {
      row.time += move
      row.id += 40_000_000
      row.device = row.device < 0 ? row.device : row.device + devices
      row.template += templates
      row.mentions = row.mentions.map { $0 + devices }
      rows.rows.append(row)
    }
    return rows.evidence()
  }
}
