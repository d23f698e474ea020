internal import ConsoleOutput

/// Keys, and what this page does and does not do.
enum HelpPage: WebPage {
  static let name = "help"
  static let title = ""

  private static let keys: [(String, String)] = [
    ("j", "next row"), ("k", "row before"), ("Enter", "open the row"), ("s", "star the row or the event"),
    ("e", "next row that is an error"), ("/", "search"), ("?", "this page"),
  ]

  static func content(_ context: PageContext) throws -> PageContent {
    var listing = Listing(
      name: "keys", caption: "Keys", columns: [.init("key", "Key"), .init("does", "What it does")])
    listing.rows = keys.map { key, words in
      Listing.Row([Cell(html: el(.kbd, text: .text(key)), value: .string(key)), .words(words)])
    }
    let main = el(.article) {
      el(.h1, text: "Keys and limits")
      listing.html(context, showsFormats: false)
      el(.h2, text: "What this page is")
      el(.ul) {
        el(
          .li,
          text:
            "It shows one case, on this machine only, to browsers that opened a start link. Everything works without script, for reading."
        )
        el(
          .li,
          text:
            "It reads the case through handles that cannot write. Notes, tags, stars, verdicts and values for the report are written when you press their button, with your name and the time, and are entered in the custody log."
        )
        el(.li, text: "Nothing can be run on devices from here.")
        el(.li, text: "What looks like a secret is masked. Showing it is written down in the custody log.")
        el(
          .li,
          text:
            "Every list is to be had as CSV and JSON at the same address: add format=csv or format=json, or ask with an Accept header."
        )
        el(.li, text: "Addresses hold what you see: copy one into a note to find the view again.")
      }
    }
    return PageContent(title: "Keys and limits", main: main, listings: [listing])
  }
}
