internal import Glibc

/// One page of a b-tree while it is filled (SQLite file format, 1.6): cells grow from the end, their places from the
/// header.
struct TreePage: ~Copyable {
  /// The four kinds of pages.
  enum Kind: UInt8 {
    case indexInterior = 2
    case tableInterior = 5
    case indexLeaf = 10
    case tableLeaf = 13
    var headerSize: Int { self == .indexInterior || self == .tableInterior ? 12 : 8 }
  }

  let kind: Kind
  let base: UnsafeMutableRawPointer
  private(set) var cells = 0
  private var contentStart = PageFile.pageSize
  private var pointersEnd: Int

  init(_ kind: Kind) {
    self.kind = kind
    pointersEnd = kind.headerSize
    base = .allocate(byteCount: PageFile.pageSize, alignment: 16)
    memset(base, 0, PageFile.pageSize)
  }

  deinit { base.deallocate() }

  /// The same page again, in memory of its own.
  func copy() -> TreePage {
    var copy = TreePage(kind)
    memcpy(copy.base, base, PageFile.pageSize)
    copy.cells = cells
    copy.contentStart = contentStart
    copy.pointersEnd = pointersEnd
    return copy
  }

  /// Makes the page empty again. Its bytes stay, until others are put there or it is sealed.
  mutating func clear() {
    cells = 0
    contentStart = PageFile.pageSize
    pointersEnd = kind.headerSize
  }

  /// True when a cell of this size fits.
  @inline(__always) func fits(_ size: Int) -> Bool { pointersEnd &+ 2 &+ size <= contentStart }

  /// Makes room for a cell, which must fit, and returns where its bytes go.
  @inline(__always) mutating func place(_ size: Int) -> UnsafeMutableRawPointer {
    // SQLite frees cells in pieces of at least four bytes.
    contentStart &-= max(size, 4)
    if size < 4 { (base + contentStart).storeBytes(of: 0, as: UInt32.self) }
    base.storeBytes(
      of: UInt16(truncatingIfNeeded: contentStart).bigEndian, toByteOffset: pointersEnd, as: UInt16.self)
    pointersEnd &+= 2
    cells &+= 1
    return base + contentStart
  }

  /// Places usual entries of an index, one after the other, while they fit; returns how many that were.
  @inline(__always)
  mutating func place(_ entries: UnsafeBufferPointer<IndexEntry>, by order: IndexEntry.Order) -> Int {
    // In variables of their own: the page's would be loaded and stored at every entry.
    var start = contentStart
    var end = pointersEnd
    var placed = 0
    while placed < entries.count {
      let entry = entries[placed]
      let size = entry.usualSize(order)
      guard size > 0, end &+ 2 &+ size <= start else { break }
      start &-= size
      base.storeBytes(of: UInt16(truncatingIfNeeded: start).bigEndian, toByteOffset: end, as: UInt16.self)
      end &+= 2
      entry.putUsual(order, size: size, to: base + start)
      placed &+= 1
    }
    contentStart = start
    pointersEnd = end
    cells &+= placed
    return placed
  }

  /// Takes the last cell off the page and returns its bytes.
  mutating func popLast() -> [UInt8] {
    let previous =
      cells > 1
      ? Int(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: pointersEnd - 4, as: UInt16.self)))
      : PageFile.pageSize
    let bytes = Array(UnsafeRawBufferPointer(start: base + contentStart, count: previous - contentStart))
    memset(base + contentStart, 0, bytes.count)
    pointersEnd -= 2
    base.storeBytes(of: 0, toByteOffset: pointersEnd, as: UInt16.self)
    cells -= 1
    contentStart = previous
    return bytes
  }

  /// Writes the header, and zeros where nothing stands.
  /// - Parameter rightMost: The last child, for interior pages.
  @inline(__always) mutating func seal(rightMost: UInt32 = 0) {
    memset(base + pointersEnd, 0, contentStart - pointersEnd)
    // The kind, no free block, and no bytes that were freed.
    base.storeBytes(of: UInt64(kind.rawValue).littleEndian, as: UInt64.self)
    base.storeBytes(of: UInt16(truncatingIfNeeded: cells).bigEndian, toByteOffset: 3, as: UInt16.self)
    base.storeBytes(of: UInt16(truncatingIfNeeded: contentStart).bigEndian, toByteOffset: 5, as: UInt16.self)
    if kind.headerSize == 12 { base.storeBytes(of: rightMost.bigEndian, toByteOffset: 8, as: UInt32.self) }
  }
}
