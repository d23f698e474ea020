internal import Glibc

/// Where the rows of a search index end up.
protocol SearchRowWriter: AnyObject {
  /// Adds a row of `search_slice`. Ids ascend.
  func append(slice id: Int64, bits: UnsafeRawBufferPointer) throws(StoreError)
}

/// A row of `search_group`: neighbouring blocks whose signatures are stored together.
struct SearchGroup: Equatable {
  var number: Int64
  /// First event of the first block; events of a group have ids in a row.
  var firstEvent: Int64
  /// Number of events of each block, 1 to 128.
  var sizes: [UInt8]

  /// Blocks of a full group: as many as make eight slices of bits fill a page.
  static let maximumBlocks = 4032
  /// Rows of one group have ids from `number << idBits` on.
  static let idBits: Int64 = 13
  /// Bits of the slices that one row holds take up to so many bytes.
  private static let rowBytes = 4032

  /// Bytes of one slice: a bit for each block.
  static func sliceBytes(blocks: Int) -> Int { (blocks + 7) / 8 }
  /// Slices that stand in one row.
  static func slicesPerRow(blocks: Int) -> Int {
    max(1, min(BlockSignature.bits, rowBytes / max(1, sliceBytes(blocks: blocks))))
  }
}

/// Gathers signatures to groups and turns them from a row for each block into a row for each bit, so that a search
/// reads only the bits it asks for.
final class SearchIndexBuilder {
  private(set) var groups: [SearchGroup] = []
  private let writer: any SearchRowWriter
  private var current: SearchGroup
  /// Signatures of the current group, one after the other.
  private var matrix = ByteBuffer(capacity: 64 << 10, alignment: BlockFile.block, isForDisk: true)
  /// The bits of some words of each signature, turned.
  private var slices = ByteBuffer(capacity: 0)
  /// Events in the last block of the matrix.
  private var lastEvents = 0
  private var next: Int64

  /// - Parameters:
  ///   - firstNumber: Number of the first group.
  ///   - firstEvent: The first event's id.
  init(firstNumber: Int64, firstEvent: Int64, writer: any SearchRowWriter) {
    self.writer = writer
    next = firstEvent
    current = SearchGroup(number: firstNumber, firstEvent: firstEvent, sizes: [])
  }

  /// Adds the signature of the next events. Short blocks are put together.
  func append(events: Int, signature: UnsafeRawBufferPointer) throws(StoreError) {
    guard events > 0 else { return }
    if lastEvents > 0, lastEvents + events <= BlockSignature.maximumEvents {
      let target = (matrix.base + (matrix.count - BlockSignature.bytes)).assumingMemoryBound(to: UInt64.self)
      for word in 0..<BlockSignature.bytes / 8 {
        target[word] |= signature.loadUnaligned(fromByteOffset: 8 &* word, as: UInt64.self)
      }
      lastEvents += events
      current.sizes[current.sizes.count - 1] = UInt8(lastEvents)
    } else {
      if current.sizes.count == SearchGroup.maximumBlocks { try closeGroup() }
      matrix.append(signature)
      current.sizes.append(UInt8(events))
      lastEvents = events
    }
    next += Int64(events)
  }

  /// Ends the index.
  func finish() throws(StoreError) { if !current.sizes.isEmpty { try closeGroup() } }

  private func closeGroup() throws(StoreError) {
    let blocks = current.sizes.count
    let size = SearchGroup.sliceBytes(blocks: blocks)
    let perRow = SearchGroup.slicesPerRow(blocks: blocks)
    // Few enough at a time to stay in the processor's cache on their way, where they make whole rows.
    let atATime =
      BitMatrix.columnsAtATime % perRow == 0 ? BitMatrix.columnsAtATime : BlockSignature.bits
    slices.reserve(atATime * size)
    var row: Int64 = 0
    for first in stride(from: 0, to: BlockSignature.bits, by: atATime) {
      BitMatrix.transpose(
        UnsafeRawPointer(matrix.base + first / 8), rows: blocks, rowBytes: BlockSignature.bytes,
        columns: atATime, to: slices.base, bytesPerColumn: size)
      for slice in stride(from: 0, to: atATime, by: perRow) {
        let count = min(perRow, atATime - slice)
        try writer.append(
          slice: current.number << SearchGroup.idBits | row,
          bits: UnsafeRawBufferPointer(start: slices.base + slice * size, count: count * size))
        row += 1
      }
    }
    groups.append(current)
    current = SearchGroup(number: current.number + 1, firstEvent: next, sizes: [])
    matrix.count = 0
    lastEvents = 0
  }
}

/// Turning of bit matrices.
enum BitMatrix {
  /// Writes the columns of a matrix of bits one after the other.
  /// - Parameters:
  ///   - source: The first column's byte in the first row.
  ///   - rows: Number of rows, each of `rowBytes` bytes, bits from the lowest of the first byte on.
  ///   - columns: Number of columns, a multiple of 64.
  ///   - bytesPerColumn: Bytes that a column takes: the rows divided by eight, rounded up.
  static func transpose(
    _ source: UnsafeRawPointer, rows: Int, rowBytes: Int, columns: Int, to target: UnsafeMutableRawPointer,
    bytesPerColumn: Int
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64 * tilesAtATime) { tiles in
      guard let tiles = tiles.baseAddress else { return }
      let words = columns / 64
      // A line of the cache of each row is read once, for several tiles, and all of their columns are written before the next ones are.
      for word in stride(from: 0, to: words, by: tilesAtATime) {
        let wide = min(tilesAtATime, words - word)
        for first in stride(from: 0, to: rows, by: 64) {
          let count = min(64, rows - first)
          for row in 0..<count {
            let from = source + ((first &+ row) &* rowBytes &+ 8 &* word)
            for tile in 0..<wide {
              tiles[64 &* tile &+ row] = from.load(fromByteOffset: 8 &* tile, as: UInt64.self)
            }
          }
          for tile in 0..<wide {
            let tile64 = tiles + 64 * tile
            for row in count..<64 { tile64[row] = 0 }
            turn(tile64)
            write(
              tile64, bytes: min(8, bytesPerColumn - first / 8),
              to: target + (64 * (word + tile) * bytesPerColumn + first / 8), bytesPerColumn: bytesPerColumn)
          }
        }
      }
    }
  }

  /// Tiles of 64 by 64 bits that are turned one after the other: as many as a line of the cache has words.
  private static let tilesAtATime = 8
  /// Columns of so many tiles.
  static let columnsAtATime = 64 * tilesAtATime

  private static func write(
    _ tile: UnsafePointer<UInt64>, bytes: Int, to target: UnsafeMutableRawPointer, bytesPerColumn: Int
  ) {
    var place = target
    if bytes == 8 {
      for column in 0..<64 {
        place.storeBytes(of: tile[column], as: UInt64.self)
        place += bytesPerColumn
      }
    } else {
      for column in 0..<64 {
        memcpy(place, tile + column, bytes)
        place += bytesPerColumn
      }
    }
  }

  /// Turns 64 by 64 bits in place (H. S. Warren, Hacker's Delight, 7-3).
  private static func turn(_ tile: UnsafeMutablePointer<UInt64>) {
    // One by one: the compiler makes vectors of loops of a length that it knows.
    exchange(tile, 32, 0x0000_0000_ffff_ffff)
    exchange(tile, 16, 0x0000_ffff_0000_ffff)
    exchange(tile, 8, 0x00ff_00ff_00ff_00ff)
    exchange(tile, 4, 0x0f0f_0f0f_0f0f_0f0f)
    exchange(tile, 2, 0x3333_3333_3333_3333)
    exchange(tile, 1, 0x5555_5555_5555_5555)
  }

  /// Exchanges the squares of so many bits beside the diagonals.
  @inline(__always)
  private static func exchange(_ tile: UnsafeMutablePointer<UInt64>, _ width: Int, _ mask: UInt64) {
    var row = 0
    while row < 64 {
      for index in row..<row &+ width {
        let swapped = (tile[index] &>> UInt64(width) ^ tile[index &+ width]) & mask
        tile[index] ^= swapped &<< UInt64(width)
        tile[index &+ width] ^= swapped
      }
      row &+= 2 &* width
    }
  }
}
