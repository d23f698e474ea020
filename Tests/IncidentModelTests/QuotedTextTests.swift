import IncidentModel
import Testing

@Suite struct QuotedTextTests {
  @Test func aMarkIsEscapedAlsoWhereAnotherOneCombinesWithIt() {
    #expect(QuotedText.of("plain", "\"", escape: "\"") == "\"plain\"")
    #expect(QuotedText.of("a\"b", "\"", escape: "\"") == "\"a\"\"b\"")
    // U+0301 makes one character of itself and the quote before it.
    let combined = QuotedText.of("a'\u{301}; rm", "'", escape: "'\\'")
    #expect(Array(combined.unicodeScalars) == Array("'a'\\''\u{301}; rm'".unicodeScalars))
    #expect(QuotedText.of("c:\\x \"y\"", "\"", escape: "\\") == "\"c:\\x \\\"y\\\"\"")
    #expect(
      QuotedText.of("c:\\x \"y\"", "\"", escape: "\\", escapesBackslash: true) == "\"c:\\\\x \\\"y\\\"\"")
    // At its end, too.
    let end = QuotedText.of("\u{301}", "'", escape: "'\\'")
    #expect(Array(end.unicodeScalars) == ["'", "\u{301}", "'"])
  }
}
