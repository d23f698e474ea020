internal import CByteClasses
public import IncidentModel

/// Splits messages into a constant template and variables, by rules on single tokens: no state, so that two workers
/// agree. Holds only reused buffers.
///
/// Tokens end at white space and ASCII punctuation other than `- _ . / : + % # * ~ ^ \` and backtick; a colon ends a
/// token unless it stands inside an address or a time (`a4:cf:12`, `::1`, `10.0.0.7:1883`, `09:08:09`). A token is a variable
/// when it holds a digit or a control character, is hexadecimal throughout with eight letters or more, is made of
/// colon-joined hexadecimal groups, or is no valid UTF-8. A full stop at the end of a token is not part of a variable.
public struct TemplateMiner: ~Copyable {
  /// Id of the template mined last: `ContentHash` of program, NUL, text.
  public private(set) var template = TemplateID(rawValue: 0)
  /// Number of variables of the message mined last.
  public private(set) var variableCount = 0

  /// Most variables of one message; what follows the last but one is one variable.
  public static let variableLimit = 200
  /// Bytes of a message that are looked at; the rest is one variable.
  public static let messageLimit = 4096

  private let variables: UnsafeMutablePointer<UInt64>
  private let blocks: UnsafeMutablePointer<fb_byte_block>
  private let hasClasses: Bool
  private let kinds = Self.kinds
  private var buffer: UnsafeMutableRawPointer
  private var capacity: Int
  private var textStart = 0
  private var textEnd = 0
  private let known = KnownTexts(bits: 11, strideBits: 8)
  private var found = KnownTexts.Found()

  /// A miner with empty buffers.
  public init() { self.init(byBlocks: true) }

  /// - Parameter byBlocks: False looks at every byte of every message, as is done where the processor offers nothing better.
  init(byBlocks: Bool) {
    hasClasses = byBlocks && fb_byte_classes_available() != 0
    variables = .allocate(capacity: Self.variableLimit + 1)
    // One more than a message has, and one that is read behind its end.
    blocks = .allocate(capacity: Self.messageLimit / 64 + 2)
    blocks.initialize(repeating: fb_byte_block(), count: Self.messageLimit / 64 + 2)
    capacity = 3 * Self.messageLimit + 64
    buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit {
    variables.deallocate()
    blocks.deallocate()
    buffer.deallocate()
  }

  /// The template's text: the message with `<*>` for each variable. Holds until the next call of `mine`.
  public var templateText: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer + textStart, count: textEnd - textStart)
  }

  /// The bytes of a variable, as offset and count in the message.
  @inlinable public func variable(_ index: Int) -> (start: Int, count: Int) {
    let packed = packedVariable(index)
    return (Int(packed >> 32), Int(packed & 0xFFFF_FFFF))
  }

  @usableFromInline func packedVariable(_ index: Int) -> UInt64 {
    precondition(index >= 0 && index < variableCount)
    return variables[index]
  }

  /// Mines one message. Afterwards `template`, `templateText`, `variableCount` and `variable(_:)` describe it, until the
  /// next call. Replacing each `<*>` of the text by the variables in order gives the message back, byte for byte.
  public mutating func mine(message: UnsafeRawBufferPointer, program: UnsafeRawBufferPointer) {
    let needed = program.count &+ 1 &+ 3 &* Self.messageLimit &+ 64
    if needed > capacity {
      buffer.deallocate()
      buffer = .allocate(byteCount: needed, alignment: 16)
      capacity = needed
    }
    if let base = program.baseAddress { buffer.copyShort(from: base, count: program.count) }
    buffer.storeBytes(of: 0, toByteOffset: program.count, as: UInt8.self)
    textStart = program.count &+ 1
    let out = buffer + textStart
    let written = split(message, into: out)
    textEnd = textStart &+ written
    found = known.find(UnsafeRawBufferPointer(start: buffer, count: textEnd))
    template = TemplateID(rawValue: found.hash)
  }

  /// The number that was left with the template mined last: with this very program and text, not only with their hash. 0 where there
  /// is none, or it has been forgotten.
  public var number: UInt32 {
    @inline(__always) get { found.number }
    @inline(__always) nonmutating set { found.number = newValue }
  }

  // MARK: Tokens

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

  /// Where a message is cut: what is found so far, and what is written.
  private struct Cut {
    let bytes: UnsafePointer<UInt8>
    let count: Int
    /// Bytes that are looked at.
    let end: Int
    let out: UnsafeMutableRawPointer
    let variables: UnsafeMutablePointer<UInt64>
    var found = 0
    var written = 0
    /// Constant text not copied yet begins here.
    var pending = 0

    var isFull: Bool { found >= TemplateMiner.variableLimit &- 1 }

    @inline(__always) mutating func placeholder(_ from: Int, _ to: Int) {
      let constant = from &- pending
      // Short stretches are the rule: copy them in words, which may write a little beyond and is overwritten.
      if constant <= 16, from &+ 16 <= count {
        let source = UnsafeRawPointer(bytes + pending)
        let target = out + written
        let low = source.loadUnaligned(as: UInt64.self)
        let high = source.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: low, as: UInt64.self)
        target.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
      } else if constant > 0 {
        TemplateMiner.copy(bytes + pending, to: out + written, constant, readable: count &- pending)
      }
      written &+= constant
      (out + written).storeBytes(of: 0x003E_2A3C, as: UInt32.self)
      written &+= 3
      variables[found] = UInt64(from) << 32 | UInt64(to &- from)
      found &+= 1
      pending = to
    }
  }

  /// Writes the template's text to `out` (room for three times the message and a little) and gives its length.
  private mutating func split(_ message: UnsafeRawBufferPointer, into out: UnsafeMutableRawPointer) -> Int {
    variableCount = 0
    guard let bytes = message.baseAddress?.assumingMemoryBound(to: UInt8.self), !message.isEmpty else {
      return 0
    }
    var cut = Cut(
      bytes: bytes, count: message.count, end: min(message.count, Self.messageLimit), out: out,
      variables: variables)
    let i: Int
    if hasClasses, fb_byte_classes(bytes, UInt32(truncatingIfNeeded: cut.end), blocks) != 0 {
      i = Self.cutByBlocks(&cut, blocks)
    } else {
      i = Self.cutByBytes(&cut, kinds, from: 0, to: cut.end)
    }
    if i < cut.count, cut.isFull || cut.end < cut.count {
      let from = max(cut.pending, min(i, cut.count))
      cut.placeholder(from, cut.count)
    }
    if cut.pending < cut.count {
      let rest = cut.count &- cut.pending
      Self.copy(bytes + cut.pending, to: out + cut.written, rest, readable: rest)
      cut.written &+= rest
    }
    variableCount = cut.found
    return cut.written
  }

  /// Goes from mark to mark: a token with a digit is a variable, whatever else it holds; where a colon may join, the bytes
  /// are looked at one by one. Returns where it stopped.
  @inline(__always)
  private static func cutByBlocks(_ cut: inout Cut, _ blocks: UnsafePointer<fb_byte_block>) -> Int {
    let end = cut.end
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
        start = lastEnd(blocks, before: block, notBefore: i)
      }
      if start < i { start = i }
      // Where it ends.
      var stop = 0
      let after = blocks[block].ends &>> bit
      if after != 0 { stop = mark &+ after.trailingZeroBitCount } else { stop = nextEnd(blocks, block, end) }
      if stop > end { stop = end }
      let isJoint = blocks[block].joints &>> bit & 1 != 0
      let behind = stop &+ 1
      if isJoint || blocks[behind &>> 6].joints &>> UInt64(truncatingIfNeeded: behind & 63) & 1 != 0 {
        var from = start
        if isJoint {
          // Behind the end before the colon.
          from = lastEnd(blocks, beforeByte: mark &- 1, notBefore: i)
        }
        i = cutByBytes(&cut, kinds, from: from, to: mark &+ 1)
      } else {
        i = stop
        var variableEnd = stop
        while variableEnd > start &+ 1, cut.bytes[variableEnd &- 1] == 0x2E { variableEnd &-= 1 }
        cut.placeholder(start, variableEnd)
      }
      if cut.isFull || i >= end { return i }
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
    return lastEnd(blocks, before: block, notBefore: i)
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
  private static func cutByBytes(
    _ cut: inout Cut, _ kinds: UnsafePointer<UInt8>, from first: Int, to limit: Int
  ) -> Int {
    let bytes = cut.bytes
    let end = cut.end
    var i = first
    while i < limit {
      var kind = kinds[Int(bytes[i])]
      if kind & (Kind.separator | Kind.colon) != 0 {
        // A placeholder that stands in the message itself becomes a variable, or it could not be told apart.
        if bytes[i] == 0x3C, i &+ 2 < cut.count, bytes[i &+ 1] == 0x2A, bytes[i &+ 2] == 0x3E {
          cut.placeholder(i, i &+ 3)
          i &+= 3
          if cut.isFull { break }
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
        if flags == 0 ? i &- start < 8 : flags == Kind.joined ? !isJoinedHex(bytes, start, i) : true {
          guard flags & Kind.high != 0,
            !Bytes.isValidUTF8(UnsafeRawBufferPointer(start: bytes + start, count: i &- start))
          else { continue }
        }
      }
      var last = i
      while last > start &+ 1, bytes[last &- 1] == 0x2E || bytes[last &- 1] == 0x3A { last &-= 1 }
      cut.placeholder(start, last)
      if cut.isFull { break }
    }
    return i
  }

  /// Copies bytes, by words where that is quicker than a call; up to seven more may be written.
  @inline(__always)
  private static func copy(
    _ source: UnsafePointer<UInt8>, to target: UnsafeMutableRawPointer, _ count: Int, readable: Int
  ) {
    let source = UnsafeRawPointer(source)
    if count > 64 { return target.copyMemory(from: source, byteCount: count) }
    var index = 0
    while index < count, index &+ 8 <= readable {
      let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
      index &+= 8
    }
    while index < count {
      target.storeBytes(
        of: source.load(fromByteOffset: index, as: UInt8.self), toByteOffset: index, as: UInt8.self)
      index &+= 1
    }
  }

  /// True for three or more colon-joined groups of hexadecimal letters: a hardware address without a digit.
  private static func isJoinedHex(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var colons = 0
    for index in start..<end where bytes[index] == 0x3A { colons &+= 1 }
    return colons >= 2
  }
}
