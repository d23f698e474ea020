import IncidentModel

/// Rows of an inventory whose device an earlier row lists already: they add what nothing says yet, and what they
/// contradict counts as not known.
///
/// The row that comes first may be the permissive one. Which of two is right only people can say, so neither counts.
struct RepeatedRows {
  private struct Place: Hashable {
    var row: Int
    var column: Int
  }

  /// By row of the inventory: the line of the file on which it was first listed.
  private var lines: [Int] = []
  /// Lines of values that a later row brought.
  private var added: [Place: Int] = [:]
  private var contradicted: Set<Place> = []
  /// Columns that say what we stand on: a broker that another row calls a lamp must still be left alone, so the first row counts.
  private static let standing: Set<String> = ["role", "kind", "type", "gateway"]
  private var sentences: [String] = []
  private var devices: [String] = []

  /// A device was listed for the first time.
  mutating func first(line: Int) { lines.append(line) }

  /// Another row of a device that is listed.
  mutating func merge(_ device: String, _ values: [String], line: Int, into inventory: inout Inventory) {
    guard let row = inventory.rowOfDevice[device] else { return }
    devices.append(device)
    for (column, value) in values.enumerated() where !value.isEmpty {
      let place = Place(row: row, column: column)
      if contradicted.contains(place) { continue }
      let known = inventory.value(row: row, attribute: column)
      if known.isEmpty {
        inventory.set(value, row: row, attribute: column)
        added[place] = line
      } else if !known.utf8.elementsEqual(value.utf8) {
        let keeps = Self.standing.contains(inventory.attributes[column].lowercased())
        if !keeps { inventory.set("", row: row, attribute: column) }
        contradicted.insert(place)
        guard contradicted.count <= FleetFiles.listed else { continue }
        sentences.append(
          "line \(line) says '\(value)' in column '\(inventory.attributes[column])' of device '\(device)', line "
            + "\(added[place] ?? lines[row]) says '\(known)': \(keeps ? "the first counts" : "it counts as not known")"
        )
      }
    }
  }

  /// What people should know of it.
  func notes(_ path: String) -> [String] {
    guard !devices.isEmpty else { return [] }
    let rows = devices.count == 1 ? "1 row repeats" : "\(devices.count) rows repeat"
    var notes = ["'\(path)': \(rows) a device that is listed already: \(FleetFiles.list(devices))"]
    notes += sentences.map { "'\(path)': \($0)" }
    let more = contradicted.count - sentences.count
    if more > 0 {
      notes.append("'\(path)': \(more) more values contradict each other")
    }
    return notes
  }
}
