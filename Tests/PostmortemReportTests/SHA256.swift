/// SHA-256 (FIPS 180-4) for tests: the module takes the function from outside.
func sha256(_ message: [UInt8]) -> [UInt8] {
  let k = SHA256Constants.k
  var h = SHA256Constants.h
  var data = message + [0x80]
  while data.count % 64 != 56 { data.append(0) }
  let bits = UInt64(message.count) * 8
  data += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
  func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
  for start in stride(from: 0, to: data.count, by: 64) {
    var w = [UInt32](repeating: 0, count: 64)
    for i in 0..<16 { w[i] = (0..<4).reduce(0) { $0 << 8 | UInt32(data[start + 4 * i + $1]) } }
    for i in 16..<64 {
      let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
      let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
      w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
    }
    var v = h
    for i in 0..<64 {
      let s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
      let t1 = v[7] &+ s1 &+ (v[4] & v[5] ^ ~v[4] & v[6]) &+ k[i] &+ w[i]
      let s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
      let t2 = s0 &+ (v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2])
      v = [t1 &+ t2, v[0], v[1], v[2], v[3] &+ t1, v[4], v[5], v[6]]
    }
    h = zip(h, v).map { $0 &+ $1 }
  }
  return h.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
}

/// Fractions of square and cube roots of the first primes.
private enum SHA256Constants {
  static let primes = (2...311).filter { n in !(2..<n).contains { $0 * $0 <= n && n % $0 == 0 } }.prefix(64)
  static let k = primes.map { fraction(cubeRoot($0)) }
  static let h = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
  static func fraction(_ value: Double) -> UInt32 { UInt32((value - value.rounded(.down)) * 4_294_967_296) }
  static func cubeRoot(_ n: Int) -> Double {
    var x = Double(n)
    for _ in 0..<100 { x -= (x * x * x - Double(n)) / (3 * x * x) }
    return x
  }
}

func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
