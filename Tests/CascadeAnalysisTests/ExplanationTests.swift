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

  @Test func whatAnAnalystRejectedIsSaidFirstAndNotToldAsTheAnswer() throws {
    var trace = Trace()
    trace.incidents = [incident]
    trace.incidents[0].origins.removeFirst()
    let at = Instant(nanoseconds: 1_700_000_000_000_000_000)
    func judge(_ subject: String, _ isAccepted: Bool) {
      trace.judgements.append(
        Judgement(subject: subject, isAccepted: isAccepted, author: "ann", at: at, text: "it was off"))
    }
    judge("origin:hub", false)
    judge("edge:hub->broker", false)
    judge("origin:elsewhere", false)
    let texts = trace.explanation(of: "hub").map(\.text)
    #expect(texts.first == "That it began at hub was rejected by ann at \(at) (\"it was off\").", "\(texts)")
    #expect(!texts.contains { $0.contains("where it began") || $0.contains("As the origin") }, "\(texts)")
    let edge = trace.explanation(of: "hub->broker").map(\.text)
    #expect(edge.first?.hasPrefix("The edge hub->broker was rejected by ann") == true, "\(edge)")
    #expect(!edge.contains { $0.contains("no link, dependency") }, "\(edge)")
    #expect(trace.explanation(of: "elsewhere").count == 1)
    #expect(trace.rejectedOrigins == ["hub", "elsewhere"])
    // The last word counts.
    judge("origin:hub", true)
    #expect(trace.rejection(of: "origin:hub") == nil && trace.rejectedOrigins == ["elsewhere"])
    #expect(trace.explanation(of: "hub").contains { $0.text.contains("where it began") })
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

  @Test(arguments: [Onset.Nearness.outside, .inside, .beside, .above, .alone])
  func whatIsUnrelatedIsToldInWholeSentences(nearness: Onset.Nearness) throws {
    var trace = Trace()
    trace.incidents = [incident]
    var alone = onset("stray", 90)
    alone.reasons = ["said so"]
    alone.unrelated = 0.45
    alone.nearness = nearness
    trace.unrelated = [alone]
    let statements = trace.explanation(of: "stray").map(\.text)
    let text = try #require(statements.first { $0.contains("no cause was found") })
    #expect(
      text.contains("found, and ") != text.contains("found, but ") && !text.contains("and but"), "\(text)")
  }

  @Test func oneFailureIsToldOfOne() {
    var trace = Trace()
    var alone = onset("stray", 90)
    alone.unrelated = 0.95
    trace.unrelated = [alone]
    #expect(trace.verdict.hasSuffix("1 entity failed on its own."), "\(trace.verdict)")
  }
}
