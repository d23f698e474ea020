internal import Dispatch

/// Reads ranges of a block file one after the other, window by window: while one window is looked at, the next is read. Nothing may be written
/// to the file meanwhile. One thread at a time.
final class BlockReader {
  private let file: BlockFile
  private var ranges: ArraySlice<Range<Int64>>
  /// Where the rest of the first range begins.
  private var position: Int64
  private let window: Int
  private var current: Window
  /// The window that comes next, read already or being read.
  private var other: Window
  private var isReading = false
  private let queue: DispatchQueue

  /// - Parameters:
  ///   - ranges: From and to a block's beginning.
  ///   - window: Bytes read at a time at most: whole blocks.
  init(_ file: BlockFile, _ ranges: [Range<Int64>], window: Int) throws(StoreError) {
    try file.settle()
    self.file = file
    self.ranges = ranges.filter { !$0.isEmpty }[...]
    self.window = min(window, ranges.map(\.count).max() ?? 0)
    position = self.ranges.first?.lowerBound ?? 0
    current = Window(capacity: self.window)
    other = Window(capacity: self.window)
    queue = DispatchQueue(label: "firebreak.read-ahead")
  }

  deinit { if isReading { other.wait() } }

  /// The bytes of the next window, none behind the last; no window holds bytes of two ranges. They may be changed, and live until the next call.
  func next() throws(StoreError) -> UnsafeMutableRawBufferPointer {
    if isReading {
      other.wait()
      isReading = false
    } else if let (offset, bytes) = advance() {
      other.fill(from: file, at: offset, bytes)
    } else {
      other.clear()
    }
    if let failure = other.failure { throw failure }
    swap(&current, &other)
    if let (offset, bytes) = advance() {
      isReading = true
      other.fill(from: file, at: offset, bytes, on: queue)
    }
    return current.bytes
  }

  /// The place of the next window.
  private func advance() -> (offset: Int64, bytes: Int)? {
    guard let range = ranges.first else { return nil }
    let offset = position
    let count = min(Int64(window), range.upperBound - offset)
    position += count
    if position == range.upperBound {
      ranges.removeFirst()
      position = ranges.first?.lowerBound ?? 0
    }
    return (offset, Int(count))
  }
}

/// A window that may be filled in the background.
private final class Window: @unchecked Sendable {
  // @unchecked: the background alone touches it until `wait` has returned.
  private let memory: UnsafeMutableRawPointer
  private let capacity: Int
  private var count = 0
  private let done = DispatchSemaphore(value: 0)
  private(set) var failure: StoreError?

  init(capacity: Int) {
    self.capacity = capacity
    memory = BlockMemory.allocate(capacity)
  }

  deinit { BlockMemory.release(memory, capacity) }

  var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  func clear() {
    count = 0
    failure = nil
  }

  func fill(from file: BlockFile, at offset: Int64, _ bytes: Int) {
    clear()
    do throws(StoreError) {
      try file.readSettled(
        UnsafeMutableRawBufferPointer(start: memory, count: bytes), at: offset)
      count = bytes
    } catch {
      failure = error
    }
  }

  func fill(from file: BlockFile, at offset: Int64, _ bytes: Int, on queue: DispatchQueue) {
    queue.async { [self] in
      fill(from: file, at: offset, bytes)
      done.signal()
    }
  }

  func wait() { done.wait() }
}
