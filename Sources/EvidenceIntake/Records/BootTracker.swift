import IncidentModel

/// The boots in one source's stamps since boot: cut at reset marks and where the counter falls, each tied to wall time
/// by a record that states both, or by what the user says.
struct BootTracker {
  private struct Boot {
    /// Contiguous runs of events, by ordinal, with the earliest and latest time since boot in each.
    var runs: [(events: Range<Int>, earliest: Int64, latest: Int64)] = []
    /// Wall time minus time since boot, the error of that, and the event that says it.
    var anchor: (offset: Int64, error: Int64, evidence: Int?)?
    /// True where a record said that the device has booted; false where the counter fell.
    var isMarked: Bool
  }

  private var boots: [Boot] = []
  private var isMarked = true
  private var previous: Int64 = 0
  /// Instants at which the clock of a boot (from 1) read 0, as the user says.
  private let given: [Int: Int64]

  init(given: [Int: Int64] = [:]) { self.given = given }

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
      boots.append(Boot(isMarked: isMarked))
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
      boots[last].anchor = (wall.subtractingReportingOverflow(time).partialValue, 1_000_000_000, ordinal)
    }
  }

  /// What anchors tell.
  struct Outcome {
    var adjustments: [TimeAdjustment] = []
    var decision: IntakeDecision?
    /// Earliest and latest instants of the anchored runs.
    var instants: [Int64] = []
    var spans: [BootSpan] = []
  }

  /// What the end of the source tells.
  func finish() -> Outcome {
    guard !boots.isEmpty else { return Outcome() }
    var outcome = Outcome()
    var counts = (given: 0, stated: 0)
    for (index, boot) in boots.enumerated() {
      guard let first = boot.runs.first, let last = boot.runs.last else { continue }
      var span = BootSpan(
        number: index + 1, events: first.events.lowerBound..<last.events.upperBound, anchor: nil, error: nil,
        method: boot.isMarked ? "none: no line of this boot states wall time" : "none: the counter fell")
      var anchor = boot.anchor
      if let said = given[index + 1] {
        anchor = (said, 1_000_000_000, nil)
        span.method = "given by --anchor"
        counts.given += 1
      } else if anchor != nil {
        span.method = "a line states wall time"
        counts.stated += 1
      }
      if let anchor {
        span.anchor = anchor.offset
        span.error = anchor.error
        span.evidence = anchor.evidence
        for run in boot.runs {
          outcome.adjustments.append(
            TimeAdjustment(
              events: run.events, shift: anchor.offset, quality: .anchored, timeError: anchor.error))
          outcome.instants += [run.earliest &+ anchor.offset, run.latest &+ anchor.offset]
        }
      }
      outcome.spans.append(span)
    }
    let anchored = counts.given + counts.stated
    var how = ["cut at reset marks and where the time since boot falls"]
    if counts.stated > 0 { how.append("\(counts.stated) anchored by a line that states wall time") }
    if counts.given > 0 { how.append("\(counts.given) given by --anchor") }
    if anchored < boots.count {
      how.append(
        "\(boots.count - anchored) without an anchor: their events have no time, only one since boot")
    }
    outcome.decision = IntakeDecision(
      subject: "boot", value: "\(boots.count) \(boots.count == 1 ? "boot" : "boots"), \(anchored) anchored",
      reason: how.joined(separator: "; "))
    return outcome
  }
}
