/// A small deterministic random source for tests.
struct Dice {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) ^ (state << 13)
  }

  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
