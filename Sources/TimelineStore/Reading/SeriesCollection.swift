import IncidentModel

/// The numbers of all records by device and name, as they are read.
///
/// A name is the number's path in its record, after the words of a tidy table's row, or after the entity that the record
/// names beside several numbers.
struct SeriesCollection {
  private struct Key: Hashable {
    var device: Int32
    var name: Int32
  }
  private let limit: Int
  /// Numbers that found no place.
  private(set) var leftOut = 0
  private var count = 0
  private var names: [String] = []
  private var nameIndex: [[UInt8]: Int32] = [:]
  private var index: [Key: Int] = [:]
  private var series: [(key: Key, events: [Int32], values: [Double])] = []
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
    let place: Int
    if let known = index[key] {
      place = known
    } else {
      place = series.count
      index[key] = place
      series.append((key, [], []))
    }
    series[place].events.append(event)
    series[place].values.append(number)
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
    for one in series.indices {
      for value in series[one].events.indices {
        series[one].events[value] = place[Int(series[one].events[value])]
      }
    }
  }

  /// A device that names one or two entities beside its numbers (its gateway, its peer) reports its own: such numbers are
  /// joined under the plain path. Only a table names many.
  private mutating func joinOwnNumbers() {
    guard !owned.isEmpty else { return }
    var owners: [Int32: Set<[UInt8]>] = [:]
    for one in series {
      if let owned = owned[one.key.name] { owners[one.key.device, default: []].insert(owned.owner) }
    }
    var joined: Set<Int> = []
    for one in series.indices {
      let key = series[one].key
      guard let owned = owned[key.name], owners[key.device]!.count < 3, let plain = name(owned.path) else {
        continue
      }
      let own = Key(device: key.device, name: plain)
      if let target = index[own] {
        series[target].events += series[one].events
        series[target].values += series[one].values
        joined.insert(one)
      } else {
        series[one].key = own
        index[own] = one
      }
    }
    if !joined.isEmpty { series = series.indices.filter { !joined.contains($0) }.map { series[$0] } }
    index = [:]
  }

  /// The series, each in order of its events.
  ///
  /// - Parameters:
  ///   - times: by event, nanoseconds since 1970.
  ///   - ids: by event.
  consuming func finished(times: [Int64], ids: [Int64]) -> [MetricSeries] {
    joinOwnNumbers()
    return series.map { one in
      var events = one.events
      var values = one.values
      if zip(events, events.dropFirst()).contains(where: { $0 > $1 }) {
        let sorted = zip(events, values).sorted { $0.0 < $1.0 }
        events = sorted.map(\.0)
        values = sorted.map(\.1)
      }
      return MetricSeries(
        device: one.key.device, name: names[Int(one.key.name)], times: events.map { times[Int($0)] },
        values: values, eventIDs: events.map { ids[Int($0)] })
    }
  }
}
