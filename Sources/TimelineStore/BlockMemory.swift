internal import Glibc

/// Memory that is written to a disk, or read from one, past the page cache. Of what is asked for all is going to be used: a large page is cleared as
/// a whole when its first byte is.
enum BlockMemory {
  /// Bytes of a large page of memory.
  private static let hugePage = 2 << 20

  /// Memory that begins with a block. Where it is large, it is asked for in large pages, since a disk is told of each page, or row of neighbouring
  /// pages, by itself.
  static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    guard bytes >= hugePage / 2 else {
      return .allocate(byteCount: max(bytes, BlockFile.block), alignment: BlockFile.block)
    }
    let whole = (bytes + hugePage - 1) & ~(hugePage - 1)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: whole, alignment: hugePage)
    madvise(memory, whole, MADV_HUGEPAGE)
    return memory
  }
}
