import IncidentModel
import LogFormats

/// Stamps of the hour that comes twice when summer time ends, and of the one that does not come when it begins.
///
/// In the hour that comes twice, lines whose clock falls back by minutes have reached its second pass; those before were of the first. Where no
/// clock falls, both are possible: the first is taken, and the error says the other.
struct ClockChangeTracker {
  private enum Pass { case first, second, jumbled }
  private struct Run {
    var events: Range<Int>
    var error: Int64
  }

  /// Lines out of order fall by less.
  private static let fall: Int64 = 300_000_000_000
  private static let window: Int64 = 86_400_000_000_000

  private var day = Int64.min
  private var pass = Pass.first
  private var previous: Int64 = 0
  /// The events of this night's current pass.
  private var runs: [Run] = []
  private var nightly = (open: 0, told: 0)
  private var open = 0
  private var told = 0
  private var skipped = 0
  private(set) var adjustments: [TimeAdjustment] = []

  /// The instant and the error of a local time that the zone's rules put in doubt.
  mutating func place(
    _ local: Int64, _ doubt: TimeZoneRules.Doubt, resolution: Int64, ordinal: Int
  ) -> (instant: Int64, error: Int64) {
    let first = local &- Int64(doubt.first) &* 1_000_000_000
    let error = max(resolution, Int64(abs(doubt.first - doubt.second)) * 1_000_000_000)
    if !doubt.isTwice {
      skipped += 1
      return (first, error)
    }
    let day = local.floorQuotient(Self.window)
    if day != self.day {
      close()
      self.day = day
    } else if local < previous &- Self.fall {
      fallBack(error)
    }
    previous = local
    note(ordinal, pass == .jumbled ? error : resolution)
    guard pass == .second else {
      nightly.open += 1
      return (first, error)
    }
    nightly.told += 1
    return (local &- Int64(doubt.second) &* 1_000_000_000, resolution)
  }

  private mutating func fallBack(_ error: Int64) {
    switch pass {
    case .first:
      // What was before is of the first pass, now that there is a second.
      for run in runs {
        adjustments.append(TimeAdjustment(events: run.events, shift: 0, timeError: run.error))
      }
      nightly = (0, nightly.told + nightly.open)
      pass = .second
    case .second:
      // No hour comes three times: the lines are of several clocks, and tell nothing.
      adjustments += (firstRuns + runs).map { TimeAdjustment(events: $0.events, shift: 0, timeError: error) }
      nightly = (nightly.open + nightly.told, 0)
      pass = .jumbled
    case .jumbled: return
    }
    firstRuns = runs
    runs = []
  }
  /// The events of this night's first pass, once there is a second.
  private var firstRuns: [Run] = []

  private mutating func note(_ ordinal: Int, _ error: Int64) {
    guard pass != .jumbled else { return }
    if let last = runs.indices.last, runs[last].events.upperBound == ordinal, runs[last].error == error {
      runs[last].events = runs[last].events.lowerBound..<ordinal + 1
    } else {
      runs.append(Run(events: ordinal..<ordinal + 1, error: error))
    }
  }

  private mutating func close() {
    open += nightly.open
    told += nightly.told
    nightly = (0, 0)
    runs = []
    firstRuns = []
    pass = .first
  }

  /// What to say at the end of the source: one part for each kind of hour.
  mutating func finish() -> [String] {
    close()
    var parts: [String] = []
    if open + told > 0 {
      var words = "\(Self.stamps(open + told)) in the hour that comes twice as summer time ends: "
      if told > 0 { words += "\(told) placed by the order of the lines" }
      if open > 0 { words += (told > 0 ? ", " : "") + "\(open) taken as its first pass, error one hour" }
      parts.append(words)
    }
    if skipped > 0 {
      parts.append(
        "\(Self.stamps(skipped)) in the hour that is left out as summer time begins: the offset before it is taken, error one hour"
      )
    }
    return parts
  }

  private static func stamps(_ count: Int) -> String { count == 1 ? "1 stamp lies" : "\(count) stamps lie" }
}
