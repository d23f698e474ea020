internal import IncidentModel

/// A test on the bytes of one value, as the dialect hands it to its SQL function.
enum ValueMatcher: Sendable {
  /// Fits the pattern.
  case glob(GlobMatcher)
  /// Fits the pattern, or is the same number.
  case equal(GlobMatcher, number: Double?)
  /// Stands in this order to the value.
  case ordered(QueryComparison, NaturalValue)
  /// Is one of these whole numbers, written in digits.
  case member(Set<Int64>)

  /// A test on an event's field; an inventory column is tested as text unless an order is asked for.
  init(_ test: QueryPredicate.ValueTest, numeric: Bool) {
    switch test {
    case .matches(let pattern):
      let number = numeric ? pattern.literal.flatMap { NaturalValue($0).number } : nil
      self = .equal(GlobMatcher(pattern, foldsCase: false), number: number)
    case .compared(let comparison, let text): self = .ordered(comparison, NaturalValue(text))
    }
  }

  func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    switch self {
    case .glob(let glob): return glob.matches(bytes)
    case .equal(let glob, let number):
      if let number, let value = FieldReader.number(bytes) { return value == number }
      return glob.matches(bytes)
    case .member(let numbers):
      return Int64(String(decoding: bytes, as: UTF8.self)).map(numbers.contains) ?? false
    case .ordered(let comparison, let bound):
      guard let order = NaturalValue.order(bytes, bound) else { return false }
      switch comparison {
      case .equal: return order == 0
      case .less: return order < 0
      case .lessOrEqual: return order <= 0
      case .greater: return order > 0
      case .greaterOrEqual: return order >= 0
      }
    }
  }
}

/// A value as people order it: numbers by value, else texts with runs of digits by value (`2.4.9` before `2.4.10`).
struct NaturalValue: Sendable {
  let bytes: [UInt8]
  let number: Double?

  init(_ text: String) {
    let bytes = Array(text.utf8)
    self.bytes = bytes
    number = bytes.withUnsafeBufferPointer { FieldReader.number($0) }
  }

  /// Negative when `bytes` come before `bound`. nil when only one of them is a number and the bound is not
  /// version-like: a text is neither more nor less than 60.
  static func order(_ bytes: UnsafeBufferPointer<UInt8>, _ bound: NaturalValue) -> Int? {
    let number = FieldReader.number(bytes)
    if let a = number, let b = bound.number { return a < b ? -1 : a > b ? 1 : 0 }
    if bound.number != nil, number == nil, !isVersion(bytes) { return nil }
    return bound.bytes.withUnsafeBufferPointer { natural(bytes, $0) }
  }

  /// Digits, then more behind a dot: `2.4.1`, `2.4.1-rc1`.
  private static func isVersion(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = bytes.first, first >= 0x30, first <= 0x39 else { return false }
    return bytes.contains(UInt8(ascii: "."))
  }

  static func natural(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
    var i = 0
    var j = 0
    while i < a.count, j < b.count {
      if isDigit(a[i]), isDigit(b[j]) {
        let (x, y) = (run(a, i), run(b, j))
        if x.count != y.count { return x.count < y.count ? -1 : 1 }
        for k in 0..<x.count where a[x.lowerBound + k] != b[y.lowerBound + k] {
          return a[x.lowerBound + k] < b[y.lowerBound + k] ? -1 : 1
        }
        (i, j) = (x.upperBound, y.upperBound)
      } else if a[i] != b[j] {
        return a[i] < b[j] ? -1 : 1
      } else {
        i += 1
        j += 1
      }
    }
    return (a.count - i).signum() - (b.count - j).signum()
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// The run of digits that begins at `at`, without leading zeros.
  private static func run(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> Range<Int> {
    var end = at
    while end < text.count, isDigit(text[end]) { end += 1 }
    var start = at
    while start < end - 1, text[start] == 0x30 { start += 1 }
    return start..<end
  }
}
