internal import CByteClasses

/// Where the strings of a JSON text may end: quotes, backslashes and control characters of a stretch of it, a bit a byte, found 32
/// bytes at a time where the processor can (G. Langdale, D. Lemire: "Parsing Gigabytes of JSON per Second", 2019).
struct JSONStops: ~Copyable {
  private let words: UnsafeMutablePointer<UInt64>
  let isAvailable: Bool
  /// The stretch: from where, and how many bytes.
  private var start = 0
  private var count = 0
  /// True when all bytes of the stretch are ASCII.
  private var isPlain = false

  /// Longer stretches are looked at in the usual way.
  private static let limit = 1 << 14

  /// `byBlocks` false: as on a processor without such instructions.
  init(byBlocks: Bool = true) {
    words = .allocate(capacity: Self.limit / 64 + 2)
    isAvailable = byBlocks && fb_byte_classes_available() != 0
  }

  deinit { words.deallocate() }

  /// Looks at the bytes from `start` on, as many as `length` or as there are.
  @inline(__always)
  mutating func look(at record: UnsafeRawBufferPointer, from start: Int, length: Int) {
    guard isAvailable, let base = record.baseAddress else { return }
    self.start = start
    count = min(record.count &- start, length, Self.limit)
    isPlain =
      fb_json_stops(base.assumingMemoryBound(to: UInt8.self) + start, UInt64(count), words) != 0
  }

  /// True when the bytes are all ASCII; false where that is not known.
  @inline(__always) func areASCII(from start: Int, to end: Int) -> Bool {
    isPlain && start >= self.start && end <= self.start &+ count
  }

  /// What it knows, for one object after the other.
  var view: View { View(words: words, start: start, count: count) }

  /// The stretch that was looked at last, as it is until the next look.
  struct View {
    fileprivate let words: UnsafeMutablePointer<UInt64>
    fileprivate let start: Int
    fileprivate let count: Int

    /// As `JSONText.stringEnd`.
    @inline(__always)
    func stringEnd(_ record: UnsafeRawBufferPointer, from first: Int, escaped: inout Bool) -> Int {
      var at = first &- start
      while at < count {
        var word = words[at &>> 6] &>> UInt64(truncatingIfNeeded: at & 63)
        while word == 0 {
          at = (at | 63) &+ 1
          word = words[at &>> 6]
        }
        at &+= word.trailingZeroBitCount
        if at >= count { break }
        let byte = record[start &+ at]
        if byte == 0x22 { return start &+ at }
        if byte != 0x5C { return -1 }
        escaped = true
        at &+= 2
      }
      return JSONText.stringEnd(record, from: start &+ at, escaped: &escaped)
    }
  }
}
