internal import IncidentModel

/// Devices that the inventory forgot: what has no row looks like infrastructure, unless it says day by day what the listed devices say and
/// nothing is known to hang on it.
extension Fleet {
  /// Fewer that say the same are no kind of device.
  private static let fewest = 3

  /// Counts those among the mass. Fails for infrastructure that speaks in the words of many devices, has no row and no link.
  mutating func findUnlisted(_ timeline: Timeline) {
    let unlisted = row.indices.filter { row[$0] < 0 && isShared[$0] && dependants[$0].isEmpty }
    guard !unlisted.isEmpty else { return }
    var speakers = [Int](repeating: 0, count: timeline.tones.count)
    var last = [Int](repeating: -1, count: timeline.tones.count)
    for device in row.indices where row[device] >= 0 && !isShared[device] {
      for event in timeline.events(of: device) {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard last[template] != device else { continue }
        last[template] = device
        speakers[template] += 1
      }
    }
    for device in unlisted {
      let everyday = timeline.events(of: device).map { Int(timeline.evidence.eventTemplates[Int($0)]) }
        .filter { timeline.tones[$0] != .loud }
      let alike = everyday.count { speakers[$0] >= Self.fewest }
      if alike > 0, alike * 2 >= everyday.count { markPlain(device) }
    }
  }
}
