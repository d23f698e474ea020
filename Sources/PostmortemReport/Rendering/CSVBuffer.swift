public import IncidentModel

/// Many CSV rows as bytes, by the rules of `CSVText`, without a string for each cell: a timeline has millions of them.
public struct CSVBuffer {
  /// The rows so far; the caller takes them away with `take()`.
  public private(set) var bytes: [UInt8] = []
  private var isFirst = true
  /// The text of the last second that was written, up to and without the fraction.
  private var second: (number: Int64, text: [UInt8]) = (.min, [])

  /// An empty buffer.
  public init() {}

  /// The rows so far, and an empty buffer again.
  public mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }

  /// A cell that this program wrote: no formula, no comma, no quote.
  public mutating func add(plain text: String) {
    separate()
    bytes += text.utf8
  }

  /// A number.
  public mutating func add(_ number: some FixedWidthInteger) {
    separate()
    digits(UInt64(number.magnitude), isNegative: number < 0)
  }

  /// An instant as RFC 3339 with nine decimals; nothing where there is none.
  public mutating func add(_ instant: Instant?) {
    separate()
    guard let nanoseconds = instant?.nanoseconds else { return }
    let fraction = ((nanoseconds % 1_000_000_000) + 1_000_000_000) % 1_000_000_000
    let start = nanoseconds - fraction
    if second.number != start || second.text.isEmpty {
      second = (start, Array(Instant(nanoseconds: start).rfc3339(fractionDigits: 0).utf8.dropLast()))
    }
    bytes += second.text
    bytes.append(UInt8(ascii: "."))
    var scale: Int64 = 100_000_000
    while scale > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(fraction / scale % 10))
      scale /= 10
    }
    bytes.append(UInt8(ascii: "Z"))
  }

  /// Text that others wrote.
  public mutating func add(_ foreign: [UInt8], limit: Int) {
    separate()
    // Nearly every line is printable ASCII without anything like a secret: it needs no decoding.
    let isClean = foreign.count <= limit && foreign.withUnsafeBufferPointer { EvidenceText.isPlain($0) }
    if isClean { cell(foreign) } else { cell(Array(EvidenceText(bytes: foreign, limit: limit).display.utf8)) }
  }

  /// Ends the row.
  public mutating func endRow() {
    bytes.append(0x0d)
    bytes.append(0x0a)
    isFirst = true
  }

  private mutating func separate() {
    if isFirst { isFirst = false } else { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func digits(_ value: UInt64, isNegative: Bool) {
    if isNegative { bytes.append(UInt8(ascii: "-")) }
    if value < 10 {
      bytes.append(UInt8(ascii: "0") + UInt8(value))
      return
    }
    let start = bytes.count
    var rest = value
    while rest > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    }
    bytes[start...].reverse()
  }

  /// One cell by the rules of `CSVText.field`, from bytes of valid UTF-8.
  private mutating func cell(_ text: [UInt8]) {
    guard let first = text.first else { return }
    let isWord = first >= 0x30 && first <= 0x39 || (first | 0x20) >= 0x61 && (first | 0x20) <= 0x7a
    guard isWord else {
      bytes += CSVText.field(String(decoding: text, as: UTF8.self)).utf8
      return
    }
    var needsQuotes = text[text.count - 1] == 0x20
    var hasQuote = false
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""): (needsQuotes, hasQuote) = (true, true)
      case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "'"), 0x09, 0x0a, 0x0d: needsQuotes = true
      default: break
      }
    }
    if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
    if hasQuote {
      for byte in text {
        if byte == UInt8(ascii: "\"") { bytes.append(byte) }
        bytes.append(byte)
      }
    } else {
      bytes += text
    }
    if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
  }
}
