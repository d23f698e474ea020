internal import Glibc

/// When one numeric series left its own usual range for good, and how far it went.
///
/// Usual is the median of the first part and, on each side of it, the distance to the outer twentieth, so that a skewed
/// series is no surprise to itself; the deviation in those units feeds a two-sided CUSUM (Page, "Continuous inspection
/// schemes", 1954), whose alarm lies well above what the first part reached. A curve of the load (of the day in windows
/// of more than one, else a slow swing) is fitted together with the most likely step (partial regression, Frisch and Waugh
/// 1933, so that a step is not taken for a part of the curve) and taken away. The moment is where a step of the size
/// seen fits best (Hinkley, "Inference about the change-point", 1970).
struct MetricSeriesChange {
  /// Position of the first sample that deviates.
  var at: Int
  /// Median deviation of the samples after it, in units of the usual spread; positive is up.
  var size: Double
  /// How far the sum went.
  var sum: Double
  /// True when most samples after the change deviate, not only some.
  var isLasting: Bool
  /// Whether it left its usual range upwards.
  private(set) var isUp = true

  private static let allowance = 1.0
  private static let alarm = 12.0
  /// One sample counts for no more than this, so that a lone spike raises no alarm.
  private static let most = 6.0

  /// Nil where the series did not change, or is too short to tell.
  init?(_ raw: [Double], seconds: [Double]) {
    let plain = Self.levelled(raw, seconds)
    let values = Self.withoutCurve(plain, seconds)
    guard values.count >= 12 else { return nil }
    let step = Self.step(values)
    // The incident may fall into the first part.
    var length = max(8, values.count / 3)
    if let step, step.at < length, step.gain > 60 { length = max(8, step.at) }
    let first = Array(values.prefix(length)).filter(\.isFinite)
    guard first.count >= 6 else { return nil }
    let usual = Self.usual(first)
    let deviations = values.map { usual.deviation($0) }
    // Rare spikes and slow waves that the first part had anyway are no alarm.
    let widest = first.map { abs(usual.deviation($0)) }.max() ?? 0
    var sums = [0.0, 0.0]
    var starts = [0, 0]
    var own = 0.0
    for (index, deviation) in deviations.enumerated() {
      let z = max(-Self.most, min(Self.most, deviation))
      for side in 0...1 {
        if sums[side] == 0 { starts[side] = index }
        sums[side] = max(0, sums[side] + (side == 0 ? z : -z) - Self.allowance)
      }
      if index < length {
        own = max(own, sums[0], sums[1])
        if index == length - 1 { sums = [0, 0] }
        continue
      }
      let threshold = Self.alarm + 1.5 * min(widest, 8) + 1.5 * min(own, 40)
      for side in 0...1 where sums[side] > threshold {
        self.init(deviations, from: starts[side], to: index, sign: side == 0 ? 1 : -1)
        // A sharp step on a wave is dated by itself: no curve fits a load whose swing the failure multiplies.
        if let edge = SharpEdge(plain), abs(edge.at - at) > 6 {
          let usual = Self.usual(Array(plain.prefix(max(8, plain.count / 3))))
          measure(plain.map { edge.sign * usual.deviation($0) }, from: edge.at, sign: edge.sign)
        }
        return
      }
    }
    return nil
  }

  /// The usual level, and the usual spread on either side of it.
  struct Usual {
    var centre: Double
    var above: Double
    var below: Double

    func deviation(_ value: Double) -> Double {
      value.isFinite ? (value - centre) / (value > centre ? above : below) : 0
    }
  }

  static func usual(_ values: [Double]) -> Usual {
    let centre = Robust.median(values)
    // A constant series has no spread of its own; a hundredth of its size stands for rounding.
    let least = max(0.01 * abs(centre), 1e-9)
    return Usual(
      centre: centre, above: max((Robust.quantile(values, 0.95) - centre) / 1.645, least),
      below: max((centre - Robust.quantile(values, 0.05)) / 1.645, least))
  }

  private init(_ deviations: [Double], from start: Int, to alarm: Int, sign: Double) {
    var sign = sign
    var signed = deviations.map { sign * $0 }
    let next = Array(signed[start..<min(signed.count, alarm + 6)].suffix(8))
    let level = Robust.median(next)
    // A step of at most six spreads: of a ramp the foot is wanted, not the middle.
    let half = max(0.75, min(3, level / 2))
    var best = start
    var top = -Double.infinity
    var sum = 0.0
    for index in stride(from: alarm, through: max(0, start - 2), by: -1) {
      sum += min(signed[index], 3 * half) - half
      if sum > top { (top, best) = (sum, index) }
    }
    let near = min(signed.count, alarm + 24)
    let height = Self.height(of: signed, from: best, to: near)
    if let foot = Self.foot(of: signed, from: best, to: near) {
      best = foot
    } else if height < 6 {
      // A wave may have raised the alarm: what goes three times as far later, to either side, is the change.
      for (direction, side) in [(1.0, signed), (-1.0, signed.map { -$0 })] {
        guard Self.height(of: side, from: best, to: side.count) >= 3 * max(1, height),
          let foot = Self.foot(of: side, from: best, to: side.count)
        else { continue }
        best = foot
        signed = side
        sign *= direction
        break
      }
    }
    at = best
    size = 0
    self.sum = 0
    isLasting = false
    measure(signed, from: best, sign: sign)
  }

  /// How far the series went from a place on. `signed` counts to the side of the change.
  private mutating func measure(_ signed: [Double], from best: Int, sign: Double) {
    at = best
    isUp = sign > 0
    let after = Array(signed[best..<min(signed.count, best + 12)])
    size = sign * max(-1e3, min(1e3, Robust.median(after)))
    isLasting = after.count { $0 > 2 } * 10 >= after.count * 7
    var reached = 0.0
    var run = 0.0
    for value in signed[best...] {
      run = max(0, run + min(20, value) - Self.allowance)
      reached = max(reached, run)
    }
    self.sum = reached
  }

  /// The greatest median of five samples in a row.
  private static func height(of signed: [Double], from start: Int, to end: Int) -> Double {
    guard end - start >= 5 else { return 0 }
    return (start...(end - 5)).map { Robust.median(Array(signed[$0..<($0 + 5)])) }.max() ?? 0
  }

  /// Where a sharp rise begins, told from the slow wave that it may stand on: the sample at which half of the height is
  /// reached, and from there back as long as samples stand out of those just before the rise. Nil where the rise is small
  /// or slow; there the best step is all that can be said.
  private static func foot(of signed: [Double], from start: Int, to end: Int) -> Int? {
    guard end - start >= 5 else { return nil }
    let height = Self.height(of: signed, from: start, to: end)
    guard height >= 6 else { return nil }
    let rise = (start..<(end - 3)).first { index in
      signed[index] >= height / 2 && signed[index..<(index + 4)].count { $0 >= height / 2 } >= 3
    }
    guard let rise, rise >= 20 else { return nil }
    let before = Array(signed[max(0, rise - 40)..<(rise - 11)])
    let base = Robust.median(before)
    let steps = zip(before.dropFirst(), before).map { abs($0 - $1) }
    let noise = max(0.3, Robust.median(steps) * 1.4826 / 2.0.squareRoot())
    let near = Robust.median(Array(signed[(rise - 7)..<(rise - 3)]))
    let then = Robust.median(Array(signed[min(rise + 3, end - 4)..<min(rise + 7, end)]))
    guard then - near >= 0.5 * (height - base) else { return nil }
    let least = base + max(2.5 * noise, 0.1 * (height - base))
    var foot = rise
    while foot > rise - 11, signed[foot - 1] > least || signed[foot - 2] > least { foot -= 1 }
    while foot < rise, signed[foot] <= least { foot += 1 }
    return foot
  }

  /// A counter that only grows (a total, an uptime) as its rate; other series as they are.
  static func levelled(_ values: [Double], _ seconds: [Double]) -> [Double] {
    let steps = zip(values.dropFirst(), values).map { $0 - $1 }
    let falls = steps.count { $0 < 0 }
    let rises = steps.count { $0 > 0 }
    guard falls * 50 <= steps.count, rises * 5 >= steps.count * 4, !steps.isEmpty else { return values }
    var rates = steps.indices.map { index -> Double in
      // A counter that was reset says nothing in that step.
      steps[index] < 0 ? .nan : steps[index] / max(1e-3, seconds[index + 1] - seconds[index])
    }
    let usual = Robust.median(rates.filter(\.isFinite))
    rates = rates.map { $0.isFinite ? $0 : usual }
    return [rates[0]] + rates
  }

  /// The most likely step, and its gain in units of the noise between neighbouring samples.
  private static func step(_ values: [Double]) -> (at: Int, gain: Double)? {
    let noise = noise(values)
    guard noise > 0 else { return nil }
    let total = values.reduce(0, +)
    let n = Double(values.count)
    var left = 0.0
    var best: (at: Int, gain: Double)?
    for index in 1..<values.count {
      left += values[index - 1]
      guard index >= 4, index <= values.count - 4 else { continue }
      let a = Double(index)
      let difference = left / a - (total - left) / (n - a)
      let gain = difference * difference * a * (n - a) / n / (noise * noise)
      if gain > best?.gain ?? 0 { best = (index, gain) }
    }
    return best
  }

  /// Standard deviation from the differences of neighbours, which no step or curve sways.
  private static func noise(_ values: [Double]) -> Double {
    Robust.median(zip(values.dropFirst(), values).map { abs($0 - $1) }) * 1.4826 / 2.0.squareRoot()
  }

  // MARK: The curve of the load

  static func withoutCurve(_ values: [Double], _ seconds: [Double]) -> [Double] {
    guard values.count >= 60, let first = seconds.first, let last = seconds.last, last > first else {
      return values
    }
    // A day's two harmonics, or, within a day, a slow swing of any phase: cosines of up to three turns.
    let columns: [[Double]] =
      last - first > 1.2 * 86_400
      ? [1.0, 2.0].flatMap { turn in
        let angle = seconds.map { 2 * .pi * turn * $0 / 86_400 }
        return [angle.map { sin($0) }, angle.map { cos($0) }]
      }
      : (1...6).map { turn in seconds.map { cos(.pi * Double(turn) * ($0 - first) / (last - first)) } }
    var basis: [[Double]] = []
    for column in [values.map { _ in 1.0 }] + columns {
      var rest = column
      for known in basis { rest = rest.minus(known, times: rest.dot(known)) }
      let length = rest.dot(rest).squareRoot()
      if length > 1e-6 { basis.append(rest.map { $0 / length }) }
    }
    // Outliers beyond six spreads would bend the curve.
    let centre = Robust.median(values)
    let spread = max(Robust.mad(values, around: centre), 1e-12)
    let clipped = values.map { max(centre - 6 * spread, min(centre + 6 * spread, $0)) }
    let residual = basis.reduce(clipped) { $0.minus($1, times: clipped.dot($1)) }
    // A step from `index` on, less what of it the curve's functions span.
    var best: (at: Int, gain: Double, height: Double)?
    var tail = 0.0
    var inBasis = [Double](repeating: 0, count: basis.count)
    for index in stride(from: values.count - 1, through: 8, by: -1) {
      tail += residual[index]
      for column in basis.indices { inBasis[column] += basis[column][index] }
      let own = Double(values.count - index) - inBasis.reduce(0) { $0 + $1 * $1 }
      guard index <= values.count - 8, own > 4 else { continue }
      let gain = tail * tail / own
      if gain > best?.gain ?? 0 { best = (index, gain, tail / own) }
    }
    var levelled = clipped
    if let best { for index in best.at..<levelled.count { levelled[index] -= best.height } }
    let curve = basis.dropFirst().reduce([Double](repeating: 0, count: values.count)) {
      $0.minus($1, times: -levelled.dot($1))
    }
    // Only a curve that the first part has as well is taken away: a failure that passes is no load.
    let part = 0..<max(20, values.count / 3)
    func variation(_ list: [Double]) -> Double {
      let mean = list.reduce(0, +) / Double(list.count)
      return list.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    let without = part.map { clipped[$0] - curve[$0] }
    guard variation(without) < 0.75 * variation(part.map { clipped[$0] }) else { return values }
    return values.minus(curve, times: 1)
  }
}

extension [Double] {
  fileprivate func dot(_ other: [Double]) -> Double {
    var sum = 0.0
    for index in indices { sum += self[index] * other[index] }
    return sum
  }

  fileprivate func minus(_ other: [Double], times factor: Double) -> [Double] {
    var result = self
    for index in indices { result[index] -= factor * other[index] }
    return result
  }
}
