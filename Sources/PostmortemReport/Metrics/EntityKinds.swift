import CascadeAnalysis
import IncidentModel

/// What the affected are: a broker that fails is no device, and eighteen pumps say more than eighteen of anything.
struct EntityKinds {
  /// The inventory's column that says what an entity is; nil where there is none.
  private(set) var column: Int?
  /// The kinds of the affected, most first; nil: not in the inventory, or the inventory does not say.
  private(set) var affected: [(kind: String?, count: Int)] = []
  /// Not all that is counted are devices, so that numbers are of entities.
  private(set) var hasServers = false

  /// `devices` where all that is counted are, as far as is known.
  var noun: String { hasServers ? "entities" : "devices" }
  /// A list of kinds says something: the fleet has several, and the inventory says of which the affected are.
  private(set) var areTold = false

  private static let columns: Set<String> = [
    "kind", "type", "role", "class", "category", "art", "typ", "rolle", "klasse", "devicetype", "gerätetyp",
    "gerätetype", "tipo", "rôle", "clase", "ruolo",
  ]
  /// What serves others, by the words of its kind.
  private static let servers = [
    "server", "service", "broker", "gateway", "router", "switch", "proxy", "database", "backend", "registry",
    "issuer", "firewall", "cloud", "cluster", "dienst", "zentrale", "leitstand", "leitstelle", "vermittler",
    "serveur", "servidor", "passerelle", "pasarela",
  ]

  /// Whether a column's name says that its values are kinds: `kind`, `device_type`, `Rolle`.
  static func namesKind(_ attribute: String) -> Bool {
    attribute.lowercased().split { !$0.isLetter }.contains { columns.contains(String($0)) }
  }

  init(_ inventory: Inventory, _ incident: Incident?, affected names: [String]) {
    let candidates = inventory.attributes.indices.filter { index in
      // A column with a value for each row names, and sorts nothing.
      Self.namesKind(inventory.attributes[index]) && inventory.values[index].count <= 40
    }
    func serves(_ value: String) -> Bool {
      let value = value.lowercased()
      return Self.servers.contains { value.contains($0) }
    }
    column = candidates.first { inventory.values[$0].contains(where: serves) } ?? candidates.first
    var counts: [String?: Int] = [:]
    for name in names {
      var kind: String?
      if let column, let row = inventory.rowOfDevice[name] {
        let value = inventory.value(row: row, attribute: column)
        if !value.isEmpty { kind = value }
      }
      counts[kind, default: 0] += 1
    }
    affected = counts.map { (kind: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.kind ?? "\u{10ffff}") < ($0.count, $1.kind ?? "\u{10ffff}") }
    if let column {
      hasServers = inventory.values[column].contains(where: serves)
      areTold =
        inventory.values[column].count { !$0.isEmpty } > 1 && affected.contains { $0.kind != nil }
    }
    // Where the inventory does not say, the trace does: what others hang on, and what drowns under them, serves them.
    if !hasServers, let incident {
      let providers = Set(
        incident.edges.compactMap { edge in
          switch edge.kind {
          case .dependency: edge.from
          case .overload: edge.to
          case .link, .change: nil
          }
        })
      hasServers = names.contains { providers.contains($0) && column == nil }
    }
  }
}

extension SectionContext {
  /// `by kind: pump 18, monitor 18, station 3, timeserver 1`, the first few; nothing where no kind is known, or the fleet has one.
  func kinds(_ limit: Int) -> Prose? {
    let kinds = picture.kinds
    guard kinds.areTold, let column = kinds.column else { return nil }
    let attribute = facts.inventory.attributes[column]
    var text: Prose = "by \(name: EvidenceText(attribute, limit: 24)): "
    for (index, entry) in kinds.affected.prefix(limit).enumerated() {
      if index > 0 { text.append(", ") }
      if let kind = entry.kind {
        text.append("\(name: Wording.value(kind, of: attribute, self, limit: 24)) \(.count(entry.count))")
      } else {
        text.append("not said \(.count(entry.count))")
      }
    }
    let rest = kinds.affected.dropFirst(limit).reduce(0) { $0 + $1.count }
    if rest > 0 { text.append(", others \(.count(rest))") }
    return text
  }
}
