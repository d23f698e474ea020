import Glibc

/// The few formulas that reports rest on. Pure arithmetic; what has no answer is nil.
enum Statistics {
  /// Wilson score interval of a proportion, 95 %. Wilson 1927, "Probable inference, the law of succession".
  static func wilson(_ successes: Int, of n: Int) -> ClosedRange<Double>? {
    guard n > 0, successes >= 0, successes <= n else { return nil }
    let z = 1.959963984540054
    let (count, p) = (Double(n), Double(successes) / Double(n))
    let denominator = 1 + z * z / count
    let centre = p + z * z / (2 * count)
    let spread = z * (p * (1 - p) / count + z * z / (4 * count * count)).squareRoot()
    let low = successes == 0 ? 0 : max(0, (centre - spread) / denominator)
    let high = successes == n ? 1 : min(1, (centre + spread) / denominator)
    return low...high
  }

  /// Risk in a group relative to the rest, with +0.5 on every cell when one of them is zero (Haldane–Anscombe).
  static func relativeRisk(_ failed: Int, of n: Int, others othersFailed: Int, of othersN: Int) -> Double? {
    guard n > 0, othersN > 0 else { return nil }
    var (a, b) = (Double(failed), Double(n - failed))
    var (c, d) = (Double(othersFailed), Double(othersN - othersFailed))
    if a == 0 || b == 0 || c == 0 || d == 0 { (a, b, c, d) = (a + 0.5, b + 0.5, c + 0.5, d + 0.5) }
    return (a / (a + b)) / (c / (c + d))
  }

  /// How likely chance gives one group as many failures as this or more, where all had the same prospects: Fisher's exact test,
  /// one-sided. 1 where nothing can be compared.
  static func chanceOfAsMany(_ failed: Int, of n: Int, others othersFailed: Int, of othersN: Int) -> Double {
    guard failed >= 0, othersFailed >= 0, n >= failed, othersN >= othersFailed, n > 0, othersN > 0 else {
      return 1
    }
    var factorial = [0.0]
    factorial.reserveCapacity(n + othersN + 1)
    for number in 1...n + othersN { factorial.append(factorial[number - 1] + log(Double(number))) }
    func choices(_ k: Int, of n: Int) -> Double { factorial[n] - factorial[k] - factorial[n - k] }
    let all = failed + othersFailed
    let total = choices(all, of: n + othersN)
    var sum = 0.0
    for k in failed...max(failed, min(n, all)) where all - k <= othersN {
      sum += exp(choices(k, of: n) + choices(all - k, of: othersN) - total)
    }
    return min(1, sum)
  }

  /// Slope, intercept and R² of the least-squares line; nil under two distinct x.
  static func leastSquares(_ points: [(x: Double, y: Double)]) -> (
    slope: Double, intercept: Double, r2: Double
  )? {
    let n = Double(points.count)
    guard points.count >= 2 else { return nil }
    let meanX = points.reduce(0) { $0 + $1.x } / n
    let meanY = points.reduce(0) { $0 + $1.y } / n
    var (sxx, sxy, syy) = (0.0, 0.0, 0.0)
    for (x, y) in points {
      sxx += (x - meanX) * (x - meanX)
      sxy += (x - meanX) * (y - meanY)
      syy += (y - meanY) * (y - meanY)
    }
    guard sxx > 0 else { return nil }
    let slope = sxy / sxx
    return (slope, meanY - slope * meanX, syy == 0 ? 0 : sxy * sxy / (sxx * syy))
  }

  /// The q-th quantile (0...1) of ascending values by the nearest-rank rule.
  static func nearestRank<T>(_ sorted: [T], _ q: Double) -> T? {
    guard !sorted.isEmpty else { return nil }
    let rank = Int((q * Double(sorted.count)).rounded(.up))
    return sorted[min(sorted.count - 1, max(0, rank - 1))]
  }

  /// The median of ascending integers; the lower-rounded mean of the middle two for even counts.
  static func median(_ sorted: [Int64]) -> Int64? {
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1
      ? sorted[middle] : sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2
  }

  /// Most of the ascending times that fall into one half-open window of this length, and the window's beginning.
  static func peak(_ times: [Int64], window: Int64) -> (count: Int, start: Int64)? {
    guard !times.isEmpty else { return nil }
    var (best, bestStart, low) = (0, times[0], 0)
    for high in times.indices {
      while times[high] - times[low] >= window { low += 1 }
      if high - low + 1 > best { (best, bestStart) = (high - low + 1, times[low]) }
    }
    return (best, bestStart)
  }

  /// Natural logarithm.
  static func ln(_ x: Double) -> Double { log(x) }

  /// Cube root.
  static func cubeRoot(_ x: Double) -> Double { cbrt(x) }
}

/// How fast the number of affected devices doubled, or why that cannot be said.
struct DoublingTime {
  /// Length of a bucket: one minute.
  static let bucket: Int64 = 60_000_000_000
  /// Seconds to double, and R² of the fit, where there is an answer.
  var seconds: Double?
  var r2: Double?
  /// Buckets in the fit.
  var buckets = 0
  /// Devices at the window's beginning and end.
  var window: ClosedRange<Int>?
  var windowTime: ClosedRange<Int64>?
  /// Why there is no answer.
  var refusal: String?

  /// ln 2 divided by the least-squares slope of ln(cumulative count) over one-minute buckets, from the bucket that reaches
  /// max(10, 1 %) to the one that reaches 50 %. Refused under 5 buckets, for R² under 0.9, and when 10 to 90 % happen
  /// within two buckets. `onsets` ascending, in nanoseconds.
  init(onsets: [Int64]) {
    let total = onsets.count
    guard total >= 20 else {
      refusal = "\(total) affected devices are too few (20 are needed for a window from 10 devices to 50 %)"
      return
    }
    guard let tenth = Statistics.nearestRank(onsets, 0.1), let ninetieth = Statistics.nearestRank(onsets, 0.9)
    else { return }
    if ninetieth - tenth < 2 * Self.bucket {
      refusal =
        "synchronous: 10 % to 90 % of the devices failed within \(Format.duration(nanoseconds: ninetieth - tenth)), under two buckets of one minute"
      return
    }
    let low = max(10, (total + 99) / 100)
    let high = (total + 1) / 2
    let origin = onsets[0]
    // Cumulative count at the end of each bucket of the window; buckets without a new device count too.
    let firstBucket = (onsets[low - 1] - origin) / Self.bucket
    let lastBucket = (onsets[high - 1] - origin) / Self.bucket
    var points: [(x: Double, y: Double)] = []
    var seen = 0
    var index = firstBucket
    // A window of months would make millions of equal points: bounded, and said.
    guard lastBucket - firstBucket < 1_000_000 else {
      refusal = "the window from \(low) devices to 50 % is longer than 1,000,000 minutes"
      return
    }
    while index <= lastBucket {
      let end = origin + (index + 1) * Self.bucket
      while seen < total, onsets[seen] < end { seen += 1 }
      points.append((Double(index) * 60, Statistics.ln(Double(seen))))
      index += 1
    }
    buckets = points.count
    window = low...max(low, high)
    windowTime = onsets[low - 1]...max(onsets[low - 1], onsets[high - 1])
    guard points.count >= 5 else {
      refusal =
        "the window from \(low) devices to 50 % has \(points.count) buckets of one minute, 5 are needed"
      return
    }
    guard let fit = Statistics.leastSquares(points), fit.slope > 0 else {
      refusal = "the count does not grow over the window"
      return
    }
    r2 = fit.r2
    guard fit.r2 >= 0.9 else {
      refusal =
        "growth was not exponential (R² \(Format.fixed(fit.r2, digits: 2)) over \(points.count) buckets, 0.90 is needed)"
      return
    }
    seconds = Statistics.ln(2) / fit.slope
  }
}

extension Array {
  /// Position of the first element that does not belong before; the array holds those that do first.
  func partitionPoint(_ belongsBefore: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if belongsBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
