import Foundation
import IncidentModel
import Testing

@testable import TimelineStore
@testable import TimelineWeb

/// What people say of where it began, on every page that says where it began.
@Suite struct VerdictPageTests {
  private static let hub = "hub\(SmallCase.payload)"
  private static let because = "it was off \(SmallCase.payload) password=hunter2"
  /// 2026-04-07T17:20:00Z, after the trace was made.
  private static let said = Instant(nanoseconds: 1_775_582_400_000_000_000)

  /// A case with a trace in which the hub took two devices down, and what people said of it.
  private static func scene(
    _ words: [(isAccepted: Bool, device: String, author: String, text: String)], traced: Instant
  ) throws -> SmallCase {
    let small = try SmallCase(events: 20)
    func onset(_ device: String, _ second: Int) -> [String: Any] {
      let time = "2025-02-22T02:00:0\(second).000Z"
      return [
        "device": device, "time": time, "earliest": time, "latest": time, "kind": "log", "probability": 0.9,
        "identity": "network", "reasons": ["r"], "evidence": [1],
      ]
    }
    let trace: [String: Any] = [
      "schema": "firebreak.trace/1", "verdict": "4 entities failed. It began at the hub.",
      "incidents": [
        [
          "origins": [
            [
              "device": hub, "score": 0.94, "for": ["announced a change"], "against": [String](),
              "evidence": [1], "counter_evidence": [Int](),
            ],
            [
              "device": "gw-2", "score": 0.001, "for": [String](), "against": ["others failed before it"],
              "evidence": [Int](), "counter_evidence": [1],
            ],
          ],
          "changes": [
            [
              "template": "batch released", "actor": hub, "start": "2025-02-22T02:00:00.000Z", "devices": 2,
              "reached": 2, "failed_share": 0.5, "failed_share_of_others": 0.25, "evidence": [1],
            ]
          ],
          "onset_details": [onset(hub, 1), onset("gw-1", 2), onset("gw-2", 3), onset("gw-9", 4)],
          "edges": ["gw-1", "gw-2"].map {
            ["from": hub, "to": $0, "kind": "dependency", "probability": 0.9, "evidence": [2]]
          },
        ]
      ],
    ]
    let result = String(decoding: try JSONSerialization.data(withJSONObject: trace), as: UTF8.self)
    let file = try CaseFile(path: small.path)
    _ = try TraceStore(file).add(
      StoredTrace(
        createdAt: traced, tool: "test", options: "{}", inputDigest: "", result: result, devices: [:]))
    for (index, word) in words.enumerated() {
      _ = try NoteStore(file).add(
        Note(
          createdAt: said.adding(nanoseconds: Int64(index) * 60_000_000_000), author: word.author,
          kind: word.isAccepted ? .accept : .reject, subject: "origin:\(word.device)", text: word.text))
    }
    return small
  }

  private static let before = Instant(nanoseconds: said.nanoseconds - 1_000_000_000)
  private static let after = Instant(nanoseconds: said.nanoseconds + 3_600_000_000_000)

  /// The text of a page as a person reads it.
  private static func text(_ page: String) -> String {
    page.replacing(/<[^>]*>/, with: "").replacing("&lt;", with: "<").replacing("&gt;", with: ">")
      .replacing("&quot;", with: "\"").replacing("&#39;", with: "'")
  }

  private static func rejected(traced: Instant = before) throws -> SmallCase {
    try scene([(false, hub, "ann\(SmallCase.payload)", because)], traced: traced)
  }

  @Test func overviewSaysInItsHeadingThatTheOriginWasRejectedAndByWhomWhenAndWhy() throws {
    let small = try Self.rejected()
    defer { withExtendedLifetime(small) {} }
    let browser = try small.browser()
    _ = browser.get("/cascade")
    let page = browser.get("/").text
    let text = Self.text(page)
    #expect(text.contains("4 failed; that it began at \(Self.hub) was rejected"), "\(text)")
    #expect(
      text.contains(
        "\(Self.hub) ✗ rejected as the origin by ann\(SmallCase.payload), 2026-04-07 17:20:00 UTC: it was off"
      ))
    #expect(page.contains("<del><bdi>hub"))
    #expect(text.contains("trace 1, which was made before that was said: trace again"))
    #expect(!page.contains("<script>alert") && !page.contains("hunter2"))
    // A trace that was made later has heard of it.
    let heard = try Self.rejected(traced: Self.after)
    defer { withExtendedLifetime(heard) {} }
    let other = try heard.browser()
    _ = other.get("/cascade")
    #expect(!other.get("/").text.contains("trace again"))
  }

  @Test func cascadeStrikesItOutInPanelTreeDrawingAndExplanation() throws {
    let small = try Self.rejected()
    defer { withExtendedLifetime(small) {} }
    let browser = try small.browser()
    let page = browser.get("/cascade").text
    let words = "✗ rejected by ann\(SmallCase.payload), 2026-04-07 17:20:00 UTC"
    let panel = try #require(page.components(separatedBy: "id=\"origins\"").last?.prefix(4000))
    #expect(panel.contains("<del><bdi>hub") && Self.text(String(panel)).contains(words + ": it was off"))
    #expect(Self.text(String(panel)).contains("Not determined."))
    #expect(page.contains("(rejected as the origin)") && page.contains("Crossed out: somebody rejected"))
    let tree = try #require(
      page.components(separatedBy: "id=\"branches\"").last?.components(separatedBy: "</section>").first)
    #expect(Self.text(tree).contains("✗ rejected as the origin by ann"))
    #expect(tree.contains("nothing known") && !tree.contains("a start"))
    let why = browser.get("/cascade?why=" + PercentCoding.encode(Self.hub)).text
    #expect(Self.text(why).contains("was rejected by ann") && !why.contains("or it is where it began"))
    let device = browser.get("/fleet?device=" + PercentCoding.encode(Self.hub)).text
    #expect(Self.text(device).contains("That it began here: \(words): it was off"))
    for page in [page, why, device] {
      #expect(!page.contains("<script>alert") && !page.contains("hunter2") && !page.contains(" style="))
    }
  }

  @Test func aConfirmedOriginIsMarkedTheSameWay() throws {
    let small = try Self.scene(
      [(false, Self.hub, "ann", "it was off"), (true, Self.hub, "bob", "it was on")], traced: Self.before)
    defer { withExtendedLifetime(small) {} }
    let browser = try small.browser()
    let page = browser.get("/cascade").text
    let words =
      "✓ accepted by bob, 2026-04-07 17:21:00 UTC: it was on (before that ✗ rejected by ann, 2026-04-07 17:20:00 UTC)"
    #expect(Self.text(page).contains(words))
    #expect(page.contains("(accepted as the origin)") && !page.contains("<del>"))
    #expect(!page.contains("Crossed out") && !page.contains("Not determined."))
    let overview = Self.text(browser.get("/").text)
    #expect(overview.contains("4 failed; it began at \(Self.hub), as bob accepted"), "\(overview)")
    #expect(overview.contains("✓ accepted as the origin by bob, 2026-04-07 17:21:00 UTC: it was on"))
  }

  @Test func whoIsNoCandidateKeepsItsPanelAndWhoHadNoPartGetsNone() throws {
    let small = try Self.scene(
      [(false, "gw-1", "ann", ""), (false, "elsewhere", "ann", "")], traced: Self.after)
    defer { withExtendedLifetime(small) {} }
    let browser = try small.browser()
    let page = browser.get("/cascade").text
    let panel = try #require(
      page.components(separatedBy: "id=\"origins\"").last?.components(separatedBy: "</section>").first)
    #expect(Self.text(panel).contains("✗ rejected by ann, 2026-04-07 17:20:00 UTC, without a reason"))
    #expect(panel.contains("No candidate of trace 1."))
    #expect(panel.contains("name=\"accept\" value=\"origin:gw-1\""))
    // Many buttons are called alike: who hears the page is told what each is about, and lands where it was.
    #expect(panel.contains("aria-label=\"It is wrong: origin:gw-1\""))
    #expect(panel.contains("name=\"back\" value=\"/cascade#origins\""))
    #expect(page.contains("aria-label=\"Why \(Self.hub.prefix(3))"))
    #expect(!panel.contains("elsewhere") && !Self.text(browser.get("/").text).contains("elsewhere as"))
  }

  @Test func whoWasJudgedIsDrawnAlsoWhereNothingHangsOnIt() throws {
    let small = try Self.scene([(true, "gw-9", "bob", "")], traced: Self.before)
    defer { withExtendedLifetime(small) {} }
    #expect(try small.browser().get("/cascade").text.contains("gw-9 (accepted as the origin)"))
  }

  /// The kept trace has no names of receivers: "0 entities" would be a lie, and so would "0 %".
  @Test func theReasonsClaimNothingThatTheKeptTraceDoesNotHold() throws {
    let small = try Self.scene([], traced: Self.before)
    defer { withExtendedLifetime(small) {} }
    let why = Self.text(try small.browser().get("/cascade?why=" + PercentCoding.encode(Self.hub)).text)
    #expect(
      why.contains("Of those that received what \(Self.hub) announced at 2025-02-22T02:00:00"), "\(why)")
    #expect(why.contains("50 % failed afterwards, of the others 25 %.") && !why.contains("0 entities"))
    #expect(why.contains("under 1 %"))
  }

  @Test func programsGetItToo() throws {
    let small = try Self.scene(
      [(true, "gw-1", "bob", ""), (false, "gw-1", "ann", "it was off")], traced: Self.before)
    defer { withExtendedLifetime(small) {} }
    let json = try small.browser().get("/cascade?list=origins&format=json").text
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let rows = try #require(document["rows"] as? [[String: Any]])
    try #require(rows.count == 3)
    #expect(rows[0]["device"] as? String == Self.hub && rows[0]["verdict"] is NSNull)
    #expect(rows[2]["device"] as? String == "gw-1" && rows[2]["probability"] is NSNull)
    #expect(rows[2]["verdict"] as? String == "rejected" && rows[2]["verdict_by"] as? String == "ann")
    #expect(rows[2]["verdict_at"] as? String == "2026-04-07T17:21:00.000000000Z")
    #expect(rows[2]["verdict_because"] as? String == "it was off")
    #expect(rows[2]["verdict_before"] as? String == "accepted")
  }
}
