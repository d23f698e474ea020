import Foundation
import IncidentSimulation
import Testing

/// `Samples/` is what `simulate` makes today, and its expectations agree with its truth.
@Suite struct SampleTests {
  private struct Expected: Decodable {
    let arguments: [String]
    let events: Int
    let origin: String
    let affected: Int
    let unrelated: [String]
  }

  static let samples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Samples").path

  @Test(arguments: ["firmware-cascade", "worm"]) func sampleIsWhatSimulateMakes(_ name: String) throws {
    let folder = SampleTests.samples + "/" + name
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: URL(filePath: folder + "/expected.json")))
    var options: [String: String] = [:]
    for index in stride(from: 1, to: expected.arguments.count, by: 2) {
      options[expected.arguments[index]] = expected.arguments[index + 1]
    }
    var settings = SimulationSettings(
      scenario: try #require(options["--scenario"]),
      devices: try #require(options["--devices"].flatMap { Int($0) }),
      seed: try #require(options["--seed"].flatMap { UInt64($0) }))
    settings.events = options["--events"].flatMap { Int($0) }
    let scratch = ScratchFolder()
    let made = try scratch.simulate(settings)
    // The manifest has lines and bytes of each log, and does not depend on zlib's version.
    for document in ["truth.json", "inventory.csv", "topology.csv", "manifest.json"] {
      let (a, b) = (URL(filePath: made + "/" + document), URL(filePath: folder + "/" + document))
      #expect(try Data(contentsOf: a) == Data(contentsOf: b), "\(document): make the samples again")
    }
    let truth = try Truth(folder: folder)
    #expect(truth.events == expected.events)
    #expect(truth.primary_origin == expected.origin)
    #expect(truth.n_failed == expected.affected)
    #expect(truth.decoys.keys.sorted() == expected.unrelated)
  }

  @Test func samplesAreSmall() throws {
    let bytes = try ScratchFolder.contents(of: SampleTests.samples).reduce(0) { $0 + $1.data.count }
    #expect(bytes < 5_000_000)
  }
}
