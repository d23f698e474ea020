import Foundation
import Glibc
import Testing

/// `simulate`, `ingest`, `trace`, `what-if` in a row, against the truth that `simulate` writes.
@Suite(.serialized) struct SimulatedIncidentTests {
  private static let isLong = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] != nil

  /// A case made of a simulated incident, and its truth.
  private func incident(
    _ scenario: String, devices: Int, seed: Int, in work: Workspace, options: [String] = []
  ) throws -> (path: String, truth: [String: Any]) {
    let folder = work.at("\(scenario)-\(devices)-\(seed)")
    let made = try work.firebreak(
      "simulate", "--scenario", scenario, "--devices", "\(devices)", "--seed", "\(seed)", "--output", folder)
    #expect(made.exit == 0, "\(made.errors)")
    let read = try work.firebreak(
      "ingest", "\(folder)/evidence", "--inventory", "\(folder)/inventory.csv", "--topology",
      "\(folder)/topology.csv",
      "--case", "\(folder).firebreak")
    #expect([0, 3].contains(read.exit), "\(read.errors)")
    let truth = try jsonObject(String(contentsOfFile: "\(folder)/truth.json", encoding: .utf8))
    return ("\(folder).firebreak", truth)
  }

  @Test func numbersAloneNameTheUnitThatSlowedDownFirst() throws {
    let work = try Workspace()
    var first = 0
    var three = 0
    let seeds = Self.isLong ? 1..<41 : 1..<7
    for seed in seeds {
      let (path, truth) = try incident("metric-degradation", devices: 60, seed: seed, in: work)
      let run = try work.firebreak("trace", "--case", path, "--format", "json", "--no-store")
      let origins = (try jsonObject(run.output)["origins"] as? [[String: Any]] ?? []).compactMap {
        $0["device"] as? String
      }
      let right = Set(truth["origins"] as? [String] ?? [])
      if let top = origins.first, right.contains(top) { first += 1 }
      if origins.prefix(3).contains(where: { right.contains($0) }) { three += 1 }
    }
    print("metric-degradation: origin first in \(first), among three in \(three) of \(seeds.count)")
    #expect(first * 2 >= seeds.count)
    #expect(three * 3 >= seeds.count * 2)
  }

  @Test func whatIfIsBetterThanNoneFailAndThanAllFail() throws {
    let work = try Workspace()
    var errors: [Double] = []
    var none: [Double] = []
    var all: [Double] = []
    let seeds = Self.isLong ? 1001..<1051 : 1001..<1004
    for seed in seeds {
      let (path, truth) = try incident(
        "firmware-cascade", devices: [120, 200, 300, 400, 600][seed % 5], seed: seed, in: work)
      for entry in truth["counterfactuals"] as? [[String: Any]] ?? [] {
        guard let policy = entry["policy"] as? [String: Any], let waves = policy["waves"] as? [Double],
          let soak = policy["soak"] as? Double, let halt = policy["halt_above"] as? Double,
          let spared = entry["failed_counterfactual"] as? Double,
          let actual = entry["failed_actual"] as? Double
        else { continue }
        let run = try work.firebreak(
          "what-if", "--case", path, "--waves", waves.map { "\($0)" }.joined(separator: ","), "--soak",
          "\(Int(soak))s", "--halt-above", "\(halt)", "--format", "json")
        // Where no change is found the answer counts as wrong by everything.
        let failed = run.exit == 0 ? try jsonObject(run.output)["failed"] as? Double : nil
        errors.append(failed.map { abs($0 - spared) / actual } ?? 1)
        none.append(spared / actual)
        all.append((actual - spared) / actual)
      }
    }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    print(
      "what-if on \(seeds.count) incidents, \(errors.count) policies: error median \(median(errors)), mean \(mean(errors)); "
        + "none fail \(median(none)), \(mean(none)); all fail \(median(all)), \(mean(all))")
    #expect(errors.count == seeds.count * 6)
    #expect(median(errors) <= (Self.isLong ? 0.1 : 0.3))
    if Self.isLong { #expect(mean(errors) < min(mean(none), mean(all))) }
  }

  @Test func onePageShowsTheTreeOverTimeWithoutTheNetwork() throws {
    let work = try Workspace()
    let (path, truth) = try incident("dependency-failure", devices: 80, seed: 3, in: work)
    let run = try work.firebreak("trace", "--case", path, "--format", "html", "--output", work.at("t.html"))
    #expect(run.exit == 0, "\(run.errors)")
    #expect(run.output.isEmpty)
    let page = try String(contentsOfFile: work.at("t.html"), encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>") || page.hasPrefix("<!doctype html>"))
    #expect(page.contains("<svg"))
    #expect(page.contains((truth["origins"] as? [String])?.first ?? "?"))
    #expect(!page.contains("src=\"http"))
    // An empty icon, so that no browser asks for one; no other link.
    #expect(!page.replacing("<link rel=\"icon\" href=\"data:,\">", with: "").contains("<link"))
    let printed = try work.firebreak("trace", "--case", path, "--format", "html", "--no-store")
    #expect(printed.output.contains("</html>"))
  }

  @Test func refusesAnOutputThatCannotBeWrittenBeforeTheWork() throws {
    let work = try Workspace()
    let (path, _) = try incident("quiet", devices: 20, seed: 1, in: work)
    let run = try work.firebreak("trace", "--case", path, "--output", work.at("no/such/t.txt"))
    #expect(run.exit == 2)
    #expect(run.errors.contains("cannot write"))
    #expect(run.output.isEmpty)
  }

  @Test func interruptedTraceSaysSoAndEndsWith130() throws {
    let work = try Workspace()
    let (path, _) = try incident("firmware-cascade", devices: 1200, seed: 2, in: work)
    let process = Process()
    process.executableURL = URL(filePath: BuiltProgram.path)
    process.arguments = ["trace", "--case", path, "--no-store"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = work.at("errors.txt")
    _ = FileManager.default.createFile(atPath: errors, contents: nil)
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
    try process.run()
    usleep(250_000)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    #expect(try String(contentsOfFile: errors, encoding: .utf8).contains("interrupted"))
  }
}
