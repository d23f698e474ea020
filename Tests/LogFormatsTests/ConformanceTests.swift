import Foundation
import IncidentModel
import Testing

@testable import LogFormats

/// Agreement with what plaso and lnav say of their own test data, kept beside the project (`../shared` or
/// `FIREBREAK_SHARED`). Skipped where absent, except in CI.
@Suite struct ConformanceTests {
  static let shared: String? = {
    let environment = ProcessInfo.processInfo.environment
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let candidates = [environment["FIREBREAK_SHARED"], "\(root)/shared"].compactMap { $0 }
    return candidates.first { FileManager.default.fileExists(atPath: "\($0)/samples/plaso/expected.json") }
  }()

  /// One file's comparison.
  struct Row {
    var file: String
    var expected: Int
    var found: Int
    var format: String
    var wrongTimes: [String]
    var agrees: Bool { expected == found && wrongTimes.isEmpty }
  }

  /// Where the peer is wrong, or reads something that is no log of ours: with the reason.
  static let exceptions: [String: String] = [
    "logfile_filter.1":
      "lnav counts lines before the first stamp as records dated by it; they say no time and stay without",
    "logfile_regexp_access_log.0": "lnav 0.11 leaves out the zone offset -0700",
    "wtmp.1": "plaso makes events of 1970-01-01 out of empty records; they are padding",
    "logfile_yday.0": "lnav takes the day of the year 025 for a month and day",
  ]

  @Test func agreesWithPlaso() throws {
    let shared = try Self.root()
    try compare(
      try Self.entries("\(shared)/samples/plaso/expected.json"), in: "\(shared)/samples/plaso",
      isAuditByRecord: true)
  }

  @Test func agreesWithLnav() throws {
    let shared = try Self.root()
    try compare(
      try Self.entries("\(shared)/samples/lnav/expected.json"), in: "\(shared)/samples/lnav",
      isAuditByRecord: true)
  }

  /// Every sample is read without a crash, every byte of it in one record.
  @Test func everyByteOfEverySampleHasItsRecord() throws {
    let root = URL(filePath: try Self.root()).appending(path: "samples")
    let files = try #require(
      FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey]))
    var catalog = FormatCatalog()
    catalog.add(TextFormat())
    for case let file as URL in files
    where try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
      let bytes = [UInt8](try Data(contentsOf: file).prefix(300_000))
      bytes.withUnsafeBytes { all in
        guard !all.isEmpty else { return }
        let reader = catalog.reader(
          head: UnsafeRawBufferPointer(rebasing: all.prefix(65_536)),
          context: SourceContext(path: [file.lastPathComponent]))
        var framer = RecordFramer(reader.framing)
        var reading = Reading()
        var offset = 0
        while offset < all.count {
          let rest = UnsafeRawBufferPointer(rebasing: all[offset...])
          guard let frame = framer.next(rest, isAtEnd: true), frame.consumed > 0 else {
            Issue.record("\(file.lastPathComponent): no record at \(offset)")
            return
          }
          let record = UnsafeRawBufferPointer(rebasing: rest[frame.start..<frame.end])
          _ = reader.parse(record, into: &reading)
          var more = 0
          while reading.flags.contains(.more), more < 100_000 {
            _ = reader.next(record, into: &reading)
            more += 1
          }
          offset += frame.consumed
        }
      }
    }
  }

  // MARK: Comparing

  static func root() throws -> String {
    if let shared { return shared }
    if ProcessInfo.processInfo.environment["CI"] == "true" {
      Issue.record("the samples beside the project are absent")
    }
    try Test.cancel("the samples beside the project (../shared) are absent")
  }

  private static func entries(_ path: String) throws -> [[String: Any]] {
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
    return try #require(json as? [[String: Any]])
  }

  private func compare(_ entries: [[String: Any]], in folder: String, isAuditByRecord: Bool) throws {
    var rows: [Row] = []
    for entry in entries {
      guard let kind = entry["kind"] as? String, let file = entry["file"] as? String, kind != "out-of-scope",
        kind != "container", !file.hasSuffix(".tar"), let expected = entry["expected_events"] as? Int
      else { continue }
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
      let trial = bytes.withUnsafeBytes { FormatTrial(catalog: FormatCatalog(), bytes: $0, path: [file]) }
      let events = trial.rows.filter {
        $0.verdict == "event" || $0.format == "auditd" && $0.verdict == "continuation"
      }
      var wrong: [String] = []
      for sample in kind == "count" ? [] : entry["samples"] as? [[String: Any]] ?? [] {
        guard let time = sample["timestamp_iso"] as? String else { continue }
        let stamps = events.map { Self.seconds($0.time) }
        if let wanted = Self.seconds(time), !stamps.contains(where: { Self.same($0, wanted) }) {
          wrong.append(time)
        }
      }
      rows.append(
        Row(
          file: (file as NSString).lastPathComponent, expected: expected, found: events.count,
          format: trial.elected, wrongTimes: wrong))
    }
    var table = ""
    var disagreeing = 0
    for row in rows {
      let verdict =
        row.agrees
        ? "agrees" : Self.exceptions[row.file].map { "peer: \($0)" } ?? "DIFFERS \(row.wrongTimes.prefix(2))"
      if !row.agrees, Self.exceptions[row.file] == nil { disagreeing += 1 }
      table += "\(row.file) | \(row.format) | expected \(row.expected) | found \(row.found) | \(verdict)\n"
    }
    print(table)
    #expect(disagreeing == 0, "\(table)")
    #expect(Self.exceptions.count <= 10)
  }

  /// A time as written by a peer or by `Reading.timeText`: whole seconds, and whether date and zone are known.
  private struct Moment {
    var seconds: Int64
    var clockAndDay: String
    var hasYear: Bool
    var hasZone: Bool
  }

  private static func same(_ ours: Moment?, _ theirs: Moment) -> Bool {
    guard let ours else { return false }
    if !ours.hasYear || !theirs.hasYear { return ours.clockAndDay == theirs.clockAndDay }
    if ours.hasZone, theirs.hasZone { return ours.seconds == theirs.seconds }
    return ours.clockAndDay == theirs.clockAndDay
  }

  private static func seconds(_ text: String) -> Moment? {
    var text = text.replacingOccurrences(of: " (no zone)", with: "")
    let isYearless = text.count < 19 || !text.prefix(4).allSatisfy(\.isNumber) || text.hasPrefix("000")
    if isYearless {
      let tail = text.hasPrefix("000") ? text.dropFirst(5) : text[...]
      return Moment(seconds: 0, clockAndDay: String(tail.prefix(14)), hasYear: false, hasZone: false)
    }
    let day = String(text.dropFirst(5).prefix(14))
    var reader = StampReader()
    return text.withUTF8 { utf8 in
      guard let stamp = reader.iso(UnsafeRawBufferPointer(utf8)) else { return nil }
      return Moment(
        seconds: stamp.time / 1_000_000_000, clockAndDay: day, hasYear: true, hasZone: stamp.kind == .absolute
      )
    }
  }
}
