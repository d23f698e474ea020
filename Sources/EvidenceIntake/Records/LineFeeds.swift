internal import CByteClasses
internal import Glibc

/// Marks the ends of lines for a stretch of text at once: lines are short, and each search for the next end would begin with a call.
struct LineFeeds: ~Copyable {
  /// Bytes that are marked at a time.
  static let window = 4096

  /// A bit for each byte of the stretch marked last, the first byte lowest.
  let words: UnsafeMutablePointer<UInt64>

  init() {
    words = .allocate(capacity: Self.window / 64)
    words.initialize(repeating: 0, count: Self.window / 64)
  }

  deinit { words.deallocate() }

  /// Marks the line feeds of up to `window` bytes. Returns the number of words that tell of them.
  @inline(__always)
  func mark(_ text: UnsafeRawPointer, _ count: Int) -> Int {
    if fb_line_feeds(text.assumingMemoryBound(to: UInt8.self), UInt64(count), words) == 0 {
      search(text, count)
    }
    return (count &+ 63) &>> 6
  }

  /// The same on processors that have nothing better.
  func search(_ text: UnsafeRawPointer, _ count: Int) {
    words.update(repeating: 0, count: (count + 63) / 64)
    var at = 0
    while at < count, let hit = memchr(text + at, 0x0A, count - at) {
      let place = UnsafeRawPointer(hit) - text
      words[place / 64] |= 1 << UInt64(place % 64)
      at = place + 1
    }
  }
}
