internal import IncidentModel

/// The templates of one lane, cut at their variables and laid side by side, so that a message is checked and its variables
/// are copied in one pass over it.
struct TemplateTable: ~Copyable {
  // Not private, since the compiler cannot build another file with an array of those (Swift 6.3).
  struct Entry {
    var firstPiece: Int32
    /// -1 where messages are stored whole.
    var variables: Int32
    /// Bytes of all pieces.
    var constants: Int32
    /// The source that used it last, and the block of events that did.
    var source: Int32 = -1
    var block = -1
  }
  struct Piece {
    var start: Int32
    var count: Int32
    /// Which bits count of the last sixteen bytes, or fewer, that are compared.
    var low: UInt64
    var high: UInt64
  }
  private var entries = PlainArray<Entry>()
  private var pieces = PlainArray<Piece>()
  /// All constants, with sixteen bytes more than are used.
  private var constants = ByteBuffer(capacity: 4096)

  /// Number of templates.
  var count: Int { entries.count }

  /// Adds the next template.
  mutating func append(_ template: CompiledTemplate) {
    let isUsable = template.isUsable && constants.count < Int(Int32.max) / 2
    entries.append(
      Entry(
        firstPiece: Int32(pieces.count), variables: isUsable ? Int32(template.variables) : -1,
        constants: isUsable ? Int32(template.pieces.reduce(0) { $0 + $1.count }) : 0))
    guard isUsable else { return }
    for piece in template.pieces {
      let (low, high) = Self.masks(piece.isEmpty ? 0 : (piece.count - 1) % 16 + 1)
      pieces.append(
        Piece(start: Int32(constants.count), count: Int32(piece.count), low: low, high: high))
      template.content[piece].withUnsafeBytes { constants.append($0) }
    }
    constants.reserve(16)
  }

  /// Notes that an event of a source has the template; true for the first one.
  @inline(__always) mutating func isFirst(_ ordinal: Int, inSource source: Int32) -> Bool {
    if entries[ordinal].source == source { return false }
    entries[ordinal].source = source
    return true
  }

  /// Notes that an event of a block has the template; true for the first one.
  @inline(__always) mutating func isFirst(_ ordinal: Int, inBlock block: Int) -> Bool {
    if entries[ordinal].block == block { return false }
    entries[ordinal].block = block
    return true
  }

  /// True where messages of a template are stored as so many variables.
  @inline(__always) func takes(_ variables: Int, of ordinal: Int) -> Bool {
    Int(entries[ordinal].variables) == variables
  }

  /// True where template and variables are the message, byte for byte.
  @inline(never)
  func isMessage(
    template ordinal: Int, variables: UnsafeBufferPointer<ByteRange>, message: ByteRange,
    arena: UnsafeRawBufferPointer
  ) -> Bool {
    let entry = entries[ordinal]
    guard Int(entry.variables) == variables.count else { return false }
    guard let text = arena.baseAddress else { return variables.isEmpty }
    // Sixteen bytes may be read from offsets up to here.
    let lastPair = arena.count &- 16
    var at = Int(message.start)
    let end = at &+ Int(message.count)
    for index in 0...variables.count {
      let piece = pieces[Int(entry.firstPiece) &+ index]
      let count = Int(piece.count)
      guard at &+ count <= end,
        Self.equal(text + at, constants.base + Int(piece.start), piece, byPairs: at &+ count <= lastPair)
      else { return false }
      at &+= count
      if index == variables.count { break }
      let variable = variables[index]
      // An empty variable may carry any start.
      guard variable.isEmpty || Int(variable.start) == at, at &+ Int(variable.count) <= end else {
        return false
      }
      at &+= Int(variable.count)
    }
    return at == end
  }

  /// What a message is stored as.
  enum Outcome { case plain, escaped, whole }

  /// Appends the variables with tabs between, of a message that is known to be the template with these variables.
  /// - Returns: `.plain` when that is done; with nothing appended, `.escaped` where they hold bytes that have to be escaped or cannot be
  ///   stored so, `.whole` where the template stores no variables.
  func append(
    template ordinal: Int, variables: UnsafeBufferPointer<ByteRange>, arena: UnsafeRawBufferPointer,
    to buffer: inout ByteBuffer
  ) -> Outcome {
    guard Int(entries[ordinal].variables) == variables.count else { return .whole }
    if variables.isEmpty { return .plain }
    var room = variables.count - 1
    for variable in variables {
      guard let bytes = variable.bytes(in: arena) else { return .whole }
      room += bytes.count
    }
    guard arena.baseAddress != nil else { return .whole }
    buffer.reserve(room + Self.overrun)
    guard Self.put(variables, of: arena, to: buffer.base + buffer.count, room: room) else { return .escaped }
    buffer.count += room
    return .plain
  }

  /// Bytes that the variables take with tabs between, of a message of so many bytes that is the template with so many of them; nil where
  /// there are none or the message is stored whole.
  @inline(__always) func room(ofTemplate ordinal: Int, variables: Int, message: Int) -> Int? {
    let entry = entries[ordinal]
    let room = message &- Int(entry.constants) &+ variables &- 1
    return Int(entry.variables) == variables && variables > 0 && room >= 0 ? room : nil
  }

  /// Copies bytes of an arena, and up to fifteen behind them; false where the arena has no fifteen more.
  @inline(__always)
  static func copy(
    _ text: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ count: Int,
    of arena: UnsafeRawBufferPointer
  ) -> Bool {
    guard let first = arena.baseAddress,
      text - first &+ count &+ UnsafeMutableRawPointer.blockOverrun <= arena.count
    else {
      target.copyMemory(from: text, byteCount: count)
      return false
    }
    target.copyBlocks(from: text, count: count)
    return true
  }

  /// Bytes that `put` may write beyond its room.
  static let overrun = 17

  /// Writes the variables with tabs between.
  /// - Returns: False where they do not fill the room, are not in the arena, or hold a byte that is not printable ASCII, or `"` or `\`.
  @inline(__always)
  static func put(
    _ variables: UnsafeBufferPointer<ByteRange>, of arena: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawPointer, room: Int
  ) -> Bool {
    guard let text = arena.baseAddress, let first = variables.baseAddress else { return false }
    // Sixteen bytes may be read from offsets up to here.
    let lastBlock = arena.count &- 16
    var odd = SIMDMask<Block>()
    var at = 0
    for index in 0..<variables.count {
      let start = Int(first[index].start)
      let length = Int(first[index].count)
      guard at &+ length <= room else { return false }
      let out = target + at
      if start &+ length <= lastBlock {
        var copied = 0
        while copied &+ 16 < length {
          odd = odd .| copyBlock(text + start + copied, to: out + copied)
          copied &+= 16
        }
        // The last block, of which some or none counts.
        let counted = places .< Block(repeating: Int8(truncatingIfNeeded: length &- copied))
        odd = odd .| copyBlock(text + start + copied, to: out + copied) .& counted
      } else {
        // An empty variable may carry any start.
        guard length == 0 || start &+ length <= arena.count else { return false }
        for place in 0..<length {
          let byte = text.load(fromByteOffset: start &+ place, as: Int8.self)
          odd = odd .| marksOfOdd(in: Block(repeating: byte))
          out.storeBytes(of: byte, toByteOffset: place, as: Int8.self)
        }
      }
      out.storeBytes(of: MessageEncoder.separator, toByteOffset: length, as: UInt8.self)
      at &+= length &+ 1
    }
    let words = unsafeBitCast(odd, to: SIMD2<UInt64>.self)
    // Behind the last one a tab too much was written.
    return at == room &+ 1 && words[0] | words[1] == 0
  }

  /// Sixteen bytes; those beyond ASCII are negative.
  private typealias Block = SIMD16<Int8>

  private static var places: Block { Block(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }

  /// Copies sixteen bytes and marks the odd ones.
  @inline(__always)
  private static func copyBlock(
    _ text: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) -> SIMDMask<Block> {
    let block = text.loadUnaligned(as: Block.self)
    target.storeBytes(of: block, as: Block.self)
    return marksOfOdd(in: block)
  }

  /// Bytes that are not printable ASCII, or `"` or `\`.
  @inline(__always) private static func marksOfOdd(in block: Block) -> SIMDMask<Block> {
    // Vectors throughout: a comparison with a number, and `.|=`, the compiler takes apart.
    block .< Block(repeating: 0x20) .| block .== Block(repeating: 0x22) .| block .== Block(repeating: 0x5c)
  }

  /// True when two stretches are the same. The second may be read beyond its end by fifteen bytes; by pairs of words the
  /// first too.
  @inline(__always)
  private static func equal(
    _ text: UnsafeRawPointer, _ constant: UnsafeMutableRawPointer, _ piece: Piece, byPairs: Bool
  ) -> Bool {
    let count = Int(piece.count)
    guard byPairs else {
      for index in 0..<count
      where text.load(fromByteOffset: index, as: UInt8.self)
        != constant.load(fromByteOffset: index, as: UInt8.self)
      {
        return false
      }
      return true
    }
    // Most constants are shorter than a pair: no loop, and nothing for the processor to guess.
    var index = 0
    while index &+ 16 < count {
      if (difference(text, constant, index) | difference(text, constant, index &+ 8)) != 0 { return false }
      index &+= 16
    }
    return difference(text, constant, index) & piece.low
      | difference(text, constant, index &+ 8) & piece.high == 0
  }

  @inline(__always)
  private static func difference(
    _ text: UnsafeRawPointer, _ constant: UnsafeMutableRawPointer, _ offset: Int
  ) -> UInt64 {
    text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      ^ constant.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// Masks of the first `count` bytes, 0 to 16, in two words; the first byte is the lowest.
  @inline(__always) private static func masks(_ count: Int) -> (UInt64, UInt64) {
    let bits = UInt64(truncatingIfNeeded: count &* 8)
    let ones = UInt64.max
    // Shifts count modulo 64.
    let partial = ~(ones &<< bits)
    return count >= 8 ? (ones, count == 16 ? ones : partial) : (partial, 0)
  }
}
