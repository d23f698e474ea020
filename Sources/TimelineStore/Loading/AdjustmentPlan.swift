internal import IncidentModel

/// Adjustments of one source as stretches that do not overlap, in order, to be asked front to back.
struct AdjustmentPlan {
  struct Stretch: Equatable {
    var events: Range<Int>
    var shift: Int64
    var quality: TimeQuality?
    var timeError: Int64?
  }
  private(set) var stretches: [Stretch] = []
  private var next = 0

  init(_ adjustments: [TimeAdjustment]) {
    let given = adjustments.filter { !$0.events.isEmpty }
    let sorted = given.sorted { $0.events.lowerBound < $1.events.lowerBound }
    if zip(sorted, sorted.dropFirst()).allSatisfy({ $0.events.upperBound <= $1.events.lowerBound }) {
      stretches = sorted.map {
        Stretch(events: $0.events, shift: $0.shift, quality: $0.quality, timeError: $0.timeError)
      }
      return
    }
    // Overlaps: shifts add up; of quality and error the adjustment given last counts.
    let edges = Set(given.flatMap { [$0.events.lowerBound, $0.events.upperBound] }).sorted()
    for (low, high) in zip(edges, edges.dropFirst()) {
      var stretch = Stretch(events: low..<high, shift: 0)
      var touched = false
      for one in given where one.events.lowerBound <= low && one.events.upperBound >= high {
        touched = true
        stretch.shift = stretch.shift.addingClamped(one.shift)
        stretch.quality = one.quality ?? stretch.quality
        stretch.timeError = one.timeError ?? stretch.timeError
      }
      if touched { stretches.append(stretch) }
    }
  }

  var isEmpty: Bool { stretches.isEmpty }

  /// The stretch an event lies in. Events must be asked in ascending order.
  mutating func stretch(of event: Int) -> Stretch? {
    while next < stretches.count, stretches[next].events.upperBound <= event { next += 1 }
    guard next < stretches.count, stretches[next].events.lowerBound <= event else { return nil }
    return stretches[next]
  }
}

extension Int64 {
  /// The sum, held within the range.
  func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other > 0 ? .max : .min) : sum
  }
}
