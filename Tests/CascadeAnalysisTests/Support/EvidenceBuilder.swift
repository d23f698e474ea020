import IncidentModel

/// Collects events in any order and makes `IncidentEvidence` of them, as the store does for the product.
struct EvidenceBuilder {
  private struct Raw {
    var time: Int64
    var id: Int64
    var device: Int32
    var template: Int32
    var severity: UInt8
    var variables: [String]
    var actor: Int32?
  }
  private var result = IncidentEvidence()
  private var deviceIndex: [String: Int32] = [:]
  private var templateIndex: [String: Int32] = [:]
  private var raw: [Raw] = []
  /// Identity basis given to all events.
  var basis = IdentityBasis.selfAsserted

  /// The links so far.
  var links: [Topology.Link] { result.topology.links }

  init() {}

  mutating func device(_ name: String) -> Int32 {
    if let known = deviceIndex[name] { return known }
    let index = Int32(result.devices.count)
    deviceIndex[name] = index
    result.devices.append(name)
    return index
  }

  mutating func inventory(csv: String) {
    let rows = csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }
    guard let header = rows.first else { return }
    var inventory = Inventory(attributes: Array(header.dropFirst()))
    for row in rows.dropFirst() {
      inventory.append(device: row[0], row: Array(row.dropFirst()))
      _ = device(row[0])
    }
    result.inventory = inventory
  }

  mutating func topology(csv: String) {
    for row in csv.split(separator: "\n").dropFirst() {
      let cells = row.split(separator: ",").map(String.init)
      guard cells.count >= 2 else { continue }
      link(cells[0], cells[1], cells.count > 2 ? cells[2] : "")
    }
  }

  mutating func link(_ from: String, _ to: String, _ kind: String) {
    result.topology.links.append(.init(from: from, to: to, kind: kind))
    _ = device(from)
    _ = device(to)
  }

  mutating func event(
    time: Int64, device name: String, severity: UInt8, message: String, by actor: String? = nil
  ) {
    var text = ""
    var variables: [String] = []
    for token in message.split(separator: " ") {
      if !text.isEmpty { text += " " }
      guard token.utf8.contains(where: { $0 >= 48 && $0 <= 57 }) || deviceIndex[String(token)] != nil else {
        text += token
        continue
      }
      text += "<*>"
      for part in token.split(whereSeparator: { "=,;()[]:".contains($0) }) { variables.append(String(part)) }
    }
    let template = templateIndex[text] ?? Int32(templateIndex.count)
    if templateIndex.updateValue(template, forKey: text) == nil {
      result.templateTexts.append(text)
      result.templatePrograms.append("")
    }
    raw.append(
      Raw(
        time: time, id: Int64(raw.count + 1), device: device(name), template: template, severity: severity,
        variables: variables, actor: actor.map { self.device($0) }))
  }

  mutating func series(_ name: String, of deviceName: String, _ points: [(time: Int64, value: Double)]) {
    result.series.append(
      MetricSeries(
        device: device(deviceName), name: name, times: points.map(\.time), values: points.map(\.value),
        eventIDs: points.indices.map { Int64(1_000_000 + $0) }))
  }

  mutating func finish() -> IncidentEvidence {
    raw.sort { ($0.time, $0.id) < ($1.time, $1.id) }
    for (position, event) in raw.enumerated() {
      result.eventIDs.append(event.id)
      result.times.append(event.time)
      result.eventDevices.append(event.device)
      result.eventTemplates.append(event.template)
      result.severities.append(event.severity)
      result.identityBases.append(basis.rawValue)
      result.timeErrorLog2.append(20)
      if let actor = event.actor {
        result.actorEvents.append(Int32(position))
        result.actorDevices.append(actor)
      }
      for variable in event.variables {
        if let named = deviceIndex[variable] {
          result.mentionEvents.append(Int32(position))
          result.mentionDevices.append(named)
        } else if variable.utf8.count >= 2 {
          result.tokenEvents.append(Int32(position))
          result.tokenHashes.append(UInt32(truncatingIfNeeded: ContentHash.of(variable)))
        }
      }
    }
    return result
  }
}
