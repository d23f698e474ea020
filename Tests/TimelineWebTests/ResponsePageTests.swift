import Foundation
import Testing

@testable import TimelineStore
@testable import TimelineWeb

/// The page of playbook runs: what is in force comes from the program that acts, and undos are no acts.
@Suite struct ResponsePageTests {
  private let small: SmallCase

  /// Two devices acted on and taken back, one whose act is in doubt, one that waits.
  init() throws {
    small = try SmallCase()
    var rows: [JournalRow] = []
    func add(
      _ kind: String, _ target: String? = nil, _ action: String? = nil, _ outcome: String? = nil,
      reason: String? = nil, _ detail: String = ""
    ) {
      rows.append(
        JournalRow(
          run: "r-1", sequence: rows.count + 1,
          wallTime: SmallCase.start + Int64(rows.count) * 1_000_000_000, monotonicTime: Int64(rows.count),
          kind: kind, step: target == nil && kind != "step_started" ? nil : "act--1", target: target,
          action: action, outcome: outcome, reason: reason, wave: nil, detail: detail,
          hash: "\(rows.count)"))
    }
    add("run_started", nil, nil, nil, "playbook 'hold' (0a) on 4 devices")
    add("approved", nil, nil, nil, reason: "break-glass", "BREAK GLASS by ana: \(SmallCase.payload)")
    add("step_started", nil, nil, nil, "hold the pumps")
    for device in ["pump-1", "pump-2"] {
      add("intent", device, "act")
      add("result", device, "act", "changed")
    }
    add("intent", "pump-3", "act")
    add("result", "pump-3", "act", "unknown", reason: "timeout")
    add("result", "pump-4", "act", "skipped", reason: "unreachable")
    for device in ["pump-1", "pump-2"] {
      add("intent", device, "undo")
      add("result", device, "undo", "ok")
    }
    try JournalStore(path: small.path).append(rows)
  }

  private func rows(_ address: String) throws -> [[String: Any]] {
    let json = try small.browser().get(address, ["accept": "application/json"]).text
    let document = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    return try #require(document["rows"] as? [[String: Any]])
  }

  @Test func theListSaysWhatIsInForceAndCountsNoUndoAmongTheActs() throws {
    let run = try #require(try rows("/response?list=runs").first)
    #expect(run["in_force"] as? Int == 31 && run["in_doubt"] as? Int == 17 && run["taken_back"] as? Int == 13)
    #expect(run["targets"] as? Int == 4 && run["queue"] as? Int == 1, "\(run)")
    #expect(run["status"] as? String == "halted, partly taken back; break glass", "\(run)")
  }

  @Test func theFirstActIsReadInTheJournalWhereNobodyStatesIt() throws {
    let page = try small.browser().get("/response").text
    #expect(page.contains("02:00:03") && page.contains("from the journal of a playbook"))
  }

  @Test func aRunSaysItsStandAndTellsActsAndUndosApart() throws {
    let page = try small.browser().get("/response?run=r-1").text
    #expect(page.contains("in force now: 31, in doubt: 17, taken back: 13"))
    #expect(page.contains("Approval was bypassed (break glass)") && page.contains("BREAK GLASS by ana"))
    // The glass was broken: nobody approved.
    #expect(!page.contains("<dt>Approved"))
    let words = page.replacingOccurrences(of: "<[^>]*>", with: "", options: .regularExpression)
    #expect(words.contains("hold the pumps: 2 changed, 1 skipped, 1 unknown; undo: 2 ok"))
    let step = try #require(try rows("/response?run=r-1&list=steps").first)
    #expect(
      step["outcomes"] as? String == "2 changed, 1 skipped, 1 unknown" && step["undo"] as? String == "2 ok")
  }

  @Test func onlyWhoeverIsInTheQueueWaits() throws {
    #expect(try rows("/response?run=r-1&list=queue").map { $0["target"] as? String } == ["pump-4"])
  }
}
