import CascadeAnalysis
import IncidentModel
import PlaybookModel
import Testing

@testable import PostmortemReport

/// What a report says of runs without approval, and of notes that belong to one incident of several.
struct ResponseTests {
  private static func approved(_ sentence: String, at minutes: Double = 45) -> RunRecord {
    RunRecord(
      run: "run-1", sequence: 90, wallTime: SyntheticCase.at(minutes).nanoseconds, monotonicTime: 0,
      kind: .approved,
      reason: "break-glass", detail: sentence)
  }

  @Test func readsWhoBrokeTheGlassAndWhy() throws {
    let glass = BrokenGlass(
      run: "r", time: 1,
      sentence:
        "BREAK GLASS by ana@desk with 1 of 2 approvals on the plan made 2026-04-07T09:00:00.000Z, for 60 min, to be reviewed afterwards: pumps: stop them"
    )
    #expect(glass.person == "ana@desk" && glass.approvals == "1 of 2" && glass.limit == "60 min")
    #expect(glass.reason == "pumps: stop them")
    // Older journals name nobody; what reads otherwise is kept whole.
    let older = BrokenGlass(
      run: "r", time: nil,
      sentence:
        "BREAK GLASS with 0 of 2 approvals on the plan made T, for 5 min, to be reviewed afterwards: the worm spreads"
    )
    #expect(older.person == nil && older.approvals == "0 of 2" && older.reason == "the worm spreads")
    for odd in ["", "BREAK GLASS", "BREAK GLASS with", "BREAK GLASS by  with  approvals", "words"] {
      #expect(BrokenGlass(run: "r", time: nil, sentence: odd).reason == odd)
    }
  }

  @Test func theTableOfRunsNamesThePlaybook() throws {
    var input = SyntheticCase.standard
    let time = SyntheticCase.at(50).nanoseconds
    func add(_ number: Int, _ kind: RunRecord.Kind, _ detail: String) {
      input.facts.runs.append(
        RunRecord(
          run: "run-9", sequence: number, wallTime: time, monotonicTime: 0, kind: kind, step: "s",
          target: "d", outcome: kind == .result ? .ok : nil, detail: detail))
    }
    add(1, .runStarted, "playbook 'isolate what's ill' (0a1b) on 1 devices")
    add(2, .result, "")
    input.facts.alteredRuns = ["run-9"]
    #expect(Self.row("run-9", input).contains("isolate what"))
    for audience in Audience.allCases {
      let told = MarkdownRenderer.render(input.report(audience))
      #expect(told.contains("altered after they were written"), "\(audience)")
    }
  }

  /// What the last table that names it says of a run.
  private static func row(_ run: String, _ input: SyntheticCase, last: Bool = false) -> Substring {
    let rows = MarkdownRenderer.render(input.report()).split(separator: "\n")
      .filter { $0.hasPrefix("| \(run)") || $0.hasPrefix("| `\(run)") }
    return (last ? rows.last : rows.first) ?? ""
  }

  /// Adding up acts and undos from the journal says neither: what was undone may never have been in force.
  @Test func whatIsInForceIsSaidAsTheProgramCountsIt() {
    var input = SyntheticCase.standard
    let unknown = input.report().metrics
    for id in [MetricID.changesInForce, .changesInDoubt, .changesTakenBack] {
      #expect(unknown[id].value == .notDetermined("what is in force of a run was not counted"), "\(id)")
    }
    #expect(Self.row("run-1", input, last: true).contains("not determined"))
    var state = RunState()
    state.words = "halted, partly taken back"
    state.inForce = 31
    state.inDoubt = 17
    state.takenBack = 13
    state.released = 7
    state.waiting = [.init(step: "s", device: "d")]
    input.facts.runStates = ["run-1": state, "run-0": state]
    let metrics = input.report().metrics
    #expect(metrics[.changesInForce].value == .count(31))
    #expect(metrics[.changesInDoubt].value == .count(17))
    #expect(metrics[.changesTakenBack].value == .count(13))
    let row = Self.row("run-1", input, last: true)
    #expect(row.hasSuffix("| halted, partly taken back | 31 | 17 | 13 | 7 | 0 | 1 |"), "\(row)")
    // No run, no count.
    input.facts.runs = []
    #expect(input.report().metrics[.changesInForce].value == .notComputable("no playbook was run"))
  }

  @Test func aBrokenGlassIsNoApprovalThatWasWaitedFor() {
    var input = SyntheticCase.standard
    let index = input.facts.runs.firstIndex { $0.kind == .approved }!
    input.facts.runs[index].reason = "break-glass"
    input.facts.runs[index].detail =
      "BREAK GLASS by ana with 0 of 2 approvals on the plan made 2026-04-07T09:30:00Z, for 60 min: nobody answers"
    #expect(
      input.report().metrics[.approvalWait].value == .notComputable("approval was bypassed: none was given"))
    // Broken when an approved run was gone on with: the first wait was one.
    var later = SyntheticCase.standard
    later.facts.runs.append(Self.approved("BREAK GLASS by ana with 1 of 2 approvals on the plan"))
    #expect(later.report().metrics[.approvalWait].value == .duration(6 * SyntheticCase.minute))
  }

  /// Whoever counts the affected must know that the others are counted elsewhere.
  @Test(arguments: Audience.allCases)
  func saysToEveryoneThatItIsAboutOneOfSeveralIncidents(_ audience: Audience) {
    let text = MarkdownRenderer.render(Self.several.report(audience))
    #expect(text.contains("The evidence shows 2 incidents"), "\(audience)")
    #expect(text.contains("about one of them"), "\(audience)")
    #expect(!text.contains("1 incident are"), "\(audience)")
    #expect(!MarkdownRenderer.render(SyntheticCase.standard.report(audience)).contains("about one of them"))
  }

  @Test func saysWhetherABypassWasReviewed() {
    var input = SyntheticCase.standard
    #expect(input.report().metrics[.brokenGlass].value == .count(0))
    #expect(!MarkdownRenderer.render(input.report()).contains("Approval was bypassed"))
    input.facts.runs.append(
      Self.approved("BREAK GLASS by ana with 1 of 2 approvals on the plan, for 60 min: nobody answers"))
    #expect(input.report().metrics[.glassReviewed].value == .share(0, of: 1))
    let text = MarkdownRenderer.render(input.report(.executive))
    #expect(text.contains("Approval was bypassed (1 time)") && text.contains("Reviewed afterwards: 0 of 1"))
    #expect(!MarkdownRenderer.render(input.report(.customer)).contains("bypassed"))
    input.facts.annotations.breakGlassReviews = [GlassReview(run: "run-1", by: "board", text: "right")]
    #expect(input.report().metrics[.glassReviewed].value == .share(1, of: 1))
  }

  private static let several = {
    var input = SyntheticCase.standard
    var second = input.trace.incidents[0]
    for index in second.onsets.indices {
      let time = second.onsets[index].time.adding(seconds: 86_400)
      second.onsets[index].time = time
      second.onsets[index].interval = time...time
    }
    input.trace.incidents.append(second)
    var notes = Annotations()
    notes.detection = Statement(at: "2026-04-07T09:20:00Z", text: "the first one was seen")
    notes.actions = [ActionItem(text: "for both")]
    var own = Annotations()
    own.actions = [ActionItem(text: "for the second")]
    own.customerImpact = "the second meant less"
    notes.incidents = ["2": own]
    notes.customerImpact = "the case as a whole"
    input.facts.annotations = notes
    return input
  }()

  private func notes(_ index: Int, _ input: SyntheticCase = several) -> Annotations {
    ReportMaterial(facts: input.facts, trace: input.trace, incident: index).notes
  }

  @Test func keepsAMomentWithTheIncidentItIsOf() {
    #expect(notes(0).detection != nil && notes(1).detection == nil)
    #expect(notes(0).actions?.map(\.text) == ["for both"])
    #expect(notes(1).actions?.map(\.text) == ["for the second", "for both"])
    #expect(
      notes(0).customerImpact == "the case as a whole" && notes(1).customerImpact == "the second meant less")
    // With one incident only, everything is about it.
    #expect(notes(0, SyntheticCase.standard).detection == SyntheticCase.standard.facts.annotations.detection)
  }

  @Test func namesAnIncidentByATimeWithinIt() {
    var input = Self.several
    var own = Annotations()
    own.halt = Statement(at: "2026-04-08T09:40:00Z")
    input.facts.annotations.incidents = ["2026-04-08T09:30Z": own, "2030-01-01T00:00Z": own, "7": own]
    #expect(notes(1, input).halt == own.halt && notes(0, input).halt == nil)
    #expect(input.facts.annotations.unknownIncidents(in: input.trace) == ["2030-01-01T00:00Z", "7"])
    for bad in ["0", "-1", "second", "", "2026-04-08"] { #expect(IncidentKey(bad) == nil, "\(bad)") }
  }

  @Test func readsNotesOfAnIncidentForLint() {
    var notes = Annotations()
    var own = Annotations()
    own.halt = Statement(text: "It was human error.")
    notes.incidents = ["2": own]
    #expect(
      Lint.findings(in: notes).map { "\($0.field):\($0.rule)" } == ["incidents.2.halt.text:human-error"])
    notes.lintIgnored = [LintException(rule: "human-error", reason: "quotes a customer")]
    #expect(Lint.findings(in: notes).isEmpty)
  }

  @Test func showsExecutivesTheMostUrgentActionsFirst() {
    var input = SyntheticCase.standard
    input.facts.annotations.actions = (1...30).map { index in
      var action = ActionItem(text: "Action \(index)")
      action.priority = index == 30 ? "critical" : index == 29 ? "high" : index == 1 ? "low" : nil
      action.status = index == 2 ? "done" : "open"
      return action
    }
    let text = MarkdownRenderer.render(input.report(.executive))
    #expect(
      text.contains("Action 30") && text.contains("Action 29") && !text.contains("Action 1 ")
        && !text.contains("Action 2 "))
    #expect(text.contains("25 more"))
  }
}
