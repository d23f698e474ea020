import Foundation
import IncidentModel
import Testing

@testable import TimelineStore

/// Loads that are killed at some instant, in a process of their own.
@Suite(.serialized) struct LoadKillTests {
  static let events = 3000

  /// Loads one source of `events` events into a case.
  static func load(
    _ path: String, part: Int, ownSegment: Bool = false, onStage: (@Sendable (LoadStage) -> Void)? = nil
  ) throws {
    var options = CaseLoader.Options()
    if ownSegment { options.largeLoad = 1000 }
    options.onStage = onStage
    options.streamedBytes = 50_000
    let loader = try CaseLoader(path: path, options: options)
    var builder = BatchBuilder()
    let lane = try loader.openLane(order: 0)
    let source = SourceDescription(path: "part\(part)")
    try lane.beginSource(source)
    for event in 0..<events {
      builder.add(
        time: Int64(event * 7919 % 1009), device: "gw-\(event % 7)", severity: UInt8(event % 9), "value ",
        "\(part)/\(event)", "")
      if event % 500 == 499 {
        try lane.append(builder.batch)
        builder = BatchBuilder()
      }
    }
    try lane.finishSource(account(source, hash: UInt64(part)), adjustments: [])
    try lane.close()
    _ = try loader.finish()
  }

  /// Kills this process after some microseconds.
  static func killSelf(after microseconds: Int) {
    Thread.detachNewThread {
      usleep(UInt32(microseconds))
      kill(getpid(), SIGKILL)
    }
  }

  /// Loads and notes each stage in a file, to be killed so long after the load's beginning, or after the beginning of a stage.
  static func loadToBeKilled(
    _ path: String, notes: String, ownSegment: Bool, stage: UInt8, after delay: Int
  ) throws {
    let descriptor = open(notes, O_CREAT | O_WRONLY, 0o600)
    let note: @Sendable (LoadStage) -> Void = { reached in
      var byte = reached.rawValue
      pwrite(descriptor, &byte, 1, 0)
      guard reached.rawValue == stage else { return }
      if delay == 0 { kill(getpid(), SIGKILL) } else { killSelf(after: delay) }
    }
    note(.reading)
    try load(path, part: 1, ownSegment: ownSegment, onStage: note)
    // Done before the kill: wait for it.
    while true { sleep(1) }
  }

  /// 20 instants in all, 200 in `make soak`: most uniform over the measured load, three in ten within building indexes,
  /// making durable, and giving the name.
  @Test(arguments: [false, true]) func killedLoadLeavesTheCaseAsItWasOrWhole(append: Bool) async throws {
    let folder = TemporaryFolder()
    let path = folder.file("x.firebreak")
    let notes = folder.file("notes")
    let measured = folder.file("measured.firebreak")
    try Self.load(measured, part: 0)
    let clock = ContinuousClock()
    let whole = try clock.measure { try Self.load(append ? measured : folder.file("m2.firebreak"), part: 1) }
    let span =
      Int(whole.components.attoseconds / 1_000_000_000_000) + Int(whole.components.seconds) * 1_000_000
    let steps = ProcessInfo.processInfo.environment["FIREBREAK_SOAK"] == nil ? 10 : 100
    var random = SeededGenerator(state: append ? 1 : 2)
    var reached: [LoadStage: Int] = [:]
    let critical: [LoadStage] = append ? [.indexes, .syncing, .syncing] : [.indexes, .syncing, .publishing]
    for step in 0..<steps {
      for name in folder.files where name.hasPrefix("x.firebreak") {
        try FileManager.default.removeItem(atPath: folder.file(name))
      }
      if append { try Self.load(path, part: 0) }
      let before = append ? Self.events : 0
      let stage = step % 10 < 3 ? critical[step % 10] : .reading
      // One at the very beginning of its stage, where a busy machine cannot be too late.
      let delay =
        stage == .reading
        ? span * (step + 1) / steps
        : stage == .indexes
          ? 0
          : Int.random(in: 0...(append && stage == .syncing ? 400 : 100), using: &random)
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [
          path = path as String, notes = notes as String, stage = stage.rawValue as UInt8,
          ownSegment = (step % 2 == 0) as Bool,
          delay = delay as Int
        ] in
        try Self.loadToBeKilled(path, notes: notes, ownSegment: ownSegment, stage: stage, after: delay)
      }
      let last = try Data(contentsOf: URL(filePath: notes)).first.flatMap(LoadStage.init) ?? .reading
      reached[last, default: 0] += 1
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
    let inside = (reached[.indexes] ?? 0) + (reached[.syncing] ?? 0) + (reached[.publishing] ?? 0)
    print(
      "killed at \(steps) instants: \(reached.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \($0.value)" })"
    )
    #expect(inside * 5 >= steps, "\(reached)")
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
