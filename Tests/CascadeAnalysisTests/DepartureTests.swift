import CascadeAnalysis
import IncidentModel
import Testing

/// Until when numbers that left their usual range are beyond it, and what those share whose numbers did.
@Suite struct DepartureTests {
  private static let epoch: Int64 = 1_700_000_000_000_000_000
  private static let began = 14_400.0
  private static let length = 36_000.0

  /// Vats in three halls that are measured every minute for ten hours, more at night than by day; those of hall B change with `level`.
  private static func trace(
    seed: UInt64 = 3, isListed: Bool = true, words: [(second: Double, device: String, text: String)] = [],
    level: (Double) -> Double
  ) -> Trace {
    var builder = EvidenceBuilder()
    var random = Dice(state: seed)
    let halls = ["A", "B", "C"].flatMap { hall in (1...7).map { (name: "vat\(hall)\($0)x", hall: hall) } }
    if isListed {
      builder.inventory(
        csv: (["device,hall,liner"]
          + halls.enumerated().map { "\($1.name),\($1.hall),\(["steel", "glass"][$0 % 2])" })
          .joined(separator: "\n"))
    }
    // So that an incident of a minute is read from nearby.
    for turn in 0..<Int(length / 300) {
      builder.event(
        time: epoch + Int64(turn) * 300_000_000_000, device: "gate", severity: 6, message: "archive turned")
    }
    for line in words {
      builder.event(
        time: epoch + Int64(line.second * 1e9), device: line.device, severity: 3, message: line.text)
    }
    for vat in halls {
      let late = random.unit() * 20
      let points = stride(from: random.unit() * 60, to: length, by: 60).map { time in
        (
          time: epoch + Int64(time * 1e9),
          value: 12 + 0.4 * (random.unit() + random.unit() - 1)
            + (vat.hall == "B" && time > began + late ? level(time - began - late) : 0)
        )
      }
      builder.series("acidity", of: vat.name, points)
    }
    return CascadeTracer().trace(builder.finish())
  }

  private static func seconds(_ instant: Instant?) -> Double? {
    instant.map { Double($0.nanoseconds - epoch) / 1e9 - began }
  }

  @Test(arguments: [3, 17, 40] as [UInt64]) func numbersThatStayAwayAreNotBack(_ seed: UInt64) throws {
    let trace = Self.trace(seed: seed) { _ in -5 }
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 7)
    for onset in incident.onsets {
      #expect(onset.departures.map(\.until) == [nil])
      #expect(onset.reasons.contains { $0.contains("not back in the usual range when the evidence ends") })
    }
    #expect(trace.verdict.contains("The numbers of all of them were still beyond their usual range"))
  }

  /// Two hours later, by and by, beyond what is read of so short an incident.
  @Test func numbersComeBackLongAfterTheIncident() throws {
    let trace = Self.trace { $0 < 7200 ? 6 : max(0, 6 - ($0 - 7200) / 200) }
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 7)
    for onset in incident.onsets {
      let until = try #require(Self.seconds(onset.departures.last?.until))
      #expect((8000...8500).contains(until))
      #expect(onset.departures.count == 1)
    }
    #expect(trace.verdict.contains("The numbers of all of them were back in their usual range from"))
  }

  /// There and back are steps of one height: the first is the failure, whichever is measured higher.
  @Test(arguments: [3, 17, 40] as [UInt64], [6, -6] as [Double])
  func aStepBackIsNotTheFailure(_ seed: UInt64, _ level: Double) throws {
    let incident = try #require(Self.trace(seed: seed) { $0 < 7200 ? level : 0 }.incidents.first)
    #expect(incident.onsets.count == 7)
    for onset in incident.onsets {
      #expect((-60...60).contains(try #require(Self.seconds(onset.time))))
      let until = try #require(Self.seconds(onset.departures.last?.until))
      #expect((7200...7400).contains(until))
    }
  }

  /// Half of the way is not back; nine tenths are.
  @Test(arguments: [(3.0, false), (0.5, true)]) func whoComesHalfwayIsNotBack(_ left: Double, _ isBack: Bool)
    throws
  {
    let incident = try #require(Self.trace { $0 < 3600 ? 8 : left }.incidents.first)
    for onset in incident.onsets { #expect((onset.departures.last?.until != nil) == isBack) }
  }

  @Test func aSlowRiseHasNotComeBackWhileItBegins() throws {
    let incident = try #require(Self.trace { min(9, $0 / 400) }.incidents.first)
    #expect(incident.onsets.count == 7)
    for onset in incident.onsets { #expect(onset.departures.map(\.until) == [nil]) }
  }

  @Test func numbersThatLeaveAgainAreNotBack() throws {
    let incident = try #require(Self.trace { $0 < 3600 || $0 > 10_800 ? 6 : 0 }.incidents.first)
    for onset in incident.onsets {
      #expect(onset.departures.count == 2)
      #expect(onset.departures.first?.until != nil && onset.departures.last?.until == nil)
    }
  }

  /// Whoever complains once and is silent about it later is not well while its numbers are away.
  @Test func numbersCountBesideWords() throws {
    let words = (1...7).map { (second: Self.began + 90, device: "vatB\($0)x", text: "valve jammed open") }
    let incident = try #require(Self.trace(words: words) { _ in -5 }.incidents.first)
    #expect(incident.onsets.count == 7)
    for onset in incident.onsets {
      #expect(onset.kind == .log && onset.departures.map(\.until) == [nil])
    }
  }

  @Test(arguments: [3, 17, 40, 41] as [UInt64]) func oneOfEqualsIsNotNamedAndWhatTheyShareIsTold(
    _ seed: UInt64
  ) throws {
    let incident = try #require(Self.trace(seed: seed) { -min(5, 2 + $0 / 300) }.incidents.first)
    #expect(incident.commonCause?.terms == [.init(attribute: "hall", value: "B")])
    #expect(incident.commonCause?.exposedFailed == 7 && incident.commonCause?.othersFailed == 0)
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 })
    #expect(
      incident.origins.first?.reasonsAgainst.contains { $0.contains("rather one of them than their cause") }
        == true)
  }

  /// A pump's numbers are others than those of the houses that it feeds: they are not compared as if it had moved little.
  @Test(arguments: [5, 6, 7] as [UInt64]) func whoMeasuresOtherThingsMayBeTheOrigin(_ seed: UInt64) throws {
    var builder = EvidenceBuilder()
    var random = Dice(state: seed)
    var rows = ["device,kind,branch"]
    for branch in 1...3 {
      rows.append("lift\(branch)p,pump,\(branch)")
      for house in 1...9 {
        rows.append("house\(branch)h\(house),house,\(branch)")
        builder.link("lift\(branch)p", "house\(branch)h\(house)", "feeds")
      }
    }
    builder.inventory(csv: rows.joined(separator: "\n"))
    for branch in 1...3 {
      func add(_ name: String, _ series: String, _ level: Double, _ bad: Double, _ late: Double) {
        let points = stride(from: random.unit() * 60, to: 21_600, by: 60).map { time in
          (
            time: Self.epoch + Int64(time * 1e9),
            value: (branch == 2 && time > Self.began + late ? bad : level) * (0.97 + 0.06 * random.unit())
          )
        }
        builder.series(series, of: name, points)
      }
      add("lift\(branch)p", "head", 3.2, 0.9, 0)
      for house in 1...9 { add("house\(branch)h\(house)", "flow", 1.3, 0.3, 20 + 100 * random.unit()) }
    }
    let incident = try #require(CascadeTracer().trace(builder.finish()).incidents.first)
    #expect(incident.onsets.count == 10)
    #expect(incident.origins.first?.device == "lift2p")
    #expect(incident.edges.count { $0.from == "lift2p" } == 9)
    #expect(!incident.edges.contains { $0.to == "lift2p" })
  }
}
