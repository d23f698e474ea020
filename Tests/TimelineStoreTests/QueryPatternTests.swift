import Testing

@testable import TimelineStore

@Suite struct QueryPatternTests {
  @Test(arguments: [
    ("gw-*", "gw-7", true), ("gw-*", "gw-", true), ("gw-*", "Gw-7", false), ("*", "", true), ("?", "", false),
    ("?", "ü", true), ("a?c", "aüc", true), ("*b*b", "abab", true), ("*b*b", "aba", false),
    ("a*b*c", "aXbYc", true),
    ("", "", true), ("", "a", false), ("??", "ab", true), ("[a]", "a", false), ("[a]", "[a]", true),
  ])
  func matches(pattern: String, text: String, expected: Bool) throws {
    let glob = GlobPattern(
      pieces: pattern.map { $0 == "*" ? .anyRun : $0 == "?" ? .anyOne : .literal(String($0)) })
    #expect(GlobMatcher(glob, foldsCase: false).matches(text) == expected)
  }

  @Test func findsWhatANaiveSearchFindsInEitherCase() {
    var random = SplitMix(seed: 3)
    let letters = Array("aAbB*-é ".utf8)
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        letters.randomElement(using: &random)!
      }
      let needle = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        letters.randomElement(using: &random)!
      }
      for folds in [false, true] {
        let (t, n) = folds ? (text.map(\.asciiLowercased), needle.map(\.asciiLowercased)) : (text, needle)
        let expected =
          n.isEmpty ? 0 : (0..<max(0, t.count - n.count + 1)).first { t[$0..<$0 + n.count].elementsEqual(n) }
        let found = text.withUnsafeBufferPointer { BytePattern(needle, foldsCase: folds).firstMatch(in: $0) }
        #expect(found == expected)
      }
    }
  }

  @Test func doesNotBlowUpOnManyWildcards() {
    let pattern = GlobPattern(
      pieces: (0..<60).flatMap { _ in [GlobPattern.Piece.literal("a"), .anyRun] } + [.literal("b")])
    #expect(!GlobMatcher(pattern, foldsCase: true).matches(String(repeating: "a", count: 5000)))
  }
}
