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
  /// Bytes that the message's variables took as values; -1 where they were not written.
  public private(set) var valuesCount = -1

  /// Most variables of one message; what follows the last but one is one variable.
  public static let variableLimit = 200
  /// Bytes of a message that are looked at; the rest is one variable.
  public static let messageLimit = 4096
  /// Bytes that values may take, and be written on the way, at most.
  public static let valuesLimit = messageLimit + variableLimit + Int(FB_CUT_OVERRUN)

  private let variables: UnsafeMutablePointer<UInt64>
  /// False while the variables have been counted and not listed: whoever has their values seldom asks for them.
  private let isListed = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
  private let blocks: UnsafeMutablePointer<fb_byte_block>
  private let hasClasses: Bool
  private let hasCut: Bool
  private let spareValues = UnsafeMutableRawPointer.allocate(byteCount: Self.valuesLimit, alignment: 16)
  private var buffer: UnsafeMutableRawPointer
  private var capacity: Int
  private var textStart = 0
  private var textEnd = 0
  private let known = KnownTexts(bits: 9, strideBits: 8)
  private var found = KnownTexts.Found()
  private let shapes = KnownShapes()
  /// The place of the shape that was found last; nil where the text was looked up.
  private var shape: KnownShapes.Place?
  private var message = UnsafeRawBufferPointer(start: nil, count: 0)

  /// A miner with empty buffers.
  public init() { self.init(byBlocks: true) }

  /// - Parameters:
  ///   - byBlocks: False looks at every byte of every message, as is done where the processor offers nothing better.
  ///   - cutsWhole: False goes from token to token.
  init(byBlocks: Bool, cutsWhole: Bool = true) {
    hasClasses = byBlocks && fb_byte_classes_available() != 0
    hasCut = hasClasses && cutsWhole && fb_cut_available() != 0
    isListed.initialize(to: true)
    variables = .allocate(capacity: Self.variableLimit + 1)
    // One more than a message has, and one that is read behind its end.
    blocks = .allocate(capacity: Self.messageLimit / 64 + 2)
    blocks.initialize(repeating: fb_byte_block(), count: Self.messageLimit / 64 + 2)
    capacity = 3 * Self.messageLimit + 64
    buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit {
    variables.deallocate()
    isListed.deallocate()
    blocks.deallocate()
    spareValues.deallocate()
    buffer.deallocate()
  }

  /// The bytes of a variable, as offset and count in the message.
  @inlinable public func variable(_ index: Int) -> (start: Int, count: Int) {
    let packed = packedVariable(index)
    return (Int(packed >> 32), Int(packed & 0xFFFF_FFFF))
  }

  @usableFromInline func packedVariable(_ index: Int) -> UInt64 {
    precondition(index >= 0 && index < variableCount)
    if !isListed.pointee { list() }
    return variables[index]
  }

  /// Lists the variables of a message that was cut as a whole.
  @inline(never)
  private func list() {
    isListed.pointee = true
    guard let bytes = message.baseAddress else { return }
    let count = fb_numbered_tokens(
      bytes.assumingMemoryBound(to: UInt8.self), UInt32(truncatingIfNeeded: message.count), blocks, variables)
    precondition(Int(count) == variableCount)
  }

  /// Mines one message. Afterwards `template`, `variableCount` and `variable(_:)` describe it, until the next call. Replacing each `<*>` of the
  /// template's text by the variables in order gives the message back, byte for byte.
  /// - Parameters:
  ///   - readable: Bytes that may be read from the message's first on; no less than it has.
  ///   - values: Room for `valuesLimit` bytes, where the variables are to be written with tabs between, if they are printable ASCII without
  ///     quotes and backslashes.
  public mutating func mine(
    message: UnsafeRawBufferPointer, program: UnsafeRawBufferPointer, readable: Int? = nil,
    values: UnsafeMutableRawPointer? = nil
  ) {
    self.message = message
    textEnd = 0
    isListed.pointee = true
    // Some bytes behind the message are read with its last ones.
    if hasClasses, let bytes = message.baseAddress, message.count > 0, message.count <= TokenCut.runLimit,
      message.count &+ TokenCut.overrun <= (readable ?? message.count),
      program.count <= KnownShapes.programLimit
    {
      let classes = fb_byte_classes(
        bytes.assumingMemoryBound(to: UInt8.self), UInt32(truncatingIfNeeded: message.count), blocks)
      if classes != 0 {
        let out = values ?? spareValues
        if hasCut, Int(classes) & FB_JOINTS == 0 {
          var cut = fb_cut()
          let isCut = fb_cut_text(
            bytes.assumingMemoryBound(to: UInt8.self), UInt32(truncatingIfNeeded: message.count), blocks,
            program.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt32(truncatingIfNeeded: program.count),
            out.assumingMemoryBound(to: UInt8.self), shapes.text, &cut)
          if isCut != 0 {
            isListed.pointee = false
            variableCount = Int(truncatingIfNeeded: cut.variables)
            valuesCount =
              values == nil || Int(classes) & FB_BACKSLASH != 0 ? -1 : Int(truncatingIfNeeded: cut.valueBytes)
            take(shapes.find(cut), program)
            return
          }
        }
        var cut = TokenCut(
          message.assumingMemoryBound(to: UInt8.self), end: message.count, variables: variables, writes: true,
          values: out, shape: shapes.begin(program: program))
        if Int(classes) & FB_JOINTS == 0 { cut.byRuns(blocks) } else { _ = cut.byBlocks(blocks) }
        cut.endShape()
        variableCount = cut.found
        // Without the tab behind the last.
        valuesCount =
          values == nil || Int(classes) & FB_BACKSLASH != 0 ? -1 : max(0, cut.values - out &- 1)
        take(shapes.find(cut.shape), program)
        return
      }
    }
    shape = nil
    mineAny(program)
  }

  /// Takes the template of a shape that was looked up.
  @inline(__always)
  private mutating func take(_ place: KnownShapes.Place?, _ program: UnsafeRawBufferPointer) {
    shape = place
    if let place, place.template != 0 {
      template = TemplateID(rawValue: place.template)
      number = place.number
    } else {
      mineText(program)
    }
  }

  /// Cuts a message that is long, or of which the classes of its bytes do not tell enough.
  @inline(never)
  private mutating func mineAny(_ program: UnsafeRawBufferPointer) {
    variableCount = 0
    valuesCount = -1
    if !message.isEmpty {
      var cut = TokenCut(
        message.assumingMemoryBound(to: UInt8.self), end: min(message.count, Self.messageLimit),
        variables: variables, writes: false, values: spareValues,
        shape: shapes.begin(program: UnsafeRawBufferPointer(start: nil, count: 0)))
      let bytes = cut.bytes
      let isByBlocks =
        hasClasses && fb_byte_classes(bytes, UInt32(truncatingIfNeeded: cut.end), blocks) != 0
      let i = isByBlocks ? cut.byBlocks(blocks) : cut.byBytes(from: 0, to: cut.end)
      if i < cut.count, cut.isFull || cut.end < cut.count {
        // Behind the last variable, if more of it was looked at.
        let last =
          cut.found == 0 ? 0 : Int(variables[cut.found - 1] >> 32 + variables[cut.found - 1] & 0xFFFF_FFFF)
        cut.variable(max(last, min(i, cut.count)), cut.count)
      }
      variableCount = cut.found
    }
    mineText(program)
  }

  /// Finds the template by its text.
  @inline(never)
  private mutating func mineText(_ program: UnsafeRawBufferPointer) {
    let needed = program.count &+ 1 &+ 3 &* Self.messageLimit &+ 64
    if needed > capacity {
      buffer.deallocate()
      buffer = .allocate(byteCount: needed, alignment: 16)
      capacity = needed
    }
    if let base = program.baseAddress { buffer.copyMemory(from: base, byteCount: program.count) }
    buffer.storeBytes(of: 0, toByteOffset: program.count, as: UInt8.self)
    textStart = program.count &+ 1
    spell()
    let text = UnsafeRawBufferPointer(start: buffer, count: textEnd)
    if let shape {
      template = TemplateID(rawValue: ContentHash.of(text))
      shapes.remember(template.rawValue, at: shape)
      number = 0
    } else {
      found = known.find(text)
      template = TemplateID(rawValue: found.hash)
      number = found.number
    }
  }

  /// The template's text: the message with `<*>` for each variable. The message must still be there. Holds until the next call of `mine`.
  public mutating func templateText() -> UnsafeRawBufferPointer {
    if textEnd == 0 {
      textStart = 0
      spell()
    }
    return UnsafeRawBufferPointer(start: buffer + textStart, count: textEnd - textStart)
  }

  /// Writes the text of the template to the buffer from `textStart` on.
  private mutating func spell() {
    var at = textStart
    var from = 0
    func append(_ bytes: UnsafeRawBufferPointer) {
      guard let base = bytes.baseAddress else { return }
      (buffer + at).copyMemory(from: base, byteCount: bytes.count)
      at += bytes.count
    }
    for index in 0..<variableCount {
      let (start, count) = variable(index)
      append(UnsafeRawBufferPointer(rebasing: message[from..<start]))
      (buffer + at).storeBytes(of: 0x003E_2A3C, as: UInt32.self)
      at += 3
      from = start + count
    }
    append(UnsafeRawBufferPointer(rebasing: message[from...]))
    textEnd = at
  }

  /// The number that was left with the template mined last: with this very program and text, not only with their hash. 0 where there
  /// is none, or it has been forgotten.
  public private(set) var number: UInt32 = 0

  /// Leaves a number with the template mined last.
  public mutating func leave(number: UInt32) {
    self.number = number
    if let shape { shape.number = number } else { found.number = number }
  }
}
