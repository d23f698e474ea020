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
