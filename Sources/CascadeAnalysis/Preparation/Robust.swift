internal import Glibc

/// Small statistics that outliers do not sway, and the tests the steps share.
enum Robust {
  /// The median; 0 of nothing.
  static func median(_ values: [Double]) -> Double { quantile(values, 0.5) }

  /// A quantile without interpolation; 0 of nothing.
  static func quantile(_ values: [Double], _ share: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, max(0, Int(share * Double(sorted.count))))]
  }

  /// Median absolute deviation, scaled to agree with the standard deviation of a normal distribution.
  static func mad(_ values: [Double], around centre: Double) -> Double {
    1.4826 * median(values.map { abs($0 - centre) })
  }

  /// Log likelihood ratio of a Poisson count against its expectation, for the excess side only.
  static func poissonExcess(_ count: Double, _ expected: Double) -> Double {
    guard count > expected, expected > 0 else { return 0 }
    return count * log(count / expected) - (count - expected)
  }

  /// Half of the G statistic (log likelihood ratio, nats) of a 2×2 table: failed and not, with and without.
  static func association(_ a: Double, _ b: Double, _ c: Double, _ d: Double) -> Double {
    func term(_ x: Double, _ e: Double) -> Double { x > 0 && e > 0 ? x * log(x / e) : 0 }
    let n = a + b + c + d
    guard n > 0 else { return 0 }
    return term(a, (a + b) * (a + c) / n) + term(b, (a + b) * (b + d) / n)
      + term(c, (c + d) * (a + c) / n) + term(d, (c + d) * (b + d) / n)
  }
}

extension Dictionary where Key: Comparable, Value: Comparable {
  /// The key that was counted most often, with its count; of several the least. Nil where nothing was counted.
  var commonest: Element? { self.max { ($0.value, $1.key) < ($1.value, $0.key) } }
}
