internal import Glibc

/// Reads single slices of bits of the search index: by pages of the file, and by SQLite where that cannot be.
final class SliceReader {
  private let pages: TablePages?
  private let statement: SQLiteStatement
  private var group = SearchGroup(number: 0, firstEvent: 0, sizes: [])
  /// By place, where its words begin in `words`; -1: not read yet.
  private var starts = [Int32](repeating: -1, count: BlockSignature.bits)
  private var places: [Int] = []
  private var words: [UInt64] = []

  init(_ connection: SQLiteConnection) throws(StoreError) {
    pages = try TablePages(connection, table: "search_slice")
    statement = try connection.prepare("SELECT bits FROM search_slice WHERE id = ?")
  }

  /// Words of one slice of the group.
  var wordCount: Int { (group.sizes.count + 63) / 64 }

  /// Turns to a group; what was read of another is forgotten.
  func begin(_ group: SearchGroup) {
    self.group = group
    for place in places { starts[place] = -1 }
    places.removeAll(keepingCapacity: true)
    words.removeAll(keepingCapacity: true)
  }

  /// Takes from `blocks` those that do not have the bit at this place.
  /// - Returns: False when none is left.
  func narrow(_ blocks: inout [UInt64], by place: Int) throws(StoreError) -> Bool {
    if starts[place] < 0 { try read(place) }
    let start = Int(starts[place])
    let count = wordCount
    var left: UInt64 = 0
    words.withUnsafeBufferPointer { words in
      blocks.withUnsafeMutableBufferPointer { blocks in
        for index in 0..<count {
          blocks[index] &= words[start &+ index]
          left |= blocks[index]
        }
      }
    }
    return left != 0
  }

  private func read(_ place: Int) throws(StoreError) {
    let blocks = group.sizes.count
    let size = SearchGroup.sliceBytes(blocks: blocks)
    let perRow = SearchGroup.slicesPerRow(blocks: blocks)
    let row = place / perRow
    let start = (place - row * perRow) * size
    let offset = words.count
    // What is not there is taken for set: then rows are looked at.
    for _ in 0..<wordCount { words.append(.max) }
    func keep(_ bits: UnsafeRawBufferPointer) {
      guard start + size <= bits.count, let base = bits.baseAddress else { return }
      words.withUnsafeMutableBytes { _ = memcpy($0.baseAddress! + 8 * offset, base + start, size) }
      for index in offset..<words.count { words[index] = UInt64(littleEndian: words[index]) }
    }
    let id = group.number << SearchGroup.idBits | Int64(row)
    if try !readPage(id, keep) {
      statement.bound([.integer(id)])
      if try statement.next() { statement.withBytes(0) { keep(UnsafeRawBufferPointer($0)) } }
      statement.rewind()
    }
    starts[place] = Int32(offset)
    places.append(place)
  }

  /// False where the pages do not tell.
  private func readPage(_ id: Int64, _ keep: (UnsafeRawBufferPointer) -> Void) throws(StoreError) -> Bool {
    guard let pages else { return false }
    var isRead = false
    _ = try pages.forEachLeaf([id...id]) { (page, _) throws(StoreError) in
      guard let rows = LeafRows(page, pageSize: pages.pageSize) else { return nil }
      for index in 0..<rows.count {
        guard let row = rows[index] else { return nil }
        guard row.id == id else { continue }
        guard row.isWhole, let bits = LeafRows.blob(behindTheIdOf: row.record) else { return nil }
        keep(bits)
        isRead = true
        return false
      }
      return true
    }
    return isRead
  }
}
