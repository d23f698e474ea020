internal import Glibc

/// A byte string to search for: goes by the rarest byte of the needle, found by `memchr` (in both its cases where case
/// is folded), then compares.
struct BytePattern: Sendable {
  /// What is looked for; lower case when case is folded.
  let bytes: [UInt8]
  let foldsCase: Bool
  private let anchor: Int

  init(_ text: String, foldsCase: Bool) { self.init(Array(text.utf8), foldsCase: foldsCase) }

  init(_ bytes: [UInt8], foldsCase: Bool) {
    let folded = foldsCase ? bytes.map(\.asciiLowercased) : bytes
    self.bytes = folded
    self.foldsCase = foldsCase
    anchor = folded.indices.min { Self.commonness(folded[$0]) < Self.commonness(folded[$1]) } ?? 0
  }

  /// True when the bytes occur somewhere in `text`. The empty needle occurs everywhere.
  func isContained(in text: UnsafeBufferPointer<UInt8>) -> Bool {
    firstMatch(in: text) != nil
  }

  /// Offset of the first occurrence.
  func firstMatch(in text: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let base = text.baseAddress, !bytes.isEmpty else { return bytes.isEmpty ? 0 : nil }
    guard text.count >= bytes.count else { return nil }
    return bytes.withUnsafeBufferPointer { needle in
      let lower = needle[anchor]
      let upper = foldsCase && lower &- 0x61 < 26 ? lower & 0xdf : lower
      // Places where the anchor byte may stand, as pointers into the text.
      let end = base + (text.count - needle.count + anchor + 1)
      var at = base + anchor
      // The next place of either case; looked up again only once passed.
      var nextLower = find(lower, at, end)
      var nextUpper = upper == lower ? end : find(upper, at, end)
      while true {
        at = min(nextLower, nextUpper)
        if at >= end { return nil }
        if equal(at - anchor, needle) { return at - anchor - base }
        if nextLower == at { nextLower = find(lower, at + 1, end) }
        if nextUpper == at { nextUpper = find(upper, at + 1, end) }
      }
    }
  }

  @inline(__always)
  private func find(_ byte: UInt8, _ from: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>)
    -> UnsafePointer<UInt8>
  {
    guard from < end, let hit = memchr(from, Int32(byte), end - from) else { return end }
    return UnsafePointer(hit.assumingMemoryBound(to: UInt8.self))
  }

  @inline(__always)
  private func equal(_ text: UnsafePointer<UInt8>, _ needle: UnsafeBufferPointer<UInt8>) -> Bool {
    guard foldsCase else { return memcmp(text, needle.baseAddress!, needle.count) == 0 }
    for i in 0..<needle.count where text[i].asciiLowercased != needle[i] { return false }
    return true
  }

  /// How often a byte is met in logs, roughly; the rarest is searched for.
  static func commonness(_ byte: UInt8) -> Int {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "e"): 9
    case UInt8(ascii: "0")...UInt8(ascii: "9"): 8
    case UInt8(ascii: "a"), UInt8(ascii: "i"), UInt8(ascii: "n"), UInt8(ascii: "o"), UInt8(ascii: "r"),
      UInt8(ascii: "s"), UInt8(ascii: "t"):
      7
    case UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "\""), UInt8(ascii: "="): 6
    case UInt8(ascii: "a")...UInt8(ascii: "z"): 5
    default: 1
    }
  }
}
