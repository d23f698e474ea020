internal import Glibc
internal import IncidentModel

/// What the entities that failed early share: attribute=value, or several together.
///
/// Each value is tested by the likelihood ratio G against the rest of the population at risk; the winner must beat
/// what the best of so many tests would reach by chance (Bonferroni), and cover most of the failures. Inside the
/// winner the search goes on for a second and third term, each of which must still matter given the others.
/// Abstains when the evidence is thin. Fails where an attribute only stands in for place and the links are unknown.
struct CommonCauseSearch {
  static func search(
    _ evidence: IncidentEvidence, _ fleet: Fleet, population: [Int], failed: Set<Int>, changed: Set<Int> = []
  ) -> CommonCause? {
    let inventory = evidence.inventory
    let rows = population.filter { fleet.row[$0] >= 0 }
    var inside = rows
    var terms: [(attribute: Int, code: Int32)] = []
    var firstScore = 0.0
    let usable = inventory.attributes.indices.filter {
      inventory.values[$0].count > 1 && inventory.values[$0].count * 2 <= max(4, rows.count)
    }
    let tests = Double(usable.reduce(0) { $0 + min(2000, inventory.values[$1].count) })
    // What marks the changed entities is part of the cause of a change, even where another term implies it.
    if changed.count >= 3, let mark = best(inventory, fleet, rows, changed, usable, needsCover: 0.9),
      mark.score > log(max(2, tests)) + 4, mark.ratio > 4
    {
      let marked = rows.filter {
        inventory.code(row: Int(fleet.row[$0]), attribute: mark.attribute) == mark.code
      }
      let failures = Double(rows.count { failed.contains($0) })
      let inMarked = Double(marked.count { failed.contains($0) })
      let score = Robust.association(
        inMarked, Double(marked.count) - inMarked, failures - inMarked,
        Double(rows.count - marked.count) - failures + inMarked)
      if failures >= 3, inMarked > 0.8 * failures, score > log(max(2, tests)) + 2 {
        firstScore = score
        terms.append((mark.attribute, mark.code))
        inside = marked
      }
    }
    while terms.count < 3 {
      let open = usable.filter { column in !terms.contains { $0.attribute == column } }
      guard let best = best(inventory, fleet, inside, failed, open, needsCover: terms.isEmpty ? 0.6 : 0.85)
      else {
        break
      }
      let threshold = log(max(2, tests)) + (terms.isEmpty ? 4 : 3.5)
      guard best.score > threshold, best.ratio > (terms.isEmpty ? 2 : 2.5) else { break }
      if terms.isEmpty { firstScore = best.score }
      terms.append((best.attribute, best.code))
      inside = inside.filter {
        inventory.code(row: Int(fleet.row[$0]), attribute: best.attribute) == best.code
      }
    }
    guard !terms.isEmpty else { return nil }
    let all = terms
    terms = terms.filter { term in all.count == 1 || matters(inventory, fleet, rows, failed, term, all) }
    guard !terms.isEmpty else { return nil }
    func holds(_ device: Int) -> Bool {
      terms.allSatisfy { inventory.code(row: Int(fleet.row[device]), attribute: $0.attribute) == $0.code }
    }
    let exposed = rows.filter(holds)
    let exposedFailed = exposed.count { failed.contains($0) }
    let othersFailed = rows.count { failed.contains($0) } - exposedFailed
    let doubt = tests * exp(-firstScore)
    return CommonCause(
      terms: terms.map {
        .init(
          attribute: inventory.attributes[$0.attribute], value: inventory.values[$0.attribute][Int($0.code)])
      }, probability: max(0.5, min(0.99, 1 - doubt)), exposed: exposed.count, exposedFailed: exposedFailed,
      others: rows.count - exposed.count, othersFailed: othersFailed)
  }

  /// How many entities carry the inventory's mark of a change; nil where it leaves none.
  static func marked(_ evidence: IncidentEvidence, _ fleet: Fleet, population: [Int], changed: Set<Int>)
    -> Int?
  {
    let inventory = evidence.inventory
    let rows = population.filter { fleet.row[$0] >= 0 }
    let usable = inventory.attributes.indices.filter { inventory.values[$0].count > 1 }
    guard let mark = best(inventory, fleet, rows, changed, Array(usable), needsCover: 0.9), mark.ratio > 4
    else {
      return nil
    }
    return rows.count { inventory.code(row: Int(fleet.row[$0]), attribute: mark.attribute) == mark.code }
  }

  /// How many entities could have been meant by a change: those that in no attribute have a value that none of its
  /// receivers has. Attributes of many values, and those that the change itself wrote, are passed over. Nil where the
  /// receivers are too few to tell.
  static func eligible(_ evidence: IncidentEvidence, _ fleet: Fleet, population: [Int], changed: Set<Int>)
    -> Int?
  {
    let inventory = evidence.inventory
    let listed = population.filter { fleet.row[$0] >= 0 }
    var rows = listed
    let receivers = listed.filter { changed.contains($0) }
    guard receivers.count >= 12 else { return nil }
    for column in inventory.attributes.indices where (2...20).contains(inventory.values[column].count) {
      func counts(_ devices: [Int]) -> [Int] {
        var counts = [Int](repeating: 0, count: inventory.values[column].count)
        for device in devices {
          counts[Int(inventory.code(row: Int(fleet.row[device]), attribute: column))] += 1
        }
        return counts
      }
      let own = counts(receivers)
      let all = counts(listed)
      let isWritten = own.indices.contains { code in
        own[code] * 10 >= receivers.count * 9 && all[code] - own[code] < own[code]
      }
      guard !isWritten else { continue }
      rows = rows.filter {
        own[Int(inventory.code(row: Int(fleet.row[$0]), attribute: column))] * 50 >= receivers.count
      }
    }
    return rows.count
  }

  private struct Best {
    var attribute: Int
    var code: Int32
    var score: Double
    var ratio: Double
  }

  private static func best(
    _ inventory: Inventory, _ fleet: Fleet, _ rows: [Int], _ failed: Set<Int>, _ columns: [Int],
    needsCover: Double
  ) -> Best? {
    let total = Double(rows.count)
    let hasFailed = rows.map { failed.contains($0) }
    let failures = Double(hasFailed.count { $0 })
    guard failures >= 3 else { return nil }
    var result: Best?
    for column in columns {
      var with = [Double](repeating: 0, count: inventory.values[column].count)
      var withFailed = with
      for (position, device) in rows.enumerated() {
        let code = Int(inventory.code(row: Int(fleet.row[device]), attribute: column))
        with[code] += 1
        if hasFailed[position] { withFailed[code] += 1 }
      }
      for code in with.indices where withFailed[code] >= 3 && Int32(code) != fleet.absentCode[column] {
        let a = withFailed[code]
        let b = with[code] - a
        let c = failures - a
        let d = total - failures - b
        guard a / failures >= needsCover, c + d > 0 else { continue }
        let ratio = (a / with[code]) / ((c + 0.5) / (c + d + 1))
        let score = ratio > 1 ? Robust.association(a, b, c, d) : 0
        if score > (result?.score ?? 0) {
          result = Best(attribute: column, code: Int32(code), score: score, ratio: ratio)
        }
      }
    }
    return result
  }

  /// A term matters when, among entities that hold all the others, those without it fail clearly less.
  private static func matters(
    _ inventory: Inventory, _ fleet: Fleet, _ rows: [Int], _ failed: Set<Int>,
    _ term: (attribute: Int, code: Int32), _ terms: [(attribute: Int, code: Int32)]
  ) -> Bool {
    var counts = [0.0, 0.0, 0.0, 0.0]
    for device in rows {
      let row = Int(fleet.row[device])
      guard
        terms.allSatisfy({
          $0.attribute == term.attribute || inventory.code(row: row, attribute: $0.attribute) == $0.code
        })
      else { continue }
      let has = inventory.code(row: row, attribute: term.attribute) == term.code
      counts[(has ? 0 : 2) + (failed.contains(device) ? 0 : 1)] += 1
    }
    return counts[2] + counts[3] == 0 || Robust.association(counts[0], counts[1], counts[2], counts[3]) > 3
  }
}

extension CommonCause {
  /// Its terms in words. Names are as in the evidence and must be escaped before they are shown.
  var description: String { terms.map { "\($0.attribute)=\($0.value)" }.joined(separator: " and ") }

  /// Whether nearly all that share it failed, and nearly nobody else. What spreads from neighbour to neighbour clusters in places
  /// as well, but seldom so cleanly.
  var isNearlyAll: Bool {
    exposedFailed >= 5 && exposedFailed * 4 >= exposed * 3 && othersFailed * 9 <= exposedFailed
  }
}
