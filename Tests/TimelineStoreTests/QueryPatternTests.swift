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

  /// Whatever a template is known to do beforehand, the answer must be that of the whole message.
  @Test func searchesVariablesOnlyWhereThatIsEnough() {
    var random = SplitMix(seed: 12)
    let letters = Array("abAB -<\"".unicodeScalars)
    func word(_ most: Int) -> String {
      var text = ""
      for _ in 0..<Int.random(in: 0...most, using: &random) {
        text.unicodeScalars.append(letters.randomElement(using: &random)!)
      }
      return text
    }
    var settled = 0
    var inVariables = 0
    for _ in 0..<30_000 {
      let constants = (0...Int.random(in: 0...3, using: &random)).map { _ in word(4) }
      let variables = constants.dropFirst().map { _ in word(4) }
      var rebuilder = MessageRebuilder()
      rebuilder.add(
        ordinal: 0, id: 1, program: "", text: constants.joined(separator: "<*>"),
        format: constants.count == 1 ? nil : constants.joined(separator: "%s"))
      let needle = word(4)
      let matcher = TextMatcher(.contains, GlobPattern(literal: needle), rebuilder: rebuilder)
      let message = constants[0] + zip(variables, constants.dropFirst()).map { $0 + $1 }.joined()
      let expected = message.lowercased().contains(needle.lowercased()) || needle.isEmpty
      let stored = variables.map(QueryFixture.escaped).joined(separator: "\t")
      switch matcher.verdict(template: 0) {
      case .settled(let fits):
        settled += 1
        #expect(fits == expected, "\(constants) \(variables) \(needle)")
      case .inVariables:
        inVariables += 1
        let found = Array(stored.utf8).withUnsafeBufferPointer { matcher.matches($0) }
        #expect(found == expected, "\(constants) \(variables) \(needle)")
      case .inMessage:
        #expect(Array(message.utf8).withUnsafeBufferPointer { matcher.matches($0) } == expected)
      }
    }
    #expect(settled > 1000 && inVariables > 1000)
  }
}
