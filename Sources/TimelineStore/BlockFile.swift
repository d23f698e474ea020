internal import Dispatch
internal import Glibc
internal import Synchronization

/// A file that is written and read in whole blocks, the larger stretches in the background and past the page cache where the file
/// system can: what is written once and read once would be copied there and out again, into memory that a virtual machine
/// seldom has ready. One thread at a time.
final class BlockFile: @unchecked Sendable {
  // @unchecked: what the background touches is atomic or in `state`.

  /// Bytes that offsets, lengths and addresses are multiples of.
  static let block = 4096

  /// The least number of bytes that fills whole blocks and is no less than this.
  static func wholeBlocks(_ bytes: Int) -> Int { (bytes + block - 1) & ~(block - 1) }

  /// `O_DIRECT`, whose macro Swift cannot read.
  private static let directFlag: Int32 = {
    #if arch(arm64) || arch(arm)
      return 0o200_000
    #else
      return 0o40_000
    #endif
  }()

  /// Stretches below this are written at once: waking a thread would cost more.
  private static let backgroundBytes = 256 << 10

  /// Stretches that are on their way at most.
  private static let stretches = 2

  /// Bytes after which a disk is judged.
  private static let judgedBytes = 8 << 20

  private final class Stretch: @unchecked Sendable {
    // @unchecked: whoever has taken it out of the state has it alone.
    var buffer: ByteBuffer
    init(capacity: Int) {
      buffer = ByteBuffer(capacity: capacity, alignment: BlockFile.block, isForDisk: true)
    }
  }
  private struct State {
    var spares: [Stretch] = []
    var keepsSpares = true
    var failure: StoreError?
    var bytes = 0
    var nanoseconds: UInt64 = 0
  }
  private enum Way: UInt8, AtomicRepresentable {
    case undecided, direct, cached
  }
  private let descriptor: Int32
  private let path: String
  private let leastRate: Int
  private let way = Atomic<Way>(.undecided)
  private let state = Mutex(State())
  private let room = DispatchSemaphore(value: BlockFile.stretches)
  private let busy = DispatchGroup()

  /// - Parameters:
  ///   - descriptor: Of a file that is open for reading and writing; closed with this value.
  ///   - path: For errors.
  ///   - leastRate: Bytes a second below which a disk is too slow to be waited for; the page cache takes over then. 0 never.
  init(_ descriptor: Int32, path: String, leastRate: Int = 0) {
    self.descriptor = descriptor
    self.path = path
    self.leastRate = leastRate
  }

  /// A nameless file in the folder of `path`, gone when it is closed or the process dies. Where memory is enough for all of it, a slow
  /// disk never sees it.
  static func temporary(beside path: String, leastRate: Int = 100_000_000) throws(StoreError) -> BlockFile {
    BlockFile(try SystemFile.temporary(beside: path), path: path, leastRate: leastRate)
  }

  deinit { close(descriptor) }

  // MARK: - Writing

  /// Writes the first bytes of a buffer, a number of whole blocks, and leaves those behind them. What fails in the background is thrown by a
  /// later call, at the latest by `settle`.
  func write(_ buffer: inout ByteBuffer, count: Int, at offset: Int64) throws(StoreError) {
    precondition(count <= buffer.count && count % Self.block == 0)
    if count < Self.backgroundBytes {
      try put(UnsafeRawBufferPointer(start: buffer.base, count: count), at: offset)
      memmove(buffer.base, buffer.base + count, buffer.count - count)
      buffer.count -= count
      return
    }
    room.wait()
    let (failure, spare) = state.withLock { ($0.failure, $0.spares.popLast()) }
    if let failure {
      room.signal()
      throw failure
    }
    let stretch = spare ?? Stretch(capacity: buffer.capacity)
    swap(&stretch.buffer, &buffer)
    buffer.count = 0
    buffer.append(UnsafeRawBufferPointer(rebasing: stretch.buffer.bytes[count...]))
    stretch.buffer.count = count
    if way.load(ordering: .relaxed) == .undecided { goDirect() }
    DispatchQueue.global().async(group: busy) { [self] in
      do throws(StoreError) {
        try put(stretch.buffer.bytes, at: offset)
      } catch {
        state.withLock { $0.failure = $0.failure ?? error }
      }
      state.withLock { if $0.keepsSpares { $0.spares.append(stretch) } }
      room.signal()
    }
  }

  /// Gives memory back that is only needed for more writing.
  func endWriting() {
    state.withLock {
      $0.keepsSpares = false
      $0.spares.removeAll()
    }
  }

  /// Waits until all is written.
  func settle() throws(StoreError) {
    busy.wait()
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Forgets everything from a block's beginning on.
  func truncate(to end: Int64) throws(StoreError) {
    try settle()
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw SystemFile.error("cannot cut", path) }
  }

  private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(StoreError) {
    if way.load(ordering: .relaxed) == .direct {
      let start = DispatchTime.now().uptimeNanoseconds
      if pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) == bytes.count {
        judge(bytes.count, DispatchTime.now().uptimeNanoseconds - start)
        return
      }
      // Where less or nothing was taken, the usual way writes it whole, or says why it cannot.
      goCached()
    }
    try SystemFile.write(bytes, to: descriptor, at: offset, path: path)
  }

  private func judge(_ bytes: Int, _ nanoseconds: UInt64) {
    guard leastRate > 0 else { return }
    let isSlow = state.withLock { state in
      state.bytes += bytes
      state.nanoseconds += nanoseconds
      return state.bytes >= Self.judgedBytes
        && Double(state.bytes) * 1e9 < Double(leastRate) * Double(state.nanoseconds)
    }
    if isSlow { goCached() }
  }

  private func goDirect() {
    let can = fcntl(descriptor, F_SETFL, Self.directFlag) == 0
    way.store(can ? .direct : .cached, ordering: .relaxed)
  }

  private func goCached() {
    way.store(.cached, ordering: .relaxed)
    _ = fcntl(descriptor, F_SETFL, 0)
  }

  // MARK: - Reading

  /// Reads whole blocks that were written.
  func read(at offset: Int64, into bytes: UnsafeMutableRawBufferPointer) throws(StoreError) {
    try settle()
    try readSettled(bytes, at: offset)
  }

  /// Reads whole blocks that were written, when nothing is on its way to the disk. On any thread.
  func readSettled(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StoreError) {
    if way.load(ordering: .relaxed) == .direct {
      if pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) == bytes.count { return }
      goCached()
    }
    guard try SystemFile.read(from: descriptor, at: offset, into: bytes, path: path) == bytes.count else {
      throw StoreError(code: .inputOutput, what: "cannot read", path: path, reason: "it ends early")
    }
  }
}
