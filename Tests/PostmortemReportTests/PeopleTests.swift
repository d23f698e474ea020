import Foundation
import IncidentModel
import Testing

@testable import PostmortemReport

struct PeopleTests {
  static func rules(_ text: String, people: [String] = []) -> [String] {
    Lint.findings(in: text, field: "x", people: people).map(\.rule)
  }

  @Test func hintsAtBlameVaguenessLocalTimesAndPromises() {
    #expect(Self.rules("The operator forgot to check the flag") == ["blame"])
    #expect(Self.rules("Jane misconfigured it", people: ["Jane Doe"]) == ["blame"])
    #expect(Self.rules("It was human error") == ["human-error"])
    #expect(
      Self.rules("We should have known; it obviously failed to start") == [
        "hindsight", "hindsight", "hindsight",
      ])
    #expect(Self.rules("Several devices were down") == ["vague"])
    #expect(Self.rules("It began at 9:08 and ended at 10:30:15") == ["local-time"])
    #expect(Self.rules("This must never again happen") == ["promise"])
  }

  @Test func leavesGoodSentencesAlone() {
    for text in [
      "The gateway failed 12 s after the update", "At 09:08Z the broker refused connections",
      "At 09:08 UTC 61 devices were down",
      "From 2026-04-07T09:08:00+02:00 on", "Ratio 3:10:2", "The config service accepted an empty value",
    ] { #expect(Self.rules(text) == [], "\(text)") }
  }

  @Test func saysFieldAndLineAndHonoursExceptions() {
    var notes = Annotations()
    notes.detection = Statement(text: "A call came.\nIt was human error.")
    #expect(
      Lint.findings(in: notes).map { "\($0.field):\($0.line):\($0.rule)" } == ["detection.text:2:human-error"]
    )
    notes.lintIgnored = [LintException(rule: "human-error", reason: "")]
    #expect(Lint.findings(in: notes).count == 1)
    notes.lintIgnored = [LintException(rule: "human-error", reason: "quotes a customer")]
    #expect(Lint.findings(in: notes).isEmpty)
  }

  @Test func survivesAnnotationsAsJSON() throws {
    var notes = Annotations()
    notes.title = "T"
    notes.clocks = [LegalClockAnswer(clock: "eu-gdpr-33", applies: true)]
    let data = try JSONEncoder().encode(notes)
    #expect(try JSONDecoder().decode(Annotations.self, from: data) == notes)
    #expect(try JSONDecoder().decode(Annotations.self, from: Data("{}".utf8)) == Annotations())
  }

  @Test func readsOnlyTimesWithAZone() {
    #expect(Instant(rfc3339: "2026-04-07T09:08:09Z")?.description == "2026-04-07T09:08:09.000Z")
    #expect(Instant(rfc3339: "2026-04-07T11:08:09.5+02:00")?.description == "2026-04-07T09:08:09.500Z")
    #expect(Instant(rfc3339: "2026-04-07 09:08Z")?.description == "2026-04-07T09:08:00.000Z")
    for bad in [
      "2026-04-07T09:08:09", "2026-02-30T00:00:00Z", "yesterday", "2026-04-07", "1970-01-01T00:00:00Z",
      "2026-04-07T24:00:00Z", "",
      "2026-04-07T09:08:09Zx",
    ] { #expect(Instant(rfc3339: bad) == nil, "\(bad)") }
  }

  static func due(_ clock: String, _ stage: String, _ answer: LegalClockAnswer) throws -> String {
    let clock = try #require(AllLegalClocks.list.first { $0.id == clock })
    let stage = try #require(clock.stages.first { $0.id == stage })
    return clock.deadline(of: stage, answer: answer).text
  }

  @Test func computesDeadlinesFromAwarenessAndSending() throws {
    var answer = LegalClockAnswer(clock: "eu-cra-14-incident", applies: true)
    answer.awareAt = "2026-12-28T10:00:00Z"
    #expect(try Self.due("eu-cra-14-incident", "early_warning", answer) == "2026-12-29 10:00:00 UTC")
    #expect(try Self.due("eu-cra-14-incident", "notification", answer) == "2026-12-31 10:00:00 UTC")
    #expect(try Self.due("eu-cra-14-incident", "final", answer).hasPrefix("not computable"))
    // One month after the notification was sent; the last day of a shorter month.
    answer.sent = ["notification": "2026-12-31T09:00:00Z"]
    #expect(try Self.due("eu-cra-14-incident", "final", answer) == "2027-01-31 09:00:00 UTC")
    answer.sent = ["notification": "2027-01-31T09:00:00Z"]
    #expect(try Self.due("eu-cra-14-incident", "final", answer) == "2027-02-28 09:00:00 UTC")
    answer.measureAt = "2027-01-02T00:00:00Z"
    #expect(try Self.due("eu-cra-14-vulnerability", "final", answer) == "2027-01-16 00:00:00 UTC")
    #expect(try Self.due("us-fda-803-30", "report", answer) == "2027-01-27 10:00:00 UTC")
    // Monday + 5 work days = next Monday.
    #expect(try Self.due("us-fda-803-5", "report", answer) == "2027-01-04 10:00:00 UTC")
    #expect(try Self.due("eu-gdpr-33", "notification", answer) == "2026-12-31 10:00:00 UTC")
  }

  @Test func countsDaysByTheCalendarThatTheTimeWasGivenFor() throws {
    var answer = LegalClockAnswer(clock: "us-fda-803-5", applies: true)
    // Sunday evening there, Monday in UTC: the fifth work day is Friday.
    answer.awareAt = "2026-02-01T22:00:00-05:00"
    #expect(try Self.due("us-fda-803-5", "report", answer) == "2026-02-07 03:00:00 UTC")
    answer.awareAt = "2026-02-02T03:00:00Z"
    #expect(try Self.due("us-fda-803-5", "report", answer) == "2026-02-09 03:00:00 UTC")
    // Saturday morning there, Friday in UTC.
    answer.awareAt = "2026-02-07T01:00:00+09:00"
    #expect(try Self.due("us-fda-803-5", "report", answer) == "2026-02-12 16:00:00 UTC")
    answer.sent = ["notification": "2027-01-31T23:30:00-05:00"]
    #expect(try Self.due("eu-cra-14-incident", "final", answer) == "2027-03-01 04:30:00 UTC")
    #expect(LegalClock.offset(of: "2026-02-01T22:00-0530") == -19_800)
    for utc in ["2026-02-01T22:00Z", "2026-02-01", ""] { #expect(LegalClock.offset(of: utc) == 0) }
    var input = SyntheticCase.standard
    answer.awareAt = "2026-02-01T22:00:00-05:00"
    answer.sent = ["report": "2026-01-31T12:00:00Z"]
    input.facts.annotations.clocks = [answer]
    let text = MarkdownRenderer.render(input.report(.regulator))
    #expect(text.contains("2026-02-07 03:00:00 UTC (Friday, 2026-02-06 22:00 there)"), "\(text)")
    #expect(
      text.contains(
        "2026-01-31 12:00:00 UTC, 1 d 15 h earlier than when the organisation became aware: one of the two times is wrong"
      ))
    #expect(!text.contains("before the deadline"))
  }

  @Test func infersNoClock() {
    let text = MarkdownRenderer.render(SyntheticCase.standard.report(.regulator))
    #expect(text.contains("EU GDPR, personal data breach | not provided"))
    #expect(!text.contains("| applies"))
  }

  @Test func showsAnsweredClocksWithTheirFieldMap() {
    var input = SyntheticCase.standard
    var answer = LegalClockAnswer(clock: "eu-nis2-23", applies: true)
    answer.awareAt = "2026-04-07T10:00:00Z"
    answer.sent = ["early_warning": "2026-04-08T12:00:00Z"]
    answer.fields = ["cross_border": String(repeating: "x", count: 600)]
    input.facts.annotations.clocks = [answer]
    let text = MarkdownRenderer.render(input.report(.regulator))
    #expect(text.contains("2 h 00 min after the deadline"))
    #expect(text.contains("| 600 | 500 | too long |"))
  }

  @Test func replacesNamesForReadersOutsideAndKeepsTheLogApart() throws {
    for audience in [Audience.customer, .regulator] {
      let report = SyntheticCase.standard.report(audience)
      for text in [HTMLRenderer.render(report), MarkdownRenderer.render(report), JSONRenderer.render(report)]
      {
        for secret in [
          "gw-0-s", "plant-0", "broker-1", "logs.zip", "syslog.1.gz", "kernel panic", "campaign",
          "plant-outage",
        ] {
          #expect(!text.contains(secret), "\(audience.rawValue): \(secret)")
        }
      }
    }
    let log = SyntheticCase.standard.report(.regulator).redactions
    #expect(log.contains { $0.name == "gw-0-s0" && $0.pseudonym.hasPrefix("device-") })
    #expect(Set(log.map(\.pseudonym)).count == log.count)
  }

  @Test func keepsPseudonymsStableUnderOneKeyAndUnlinkableUnderAnother() {
    func pseudonyms(_ key: [UInt8]) -> [String] {
      var options = ReportOptions(audience: .regulator, sha256: sha256)
      options.pseudonymKey = key
      let input = SyntheticCase.standard
      return Report(facts: input.facts, trace: input.trace, options: options).redactions.map(\.pseudonym)
    }
    #expect(pseudonyms([1, 2, 3]) == pseudonyms([1, 2, 3]))
    #expect(Set(pseudonyms([1, 2, 3])).isDisjoint(with: pseudonyms([4])))
  }

  @Test func showsWhatChangedBetweenTwoReports() {
    typealias Flat = ReportDifference.Flat
    let old = Flat(
      control: [("state", "draft")], figures: [("ttd", "5 min"), ("gone", "1")],
      sections: [("summary", ["a", "b"])])
    let new = Flat(
      control: [("state", "final")], figures: [("ttd", "6 min")],
      sections: [("summary", ["b", "c"]), ("x", ["y"])])
    let changes = ReportDifference(from: old, to: new).changes
    #expect(
      changes.map { "\($0.kind) \($0.subject) \($0.before ?? "–") \($0.after ?? "–")" } == [
        "control state draft final", "figure ttd 5 min 6 min", "figure gone 1 –", "text summary a –",
        "text summary – c",
        "text x – y",
      ])
    #expect(ReportDifference(from: old, to: old).changes.isEmpty)
  }

  @Test func whatStandsBehindAReportIsComparedToo() {
    typealias Flat = ReportDifference.Flat
    func report(
      _ formula: String, _ value: String, _ text: String, _ events: [(event: String, text: String)]
    ) -> Flat {
      var flat = Flat(
        control: [], figures: [("ttd", text), ("ttd.formula", formula), ("ttd.value", value)],
        sections: [("summary", ["a"])])
      flat.citations = events
      flat.behind = ["summary": [events.map(\.event).joined()]]
      return flat
    }
    func subjects(_ new: Flat) -> [String] {
      ReportDifference(from: report("b − a", "300", "5 min", [("e1", "x"), ("e2", "y")]), to: new).changes
        .map { "\($0.kind) \($0.subject)" }
    }
    #expect(subjects(report("b − a", "300", "5 min", [("e1", "x"), ("e2", "y")])) == [])
    #expect(
      subjects(report("guess", "301", "5 min", [("e1", "z"), ("e2", "y")]))
        == ["figure ttd.formula", "figure ttd.value", "citation e1"])
    // A figure that reads otherwise has another value: said once.
    #expect(subjects(report("b − a", "360", "6 min", [("e1", "x"), ("e2", "y")])) == ["figure ttd"])
    // The same events in another order: the sentence refers to others.
    #expect(
      subjects(report("b − a", "300", "5 min", [("e2", "y"), ("e1", "x")]))
        == ["text summary", "text summary", "citation order"])
  }
}

@Test func hashesAsThePublishedVectors() {
  #expect(
    hex(sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  #expect(hex(sha256([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
}
