import CascadeAnalysis
import IncidentModel
import Testing

@testable import TimelineWeb

@Suite struct TraceTextTests {
  static func read(_ text: String) throws -> (trace: Trace, verdict: String?) {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBufferPointer { try TraceText.read($0) }
  }

  @Test func readsWhatTraceWrites() throws {
    let (trace, verdict) = try Self.read(
      #"""
      {"devices":{"affected":["a"]},"trace":{"schema":"firebreak.trace/1","verdict":"x \"y\" \u00fc\ud83d\ude00","later":[1,{"a":null}],
      "incidents":[{"origins":[{"device":"a","score":0.9,"for":["f"],"against":[],"evidence":[1,2],"counter_evidence":[]}],
      "onset_details":[{"device":"b","time":"2025-02-22T02:30:00.000Z","earliest":"2025-02-22T02:29:00.000Z","latest":"2025-02-22T02:31:00.000Z",
      "kind":"silence","probability":0.5,"identity":"network","heard_again":"2025-02-22T03:00:00.000Z","reasons":["r"],"evidence":[3]}],
      "edges":[{"from":"a","to":"b","kind":"dependency","probability":0.75,"evidence":[4]}],"alternatives":[],
      "common_cause":[{"attribute":"fw","value":"1"}],"common_cause_details":{"probability":0.8,"exposed":5,"exposed_failed":4,"others":3,"others_failed":0},
      "phases":[{"name":"trigger","start":"2025-02-22T02:00:00.000Z","evidence":[1]}],
      "changes":[{"template":"t","actor":null,"start":"2025-02-22T02:00:00.000Z","devices":3,"reached":3,"failed_share":0.5,"failed_share_of_others":0,"evidence":[]}]}],
      "skew_details":[{"device":"a","seconds":-2.5,"error":0.1,"pairs":7}],"unrelated":{"c":"2025-02-22T02:00:00.000Z"},"caveats":["k"]}}
      """#)
    #expect(verdict == "x \"y\" ü😀")
    let incident = try #require(trace.incidents.first)
    #expect(incident.origins.first?.evidence == [EventID(rawValue: 1), EventID(rawValue: 2)])
    #expect(incident.onsets.first?.kind == .silence && incident.onsets.first?.basis == .network)
    #expect(incident.onsets.first?.heardAgain == incident.onsets.first?.time.adding(seconds: 1800))
    #expect(incident.edges.first?.kind == .dependency && incident.edges.first?.probability == 0.75)
    #expect(incident.commonCause?.terms.first?.value == "1" && incident.commonCause?.exposedFailed == 4)
    #expect(incident.phases.first?.name == .trigger && incident.changes.first?.reached == 3)
    #expect(
      trace.clockSkews.first?.seconds == -2.5 && trace.unrelated.first?.device == "c"
        && trace.caveats == ["k"])
  }

  @Test(arguments: [
    "", "{", "{\"trace\"", "{\"trace\":{\"incidents\":[}}", "[]", "{\"trace\":{\"verdict\":\"\\u12",
    "{\"trace\":{\"verdict\":\"a",
    "{\"trace\":{\"later\":[[[[", "{\"trace\":{\"later\":tru", "{\"trace\" {}}",
  ])
  func refusesWhatIsCutOff(text: String) {
    #expect(throws: (any Error).self) { try Self.read(text) }
  }

  @Test func deepNestingIsRefusedNotRecursedInto() {
    let deep = "{\"trace\":{\"later\":" + String(repeating: "[", count: 1_000_000)
    #expect(throws: (any Error).self) { try Self.read(deep) }
  }

  @Test func mutatedTracesNeverCrash() throws {
    let seed = Array(
      #"{"trace":{"verdict":"a\n","incidents":[{"edges":[{"from":"a","to":"b","probability":0.5,"evidence":[1,2]}],"phases":[]}],"unrelated":{}}}"#
        .utf8)
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var read = 0
    for _ in 0..<5_000 {
      var bytes = seed
      for _ in 0..<(1 + next(3)) { bytes[next(bytes.count)] = UInt8(next(256)) }
      bytes.withUnsafeBufferPointer { if (try? TraceText.read($0)) != nil { read += 1 } }
    }
    #expect(read > 0 && read < 5_000)
  }
}
