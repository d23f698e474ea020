/// Finds the events whose messages may hold a text, by the signatures of their blocks.
struct SearchIndexReader {
  private let connection: SQLiteConnection
  private let slices: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    self.connection = connection
    slices = try connection.prepare("SELECT bits FROM search_slice WHERE id = ?")
  }

  /// Ids of the candidates, as ranges in ascending order that do not touch. Events that the index does not cover are among them.
  /// - Parameter limit: nil is returned when there are more candidates than this.
  func candidates(_ search: SearchPaths, limit: Int64) throws(StoreError) -> [ClosedRange<Int64>]? {
    let bounds = try connection.prepare("SELECT min(first_event), max(first_event + events) FROM segment")
    guard try bounds.next(), let low = bounds.int64OrNil(0), let high = bounds.int64OrNil(1), low < high
    else {
      return nil
    }
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
      let events = group.sizes.reduce(Int64(0)) { $0 + Int64($1) }
      let (end, overflow) = group.firstEvent.addingReportingOverflow(events)
      // A group that says nonsense is as good as none.
      guard group.firstEvent >= next, !overflow, group.sizes.count <= SearchGroup.maximumBlocks else {
        continue
      }
      add(next, group.firstEvent - 1)
      var first = group.firstEvent
      let found = try blocks(search, in: group)
      for (block, size) in group.sizes.enumerated() {
        if found[block] { add(first, first + Int64(size) - 1) }
        first += Int64(size)
      }
      next = end
      if total > limit { return nil }
    }
    add(next, high - 1)
    return total <= limit ? ranges : nil
  }

  /// Which blocks of a group may hold the text.
  private func blocks(_ search: SearchPaths, in group: SearchGroup) throws(StoreError) -> [Bool] {
    let count = group.sizes.count
    var known: [Int: [UInt8]] = [:]
    var rows: [Int: [UInt8]] = [:]
    let size = SearchGroup.sliceBytes(blocks: count)
    let perRow = SearchGroup.slicesPerRow(blocks: count)
    func slice(_ place: Int) throws(StoreError) -> [UInt8] {
      if let slice = known[place] { return slice }
      let row = place / perRow
      if rows[row] == nil {
        slices.bound([.integer(group.number << SearchGroup.idBits | Int64(row))])
        rows[row] = try slices.next() ? slices.bytes(0) : []
        slices.rewind()
      }
      let start = (place - row * perRow) * size
      let bytes = rows[row] ?? []
      // What is not there is taken for set: then rows are looked at.
      let slice =
        start + size <= bytes.count
        ? Array(bytes[start..<start + size]) : [UInt8](repeating: 0xff, count: size)
      known[place] = slice
      return slice
    }
    /// The blocks of `among` that have all bits. No more slices are read once none is left.
    func all(_ places: [Int], among: [UInt8]) throws(StoreError) -> [UInt8] {
      var result = among
      var left: UInt8 = 1
      for place in places where left != 0 {
        let bits = try slice(place)
        left = 0
        for index in 0..<size {
          result[index] &= bits[index]
          left |= result[index]
        }
      }
      return result
    }
    var found = [UInt8](repeating: 0, count: size)
    for path in search.paths {
      // Texts first: they leave fewer blocks than templates do.
      var bits = [UInt8](repeating: 0xff, count: size)
      for text in path.texts {
        // A text lies at an even or an odd place of what is stored.
        let even = try all(Self.places(text, from: 0), among: bits)
        let odd = try all(Self.places(text, from: 1), among: bits)
        for index in 0..<size { bits[index] = even[index] | odd[index] }
      }
      if let template = path.template {
        bits = try all(BlockSignature.places(template: template), among: bits)
      }
      for index in 0..<size { found[index] |= bits[index] }
    }
    return (0..<count).map { found[$0 / 8] & 1 << UInt8($0 % 8) != 0 }
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
