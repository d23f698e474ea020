internal import Glibc
internal import IncidentModel

/// Values of one attribute with which nearly everybody failed, where there are several of them and hardly anybody with another failed: two
/// districts without power, the sites that use one resolver.
///
/// What those that failed share is then no single value (see `CommonCauseSearch`), but which values it is says what it was. Tested by the
/// likelihood ratio G, from which the choice among so many sets of values is taken. Fails for an attribute that nearly everybody has a value of
/// his own of.
struct SharedValues {
  let attribute: String
  let values: [(value: String, failed: Int, all: Int)]
  let othersFailed: Int
  let others: Int

  /// Fewer of a value tell nothing.
  private static let fewest = 3
  private static let mostValues = 4
  private static let margin = 4.0

  static func find(_ evidence: IncidentEvidence, _ fleet: Fleet, _ population: [Int], failed: Set<Int>)
    -> SharedValues?
  {
    let inventory = evidence.inventory
    let rows = population.filter { fleet.row[$0] >= 0 }
    let failures = rows.count { failed.contains($0) }
    guard failures >= 2 * fewest, failures < rows.count else { return nil }
    var best: (score: Double, found: SharedValues)?
    let columns = inventory.attributes.indices.filter {
      inventory.values[$0].count > 2 && inventory.values[$0].count * fewest <= rows.count
    }
    for column in columns {
      var all = [Int](repeating: 0, count: inventory.values[column].count)
      var hit = all
      for device in rows {
        let code = Int(inventory.code(row: Int(fleet.row[device]), attribute: column))
        all[code] += 1
        if failed.contains(device) { hit[code] += 1 }
      }
      let chosen = all.indices.filter {
        Int32($0) != fleet.absentCode[column] && all[$0] >= fewest && hit[$0] * 4 >= all[$0] * 3
      }
      let (inside, exposed) = chosen.reduce((0, 0)) { ($0.0 + hit[$1], $0.1 + all[$1]) }
      let others = rows.count - exposed
      guard (2...mostValues).contains(chosen.count), others >= fewest, (failures - inside) * 9 <= inside
      else {
        continue
      }
      let values = Double(all.count { $0 > 0 })
      let count = Double(chosen.count)
      let choice = lgamma(values + 1) - lgamma(count + 1) - lgamma(values - count + 1)
      let score =
        Robust.association(
          Double(inside), Double(exposed - inside), Double(failures - inside),
          Double(others - failures + inside)) - choice - log(Double(columns.count))
      guard score > margin, score > best?.score ?? 0 else { continue }
      best = (
        score,
        SharedValues(
          attribute: inventory.attributes[column],
          values: chosen.sorted { (hit[$1], $0) < (hit[$0], $1) }
            .map { (inventory.values[column][$0], hit[$0], all[$0]) },
          othersFailed: failures - inside, others: others)
      )
    }
    return best?.found
  }

  /// In one sentence. Names are as in the evidence and must be escaped before they are shown.
  var words: String {
    let list = values.enumerated().map { place, entry in
      "\(place == 0 ? "Of those with \(attribute)=\(entry.value), " : "with \(attribute)=\(entry.value), ")\(entry.failed) of \(entry.all) failed"
    }
    return list.joined(separator: "; ") + "; of all others \(othersFailed) of \(others)."
  }
}
