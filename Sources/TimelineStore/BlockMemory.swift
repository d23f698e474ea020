internal import Glibc
internal import Synchronization

/// Memory that is written to a disk, or read from one, past the page cache. Of what is asked for all is going to be used: a large page is cleared as
/// a whole when its first byte is.
///
/// What was given back is used again before the system is asked: a large page that a virtual machine has to get from its host first may take
/// longer than all that is done with it.
enum BlockMemory {
  /// Bytes of a large page of memory.
  private static let hugePage = 2 << 20

  /// Memory that comes in pieces of one size.
  private enum Kind {
    /// As much as was asked for, in the usual pages.
    case small
    /// Half a large page, kept for good once it was used.
    case half
    case page
    /// Several large pages.
    case pages(Int)

    init(_ bytes: Int) {
      switch bytes {
      case ..<(hugePage / 8 * 3): self = .small
      case ...(hugePage / 2): self = .half
      case ...hugePage: self = .page
      default: self = .pages((bytes + hugePage - 1) / hugePage)
      }
    }
  }

  private struct Spares {
    var halves: [UInt] = []
    var pages: [UInt] = []
  }
  private static let spares = Mutex(Spares())
  private static let maximumPages = 8

  /// Memory that begins with a block. Where it is large, it is asked for in large pages, since a disk is told of each page, or row of neighbouring
  /// pages, by itself. To be given back with `release`.
  static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    switch Kind(bytes) {
    case .small: .allocate(byteCount: max(bytes, BlockFile.block), alignment: BlockFile.block)
    case .half: half()
    case .page: spares.withLock { $0.pages.popLast() }.flatMap(UnsafeMutableRawPointer.init) ?? pages(1)
    case .pages(let count): pages(count)
    }
  }

  /// Gives memory back.
  /// - Parameter bytes: As many as were asked for.
  static func release(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
    let isKept = spares.withLock { spares in
      switch Kind(bytes) {
      case .half: spares.halves.append(UInt(bitPattern: memory))
      case .page where spares.pages.count < maximumPages: spares.pages.append(UInt(bitPattern: memory))
      default: return false
      }
      return true
    }
    if !isKept { memory.deallocate() }
  }

  private static func half() -> UnsafeMutableRawPointer {
    if let spare = spares.withLock({ $0.halves.popLast() }).flatMap(UnsafeMutableRawPointer.init) {
      return spare
    }
    let page = allocate(hugePage)
    spares.withLock { $0.halves.append(UInt(bitPattern: page + hugePage / 2)) }
    return page
  }

  private static func pages(_ count: Int) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * hugePage, alignment: hugePage)
    madvise(memory, count * hugePage, MADV_HUGEPAGE)
    return memory
  }
}
