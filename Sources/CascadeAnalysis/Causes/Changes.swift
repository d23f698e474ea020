internal import Glibc
internal import IncidentModel

/// A change that may have caused failures: what was told, by whom, of whom, and how the receivers fared.
struct Change {
  var template: Int
  /// Who announced it; nil where only the receivers speak of it.
  var actor: Int?
  /// The announcement's event position.
  var announcement: Int32?
  /// Corrected second of the change, per receiver.
  var received: [Int: Double]
  /// Event position per receiver.
  var events: [Int: Int32]
  /// First receipt, or the announcement where that is later known to be first.
  var start: Double
  /// Nats for "receivers fail more" over "it makes no difference", in the early phase.
  var score: Double
  var failedShare: Double
  var failedShareOfOthers: Double
}

/// Finds changes: quiet messages that were not seen before, most entities get once, and failures follow.
///
/// Compares P(fail | change) with P(fail | no change) among alike entities up to the first failure of shared
/// infrastructure (after that, victims of the overload would drown the comparison), by the likelihood ratio G
/// (Dunning, "Accurate methods for the statistics of surprise and coincidence", 1993). A failure before the change
/// counts against it. The actor is who said something unheard-of last before the first receipt.
/// Fails where updates are not logged at all, or every entity is changed at the same moment.
struct Changes {
  /// Those that explain failures, best first.
  private(set) var causes: [Change] = []
  /// Others, for the record.
  private(set) var others: [Change] = []

  init(
    _ timeline: Timeline, _ fleet: Fleet, _ profiles: TemplateProfiles, _ reports: Reports, _ onsets: Onsets,
    earlyEnd: Double, isTimed: (Int) -> Bool
  ) {
    let evidence = timeline.evidence
    let templates = evidence.templateTexts.count
    let isCandidate = (0..<templates).map { template in
      !timeline.isLoud[template] && !reports.isReport(template)
        && (profiles.fleet[template].role == .novel || profiles.fleet[template].role == .surging)
    }
    var receipts: [Int: [Int: (Double, Int32)]] = [:]
    var announcements: [(time: Double, device: Int, event: Int32)] = []
    for device in 0..<timeline.deviceCount {
      for event in timeline.events(of: device) {
        let template = Int(evidence.eventTemplates[Int(event)])
        guard !timeline.isLoud[template] else { continue }
        let time = timeline.seconds[Int(event)]
        if isCandidate[template], !fleet.isShared[device] {
          if receipts[template]?[device] == nil { receipts[template, default: [:]][device] = (time, event) }
        } else if !reports.isReport(template), profiles.fleet[template].events <= 8,
          fleet.isShared[device] || fleet.row[device] < 0,
          profiles.fleet[template].first > timeline.start + 0.02 * (timeline.end - timeline.start)
        {
          announcements.append((time, device, event))
        }
      }
    }
    announcements.sort { ($0.time, $0.event) < ($1.time, $1.event) }
    let mass = (0..<timeline.deviceCount).filter { !fleet.isShared[$0] }
    for (template, got) in receipts.sorted(by: { $0.key < $1.key }) where got.count >= 3 {
      guard profiles.fleet[template].events <= got.count * 2 else { continue }
      var a = 0.0
      var b = 0.0
      var c = 0.0
      var d = 0.0
      for device in mass {
        let onset = onsets.findings[device].map(\.time) ?? .infinity
        let failedEarly = onset < earlyEnd
        if let (time, _) = got[device], time < earlyEnd, !(failedEarly && onset < time - 5) {
          if failedEarly { a += 1 } else { b += 1 }
        } else if failedEarly {
          c += 1
        } else {
          d += 1
        }
      }
      let share = a / max(1, a + b)
      let other = c / max(1, c + d)
      let score = share > other ? Robust.association(a, b, c, d) : 0
      let timed = got.filter { isTimed($0.key) }
      let times = (timed.count * 2 >= got.count ? timed : got).values.map(\.0).sorted()
      let start = times[min(times.count - 1, times.count / 50)]
      // The last thing said before the first receipt; clocks that could not be corrected blur it by minutes.
      let blur = 120.0
      let announced = announcements.filter { $0.time <= start + blur && $0.time > start - 7200 }
      let before = announced.last { $0.time <= start + 1 } ?? announced.first
      let change = Change(
        template: template, actor: before?.device, announcement: before?.event,
        received: got.mapValues(\.0), events: got.mapValues(\.1), start: start, score: score,
        failedShare: share,
        failedShareOfOthers: other)
      // An announcement beforehand is evidence of its own.
      if score > (change.actor == nil ? 6 : 4), share > 1.7 * other {
        causes.append(change)
      } else {
        others.append(change)
      }
    }
    causes.sort { ($0.score, -$0.start) > ($1.score, -$1.start) }
  }
}
