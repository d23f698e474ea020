import CascadeAnalysis
import Testing

@testable import PostmortemReport

/// What stays on one line of a page.
@Suite struct WholeTextTests {
  @Test func datesAndPercentagesAreNotTornApart() {
    #expect(Markup.whole("at 2026-04-07 09:00") == "at <span class=\"d\">2026-04-07</span> 09:00")
    #expect(Markup.whole("84.1 % (95 %: 80 to 9)") == "84.1\u{a0}% (95\u{a0}%: 80 to 9)")
    #expect(Markup.whole("2026-04-07") == "<span class=\"d\">2026-04-07</span>")
    // Neither a part of a longer number nor anything else is a date; text stays escaped.
    for text in ["12026-04-07", "2026-04-071", "2026-4-07", "2026-04-0", "a - b", "x %"] {
      #expect(Markup.whole(text) == text)
    }
    #expect(Markup.whole("<b>5 %</b>") == "&lt;b&gt;5\u{a0}%&lt;/b&gt;")
  }

  @Test func aSmallProbabilityIsNotShownAsNothing() {
    var scene = SyntheticCase.standard
    scene.trace.incidents[0].origins[1].probability = 0.004
    let text = MarkdownRenderer.render(scene.report())
    #expect(text.contains("| gw-0-s0 | &lt; 0.01 | first onset"))
    scene.trace.incidents[0].origins[1].probability = 0
    #expect(MarkdownRenderer.render(scene.report()).contains("| gw-0-s0 | 0.00 | first onset"))
  }

  /// A table that goes on beyond a narrow screen shows it, and a drawing's caption keeps a date within its line.
  @Test func theStyleSheetKeepsDatesInLineAndMarksWhatGoesOn() {
    let style = HTMLPieces.styleSheet
    #expect(style.contains(".d{white-space:nowrap}") && style.contains("figcaption>span{"))
    #expect(style.contains("var(--shade)") && style.contains("svg .rejected{"))
  }

  /// A NUL ends the text in some readers.
  @Test func nulIsShownAsAMark() {
    #expect(HTMLPieces.escape("a\u{0}<b>'\"&") == "a\u{fffd}&lt;b&gt;&#39;&quot;&amp;")
  }
}
