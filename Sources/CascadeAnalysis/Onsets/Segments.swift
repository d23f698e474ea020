/// Where failures gather in time: a window of days may hold an incident of minutes, or several.
///
/// Density in one dimension (DBSCAN; Ester, Kriegel, Sander and Xu, 1996): a failure with enough others within half an
/// hour is part of a segment, and segments an hour apart are one. Evidence is cut only where segments fill less than
/// half of the window with the margins they need, as everyday life around an incident is what it is told from.
struct Segments {
  /// From the first to the last failure of each, in order of time; one for everything where nothing is cut.
  private(set) var list: [ClosedRange<Double>] = []
  /// True where evidence need not be cut.
  private(set) var areWhole = true
  /// Failures in none.
  private(set) var outside: [Int] = []

  private static let reach = 1800.0

  /// One for everything.
  init() { list = [-Double.infinity...Double.infinity] }

  init(_ onsets: Onsets, _ members: [Int], _ timeline: Timeline) {
    let whole = -Double.infinity...Double.infinity
    list = [whole]
    let ordered = members.sorted { (onsets.findings[$0]!.time, $0) < (onsets.findings[$1]!.time, $1) }
    let window = timeline.end - timeline.start
    let times = ordered.map { onsets.findings[$0]!.time }
    guard times.count >= 4, window > 6 * Self.reach else { return }
    let found = Self.gatherings(times, Self.reach)
    // Failures that gather over many hours (a leak, a worm that takes its time) are no strays of a fast incident, and are seen
    // as they are in the whole window.
    let isSlow = { (segments: [ClosedRange<Double>]) in
      times.count { time in segments.contains { $0.contains(time) } } * 5 < times.count * 4
    }
    let isLong = found.contains { segment in
      segment.upperBound - segment.lowerBound > max(6 * Self.reach, window / 20)
        && times.count { segment.contains($0) } * 2 > times.count
    }
    if isLong { return }
    if isSlow(found) {
      var wider = 2 * Self.reach
      while wider <= window / 12 {
        let slow = Self.gatherings(times, wider)
        let width = slow.reduce(0) { $0 + $1.upperBound - $1.lowerBound }
        if !isSlow(slow), width < 0.5 * window { return }
        wider *= 2
      }
    }
    let covered = found.reduce(0) { $0 + 2.5 * ($1.upperBound - $1.lowerBound) + min(5400, window / 4) }
    guard !found.isEmpty, covered < 0.75 * window else { return }
    areWhole = false
    // Late and early single ones of an incident lie near it.
    list = found.map { ($0.lowerBound - 900)...($0.upperBound + 900) }
    let segments = list
    outside = ordered.filter { device in
      !segments.contains { $0.contains(onsets.findings[device]!.time) }
    }
  }

  /// From the first to the last of times that lie close: each with enough others within `reach` seconds.
  private static func gatherings(_ times: [Double], _ reach: Double) -> [ClosedRange<Double>] {
    let needed = max(4, times.count / 12)
    var found: [ClosedRange<Double>] = []
    var low = 0
    var high = 0
    for time in times {
      while times[low] < time - reach { low += 1 }
      while high < times.count, times[high] <= time + reach { high += 1 }
      guard high - low >= needed else { continue }
      if let last = found.last, time - last.upperBound < 2 * reach {
        found[found.count - 1] = last.lowerBound...time
      } else {
        found.append(time...time)
      }
    }
    return found
  }
}
