import Testing

@testable import TimelineStore

/// What is worked out of events, piece by piece.
@Suite struct FindingTests {
  @Test(arguments: [
    ("System clock was stepped by -0.123456 seconds", -0.123456),
    ("System clock wrong by 12.250000 seconds, adjustment started", 12.25),
    ("time reset +3.5 s", 3.5), ("step time server 192.0.2.1 offset 1.25 sec", 1.25),
    ("setting time to 2026-04-07 09:00:00 (offset +7.5s)", 7.5),
  ])
  func readsHowFarAClockWasSet(_ line: String, _ seconds: Double) {
    #expect(ClockStepLines.seconds(in: line) == seconds)
  }

  @Test(arguments: ["stepped by 0.001 seconds", "stepping down", "took 12 s", "offset nan s"])
  func takesNothingElseForAStep(_ line: String) { #expect(ClockStepLines.seconds(in: line) == nil) }

  @Test func tellsAddressesByTheirShape() {
    #expect(NetworkName.mac("AA-bb-CC-00-11-22") == "aa:bb:cc:00:11:22")
    #expect(NetworkName.mac("aabb.cc00.1122") == "aa:bb:cc:00:11:22")
    for text in ["ff:ff:ff:ff:ff:ff", "12:34:56", "aa:bb-cc:00:11:22", "2026-04-07T09:00"] {
      #expect(NetworkName.mac(text) == nil, "\(text)")
    }
    for text in ["192.0.2.9", "fe80::1", "2001:db8::17"] { #expect(NetworkName.isAddress(text), "\(text)") }
    for text in ["127.0.0.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "12:30:45", "0.0.0.0", "::1"] {
      #expect(!NetworkName.isAddress(text), "\(text)")
    }
    #expect(NetworkName.address(ofEndpoint: "[2001:db8::17]:8883") == "2001:db8::17")
    #expect(NetworkName.address(ofEndpoint: "192.0.2.9:1883") == "192.0.2.9")
    #expect(NetworkName.address(ofEndpoint: "host:1883") == nil)
  }

  @Test func aClockIsCutWhereItFallsAndNotWhereLinesAreOutOfOrder() {
    var scan = ClockScan(newest: .max, stepLines: ClockStepLines(MessageRebuilder()), known: [:])
    let second: Int64 = 1_000_000_000
    let start = 1_775_552_400 * second
    for (index, time) in [0, 10, 9, 11, 500, 100, 110].enumerated() {
      scan.add(
        id: Int64(index + 1), time: start + Int64(time) * second, device: 4, template: 0, source: 2,
        isByPath: false, text: { "" })
    }
    scan.finish()
    #expect(scan.stretches.map(\.events) == [1...5, 6...7])
    #expect(scan.stretches.allSatisfy { $0.device == 4 && !$0.stampsOthers && $0.step == nil })
  }

  /// One device, a line every ten seconds of true time. `ahead` says how far its clock is off in a second; nil where it is silent.
  private func stretches(
    _ seconds: Int = 600, text: @escaping (Int) -> String = { _ in "" }, _ ahead: (Int) -> Int?
  ) -> [ClockStretch] {
    var scan = ClockScan(newest: .max, stepLines: ClockStepLines(MessageRebuilder()), known: [:])
    var id: Int64 = 0
    for second in stride(from: 0, to: seconds, by: 10) {
      guard let ahead = ahead(second) else { continue }
      id += 1
      scan.add(
        id: id, time: (1_775_552_400 + Int64(second + ahead)) * 1_000_000_000, device: 4, template: 0,
        source: 2,
        isByPath: false, text: { text(second) })
    }
    scan.finish()
    return scan.stretches
  }

  private func steps(_ stretches: [ClockStretch]) -> [Int] {
    stretches.map { Int((Double($0.step?.shift ?? 0) / 1e9).rounded()) }
  }

  /// No line has to say it: what leaps and falls back by as much was off in between.
  @Test func aLeapAndAFallOfOneSizeAreStepsOfTheClock() {
    let ahead = stretches { (200..<400).contains($0) ? 1800 : 0 }
    #expect(ahead.map(\.events) == [1...20, 21...40, 41...60])
    #expect(steps(ahead) == [0, 1800, -1800], "\(ahead)")
    let behind = stretches { (200..<400).contains($0) ? -1800 : 0 }
    #expect(behind.map(\.events) == [1...20, 21...40, 41...60])
    #expect(steps(behind) == [0, -1800, 1800], "\(behind)")
  }

  /// A silence is none, nor is a fall of another size.
  @Test func aGapAloneIsNoStep() {
    #expect(steps(stretches(6000) { (200..<4000).contains($0) ? nil : 0 }) == [0])
    let other = stretches(6000) { (200..<4000).contains($0) ? nil : $0 < 5000 ? 0 : -1800 }
    #expect(steps(other) == [0, 0], "\(other)")
    // What was kept back is sent behind the first line that gets through.
    let kept =
      Array(stride(from: 0, to: 200, by: 10)) + [4000] + Array(stride(from: 200, to: 3990, by: 10)) + [
        4010, 4020,
      ]
    var scan = ClockScan(newest: .max, stepLines: ClockStepLines(MessageRebuilder()), known: [:])
    for (index, second) in kept.enumerated() {
      scan.add(
        id: Int64(index + 1), time: (1_775_552_400 + Int64(second)) * 1_000_000_000, device: 4, template: 0,
        source: 2,
        isByPath: false, text: { "" })
    }
    scan.finish()
    #expect(steps(scan.stretches) == [0, 0], "\(scan.stretches)")
  }

  /// A fall is a clock's in whatever words a line tells its size; a gap may be an outage that somebody measured.
  @Test func aLineThatTellsTheSizeOfAJumpTellsAStep() {
    let fall = stretches(text: { $0 == 300 ? "Zeitkorrektur um -1800.0 s" : "" }) { $0 < 300 ? 1800 : 0 }
    #expect(steps(fall) == [0, -1800], "\(fall)")
    for (line, shift) in [
      ("wall clock jumped by +1800.0 s", [0, 1800]), ("link is back after +1800.0 s", [0]),
    ] {
      #expect(steps(stretches(text: { $0 == 300 ? line : "" }) { $0 < 300 ? 0 : 1800 }) == shift, "\(line)")
    }
  }

  /// Where one line tells the way there and another the way back, the clock was off in between and not before.
  @Test(arguments: [
    ("klok verzet met 1800 s", "klok verzet met -1800 s"),
    ("clock stepped by 1800 s", "clock stepped by -1800 s"),
    ("aika siirtyi 1800 s", "aika siirtyi -1800 s"), ("tid stilt 1800 sekunder", "tid stilt -1800.0 s"),
    ("settings applied", "System clock was stepped by -1800.000000 seconds"),
  ])
  func aLineThatSetsAClockBackUndoesTheLeapBefore(there: String, back: String) {
    let text = { (second: Int) in second == 200 ? there : second == 400 ? back : "" }
    let off = { (second: Int) in (200..<400).contains(second) ? 1800 : 0 }
    let found = stretches(text: text, off)
    #expect(found.map(\.events) == [1...20, 21...40, 41...60])
    #expect(steps(found) == [0, 1800, -1800], "\(found)")
    // It said nothing in between but that it was set: the leap and the fall alone would not show it.
    let mute = stretches(text: text) { (210..<400).contains($0) ? nil : off($0) }
    #expect(mute.map(\.events) == [1...20, 21...21, 22...41], "\(mute)")
    #expect(steps(mute) == [0, 1800, -1800], "\(mute)")
  }

  /// A clock that was ahead from the beginning, and an outage of another length.
  @Test func aLineThatSetsAClockBackUndoesNoOutage() {
    let found = stretches(6000, text: { $0 == 4500 ? "aika siirtyi -1800 s" : "" }) {
      (200..<700).contains($0) ? nil : $0 < 4500 ? 1800 : 0
    }
    #expect(steps(found).last == -1800 && found.count == 2, "\(found)")
  }

  @Test func risingStampsOfSeveralDevicesInOneSourceAreItsWritersClock() {
    func stretches(_ times: [Int64]) -> [ClockStretch] {
      var scan = ClockScan(newest: .max, stepLines: ClockStepLines(MessageRebuilder()), known: [:])
      for (index, time) in times.enumerated() {
        scan.add(
          id: Int64(index + 1), time: 1_775_552_400_000_000_000 + time * 1_000_000_000,
          device: Int64(index % 3),
          template: 0, source: 0, isByPath: index % 3 == 0, text: { "" })
      }
      scan.finish()
      return scan.stretches
    }
    let one = stretches([0, 1, 2, 3, 4, 5])
    #expect(one.count == 1 && one[0].device == 0 && one[0].stampsOthers && one[0].events == 1...6)
    #expect(stretches([0, 40, 2, 3, 44, 5]).count == 3)
  }
}
