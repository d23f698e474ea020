internal import IncidentModel

/// Entities of the inventory that are no infrastructure by structure, and unlike the mass all the same: all that they say, hardly anybody else says.
///
/// A control room that stands in the inventory beside its lifts, with the same columns filled, is no lift: nobody says "normal operation"
/// but it. Such an entity may announce a change as infrastructure may. Does not hold where many are so (names that stand in the words).
extension Fleet {
  /// As many may say the same words.
  private static let fewest = 3

  /// Finds those whose words are their own.
  mutating func findApart(_ timeline: Timeline) {
    guard row.contains(where: { $0 >= 0 }) else { return }
    var speakers = [Int32](repeating: 0, count: timeline.tones.count)
    var last = [Int32](repeating: -1, count: timeline.tones.count)
    var voices = 0
    for device in row.indices {
      let events = timeline.events(of: device)
      if !events.isEmpty { voices += 1 }
      for event in events {
        let template = Int(timeline.evidence.eventTemplates[Int(event)])
        guard last[template] != Int32(device) else { continue }
        last[template] = Int32(device)
        speakers[template] += 1
      }
    }
    let found = row.indices.filter { device in
      let events = timeline.events(of: device)
      return row[device] >= 0 && !isShared[device] && !events.isEmpty
        && events.allSatisfy {
          speakers[Int(timeline.evidence.eventTemplates[Int($0)])] < Self.fewest
        }
    }
    apart = found.count * 10 <= voices ? Set(found) : []
  }

  /// Whether an entity may announce what it does to others: infrastructure, what the inventory does not know, and who is unlike the mass.
  func mayAnnounce(_ device: Int) -> Bool { isShared[device] || row[device] < 0 || apart.contains(device) }
}
