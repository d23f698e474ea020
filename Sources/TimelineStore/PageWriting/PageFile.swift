internal import Glibc

/// The part of a case file behind what SQLite has written: pages in the order they are finished.
///
/// SQLite must not have the file open while pages are added, and learns of them when `finish` has put the new size
/// into the header.
final class PageFile {
  /// Bytes of a page; the only size that Firebreak makes cases with.
  static let pageSize = 4096
  /// The page that SQLite's locks lie in, 1 GiB into the file: it holds no data.
  private static let lockPage: UInt32 = 1 + 0x4000_0000 / UInt32(pageSize)
  /// SQLite's limit, and this format's.
  private static let maximumPages: UInt32 = 0x3fff_fffe

  let path: String
  private let descriptor: Int32
  /// The same file, for what is appended.
  private let file: BlockFile
  @exclusivity(unchecked) private var next: UInt32
  @exclusivity(unchecked) private var buffer: ByteBuffer
  @exclusivity(unchecked) private var bufferStart: Int64
  private let maximumPages: UInt32
  private let bufferSize: Int

  /// Opens a closed case file for adding pages.
  /// - Parameters:
  ///   - maximumPages: 0 is SQLite's own limit.
  ///   - pagesAtATime: Pages that are written together.
  init(path: String, maximumPages: Int = 0, pagesAtATime: Int = 512) throws(StoreError) {
    self.path = path
    bufferSize = pagesAtATime * Self.pageSize
    self.maximumPages = maximumPages > 0 ? UInt32(maximumPages) : Self.maximumPages
    descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFile.error("cannot write case", path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemFile.error("cannot write case", path) }
    next = UInt32(Int(status.st_size) / Self.pageSize) + 1
    bufferStart = Int64(next - 1) * Int64(Self.pageSize)
    buffer = ByteBuffer(capacity: bufferSize, alignment: Self.pageSize, isForDisk: true)
    let appended = open(path, O_RDWR | O_CLOEXEC)
    guard appended >= 0 else {
      let error = SystemFile.error("cannot write case", path)
      close(descriptor)
      throw error
    }
    file = BlockFile(appended, path: path)
  }

  deinit { close(descriptor) }

  /// Adds a page and returns its number.
  @inline(__always)
  func append(_ page: UnsafeRawPointer) throws(StoreError) -> UInt32 {
    if next == Self.lockPage { try skipLockPage() }
    if buffer.count >= bufferSize { try flush() }
    guard next <= maximumPages else {
      throw StoreError(
        code: .diskFull, what: "cannot write case", path: path, reason: "database or disk is full",
        advice: "free some space and run it again")
    }
    memcpy(buffer.base + buffer.count, page, Self.pageSize)
    buffer.count &+= Self.pageSize
    defer { next &+= 1 }
    return next
  }

  /// Replaces a page that SQLite made: the root of a table or index.
  func replace(_ number: UInt32, with page: UnsafeRawPointer) throws(StoreError) {
    try SystemFile.write(
      UnsafeRawBufferPointer(start: page, count: Self.pageSize), to: descriptor,
      at: Int64(number - 1) * Int64(Self.pageSize), path: path)
  }

  /// The page that is added next.
  var end: UInt32 { next }

  /// Forgets the pages from one on.
  func rewind(to page: UInt32) throws(StoreError) {
    try flush()
    try file.settle()
    next = page
    bufferStart = Int64(page - 1) * Int64(Self.pageSize)
    guard ftruncate(descriptor, off_t(bufferStart)) == 0 else { throw SystemFile.error("cannot cut", path) }
  }

  /// Reads a page that was added.
  func read(_ page: UInt32, into target: UnsafeMutableRawPointer) throws(StoreError) {
    try flush()
    try file.settle()
    let bytes = UnsafeMutableRawBufferPointer(start: target, count: Self.pageSize)
    let got = try SystemFile.read(
      from: descriptor, at: Int64(page - 1) * Int64(Self.pageSize), into: bytes, path: path)
    guard got == Self.pageSize else {
      throw StoreError(code: .inputOutput, what: "cannot read", path: path, reason: "it ends early")
    }
  }

  private func skipLockPage() throws(StoreError) {
    try flush()
    next += 1
    bufferStart += Int64(Self.pageSize)
  }

  private func flush() throws(StoreError) {
    let count = buffer.count
    guard count > 0 else { return }
    try file.write(&buffer, count: count, at: bufferStart)
    bufferStart += Int64(count)
  }

  /// Writes what is buffered and the new number of pages (SQLite file format, 1.3).
  func finish() throws(StoreError) {
    try flush()
    try file.settle()
    let header = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 4)
    defer { header.deallocate() }
    guard try SystemFile.read(from: descriptor, at: 0, into: header, path: path) == header.count else {
      throw StoreError(
        code: .inputOutput, what: "cannot write case", path: path, reason: "its header is missing")
    }
    func number(_ offset: Int) -> UInt32 { header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    func set(_ offset: Int, _ value: UInt32) {
      for index in 0..<4 {
        header[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index))
      }
    }
    let counter = number(24) &+ 1
    set(24, counter)
    set(28, next - 1)
    set(92, counter)
    try SystemFile.write(UnsafeRawBufferPointer(header), to: descriptor, at: 0, path: path)
  }
}
