import Glibc

/// Memory that is given back when it is freed.
enum MemoryReturn {
  /// From now on large blocks are mapped one by one and freed ones go back to the system, instead of being kept for later
  /// (mallopt(3)). For commands that hold large columns one after the other, never all at once.
  static func early() {
    mallopt(M_MMAP_THRESHOLD, 64 << 10)
    mallopt(M_TRIM_THRESHOLD, 64 << 10)
    mallopt(M_TOP_PAD, 64 << 10)
  }
}
