internal import CByteClasses
internal import IncidentModel

/// Cuts one message at its variables. On the way it writes the variables as values, and what stands between them as words, where that is asked for.
struct TokenCut {
  let bytes: UnsafePointer<UInt8>
  let count: Int
  /// Bytes that are looked at.
  let end: Int
  /// Start and count of each variable.
  let variables: UnsafeMutablePointer<UInt64>
  var found = 0
  /// False leaves values and shape alone. Where they are written, up to `overrun` bytes behind the message are read.
  private let writes: Bool
  /// Where the next variable is written, with a tab behind it. Up to `overrun` bytes more are written.
  private(set) var values: UnsafeMutableRawPointer
  /// Words of the constant parts.
  private(set) var shape: KnownShapes.Words
  /// Behind the last variable.
  private var behind = 0

  init(
    _ message: UnsafeBufferPointer<UInt8>, end: Int, variables: UnsafeMutablePointer<UInt64>, writes: Bool,
    values: UnsafeMutableRawPointer, shape: KnownShapes.Words
  ) {
    bytes = message.baseAddress.unsafelyUnwrapped
    count = message.count
    self.end = end
    self.variables = variables
    self.writes = writes
    self.values = values
    self.shape = shape
  }

  /// Bytes that are read and written with the last ones.
  static let overrun = UnsafeMutableRawPointer.blockOverrun

  var isFull: Bool { found >= TemplateMiner.variableLimit &- 1 }

  @inline(__always) mutating func variable(_ from: Int, _ to: Int) {
    let length = to &- from
    variables[found] = UInt64(truncatingIfNeeded: from) &<< 32 | UInt64(truncatingIfNeeded: length)
    found &+= 1
    if writes { write(from, length) }
  }

  /// Writes a variable's value, and the words before it.
  @inline(__always) private mutating func write(_ from: Int, _ length: Int) {
    shape.put(UnsafeRawPointer(bytes + behind), from &- behind)
    behind = from &+ length
    let out = values
    out.copyBlocks(from: UnsafeRawPointer(bytes + from), count: length)
    out.storeBytes(of: 0x09, toByteOffset: length, as: UInt8.self)
    values = out + (length &+ 1)
  }

  /// Writes the words behind the last variable.
  @inline(__always) mutating func endShape() {
    shape.put(UnsafeRawPointer(bytes + behind), count &- behind)
  }

  // MARK: - By runs

  /// Longer messages may have too many variables for `byRuns`.
  static let runLimit = 2 * TemplateMiner.variableLimit - 4

  /// Cuts a message without joints of up to `runLimit` bytes. A token with a digit is a variable, whatever else it holds.
  mutating func byRuns(_ blocks: UnsafePointer<fb_byte_block>) {
    let count = Int(fb_numbered_tokens(bytes, UInt32(truncatingIfNeeded: self.count), blocks, variables))
    // A copy, which is kept in registers.
    var cut = self
    for index in 0..<count {
      let token = variables[index]
      cut.write(Int(truncatingIfNeeded: token &>> 32), Int(truncatingIfNeeded: token & 0xFFFF_FFFF))
    }
    self = cut
    found = count
  }

  /// The end of a token without the full stops that it ends with.
  @inline(__always) private func withoutStops(_ start: Int, _ end: Int) -> Int {
    bytes[end &- 1] == 0x2E ? cutStops(start, end) : end
  }

  @inline(never) private func cutStops(_ start: Int, _ end: Int) -> Int {
    var end = end
    while end > start &+ 1, bytes[end &- 1] == 0x2E { end &-= 1 }
    return end
  }

  // MARK: - By blocks

  /// Goes from mark to mark: a token with a digit is a variable, whatever else it holds; where a colon may join, the bytes
  /// are looked at one by one. Returns where it stopped.
  mutating func byBlocks(_ blocks: UnsafePointer<fb_byte_block>) -> Int {
    var i = 0
    var block = 0
    var marks = blocks[0].marks
    let last = (end &- 1) &>> 6
    while true {
      while marks == 0 {
        if block == last { return end }
        block &+= 1
        marks = blocks[block].marks
      }
      let bit = UInt64(truncatingIfNeeded: marks.trailingZeroBitCount)
      let mark = block &<< 6 &+ Int(truncatingIfNeeded: bit)
      // The token begins behind the last end before the mark.
      var start = block &<< 6
      let before = blocks[block].ends & ((1 &<< bit) &- 1)
      if before != 0 {
        start &+= 64 &- before.leadingZeroBitCount
      } else {
        start = Self.lastEnd(blocks, before: block, notBefore: i)
      }
      if start < i { start = i }
      // Where it ends.
      var stop = 0
      let after = blocks[block].ends &>> bit
      if after != 0 {
        stop = mark &+ after.trailingZeroBitCount
      } else {
        stop = Self.nextEnd(blocks, block, end)
      }
      if stop > end { stop = end }
      let isJoint = blocks[block].joints &>> bit & 1 != 0
      let behind = stop &+ 1
      if isJoint || blocks[behind &>> 6].joints &>> UInt64(truncatingIfNeeded: behind & 63) & 1 != 0 {
        var from = start
        if isJoint {
          // Behind the end before the colon.
          from = Self.lastEnd(blocks, beforeByte: mark &- 1, notBefore: i)
        }
        i = byBytes(from: from, to: mark &+ 1)
      } else {
        i = stop
        variable(start, withoutStops(start, stop))
      }
      if isFull || i >= end { return i }
      block = i &>> 6
      marks = blocks[block].marks & (UInt64.max &<< UInt64(truncatingIfNeeded: i & 63))
    }
  }

  /// Behind the last end in the blocks before one.
  private static func lastEnd(
    _ blocks: UnsafePointer<fb_byte_block>, before block: Int, notBefore i: Int
  ) -> Int {
    var block = block
    while block > 0, block &<< 6 > i {
      block &-= 1
      let ends = blocks[block].ends
      if ends != 0 { return max(i, block &<< 6 &+ 64 &- ends.leadingZeroBitCount) }
    }
    return i
  }

  /// Behind the last end before a byte.
  private static func lastEnd(
    _ blocks: UnsafePointer<fb_byte_block>, beforeByte byte: Int, notBefore i: Int
  ) -> Int {
    guard byte > i else { return i }
    let block = byte &>> 6
    let before = blocks[block].ends & ((1 &<< UInt64(truncatingIfNeeded: byte & 63)) &- 1)
    if before != 0 { return max(i, block &<< 6 &+ 64 &- before.leadingZeroBitCount) }
    return Self.lastEnd(blocks, before: block, notBefore: i)
  }

  /// The first end in the blocks behind one.
  private static func nextEnd(_ blocks: UnsafePointer<fb_byte_block>, _ block: Int, _ end: Int) -> Int {
    var block = block &+ 1
    while block &<< 6 < end {
      let ends = blocks[block].ends
      if ends != 0 { return block &<< 6 &+ ends.trailingZeroBitCount }
      block &+= 1
    }
    return end
  }

  /// Looks at each byte from a token's beginning on, until a token ends at `limit` or behind. Returns where it stopped.
  mutating func byBytes(from first: Int, to limit: Int) -> Int {
    let kinds = Self.kinds
    var i = first
    while i < limit {
      var kind = kinds[Int(bytes[i])]
      if kind & (Kind.separator | Kind.colon) != 0 {
        // A placeholder that stands in the message itself becomes a variable, or it could not be told apart.
        if bytes[i] == 0x3C, i &+ 2 < count, bytes[i &+ 1] == 0x2A, bytes[i &+ 2] == 0x3E {
          variable(i, i &+ 3)
          i &+= 3
          if isFull { break }
          continue
        }
        let opensAddress =
          kind == Kind.colon && i &+ 2 < end && bytes[i &+ 1] == 0x3A
          && kinds[Int(bytes[i &+ 2])] <= Kind.digit
          && kinds[Int(bytes[i &+ 2])] != Kind.separator
          && (i == 0 || kinds[Int(bytes[i &- 1])] == Kind.separator)
        if !opensAddress {
          i &+= 1
          continue
        }
      }
      let start = i
      var flags: UInt8 = 0
      var group = i
      while true {
        while kind & (Kind.separator | Kind.colon) == 0 {
          flags |= kind
          i &+= 1
          if i >= end { break }
          kind = kinds[Int(bytes[i])]
        }
        // At a colon: does it join? What stands before it in this token must be hexadecimal groups or an address.
        guard i < end, kind == Kind.colon, flags & (Kind.other | Kind.high | Kind.control) == 0, i &+ 1 < end
        else { break }
        let next = kinds[Int(bytes[i &+ 1])]
        let isAddress = flags & Kind.stop != 0 && flags & Kind.digit != 0
        guard next == 0 || next == Kind.digit || next == Kind.colon && i &- group <= 4 && !isAddress,
          isAddress || i &- group <= 4
        else { break }
        flags |= Kind.joined
        i &+= 1
        group = i
        kind = next
        if next == Kind.colon {
          // `::`, once; a third colon ends the token.
          i &+= 1
          group = i
          guard i < end else { break }
          kind = kinds[Int(bytes[i])]
          if kind & (Kind.separator | Kind.colon) != 0 { break }
        }
      }
      if flags & (Kind.digit | Kind.control) == 0 {
        if flags == 0 ? i &- start < 8 : flags == Kind.joined ? !Self.isJoinedHex(bytes, start, i) : true {
          guard flags & Kind.high != 0,
            !Bytes.isValidUTF8(UnsafeRawBufferPointer(start: bytes + start, count: i &- start))
          else { continue }
        }
      }
      var last = i
      while last > start &+ 1, bytes[last &- 1] == 0x2E || bytes[last &- 1] == 0x3A { last &-= 1 }
      variable(start, last)
      if isFull { break }
    }
    return i
  }

  /// What a byte is. A token's bytes are or-ed together.
  private enum Kind {
    /// Ends a token and belongs to none.
    static let separator: UInt8 = 1
    static let digit: UInt8 = 2
    /// A letter beyond f, or punctuation inside a token: not hexadecimal.
    static let other: UInt8 = 4
    static let colon: UInt8 = 8
    /// From 0x80.
    static let high: UInt8 = 16
    static let control: UInt8 = 32
    /// A colon that joins; set by the tokenizer.
    static let joined: UInt8 = 64
    /// A full stop: part of addresses, but not hexadecimal.
    static let stop: UInt8 = 128
  }

  /// Kind of each byte; 0 for hexadecimal letters.
  nonisolated(unsafe) private static let kinds: UnsafePointer<UInt8> = {
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    for value in 0..<256 {
      let byte = UInt8(value)
      let kind: UInt8
      switch byte {
      case 0x30...0x39: kind = Kind.digit
      case 0x41...0x46, 0x61...0x66: kind = 0
      case 0x47...0x5A, 0x67...0x7A: kind = Kind.other
      case 0x3A: kind = Kind.colon
      case 0x2E: kind = Kind.stop
      case 0x09, 0x20: kind = Kind.separator
      case 0...0x1F, 0x7F: kind = Kind.control
      case 0x80...0xFF: kind = Kind.high
      case 0x2D, 0x5F, 0x2F, 0x2B, 0x25, 0x23, 0x2A, 0x7E, 0x5E, 0x5C, 0x60: kind = Kind.other
      default: kind = Kind.separator
      }
      table[value] = kind
    }
    return UnsafePointer(table)
  }()

  /// True for three or more colon-joined groups of hexadecimal letters: a hardware address without a digit.
  private static func isJoinedHex(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var colons = 0
    for index in start..<end where bytes[index] == 0x3A { colons &+= 1 }
    return colons >= 2
  }
}
