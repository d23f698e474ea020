import Glibc
import Testing

@testable import EvidenceIntake

/// Inflate by itself: what it makes of data must be a matter of the data.
@Suite struct InflaterTests {
  /// Broken tables of codes lead ISA-L to entries that it has not written; what memory held before must not show in the evidence.
  @Test func damagedDataIsInflatedTheSameWhateverMemoryHeldBefore() throws {
    let symbol = try #require(dlsym(nil, "mallopt"))
    let mallopt = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
    let perturb: Int32 = -6  // M_PERTURB of glibc: new memory is filled with a byte.
    defer { _ = mallopt(perturb, 0) }
    let whole = Make.gzip(Array(Make.lines(4000).utf8)).dropFirst(10).dropLast(8)
    var seed: UInt64 = 7
    func random(_ count: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(seed >> 33) % count
    }
    for _ in 0..<200 {
      var bytes = Array(whole)
      for _ in 0..<3 { bytes[50 + random(bytes.count - 60)] ^= 0x41 }
      let made = [0x13, 0x5A].map { (filler: Int32) -> [UInt8] in
        _ = mallopt(perturb, filler)
        let inflater = Inflater(.isal)
        var output = [UInt8](repeating: 0, count: 1 << 20)
        let step = bytes.withUnsafeBytes { input in
          output.withUnsafeMutableBytes { inflater.inflate(input, into: $0) }
        }
        return Array(output.prefix(step.produced)) + [step.isBroken ? 1 : 0]
      }
      #expect(made[0] == made[1])
    }
  }
}
