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

  /// True when the bytes stand at `start`. False, too, where the text ends within sixteen bytes.
  @inline(__always) func matches(_ text: UnsafeRawBufferPointer, at start: Int) -> Bool {
    guard count > 0, start &+ 16 <= text.count else { return false }
    let low = (Bytes.word(text, start) ^ words.0) & masks.0
    let high = (Bytes.word(text, start &+ 8) ^ words.1) & masks.1
    return low | high == 0
  }
}
