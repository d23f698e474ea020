import Foundation
import IncidentModel
import Testing

@testable import TimelineStore

@Suite struct StampTests {
  let folder = TemporaryFolder()

  private static let noon: Int64 = 1_760_184_000_000_000_000  // 2025-10-11T12:00:00Z
  private static let hour: Int64 = 3_600_000_000_000

  @Test func everyStampIsShownAsItWasWritten() throws {
    let stamps: [(time: Int64?, stamp: String, isRebuilt: Bool)] = [
      (Self.noon, "Oct 11 12:00:00", true), (Self.noon, "Oct 11 14:00:00", true),
      (Self.noon - 10 * 24 * Self.hour, "Oct  1 12:00:00", true), (Self.noon, "Oct 01 12:00:00", false),
      (Self.noon, "oct 11 12:00:00", false), (Self.noon, "Oct 11 12:00:61", false),
      (Self.noon + 5, "Oct 11 12:00:00", false), (nil, "Oct 11 12:00:00", false),
      // The same again, then at another time: told anew.
      (Self.noon, "Oct 11 12:00:00", true), (Self.noon, "Oct 11 12:00:00", true),
      (Self.noon + 5, "Oct 11 12:00:00", false), (Self.noon + Self.hour, "Oct 11 12:00:00", true),
      (Self.noon, "2025-10-11T12:00:00Z", true), (Self.noon + 123_000_000, "2025-10-11T12:00:00.123Z", true),
      (Self.noon + 123_456_789, "2025-10-11 14:00:00.123456789+02:00", true),
      (Self.noon, "2025-10-11T12:00:00.0000000000Z", false), (Self.noon, "2025-10-11T12:00:00.Z", false),
      (Self.noon, "2025-10-11T12:00:00", true), (Self.noon, "2025-02-30T12:00:00Z", false),
      (Self.noon, "2025-10-11T12:00:00,000Z", true),
      (Self.noon + 1_000_000, "2025-10-11T12:00:00,001Z", false), (Self.noon, "1760184000", false),
      (Self.noon, "", false),
      (Self.noon, "2024-10-11T12:00:00Z", false), (Self.noon, "Jan  1 00:00:00", false),
      (Self.noon, "2025-10-11T12:00:00 \u{1b}[31m", false), (-1, "1969-12-31T23:59:59.999999999Z", true),
    ]
    var builder = BatchBuilder()
    for (time, stamp, _) in stamps {
      builder.add(time: time, parts: [Array("m".utf8)], stamp: Array(stamp.utf8))
    }
    let path = folder.file("x.firebreak")
    let loader = try CaseLoader(path: path)
    try loader.load(order: 0, "a", hash: 1, [builder.batch])
    _ = try loader.finish()
    let connection = try CaseOpening.readOnly(path).connection
    let rows = try connection.rows(
      "SELECT t.stamp, e.stamp IS NULL FROM timeline t JOIN event e ON e.id = t.id ORDER BY t.id")
    for (row, expected) in zip(rows, stamps) {
      #expect((row[0].text ?? "") == expected.stamp)
      #expect((row[1] == 1) == (expected.isRebuilt || expected.stamp.isEmpty), "\(expected.stamp)")
    }
    #expect(rows.count == stamps.count)
  }

  @Test func aStampIsReadAsIfItWereTheOnlyOne() {
    var random = SeededGenerator(state: 4)
    var kept = StampRecognizer()
    var time = Self.noon
    var seconds = 0
    var recognized = 0
    for _ in 0..<20_000 {
      // Stamps of a minute and the next, most as their times say, some not, some with seconds that there are not.
      seconds = max(0, seconds + Int.random(in: -2...3, using: &random)) % 130
      time = Self.noon + Int64(seconds) * 1_000_000_000
      if random.next() % 8 == 0 { time += Int64.random(in: -3...3, using: &random) * 500_000_000 }
      let ones = random.next() % 16 == 0 ? "/" : String(seconds % 10)
      let tens =
        random.next() % 16 == 0
        ? ["6", "9", ":", "/"].randomElement(using: &random)! : String(seconds % 60 / 10)
      let hours = random.next() % 32 == 0 ? "11" : "12"
      let stamp = Array("Oct 11 \(hours):0\(seconds / 60):\(tens)\(ones)".utf8)
      var fresh = StampRecognizer()
      let (expected, found) = stamp.withUnsafeBytes {
        (fresh.style(of: $0, time: time), kept.style(of: $0, time: time))
      }
      #expect(found == expected)
      if found != nil { recognized += 1 }
    }
    #expect(recognized > 5000 && recognized < 19_000)
  }

  @Test func anAdjustedTimeLeavesTheStampAsItWasWritten() throws {
    var builder = BatchBuilder()
    for event in 0..<4 {
      builder.add(
        time: Self.noon + Int64(event) * Self.hour, parts: [Array("m".utf8)], quality: .inferredYear,
        stamp: Array("Oct 11 1\(event + 2):00:00".utf8))
    }
    let path = folder.file("x.firebreak")
    let loader = try CaseLoader(path: path)
    let year = -365 * 24 * Self.hour
    try loader.load(
      order: 0, "a", hash: 1,
      adjustments: [
        TimeAdjustment(events: 0..<1, shift: year), TimeAdjustment(events: 1..<3, shift: year + 777),
      ],
      [builder.batch])
    _ = try loader.finish()
    #expect(
      try sqlite3(path, "SELECT stamp, time FROM timeline") == """
        Oct 11 12:00:00|2024-10-11T12:00:00.000000000Z
        Oct 11 13:00:00|2024-10-11T13:00:00.000000777Z
        Oct 11 14:00:00|2024-10-11T14:00:00.000000777Z
        Oct 11 15:00:00|2025-10-11T15:00:00.000000000Z
        """)
  }
}
