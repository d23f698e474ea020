import IncidentModel
import Testing

/// Words of eight bytes and texts that come again.
@Suite struct ByteWordTests {
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  private func lowest(_ marks: UInt64) -> Int? {
    #expect(marks & ~ByteWord.tops == 0)
    return marks == 0 ? nil : marks.trailingZeroBitCount / 8
  }

  @Test func theLowestMarkIsTheFirstByteInQuestion() {
    var random = Seeded(state: 0x5EED)
    // Neighbours of the bytes in question are what is taken for them in error.
    let alphabet: [UInt8] = [
      0x00, 0x01, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x2E, 0x2F, 0x5A, 0x5B, 0x5C, 0x5D, 0x61, 0x7F, 0x80, 0xFF,
    ]
    for _ in 0..<200_000 {
      let bytes = (0..<8).map { _ in alphabet.randomElement(using: &random)! }
      let word = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      for byte: UInt8 in [0x20, 0x2E, 0x5B] {
        #expect(lowest(ByteWord.marks(of: byte, in: word)) == bytes.firstIndex(of: byte))
      }
      #expect(lowest(ByteWord.marks(below: 0x21, in: word)) == bytes.firstIndex { $0 < 0x21 })
      #expect(lowest(ByteWord.marks(below: 1, in: word)) == bytes.firstIndex(of: 0))
      let isEscaped = { (byte: UInt8) in byte < 0x20 || byte == 0x22 || byte == 0x5C }
      #expect(lowest(ByteWord.marksOfEscaped(in: word)) == bytes.firstIndex(where: isEscaped))
      #expect(lowest(ByteWord.marksOfOdd(in: word)) == bytes.firstIndex { isEscaped($0) || $0 >= 0x80 })
    }
  }

  @Test(arguments: [1, 5, 9], [6, 8]) func aKnownTextHasItsContentHash(_ bits: Int, _ strideBits: Int) {
    var random = Seeded(state: 0xCAFE)
    let known = KnownTexts(bits: bits, strideBits: strideBits)
    // Few words, many lengths: places are shared, and texts differ in the middle only.
    for round in 0..<30_000 {
      let count = Int.random(in: 0...(round % 2 == 0 ? 12 : 280), using: &random)
      var text = [UInt8](repeating: UInt8.random(in: 0x61...0x62, using: &random), count: count)
      if count > 0 { text[Int.random(in: 0..<count, using: &random)] = 0x7A }
      text.withUnsafeBytes { bytes in
        let hash = known.hash(of: bytes)
        #expect(hash == ContentHash.of(bytes))
      }
    }
  }

  @Test func twoTextsThatShareTheirPlacesAreBothKept() {
    // One pair of places for all texts.
    let known = KnownTexts(bits: 1, strideBits: 6)
    for (number, text) in ["gw-0001", "sensor-12", "gw-0001", "sensor-12"].enumerated() {
      Array(text.utf8).withUnsafeBytes { bytes in
        let found = known.find(bytes)
        #expect(found.number == UInt32(number > 1 ? text.utf8.count : 0))
        found.number = UInt32(text.utf8.count)
      }
    }
  }

  @Test func aNumberStaysWithItsTextUntilAnotherTakesThePlace() {
    var random = Seeded(state: 7)
    let known = KnownTexts(bits: 3, strideBits: 6)
    var numbers: [[UInt8]: UInt32] = [:]
    var kept = 0
    for round in 1...5000 {
      let count = Int.random(in: 1...60, using: &random)
      let text = [UInt8](repeating: UInt8.random(in: 0x61...0x63, using: &random), count: count)
      text.withUnsafeBytes { bytes in
        let found = known.find(bytes)
        let number = found.number
        #expect(number == 0 || number == numbers[text])
        kept += number > 0 ? 1 : 0
        // Texts longer than a place are told no number.
        found.number = UInt32(round)
        numbers[text] = count <= 48 ? UInt32(round) : 0
      }
    }
    #expect(kept > 100)
  }
}
