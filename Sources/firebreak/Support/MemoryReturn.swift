import Glibc

/// Memory that is given back when it is freed.
enum MemoryReturn {
  /// From now on large blocks are mapped one by one and freed ones go back to the system, instead of being kept for later
  /// (mallopt(3)). For commands that hold large columns one after the other, never all at once.
  static func early() {
    // Looked up: Swift does not see malloc.h, and a C library without it does no harm.
    guard let symbol = dlsym(nil, "mallopt") else { return }
    typealias Option = @convention(c) (Int32, Int32) -> Int32
    let mallopt = unsafeBitCast(symbol, to: Option.self)
    let (trimThreshold, topPad, mapThreshold): (Int32, Int32, Int32) = (-1, -2, -3)
    _ = mallopt(mapThreshold, 64 << 10)
    // Small blocks come and go by the million: their end of the heap is not given back each time.
    _ = mallopt(trimThreshold, 8 << 20)
    _ = mallopt(topPad, 1 << 20)
  }
}
