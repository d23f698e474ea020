public import IncidentModel

/// Until when the numbers that show a failure are beyond their usual range, in all of the evidence.
///
/// An incident is read from nearby, but numbers may come back long after it. Usual is what a series was before it left; it is back where,
/// spikes smoothed away, it goes no farther than it went before, or has come nine tenths of its way back, and stays there for three
/// samples. As far to the other side as half of its way is not back. Fails where a number has another usual value after a repair.
enum Departures {
  /// A series that left its usual range.
  struct Left {
    var device: Int32
    var name: String
    /// The first sample beyond; nil where samples have no events.
    var event: EventID?
    /// When that was, by corrected clocks.
    var time: Double
    var isUp: Bool
  }

  /// Completes the onsets of all incidents; `timeline` is the whole one.
  static func tell(_ trace: inout Trace, _ timeline: Timeline, _ clocks: ClockCorrection) {
    var wanted: [Int32: [(incident: Int, onset: Int)]] = [:]
    for incident in trace.incidents.indices {
      for (position, onset) in trace.incidents[incident].onsets.enumerated() {
        guard let device = onset.left.first?.device else { continue }
        wanted[device, default: []].append((incident, position))
      }
    }
    guard !wanted.isEmpty else { return }
    let series = timeline.evidence.series.filter {
      wanted[$0.device] != nil && $0.values.count >= MetricSeries.fewestToTell
    }
    let templates = MetricOnsets.templates(of: series, in: timeline.evidence)
    for one in series {
      for place in wanted[one.device]! {
        let onset = trace.incidents[place.incident].onsets[place.onset]
        for left in onset.left where left.name == one.name {
          for var part in MetricOnsets.kinds(one, templates) {
            let seconds = MetricOnsets.seconds(of: &part, timeline, clocks)
            let found = departures(part, seconds, left, timeline, isNumberOnly: onset.kind == .metric)
            trace.incidents[place.incident].onsets[place.onset].departures += found
          }
        }
      }
    }
    for places in wanted.values {
      for place in places { trace.incidents[place.incident].onsets[place.onset].settleDepartures() }
    }
  }

  private static func departures(
    _ series: MetricSeries, _ seconds: [Double], _ left: Left, _ timeline: Timeline, isNumberOnly: Bool
  ) -> [Onset.Departure] {
    let hasEvents = series.eventIDs.count == series.values.count
    let at =
      hasEvents && left.event != nil
      ? series.eventIDs.firstIndex(of: left.event!.rawValue) : seconds.firstIndex { $0 >= left.time }
    // A count of restarts, a version, a setting may go to a new value for good, and a device that has more to tell be well.
    guard let at, at > 0, isNumberOnly || isMeasured(series.values.prefix(at)) else { return [] }
    return MetricSeriesChange.stretches(series.values, seconds: seconds, from: at, isUp: left.isUp).map {
      let isOver = $0.upperBound < seconds.count
      return Onset.Departure(
        name: series.name, since: timeline.instant(seconds[$0.lowerBound]),
        sinceEvent: hasEvents ? EventID(rawValue: series.eventIDs[$0.lowerBound]) : nil,
        until: isOver ? timeline.instant(seconds[$0.upperBound]) : nil,
        untilEvent: isOver && hasEvents ? EventID(rawValue: series.eventIDs[$0.upperBound]) : nil)
    }
  }

  /// Whether values differ from one to the next now and then.
  private static func isMeasured(_ values: ArraySlice<Double>) -> Bool {
    zip(values.dropFirst(), values).count { $0 != $1 } * 5 >= values.count
  }
}

extension MetricSeriesChange {
  /// Positions at which a series is beyond its usual range, from the sample on at which it left it; the last stretch may reach to the end.
  static func stretches(_ raw: [Double], seconds: [Double], from at: Int, isUp: Bool) -> [Range<Int>] {
    let plain = levelled(raw, seconds)
    let beyond = [withoutCurve(plain, seconds), plain].lazy
      .compactMap { Beyond($0, from: at, isUp: isUp) }.first
    guard let beyond else { return [] }
    var result: [Range<Int>] = []
    var start: Int? = at
    // A slow rise has not come back while it only begins.
    var hasLeft = false
    for index in at..<raw.count {
      let next = index..<min(raw.count, index + Beyond.fewest)
      if let since = start {
        if beyond.holds(index) {
          hasLeft = true
        } else if hasLeft, next.count == Beyond.fewest, !next.contains(where: beyond.holds) {
          result.append(since..<index)
          start = nil
        }
      } else if next.count == Beyond.fewest, next.allSatisfy(beyond.holds) {
        start = index
      }
    }
    return result + (start.map { [$0..<raw.count] } ?? [])
  }

  /// What of a series is beyond what it was before it left.
  private struct Beyond {
    private let smooth: [Double]
    private let bound: Double
    private let height: Double
    /// Samples in a row that are no accident.
    static let fewest = 3
    /// Spreads, of smoothed samples, within which everything is usual.
    private static let usual = 2.0

    /// Nil where the series did not go far.
    init?(_ values: [Double], from at: Int, isUp: Bool) {
      let usual = MetricSeriesChange.usual(Array(values.prefix(at)))
      let signed = values.map { (isUp ? 1 : -1) * usual.deviation($0) }
      smooth = signed.indices.map {
        Robust.median(Array(signed[max(0, $0 - 2)...min(signed.count - 1, $0 + 2)]))
      }
      height = smooth[at...].max() ?? 0
      guard height > Self.usual else { return nil }
      let before = Robust.quantile(Array(smooth.prefix(at)), 0.99)
      bound = max(height / 10, min(max(Self.usual, before), height / 2))
    }

    func holds(_ index: Int) -> Bool {
      smooth[index] > bound || smooth[index] < -max(bound, height / 2)
    }
  }
}

extension Onset {
  /// A stretch in which a number is beyond its usual range.
  public struct Departure: Sendable, Hashable {
    /// The number's name.
    public var name: String
    /// The first sample beyond.
    public var since: Instant
    /// Its event; nil where samples have none.
    public var sinceEvent: EventID?
    /// The first sample that is usual again; nil where none came.
    public var until: Instant?
    /// Its event.
    public var untilEvent: EventID?
    /// A stretch from its parts.
    public init(name: String, since: Instant, sinceEvent: EventID?, until: Instant?, untilEvent: EventID?) {
      self.name = name
      self.since = since
      self.sinceEvent = sinceEvent
      self.until = until
      self.untilEvent = untilEvent
    }
  }

  /// Puts the departures in order, and says whether the numbers came back.
  fileprivate mutating func settleDepartures() {
    departures.sort { ($0.since, $0.name) < ($1.since, $1.name) }
    guard !departures.isEmpty else { return }
    if kind == .metric, let back = numbersBack {
      reasons.append("back in it from \(back.rfc3339(fractionDigits: 0)) on")
    } else if numbersBack == nil {
      let names = Set(departures.filter { $0.until == nil }.map(\.name)).sorted()
      reasons.append(
        "\(names.prefix(3).joined(separator: ", ")) not back in the usual range when the evidence ends")
    }
  }

  /// When the last of its numbers was back in its usual range; nil where one is not, or none is known to have left it.
  var numbersBack: Instant? {
    departures.contains { $0.until == nil } ? nil : departures.compactMap(\.until).max()
  }
}
