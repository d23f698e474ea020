internal import IncidentModel

/// Who is who: which entities are the mass of alike devices, which are shared infrastructure, and who provides for
/// whom. Rests on structure alone: names, columns and link kinds may be anything.
///
/// - Infrastructure: rows of the inventory whose pattern of absent values is rare, entities named by other rows
///   (a `gateway` column), and the few on the hub side of a kind of link that joins two separate groups.
/// - A link that touches infrastructure is a dependency; its direction is voted per kind by the distance of both
///   ends from the mass. Links inside the mass are contacts and have no direction.
struct Fleet {
  /// Inventory row per entity, or -1.
  private(set) var row: [Int32]
  /// True for shared infrastructure.
  private(set) var isShared: [Bool]
  /// The same by the inventory and the links alone, whoever names whom.
  private(set) var isListedShared: [Bool] = []
  /// Class per entity: a small number; entities of one class look alike.
  private(set) var classOf: [Int32]
  private(set) var classCount: Int
  /// Providers one step up, per entity.
  private(set) var providers: [[Int32]]
  /// Dependants one step down, per shared entity.
  private(set) var dependants: [[Int32]]
  /// Contacts between alike entities.
  private(set) var contacts: [[Int32]]
  /// True where dependencies were learned from who names whom, and from what entities share.
  var isLearned = false
  /// Infrastructure of which nothing tells whom it serves: taken to serve everybody until failures say more. With what a
  /// choice among those it serves costs, in nats.
  var guessedScopes: [Int: Double] = [:]
  /// By provider: those taken to hang on it by nothing but that it names them.
  var namedBelow: [Int: [Int]] = [:]
  /// Entities that are unlike the mass by what they say alone (see `findApart`).
  var apart: Set<Int> = []
  /// Messages in which peers tell who came to them.
  var peers = PeerContacts()
  /// Per attribute: the code of the absent value, or -1.
  private(set) var absentCode: [Int32]

  init(_ evidence: IncidentEvidence) {
    let count = evidence.devices.count
    var index = [String: Int32](minimumCapacity: count)
    for (position, name) in evidence.devices.enumerated() where index[name] == nil {
      index[name] = Int32(position)
    }
    let inventory = evidence.inventory
    row = [Int32](repeating: -1, count: count)
    for (position, name) in inventory.devices.enumerated() {
      if let device = index[name] { row[Int(device)] = Int32(position) }
    }
    isShared = [Bool](repeating: false, count: count)
    classOf = [Int32](repeating: 0, count: count)
    classCount = 1
    providers = [[Int32]](repeating: [], count: count)
    dependants = [[Int32]](repeating: [], count: count)
    contacts = [[Int32]](repeating: [], count: count)
    absentCode = Self.absentCodes(inventory)
    markByAbsence(inventory)
    let named = markByName(inventory, index)
    let links = evidence.topology.links.compactMap { link -> (Int32, Int32, String)? in
      guard let from = index[link.from], let to = index[link.to], from != to else { return nil }
      return (from, to, link.kind)
    }
    keepOwnMasses(links)
    markByHubs(links)
    markTops(links)
    isListedShared = isShared
    orient(links, named)
  }

  // MARK: Who is shared

  /// A value stands for "absent" when it is empty or bare punctuation, or turns up in three columns or more.
  private static func absentCodes(_ inventory: Inventory) -> [Int32] {
    var columns: [String: Int] = [:]
    for values in inventory.values where values.count <= 100_000 {
      for value in values { columns[value, default: 0] += 1 }
    }
    return inventory.values.map { values in
      for (code, value) in values.enumerated()
      where !value.utf8.contains(where: Self.isOfWord) || (columns[value] ?? 0) >= 3 {
        return Int32(code)
      }
      return -1
    }
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    byte | 32 >= UInt8(ascii: "a") && byte | 32 <= UInt8(ascii: "z")
      || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte >= 128
  }

  private mutating func markByAbsence(_ inventory: Inventory) {
    var pattern = [UInt64](repeating: .max, count: row.count)
    var size: [UInt64: Int] = [:]
    let columns = min(63, inventory.attributes.count)
    for device in row.indices {
      if row[device] >= 0 {
        var bits: UInt64 = 0
        for column in 0..<columns
        where inventory.code(row: Int(row[device]), attribute: column) == absentCode[column] {
          bits |= 1 << UInt64(column)
        }
        pattern[device] = bits
      }
      size[pattern[device], default: 0] += 1
    }
    let ranked = size.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
    var number: [UInt64: Int32] = [:]
    for (position, entry) in ranked.enumerated() { number[entry.key] = Int32(position) }
    classCount = max(1, ranked.count)
    let largest = ranked.first?.value ?? 0
    let massBits = ranked.first?.key ?? 0
    for device in row.indices {
      classOf[device] = number[pattern[device]] ?? 0
      // Rare, and lacking more than the mass lacks.
      let isRare = (size[pattern[device]] ?? 0) * 4 < largest
      let lacksMore = pattern[device].nonzeroBitCount >= massBits.nonzeroBitCount + 2
      if isRare, lacksMore { isShared[device] = true }
    }
  }

  /// Columns whose values name entities: each such value is a provider of the rows that name it.
  private mutating func markByName(_ inventory: Inventory, _ index: [String: Int32]) -> [(Int32, Int32)] {
    var found: [(Int32, Int32)] = []
    for column in inventory.attributes.indices {
      let target = inventory.values[column].map { index[$0] ?? -1 }
      guard target.contains(where: { $0 >= 0 }) else { continue }
      for device in row.indices where row[device] >= 0 {
        let provider = target[Int(inventory.code(row: Int(row[device]), attribute: column))]
        guard provider >= 0, Int(provider) != device else { continue }
        found.append((provider, Int32(device)))
        isShared[Int(provider)] = true
      }
    }
    return found
  }

  /// A smaller kind of entity that is linked with its own kind, not with the others, is a mass of its own.
  private mutating func keepOwnMasses(_ links: [(Int32, Int32, String)]) {
    var inside: [Int32: Int] = [:]
    var touching: [Int32: Int] = [:]
    for (from, to, _) in links {
      let (a, b) = (classOf[Int(from)], classOf[Int(to)])
      if a == b { inside[a, default: 0] += 1 }
      touching[a, default: 0] += 1
      if a != b { touching[b, default: 0] += 1 }
    }
    var size: [Int32: Int] = [:]
    for device in row.indices { size[classOf[device], default: 0] += 1 }
    for device in row.indices where isShared[device] {
      let group = classOf[device]
      let own = inside[group] ?? 0
      if own >= 10, own * 10 >= 8 * (touching[group] ?? 0), size[group]! >= 20 { isShared[device] = false }
    }
  }

  private mutating func markByHubs(_ links: [(Int32, Int32, String)]) {
    for (_, group) in Dictionary(grouping: links, by: \.2) {
      let from = Set(group.map(\.0))
      let to = Set(group.map(\.1))
      let hubs = from.count < to.count ? from : to
      let leaves = from.count < to.count ? to : from
      let isApart = hubs.count * 2 <= leaves.count && hubs.intersection(leaves).count * 10 <= hubs.count
      // A tree of one kind of link (device, gateway, core): everybody hangs on one, and few carry many.
      let isTree = hubs.count * 8 <= leaves.count && group.count * 4 <= leaves.count * 5
      guard isApart || isTree else { continue }
      for hub in hubs { isShared[Int(hub)] = true }
    }
  }

  /// What infrastructure itself hangs on (a server's database), where the links are written alike: it stands, as providers do
  /// there, only at that end of its links, at the other end of which is infrastructure.
  private mutating func markTops(_ links: [(Int32, Int32, String)]) {
    var ballot = 0
    var votes = 0
    for (from, to, _) in links where isShared[Int(from)] != isShared[Int(to)] {
      votes += 1
      ballot += isShared[Int(to)] ? 1 : -1
    }
    guard abs(ballot) >= 5 * Self.fewestVotes, abs(ballot) * 10 >= votes * 9 else { return }
    let isToProvider = ballot > 0
    var serves: [Int32: Bool] = [:]
    var hanging: Set<Int32> = []
    for (from, to, _) in links {
      let (provider, device) = isToProvider ? (to, from) : (from, to)
      hanging.insert(device)
      serves[provider] = (serves[provider] ?? true) && isShared[Int(device)]
    }
    for (provider, servesOnlyShared) in serves where servesOnlyShared && !hanging.contains(provider) {
      isShared[Int(provider)] = true
    }
  }

  // MARK: Directions

  private mutating func orient(_ links: [(Int32, Int32, String)], _ named: [(Int32, Int32)]) {
    var neighbours: [Int32: [Int32]] = [:]
    for (from, to, _) in links where isShared[Int(from)] || isShared[Int(to)] {
      if isShared[Int(from)] { neighbours[from, default: []].append(to) }
      if isShared[Int(to)] { neighbours[to, default: []].append(from) }
    }
    for (provider, device) in named { neighbours[provider, default: []].append(device) }
    // Distance from the mass, outwards.
    var level = [Int32](repeating: -1, count: row.count)
    for device in row.indices where !isShared[device] { level[device] = 0 }
    var frontier = neighbours.filter { $0.value.contains { level[Int($0)] == 0 } }.map(\.key)
    var depth: Int32 = 1
    while !frontier.isEmpty {
      for device in frontier where level[Int(device)] < 0 { level[Int(device)] = depth }
      depth += 1
      frontier = neighbours.filter { entry in
        level[Int(entry.key)] < 0 && entry.value.contains { level[Int($0)] == depth - 1 }
      }.map(\.key)
    }
    var votes: [String: Int] = [:]
    var reaching = Set<String>()
    for (from, to, kind) in links where isShared[Int(from)] || isShared[Int(to)] {
      votes[kind, default: 0] += Int((level[Int(from)] - level[Int(to)]).signum())
      if level[Int(from)] == 0 || level[Int(to)] == 0 { reaching.insert(kind) }
    }
    Self.followUsualDirection(&votes, reaching)
    var seen = Set<UInt64>()
    for (from, to, kind) in links {
      if isShared[Int(from)] || isShared[Int(to)] {
        let fromProvides = (votes[kind] ?? 0) >= 0
        add(provider: fromProvides ? from : to, of: fromProvides ? to : from, &seen)
      } else if seen.insert(UInt64(min(from, to)) << 32 | UInt64(max(from, to))).inserted {
        contacts[Int(from)].append(to)
        contacts[Int(to)].append(from)
      }
    }
    for (provider, device) in named { add(provider: provider, of: device, &seen) }
  }

  /// Fewer votes of a kind of link among infrastructure are no decision: who uses what others use lies as far from the mass as
  /// who provides for it.
  private static let fewestVotes = 4

  /// Kinds of few links that lead nowhere near the mass are written the way the others in the same file are, if those agree.
  private static func followUsualDirection(_ votes: inout [String: Int], _ reaching: Set<String>) {
    let usual = reaching.reduce(0) { $0 + votes[$1]! }
    let all = reaching.reduce(0) { $0 + abs(votes[$1]!) }
    guard abs(usual) >= 5 * fewestVotes, abs(usual) * 10 >= all * 9 else { return }
    for (kind, vote) in votes where !reaching.contains(kind) && abs(vote) < fewestVotes {
      votes[kind] = usual.signum()
    }
  }

  private mutating func add(provider: Int32, of device: Int32, _ seen: inout Set<UInt64>) {
    guard seen.insert(UInt64(min(provider, device)) << 32 | UInt64(max(provider, device))).inserted else {
      return
    }
    providers[Int(device)].append(provider)
    dependants[Int(provider)].append(device)
  }

  mutating func markShared(_ device: Int) { isShared[device] = true }

  /// Counts an entity among the mass after all.
  mutating func markPlain(_ device: Int) {
    isShared[device] = false
    isListedShared[device] = false
  }

  mutating func addHint(provider: Int, of device: Int) {
    guard provider != device, !providers[device].contains(Int32(provider)),
      !providers[provider].contains(Int32(device))
    else { return }
    providers[device].append(Int32(provider))
    dependants[provider].append(Int32(device))
  }

  mutating func removeHint(provider: Int, of device: Int) {
    providers[device].removeAll { $0 == Int32(provider) }
    dependants[provider].removeAll { $0 == Int32(device) }
  }

  mutating func addHint(contact other: Int, of device: Int) {
    guard other != device, !contacts[device].contains(Int32(other)) else { return }
    contacts[device].append(Int32(other))
    contacts[other].append(Int32(device))
  }

  /// Steps of dependency by which shared infrastructure lies above the mass of devices; 0 for those, and for what nothing hangs on.
  var levels: [Int32] {
    var level = [Int32](repeating: 0, count: row.count)
    var frontier = row.indices.filter { !isShared[$0] }
    var height: Int32 = 1
    while !frontier.isEmpty {
      var next: [Int] = []
      for device in frontier {
        for provider in providers[device] where isShared[Int(provider)] && level[Int(provider)] == 0 {
          level[Int(provider)] = height
          next.append(Int(provider))
        }
      }
      frontier = next
      height += 1
    }
    return level
  }

  /// All entities that depend on one, directly or not; cycles end where they close.
  func descendants(of provider: Int) -> [Int32] {
    var seen = Set<Int32>([Int32(provider)])
    var list: [Int32] = []
    var frontier = dependants[provider]
    while let next = frontier.popLast() {
      guard seen.insert(next).inserted else { continue }
      list.append(next)
      frontier += dependants[Int(next)]
    }
    return list
  }

  /// Whether one entity hangs on another, directly or not.
  func hangs(_ device: Int, on provider: Int) -> Bool {
    !dependants[provider].isEmpty && ancestors(of: device).contains { Int($0.device) == provider }
  }

  /// All entities that one depends on with their distance, nearest first; cycles end where they close.
  func ancestors(of device: Int) -> [(device: Int32, distance: Int)] {
    guard !providers[device].isEmpty else { return [] }
    var list: [(device: Int32, distance: Int)] = []
    // Mostly a handful, among which looking is quicker than hashing.
    var seen: Set<Int32>?
    func add(_ found: [Int32], _ distance: Int) {
      for provider in found where provider != device {
        if seen != nil {
          guard seen!.insert(provider).inserted else { continue }
        } else {
          guard !list.contains(where: { $0.device == provider }) else { continue }
        }
        list.append((provider, distance))
        if list.count == 24 { seen = Set(list.map(\.device)) }
      }
    }
    add(providers[device], 1)
    var next = 0
    while next < list.count {
      add(providers[Int(list[next].device)], list[next].distance + 1)
      next += 1
    }
    return list
  }
}
