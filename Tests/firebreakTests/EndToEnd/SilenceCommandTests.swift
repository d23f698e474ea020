import Foundation
import Testing

/// Silence of devices and of their collectors; gaps of sources.
@Suite struct SilenceCommandTests {
  private func rows(_ run: BuiltProgram.Run) throws -> [[String: Any]] {
    try run.output.split(separator: "\n").map { try jsonObject(String($0)) }
  }

  /// Ten devices report every ten seconds for half an hour; `isHeard` says who is heard when.
  private func workspace(_ isHeard: (_ device: Int, _ second: Int) -> Bool) throws -> Workspace {
    let work = try Workspace()
    var log = ""
    for second in stride(from: 0, to: 1800, by: 1) {
      for device in 0..<10 where second % 10 == device && isHeard(device, second) {
        log +=
          String(format: "2026-04-07T09:%02d:%02d.%03dZ", second / 60, second % 60, device * 7)
          + " dev-\(device) agent[1]: alive, load \(second % 7)\n"
      }
    }
    try work.write("all.log", log)
    #expect(try work.ingest(work.at("all.log")).run.exit == 0)
    return work
  }

  @Test func aDeviceThatStopsIsToldFromACollectorThatStops() throws {
    // dev-3 is silent for two minutes, dev-5 for good; nobody is heard for three minutes.
    let work = try workspace { device, second in
      if device == 3, (600..<720).contains(second) { return false }
      if device == 5, second >= 1500 { return false }
      return !(900..<1080).contains(second)
    }
    let run = try work.firebreak("silence", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.exit == 0, "\(run.errors)")
    let all = try rows(run)
    let devices = all.filter { $0["scope"] as? String == "device" }
    #expect(devices.compactMap { $0["device"] as? String } == ["dev-3", "dev-5"], "\(all)")
    #expect(devices.first?["missed"] as? Int == 12)
    #expect(devices.first?["period_seconds"] as? Double == 10)
    #expect(devices.last?["to"] is NSNull)
    let collectors = all.filter { $0["scope"] as? String == "collector" }
    #expect(
      collectors.count == 1
        && (collectors.first?["from"] as? String)?.hasPrefix("2026-04-07T09:14:59") == true)
    let sql = try rows(
      work.firebreak(
        "query", "--case", "x.firebreak", "--format", "jsonl", "--sql",
        "SELECT device, last_heard, missed FROM silence_interval WHERE scope = 'device' ORDER BY from_ns"))
    #expect(sql.count == 2 && sql.first?["device"] as? String == "dev-3")
    let sources = try work.firebreak("sources", "--gaps", "--case", "x.firebreak", "--format", "jsonl")
    let gaps = try rows(sources).first?["gaps"] as? [[String: Any]]
    #expect(gaps?.count == 1, "\(sources.output)")
  }

  private static func line(_ second: Int, _ stamp: Int, _ text: String) -> String {
    String(format: "2026-04-07T%02d:%02d:%02dZ", 9 + stamp / 3600, stamp / 60 % 60, stamp % 60)
      + " dev-1 agent[1]: \(text)\n"
  }

  /// A clock that is moved leaves a gap in the stamps, while its device goes on.
  @Test func aClockThatIsMovedIsNoSilence() throws {
    let work = try Workspace()
    let log = stride(from: 0, to: 3600, by: 10).map { second -> String in
      Self.line(second, second + ((1200..<2400).contains(second) ? 3600 : 0), "alive, load \(second % 7)")
    }
    try work.write("dev-1.log", log.joined())
    #expect(try work.ingest(work.at("dev-1.log")).run.exit == 0)
    let run = try work.firebreak("silence", "--case", "x.firebreak", "--format", "jsonl")
    #expect(run.exit == 1, "\(run.output) \(run.errors)")
    let clocks = try rows(work.firebreak("clocks", "dev-1", "--case", "x.firebreak", "--format", "jsonl"))
    #expect(clocks.contains { ($0["decided"] as? String)?.hasPrefix("3600.") == true }, "\(clocks)")
  }

  /// What a damaged stream lost is no silence of its device; what it was silent for elsewhere is.
  @Test func aHoleOfTheEvidenceIsNoSilence() throws {
    let work = try Workspace()
    func log(_ seconds: Range<Int>) -> String {
      stride(from: seconds.lowerBound, to: seconds.upperBound, by: 10).filter { !(3000..<3200).contains($0) }
        .map {
          // Random digits keep the compressed stream long enough to be cut in its middle.
          Self.line($0, $0, "alive, load \($0 % 7) \(($0 &* 2_654_435_761) % 4_294_967_291)")
        }.joined()
    }
    let packed = try Workspace.gzip(Data(log(0..<1800).utf8))
    try work.write("dev-1/log.1.gz", packed.prefix(packed.count / 2))
    try work.write("dev-1/log", log(1800..<3600))
    let ingested = try work.ingest(work.at("dev-1"))
    #expect(ingested.damage.contains("gzip-truncated"), "\(ingested.run.output)")
    let all = try rows(work.firebreak("silence", "--case", "x.firebreak", "--format", "jsonl"))
      .filter { $0["scope"] as? String == "device" }
    #expect(all.count == 1, "\(all)")
    #expect((all.first?["from"] as? String)?.hasPrefix("2026-04-07T09:49:50") == true, "\(all)")
  }

  @Test func withoutSilenceTheAnswerIsNo() throws {
    let work = try workspace { _, _ in true }
    let run = try work.firebreak("silence", "--case", "x.firebreak")
    #expect(run.exit == 1, "\(run.output)")
    let rhythm = try work.firebreak("silence", "--rhythm", "--case", "x.firebreak", "--format", "jsonl")
    let all = try rows(rhythm)
    #expect(all.count == 10 && all.allSatisfy { $0["period_seconds"] as? Double == 10 }, "\(rhythm.output)")
  }

  /// That a device was never silent would be the wrong answer to a slip of the pen.
  @Test func aNameThatNobodyHasIsRefused() throws {
    let work = try workspace { _, _ in true }
    for options in [[], ["--rhythm"]] {
      let wrong = try BuiltProgram.run(
        ["silence", "dev-33", "--case", "x.firebreak"] + options, in: work.folder)
      #expect(wrong.exit == 1)
      #expect(wrong.errors.contains("no device or source of this case is called 'dev-33'"), "\(wrong.errors)")
      #expect(!wrong.errors.contains("nobody was silent"))
    }
    for name in ["dev-3", "dev-*", "all.log"] {
      let right = try work.firebreak("silence", name, "--case", "x.firebreak")
      #expect(right.exit == 1 && right.errors.contains("nobody was silent"), "\(name): \(right.errors)")
    }
  }

  /// Visits that come in bursts repeat within seconds, but nothing is due between them.
  @Test func burstsAreNoRhythm() throws {
    let work = try Workspace()
    var log = ""
    for burst in 0..<20 {
      let minute = burst * 3
      for second in stride(from: 0, to: 20, by: 2) {
        log += String(
          format: "2026-04-07T09:%02d:%02dZ web app[1]: page \(burst) asked for\n", minute, second)
      }
    }
    for second in stride(from: 0, to: 3600, by: 30) {
      log += String(format: "2026-04-07T09:%02d:%02dZ meter app[1]: reading sent\n", second / 60, second % 60)
    }
    try work.write("all.log", log)
    #expect(try work.ingest(work.at("all.log")).run.exit == 0)
    let rhythm = try work.firebreak("silence", "--rhythm", "--case", "x.firebreak", "--format", "jsonl")
    #expect(try rows(rhythm).compactMap { $0["device"] as? String } == ["meter"], "\(rhythm.output)")
    let gaps = try work.firebreak("silence", "--case", "x.firebreak")
    #expect(gaps.exit == 1, "\(gaps.output)")
    #expect(gaps.errors.contains("no rhythm: 1 of 2 devices"), "\(gaps.errors)")
  }
}
