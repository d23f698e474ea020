import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

struct DocumentTests {
  static let page = HTMLRenderer.render(SyntheticCase.standard.report())

  @Test func listsEverySectionOfTheFolder() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/PostmortemReport/Sections").resolvingSymlinksInPath()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix("Section.swift") && $0 != "ReportSection.swift" }
      .map { String($0.dropLast(6)) }.sorted()
    #expect(names == AllSections.list.map { "\($0)" }.sorted())
    #expect(AllSections.list.map { $0.number } == Array(0...13))
  }

  @Test func listsEveryMetricFamilyOfTheFolder() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/PostmortemReport/Metrics/Families").resolvingSymlinksInPath()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).map {
      String($0.dropLast(6))
    }.sorted()
    #expect(names == AllMetricFamilies.list.map { "\($0)" }.sorted())
  }

  @Test func makesTheSameBytesFromTheSameInput() {
    for audience in Audience.allCases {
      let (a, b) = (SyntheticCase.standard.report(audience), SyntheticCase.standard.report(audience))
      #expect(HTMLRenderer.render(a) == HTMLRenderer.render(b))
      #expect(MarkdownRenderer.render(a) == MarkdownRenderer.render(b))
      #expect(JSONRenderer.render(a) == JSONRenderer.render(b))
    }
  }

  /// Numbers come from metrics and typed values only, so that no two places can disagree.
  @Test func writesNoNumberOfItsOwnIntoSentences() {
    for section in SyntheticCase.standard.report().sections {
      section.blocks.forEachInline { part in
        if case .words(let text) = part {
          #expect(!text.contains { $0.isNumber }, "section \(section.number): \(text)")
        }
      }
    }
  }

  @Test(arguments: Audience.allCases) func keepsTheSummaryUnderItsLimit(_ audience: Audience) throws {
    var input = SyntheticCase.standard
    input.facts.annotations.customerImpact = String(repeating: "word ", count: 400)
    input.trace.incidents.append(Incident())
    input.facts.annotations.trigger = Statement(text: String(repeating: "cause ", count: 200))
    input.facts.annotations.end = Statement(at: "2026-04-07T12:00:00Z")
    let report = input.report(audience)
    let summary = try #require(report.sections.first { $0.number == 1 })
    var text = ""
    for case .paragraph(let prose) in summary.blocks { text += PlainText.of(prose, report) + " " }
    let words = text.split(separator: " ").count
    #expect(words <= 150 && words > 60, "\(words): \(text)")
  }

  @Test func leadsEveryCitationToTheByte() {
    let report = SyntheticCase.standard.report()
    #expect(report.citations.count > 20)
    for event in report.citations {
      #expect(report.events[event] != nil)
      #expect(Self.page.contains("<strong>Event \(event.rawValue)</strong>"))
    }
    #expect(Self.page.contains("logs.zip/gw/syslog.1.gz</bdi>, line "))
    #expect(Self.page.contains(hex(sha256(Array("logs".utf8)))))
    let ids = Self.page.matches(of: #/\sid="([^"]+)"/#).map { String($0.1) }
    #expect(
      Set(ids).count == ids.count, "\(Dictionary(grouping: ids) { $0 }.filter { $0.value.count > 1 }.keys)")
    for link in Self.page.matches(of: /href="#([^"]+)"/) {
      #expect(Self.page.contains("id=\"\(link.1)\""), "dangling \(link.1)")
    }
  }

  @Test func givesEveryDrawingATitleADescriptionAndATable() {
    let drawings = Self.page.components(separatedBy: "<svg ").dropFirst()
    #expect(drawings.count >= 5)
    for drawing in drawings {
      #expect(drawing.hasPrefix("role=\"img\""))
      #expect(drawing.contains("<title id=") && drawing.contains("<desc id="))
    }
    #expect(
      Self.page.components(separatedBy: "<summary>The same as a table</summary>").count == drawings.count + 1)
  }

  @Test func allowsItsStyleByHashAndNothingElse() throws {
    let style = try #require(Self.page.firstMatch(of: /<style>([\s\S]*?)<\/style>/)).1
    let hash = Data(sha256(Array(String(style).utf8))).base64EncodedString()
    #expect(Self.page.contains("default-src 'none'; style-src 'sha256-\(hash)'; img-src data:;"))
    #expect(
      !Self.page.contains(" style=") && !Self.page.contains("<script") && !Self.page.contains("http://"))
  }

  @Test func printsMarkingAndPageNumbers() {
    #expect(Self.page.contains(#"@top-left{content:"TLP:AMBER""#))
    #expect(Self.page.contains(#"content:"Page " counter(page) " of " counter(pages)"#))
  }

  @Test func writesValidJSONWithoutNull() throws {
    for audience in Audience.allCases {
      let text = JSONRenderer.render(SyntheticCase.standard.report(audience))
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
      #expect(object?["schema"] as? String == "firebreak.postmortem/1")
      #expect(!text.contains("null"))
    }
  }

  @Test func givesEachAudienceItsSections() {
    #expect(SyntheticCase.standard.report(.engineer).sections.map(\.number) == Array(0...13))
    #expect(SyntheticCase.standard.report(.executive).sections.map(\.number) == [1, 2, 3, 11, 0])
    #expect(SyntheticCase.standard.report(.customer).sections.map(\.number) == [0, 1, 3, 12])
  }

  @Test func speaksPlainlyToReadersWhoDecide() {
    for audience in [Audience.executive, .customer] {
      let report = SyntheticCase.standard.report(audience)
      for text in [MarkdownRenderer.render(report), HTMLRenderer.render(report)] {
        for word in ["least-squares", "Wilson", "Attack rate", "95 %", "\\[e"] {
          #expect(!text.contains(word), "\(audience.rawValue): \(word)")
        }
        #expect(text.contains("Share affected of those that could be hit"))
      }
    }
    #expect(MarkdownRenderer.render(SyntheticCase.standard.report(.customer)).contains("TLP:GREEN"))
    #expect(MarkdownRenderer.render(SyntheticCase.standard.report(.executive)).contains("TLP:AMBER"))
  }

  @Test func findsTheSameValueOfAFigureInEveryFormat() {
    let report = SyntheticCase.standard.report()
    for id in KeyFiguresSection.figures where report.metrics[id].value.isKnown {
      let text = report.metrics[id].fullText
      #expect(JSONRenderer.render(report).contains("\"text\": \"\(text)\""))
      #expect(MarkdownRenderer.render(report).contains(MarkdownRenderer.escape(text)))
    }
  }
}
