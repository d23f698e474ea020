/// Up to sixteen bytes that a text may begin with at some place, compared in two words.
struct ShortPrefix {
  /// 0 where there is nothing to compare with.
  private(set) var count = 0
  /// The bytes, the first lowest, and which bits of them count.
  private var words: (UInt64, UInt64) = (0, 0)
  private var masks: (UInt64, UInt64) = (0, 0)

  init() {}

  /// Of bytes; of more than sixteen, or none, one that matches nowhere.
  init(_ bytes: some Collection<UInt8>) {
    guard bytes.count <= 16 else { return }
    count = bytes.count
    for (index, byte) in bytes.enumerated() {
      let shift = UInt64(index & 7) * 8
      if index < 8 {
        words.0 |= UInt64(byte) << shift
        masks.0 |= 0xFF << shift
      } else {
        words.1 |= UInt64(byte) << shift
        masks.1 |= 0xFF << shift
      }
    }
  }

  /// True when the bytes stand at `start`. False, too, where the text has less than sixteen bytes.
  @inline(__always) func matches(_ text: UnsafeRawBufferPointer, at start: Int) -> Bool {
    guard start &+ 16 <= text.count else { return matchesNearEnd(text, at: start) }
    return matches(Bytes.word(text, start), Bytes.word(text, start &+ 8))
  }

  @inline(__always) private func matches(_ low: UInt64, _ high: UInt64) -> Bool {
    ((low ^ words.0) & masks.0 | (high ^ words.1) & masks.1) == 0 && count > 0
  }

  /// By the last sixteen bytes of the text, shifted.
  private func matchesNearEnd(_ text: UnsafeRawBufferPointer, at start: Int) -> Bool {
    guard text.count >= 16, start &+ count <= text.count else { return false }
    let low = Bytes.word(text, text.count &- 16)
    let high = Bytes.word(text, text.count &- 8)
    let bits = UInt64(truncatingIfNeeded: (start &+ 16 &- text.count) &* 8)
    // Smart shifts give 0 from 64 on.
    return bits < 64
      ? matches(low >> bits | high << (64 - bits), high >> bits) : matches(high >> (bits - 64), 0)
  }
}
