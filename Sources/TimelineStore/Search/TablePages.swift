internal import CSQLite
internal import Glibc

/// The leaves of a table's b-tree, read as pages of the file that SQLite holds open, past its cache and its virtual machine
/// (SQLite file format, 1.3 and 1.6): a row costs a tenth of what it costs by `SELECT`.
///
/// Nothing here decides what a damaged or foreign file means: whatever is not as it should be ends in `nil` or `.broken`,
/// and the caller asks SQLite.
final class TablePages {
  /// How a walk ended.
  enum Outcome {
    /// All leaves were given.
    case complete
    /// The caller had enough.
    case stopped
    /// The tree is not in order.
    case broken
  }

  /// Bytes of a page, all of them usable.
  let pageSize: Int
  private let root: UInt32
  private let file: UnsafeMutablePointer<sqlite3_file>
  private let readBytes:
    @convention(c) (UnsafeMutablePointer<sqlite3_file>?, UnsafeMutableRawPointer?, Int32, sqlite3_int64) ->
      Int32
  private let pageCount: Int64
  /// Stands on a row: as long as it does, SQLite holds its lock, and no writer changes a page.
  private let lock: SQLiteStatement
  private let path: String
  private let deadline = DeadlineScope.current
  /// Neighbouring pages are read at once, into this; behind them is room for who looks at more than one byte at a time.
  private let run: UnsafeMutableRawPointer
  private let runPages: Int
  /// Interior pages above a leaf, the same everywhere in a tree; nil: not known yet.
  private var leafDepth: Int?
  /// Interior pages by number, kept from one walk to the next.
  private var interiors: [UInt32: Interior] = [:]

  /// Bytes read at once: few enough to stay in a core's cache until they are looked at.
  private static let runBytes = 256 << 10
  /// Deeper trees would hold more rows than there are.
  private static let maximumDepth = 20
  private static let keptInteriors = 64

  /// The table of the main database; nil where it cannot be read this way: there is a write-ahead log, texts are not UTF-8,
  /// pages have reserved bytes.
  init?(_ connection: SQLiteConnection, table: String) throws(StoreError) {
    lock = try connection.prepare("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?")
      .bound([.text(table)])
    guard try lock.next(), let root = UInt32(exactly: lock.int64(0)), root > 1 else { return nil }
    var opened: UnsafeMutablePointer<sqlite3_file>?
    guard sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_FILE_POINTER, &opened) == SQLITE_OK,
      let opened, let methods = opened.pointee.pMethods, let read = methods.pointee.xRead,
      let measure = methods.pointee.xFileSize
    else { return nil }
    var header = [UInt8](repeating: 0, count: 100)
    var size: sqlite3_int64 = 0
    guard read(opened, &header, 100, 0) == SQLITE_OK, measure(opened, &size) == SQLITE_OK else { return nil }
    let stored = Int(header[16]) << 8 | Int(header[17])
    let pageSize = stored == 1 ? 65_536 : stored
    guard pageSize >= 512, pageSize & (pageSize - 1) == 0,
      // Versions of writing and reading: 2 has a write-ahead log. Reserved bytes. Encoding.
      header[18] == 1, header[19] == 1, header[20] == 0, header[56...59] == [0, 0, 0, 1]
    else { return nil }
    self.root = root
    self.pageSize = pageSize
    file = opened
    readBytes = read
    pageCount = size / Int64(pageSize)
    path = connection.fileName
    runPages = max(1, Self.runBytes / pageSize)
    run = .allocate(byteCount: runPages * pageSize + 64, alignment: 64)
    memset(run + runPages * pageSize, 0, 64)
  }

  deinit {
    lock.rewind()
    run.deallocate()
  }

  /// A longer record spills into overflow pages.
  var maximumLocal: Int { pageSize - 35 }

  private func read(_ page: UInt32, count: Int = 1) -> Bool {
    guard page > 1, Int64(page) + Int64(count) - 1 <= pageCount else { return false }
    let offset = (Int64(page) - 1) * Int64(pageSize)
    return readBytes(file, run, Int32(count * pageSize), offset) == SQLITE_OK
  }

  // MARK: - Walking

  /// Calls with each leaf that may hold a row with an id of these ranges, in the order of ids, until it returns false.
  /// - Parameters:
  ///   - ranges: Ascending, not touching.
  ///   - body: Gets the page's bytes, valid during the call and followed by 64 more, and the ids that its rows must lie
  ///     between; gives nil where they do not.
  func forEachLeaf(
    _ ranges: [ClosedRange<Int64>],
    _ body: (UnsafeRawPointer, ClosedRange<Int64>) throws(StoreError) -> Bool?
  ) throws(StoreError) -> Outcome {
    guard !ranges.isEmpty else { return .complete }
    var next = 0
    if leafDepth == nil { leafDepth = depthOfLeaves() }
    guard let leafDepth else { return .broken }
    if leafDepth == 0 {
      guard read(root), Self.kind(run) == .tableLeaf else { return .broken }
      return try body(run, .min ... .max).map { $0 ? .complete : .stopped } ?? .broken
    }
    return try walk(root, .min ... .max, depth: 0, ranges, &next, body)
  }

  /// How many pages stand above the leaves, by the way to the first; nil where it does not end.
  private func depthOfLeaves() -> Int? {
    var page = root
    for depth in 0..<Self.maximumDepth {
      guard read(page) else { return nil }
      if Self.kind(run) == .tableLeaf { return depth }
      guard let first = interior(page, .min ... .max)?.children.first else { return nil }
      page = first
    }
    return nil
  }

  private func walk(
    _ page: UInt32, _ bounds: ClosedRange<Int64>, depth: Int, _ ranges: [ClosedRange<Int64>],
    _ next: inout Int,
    _ body: (UnsafeRawPointer, ClosedRange<Int64>) throws(StoreError) -> Bool?
  ) throws(StoreError) -> Outcome {
    if let deadline, deadline.hasPassed {
      throw StoreError(code: .limit, what: "cannot read case", path: path, reason: "interrupted")
    }
    guard let leafDepth, depth < leafDepth, let interior = interior(page, bounds) else { return .broken }
    let areLeaves = depth + 1 == leafDepth
    var index = 0
    while index < interior.children.count {
      let first = index == 0 ? bounds.lowerBound : interior.keys[index - 1] + 1
      while next < ranges.count, ranges[next].upperBound < first { next += 1 }
      guard next < ranges.count else { return .complete }
      // The child that holds the range's beginning.
      while index < interior.keys.count, interior.keys[index] < ranges[next].lowerBound { index += 1 }
      // Its neighbours, while they stand beside it in the file and hold more of what is wanted.
      var count = 1
      var wanted = next
      while areLeaves, count < runPages, index + count < interior.children.count,
        interior.children[index + count] == interior.children[index] &+ UInt32(count)
      {
        let after = interior.keys[index + count - 1]
        while wanted < ranges.count, ranges[wanted].upperBound <= after { wanted += 1 }
        let end = index + count < interior.keys.count ? interior.keys[index + count] : bounds.upperBound
        guard wanted < ranges.count, ranges[wanted].lowerBound <= end else { break }
        count += 1
      }
      if areLeaves {
        guard read(interior.children[index], count: count) else { return .broken }
      }
      for child in index..<index + count {
        let low = child == 0 ? bounds.lowerBound : interior.keys[child - 1] + 1
        let high = child < interior.keys.count ? interior.keys[child] : bounds.upperBound
        guard low <= high else { return .broken }
        if !areLeaves {
          let outcome = try walk(interior.children[child], low...high, depth: depth + 1, ranges, &next, body)
          guard case .complete = outcome else { return outcome }
          continue
        }
        let leaf = UnsafeRawPointer(run + (child - index) * pageSize)
        guard Self.kind(leaf) == .tableLeaf, let goesOn = try body(leaf, low...high) else { return .broken }
        guard goesOn else { return .stopped }
      }
      index += count
    }
    return .complete
  }

  private static func kind(_ page: UnsafeRawPointer) -> TreePage.Kind? {
    TreePage.Kind(rawValue: page.load(as: UInt8.self))
  }

  // MARK: - Interior pages

  /// An interior page: children, and the greatest id of each but the last.
  private struct Interior {
    var children: [UInt32] = []
    var keys: [Int64] = []
  }

  private func interior(_ page: UInt32, _ bounds: ClosedRange<Int64>) -> Interior? {
    if let known = interiors[page] { return known }
    guard read(page), Self.kind(run) == .tableInterior else { return nil }
    let bytes = UnsafeRawPointer(run)
    let count = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 3, as: UInt16.self)))
    guard count > 0, 12 + 2 * count <= pageSize else { return nil }
    var interior = Interior()
    interior.children.reserveCapacity(count + 1)
    interior.keys.reserveCapacity(count)
    var least = bounds.lowerBound
    for cell in 0..<count {
      let place = bytes.loadUnaligned(fromByteOffset: 12 + 2 * cell, as: UInt16.self)
      var at = Int(UInt16(bigEndian: place))
      // A child's number and an id take thirteen bytes at most, which the room behind the pages holds.
      guard at >= 12, at + 5 <= pageSize else { return nil }
      interior.children.append(
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
      at += 4
      let key = Int64(bitPattern: Varint.read(bytes, &at))
      guard key >= least, key < bounds.upperBound else { return nil }
      least = key + 1
      interior.keys.append(key)
    }
    interior.children.append(
      UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    if interiors.count >= Self.keptInteriors { interiors.removeAll(keepingCapacity: true) }
    interiors[page] = interior
    return interior
  }
}
