internal import IncidentModel

/// The templates of one lane, cut at their variables and laid side by side, so that a message is checked and its variables
/// are copied in one pass over it.
struct TemplateTable: ~Copyable {
  private struct Entry {
    var firstPiece: Int32
    /// -1 where messages are stored whole.
    var variables: Int32
  }
  private struct Piece {
    var start: Int32
    var count: Int32
    /// Which bits count of the last sixteen bytes, or fewer, that are compared.
    var low: UInt64
    var high: UInt64
  }
  private var entries: [Entry] = []
  private var pieces: [Piece] = []
  /// All constants, with sixteen bytes more than are used.
  private var constants = ByteBuffer(capacity: 4096)

  /// Adds the next template.
  mutating func append(_ template: CompiledTemplate) {
    let isUsable = template.isUsable && constants.count < Int(Int32.max) / 2
    entries.append(
      Entry(firstPiece: Int32(pieces.count), variables: isUsable ? Int32(template.variables) : -1))
    guard isUsable else { return }
    for piece in template.pieces {
      let (low, high) = Self.masks(piece.isEmpty ? 0 : (piece.count - 1) % 16 + 1)
      pieces.append(
        Piece(start: Int32(constants.count), count: Int32(piece.count), low: low, high: high))
      template.content[piece].withUnsafeBytes { constants.append($0) }
    }
    constants.reserve(16)
  }

  /// What a message is stored as.
  enum Outcome { case plain, escaped, whole }

  /// True where messages of a template are stored as so many variables.
  @inline(__always) func takes(_ variables: Int, of ordinal: Int) -> Bool {
    Int(entries[ordinal].variables) == variables
  }

  /// Checks that template and variables are the message, byte for byte, and appends the variables with tabs between.
  /// - Returns: `.plain` when that is done; with nothing appended, `.escaped` where they are the message but hold bytes that
  ///   have to be escaped or cannot be stored so, `.whole` where they are not.
  @inline(__always)
  func append(
    template ordinal: Int, variables: UnsafeBufferPointer<ByteRange>, message: ByteRange,
    arena: UnsafeRawBufferPointer, to buffer: inout ByteBuffer
  ) -> Outcome {
    guard isMessage(ordinal, variables, message, arena) else { return .whole }
    return append(ofTemplate: ordinal, variables: variables, arena: arena, to: &buffer)
  }

  /// True where template and variables are the message, byte for byte.
  @inline(never)
  private func isMessage(
    _ ordinal: Int, _ variables: UnsafeBufferPointer<ByteRange>, _ message: ByteRange,
    _ arena: UnsafeRawBufferPointer
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

  /// Appends the variables with tabs between, of a message that is known to be the template with these variables.
  @inline(__always)
  func append(
    ofTemplate ordinal: Int, variables: UnsafeBufferPointer<ByteRange>, arena: UnsafeRawBufferPointer,
    to buffer: inout ByteBuffer
  ) -> Outcome {
    guard Int(entries[ordinal].variables) == variables.count else { return .whole }
    guard let text = arena.baseAddress else { return variables.isEmpty ? .plain : .whole }
    // Sixteen bytes may be read from offsets up to here.
    let lastPair = arena.count &- 16
    let before = buffer.count
    var odd: UInt64 = 0
    for variable in variables {
      // An empty variable may carry any start.
      let start = variable.isEmpty ? 0 : Int(variable.start)
      let length = Int(variable.count)
      guard start &+ length <= arena.count else {
        buffer.count = before
        return .whole
      }
      buffer.reserve(length &+ 24)
      let out = buffer.base + buffer.count
      odd |= Self.copy(text + start, to: out, length, byPairs: start &+ length <= lastPair)
      out.storeBytes(of: MessageEncoder.separator, toByteOffset: length, as: UInt8.self)
      buffer.count &+= length &+ 1
    }
    // None behind the last.
    if !variables.isEmpty { buffer.count &-= 1 }
    if odd == 0 { return .plain }
    buffer.count = before
    return .escaped
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

  /// Copies bytes, up to seven more than that too, and tells by the high bits of the result whether a byte was not
  /// printable ASCII, or `"` or `\`.
  @inline(__always)
  private static func copy(
    _ text: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ count: Int, byPairs: Bool
  ) -> UInt64 {
    var odd: UInt64 = 0
    var index = 0
    guard byPairs else {
      while index < count {
        let byte = text.load(fromByteOffset: index, as: UInt8.self)
        odd |= ByteWord.marksOfOdd(in: UInt64(byte) | 0x6161_6161_6161_6100)
        target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        index &+= 1
      }
      return odd
    }
    while index &+ 8 < count {
      let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
      odd |= ByteWord.marksOfOdd(in: word)
      index &+= 8
    }
    // The last word, of which some or none counts; bytes that do not count look like a letter.
    let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
    let counted = masks(count &- index).0
    return odd | ByteWord.marksOfOdd(in: word & counted | 0x6161_6161_6161_6161 & ~counted)
  }
}
