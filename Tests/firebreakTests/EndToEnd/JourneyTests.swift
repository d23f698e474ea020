import Foundation
import Testing

/// The main job on both samples: ingest, query, show, trace, postmortem, with what a person expects of them.
@Suite(.serialized) struct JourneyTests {
  struct Expected: Decodable {
    struct Source: Decodable {
      let path: String
      let bytes: Int
      let lines: Int
      let events: Int
    }
    let events: Int
    let origins: [String]
    let affected: Int
    let sources: [Source]
  }

  static let samples = ["firmware-cascade", "worm"]

  private func expected(_ name: String) throws -> Expected {
    try JSONDecoder().decode(
      Expected.self, from: Data(Repository.text("Samples/\(name)/expected.json").utf8))
  }

  private func ingestSample(_ name: String, into work: Workspace) throws -> Workspace.Ingested {
    let sample = Repository.root.appending(path: "Samples/\(name)").path(percentEncoded: false)
    return try work.ingest(
      sample + "/evidence",
      options: ["--inventory", sample + "/inventory.csv", "--topology", sample + "/topology.csv"])
  }

  @Test(arguments: samples) func everyLineOfTheSampleIsAnEvent(_ name: String) throws {
    let work = try Workspace()
    let expected = try expected(name)
    let result = try ingestSample(name, into: work)
    #expect(result.run.exit == 0, "\(result.run.errors)")
    #expect(result.unaccounted == nil)
    #expect(result.count("events") == expected.events)
    #expect(result.count("refused") == 0)
    // Containers are sources, too, without bytes of their own.
    let sizes = result.sources.compactMap { $0["bytes"] as? Int }.filter { $0 > 0 }
    #expect(sizes.sorted() == expected.sources.map(\.bytes).sorted())
    #expect(try work.eventCount() == expected.events)
    // Every stamp lies in the window, clocks of up to two minutes off: no year or zone went wrong.
    let span = try work.firebreak(
      "query", "--case", work.at("x.firebreak"), "--sql",
      "SELECT min(time) AS a, max(time) AS b FROM timeline WHERE time IS NOT NULL", "--format", "jsonl")
    let day = name == "worm" ? "2025-0" : "2025-02-22T0"
    #expect(span.output.components(separatedBy: day).count == 3, "\(span.output)")
  }

  @Test(arguments: samples) func traceNamesTheOrigin(_ name: String) throws {
    let work = try Workspace()
    let expected = try expected(name)
    _ = try ingestSample(name, into: work)
    let run = try work.firebreak("trace", "--case", work.at("x.firebreak"), "--format", "json")
    #expect(run.exit == 0, "\(run.errors)")
    let document = try jsonObject(run.output)
    let origins = (document["origins"] as? [[String: Any]] ?? []).compactMap { $0["device"] as? String }
    let first = try #require(origins.first)
    #expect(expected.origins.contains(first), "\(origins.prefix(5))")
    let onsets = document["onsets"] as? [String: Any] ?? [:]
    #expect(Double(onsets.count) > 0.8 * Double(expected.affected))
    #expect(Double(onsets.count) < 1.2 * Double(expected.affected))
    let table = try work.firebreak("trace", "--case", work.at("x.firebreak"))
    #expect(table.exit == 0)
    #expect(table.output.contains(first))
    #expect(table.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: samples) func postmortemStandsAlone(_ name: String) throws {
    let work = try Workspace()
    _ = try ingestSample(name, into: work)
    _ = try work.firebreak("trace", "--case", work.at("x.firebreak"))
    for folder in ["one", "two"] {
      let run = try work.firebreak(
        "postmortem", "--case", work.at("x.firebreak"), "--output", work.at(folder))
      #expect(run.exit == 0, "\(run.errors)")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: work.at("one")).sorted()
    for suffix in [".html", ".md", ".json"] { #expect(names.contains { $0.hasSuffix(suffix) }, "\(names)") }
    for name in names {
      let one = try Data(contentsOf: work.folder.appending(path: "one/\(name)"))
      #expect(
        try one == Data(contentsOf: work.folder.appending(path: "two/\(name)")),
        "\(name): same input, same bytes")
      if name.hasSuffix(".html") {
        let text = String(decoding: one, as: UTF8.self)
        #expect(text.contains("<svg") && !text.contains("<script") && !text.contains("src=\"http"))
        #expect(text.contains("Content-Security-Policy"))
      }
      if name.hasSuffix(".json") { _ = try jsonObject(String(decoding: one, as: UTF8.self)) }
    }
  }

  @Test func firstFiveMinutesWork() throws {
    // What the README tells a newcomer, with a case found by itself.
    let work = try Workspace()
    #expect(try work.firebreak("--help").exit == 0)
    #expect(try work.firebreak("--version").exit == 0)
    let lost = try work.firebreak("query", "device:x")
    #expect(lost.exit == 2)
    #expect(lost.errors.contains("ingest"))
    let unknown = try work.firebreak("qurey")
    #expect(unknown.exit == 64)
    let simulated = try work.firebreak(
      "simulate", "--scenario", "firmware-cascade", "--devices", "150", "--seed", "3", "--output", "incident")
    #expect(simulated.exit == 0)
    let ingested = try work.firebreak(
      "ingest", "incident/evidence", "--inventory", "incident/inventory.csv", "--topology",
      "incident/topology.csv")
    #expect(ingested.exit == 0, "\(ingested.errors)")
    let cases = try FileManager.default.contentsOfDirectory(atPath: work.path).filter {
      $0.hasSuffix(".firebreak")
    }
    #expect(cases.count == 1)
    #expect(try work.firebreak("query", "severity>=error", "--limit", "5").exit == 0)
    #expect(try work.firebreak("trace").exit == 0)
    #expect(try work.firebreak("postmortem", "--output", "report").exit == 0)
  }

  @Test func aQuietNightIsNoIncident() throws {
    let work = try Workspace()
    _ = try work.firebreak(
      "simulate", "--scenario", "quiet", "--devices", "200", "--seed", "2", "--output", "q")
    _ = try work.ingest(work.at("q/evidence"), options: ["--inventory", work.at("q/inventory.csv")])
    let run = try work.firebreak("trace", "--case", work.at("x.firebreak"), "--format", "json")
    let document = try jsonObject(run.output)
    #expect(run.exit == 0 || run.exit == 1)
    // Where messages are missing, trace takes ordinary gaps for silence. Remove this when it no longer does.
    withKnownIssue("trace finds an incident in a quiet night", isIntermittent: true) {
      #expect((document["origins"] as? [Any])?.isEmpty ?? true)
    }
  }

  @Test func damagedEvidenceStillGivesACase() throws {
    let work = try Workspace()
    _ = try work.firebreak(
      "simulate", "--scenario", "worm", "--devices", "80", "--seed", "6", "--damage", "--output", "d")
    let result = try work.ingest(work.at("d/evidence"))
    #expect(result.run.exit == 3)
    #expect(result.unaccounted == nil)
    #expect(
      result.damage.contains { $0.contains("truncated") } && result.damage.contains { $0.contains("crc") })
    let lost = try work.firebreak("trace", "--case", work.at("x.firebreak"))
    #expect(lost.exit == 0, "\(lost.errors)")
  }
}
