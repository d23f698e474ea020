import Foundation
import Testing

@testable import LogFormats

@Suite struct FormatSampleTests {
  @Test(arguments: AllFormats.list.map(\.name))
  func formatReadsItsOwnSamples(_ name: String) throws {
    let format = try #require(AllFormats.list.first { $0.name == name })
    #expect(format.samples.count > 0)
    #expect(format.refusals.count > 0, "a format has to show what it refuses")
    #expect(SampleCheck.failures(of: format) == [])
  }

  /// Whoever claims a line with the highest score gets it, so each format must win its own.
  @Test func noFormatClaimsAnothersSamples() {
    let bodies = Set(BuiltInDefinitions.formats.filter { !$0.claimsLines }.map(\.name))
    for format in AllFormats.list
    where format.name != "text" && format.framing == .lines && !bodies.contains(format.name) {
      for sample in format.samples where sample.verdict == .event && format.name != "csv" && !sample.isPlain {
        var text = sample.record
        text.withUTF8 { utf8 in
          let line = UnsafeRawBufferPointer(utf8)
          let own = format.score(line)
          for other in AllFormats.list where other.name != format.name {
            let theirs = other.score(line)
            #expect(theirs < own, "\(other.name) claims a sample of \(format.name): \(sample.record)")
          }
        }
      }
    }
  }

  /// A file of a format's own samples is given to that format.
  @Test func aFileOfSamplesElectsItsFormat() {
    let bodies = Set(BuiltInDefinitions.formats.filter { !$0.claimsLines }.map(\.name))
    for format in AllFormats.list
    where !["text", "journald-monotonic"].contains(format.name) && !bodies.contains(format.name) {
      // Among journald-monotonic's samples are the kernel's own lines, which are dmesg's where they stand alone.
      let separator = [.lines, .jsonValues, .jsonElements].contains(format.framing) ? "\n" : ""
      var text = format.samples.map { $0.record + separator }.joined()
      // Several shapes of journal entries and login records need their own framing; empty records tell nothing.
      guard [.lines, .jsonValues, .jsonElements, .dlt].contains(format.framing) else {
        continue
      }
      text.withUTF8 { utf8 in
        let election = FormatElection(formats: AllFormats.list, head: UnsafeRawBufferPointer(utf8))
        #expect(election.winner?.name == format.name, "\(election.scores.prefix(3))")
      }
    }
  }

  /// A document is read as one: lines of which many are torn, the first too, must not be taken for it and be lost as a whole.
  @Test(arguments: [10, 50, 90, 99]) func tornLinesOfJSONAreNoDocument(_ percent: Int) {
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let lines = (0..<600).map { index in
      let line =
        #"{"ts":"2026-04-07T09:08:\#(10 + index % 50)Z","device":"d\#(index)","tags":["a","b"],"#
        + #""at":{"x":1},"msg":"up, \#(index)"}"#
      return index == 0 || random(100) < percent ? String(line.prefix(2 + random(line.utf8.count - 2))) : line
    }
    let winner = Array(lines.joined(separator: "\n").utf8.prefix(40_000)).withUnsafeBytes {
      FormatElection(formats: AllFormats.list, head: $0).winner?.name
    }
    #expect(winner != "json")
  }

  @Test func aDocumentThatIsCutIsStillOne() {
    let elements = (0..<600).map {
      #"{"ts":\#(1_775_552_889 + $0),"device":"d\#($0)","tags":["a"],"msg":"up"}"#
    }
    let spread = elements.map { $0.replacingOccurrences(of: ",\"", with: ",\n    \"") }
    for text in [
      "[\n" + elements.joined(separator: ",\n"), "[" + elements.joined(separator: ",\n"),
      "[\n  " + spread.joined(separator: ",\n  "), "{\n\"events\": [\n" + spread.joined(separator: ",\n"),
      "{\n\"events\":\n[\n" + elements.joined(separator: "\n,\n"),
    ] {
      #expect(
        Array(text.utf8.prefix(40_000)).withUnsafeBytes { JSONDocumentFormat.spansLines($0) },
        "\(text.prefix(80))")
    }
  }

  @Test func namesAreUniqueAndListedFormatsAreTheFolder() throws {
    let names = AllFormats.list.map(\.name)
    #expect(Set(names).count == names.count)
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/LogFormats")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "Formats").path)
    let listing = try String(contentsOf: folder.appending(path: "AllFormats.swift"), encoding: .utf8)
    for file in files where file.hasSuffix(".swift") {
      let type = file.dropLast(".swift".count) + "Format("
      #expect(listing.contains(type), "\(file) is not listed in AllFormats.swift")
    }
    #expect(files.filter { $0.hasSuffix(".swift") }.count == AllFormats.inCode.count)
    let definitions = try FileManager.default.contentsOfDirectory(
      atPath: folder.appending(path: "Definitions").path
    )
    .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }
    #expect(definitions.sorted() == BuiltInDefinitions.list.map(\.name).sorted())
    #expect(BuiltInDefinitions.list.map(\.name) == BuiltInDefinitions.formats.map(\.name))
  }
}
