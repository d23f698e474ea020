internal import Glibc

/// A level of a b-tree above its leaves, built from left to right, and those above it.
///
/// It gets children one after the other, each with the key that stands behind it. When its page is full, the page
/// is kept back until the next one has a key too, as SQLite takes a page without a key for damage; at the end the last
/// page may so take a key over from the one before.
final class TreeLevel {
  private let file: PageFile
  private let kind: TreePage.Kind
  /// The page being filled.
  @exclusivity(unchecked) private var page: TreePage
  /// The page before, full, without a number yet; what it is divided from `page` by.
  @exclusivity(unchecked) private var before: TreePage?
  private var beforeRightMost: UInt32 = 0
  private var divider: [UInt8] = []
  private var above: TreeLevel?
  /// True when there is no child yet: the only leaf is the root.
  @exclusivity(unchecked) private(set) var isEmpty = true

  /// - Parameter kind: The kind of the interior pages.
  init(file: PageFile, kind: TreePage.Kind) {
    self.file = file
    self.kind = kind
    page = TreePage(kind)
  }

  /// Adds a child and the key behind it (a row id as varint, or an index entry as a leaf has it).
  func append(child: UInt32, key: UnsafeRawBufferPointer) throws(StoreError) {
    isEmpty = false
    if page.fits(4 + key.count) {
      if page.cells == 0 { try flushBefore() }
      put(child, key)
    } else {
      var full = TreePage(kind)
      swap(&full, &page)
      before = consume full
      beforeRightMost = child
      divider = Array(key)
    }
  }

  private func put(_ child: UInt32, _ key: UnsafeRawBufferPointer) {
    let cell = page.place(4 + key.count)
    cell.storeBytes(of: child.bigEndian, as: UInt32.self)
    memcpy(cell + 4, key.baseAddress!, key.count)
  }

  /// Gives the page before its number, and the level above the key behind it.
  private func flushBefore() throws(StoreError) {
    guard var before = before.take() else { return }
    before.seal(rightMost: beforeRightMost)
    let number = try file.append(before.base)
    let above = above ?? TreeLevel(file: file, kind: kind)
    self.above = above
    try divider.withUnsafeBufferPointer { (key) throws(StoreError) in
      try above.append(child: number, key: UnsafeRawBufferPointer(key))
    }
  }

  /// Ends the tree with its last child and writes the root. There must be a child before it, and nothing must be called afterwards.
  func finish(lastChild: UInt32, root: UInt32) throws(StoreError) {
    precondition(!isEmpty, "a tree without levels is finished by its leaf")
    if page.cells == 0, var before = before.take() {
      // The last page would have no key: it takes the last one of the page before.
      let last = before.popLast()
      let shifted = UInt32(bigEndian: last.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
      let key = divider
      divider = Array(last.dropFirst(4))
      key.withUnsafeBytes { put(beforeRightMost, $0) }
      beforeRightMost = shifted
      self.before = consume before
    }
    try flushBefore()
    page.seal(rightMost: lastChild)
    if let above {
      try above.finish(lastChild: try file.append(page.base), root: root)
    } else {
      try file.replace(root, with: page.base)
    }
  }
}
