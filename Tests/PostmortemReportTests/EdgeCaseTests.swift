import CascadeAnalysis
import IncidentModel
import PlaybookModel
import Testing

@testable import PostmortemReport

/// Cases at the edge give a true report: no NaN, no null, no 1970, no negative duration, no word of success.
struct EdgeCaseTests {
  static let cases: [(name: String, make: @Sendable () -> (CaseFacts, Trace))] = [
    ("empty", { (CaseFacts(), Trace()) }),
    (
      "no incident",
      {
        let c = SyntheticCase(failing: 0); return (c.facts, c.trace)
      }
    ),
    (
      "one device",
      {
        let c = SyntheticCase(devices: 1, failing: 1); return (c.facts, c.trace)
      }
    ),
    (
      "no run",
      {
        let c = SyntheticCase(withRun: false); return (c.facts, c.trace)
      }
    ),
    (
      "no update",
      {
        var c = SyntheticCase.standard
        c.trace.incidents[0].changes = []
        c.trace.incidents[0].phases = []
        c.trace.incidents[0].commonCause = nil
        c.trace.incidents[0].origins = []
        c.trace.incidents[0].edges = []
        return (c.facts, c.trace)
      }
    ),
    (
      "two incidents",
      {
        var c = SyntheticCase.standard
        c.trace.incidents.append(c.trace.incidents[0])
        return (c.facts, c.trace)
      }
    ),
    ("three incidents, long names", { (crowded.facts, crowded.trace) }),
    (
      "effect before trigger",
      {
        var c = SyntheticCase.standard
        c.trace.incidents[0].phases[0].start = SyntheticCase.at(10)
        return (c.facts, c.trace)
      }
    ),
    (
      "no times",
      {
        var c = SyntheticCase.standard
        for index in c.trace.incidents[0].onsets.indices {
          c.trace.incidents[0].onsets[index].time = Instant(nanoseconds: 0)
          c.trace.incidents[0].onsets[index].interval = Instant(nanoseconds: 0)...Instant(nanoseconds: 0)
        }
        for index in c.trace.incidents[0].phases.indices {
          c.trace.incidents[0].phases[index].start = Instant(nanoseconds: 5)
        }
        c.trace.incidents[0].changes[0].start = Instant(nanoseconds: 0)
        c.facts.newestEvidence = nil
        c.facts.oldestEvidence = nil
        c.facts.signals = IncidentSignals()
        for (id, event) in c.facts.events {
          var event = event
          event.time = Instant(nanoseconds: 0)
          c.facts.events[id] = event
        }
        for index in c.facts.runs.indices { c.facts.runs[index].wallTime = 0 }
        return (c.facts, c.trace)
      }
    ),
    (
      "not finite",
      {
        var c = SyntheticCase.standard
        c.trace.incidents[0].origins[0].probability = .nan
        c.trace.incidents[0].commonCause?.probability = .infinity
        c.trace.incidents[0].changes[0].failedShare = .nan
        c.trace.incidents[0].onsets[0].probability = .nan
        c.trace.clockSkews = [ClockSkew(device: "gw-0-s1", seconds: .nan, error: 1, pairs: 0)]
        return (c.facts, c.trace)
      }
    ),
    (
      "ends of time",
      {
        var c = SyntheticCase.standard
        c.trace.incidents[0].onsets[3].time = Instant(nanoseconds: .max)
        c.trace.incidents[0].onsets[4].time = Instant(nanoseconds: .min)
        c.facts.newestEvidence = Instant(nanoseconds: .max)
        c.facts.annotations.end = Statement(at: "1970-01-01T00:00:00Z")
        return (c.facts, c.trace)
      }
    ),
  ]

  /// Three incidents, names as long as they come, more people's part than a page holds, and an approval that was bypassed.
  static let crowded = {
    var input = SyntheticCase(
      devices: 60, failing: 40, hostile: "-" + String(repeating: "Wärmetauscher/", count: 14))
    for day in 1...2 {
      var next = input.trace.incidents[0]
      for index in next.onsets.indices {
        let time = next.onsets[index].time.adding(seconds: Double(day) * 90_000)
        next.onsets[index].time = time
        next.onsets[index].interval = time...time
      }
      input.trace.incidents.append(next)
    }
    var notes = Annotations()
    notes.title = String(repeating: "Pumps of the northern waterworks answer late and twice; ", count: 4)
    notes.customerImpact = String(repeating: "Doors answered late. ", count: 40)
    notes.safety = String(repeating: "Nobody was hurt, says the safety desk. ", count: 12)
    notes.trigger = Statement(text: String(repeating: "Release 2.4.1 went out. ", count: 20))
    notes.roles = (1...12).map { Role(role: "Duty officer \($0)", name: "Team of the northern region \($0)") }
    notes.actions = (1...34).map { index in
      var action = ActionItem(
        text:
          "Action \(index): release in stages with an hour between, and halt by rule, and say so to the sites"
      )
      (action.owner, action.due, action.type, action.priority) = (
        "Release desk of the northern region", "2026-05-01", "prevent", index % 3 == 0 ? "high" : "low"
      )
      return action
    }
    input.facts.annotations = notes
    input.facts.runs.append(
      RunRecord(
        run: "run-1", sequence: 90, wallTime: SyntheticCase.at(45).nanoseconds, monotonicTime: 0,
        kind: .approved,
        reason: "break-glass",
        detail:
          "BREAK GLASS by ana@desk with 1 of 2 approvals on the plan, for 60 min, to be reviewed: pumps run dry"
      ))
    return input
  }()

  @Test(arguments: Audience.allCases) func saysOnlyWhatIsTrue(_ audience: Audience) {
    for (name, make) in Self.cases {
      let (facts, trace) = make()
      let report = Report(
        facts: facts, trace: trace, options: ReportOptions(audience: audience, sha256: sha256))
      for text in [HTMLRenderer.render(report), MarkdownRenderer.render(report), JSONRenderer.render(report)]
      {
        let lower = text.replacing("annulled", with: "").lowercased()
        for word in ["nan", "null", "1970", "infinity", "inf ", "successful", "success", "all clear"] {
          let found = lower.contains(word) && !(word == "nan" && !Self.hasWord("nan", lower))
          #expect(!found, "\(name), \(audience.rawValue): \(word)")
        }
        #expect(!text.contains(/[^0-9a-z,.]-[0-9.]+ (s|min|h|d)\b/), "\(name): a negative duration")
      }
    }
  }

  private static func hasWord(_ word: String, _ text: String) -> Bool {
    text.split { !$0.isLetter }.contains { $0 == word }
  }

  @Test func saysThatAnEmptyCaseProvesNothing() {
    let report = Report(facts: CaseFacts(), trace: Trace(), options: ReportOptions(sha256: sha256))
    let text = MarkdownRenderer.render(report)
    #expect(text.contains("No incident was found"))
    #expect(text.contains("That is not a proof that nothing happened."))
  }

  @Test(arguments: [Audience.executive, .customer]) func doesNotBlameAChangeThatCameLater(
    _ audience: Audience
  )
    throws
  {
    let (facts, trace) = try #require(Self.cases.first { $0.name == "effect before trigger" }).make()
    let report = Report(
      facts: facts, trace: trace, options: ReportOptions(audience: audience, sha256: sha256))
    let text = MarkdownRenderer.render(report)
    #expect(!text.contains("It followed a change") && text.contains("it cannot have started it"))
  }

  /// Who failed is known even where nobody knows when: "0 affected" would be a lie.
  @Test func countsTheAffectedWithoutATime() throws {
    let (facts, trace) = try #require(Self.cases.first { $0.name == "no times" }).make()
    let report = Report(
      facts: facts, trace: trace, options: ReportOptions(audience: .executive, sha256: sha256))
    #expect(report.metrics[.affected].value == .count(61))
    #expect(report.metrics[.affectedSites].value != .count(0))
    let text = MarkdownRenderer.render(report)
    #expect(
      text.contains(
        "61 were affected (by kind: sensor 60, broker 1). When it began is not determined."))
    #expect(!text.contains("up to not computable"))
    let list = DeviceList.csv(
      ReportMaterial(facts: facts, trace: trace), options: ReportOptions(sha256: sha256))
    #expect(list.rows == 61 && !list.text.contains("1970"))
  }

  @Test func saysThatAnIncidentIsStillOpen() {
    let text = MarkdownRenderer.render(SyntheticCase.standard.report())
    #expect(text.contains("An end has not been declared."))
    #expect(text.contains("still affected"))
  }

  @Test func groupsTwelveThousandDevicesIntoALegibleTree() throws {
    let report = LargeTree.report
    var drawn: TreeChart?
    for case .chart(let chart) in report.sections[6].blocks {
      if case .tree(let tree) = chart.drawing { drawn = tree }
    }
    let tree = try #require(drawn)
    #expect(tree.nodes.count <= 41)
    // Every device stands somewhere, in a row of its own or in a group.
    #expect(tree.nodes.reduce(0) { $0 + $1.count } == 12_000)
    #expect(tree.nodes.allSatisfy { $0.parent < 0 || tree.nodes[$0.parent].start <= $0.start })
    let page = HTMLRenderer.render(report)
    #expect(page.utf8.count < 600_000)
    let named = Set(page.matches(of: /dev-[0-9]+/).map { String($0.output) })
    #expect(named.count < 300, "the page names groups and the first two hundred")
  }

  @Test func groupsAThousandDevicesIntoALegibleTree() throws {
    let report = SyntheticCase(devices: 3000, failing: 2500).report()
    let blocks = report.sections[6].blocks
    var drawn: TreeChart?
    for case .chart(let chart) in blocks { if case .tree(let tree) = chart.drawing { drawn = tree } }
    let tree = try #require(drawn)
    #expect(tree.nodes.count <= 41)
    #expect(tree.nodes.reduce(0) { $0 + $1.count } >= 2500)
    #expect(HTMLRenderer.render(report).utf8.count < 600_000)
  }
}
