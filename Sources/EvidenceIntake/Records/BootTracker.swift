import IncidentModel

/// The boots in one source's stamps since boot: cut at reset marks and where the counter falls, each tied to wall time
/// by a record that states both.
struct BootTracker {
  private struct Boot {
    /// Contiguous runs of events, by ordinal, with the earliest and latest time since boot in each.
    var runs: [(events: Range<Int>, earliest: Int64, latest: Int64)] = []
    /// Wall time minus time since boot, and the error of that.
    var anchor: (offset: Int64, error: Int64)?
  }

  private var boots: [Boot] = []
  private var isMarked = true
  private var previous: Int64 = 0

  /// Out of order by less than this is no reboot: lines of several processors overtake each other.
  private static let tolerance: Int64 = 1_000_000_000
  /// Least fall that can be a reboot within the first second.
  private static let least: Int64 = 10_000_000

  /// A record said that the device has booted before it.
  mutating func mark() { isMarked = true }

  /// An event `time` nanoseconds after its boot. `wall` is the instant that its text states.
  mutating func add(_ time: Int64, ordinal: Int, wall: Int64?) {
    let fall = previous.subtractingReportingOverflow(time).partialValue
    let falls = fall > Self.tolerance || (fall > Self.least && time < previous / 2)
    if isMarked || falls || boots.isEmpty {
      boots.append(Boot())
      isMarked = false
    }
    previous = time
    let last = boots.count - 1
    if let run = boots[last].runs.indices.last, boots[last].runs[run].events.upperBound == ordinal {
      let events = boots[last].runs[run].events
      boots[last].runs[run].events = events.lowerBound..<ordinal + 1
      boots[last].runs[run].earliest = min(boots[last].runs[run].earliest, time)
      boots[last].runs[run].latest = max(boots[last].runs[run].latest, time)
    } else {
      boots[last].runs.append((ordinal..<ordinal + 1, time, time))
    }
    if let wall, boots[last].anchor == nil {
      // Such lines tell whole seconds.
      boots[last].anchor = (wall.subtractingReportingOverflow(time).partialValue, 1_000_000_000)
    }
  }

  /// What anchors tell: adjustments, and the earliest and latest instants among them.
  func finish() -> (adjustments: [TimeAdjustment], decision: IntakeDecision?, instants: [Int64]) {
    guard !boots.isEmpty else { return ([], nil, []) }
    var adjustments: [TimeAdjustment] = []
    var instants: [Int64] = []
    for boot in boots {
      guard let anchor = boot.anchor else { continue }
      for run in boot.runs {
        adjustments.append(
          TimeAdjustment(
            events: run.events, shift: anchor.offset, quality: .anchored, timeError: anchor.error))
        instants += [run.earliest &+ anchor.offset, run.latest &+ anchor.offset]
      }
    }
    let anchored = boots.count { $0.anchor != nil }
    let decision = IntakeDecision(
      subject: "boot", value: "\(boots.count) boots, \(anchored) anchored",
      reason: "cut at reset marks and where the time since boot falls; anchored by lines that state wall time"
    )
    return (adjustments, decision, instants)
  }
}
