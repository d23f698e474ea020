import IncidentModel

// Writing into a reading's scratch buffer.
extension Reading {
  /// Makes room for `more` bytes.
  @inline(__always) mutating func reserve(_ more: Int) {
    if scratchCount &+ more > capacity { grow(more) }
  }

  private mutating func grow(_ more: Int) {
    var wanted = capacity &* 2
    while wanted < scratchCount &+ more { wanted &*= 2 }
    let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    larger.copyMemory(from: buffer, byteCount: scratchCount)
    buffer.deallocate()
    buffer = larger
    capacity = wanted
  }

  /// Appends one byte.
  @inline(__always) mutating func append(_ byte: UInt8) {
    reserve(1)
    buffer.storeBytes(of: byte, toByteOffset: scratchCount, as: UInt8.self)
    scratchCount &+= 1
  }

  /// Appends bytes.
  @inline(__always) mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    reserve(bytes.count)
    (buffer + scratchCount).copyShort(from: base, count: bytes.count)
    scratchCount &+= bytes.count
  }

  /// Appends a part of a record.
  @inline(__always) mutating func append(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
    guard start < end, let base = bytes.baseAddress else { return }
    reserve(end &- start)
    (buffer + scratchCount).copyMemory(from: base + start, byteCount: end &- start)
    scratchCount &+= end &- start
  }

  /// Appends a copy of a stretch of the scratch buffer itself.
  mutating func appendCopy(_ start: Int, _ end: Int) {
    guard start < end else { return }
    reserve(end &- start)
    (buffer + scratchCount).copyMemory(from: buffer + start, byteCount: end &- start)
    scratchCount &+= end &- start
  }

  /// Appends a text known at compile time.
  @inline(__always) mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a whole number in decimal.
  mutating func appendDecimal(_ value: Int64) {
    if value < 0 { append(0x2D) }
    appendDecimal(magnitude: value.magnitude)
  }

  /// Appends a whole number without sign in decimal.
  mutating func appendDecimal(magnitude: UInt64) {
    reserve(20)
    var magnitude = magnitude
    var digits = 1
    var probe = magnitude
    while probe >= 10 {
      probe /= 10
      digits += 1
    }
    var at = scratchCount + digits
    scratchCount = at
    repeat {
      at -= 1
      buffer.storeBytes(of: UInt8(magnitude % 10) + 0x30, toByteOffset: at, as: UInt8.self)
      magnitude /= 10
    } while at > scratchCount - digits
  }

  /// Appends the shortest decimal number that is this one and no other, as Swift writes it: `21.5`, `1e-05`, `nan`, `-inf`.
  mutating func appendShortest(_ value: some TextOutputStreamable) {
    var text = ShortText()
    value.write(to: &text)
    for index in 0..<text.count { append(text.bytes[index]) }
  }

  // MARK: The fields object

  /// Begins the object of other fields. Members follow; `endFields` closes it.
  @inline(__always) mutating func beginFields() {
    header = SyslogHeader()
    fields = .scratch(scratchCount, 0)
    append(0x7B)
  }

  /// Ends the object of other fields; an empty one is dropped.
  @inline(__always) mutating func endFields() {
    if scratchCount &- fields.start <= 1 {
      scratchCount = fields.start
      fields = .empty
      return
    }
    append(0x7D)
    fields = .scratch(fields.start, scratchCount &- fields.start)
  }

  /// Writes the fields out that a header stands for.
  public mutating func spellFields() {
    guard header.rawValue != 0 else { return }
    let told = header
    beginFields(facility: told.facility ?? -1)
    if let process = told.process { field("pid", Int64(process)) }
    endFields()
  }

  /// Goes on with an object of other fields that was ended, or begins one.
  mutating func reopenFields() {
    spellFields()
    guard !fields.isEmpty else { return beginFields() }
    if fields.end != scratchCount {
      let old = fields
      reserve(Int(old.count))
      (buffer + scratchCount).copyMemory(from: buffer + old.start, byteCount: Int(old.count))
      fields = .scratch(scratchCount, Int(old.count))
      scratchCount &+= Int(old.count)
    }
    scratchCount &-= 1
  }

  /// Appends a comma where a member stands before.
  @inline(__always) mutating func separate() {
    if scratchCount &- fields.start > 1 { append(0x2C) }
  }

  /// A member whose name is known at compile time and needs no escapes; its value is to follow.
  @inline(__always) mutating func key(_ name: StaticString) {
    separate()
    append(0x22)
    append(name)
    append(0x22)
    append(0x3A)
  }

  /// A member's name from raw bytes; its value is to follow.
  mutating func key(_ name: UnsafeRawBufferPointer) {
    separate()
    appendJSONString(name)
    append(0x3A)
  }

  /// A member with a string from raw bytes; nothing where they are empty.
  @inline(__always) mutating func field(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    guard !value.isEmpty else { return }
    key(name)
    appendJSONString(value)
  }

  /// A member with a number.
  @inline(__always) mutating func field(_ name: StaticString, _ value: Int64) {
    key(name)
    appendDecimal(value)
  }

  /// A member with true or false.
  @inline(__always) mutating func field(_ name: StaticString, _ value: Bool) {
    key(name)
    append(value ? "true" : "false")
  }

  /// A member with a number where the bytes are one in JSON's sense, with a string elsewhere.
  mutating func fieldGuessing(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    guard !value.isEmpty else { return }
    key(name)
    appendGuessing(value)
  }

  /// A JSON number where the bytes are one, `true`, `false` and `null` as such, else a JSON string.
  mutating func appendGuessing(_ value: UnsafeRawBufferPointer) {
    if JSONText.isNumber(value) || JSONText.isLiteral(value) {
      append(value)
    } else {
      appendJSONString(value)
    }
  }

  /// Appends bytes as a JSON string. Invalid UTF-8 becomes U+FFFD, byte by byte: the record itself keeps the bytes.
  mutating func appendJSONString(_ bytes: UnsafeRawBufferPointer) {
    if appendPlainString(bytes) { return }
    append(0x22)
    appendJSONCharacters(bytes)
    append(0x22)
  }

  /// Appends bytes between quotes where all of them stand in a JSON string as they are, as most do: looked at and copied word by
  /// word. False, with nothing appended, elsewhere.
  @inline(__always) private mutating func appendPlainString(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return false }
    let count = bytes.count
    reserve(count &+ 2)
    let target = buffer + (scratchCount &+ 1)
    var odd: UInt64 = 0
    if count >= 8 {
      // The last word goes over bytes of the one before.
      let last = count &- 8
      var i = 0
      while i < last {
        let word = base.loadUnaligned(fromByteOffset: i, as: UInt64.self)
        odd |= ByteWord.marksOfOdd(in: word)
        target.storeBytes(of: word, toByteOffset: i, as: UInt64.self)
        i &+= 8
      }
      let word = base.loadUnaligned(fromByteOffset: last, as: UInt64.self)
      odd |= ByteWord.marksOfOdd(in: word)
      target.storeBytes(of: word, toByteOffset: last, as: UInt64.self)
    } else if count >= 4 {
      let low = base.loadUnaligned(as: UInt32.self)
      let high = base.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      odd = ByteWord.marksOfOdd(in: UInt64(low) | UInt64(high) &<< 32)
      target.storeBytes(of: low, as: UInt32.self)
      target.storeBytes(of: high, toByteOffset: count &- 4, as: UInt32.self)
    } else {
      for i in 0..<count {
        let byte = bytes[i]
        odd |= ByteWord.marksOfOdd(in: UInt64(byte) | 0x6161_6161_6161_6100)
        target.storeBytes(of: byte, toByteOffset: i, as: UInt8.self)
      }
    }
    guard odd == 0 else { return false }
    buffer.storeBytes(of: 0x22, toByteOffset: scratchCount, as: UInt8.self)
    scratchCount &+= count &+ 2
    buffer.storeBytes(of: 0x22, toByteOffset: scratchCount &- 1, as: UInt8.self)
    return true
  }

  /// Appends bytes as the inside of a JSON string.
  mutating func appendJSONCharacters(_ bytes: UnsafeRawBufferPointer) {
    var run = 0
    var i = 0
    let count = bytes.count
    while i < count {
      if i &+ 8 <= count, bytes[i] < 0x80 {
        let odd = ByteWord.marksOfOdd(in: Bytes.word(bytes, i))
        i &+= odd == 0 ? 8 : odd.trailingZeroBitCount >> 3
        if odd == 0 { continue }
      }
      let byte = bytes[i]
      if byte >= 0x20, byte < 0x80, byte != 0x22, byte != 0x5C {
        i &+= 1
        continue
      }
      if byte >= 0x80 {
        let length = Bytes.sequenceLength(bytes, i)
        if length > 0 {
          i &+= length
          continue
        }
      }
      append(bytes, run, i)
      switch byte {
      case 0x22: append("\\\"")
      case 0x5C: append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0x80...0xFF: append("\u{FFFD}")
      default:
        append("\\u00")
        append(byte >> 4 &+ 0x30)
        let low = byte & 15
        append(low < 10 ? low &+ 0x30 : low &+ 0x57)
      }
      i &+= 1
      run = i
    }
    append(bytes, run, count)
  }
}

extension Reading {
  /// Copies a text known at compile time into scratch and gives its slice.
  mutating func appendText(_ text: StaticString) -> Slice {
    let start = scratchCount
    append(text)
    return .scratch(start, text.utf8CodeUnitCount)
  }

  /// Takes a stamp that begins at `start` of the record.
  @inline(__always) mutating func set(_ stamp: Stamp, from start: Int) {
    kind = stamp.kind
    time = stamp.time
    resolution = stamp.resolution
    self.stamp = .record(start, stamp.end &- start)
    mark(stamp)
  }

  /// Takes what else is to be said of a stamp.
  @inline(__always) mutating func mark(_ stamp: Stamp) {
    guard !stamp.marks.isEmpty else { return }
    flags.formUnion(stamp.marks)
    swapDays = stamp.swapDays
    zoneOffset = stamp.zoneOffset
  }

  /// Takes a time since boot whose stamp stands at these offsets of the record.
  @inline(__always) mutating func setSinceBoot(
    _ nanoseconds: Int64, resolution: Int64, from start: Int, to end: Int
  ) {
    kind = .sinceBoot
    time = nanoseconds
    self.resolution = resolution
    stamp = .record(start, end &- start)
  }
}

/// Takes the text of a number without a `String`.
private struct ShortText: TextOutputStream {
  var bytes = InlineArray<64, UInt8>(repeating: 0)
  var count = 0

  mutating func write(_ string: String) {
    for byte in string.utf8 { add(byte) }
  }

  // The standard library hands numbers over this way; without it they would come through `write`, by way of a `String`.
  mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) {
    for byte in buffer { add(byte) }
  }

  private mutating func add(_ byte: UInt8) {
    guard count < 64 else { return }
    bytes[count] = byte
    count += 1
  }
}
