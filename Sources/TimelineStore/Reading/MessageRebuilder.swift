/// Puts messages together again from a template and its variables, as `Docs/CaseFile.md` tells.
///
/// A hostile case can hold any format and any variables: whatever they say, the result is at most the sum of
/// their bytes.
struct MessageRebuilder: Sendable {
  /// The constant parts of a template: one more than it has variables.
  struct Parts: Sendable {
    var program: String
    var text: String
    var id: UInt64
    var constants: [[UInt8]]
  }

  /// By template ordinal; ordinals are dense from 0.
  private(set) var parts: [Parts?] = []

  /// Without templates.
  init() {}

  /// The templates of a case.
  init(_ connection: SQLiteConnection) throws(StoreError) {
    let rows = try connection.prepare(
      "SELECT ordinal, id, program, text, format FROM template ORDER BY ordinal")
    while try rows.next() {
      add(
        ordinal: rows.int64(0), id: rows.int64(1), program: rows.text(2), text: rows.text(3),
        format: rows.textOrNil(4))
    }
  }

  mutating func add(ordinal: Int64, id: Int64, program: String, text: String, format: String?) {
    guard ordinal >= 0, ordinal <= 1 << 32, ordinal <= Int64(parts.count) + 1_000_000 else { return }
    while parts.count <= Int(ordinal) { parts.append(nil) }
    parts[Int(ordinal)] = Parts(
      program: program, text: text, id: UInt64(bitPattern: id),
      constants: format.map { Self.constants(ofFormat: $0) } ?? [Array(text.utf8)])
  }

  subscript(ordinal: Int64) -> Parts? {
    ordinal >= 0 && ordinal < Int64(parts.count) ? parts[Int(ordinal)] : nil
  }

  /// The constants of a format of `printf`, of which only `%s` and `%%` occur.
  static func constants(ofFormat format: String) -> [[UInt8]] {
    var result: [[UInt8]] = [[]]
    var percent = false
    for byte in format.utf8 {
      if percent {
        percent = false
        if byte == UInt8(ascii: "s") { result.append([]) } else { result[result.count - 1].append(byte) }
      } else if byte == UInt8(ascii: "%") {
        percent = true
      } else {
        result[result.count - 1].append(byte)
      }
    }
    return result
  }

  /// Appends the message of a row without a stored one.
  func append(template: Int64, variables: UnsafeBufferPointer<UInt8>, to message: inout [UInt8]) {
    guard template >= 0, template < Int64(parts.count) else { return }
    guard let constants = parts[Int(template)]?.constants else { return }
    message.append(contentsOf: constants[0])
    guard constants.count > 1 else { return }
    var rest = variables[...]
    for index in 1..<constants.count {
      let end = rest.firstIndex(of: 9) ?? rest.endIndex
      Self.appendUnescaped(UnsafeBufferPointer(rebasing: rest[..<end]), to: &message)
      rest = end < rest.endIndex ? rest[(end + 1)...] : rest[end...]
      message.append(contentsOf: constants[index])
    }
  }

  /// Calls with each variable of a row, unescaped.
  static func forEachVariable(
    _ variables: UnsafeBufferPointer<UInt8>, scratch: inout [UInt8],
    _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    var rest = variables[...]
    while true {
      let end = rest.firstIndex(of: 9) ?? rest.endIndex
      let raw = UnsafeBufferPointer(rebasing: rest[..<end])
      if raw.contains(UInt8(ascii: "\\")) {
        scratch.removeAll(keepingCapacity: true)
        appendUnescaped(raw, to: &scratch)
        scratch.withUnsafeBufferPointer(body)
      } else {
        body(raw)
      }
      if end >= rest.endIndex { return }
      rest = rest[(end + 1)...]
    }
  }

  /// Appends the content of a JSON string.
  static func appendUnescaped(_ raw: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    var i = 0
    while i < raw.count {
      let byte = raw[i]
      guard byte == UInt8(ascii: "\\"), i + 1 < raw.count else {
        out.append(byte)
        i += 1
        continue
      }
      i += 2
      switch raw[i - 1] {
      case UInt8(ascii: "n"): out.append(0x0a)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "r"): out.append(0x0d)
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0c)
      case UInt8(ascii: "u"):
        guard let high = hex4(raw, i) else {
          out.append(contentsOf: [0xef, 0xbf, 0xbd])
          continue
        }
        i += 4
        var code = high
        if high & 0xfc00 == 0xd800, i + 1 < raw.count, raw[i] == UInt8(ascii: "\\"),
          raw[i + 1] == UInt8(ascii: "u"),
          let low = hex4(raw, i + 2), low & 0xfc00 == 0xdc00
        {
          i += 6
          code = 0x10000 + (high & 0x3ff) << 10 + (low & 0x3ff)
        }
        out.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{fffd}").utf8)
      default: out.append(raw[i - 1])
      }
    }
  }

  private static func hex4(_ raw: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32? {
    guard at + 4 <= raw.count else { return nil }
    var value: UInt32 = 0
    for i in at..<at + 4 {
      let byte = raw[i]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 0x30
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - 0x61 + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - 0x41 + 10
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
