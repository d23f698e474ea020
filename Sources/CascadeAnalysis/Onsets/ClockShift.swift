internal import IncidentModel

/// Whose stamps all lie too early, from the first to the last: the clock is behind, and what looks like a silence at the end of the evidence is
/// the time that it is behind by.
///
/// Where nearly all begin to be heard in one moment (a recording that was started), an entity that begins as much sooner as it ends sooner was
/// heard all along. Clocks that were measured are corrected before this; telemetry alone often compares none.
/// Fails for an entity that was heard before the others were, and fell silent as long before the end.
struct ClockShift {
  /// Corrected second in which most are heard first; nil where they begin one by one.
  private let begin: Double?

  private static let fewest = 8

  init(_ timeline: Timeline, _ devices: [Int]) {
    let firsts = devices.compactMap { device in
      timeline.events(of: device).first.map { timeline.seconds[Int($0)] }
    }
    .sorted()
    guard firsts.count >= Self.fewest else {
      begin = nil
      return
    }
    let middle = firsts[firsts.count / 2]
    let reach = 0.02 * (timeline.end - timeline.start)
    let together = firsts.count { abs($0 - middle) <= reach }
    begin = together * 2 >= firsts.count ? middle : nil
  }

  /// Whether an entity that spoke every `pause` seconds began as much too soon as it ended.
  func explains(_ silence: Double, of device: Int, pause: Double, _ timeline: Timeline) -> Bool {
    guard let begin, let first = timeline.events(of: device).first else { return false }
    let lead = begin - timeline.seconds[Int(first)]
    return lead > 2 * pause && lead * 2 > silence && lead < 2 * silence
  }
}
