import IncidentModel
import Testing

@testable import TimelineStore

/// What the roll-ups answer must be what counting the events answers, on a case that the loader made.
@Suite struct QueryRollupTests {
  static let expressions = [
    "", "severity>=error", "severity:none", "NOT severity>=warning", "severity>=error OR severity:debug",
    "severity!=info",
    "since:1970-01-01T00:10Z", "since:1970-01-01T00:10Z until:+30m severity>=warning",
    "until:1969-12-31T23:59Z",
    "since:1970-01-01T00:10:30Z", "device:gw-1", "severity>=error device:gw-*",
  ]

  private func loaded() throws -> (TemporaryFolder, CaseReader) {
    let folder = TemporaryFolder()
    let loader = try CaseLoader(path: folder.file("x.firebreak"))
    var random = SplitMix(seed: 21)
    for source in 0..<2 {
      var builder = BatchBuilder()
      for index in 0..<400 {
        let time: Int64? =
          Int.random(in: 0..<9, using: &random) == 0
          ? nil : Int64.random(in: -3_000...9_000, using: &random) * 1_000_000_000
        builder.add(
          time: time, device: ["gw-1", "gw-2", nil][Int.random(in: 0..<3, using: &random)],
          severity: [0, 3, 4, 6, 7, 255][Int.random(in: 0..<6, using: &random)],
          parts: [Array("state ".utf8), Array("\(index)".utf8), []], line: UInt64(index + 1),
          offset: UInt64(index * 100))
      }
      try loader.load(order: source, "s\(source)", hash: UInt64(source + 1), [builder.batch])
    }
    _ = try loader.finish()
    return (folder, try CaseReader(path: folder.file("x.firebreak")))
  }

  @Test func countsAsTheEventsDo() throws {
    let (folder, reader) = try loaded()
    defer { withExtendedLifetime(folder) {} }
    let keys: [[CountKey]] = [
      [.time(.minute)], [.time(.hour), .severity], [.severity, .time(.day)], [.severity], [.device],
      [.template],
      [.device, .time(.hour)], [],
    ]
    for expression in Self.expressions {
      let query = try reader.query(expression)
      for by in keys {
        let counts = try reader.counts(matching: query, by: by)
        let scanned = try reader.scannedCounts(matching: query, by: by)
        #expect(counts.count == scanned.count)
        #expect(
          Dictionary(uniqueKeysWithValues: counts.map { ($0.values, $0.events) })
            == Dictionary(uniqueKeysWithValues: scanned.map { ($0.values, $0.events) }),
          "\(expression) by \(by)")
        if by == [.device] || by == [.template] {
          #expect(Set(counts) == Set(scanned), "\(expression) by \(by)")
        }
      }
      for bins in [1, 5, 40, 1000] {
        let known = try reader.histogram(matching: query, maximumBins: bins)
        let scanned = try reader.scannedHistogram(matching: query, maximumBins: bins)
        #expect(
          known?.bins.reduce(0) { $0 + $1.events } == scanned?.bins.reduce(0) { $0 + $1.events },
          "\(expression)")
        #expect(
          known?.bins.reduce(0) { $0 + $1.errors } == scanned?.bins.reduce(0) { $0 + $1.errors },
          "\(expression)")
        #expect(known?.timeless == scanned?.timeless)
        #expect(known?.bins.count ?? 0 <= max(2, bins), "a span that crosses 1970 has two bins at least")
        if known?.span == scanned?.span { #expect(known == scanned, "\(expression)") }
      }
    }
  }

  @Test func usesTheRollupsWhereItCan() throws {
    let (folder, reader) = try loaded()
    defer { withExtendedLifetime(folder) {} }
    #expect(try reader.rollupCounts(.everything, by: [.time(.minute), .severity]) != nil)
    #expect(try reader.rollupCounts(.everything, by: .template) != nil)
    #expect(try reader.rollupCounts(reader.query("severity>=error").expression, by: [.time(.hour)]) != nil)
    #expect(try reader.rollupCounts(reader.query("device:gw-1").expression, by: [.time(.hour)]) == nil)
    #expect(try reader.rollupHistogram(.everything, maximumBins: 10) != nil)
  }

  @Test func readsWhatTheLoaderWrote() throws {
    let (folder, reader) = try loaded()
    defer { withExtendedLifetime(folder) {} }
    let events = try reader.events(matching: "")
    #expect(events.count == 800)
    #expect(events.filter { $0.message.hasPrefix("state ") }.count == 800)
    #expect(try reader.events(matching: #"text="state 17""#).count == 2)
    #expect(try reader.events(matching: "text:\"ate 17\" source:s1").allSatisfy { $0.place.path == "s1" })
    #expect(
      try reader.event(source: 1, byteOffset: 1_750)?.line == 18 || reader.sources().map(\.ordinal).first != 1
    )
    let entry = try #require(try reader.sources().first)
    #expect(try reader.event(source: entry.ordinal, byteOffset: 1_750)?.message == "state 17")
    #expect(try reader.event(source: entry.ordinal, byteOffset: 1 << 40) == nil)
    let middle = try #require(try reader.event(source: entry.ordinal, byteOffset: 20_000))
    let source = try reader.context(of: middle, .source, count: 3)
    #expect(
      (source.before + [middle] + source.after).map(\.byteOffset) == (197...203).map { UInt64($0 * 100) })
    let spoken = try #require(events.first { $0.device == "gw-1" && $0.time != nil })
    let device = try reader.context(of: spoken, .device, count: 4)
    #expect(device.before.isEmpty && device.after.count == 4)
    #expect(
      device.after.map(\.id)
        == events.filter { $0.device == "gw-1" && $0.time != nil }.dropFirst().prefix(4).map(\.id))
    let devices = try reader.devices()
    #expect(devices.map(\.name) == ["gw-1", "gw-2"])
    #expect(devices.reduce(0) { $0 + $1.events } == Int64(events.filter { $0.device != nil }.count))
    let (evidence, report) = try reader.loadEvidence()
    #expect(report.matched == 800 && evidence.times.count == 800 - report.withoutTime)
    #expect(evidence.eventIDs == events.filter { $0.time != nil }.map(\.id.rawValue))
  }
}
