internal import Glibc

/// A sharp step that stands far out of everything else in a series, whatever slow wave it stands on.
///
/// The medians of eight samples before and after each place are compared (a median filter's step response, which lone spikes
/// and slow waves hardly move); the step counts where it is three times as high as any such difference in the first part,
/// and half again as high as the series ever went to that side before it. The place within it is where two levels fit best
/// (least absolute deviations), and from there back as long as samples stand out of those just before.
/// Of steps of like height the first is dated. Fails for a lesser one before.
struct SharpEdge {
  /// Position of the first sample of the step.
  let at: Int
  /// +1 up, -1 down.
  let sign: Double

  private static let width = 8

  /// Nil where no step stands out.
  init?(_ values: [Double]) {
    let width = Self.width
    guard values.count >= 60, values.allSatisfy(\.isFinite) else { return nil }
    let first = max(20, values.count / 3)
    let levels = (0...(values.count - width)).map { Robust.median(Array(values[$0..<($0 + width)])) }
    var usual = 0.01 * abs(Robust.median(Array(values[..<first])))
    var top = (place: 0, step: 0.0)
    for place in width...(values.count - width) {
      let step = levels[place] - levels[place - width]
      if place + width <= first { usual = max(usual, abs(step)) }
      if place >= first, abs(step) > abs(top.step) { top = (place, step) }
    }
    // What left its range and came back took two steps of like height: the first of them is the failure.
    let size = { (place: Int) in abs(levels[place] - levels[place - width]) }
    let like = (first...max(first, top.place)).first { size($0) >= 0.7 * abs(top.step) } ?? top.place
    if like + width < top.place {
      let place = (like...(like + width)).max { size($0) < size($1) }!
      top = (place, levels[place] - levels[place - width])
    }
    guard usual > 0, abs(top.step) >= 3 * usual else { return nil }
    let sign = top.step < 0 ? -1.0 : 1
    let signed = values.map { sign * $0 }
    let place = Self.division(of: signed, around: top.place)
    // A series that went there by degrees is dated by where that began.
    let centre = Robust.median(Array(signed[..<first]))
    if first < place - 5 {
      for start in first..<(place - 5)
      where abs(top.step) < 1.5 * (Robust.median(Array(signed[start..<(start + 5)])) - centre) { return nil }
    }
    self.sign = sign
    at = Self.foot(of: signed, at: place)
  }

  /// Where two levels fit the samples around a place best.
  private static func division(of values: [Double], around place: Int) -> Int {
    let near = Array(values[max(0, place - 2 * width)..<min(values.count, place + 2 * width)])
    var best = (at: place, rest: Double.infinity)
    for split in 4...(near.count - 4) {
      let rest = [near[..<split], near[split...]].reduce(0.0) { sum, part in
        let level = Robust.median(Array(part))
        return sum + part.reduce(0) { $0 + abs($1 - level) }
      }
      if rest < best.rest { best = (max(0, place - 2 * width) + split, rest) }
    }
    return best.at
  }

  /// Back from a place as long as samples stand out of those just before.
  private static func foot(of values: [Double], at place: Int) -> Int {
    guard place >= 14 else { return place }
    let before = Array(values[max(0, place - 30)..<(place - 8)])
    let noise =
      Robust.median(zip(before.dropFirst(), before).map { abs($0 - $1) }) * 1.4826 / 2.0.squareRoot()
    let base = Robust.median(Array(values[(place - 14)..<(place - 8)]))
    let after = values[min(place + 2, values.count - 1)..<min(place + 10, values.count)]
    let height = Robust.median(Array(after))
    let least = base + max(2.5 * noise, 0.15 * (height - base))
    var foot = place
    while foot > max(2, place - 11), values[foot - 1] > least || values[foot - 2] > least { foot -= 1 }
    while foot < place, values[foot] <= least { foot += 1 }
    return foot
  }
}
