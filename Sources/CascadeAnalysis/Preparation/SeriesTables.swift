internal import IncidentModel

/// Series of one table that holds many entities: in its columns (`cart_latency`, `cart_cpu`, `stock_latency`) or its rows
/// (`cart/latency/value`).
///
/// A series whose name begins with an entity's name and a mark is that entity's. Where no entity is known by such names,
/// a table of at least three beginnings that share their endings, most of the combinations being there, is read as as
/// many entities. Assumes that entities do not share one name's beginning by chance.
enum SeriesTables {
  /// The evidence with such series given to their owners, who are added where they are new.
  static func divided(_ evidence: consuming IncidentEvidence) -> IncidentEvidence {
    guard !evidence.series.isEmpty else { return evidence }
    let holders = Set(evidence.series.map(\.device)).count
    // Names are few kinds, entities may be a million: only those that a name may begin with are looked up.
    let beginnings = Set(Set(evidence.series.map(\.name)).flatMap(Self.beginnings))
    guard !beginnings.isEmpty else { return evidence }
    var index: [String: Int32] = [:]
    for (position, name) in evidence.devices.enumerated()
    where beginnings.contains(name) && index[name] == nil {
      index[name] = Int32(position)
    }
    for (device, positions) in Dictionary(
      grouping: evidence.series.indices, by: { evidence.series[$0].device }
    )
    .sorted(by: { $0.key < $1.key }) {
      let names = positions.map { evidence.series[$0].name }
      // A name of its own in front of its numbers is only cut off.
      let known = names.map { name in
        owner(name, index).flatMap { positions.count >= 4 || index[$0.owner] == device ? $0 : nil }
      }
      // Where many have numbers, disk_read and net_read are one's own measures; one table for all is another matter.
      let parts = known.contains { $0 != nil } ? known : holders <= 2 ? grid(names) : known
      for (position, part) in zip(positions, parts) {
        guard let part else { continue }
        if index[part.owner] == nil {
          index[part.owner] = Int32(evidence.devices.count)
          evidence.devices.append(part.owner)
        }
        evidence.series[position].device = index[part.owner]!
        evidence.series[position].name = part.rest
      }
    }
    return evidence
  }

  private typealias Part = (owner: String, rest: String)
  private static let marks = "/_.:-".utf8

  /// What stands before each mark in a name.
  private static func beginnings(_ name: String) -> [String] {
    let bytes = Array(name.utf8)
    return bytes.indices.filter { $0 > 0 && $0 + 1 < bytes.count && marks.contains(bytes[$0]) }
      .map { String(decoding: bytes[..<$0], as: UTF8.self) }
  }

  /// The longest beginning of a name that is an entity's.
  private static func owner(_ name: String, _ index: [String: Int32]) -> Part? {
    let bytes = Array(name.utf8)
    for end in bytes.indices.reversed() where end > 0 && end + 1 < bytes.count && marks.contains(bytes[end]) {
      let head = String(decoding: bytes[..<end], as: UTF8.self)
      if index[head] != nil { return (head, String(decoding: bytes[(end + 1)...], as: UTF8.self)) }
    }
    return nil
  }

  /// The division into beginnings and endings under which the names fill a table best; nil for each where none does.
  private static func grid(_ names: [String]) -> [Part?] {
    var best: (filled: Double, parts: [Part?])?
    guard names.count >= 6 else { return names.map { _ in nil } }
    for mark in marks {
      for isFirst in [true, false] {
        let parts = names.map { name -> Part? in
          let bytes = Array(name.utf8)
          guard let at = isFirst ? bytes.firstIndex(of: mark) : bytes.lastIndex(of: mark), at > 0,
            at + 1 < bytes.count
          else { return nil }
          return (
            String(decoding: bytes[..<at], as: UTF8.self), String(decoding: bytes[(at + 1)...], as: UTF8.self)
          )
        }
        let divided = parts.compactMap { $0 }
        let owners = Set(divided.map(\.owner))
        let rests = Set(divided.map(\.rest))
        guard owners.count >= 3, rests.count >= 2, rests.count * 4 <= 3 * divided.count,
          divided.count * 10 >= names.count * 7
        else { continue }
        let filled = Double(divided.count) / Double(owners.count * rests.count)
        if filled >= 0.6, filled > (best?.filled ?? 0) + 1e-9 { best = (filled, parts) }
      }
    }
    return best?.parts ?? names.map { _ in nil }
  }
}
