import CascadeAnalysis
import Foundation
import IncidentModel
import PlaybookModel
import Testing

@testable import PostmortemReport

struct HostileTextTests {
  /// Of an encoded source the hash is that of its own bytes, and the offset is not.
  @Test func aCitationSaysWhatItsBytesWereDecodedFrom() throws {
    var input = SyntheticCase(hostile: "")
    for id in input.facts.events.keys { input.facts.events[id]?.place.encodings = ["gzip", "utf-16le"] }
    let report = input.report()
    let (page, text) = (HTMLRenderer.render(report), MarkdownRenderer.render(report))
    for made in [page, text, JSONRenderer.render(report)] {
      #expect(made.contains("utf-16le"))
    }
    #expect(page.contains("bytes (counted after decoding gzip, utf-16le), SHA-256"))
  }

  /// Hostile text in every field that evidence, an inventory, a journal or a person can reach.
  static let input = {
    var input = SyntheticCase(hostile: hostileText)
    input.facts.annotations = everyField
    input.trace.caveats = [hostileText]
    input.trace.clockSkews = [ClockSkew(device: hostileText, seconds: 9, error: 1, pairs: 3)]
    var inventory = Inventory(attributes: ["site", "model", "firmware", "kind", hostileText])
    for (row, device) in input.facts.inventory.devices.enumerated() {
      inventory.append(
        device: device,
        row: (0..<4).map { input.facts.inventory.value(row: row, attribute: $0) } + [
          row % 2 == 0 ? hostileText : "x"
        ])
    }
    input.facts.inventory = inventory
    for index in input.facts.runs.indices {
      input.facts.runs[index].run = hostileText
      input.facts.runs[index].step = input.facts.runs[index].step.map { $0 + hostileText }
      input.facts.runs[index].target = input.facts.runs[index].target.map { $0 + hostileText }
      input.facts.runs[index].detail = hostileText
    }
    input.facts.runs.append(
      RunRecord(
        run: hostileText, sequence: 99, wallTime: SyntheticCase.at(50).nanoseconds, monotonicTime: 0,
        kind: .halted,
        step: nil, target: nil, outcome: nil, detail: hostileText))
    for sentence in [
      hostileText, "BREAK GLASS by \(hostileText) with 1 of 2 approvals on the plan: \(hostileText)",
    ] {
      input.facts.runs.append(
        RunRecord(
          run: hostileText, sequence: 100, wallTime: SyntheticCase.at(51).nanoseconds, monotonicTime: 0,
          kind: .approved, reason: "break-glass", detail: sentence))
    }
    let event = EventID(rawValue: 1)
    input.facts.signals.attacks.count = 1
    input.facts.signals.attacks.events = [event]
    input.facts.signals.attackTemplates = [hostileText]
    input.facts.signals.goingBack.count = 1
    input.facts.signals.goingBackTemplates = [hostileText]
    input.facts.signals.alerts.append(
      AlertSignal(time: SyntheticCase.at(35), device: hostileText, event: event))
    var monitoring = MonitoringSignal(
      monitors: [hostileText], heartbeat: hostileText, usualGap: 60_000_000_000)
    monitoring.complaints.count = 1
    monitoring.complaints.events = [event]
    monitoring.firstComplaint = SyntheticCase.at(34)
    monitoring.complaintTemplates = [hostileText]
    monitoring.blind = [
      BlindStretch(start: SyntheticCase.at(33), end: SyntheticCase.at(50), isOpen: true, event: event)
    ]
    input.facts.signals.monitoring = monitoring
    input.trace.incidents[0].counterfactual = Counterfactual(
      policy: hostileText, failedActual: 61, failed: 4, interval: 1...9, haltedAfter: 60,
      assumptions: [hostileText])
    input.trace.incidents.append(input.trace.incidents[0])
    input.facts.attachments = [
      Attachment(name: hostileText, title: hostileText, sha256: hostileText, bytes: 1, rows: 1)
    ]
    return input
  }()
  static let report = input.report()

  /// The same with a line of one megabyte in a field of each kind.
  static let longReport = {
    var input = Self.input
    let line = hostileText + String(repeating: "A=\u{202E}<b>", count: 120_000)
    for (id, event) in input.facts.events.prefix(3) {
      var event = event
      (event.message, event.device) = (Array(line.utf8), line)
      input.facts.events[id] = event
    }
    input.trace.caveats = [line]
    input.trace.incidents[0].origins[0].reasonsFor = [line]
    input.trace.incidents[0].onsets[0].device = line
    input.facts.annotations.customerImpact = line
    input.facts.annotations.detection?.text = line
    input.facts.annotations.openQuestions = [line]
    input.facts.signals.attackTemplates = [line]
    input.facts.sources[0].damage[0].note = line
    for index in input.facts.runs.indices { input.facts.runs[index].detail = line }
    return input.report()
  }()

  private static let everyField = {
    var notes = Annotations()
    let statement = Statement(at: hostileText, by: hostileText, text: hostileText)
    (notes.title, notes.customerImpact, notes.functionsLost) = (hostileText, hostileText, hostileText)
    (notes.safety, notes.dataImpact, notes.customerAction) = (hostileText, hostileText, hostileText)
    (notes.trigger, notes.detection, notes.firstAct) = (statement, statement, statement)
    (notes.halt, notes.end) = (statement, statement)
    (notes.buildTime, notes.haltRule, notes.rollbackImage) = (hostileText, hostileText, hostileText)
    notes.harmToOthers = hostileText
    notes.ruledOut = [hostileText]
    notes.openQuestions = [hostileText]
    notes.factors = [
      Factor(effect: "spread", text: hostileText), Factor(effect: hostileText, text: hostileText),
    ]
    var action = ActionItem(text: hostileText)
    (action.owner, action.due, action.type, action.priority) = (
      hostileText, hostileText, hostileText, hostileText
    )
    notes.actions = [action]
    notes.roles = [Role(role: hostileText, name: hostileText)]
    notes.lessons = Lessons()
    notes.lessons?.well = [hostileText]
    notes.lessons?.surprised = [hostileText]
    var message = Communication(text: hostileText)
    (message.at, message.audience) = (hostileText, hostileText)
    notes.communications = [message]
    var clock = LegalClockAnswer(clock: "eu-nis2-23", applies: true)
    (clock.by, clock.awareAt) = (hostileText, hostileText)
    clock.sent = ["early_warning": hostileText]
    clock.fields = ["malicious": hostileText]
    notes.clocks = [clock, LegalClockAnswer(clock: hostileText, applies: true)]
    notes.breakGlassReviews = [
      GlassReview(run: hostileText, at: hostileText, by: hostileText, text: hostileText)
    ]
    var own = Annotations()
    own.actions = [action]
    notes.incidents = ["1": own, "2": notes, hostileText: own]
    return notes
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

  @Test(arguments: Audience.allCases) func isInertForEveryAudience(_ audience: Audience) throws {
    let report = Self.input.report(audience)
    let page = HTMLRenderer.render(report)
    for bad in ["<script", "<img", "</svg></title>", "\u{202E}", "\u{1B}", "\u{0}"] {
      #expect(!page.contains(bad))
    }
    let text = MarkdownRenderer.render(report)
    for bad in ["<script", "](javascript", "![i]", "http://evil", "\u{202E}", "\u{1B}", "\u{0}"] {
      #expect(!text.contains(bad))
    }
    _ = try JSONSerialization.jsonObject(with: Data(JSONRenderer.render(report).utf8))
    // Another incident of the same case, too.
    var second = ReportOptions(audience: audience, sha256: sha256)
    second.incident = 1
    let other = Report(facts: Self.input.facts, trace: Self.input.trace, options: second)
    #expect(!HTMLRenderer.render(other).contains("<script"))
  }

  @Test func leavesNoFormulaInTheDeviceList() {
    var input = Self.input
    for index in input.trace.incidents[0].onsets.indices {
      input.trace.incidents[0].onsets[index].device = "=HYPERLINK(\(index))\u{0}\r\n\(hostileText)"
    }
    let list = DeviceList.csv(
      ReportMaterial(facts: input.facts, trace: input.trace), options: ReportOptions(sha256: sha256))
    let rows = list.text.split(separator: "\r\n")
    #expect(rows.count == list.rows + 1, "a line end in a name is no line end of the file")
    for row in rows.dropFirst() { #expect(row.hasPrefix("\"'=HYPERLINK"), "\(row.prefix(40))") }
    #expect(!list.text.contains("\u{0}") && !list.text.contains("\u{202E}"))
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

  @Test func keepsALineOfAMegabyteOutOfThePage() {
    for text in [
      HTMLRenderer.render(Self.longReport), MarkdownRenderer.render(Self.longReport),
      JSONRenderer.render(Self.longReport),
    ] {
      #expect(text.utf8.count < 3_000_000)
      #expect(text.contains("more bytes)"))
      for bad in ["<script", "\u{202E}", "\u{1B}", "\u{0}"] { #expect(!text.contains(bad)) }
    }
  }

  /// Drawings are markup of their own: what a chart holds is escaped in titles, texts and labels.
  @Test func leavesNoMarkupInDrawings() {
    var charts = 0
    for section in Self.report.sections {
      for case .chart(let chart) in section.blocks {
        charts += 1
        let markup = SVGDrawing.markup(
          chart, description: EvidenceText(hostileText).display)
        for bad in [
          "<script", "<img", "onerror=alert(2)>", "\u{202E}", "\u{1B}", "\u{0}", "href", "<a ", "style=",
        ] {
          #expect(!markup.contains(bad), "\(chart.id): \(bad.debugDescription)")
        }
        #expect(markup.contains("<title") && markup.contains("<desc"), "\(chart.id)")
      }
    }
    #expect(charts >= 8)
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
