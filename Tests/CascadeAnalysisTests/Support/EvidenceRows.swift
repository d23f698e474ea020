import IncidentModel

/// Evidence as rows, to be taken apart and put together otherwise.
struct EvidenceRows {
  struct Row {
    var time: Int64
    var id: Int64
    var device: Int32
    var template: Int32
    var severity: UInt8
    var basis: UInt8
    var mentions: [Int32] = []
    var tokens: [UInt32] = []
  }
  var base: IncidentEvidence
  var rows: [Row]

  init(_ evidence: IncidentEvidence) {
    base = evidence
    rows = evidence.eventIDs.indices.map { index in
      Row(
        time: evidence.times[index], id: evidence.eventIDs[index], device: evidence.eventDevices[index],
        template: evidence.eventTemplates[index], severity: evidence.severities[index],
        basis: evidence.identityBases[index])
    }
    for (event, device) in zip(evidence.mentionEvents, evidence.mentionDevices) {
      rows[Int(event)].mentions.append(device)
    }
    for (event, token) in zip(evidence.tokenEvents, evidence.tokenHashes) {
      rows[Int(event)].tokens.append(token)
    }
  }

  /// The rows as evidence again, in order of time.
  func evidence() -> IncidentEvidence {
    var result = base
    result.eventIDs = []
    result.times = []
    result.eventDevices = []
    result.eventTemplates = []
    result.severities = []
    result.identityBases = []
    result.timeErrorLog2 = []
    result.mentionEvents = []
    result.mentionDevices = []
    result.tokenEvents = []
    result.tokenHashes = []
    let sorted = rows.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    for (position, row) in sorted.enumerated() {
      result.eventIDs.append(row.id)
      result.times.append(row.time)
      result.eventDevices.append(row.device)
      result.eventTemplates.append(row.template)
      result.severities.append(row.severity)
      result.identityBases.append(row.basis)
      result.timeErrorLog2.append(20)
      for device in row.mentions {
        result.mentionEvents.append(Int32(position))
        result.mentionDevices.append(device)
      }
      for token in row.tokens {
        result.tokenEvents.append(Int32(position))
        result.tokenHashes.append(token)
      }
    }
    return result
  }

  /// A template of its own.
  mutating func template(_ text: String) -> Int32 {
    base.templateTexts.append(text)
    base.templatePrograms.append("")
    return Int32(base.templateTexts.count - 1)
  }
}
