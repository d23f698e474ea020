import IncidentModel

/// How affected entities spoke before their onset: how often, and how severely.
struct OwnRhythms {
  private struct Past {
    var first = Int64.max
    var last = Int64.min
    var turns: Int64 = 0
    var longest: Int64 = 0
    /// Events per severity; those without one at 8.
    var severities = SIMD16<Int32>()
  }
  /// Per entity; nil for those that were not affected, or said nothing before.
  private var usualSeverity: [UInt8?]
  private var pauses: [Int64?]
  /// What an entity with too short a past may take: the middle of what the others take.
  private var common = Int64.max

  /// Messages that follow each other faster are one turn.
  private static let turn: Int64 = 5_000_000_000
  /// Below this no silence says anything.
  static let least: Int64 = 300_000_000_000
  private static let fewestTurns: Int64 = 5

  /// - Parameter onsets: Per entity, nanoseconds; `Int64.max` for those not affected.
  init(_ evidence: IncidentEvidence, _ onsets: [Int64]) {
    var pasts = [Past?](repeating: nil, count: onsets.count)
    for row in evidence.times.indices {
      let device = Int(evidence.eventDevices[row])
      guard device >= 0, onsets[device] != .max, evidence.times[row] < onsets[device] else { continue }
      let time = evidence.times[row]
      if pasts[device] == nil { pasts[device] = Past() }
      if pasts[device]!.last != .min {
        let pause = time - pasts[device]!.last
        if pause > Self.turn { pasts[device]!.turns += 1 }
        pasts[device]!.longest = max(pasts[device]!.longest, pause)
      }
      pasts[device]!.first = min(pasts[device]!.first, time)
      pasts[device]!.last = time
      pasts[device]!.severities[Int(min(evidence.severities[row], 8))] += 1
    }
    usualSeverity = pasts.map { past in
      guard let past else { return nil }
      return UInt8((0...8).max { past.severities[$0] < past.severities[$1] } ?? 8)
    }
    pauses = pasts.map { past in
      guard let past, past.turns >= Self.fewestTurns else { return nil }
      // One in a hundred pauses of a Poisson stream is longer than 4.6 of its means.
      return max(Self.least, (past.last - past.first) / past.turns * 5, past.longest + past.longest / 2)
    }
    let known = pauses.compactMap { $0 }.sorted()
    if !known.isEmpty { common = known[known.count / 2] }
  }

  /// The longest silence, in nanoseconds, that may still be everyday life.
  func longestPause(of device: Int) -> Int64 { pauses[device] ?? common }

  /// Whether an event is of the kind that an entity writes when it is well: below a warning and written before the incident, or
  /// by entities that did not fail; or no worse than what it usually writes and of a kind that was written before. An event
  /// without severity goes by its kind. An entity with no past to speak of is taken at its word.
  func isUsual(_ severity: UInt8, of device: Int, isEveryday: Bool, isOfTheWell: Bool) -> Bool {
    if severity > 7 { return isEveryday || usualSeverity[device] == nil }
    if severity > Severity.warning.rawValue { return isEveryday || isOfTheWell || pauses[device] == nil }
    guard let usual = usualSeverity[device] else { return false }
    return severity >= usual && isEveryday
  }
}
