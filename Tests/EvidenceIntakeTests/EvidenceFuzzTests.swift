import Foundation
import Glibc
import IncidentModel
import LogFormats
import Testing

@testable import EvidenceIntake

/// Whole files and containers, damaged by a seeded mutator, through the whole intake: no crash, no hang, every byte accounted for,
/// memory bounded. `FIREBREAK_FUZZ_SECONDS` makes it long, `FIREBREAK_FUZZ_SEED` makes it another.
@Suite(.serialized) struct EvidenceFuzzTests {
  struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// Files to begin with: every format's own samples, containers around some of them, and what lies beside the project.
  static func seeds() -> [(name: String, bytes: [UInt8])] {
    var seeds: [(name: String, bytes: [UInt8])] = []
    for format in FormatCatalog().formats {
      let separator = format.framing == .lines ? "\n" : ""
      let text = format.samples.map { $0.record + separator }.joined()
      seeds.append(("\(format.name).log", Array(text.utf8)))
    }
    let plain = Array(Make.lines(200).utf8)
    let inner = Make.gzip(plain)
    seeds.append(("g.gz", inner))
    seeds.append(("made.journal", Make.journal(40)))
    seeds += documents
    for kind in [ContentKind.zip, .sevenZip, .cpio, .tar] {
      seeds.append(
        (
          "a.\(kind.name)",
          Make.archive(
            kind, [Make.Entry(name: "a.log", bytes: plain), Make.Entry(name: "b.gz", bytes: inner)])
        ))
    }
    for kind in [ContentKind.bzip2, .xz, .zstd, .lz4] {
      seeds.append(("c.\(kind.name)", Make.compressed(kind, plain)))
      seeds.append(
        ("t.\(kind.name)", Make.archive(.tar, [Make.Entry(name: "a.log", bytes: plain)], compression: kind)))
    }
    let shared =
      ProcessInfo.processInfo.environment["FIREBREAK_SHARED"]
      ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared").path()
    let files = FileManager.default.enumerator(
      at: URL(filePath: shared).appending(path: "samples"), includingPropertiesForKeys: [.fileSizeKey])
    while let file = files?.nextObject() as? URL {
      guard let size = try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize, size > 0, size < 200_000,
        let data = try? Data(contentsOf: file)
      else { continue }
      seeds.append((file.lastPathComponent, [UInt8](data)))
    }
    return seeds
  }

  /// JSON documents: a list and maps of objects, pretty-printed and on one line, small and so large that they are read element by
  /// element.
  private static var documents: [(name: String, bytes: [UInt8])] {
    func object(_ number: Int) -> String {
      "{\"ts\":\"2026-04-07T09:08:\(number % 50 + 10)Z\",\"device\":\"gw-\(number % 7)\",\"v\":[1,{\"x\":\(number)}],"
        + "\"msg\":\"upload \\\"\(number)\\\" is {done}\"}"
    }
    var seeds: [(name: String, bytes: [UInt8])] = []
    for count in [3, 900] {
      let objects = (0..<count).map(object)
      let map = objects.enumerated().map { "\"k\($0.offset)\":\($0.element)" }
      let texts = [
        "[" + objects.joined(separator: ",") + "]", "[\n  " + objects.joined(separator: ",\n  ") + "\n]\n",
        "{\"Records\":[" + objects.joined(separator: ",") + "],\"next\":null}",
        "{\"decode\":{" + map.joined(separator: ",") + "},\"meta\":{\"n\":1},\"encode\":{"
          + map.joined(separator: ",")
          + "}}",
        "{\n \"a\": {\n  \"b\": {\n   " + map.joined(separator: ",\n   ") + "\n  }\n }\n}\n",
        "{\"version\":2,\"runs\":[{\"log\":[" + objects.joined(separator: ",\n") + "]}]}",
      ]
      seeds += texts.enumerated().map { ("document-\(count)-\($0.offset).json", Array($0.element.utf8)) }
    }
    return seeds
  }

  /// Bytes of a seed where each has its turn once.
  private static let shortened = 24 << 10

  private func damage(
    _ bytes: inout [UInt8], _ others: [(name: String, bytes: [UInt8])], _ random: inout Seeded
  ) {
    for _ in 0...Int.random(in: 0..<4, using: &random) {
      let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
      let end = min(bytes.count, place + Int.random(in: 1...400, using: &random))
      switch Int.random(in: 0..<8, using: &random) {
      case 0: bytes.removeSubrange(place..<bytes.count)
      case 1: for index in place..<end { bytes[index] = UInt8.random(in: 0...255, using: &random) }
      case 2: for index in place..<end { bytes[index] = 0 }
      case 3: if !bytes.isEmpty { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
      case 4: bytes.removeSubrange(place..<end)
      case 5: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 6:
        let other = others.randomElement(using: &random)?.bytes ?? []
        bytes.insert(contentsOf: other.prefix(Int.random(in: 0...2000, using: &random)), at: place)
      default:
        let byte: UInt8 = [0x0A, 0x22, 0x7B, 0x5B, 0x09, 0x3C, 0x20, 0xFF].randomElement(using: &random) ?? 0
        bytes.insert(
          contentsOf: [UInt8](repeating: byte, count: Int.random(in: 1...3000, using: &random)), at: place)
      }
    }
    if bytes.isEmpty { bytes = [0] }
  }

  /// As `firebreak formats test` does.
  private func look(_ path: String) throws {
    var options = IntakeOptions()
    options.isolation = .thread
    try SourceBeginnings(of: path, bytes: 1 << 20, options: options).visit { source in
      let rows = source.bytes.withUnsafeBytes {
        FormatTrial(catalog: options.catalog, bytes: $0, path: [path], limit: 50, isWhole: !source.isCut).rows
      }
      #expect(rows.count <= 50)
      return true
    }
  }

  /// CPU seconds of this thread and of the archive thread cannot be told apart: the process's count.
  private static func cpu() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
      + Double(usage.ru_stime.tv_sec)
  }

  private static func peakMegabytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Int(usage.ru_maxrss) / 1024
  }

  @Test func damagedFilesAreAccountedForToTheByte() throws {
    let environment = ProcessInfo.processInfo.environment
    let seconds = environment["FIREBREAK_FUZZ_SECONDS"].flatMap(Double.init)
    let seed = environment["FIREBREAK_FUZZ_SEED"].flatMap(UInt64.init) ?? 2026
    var random = Seeded(state: seed)
    let seeds = Self.seeds()
    let folder = Folder()
    let before = Self.peakMegabytes()
    let deadline = seconds.map { Date(timeIntervalSinceNow: $0 / 2) }
    var rounds = 0
    var slowest = (cpu: 0.0, name: "")
    // Every seed once, the large ones by their beginning, unless there is time for more.
    while deadline.map({ Date() < $0 }) ?? (rounds < seeds.count) {
      let original = seeds[rounds % seeds.count]
      var bytes = seconds == nil ? Array(original.bytes.prefix(Self.shortened)) : original.bytes
      damage(&bytes, seeds, &random)
      let start = Self.cpu()
      // The sink and the reader itself compare the accounts; every fault is an issue.
      let (_, summary) = try ingest([folder.write("r-\(original.name)", bytes)])
      if rounds % 8 == 0 { try look(folder.path + "/r-\(original.name)") }
      for source in summary.sources {
        #expect(source.bytesBy.total == source.bytes, "\(original.name), round \(rounds), seed \(seed)")
      }
      let used = Self.cpu() - start
      if used > slowest.cpu { slowest = (used, original.name) }
      rounds += 1
    }
    let grown = Self.peakMegabytes() - before
    print(
      "fuzz: \(rounds) damaged files of \(seeds.count) seeds, seed \(seed), slowest \(slowest.name), memory grew by \(grown) MB"
    )
    // A hang would be minutes; the slowest honest round takes well below a second.
    #expect(slowest.cpu < 30, "\(slowest.name) took \(slowest.cpu) s of CPU")
    #expect(grown < 1500, "the peak of memory grew by \(grown) MB")
  }
}
