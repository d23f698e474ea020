import IncidentModel

/// Round numbers for axes of time and counts.
enum LineScale {
  private static let second: Int64 = 1_000_000_000

  /// A round step of time that divides a span into about this many parts: 1 s, 5 s, 1 min, 15 min, 1 h, 1 d…
  static func niceStep(_ span: Int64, parts: Int) -> Int64 {
    let steps: [Int64] = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
      604_800,
      1_209_600, 2_592_000, 7_776_000, 31_536_000, 157_680_000,
    ]
    let wanted = max(1, span / Int64(max(1, parts)))
    return (steps.first { $0 * second >= wanted } ?? 315_360_000) * second
  }

  /// Ticks of a time axis.
  static func timeTicks(from start: Int64, to end: Int64, about: Int) -> (ticks: [Int64], step: Int64) {
    let step = niceStep(end - start, parts: about)
    var ticks: [Int64] = []
    var tick = (start / step) * step
    if tick < start { tick += step }
    while tick <= end, ticks.count < 40 {
      ticks.append(tick)
      tick += step
    }
    return (ticks, step)
  }

  /// Ticks of an axis from zero: 1, 2 or 5 times a power of ten.
  static func ticks(to maximum: Double, about: Int) -> [Double] {
    guard maximum > 0, maximum.isFinite else { return [0] }
    var step = 1.0
    if maximum / Double(about) < 1 { step = 0.001 }
    let factors = [2, 2.5, 2]
    var index = 0
    while maximum / step > Double(about) + 0.5 {
      step *= factors[index % 3]
      index += 1
    }
    var ticks: [Double] = []
    var value = 0.0
    while value <= maximum * 1.0001 {
      ticks.append(value)
      value += step
    }
    return ticks
  }
}
