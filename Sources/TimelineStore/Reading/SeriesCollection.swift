import IncidentModel

/// The numbers of all records by device and name, as they are read.
///
/// A name is the number's path in its record, after the words of a tidy table's row, or after the entity that the record
/// names beside several numbers.
struct SeriesCollection {
  private struct Key {
    var device: Int32
    var name: Int32
    /// The key as a hash: no two keys have the same, as the factor is odd.
    var hash: UInt64 {
      (UInt64(UInt32(bitPattern: device)) << 32 | UInt64(UInt32(bitPattern: name))) &* 0x9E37_79B9_7F4A_7C15
    }
  }
  private let limit: Int
  /// Numbers that found no place.
  private(set) var leftOut = 0
  private var count = 0
  private var names: [String] = []
  private var nameIndex: [[UInt8]: Int32] = [:]
  private var index = OrdinalTable()
  private var keys: [Key] = []
  /// The numbers as they came: of which series, in which event. Millions of series of one number are no arrays of their own.
  private var owners: [Int32] = []
  private var events: [Int32] = []
  private var values: [Double] = []
  /// How many names were made with words of the records, which are without end.
  private var wordNames = 0
  /// By name: the owner and the path it is made of.
  private var owned: [Int32: (owner: [UInt8], path: [UInt8])] = [:]
  private var scratch: [UInt8] = []
  /// Names come from the evidence and may be without end.
  private static let mostNames = 4096
  private static let mostWordNames = 2048

  /// - Parameter limit: how many numbers are taken.
  init(limit: Int) { self.limit = limit }

  /// Adds a number whose name begins with the row's words, each ended by a slash.
  mutating func add(_ number: Double, path: [UInt8], words: [UInt8], device: Int32, event: Int32) {
    _ = add(number, path, after: words, device, event)
  }

  /// Adds a number that stands beside an entity's name, ended by a slash; empty where there is none.
  mutating func add(_ number: Double, path: [UInt8], owner: [UInt8], device: Int32, event: Int32) {
    let known = names.count
    if let name = add(number, path, after: owner, device, event), name >= known, scratch.count > path.count {
      owned[name] = (owner, path)
    }
  }

  private mutating func add(
    _ number: Double, _ path: [UInt8], after words: [UInt8], _ device: Int32, _ event: Int32
  ) -> Int32? {
    guard count < limit else {
      leftOut += 1
      return nil
    }
    scratch.removeAll(keepingCapacity: true)
    scratch += words
    scratch += path
    if !words.isEmpty, nameIndex[scratch] == nil {
      if wordNames < Self.mostWordNames {
        wordNames += 1
      } else {
        scratch.removeAll(keepingCapacity: true)
        scratch += path
      }
    }
    guard let name = name(scratch, most: Self.mostNames) else {
      leftOut += 1
      return nil
    }
    let key = Key(device: device, name: name)
    var place = index[key.hash]
    if place < 0 {
      place = Int32(keys.count)
      index.insert(key.hash, ordinal: place)
      keys.append(key)
    }
    owners.append(place)
    events.append(event)
    values.append(number)
    count += 1
    return name
  }

  private mutating func name(_ bytes: [UInt8], most: Int = .max) -> Int32? {
    if let known = nameIndex[bytes] { return known }
    guard names.count < most else { return nil }
    names.append(String(decoding: bytes, as: UTF8.self))
    nameIndex[bytes] = Int32(names.count - 1)
    return Int32(names.count - 1)
  }

  /// Events have other places now: by old place the new one.
  mutating func reorder(_ place: [Int32]) {
    for value in events.indices { events[value] = place[Int(events[value])] }
  }

  /// A device that names one or two entities beside its numbers (its gateway, its peer) reports its own: such numbers are
  /// joined under the plain path. Only a table names many.
  private mutating func joinOwnNumbers() {
    guard !owned.isEmpty else { return }
    var ownersOf: [Int32: Set<[UInt8]>] = [:]
    for key in keys {
      if let owned = owned[key.name] { ownersOf[key.device, default: []].insert(owned.owner) }
    }
    var target = keys.indices.map { Int32($0) }
    var isAnyJoined = false
    for one in keys.indices {
      guard let owned = owned[keys[one].name], ownersOf[keys[one].device]!.count < 3,
        let plain = name(owned.path)
      else { continue }
      let own = Key(device: keys[one].device, name: plain)
      let known = index[own.hash]
      if known >= 0 {
        target[one] = known
        isAnyJoined = true
      } else {
        keys[one] = own
        index.insert(own.hash, ordinal: Int32(one))
      }
    }
    guard isAnyJoined else { return }
    for value in owners.indices { owners[value] = target[Int(owners[value])] }
  }

  /// The series of so many numbers or more, each in order of its events.
  ///
  /// - Parameters:
  ///   - times: by event, nanoseconds since 1970.
  ///   - ids: by event.
  consuming func finished(times: [Int64], ids: [Int64], fewest: Int) -> [MetricSeries] {
    joinOwnNumbers()
    var start = [Int](repeating: 0, count: keys.count + 1)
    for owner in owners { start[Int(owner) + 1] += 1 }
    for one in keys.indices { start[one + 1] += start[one] }
    var next = start
    var order = [Int32](repeating: 0, count: owners.count)
    for value in owners.indices {
      let owner = Int(owners[value])
      order[next[owner]] = Int32(value)
      next[owner] += 1
    }
    var list: [MetricSeries] = []
    for one in keys.indices where start[one + 1] - start[one] >= max(1, fewest) {
      var own = Array(order[start[one]..<start[one + 1]])
      if zip(own, own.dropFirst()).contains(where: { events[Int($0)] > events[Int($1)] }) {
        own.sort { (events[Int($0)], $0) < (events[Int($1)], $1) }
      }
      list.append(
        MetricSeries(
          device: keys[one].device, name: names[Int(keys[one].name)],
          times: own.map { times[Int(events[Int($0)])] }, values: own.map { values[Int($0)] },
          eventIDs: own.map { ids[Int(events[Int($0)])] }))
    }
    return list
  }
}
