import IncidentModel
import Testing

@testable import CascadeAnalysis

@Suite struct ExplanationTests {
  private func onset(_ device: String, _ second: Int64) -> Onset {
    let time = Instant(nanoseconds: second * 1_000_000_000)
    return Onset(
      device: device, time: time, interval: time...time, kind: .log, probability: 0.9, evidence: [],
      basis: .network)
  }

  /// One update service, five devices of which the broker is flooded, and a runner-up.
  private var incident: Incident {
    var incident = Incident()
    incident.onsets = [
      onset("hub", 0), onset("a", 10), onset("b", 20), onset("c", 30), onset("broker", 40),
    ]
    incident.edges = ["a", "b", "c"].map {
      SpreadEdge(from: "hub", to: $0, kind: .change, probability: 0.9, evidence: [])
    }
    incident.edges.append(
      SpreadEdge(from: "c", to: "broker", kind: .overload, probability: 0.5, evidence: []))
    incident.changes = [
      ChangeEvent(
        template: "image <*> announced", actor: "hub", start: Instant(nanoseconds: 0),
        devices: ["a", "b", "c", "d"],
        failedShare: 0.75, failedShareOfOthers: 0.02, evidence: [EventID(rawValue: 7)])
    ]
    incident.origins = [
      OriginCandidate(
        device: "hub", probability: 0.8, reasonsFor: [], reasonsAgainst: [], evidence: [], counterEvidence: []
      ),
      OriginCandidate(
        device: "a", probability: 0.1, reasonsFor: [], reasonsAgainst: ["received the change itself"],
        evidence: [], counterEvidence: []),
    ]
    return incident
  }

  @Test func anOriginIsExplainedByWhoReceivedItsChangeAndByTheRunnersUp() throws {
    var trace = Trace()
    trace.incidents = [incident]
    let texts = trace.explanation(of: "hub").map(\.text)
    #expect(
      texts.contains { $0.contains("4 entities received") && $0.contains("75 %") && $0.contains("2 %") })
    #expect(texts.contains { $0.hasPrefix("3 entities in the tree hang on it") })
    #expect(texts.contains { $0 == "Instead of it: a: received the change itself." })
  }

  @Test func anOverloadIsTheDoingOfAllThatFailedBefore() throws {
    var trace = Trace()
    trace.incidents = [incident]
    let texts = trace.explanation(of: "broker").map(\.text)
    #expect(texts.contains { $0.contains("the 4 that failed before it") && $0.contains("stands for all") })
    #expect(!texts.contains { $0.contains("flooded it") })
  }

  @Test func aCandidateThatIsHardlyPossibleIsNotCalledTheBest() {
    var trace = Trace()
    trace.incidents = [incident]
    trace.incidents[0].origins = [
      OriginCandidate(
        device: "a", probability: 0.01, reasonsFor: [], reasonsAgainst: [], evidence: [], counterEvidence: [])
    ]
    #expect(trace.verdict.contains("Where it began is not determined.") && !trace.verdict.contains("best"))
  }
}
