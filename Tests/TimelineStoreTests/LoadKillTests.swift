import Foundation
import IncidentModel
import Testing

@testable import TimelineStore

/// Loads that are killed at some instant, in a process of their own.
@Suite(.serialized) struct LoadKillTests {
  static let events = 3000

  /// Loads one source of `events` events into a case.
  static func load(_ path: String, part: Int) throws {
    let loader = try CaseLoader(path: path)
    var builder = BatchBuilder()
    for event in 0..<events {
      builder.add(
        time: Int64(event * 7919 % 1009), device: "gw-\(event % 7)", severity: UInt8(event % 9), "value ",
        "\(part)/\(event)", "")
    }
    try loader.load(order: 0, "part\(part)", hash: UInt64(part), [builder.batch])
    _ = try loader.finish()
  }

  /// Kills this process after some microseconds.
  static func killSelf(after microseconds: Int) {
    Thread.detachNewThread {
      usleep(UInt32(microseconds))
      kill(getpid(), SIGKILL)
    }
  }

  @Test(arguments: [false, true]) func killedLoadLeavesTheCaseAsItWasOrWhole(append: Bool) async throws {
    let folder = TemporaryFolder()
    let path = folder.file("x.firebreak")
    let measured = folder.file("measured.firebreak")
    try Self.load(measured, part: 0)
    let clock = ContinuousClock()
    let whole = try clock.measure { try Self.load(append ? measured : folder.file("m2.firebreak"), part: 1) }
    let span =
      Int(whole.components.attoseconds / 1_000_000_000_000) + Int(whole.components.seconds) * 1_000_000
    // 10 instants over the measured load; `make soak` takes 100.
    let steps = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] == nil ? 10 : 100
    for step in 0..<steps {
      for name in folder.files where name.hasPrefix("x.firebreak") {
        try FileManager.default.removeItem(atPath: folder.file(name))
      }
      if append { try Self.load(path, part: 0) }
      let before = append ? Self.events : 0
      let delay = span * (step + 1) / steps
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, delay = delay as Int] in
        Self.killSelf(after: delay)
        try Self.load(path, part: 1)
        // Done before the kill: wait for it.
        while true { sleep(1) }
      }
      if append || FileManager.default.fileExists(atPath: path) {
        let count = try String(CaseReader(path: path).eventCount())
        #expect([String(before), String(before + Self.events)].contains(count), "killed after \(delay) µs")
        #expect(try sqlite3(path, "PRAGMA integrity_check; SELECT count(*) FROM event") == "ok\n\(count)")
      }
      // What was not finished is loaded by running it again; what was finished is known.
      try Self.load(path, part: 1)
      #expect(
        try sqlite3(path, "PRAGMA integrity_check; SELECT count(*) FROM event")
          == "ok\n\(before + Self.events)")
      #expect(!folder.files.contains { $0.hasSuffix(".building") || $0.hasSuffix("-journal") })
    }
  }

  @Test func leftOversOfAKilledLoadAreReplaced() throws {
    let folder = TemporaryFolder()
    let path = folder.file("x.firebreak")
    try Data(repeating: 0xff, count: 100_000).write(to: URL(filePath: path + ".building"))
    try Self.load(path, part: 0)
    #expect(folder.files == ["x.firebreak"])
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }
}
