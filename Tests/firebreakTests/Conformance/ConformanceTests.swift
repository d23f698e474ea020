import Foundation
import Testing

/// Every sample that peers publish expectations for is ingested by the built program and held against them.
@Suite struct ConformanceTests {
  /// Where a peer is wrong: file → its fault. At most ten.
  static let peersFaults: [String: String] = [
    "plaso/data/utmp/wtmp.1": "plaso makes events of 1970-01-01 out of empty records; they are padding",
    "lnav/data/logfile_bad_access_log.0":
      "lnav dates a malformed line by the one before; it carries its own stamp",
    "lnav/data/logfile_filter.1":
      "lnav dates lines before the first stamp by it; they say no time and stay without",
    "lnav/data/logfile_regexp_access_log.0": "lnav 0.11 leaves out the zone offset -0700",
    "lnav/data/logfile_rollover.2": "lnav puts the first of several new years into 1970",
    "lnav/data/logfile_syslog_with_mixed_times.0":
      "lnav moves lines whose stamps go back to the latest stamp before",
    "lnav/data/logfile_yday.0": "lnav takes the day of the year 025 for a month and day",
  ]

  /// Not read as it should be yet. Shrinks only: a file that agrees must leave the list.
  static let knownGaps: [String: String] = [:]

  struct Ingested {
    var sources: [[String: Any]] = []
    var times: [String] = []
    var eventCount = 0
    var exit: Int32 = 0
    var errors = ""
  }

  static func ingest(_ expectation: SharedSamples.Expectation, _ samples: SharedSamples) throws -> Ingested {
    let work = FileManager.default.temporaryDirectory.appending(
      path: "firebreak-conformance-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: work) }
    let copy = work.appending(path: URL(filePath: expectation.file).lastPathComponent)
    try FileManager.default.copyItem(at: samples.folder.appending(path: expectation.file), to: copy)
    if let modified = expectation.modified {
      try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: copy.path())
    }
    let caseFile = work.appending(path: "sample.firebreak").path()
    let ingest = try BuiltProgram.run(["ingest", copy.path(), "--case", caseFile, "--format", "json"])
    var result = Ingested()
    result.exit = ingest.exit
    result.errors = ingest.errors
    let document = try JSONSerialization.jsonObject(with: Data(ingest.output.utf8)) as? [String: Any]
    result.sources = document?["sources"] as? [[String: Any]] ?? []
    let query = try BuiltProgram.run([
      "query", "--case", caseFile, "--sql", "SELECT time FROM timeline ORDER BY id", "--format", "jsonl",
      "--limit", "2000000",
    ])
    result.times = query.output.split(separator: "\n").map {
      let row = try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      return row?["time"] as? String ?? ""
    }
    result.eventCount = result.times.count
    return result
  }

  /// Bytes in must equal the sum of where they went, for every source of every sample.
  static func accountingFault(_ sources: [[String: Any]]) -> String? {
    for source in sources {
      guard let bytes = source["bytes"] as? Int, let accounted = source["accounted"] as? [String: Int] else {
        return "a source without an account: \(source)"
      }
      let sum = accounted.values.reduce(0, +)
      if sum != bytes { return "\(source["path"] ?? ""): \(bytes) bytes in, \(sum) accounted" }
    }
    return sources.isEmpty ? "no source" : nil
  }

  /// The first difference between what was read and what the peer expects, or nil.
  static func difference(_ expectation: SharedSamples.Expectation, _ result: Ingested) -> String? {
    if let fault = accountingFault(result.sources) { return fault }
    if ![0, 3].contains(result.exit) { return "exit \(result.exit): \(result.errors)" }
    if expectation.kind == "container" { return containerDifference(expectation, result) }
    guard ["events+times", "month-day-time", "count"].contains(expectation.kind) else { return nil }
    // Plaso counts the records of an audit event one by one; here they are one event and its continuations.
    let isAudit = result.sources.allSatisfy { $0["format"] as? String == "auditd" }
    let continuations = result.sources.compactMap { ($0["counts"] as? [String: Int])?["continuations"] }
    let count = result.eventCount + (isAudit ? continuations.reduce(0, +) : 0)
    if let events = expectation.events, events != count {
      return "\(count) events, expected \(events)"
    }
    guard expectation.kind != "count", let times = expectation.times else { return nil }
    let digits = expectation.kind == "month-day-time" ? StampKey.monthDayTime : StampKey.milliseconds
    var ours = result.times.compactMap(digits).sorted()
    var theirs = times.compactMap(digits).sorted()
    if isAudit {
      ours = Set(ours).sorted()
      theirs = Set(theirs).sorted()
    }
    if ours == theirs { return nil }
    let at = zip(ours, theirs).first { $0 != $1 }
    return
      "times differ: \(ours.count) against \(theirs.count), first \(at.map { "\($0.0) against \($0.1)" } ?? "missing")"
  }

  static func containerDifference(_ expectation: SharedSamples.Expectation, _ result: Ingested) -> String? {
    for member in expectation.members {
      let name = member.name.split(separator: "/").joined(separator: "/")
      let found = result.sources.contains { source in
        let text = (source["member"] as? String ?? "").split(separator: "/").joined(separator: "/")
        return text.hasSuffix(name) && source["sha256"] as? String == member.sha256
          && source["bytes"] as? Int == member.size
      }
      if !found { return "member \(member.name) with its hash and size is missing" }
    }
    if let bytes = expectation.uncompressedBytes {
      let sum = result.sources.compactMap { $0["bytes"] as? Int }.reduce(0, +)
      if sum != bytes { return "\(sum) bytes uncompressed, expected \(bytes)" }
    }
    return nil
  }

  @Test func samplesAgreeWithTheirPeers() throws {
    guard let samples = SharedSamples.found else {
      let inCI = ProcessInfo.processInfo.environment["CI"] == "true"
      #expect(!inCI, "../shared/samples is absent")
      print("skipped: ../shared/samples is absent")
      return
    }
    var table: [String] = []
    var agree = 0
    for expectation in try samples.expectations() {
      let fault: String?
      do {
        fault = Self.difference(expectation, try Self.ingest(expectation, samples))
      } catch {
        fault = "\(error)"
      }
      if let fault {
        let excuse = Self.peersFaults[expectation.file] ?? Self.knownGaps[expectation.file]
        let word =
          excuse == nil ? "DIFFERS" : Self.knownGaps[expectation.file] == nil ? "peer's fault" : "known gap"
        table.append("\(word) \(expectation.testDescription): \(excuse ?? fault)")
        #expect(excuse != nil, "\(expectation.testDescription): \(fault)")
      } else {
        #expect(
          Self.knownGaps[expectation.file] == nil, "\(expectation.file) agrees now: take it off the list")
        agree += 1
      }
    }
    print("conformance: \(agree) samples agree")
    for line in table { print("conformance: \(line)") }
    #expect(Self.peersFaults.count <= 10)
  }
}

/// Stamps brought to a form in which two tools can be compared.
enum StampKey {
  /// UTC to the millisecond; nil where the text is no stamp.
  static func milliseconds(_ text: String) -> String? { instant(text).map { String($0.full.prefix(23)) } }
  /// Month, day and time to the second.
  static func monthDayTime(_ text: String) -> String? {
    instant(text).map { String($0.full.dropFirst(5).prefix(14)) }
  }

  private static func instant(_ text: String) -> (full: String, offset: Int)? {
    let pattern = #/^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/#
    guard let match = text.firstMatch(of: pattern) else { return nil }
    let fraction = (String(match.7 ?? "") + "000").prefix(3)
    let stamp = "\(match.1)-\(match.2)-\(match.3)T\(match.4):\(match.5):\(match.6).\(fraction)"
    guard let zone = match.8, zone != "Z", !zone.hasSuffix("00:00"), !zone.hasSuffix("0000") else {
      return (stamp, 0)
    }
    let digits = zone.dropFirst().filter(\.isNumber)
    let minutes = (Int(digits.prefix(2)) ?? 0) * 60 + (Int(digits.suffix(2)) ?? 0)
    let offset = zone.hasPrefix("-") ? -minutes : minutes
    guard let date = try? Date(String(stamp.prefix(19)) + "Z", strategy: .iso8601) else { return nil }
    let moved = date.addingTimeInterval(Double(-offset * 60)).formatted(.iso8601)
    return (String(moved.prefix(19)) + "." + fraction, offset)
  }
}
