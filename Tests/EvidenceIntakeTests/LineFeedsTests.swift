import Testing

@testable import EvidenceIntake

@Suite struct LineFeedsTests {
  @Test func marksEachLineFeedAndNothingElse() {
    let feeds = LineFeeds()
    for count in [1, 63, 64, 65, 127, 128, 1000, 4095, 4096] {
      for step in [1, 2, 7, 63, 64, 65, 5000] {
        let text = (0..<count).map { UInt8(($0 + 1) % step == 0 ? 0x0A : 0x0D) }
        let wanted = text.indices.filter { text[$0] == 0x0A }
        text.withUnsafeBytes { bytes in
          let words = feeds.mark(bytes.baseAddress!, count)
          #expect(words == (count + 63) / 64)
          #expect(places(feeds, words) == wanted)
          feeds.search(bytes.baseAddress!, count)
          #expect(places(feeds, words) == wanted)
        }
      }
    }
  }

  private func places(_ feeds: borrowing LineFeeds, _ words: Int) -> [Int] {
    (0..<64 * words).filter { feeds.words[$0 / 64] >> UInt64($0 % 64) & 1 != 0 }
  }
}
