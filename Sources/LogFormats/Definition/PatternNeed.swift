import IncidentModel

/// What a record must hold for a pattern to match: looked for before the pattern is tried, since most records hold none of it and a
/// pattern that may begin anywhere is tried at each byte.
struct PatternNeed: Sendable {
  /// Stands in a definition for an IPv4 or IPv6 address.
  static let addressName = "<address>"

  /// Texts, of which one is enough.
  let texts: [[UInt8]]
  /// True where an address is enough, too.
  let takesAddress: Bool

  /// From what a definition lists; nil where that is nothing.
  init?(_ names: [String]) {
    guard !names.isEmpty, names.allSatisfy({ !$0.isEmpty }) else { return nil }
    texts = names.filter { $0 != Self.addressName }.map { Array($0.utf8) }
    takesAddress = names.contains(Self.addressName)
  }

  /// False where the record holds nothing of it.
  func isMet(_ record: UnsafeRawBufferPointer) -> Bool {
    if takesAddress, Self.mayHoldAddress(record) { return true }
    for index in texts.indices where Bytes.contains(texts[index], record) { return true }
    return false
  }

  /// True where three full stops stand between numbers of at most three digits, or two colons with nothing but hexadecimal digits
  /// and colons between: every address, and some times of day.
  static func mayHoldAddress(_ record: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while at < record.count {
      if at &+ 8 <= record.count {
        let word = Bytes.word(record, at)
        let signs = ByteWord.marks(of: 0x2E, in: word) | ByteWord.marks(of: 0x3A, in: word)
        if signs == 0 {
          at &+= 8
          continue
        }
        at &+= signs.trailingZeroBitCount >> 3
      }
      switch record[at] {
      case 0x2E: if joinsNumbers(record, at) { return true }
      case 0x3A: if joinsGroups(record, at) { return true }
      default: break
      }
      at &+= 1
    }
    return false
  }

  /// True for the first full stop of an IPv4 address.
  private static func joinsNumbers(_ record: UnsafeRawBufferPointer, _ first: Int) -> Bool {
    guard first > 0, Bytes.isDigit(record[first &- 1]) else { return false }
    var at = first
    for _ in 0..<3 {
      guard at < record.count, record[at] == 0x2E else { return false }
      let digits = at &+ 1
      at = digits
      while at < record.count, at < digits &+ 3, Bytes.isDigit(record[at]) { at &+= 1 }
      if at == digits { return false }
    }
    return true
  }

  /// True for the first colon of an IPv6 address.
  private static func joinsGroups(_ record: UnsafeRawBufferPointer, _ first: Int) -> Bool {
    guard first > 0, Bytes.hexValue(record[first &- 1]) < 16 else { return false }
    var at = first &+ 1
    var isBehindColon = false
    while at < record.count {
      if record[at] == 0x3A {
        isBehindColon = true
      } else if Bytes.hexValue(record[at]) >= 16 {
        return false
      } else if isBehindColon {
        return true
      }
      at &+= 1
    }
    return false
  }
}
