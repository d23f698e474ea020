import Testing

@testable import TimelineStore

/// Counts by minute against a dictionary of all of them.
@Suite struct RollupTests {
  @Test func minutesAreCountedInWhateverOrderTheyCome() {
    let minute: Int64 = 60_000_000_000
    for seed in 1...6 as ClosedRange<UInt64> {
      var random = SeededGenerator(state: seed)
      var rollups = Rollups()
      var expected: [Int64: Int64] = [:]
      func compare() {
        var counted: [Int64: Int64] = [:]
        var last = Int64.min
        rollups.takeMinutes { (key, events) in
          #expect(key > last)
          last = key
          counted[key, default: 0] += events
        }
        // As a truth: the dictionaries are long.
        let isEqual = counted == expected
        #expect(isEqual)
        expected.removeAll()
      }
      compare()
      var time = Int64(1_760_000_000) * 1_000_000_000
      for event in 0..<5000 {
        switch Int.random(in: 0...20, using: &random) {
        // Late by seconds, far away, at the ends of time, or the next minutes.
        case 0: time = time.addingClamped(-3_000_000_000)
        case 1: time = Int64(bitPattern: random.next())
        case 2: time = [.min, .min + 1, .max, -1, 0, -minute, minute - 1].randomElement(using: &random)!
        case 3: time = time.addingClamped(Int64.random(in: -6...6, using: &random) * minute)
        default: time = time.addingClamped(Int64.random(in: 0...2_000_000_000, using: &random))
        }
        let severity = Int.random(in: 0...8, using: &random)
        let isTimed = Int.random(in: 0...9, using: &random) > 0
        rollups.add(
          id: Int64(event), time: isTimed ? time : nil, device: -1, template: -1, severity: severity)
        if isTimed { expected[time.floorDivided(by: minute) * 16 + Int64(severity), default: 0] += 1 }
        if Int.random(in: 0...999, using: &random) == 0 { compare() }
      }
      compare()
    }
  }
}
