import Testing

@Suite struct TreeTests {
  static let swiftFiles = Repository.files(below: "Sources", suffix: ".swift")

  @Test func filesStayReadable() throws {
    for file in Self.swiftFiles {
      let lines = try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 600, "\(file) has \(lines) lines: is it one thing?")
    }
  }

  @Test func noShortcutsAreLeftInTheSources() throws {
    for file in Self.swiftFiles {
      let text = try Repository.text(file)
      for word in ["TODO", "FIXME", "fatalError(", " try!", " as! "] {
        #expect(!text.contains(word), "\(file): \(word)")
      }
    }
  }
}
