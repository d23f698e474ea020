internal import Glibc

/// The levels of a b-tree above its leaves, built from left to right.
///
/// A level gets children one after the other, each with the key that stands behind it. When its page is full, the page
/// is kept back until the next one has a key too, as SQLite takes a page without a key for damage; at the end the last
/// page may so take a key over from the one before.
final class TreeLevels {
  /// One level: the page being filled and, once that was full, the page before it.
  private final class Level {
    var page: TreePage
    /// The page before, full, without a number yet; what it is divided from `page` by.
    var before: TreePage?
    var beforeRightMost: UInt32 = 0
    var divider: [UInt8] = []
    init(_ kind: TreePage.Kind) { page = TreePage(kind) }
  }

  private let file: PageFile
  private let kind: TreePage.Kind
  private var levels: [Level] = []

  /// - Parameter kind: The kind of the interior pages.
  init(file: PageFile, kind: TreePage.Kind) {
    self.file = file
    self.kind = kind
  }

  /// Adds a child and the key behind it (a row id as varint, or an index entry as a leaf has it).
  func append(child: UInt32, key: UnsafeRawBufferPointer, level index: Int = 0) throws(StoreError) {
    if index == levels.count { levels.append(Level(kind)) }
    let level = levels[index]
    let size = 4 + key.count
    if level.page.fits(size) {
      if level.page.cells == 0 { try flushBefore(index) }
      Self.put(child, key, &level.page)
    } else {
      var full = TreePage(kind)
      swap(&full, &level.page)
      level.before = consume full
      level.beforeRightMost = child
      level.divider = Array(key)
    }
  }

  private static func put(_ child: UInt32, _ key: UnsafeRawBufferPointer, _ page: inout TreePage) {
    let cell = page.place(4 + key.count)
    cell.storeBytes(of: child.bigEndian, as: UInt32.self)
    memcpy(cell + 4, key.baseAddress!, key.count)
  }

  /// Gives the page before its number, and its parent the key behind it.
  private func flushBefore(_ index: Int) throws(StoreError) {
    let level = levels[index]
    guard var before = level.before.take() else { return }
    before.seal(rightMost: level.beforeRightMost)
    let number = try file.append(before.base)
    try level.divider.withUnsafeBufferPointer { (key) throws(StoreError) in
      try append(child: number, key: UnsafeRawBufferPointer(key), level: index + 1)
    }
  }

  /// Ends the tree with its last child and writes the root. Nothing must be called afterwards.
  /// - Parameter keyLength: Bytes of the key in an interior cell behind the child's number.
  func finish(lastChild: UInt32, root: UInt32) throws(StoreError) {
    var child = lastChild
    var index = 0
    while index < levels.count {
      let level = levels[index]
      if level.page.cells == 0, var before = level.before.take() {
        // The last page would have no key: it takes the last one of the page before.
        let last = before.popLast()
        let shifted = UInt32(bigEndian: last.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
        let key = level.divider
        level.divider = Array(last.dropFirst(4))
        key.withUnsafeBytes { Self.put(level.beforeRightMost, $0, &level.page) }
        level.beforeRightMost = shifted
        level.before = consume before
      }
      try flushBefore(index)
      level.page.seal(rightMost: child)
      if index == levels.count - 1 {
        try file.replace(root, with: level.page.base)
        return
      }
      child = try file.append(level.page.base)
      index += 1
    }
    preconditionFailure("a tree without levels is finished by its leaf")
  }

  /// True when there is no level yet: the only leaf is the root.
  var isEmpty: Bool { levels.isEmpty }
}
