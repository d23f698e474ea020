internal import IncidentModel

/// In which source each device is heard last, how many are heard in each, and which of them lack their end.
struct SourceEnds {
  private var places: [Int64: Int32] = [:]
  private var found: [IncidentEvidence.Source] = []
  /// By device: when it was heard last, in which source, and the source that its row before came from.
  private var last: [(time: Int64, source: Int32, before: Int32)] = []
  /// Rows of one source follow each other.
  private var current: (ordinal: Int64, place: Int32) = (.min, -1)
  /// Per source in which a device was heard, with the device: rows of one source follow each other, but not always.
  private var heard: Set<UInt64> = []

  /// Takes note of the sources of a case, and of what is known of their damage.
  ///
  /// A source lacks its end where damage reaches to the end of its container or of its bytes, as a cut-off file leaves it.
  mutating func know(_ sources: [CaseCatalog.Source], _ connection: SQLiteConnection) throws {
    for source in sources {
      places[source.ordinal] = Int32(found.count)
      found.append(.init(devices: 0, lacksEnd: false))
    }
    let rows = try connection.prepare(
      "SELECT s.ordinal FROM source s JOIN damage g ON g.source = s.ordinal GROUP BY s.ordinal, s.bytes, s.stored_bytes "
        + "HAVING max(CASE WHEN g.in_container THEN g.byte_offset + coalesce(g.byte_length, 0) >= s.stored_bytes - 16 "
        + "ELSE g.byte_offset + coalesce(g.byte_length, 0) >= s.bytes END)")
    while try rows.next() {
      if let place = places[rows.int64(0)] { found[Int(place)].lacksEnd = true }
    }
  }

  /// Takes note of the entities that the path of a source names: its folders, and its file without what follows the first full
  /// stop (`relay1/plugs.log`, `relay1.log.2.gz`).
  mutating func name(_ sources: [CaseCatalog.Source], _ entity: (String) -> Int32) {
    for source in sources {
      guard let place = places[source.ordinal] else { continue }
      let parts = ([source.path] + source.members).flatMap { $0.split(separator: "/") }
      for part in parts {
        let stem = part.prefix { $0 != "." }
        for name in part == stem ? [part] : [part, stem] where name.utf8.count >= 2 {
          let index = entity(String(name))
          if index >= 0, !found[Int(place)].namedInPath.contains(index) {
            found[Int(place)].namedInPath.append(index)
          }
        }
      }
    }
  }

  /// An event of a device.
  mutating func hear(_ device: Int, _ time: Int64, in ordinal: Int64?) {
    guard let ordinal else { return }
    if ordinal != current.ordinal { current = (ordinal, places[ordinal] ?? -1) }
    let place = current.place
    guard place >= 0 else { return }
    if device >= last.count {
      let nothing = (time: Int64.min, source: Int32(-1), before: Int32(-1))
      last += Array(repeating: nothing, count: max(device + 1, last.count * 2) - last.count)
    }
    if last[device].before != place {
      last[device].before = place
      if heard.insert(UInt64(place) << 32 | UInt64(device)).inserted { found[Int(place)].devices += 1 }
    }
    if time >= last[device].time {
      last[device].time = time
      last[device].source = place
    }
  }

  /// Per device the place of its last source, or -1, and the sources.
  func finished(devices: Int) -> ([Int32], [IncidentEvidence.Source]) {
    ((0..<devices).map { $0 < last.count ? last[$0].source : -1 }, found)
  }
}
