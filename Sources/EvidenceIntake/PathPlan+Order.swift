extension PathPlan {
  /// Puts archives behind all other files, each in its order: a file that also lies in an archive is read as the file, and the
  /// archive's copy is the one that is skipped, so that the shorter name owns the source.
  mutating func putArchivesLast(nesting: Int) {
    guard items.count > 1 else { return }
    let isArchive = items.map { Self.isArchive($0, nesting: nesting) }
    guard isArchive.contains(true) else { return }
    let order = items.indices.filter { !isArchive[$0] } + items.indices.filter { isArchive[$0] }
    items = order.map { items[$0] }
  }

  /// True for a file that holds members. What cannot be read is found out when it is read.
  private static func isArchive(_ item: Item, nesting: Int) -> Bool {
    guard !item.isStandardInput, item.size > 0, let file = try? FileStream(path: item.path) else {
      return false
    }
    var head = [UInt8](repeating: 0, count: 64 << 10)
    // Most files are told by their first bytes; a compressed one may hold an archive, which takes more of them.
    func fill(to end: Int, from start: Int) -> Int {
      var filled = start
      while filled < end {
        let count = head.withUnsafeMutableBytes {
          (try? file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled..<end])).count) ?? 0
        }
        if count == 0 { break }
        filled += count
      }
      return filled
    }
    let first = fill(to: 512, from: 0)
    let kind = head.withUnsafeBytes { ContentKind(UnsafeRawBufferPointer(rebasing: $0[..<first])) }
    if kind.isArchive { return true }
    guard kind == .gzip || kind.isForeignCompression else { return false }
    let count = fill(to: head.count, from: first)
    return Unpacker.layers(of: Array(head[..<count]), limit: nesting).contains(where: \.isArchive)
  }
}
