/// Finds the events whose messages may hold a text, by the signatures of their blocks.
struct SearchIndexReader {
  private let connection: SQLiteConnection
  private let slices: SliceReader

  init(_ connection: SQLiteConnection) throws(StoreError) {
    self.connection = connection
    slices = try SliceReader(connection)
  }

  /// Ids of the candidates, as ranges in ascending order that do not touch. Events that the index does not cover are among them.
  /// - Parameter limit: nil is returned when there are more candidates than this.
  func candidates(_ search: SearchPaths, limit: Int64) throws(StoreError) -> [ClosedRange<Int64>]? {
    let bounds = try connection.prepare("SELECT min(first_event), max(first_event + events) FROM segment")
    guard try bounds.next(), let low = bounds.int64OrNil(0), let high = bounds.int64OrNil(1), low < high
    else {
      return nil
    }
    let probes = search.paths.map(Probe.init)
    var ranges: [ClosedRange<Int64>] = []
    var total: Int64 = 0
    func add(_ first: Int64, _ last: Int64) {
      let first = max(first, low)
      let last = min(last, high - 1)
      guard first <= last else { return }
      total = total.addingClamped((last - first).addingClamped(1))
      if let end = ranges.last?.upperBound, end + 1 == first {
        ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound...last
      } else {
        ranges.append(first...last)
      }
    }
    var next = low
    let groups = try connection.prepare(
      "SELECT number, first_event, sizes FROM search_group ORDER BY first_event")
    while try groups.next() {
      let group = SearchGroup(number: groups.int64(0), firstEvent: groups.int64(1), sizes: groups.bytes(2))
      let events = group.sizes.withUnsafeBufferPointer { $0.reduce(0) { $0 &+ Int64($1) } }
      let (end, overflow) = group.firstEvent.addingReportingOverflow(events)
      // A group that says nonsense is as good as none.
      guard group.firstEvent >= next, !overflow, group.sizes.count <= SearchGroup.maximumBlocks else {
        continue
      }
      add(next, group.firstEvent - 1)
      let found = try blocks(probes, in: group)
      if found.contains(where: { $0 != 0 }) {
        var first = group.firstEvent
        for (block, size) in group.sizes.enumerated() {
          if found[block >> 6] >> UInt64(block & 63) & 1 != 0 { add(first, first + Int64(size) - 1) }
          first += Int64(size)
        }
      }
      next = end
      if total > limit { return nil }
    }
    add(next, high - 1)
    return total <= limit ? ranges : nil
  }

  /// Which blocks of a group may hold the text, a bit for each.
  private func blocks(_ probes: [Probe], in group: SearchGroup) throws(StoreError) -> [UInt64] {
    slices.begin(group)
    /// The blocks of `among` that have all bits. No more slices are read once none is left.
    func all(_ places: [Int], among: [UInt64]) throws(StoreError) -> [UInt64] {
      var result = among
      for place in places {
        guard try slices.narrow(&result, by: place) else { break }
      }
      return result
    }
    let every = [UInt64](repeating: .max, count: slices.wordCount)
    var found = [UInt64](repeating: 0, count: every.count)
    for probe in probes {
      // Texts first: they leave fewer blocks than templates do.
      var bits = every
      for text in probe.texts {
        // A text lies at an even or an odd place of what is stored.
        let even = try all(text.even, among: bits)
        let odd = try all(text.odd, among: bits)
        for index in bits.indices { bits[index] = even[index] | odd[index] }
      }
      bits = try all(probe.template, among: bits)
      for index in bits.indices { found[index] |= bits[index] }
    }
    return found
  }

  /// The bits that one way of standing in a message needs.
  private struct Probe {
    var texts: [(even: [Int], odd: [Int])]
    var template: [Int]

    init(_ path: SearchPaths.Path) {
      texts = path.texts.map {
        (SearchIndexReader.places($0, from: 0), SearchIndexReader.places($0, from: 1))
      }
      template = path.template.map { BlockSignature.places(template: $0) } ?? []
    }
  }

  /// Bits of all stretches of a text that begin at every second byte.
  static func places(_ text: [UInt8], from start: Int) -> [Int] {
    text.withUnsafeBytes { bytes in
      stride(from: start, through: text.count - BlockSignature.stretch, by: BlockSignature.step).flatMap {
        at in
        let (a, b) = BlockSignature.places(stretch: BlockSignature.word(bytes, at))
        return [a, b]
      }
    }
  }
}
