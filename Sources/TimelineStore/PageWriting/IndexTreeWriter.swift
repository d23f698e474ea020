internal import Glibc

/// Writes the b-tree of an index whose entries are short, in ascending order. Entries stand in leaves or, where they
/// divide two pages, above them.
final class IndexTreeWriter {
  private let file: PageFile
  private let root: UInt32
  private let levels: TreeLevel
  @exclusivity(unchecked) private var leaf = TreePage(.indexLeaf)
  /// The leaf before, full, and the entry that divides it from `leaf`.
  @exclusivity(unchecked) private var before = TreePage(.indexLeaf)
  @exclusivity(unchecked) private var hasBefore = false
  @exclusivity(unchecked) private var divider = ByteBuffer(capacity: 64)

  /// - Parameter root: Page of the empty index as SQLite made it.
  init(file: PageFile, root: UInt32) {
    self.file = file
    self.root = root
    levels = TreeLevel(file: file, kind: .indexInterior)
  }

  /// Adds entries of an index on (time) or (device, time).
  @inline(__always)
  func append(_ entries: UnsafeBufferPointer<IndexEntry>, by order: IndexEntry.Order) throws(StoreError) {
    var next = 0
    while next < entries.count {
      // Many at once into a leaf that has been begun; one by one those that begin or fill one, and unusual ones.
      if leaf.cells > 0 { next &+= leaf.place(UnsafeBufferPointer(rebasing: entries[next...]), by: order) }
      guard next < entries.count else { return }
      switch order {
      case .time: try entries[next].append(byTime: self)
      case .device: try entries[next].append(byDevice: self)
      }
      next &+= 1
    }
  }

  /// Adds an entry of `size` bytes (its payload's size as varint, and the payload), which `fill` writes.
  @inline(__always)
  func append(size: Int, _ fill: (UnsafeMutableRawPointer) -> Void) throws(StoreError) {
    if leaf.fits(size) {
      if hasBefore, leaf.cells == 0 { try flushBefore() }
      fill(leaf.place(size))
    } else {
      divider.count = 0
      divider.reserve(size)
      fill(divider.base)
      divider.count = size
      swap(&leaf, &before)
      leaf.clear()
      hasBefore = true
    }
  }

  private func flushBefore() throws(StoreError) {
    before.seal()
    let number = try file.append(before.base)
    hasBefore = false
    try levels.append(child: number, key: divider.bytes)
  }

  /// Ends the index.
  func finish() throws(StoreError) {
    if hasBefore, leaf.cells == 0 {
      // The divider has nothing behind it: it goes into the last leaf, and the one before gives its last entry up.
      let last = before.popLast()
      memcpy(leaf.place(divider.count), divider.base, divider.count)
      divider.count = 0
      last.withUnsafeBytes { divider.append($0) }
    }
    if hasBefore { try flushBefore() }
    leaf.seal()
    if levels.isEmpty {
      try file.replace(root, with: leaf.base)
    } else {
      try levels.finish(lastChild: try file.append(leaf.base), root: root)
    }
  }
}
