internal import Glibc
internal import IncidentModel

/// A template cut at its variables.
struct CompiledTemplate {
  /// Program, NUL, text.
  let content: [UInt8]
  /// The constant stretches of the text, as ranges of `content`: one more than there are variables.
  let pieces: [Range<Int>]
  /// False where messages must be stored whole: too many variables, or a text that is not UTF-8 or holds a NUL.
  let isUsable: Bool

  /// Number of `<*>` in the text.
  var variables: Int { pieces.count - 1 }

  /// Compiles program, NUL, text.
  /// - Parameter programHasNUL: Then program and text cannot be told apart when they are read back.
  init(content: [UInt8], textStart: Int, programHasNUL: Bool = false) {
    self.content = content
    var pieces: [Range<Int>] = []
    var from = textStart
    content.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      var at = textStart
      while at + 3 <= bytes.count, let hit = memchr(base + at, Int32(UInt8(ascii: "<")), bytes.count - 2 - at)
      {
        let index = UnsafeRawPointer(hit) - base
        at = index + 1
        if bytes[index + 1] == UInt8(ascii: "*"), bytes[index + 2] == UInt8(ascii: ">") {
          pieces.append(from..<index)
          at = index + 3
          from = at
        }
      }
    }
    pieces.append(from..<content.count)
    self.pieces = pieces
    let text = content[textStart...]
    isUsable =
      pieces.count - 1 <= CaseSchema.maximumVariables && !programHasNUL && !text.contains(0)
      && String(validating: text, as: UTF8.self) != nil
  }

  /// The text as SQLite's `printf` takes it; nil where messages are stored whole or there is no variable.
  var format: String? {
    guard isUsable, variables > 0 else { return nil }
    return pieces.map { piece in
      String(decoding: content[piece], as: UTF8.self).split(separator: "%", omittingEmptySubsequences: false)
        .joined(separator: "%%")
    }.joined(separator: "%s")
  }
}

/// Turns messages into variables where template and variables rebuild them byte for byte.
enum MessageEncoder {
  /// What stands between the variables of a row. A message with control characters in a variable is stored whole.
  static let separator = UInt8(ascii: "\t")

  /// Appends the variables, each escaped as in a JSON string, with tabs between. Returns false, with nothing
  /// appended, where one is not UTF-8 or holds a control character.
  @inline(__always)
  static func append(
    variables: UnsafeBufferPointer<ByteRange>, arena: UnsafeRawPointer, to buffer: inout ByteBuffer
  ) -> Bool {
    let start = buffer.count
    for index in 0..<variables.count {
      let bytes = UnsafeRawBufferPointer(
        start: arena + Int(variables[index].start), count: Int(variables[index].count))
      buffer.reserve(bytes.count &+ 1)
      if index > 0 { buffer.put(separator) }
      if isPlain(bytes) {
        buffer.append(bytes)
      } else if !appendEscaped(bytes, to: &buffer) {
        buffer.count = start
        return false
      }
    }
    return true
  }

  /// True when all bytes are printable ASCII but `"` and `\`.
  @inline(__always) static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var offset = 0
    var odd: UInt64 = 0
    while offset &+ 8 <= bytes.count {
      let word = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      odd |= ByteWord.marksOfOdd(in: word)
      offset &+= 8
    }
    if odd != 0 { return false }
    while offset < bytes.count {
      let byte = base.load(fromByteOffset: offset, as: UInt8.self)
      if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5c { return false }
      offset &+= 1
    }
    return true
  }

  @inline(never)
  private static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) -> Bool {
    guard !bytes.contains(where: { $0 < 0x20 }), String(validating: bytes, as: UTF8.self) != nil else {
      return false
    }
    for byte in bytes {
      buffer.reserve(6)
      switch byte {
      case 0x22, 0x5c:
        buffer.put(0x5c)
        buffer.put(byte)
      default: buffer.put(byte)
      }
    }
    return true
  }
}

extension MessageEncoder {
  /// True when the bytes are UTF-8 without NUL.
  @inline(__always) static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var offset = 0
    var odd: UInt64 = 0
    while offset &+ 8 <= bytes.count {
      let word = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      odd |= word | ByteWord.marks(below: 1, in: word)
      offset &+= 8
    }
    if offset < bytes.count {
      if bytes.count >= 8 {
        // The last eight bytes, some of them once more.
        let word = base.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self)
        odd |= word | ByteWord.marks(below: 1, in: word)
      } else {
        while offset < bytes.count {
          let byte = base.load(fromByteOffset: offset, as: UInt8.self)
          odd |= UInt64(byte == 0 ? 0x80 : byte)
          offset &+= 1
        }
      }
    }
    if odd & ByteWord.tops == 0 { return true }
    return !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
  }
}
