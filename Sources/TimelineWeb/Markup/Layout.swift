internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// What all pages share: head, navigation, foot.
enum Layout {
  /// A page of the case.
  static func page(
    _ content: PageContent, _ page: any WebPage.Type, _ context: PageContext, _ state: CaseState
  ) throws -> String {
    let name = context.desk.caseName
    return document(
      title: "\(EvidenceText(content.title).display) · \(EvidenceText(name).display)",
      head: content.again.map { reloading(seconds: $0) } ?? .empty,
      body: el(.body, .data("page", page.name), .data("trace", "\(state.trace)")) {
        el(.a, .class("skip"), .href(.part("main")), text: "Skip to the page")
        el(.header) {
          el(.div, .class("bar")) {
            el(.p, .class("brand")) {
              el(.a, .href(Link()), text: "Firebreak")
              el(
                .span, .class("case"), .title(EvidenceText(context.desk.path, limit: 400).display),
                text: .foreign(name))
            }
            navigation(page)
          }
          el(.p, .class("state")) {
            el(.span, .class("pair")) {
              el(.span, .data("live", "events"), text: .text(Figures.grouped(state.events)))
              HTML.text(" events")
            }
            el(.span, .class("pair")) {
              HTML.text("newest evidence ")
              el(
                .span, .data("live", "newest"),
                text: state.newest.map { .text(Moment.words(Instant(nanoseconds: $0))) } ?? "none")
              HTML.text(" UTC")
            }
            el(.span, .class("pair live"), .id("live"), .role("status"), text: .empty)
          }
        }
        el(.main, .id("main"), .named(.tabindex, "-1"), text: content.main)
        footer(context)
      })
  }

  /// Has a browser load the page again, without script.
  static func reloading(seconds: Int) -> HTML {
    el(.meta, .named(.httpEquiv, "refresh"), .named(.content, "\(seconds)"))
  }

  private static func navigation(_ page: any WebPage.Type) -> HTML {
    el(.nav, .aria("label", "Pages")) {
      el(.ul) {
        for one in AllPages.list where !one.title.isEmpty {
          let link = one.name.isEmpty ? Link() : Link(one.name)
          el(.li) {
            if one.name == page.name || (page.name == "event" && one.name == "timeline") {
              el(.a, .href(link), .aria("current", "page"), text: .text(one.title))
            } else {
              el(.a, .href(link), text: .text(one.title))
            }
          }
        }
      }
    }
  }

  private static func footer(_ context: PageContext) -> HTML {
    el(.footer, .class("foot")) {
      el(.p) {
        HTML.text("Notes are signed ")
        HTML.foreign(context.desk.services.author)
        HTML.text(". Times are UTC; rest on one for the time here. ")
        el(.a, .href(Link("help")), text: "Keys and limits")
        HTML.text(" · \(context.desk.services.toolVersion)")
      }
      el(.form, .named(.method, "post"), .action(Link("link")), .class("inline")) {
        context.hidden()
        el(.button, .class("quiet"), text: "Link for another browser")
      }
    }
  }

  /// What stands where a page cannot.
  static func failure(_ error: PageError) -> String {
    alone(
      title: error.title,
      el(.h1, text: .text(error.title))
        + HTMLBuilder.buildArray(
          error.words.split(separator: "\n", maxSplits: 1).enumerated().map { index, part in
            index == 0
              ? el(.p, text: .foreign(String(part), limit: 2000))
              : el(.pre, .class("caret"), text: .text(lines(part)))
          })
        + el(.p) {
          if let next = error.next {
            el(.a, .href(next.link), .class("button"), text: .text(next.words))
          } else if error.status != 401, error.status != 410 {
            el(.a, .href(Link()), .class("button"), text: "To the overview")
          }
        })
  }

  /// Lines whose columns must stay below each other.
  private static func lines(_ text: Substring) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { EvidenceText(String($0), limit: 1000).display }.joined(separator: "\n")
  }

  /// Shown once a start code was accepted.
  static func welcome() -> String {
    document(
      title: "Firebreak",
      head: el(.meta, .named(.httpEquiv, "refresh"), .named(.content, "0; url=/")),
      body: el(.body, .class("alone")) {
        el(.main, .id("main")) {
          el(.h1, text: "This browser is in")
          el(.p) { el(.a, .href(Link()), .class("button"), text: "To the case") }
        }
      })
  }

  /// A link that lets another browser in.
  static func startLink(_ link: String) -> String {
    alone(
      title: "For another browser",
      el(.h1, text: "For another browser")
        + el(.p, text: "Open this there. It works once, within ten minutes, and on this machine only.")
        + el(.p, text: el(.code, .id("start-link"), text: .text(link)))
        + el(.p) { el(.a, .href(Link()), .class("button"), text: "Back to the case") })
  }

  private static func alone(title: String, _ content: HTML) -> String {
    document(
      title: title, body: el(.body, .class("alone")) { el(.main, .id("main"), text: content) })
  }

  private static func document(title: String, head: HTML = .empty, body: HTML) -> String {
    "<!doctype html>\n"
      + element(
        .html, [.named(.lang, "en")],
        el(.head) {
          el(.meta, .named(.charset, "utf-8"))
          el(.meta, .name("viewport"), .named(.content, "width=device-width, initial-scale=1"))
          el(.meta, .name("color-scheme"), .named(.content, "light dark"))
          el(.meta, .name("robots"), .named(.content, "noindex"))
          el(.title, text: .text(title))
          el(.link, .named(.rel, "icon"), .href(.noIcon))
          el(.link, .named(.rel, "stylesheet"), .href(Assets.link(.report)))
          el(.link, .named(.rel, "stylesheet"), .href(Assets.link(.style)))
          el(.script, .source(Assets.link(.script)), .flag(.defer))
          head
        } + body
      ).markup + "\n"
  }
}
