import Testing

@testable import TimelineWeb

@Suite struct MarkupTests {
  static let hostile = "<script>alert(1)</script>\"'&\u{202e}\u{0}"

  @Test func textIsEscapedOnceWhereverItIsPutIn() {
    let page = el(.p, .title(Self.hostile), text: "a \(Self.hostile) b")
    #expect(!page.markup.contains("<script"))
    #expect(page.markup.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(!page.markup.contains("&amp;lt;"))
  }

  @Test func foreignTextShowsInvisibleCharactersAndMasksSecrets() {
    let markup = HTML.foreign("a\u{202e}b password=hunter2").markup
    #expect(markup.contains("\\u{202e}"))
    #expect(!markup.contains("hunter2"))
  }

  @Test func anAddressShowsNoSecretEither() {
    let name = "gw-1 password=hunter2"
    let cell = Cell.link(Link("fleet", query: [("device", name)]), name)
    #expect(!cell.html.markup.contains("hunter2") && cell.html.markup.contains("gw-1"))
    #expect(Cell.link(Link("fleet", query: [("device", "gw-1")]), "gw-1").html.markup.contains("href"))
  }

  @Test func linksLeadNowhereElse() {
    for text in ["//evil.example/x", "https://evil.example", "javascript:alert(1)", "/\\evil", "", "/a b"] {
      let link = Link(local: text).text
      #expect(link.hasPrefix("/") && !link.hasPrefix("//") && !link.contains("\\"), "\(text) gave \(link)")
    }
    #expect(Link(local: "/timeline?q=a%20b&order=newest#e12").text == "/timeline?q=a%20b&order=newest#e12")
  }

  @Test func valuesOfAQuerySurviveTheWayThroughAnAddress() {
    let link = Link("timeline", query: [("q", "text:\"a&b=c#d+e\" ü")])
    let back = Link(local: link.text)
    #expect(back == link)
  }
}
