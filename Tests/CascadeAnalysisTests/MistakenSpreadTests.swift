import IncidentModel
import Testing

@testable import CascadeAnalysis

/// What looks like a spread from one to the other, a failed reporter or a failure of many, and is none.
@Suite struct MistakenSpreadTests {
  private static let end = 14_400.0
  private static let begin = 7200.0

  private static func name(_ device: Int) -> String { "node\(device)t" }

  private static func fleet(_ count: Int, seed: UInt64) -> Scene {
    var scene = Scene(seed)
    for device in 0..<count {
      scene.keep(name(device), 0...end, every: 60, "signal fine")
      scene.scatter(name(device), 0...end, every: 900, "parent kept")
    }
    return scene
  }

  // MARK: Certificates of a mesh

  @Test(
    arguments: [
      "handshake with % failed: certificate expired", "Zertifikat von % abgelaufen",
      "peer % rejected, licence no longer valid",
    ], [20.0, 900])
  func certificatesThatEndInAMeshSpreadFromNobody(words: String, span: Double) throws {
    var scene = Self.fleet(40, seed: 91)
    for device in 0..<40 {
      for hop in [1, 7] { scene.builder.link(Self.name(device), Self.name((device + hop) % 40), "radio") }
    }
    for device in 0..<40 {
      let time = Self.begin + scene.random.unit() * span
      for turn in 0..<6 {
        let hop = [1, 7, 33, 39][(device + turn) % 4]
        let text = words.split(separator: "%", omittingEmptySubsequences: false)
          .joined(separator: Self.name((device + hop) % 40))
        scene.say(Self.name(device), time + Double(turn) * 80, text, 3)
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 40)
    #expect(incident.edges.isEmpty, "\(trace.verdict)")
    #expect(incident.origins.allSatisfy { $0.probability < 0.3 }, "\(trace.verdict)")
    #expect(trace.verdict.contains("something ran out"))
  }

  @Test(arguments: [
    "certificate expired", "x509: licence of <*> is no longer valid", "Zertifikat abgelaufen",
    "certificado caducado",
  ]) func wordsOfExpiry(text: String) { #expect(Expiry.tells(text)) }

  @Test(arguments: ["lease expired", "session <*> expired", "certificate renewed", "certificate not expired"])
  func wordsOfOtherEnds(text: String) { #expect(!Expiry.tells(text)) }

  // MARK: Clients that take each other's session

  @Test func whoTakeASessionFromEachOtherTookDownNobody() throws {
    var scene = Self.fleet(40, seed: 92)
    for pair in 0..<8 {
      var time = Self.begin + Double(pair) * 11
      for turn in 0..<60 {
        let (one, other) = turn % 2 == 0 ? (2 * pair, 2 * pair + 1) : (2 * pair + 1, 2 * pair)
        scene.say(Self.name(one), time, "session taken over by \(Self.name(other)), connecting again", 4)
        time += 4
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    #expect(incident.onsets.count == 16)
    #expect(incident.edges.isEmpty, "\(trace.verdict)")
  }

  // MARK: Sources that end

  /// Three files; that of the second site ends in the middle, with the poller that tells of the others in it.
  @Test(arguments: [2, 12]) func aFileThatEndsWithItsPollerIsNoFailureOfThePoller(count: Int) throws {
    var scene = Scene(93)
    var source: [String: Int32] = [:]
    for site in 0..<3 {
      let until = site == 1 ? 6000 : Self.end
      for device in 0..<(site == 1 ? count : 12) {
        let device = "s\(site)d\(device)p"
        source[device] = Int32(site)
        scene.keep(device, 0...until, every: 60, "level read")
        scene.keep("poll\(site)r", 0...until, every: 70, "\(device) answered")
      }
      source["poll\(site)r"] = Int32(site)
    }
    var evidence = scene.evidence
    evidence.lastSources = evidence.devices.map { source[$0] ?? -1 }
    evidence.sources = [13, count + 1, 13].map { .init(devices: $0, lacksEnd: false) }
    let trace = CascadeTracer().trace(evidence)
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
    #expect(trace.unheard.allSatisfy { $0.reporter == nil })
    #expect(!trace.verdict.contains("reporter"))
  }

  /// Six of thirty clocks are behind, and nothing compares them: they are not silent at the end, as they began too soon as well.
  @Test func whoseClockIsBehindIsNotSilentAtTheEnd() {
    var scene = Scene(98)
    for meter in 0..<30 {
      let behind = meter % 5 == 2 ? 150 + Double(meter) * 3 : 0
      scene.keep("meter\(meter)m", -behind...(7200 - behind), every: 30, scatter: 0.02, "level read")
    }
    let trace = scene.trace
    #expect(trace.incidents.isEmpty && trace.unrelated.isEmpty, "\(trace.verdict)")
  }

  /// One that really stops as long before the end is missed all the same.
  @Test func whoStopsShortlyBeforeTheEndIsMissed() {
    var scene = Scene(99)
    for meter in 0..<30 {
      scene.keep("meter\(meter)m", 0...(meter % 5 == 2 ? 6950 : 7200), every: 30, scatter: 0.02, "level read")
    }
    let trace = scene.trace
    #expect(trace.incidents.first?.onsets.count == 6, "\(trace.verdict)")
  }

  // MARK: The first one, which could not say so

  @Test func whoFellSilentJustBeforeTheOthersMayBeTheFirst() throws {
    var scene = Scene(94)
    let first = Self.begin
    for server in 0..<24 {
      let time = server == 0 ? first : first + 160 + Double(server) * 55
      scene.keep(Self.name(server), 0...(server == 0 ? time : time + 200), every: 45, "requests served")
      guard server > 0 else { continue }
      for turn in 0..<6 {
        scene.say(Self.name(server), time + Double(turn) * 30, "share damaged, file renamed", 3)
      }
    }
    for printer in 0..<20 { scene.keep("printer\(printer)d", 0...Self.end, every: 50, "paper in tray") }
    let trace = scene.trace
    let origins = try #require(trace.incidents.first?.origins)
    #expect(origins.first?.device == Self.name(0), "\(trace.verdict)")
    #expect((origins.first { $0.device == Self.name(1) }?.probability ?? 0) < 0.5, "\(trace.verdict)")
  }

  // MARK: Warnings behind a rolling restart

  @Test(arguments: [UInt8(4), 3]) func whoOnlyWarnsWhileItsGatewayIsAwayPerhapsDidNotFail(grade: UInt8) throws
  {
    var scene = Scene(95)
    for gateway in 0..<6 {
      let (hub, away) = ("gate\(gateway)h", Self.begin + Double(gateway) * 400)
      scene.keep(hub, 0...away, every: 30, "frames passed on")
      scene.keep(hub, (away + 90)...Self.end, every: 30, "frames passed on")
      scene.say(hub, away - 5, "restart for maintenance", 6)
      for meter in 0..<10 {
        let meter = "meter\(gateway * 10 + meter)m"
        scene.builder.link(hub, meter, "serves")
        scene.keep(meter, 0...Self.end, every: 60, "energy counted")
        scene.keep(meter, 0...Self.end, every: 300, "tariff kept")
        for turn in 0..<8 {
          scene.say(
            meter, away + 5 + scene.random.unit() + Double(turn) * 10, "uplink away, trying again", grade)
        }
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first)
    let isDoubted = incident.onsets.allSatisfy { $0.probability <= 0.5 }
    #expect(isDoubted == (grade == 4), "\(trace.verdict)")
    #expect(trace.verdict.contains("only warned while each of those was away") == (grade == 4))
    #expect(trace.verdict.contains("rolling restart"))
  }

  // MARK: A change that three received

  @Test(arguments: [nil, "desk1"], ["release 9.1 installed", "profile night applied"])
  func aChangeThatThreeReceivedIsTheirCause(actor: String?, words: String) throws {
    var scene = Self.fleet(60, seed: 96)
    if let actor {
      scene.keep(actor, 0...Self.end, every: 300, "jobs idle")
      scene.say(actor, Self.begin - 20, "rollout 77 started", 6)
    }
    for (turn, device) in [11, 34, 52].enumerated() {
      let time = Self.begin + Double(turn) * 15
      scene.say(Self.name(device), time, words, 6)
      for again in 0..<6 {
        scene.say(Self.name(device), time + 80 + Double(turn * 37 + again * 50), "pipeline stalled", 3)
      }
    }
    let trace = scene.trace
    let incident = try #require(trace.incidents.first, "\(trace.verdict)")
    #expect(Set(incident.onsets.map(\.device)) == Set([11, 34, 52].map(Self.name)), "\(trace.verdict)")
    #expect(incident.changes.first?.template.split(separator: " ").first == words.split(separator: " ").first)
    #expect(incident.changes.first?.actor == actor)
  }

  /// Three that fail of three that said something once, among many such remarks, is chance.
  @Test func remarksOfAFewAreNoChange() {
    var scene = Self.fleet(60, seed: 97)
    for remark in 0..<40 {
      let word = String(remark, radix: 26).map {
        String(UnicodeScalar(UInt8($0.wholeNumberValue ?? Int($0.asciiValue! - 87)) + 97))
      }.joined()
      for turn in 0..<3 {
        let time = 2000 + Double((remark * 613 + turn * 211) % 5000)
        scene.say(Self.name((remark * 7 + turn * 19) % 60), time, "remark \(word) noted", 6)
      }
    }
    for (turn, device) in [11, 34, 52].enumerated() {
      for again in 0..<6 {
        scene.say(Self.name(device), Self.begin + Double(turn * 700 + again * 50), "pipeline stalled", 3)
      }
    }
    #expect(scene.trace.incidents.allSatisfy { $0.changes.isEmpty || $0.origins.first?.method != .change })
  }
}
