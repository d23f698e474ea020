/// Writes JSON (RFC 8259) as bytes, piece by piece: what `JSONValue` is written with, and what writes documents of hundreds
/// of megabytes directly.
///
/// The caller sees to it that what is begun is ended and that objects have keys; separators, line breaks and escapes are put
/// here.
public struct JSONWriter {
  /// What was written and not yet taken.
  public private(set) var bytes: [UInt8] = []
  private var piece: ((UnsafeRawBufferPointer) -> Void)?
  /// Blanks before a line; nil for everything on one line.
  private var indent: Int?
  /// Whether a comma is due before what comes next.
  private var needsComma = false
  private var isEmpty = true
  private var isAfterKey = false

  /// Pieces of this many bytes are handed on.
  private static let pieceSize = 1 << 16

  /// A writer.
  /// - Parameters:
  ///   - isPretty: Whether with line breaks and two blanks of indentation.
  ///   - bytes: About how many bytes will be written, so that many megabytes are not copied again and again.
  ///   - piece: Takes the bytes in pieces of some 64 KiB, so that a document of any size takes no more memory than that; the
  ///     last piece by `finish`.
  public init(
    isPretty: Bool = false, reserving bytes: Int = 0, piece: ((UnsafeRawBufferPointer) -> Void)? = nil
  ) {
    self.piece = piece
    indent = isPretty ? 0 : nil
    let room = piece == nil ? bytes : Self.pieceSize + 4096
    if room > 0 { self.bytes.reserveCapacity(room) }
  }

  /// Hands on what is left.
  public mutating func finish() {
    guard let piece else { return }
    bytes.withUnsafeBytes { piece($0) }
    bytes.removeAll(keepingCapacity: true)
  }

  // MARK: Structure

  /// `{`
  public mutating func beginObject() { begin(UInt8(ascii: "{")) }
  /// `}`
  public mutating func endObject() { end(UInt8(ascii: "}")) }
  /// `[`
  public mutating func beginArray() { begin(UInt8(ascii: "[")) }
  /// `]`
  public mutating func endArray() { end(UInt8(ascii: "]")) }

  /// The name of the member whose value comes next.
  public mutating func key(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    endKey()
  }

  /// The same for a name that has to be escaped.
  public mutating func key(_ name: String) {
    separate()
    quote(name)
    endKey()
  }

  private mutating func endKey() {
    bytes.append(UInt8(ascii: ":"))
    if indent != nil { bytes.append(UInt8(ascii: " ")) }
    isAfterKey = true
  }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    if indent != nil { indent! += 2 }
    needsComma = false
    isEmpty = true
  }

  private mutating func end(_ bracket: UInt8) {
    if indent != nil {
      indent! -= 2
      if !isEmpty { breakLine() }
    }
    bytes.append(bracket)
    needsComma = true
    isEmpty = false
    handOn()
  }

  /// Whatever has to stand before a value or key.
  private mutating func separate() {
    if isAfterKey {
      isAfterKey = false
      return
    }
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    if let indent, indent > 0 { breakLine() }
    needsComma = true
    isEmpty = false
  }

  private mutating func breakLine() {
    bytes.append(contentsOf: Self.blanks[..<min(Self.blanks.count, 1 + indent!)])
    for _ in Self.blanks.count..<max(Self.blanks.count, 1 + indent!) { bytes.append(UInt8(ascii: " ")) }
  }
  private static let blanks = [UInt8(ascii: "\n")] + [UInt8](repeating: UInt8(ascii: " "), count: 64)

  private mutating func handOn() {
    guard let piece, bytes.count > Self.pieceSize else { return }
    bytes.withUnsafeBytes { piece($0) }
    bytes.removeAll(keepingCapacity: true)
  }

  // MARK: Values

  /// `null`
  public mutating func null() { verbatim("null") }
  /// `true` or `false`
  public mutating func bool(_ value: Bool) { verbatim(value ? "true" : "false") }

  /// JSON text that is known to be valid.
  public mutating func verbatim(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    handOn()
  }

  /// A whole number.
  public mutating func int(_ value: Int64) {
    separate()
    digits(value)
    handOn()
  }

  /// A number; not finite ones are written as `null`, since JSON has none.
  public mutating func double(_ value: Double) {
    guard value.isFinite else { return null() }
    if value == value.rounded(), abs(value) < 1e15 { return int(Int64(value)) }
    verbatim("\(value)")
  }

  /// A number rounded to some decimal places, 0 to 4: the same text as its `double` has, made from whole numbers.
  public mutating func rounded(_ value: Double, places: Int) {
    let scale = Self.scales[places]
    let scaled = (value * scale).rounded()
    // Fifteen digits and fewer name a number and its shortest text alike.
    guard abs(scaled) < 1e15 else { return double(scaled / scale) }
    separate()
    var number = Int64(scaled)
    if number < 0 {
      bytes.append(UInt8(ascii: "-"))
      number = -number
    }
    let whole = number / Int64(scale)
    digits(whole)
    var fraction = number - whole * Int64(scale)
    if fraction > 0 {
      bytes.append(UInt8(ascii: "."))
      var unit = Int64(scale) / 10
      while fraction > 0 {
        bytes.append(UInt8(ascii: "0") + UInt8(fraction / unit))
        fraction %= unit
        unit /= 10
      }
    }
    handOn()
  }
  private static let scales: [Double] = [1, 10, 100, 1000, 10_000]

  private mutating func digits(_ value: Int64) {
    guard value >= 10 || value < 0 else { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
    var rest = value.magnitude
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
      var at = 20
      while rest > 0 {
        at -= 1
        buffer[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      if value < 0 { bytes.append(UInt8(ascii: "-")) }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[at..<20]))
    }
  }

  /// A string.
  public mutating func string(_ value: String) {
    separate()
    quote(value)
    handOn()
  }

  /// A string of ASCII that has nothing to escape, such as an instant.
  public mutating func plain(_ value: UnsafeBufferPointer<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: value)
    bytes.append(UInt8(ascii: "\""))
    handOn()
  }

  private mutating func quote(_ value: String) {
    bytes.append(UInt8(ascii: "\""))
    var value = value
    value.withUTF8 { text in
      // Most texts are printable ASCII with nothing to escape. All are looked at, which goes many at a time.
      var odd: UInt8 = 0
      for byte in text {
        odd |= (byte &- 0x20 >= 0x5f ? 1 : 0) | (byte == 0x22 ? 1 : 0) | (byte == 0x5c ? 1 : 0)
      }
      if odd == 0 {
        bytes.append(contentsOf: text)
      } else {
        escape(text)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Besides what RFC 8259 demands, all that `Sanitizer` makes visible is escaped, so that JSON on a terminal or inside a page stays inert.
  private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"": bytes.append(contentsOf: [0x5c, 0x22])
      case "\\": bytes.append(contentsOf: [0x5c, 0x5c])
      case "\n": bytes.append(contentsOf: [0x5c, 0x6e])
      case "\r": bytes.append(contentsOf: [0x5c, 0x72])
      case "\t": bytes.append(contentsOf: [0x5c, 0x74])
      default:
        guard Sanitizer.mustEscape(scalar) else {
          bytes.append(contentsOf: Unicode.UTF8.encode(scalar)!)
          continue
        }
        // Above U+FFFF, JSON's escapes are two.
        for unit in Unicode.UTF16.encode(scalar)! {
          bytes.append(contentsOf: [0x5c, 0x75])
          for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(Self.hexadecimal[Int(unit >> shift & 15)]) }
        }
      }
    }
  }
  private static let hexadecimal = Array("0123456789abcdef".utf8)
}
