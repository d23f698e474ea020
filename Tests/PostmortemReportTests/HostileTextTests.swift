import CascadeAnalysis
import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

struct HostileTextTests {
  static let report = {
    var input = SyntheticCase(hostile: hostileText)
    var notes = Annotations()
    notes.title = hostileText
    notes.customerImpact = hostileText
    notes.detection = Statement(at: hostileText, by: hostileText, text: hostileText)
    notes.actions = [ActionItem(text: hostileText)]
    notes.roles = [Role(role: hostileText, name: hostileText)]
    notes.lessons = Lessons()
    notes.lessons?.well = [hostileText]
    input.facts.annotations = notes
    input.trace.caveats = [hostileText]
    return input.report()
  }()

  @Test func leavesNoMarkupInHTML() {
    let page = HTMLRenderer.render(Self.report)
    for bad in ["<script", "<img", "onerror=alert(2)>", "</svg></title>", "\u{202E}", "\u{1B}", "\u{0}"] {
      #expect(!page.contains(bad), "\(bad.debugDescription)")
    }
    // Attributes end where we end them.
    #expect(!page.contains(/aria-label="[^"]*<[^"]*"/))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
  }

  @Test func leavesNoMarkupInMarkdown() {
    let text = MarkdownRenderer.render(Self.report)
    for bad in ["<script", "<img", "](javascript", "![i]", "http://evil", "\u{202E}", "\u{1B}", "\u{0}"] {
      #expect(!text.contains(bad), "\(bad.debugDescription)")
    }
  }

  @Test func escapesInMarkdownOnlyWhatMeansSomethingThere() {
    for (text, expected) in [
      ("4.12.0", "4.12.0"), ("0.99 (95 %)", "0.99 (95 %)"), ("blind_time", "blind_time"),
      ("a+b=c #1!", "a+b=c #1!"),
      ("trace@3", "trace@3"), ("_x_", "\\_x\\_"), ("*x*", "\\*x\\*"), ("[a](b)", "\\[a\\]\\(b)"),
      ("a|b", "a\\|b"),
      ("bob@x.org", "bob&#64;x.org"), ("@bob", "&#64;bob"), ("a@1.com", "a&#64;1.com"), ("<b>", "&lt;b&gt;"),
    ] { #expect(MarkdownRenderer.escape(text) == expected) }
    for (text, expected) in [
      ("4.12.0 failed", "4.12.0 failed"), ("1. x", "1\\. x"), ("1) x", "1\\) x"), ("7.", "7\\."),
      ("- x", "\\- x"),
      ("# x", "\\# x"), ("+ x", "\\+ x"), ("===", "\\==="), ("x", "x"),
    ] { #expect(MarkdownRenderer.line(text) == expected) }
  }

  @Test func keepsJSONValidAndInert() throws {
    let text = JSONRenderer.render(Self.report)
    _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
    for bad in ["<script", "</", "\u{202E}", "\u{1B}", "\u{0}"] { #expect(!text.contains(bad)) }
  }

  @Test func disarmsFormulas() {
    for (cell, safe) in [
      ("=1+1", "\"'=1+1\""), ("+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\""), ("-2", "-2"),
      ("-2+3", "\"'-2+3\""),
      ("@SUM(A1)", "\"'@SUM(A1)\""), (" =1", "\"' =1\""), ("plain", "plain"), ("a,b", "\"a,b\""),
      ("q\"q", "\"q\"\"q\""),
      ("\t=1", "\"'\t=1\""),
    ] { #expect(CSVText.field(cell) == safe) }
  }

  @Test func boundsLongLines() {
    let text = EvidenceText(String(repeating: "é", count: 500_000))
    #expect(text.text.utf8.count <= EvidenceText.defaultLimit)
    #expect(text.display.hasSuffix("more bytes)"))
    #expect(!text.text.contains("\u{FFFD}"))
    #expect(EvidenceText(bytes: [0xFF, 0x41]).text == "\u{FFFD}A")
  }

  @Test func showsWhatCannotBeSeen() {
    #expect(EvidenceText("a\u{202E}b\u{0}c\u{1B}[31m\u{FEFF}").text == "a\\u{202e}b\\x00c\\x1b[31m\\u{feff}")
    #expect(EvidenceText("two\nlines\tx").text == "two lines x")
  }

  @Test func masksSecrets() {
    for (text, expected) in [
      ("mqtt_password=hunter2 ok", "mqtt_password=[masked] ok"), ("token: abc123", "token: [masked]"),
      ("{\"psk\": \"s3cr3t\", \"a\": 1}", "{\"psk\": \"[masked]\", \"a\": 1}"),
      ("amqp://bob:pw@host/x", "amqp://bob:[masked]@host/x"),
      ("Authorization: Bearer abc.def.ghi", "Authorization: [masked]"),
      ("key AKIAABCDEFGHIJKLMNOP used", "key [masked] used"),
      ("-----BEGIN RSA PRIVATE KEY-----MIIE", "-----BEGIN RSA PRIVATE KEY-----[masked]"),
      ("bad password for root", "bad password for root"),
      ("tokens left 5", "tokens left 5"), ("PASSWORD=x", "PASSWORD=[masked]"),
    ] { #expect(EvidenceText(text).text == expected) }
  }
}
