internal import Glibc
internal import IncidentModel

extension Fleet {
  /// Where links and columns leave most of those that speak without a neighbour, who names whom stands in for them.
  ///
  /// An entity that names many others, or that many name, is shared: a gateway that reports its clients, a server that
  /// its clients cannot reach. An entity belongs to the one of those naming it that names fewest, which is the nearest.
  /// Where many name a few each, they are peers, and their links contacts; so are those that came to each other one after the other
  /// (see `PeerContacts`), however many name one of them. Assumes that what is named is meant; a
  /// monitor that names everybody is told from a gateway only where gateways name, too.
  mutating func learn(from timeline: Timeline) {
    findUnlisted(timeline)
    learnByLikeness(timeline.evidence.inventory)
    learnByPlace(timeline.evidence.inventory)
    peers = PeerContacts(timeline)
    // Links that are known tell better who can reach whom.
    let areContactsKnown = contacts.contains { !$0.isEmpty }
    learnByNaming(timeline)
    guard !areContactsKnown else { return }
    for (speaker, named) in peers.pairs where !isShared[Int(speaker)] && !isShared[Int(named)] {
      addHint(contact: Int(named), of: Int(speaker))
    }
  }

  /// Infrastructure without any link that shares a value with others (a region, a site) serves those that have it, and
  /// with no such value everybody: above what is known to serve them, else directly.
  private mutating func learnByPlace(_ inventory: Inventory) {
    let loose = row.indices.filter {
      isShared[$0] && row[$0] >= 0 && dependants[$0].isEmpty && providers[$0].isEmpty
    }
    let mass = row.indices.filter { !isShared[$0] && row[$0] >= 0 && contacts[$0].isEmpty }
    // Where anything shared is linked with anything shared, what has no link may have none.
    let isLinked = row.indices.contains { device in
      isShared[device] && providers[device].contains { isShared[Int($0)] }
    }
    guard loose.count >= 2, !isLinked, mass.count >= 20 else { return }
    var groups: [(device: Int, served: Set<Int>)] = []
    for device in loose {
      var served: Set<Int>?
      for column in inventory.attributes.indices {
        let code = inventory.code(row: Int(row[device]), attribute: column)
        guard code != absentCode[column] else { continue }
        let alike = mass.filter { inventory.code(row: Int(row[$0]), attribute: column) == code }
        // A value that nearly all or hardly any have tells no place.
        guard alike.count >= 3, alike.count * 10 <= mass.count * 9, alike.count < served?.count ?? .max else {
          continue
        }
        served = Set(alike)
      }
      if served == nil { guessedScopes[device] = 0 }
      groups.append((device, served ?? Set(mass)))
    }
    // Smaller ones first, so that each finds what lies below it.
    groups.sort { ($0.served.count, $0.device) < ($1.served.count, $1.device) }
    var below: [(device: Int, served: Set<Int>)] = row.indices.filter {
      isShared[$0] && !dependants[$0].isEmpty
    }
    .map { ($0, Set(dependants[$0].map { Int($0) })) }
    for (device, served) in groups {
      var rest = served
      for (other, its) in below where its.count < served.count && its.isSubset(of: served) {
        addHint(provider: device, of: other)
        rest.subtract(its)
      }
      for direct in rest { addHint(provider: device, of: direct) }
      if served.count * 10 < mass.count * 9 { below.append((device, served)) }
    }
    isLearned = true
  }

  /// An entity without provider whose likes have one gets the one of those that share a value with it (a site's
  /// gateway, a region's broker), where nearly all of those have the same. A kind of which nobody has a provider, by more than chance
  /// leaves out of a file, has none (lamps beside tills), unless all of it lies in one such place (a site that the file leaves out).
  private mutating func learnByLikeness(_ inventory: Inventory) {
    guard !inventory.attributes.isEmpty else { return }
    var provided: [Int32: Int] = [:]
    var size: [Int32: Int] = [:]
    for device in row.indices where row[device] >= 0 {
      size[classOf[device], default: 0] += 1
      if !providers[device].isEmpty { provided[classOf[device], default: 0] += 1 }
    }
    let open = row.indices.filter { device in
      row[device] >= 0 && providers[device].isEmpty && contacts[device].isEmpty
        && (provided[classOf[device]] ?? 0) >= 3
        && (provided[classOf[device]] ?? 0) * 4 >= size[classOf[device]]!
    }
    guard !open.isEmpty else { return }
    let kinds = inventory.attributes.indices.map { unprovidedKinds(inventory, $0, provided, size) }
    let classes = Set(open.map { classOf[$0] })
    let likes = row.indices.filter { row[$0] >= 0 && !providers[$0].isEmpty && classes.contains(classOf[$0]) }
    var hints: [Int: (share: Double, provider: Int32)] = [:]
    for column in inventory.attributes.indices where inventory.values[column].count > 1 {
      // By class and value: how often each provider.
      var counts: [UInt64: [Int32: Int]] = [:]
      func key(_ device: Int) -> UInt64? { self.key(device, column, inventory) }
      for device in likes {
        guard let provider = providers[device].first, let key = key(device) else { continue }
        counts[key, default: [:]][provider, default: 0] += 1
      }
      let apart = kinds.indices.map { kinds[$0].subtracting(nested(kinds[$0], $0, in: column, inventory)) }
      for device in open {
        guard let key = key(device), let found = counts[key],
          !apart.indices.contains(where: {
            !apart[$0].isEmpty && apart[$0].contains(self.key(device, $0, inventory) ?? .max)
          })
        else { continue }
        let total = found.values.reduce(0, +)
        guard let best = found.commonest,
          best.value * 10 >= total * 9
        else { continue }
        let share = Double(best.value) / Double(total + 1)
        if share > hints[device]?.share ?? 0.4 { hints[device] = (share, best.key) }
      }
    }
    if !hints.isEmpty { isLearned = true }
    for (device, hint) in hints.sorted(by: { $0.key < $1.key }) {
      addHint(provider: Int(hint.provider), of: device)
    }
  }

  /// A class and a value that its members have in a column; nil where it is absent.
  private func key(_ device: Int, _ column: Int, _ inventory: Inventory) -> UInt64? {
    let code = inventory.code(row: Int(row[device]), attribute: column)
    guard code != absentCode[column] else { return nil }
    return UInt64(UInt32(classOf[device])) << 32 | UInt64(UInt32(code))
  }

  /// Nats below which that a kind has no provider at all is left to chance.
  private static let unlikely = 7.0

  /// Values of a column that so many of a class have that chance would have listed a provider of some of them.
  private func unprovidedKinds(
    _ inventory: Inventory, _ column: Int, _ provided: [Int32: Int], _ size: [Int32: Int]
  ) -> Set<UInt64> {
    var count: [UInt64: (all: Int, provided: Int)] = [:]
    for device in row.indices where row[device] >= 0 {
      guard let key = key(device, column, inventory) else { continue }
      count[key, default: (0, 0)].all += 1
      if !providers[device].isEmpty { count[key]!.provided += 1 }
    }
    return Set(
      count.filter { key, found in
        let group = Int32(bitPattern: UInt32(truncatingIfNeeded: key >> 32))
        let share = min(0.99, Double(provided[group] ?? 0) / Double(max(1, size[group] ?? 1)))
        return found.provided == 0 && -Double(found.all) * log(1 - share) > Self.unlikely
      }.keys)
  }

  /// Those of some values all of whose members have the same value in another column.
  private func nested(_ kinds: Set<UInt64>, _ of: Int, in column: Int, _ inventory: Inventory) -> Set<UInt64>
  {
    guard !kinds.isEmpty else { return [] }
    var seen: [UInt64: Int32] = [:]
    var mixed: Set<UInt64> = []
    for device in row.indices where row[device] >= 0 {
      guard let kind = key(device, of, inventory), kinds.contains(kind) else { continue }
      let code = inventory.code(row: Int(row[device]), attribute: column)
      if seen.updateValue(code, forKey: kind).map({ $0 != code }) ?? false { mixed.insert(kind) }
    }
    return kinds.subtracting(mixed)
  }

  /// Fewer that name one alone may be a chain's.
  private static let fewestClients = 8

  /// Who names more looks after them rather than using them.
  private static let fewUsed = 3

  private mutating func learnByNaming(_ timeline: Timeline) {
    guard !timeline.firstMention.isEmpty else { return }
    let voices = (0..<timeline.deviceCount).filter { !timeline.events(of: $0).isEmpty }
    let lonely = voices.filter { providers[$0].isEmpty && contacts[$0].isEmpty && dependants[$0].isEmpty }
    guard voices.count >= 8, lonely.count * 2 > voices.count else { return }
    var names: [Int: Set<Int32>] = [:]
    var namedBy: [Int: Set<Int32>] = [:]
    // Who was refused a log-in serves nobody by that.
    let isRefusal = timeline.evidence.templateTexts.map(OutsideAttempts.tellsOfRefusal)
    for event in timeline.firstMention.indices where timeline.firstMention[event] >= 0 {
      let speaker = Int(timeline.evidence.eventDevices[event])
      let template = Int(timeline.evidence.eventTemplates[event])
      guard speaker >= 0, !peers.isContact(template),
        !isRefusal[template] || isListedShared[Int(timeline.firstMention[event])]
      else { continue }
      names[speaker, default: []].insert(timeline.firstMention[event])
      namedBy[Int(timeline.firstMention[event]), default: []].insert(Int32(speaker))
    }
    let many = 4
    let speakers = names.count
    // Half of all speakers naming others are peers, not infrastructure.
    let arePeers = speakers * 3 > voices.count
    var hubs = Set<Int>()
    if !arePeers { hubs.formUnion(names.filter { $0.value.count >= many }.keys) }
    let crowd = max(many, voices.count / 50)
    hubs.formUnion(
      namedBy.filter { device, speakers in
        guard speakers.count >= crowd else { return false }
        if speakers.count > 3 * (names[device]?.count ?? 0) { return true }
        // Who names its clients as they name it (a server's log of queries) is told by their naming hardly anybody else.
        let narrow = speakers.count { (names[Int($0)]?.count ?? 0) <= 2 }
        return speakers.count >= Self.fewestClients && narrow * 5 >= speakers.count * 4
      }.keys)
    guard hubs.count * 3 < voices.count else { return }
    for hub in hubs { markShared(hub) }
    var isUsed = false
    for device in lonely {
      let below = names[device]?.count ?? 0
      // Those that name a hub and hardly anybody else use it, and do not look after it.
      let above = (namedBy[device] ?? []).map { Int($0) }.filter {
        hubs.contains($0) && $0 != device
          && !(hubs.contains(device) && (names[$0]?.count ?? 0) <= Self.fewUsed)
      }
      // Who names nearly everybody collects what they say, and serves nobody by that.
      let nearest = above.filter {
        (names[$0]?.count ?? 0) > below && (names[$0]?.count ?? 0) * 2 < voices.count
      }
      .min { (names[$0]?.count ?? 0, $0) < (names[$1]?.count ?? 0, $1) }
      if let nearest {
        addHint(provider: nearest, of: device)
        namedBelow[nearest, default: []].append(device)
        isUsed = true
      }
      for named in names[device] ?? [] {
        if hubs.contains(Int(named)) {
          let isAbove =
            (namedBy[Int(named)]?.count ?? 0) > (namedBy[device]?.count ?? 0)
            // A service that names its store, which names nobody, hangs on it however few others do.
            || below <= Self.fewUsed && !(names[Int(named)] ?? []).contains(Int32(device))
          if Int(named) != nearest, isAbove {
            addHint(provider: Int(named), of: device)
          }
        } else if !hubs.contains(device) {
          addHint(contact: Int(named), of: device)
        }
      }
    }
    if isUsed { isLearned = true }
  }

  /// Whom guessed infrastructure serves, by who failed when it did: the groups below it most of which failed within a
  /// quarter of an hour, and not those of which hardly any did. The choice is paid for when it is compared with others.
  mutating func narrow(_ onsets: Onsets) {
    for (provider, _) in guessedScopes.sorted(by: { $0.key < $1.key }) {
      guard let time = onsets.findings[provider]?.time else { continue }
      let groups = dependants[provider].map { Int($0) }.filter { isShared[$0] }
      var hot = 0
      var cold: [Int] = []
      for group in groups {
        let plain = dependants[group].filter { !isShared[Int($0)] }
        guard plain.count >= 2 else { continue }
        let failed = plain.count { device in
          guard let onset = onsets.findings[Int(device)]?.time else { return false }
          return onset > time - 60 && onset < time + 900
        }
        if failed * 2 >= plain.count { hot += 1 } else if failed * 5 < plain.count { cold.append(group) }
      }
      guard hot >= 1, !cold.isEmpty else { continue }
      for group in cold { removeHint(provider: provider, of: group) }
      guessedScopes[provider] = 0.7 * Double(hot + cold.count)
    }
  }
}
