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
