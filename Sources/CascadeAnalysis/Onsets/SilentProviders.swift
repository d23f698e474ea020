internal import Glibc
internal import IncidentModel

/// Infrastructure that fell silent for good as those that hang on it told of trouble: it went first, and could not say so.
///
/// It may say nothing for long and be well, so it is missed by its own rhythm only, and where five and more that hang on it directly,
/// and half of all that do, failed between its last word and the time by which the next ones were due. Where one of ten of those that failed
/// around then had failed before its last word, whatever took them may have taken it as well. Fails where it stops because nobody is left to
/// speak to, as it would after their failure in the same pause.
extension SilenceOnsets {
  /// Seconds before its last word in which failures tell that it was not the first.
  private static let before = 300.0
  /// Seconds by which clocks are off.
  private static let slack = 2.0

  /// Those that are no failures yet, with the onset that this tells.
  static func providers(
    of onsets: Onsets, _ timeline: Timeline, _ fleet: Fleet, _ reach: EvidenceReach
  ) -> [(device: Int, finding: Onsets.Finding)] {
    var below: [Int32: [Double]] = [:]
    for device in onsets.findings.indices {
      guard let time = onsets.findings[device]?.time else { continue }
      for provider in fleet.providers[device] where onsets.findings[Int(provider)] == nil {
        below[provider, default: []].append(time)
      }
    }
    let lastOfAll = lastWords(timeline)
    var result: [(device: Int, finding: Onsets.Finding)] = []
    for (shared, times) in below.sorted(by: { $0.key < $1.key }) where times.count >= fewestTogether {
      let provider = Int(shared)
      guard fleet.isShared[provider], fleet.guessedScopes[provider] == nil,
        times.count * 2 >= fleet.dependants[provider].count, !timeline.strays.contains(shared),
        let rhythm = Rhythm(timeline, provider)
      else { continue }
      let silence = min(lastOfAll, reach.end(of: provider)) - rhythm.last
      guard silence >= leastPauses * rhythm.pause,
        rhythm.surprise(silence) > 9 + log(Double(timeline.deviceCount))
      else { continue }
      let latest = rhythm.last + 3 * rhythm.pause
      let behind = times.filter { $0 > rhythm.last - slack && $0 <= latest }
      let earlier = times.count { $0 <= rhythm.last - slack && $0 > rhythm.last - before }
      guard behind.count >= fewestTogether, behind.count * 2 >= fleet.dependants[provider].count,
        earlier * 9 <= behind.count, let first = behind.min()
      else { continue }
      // The first that hangs on it notices soon, and its own next word was due.
      let moment = max(rhythm.last, min(first - 0.001, rhythm.last + rhythm.pause))
      result.append(
        (
          provider,
          Onsets.Finding(
            time: moment, earliest: rhythm.last, latest: max(moment, first), probability: 0.97,
            kind: .silence,
            events: [rhythm.lastEvent],
            reasons: [
              "spoke every \(Int(rhythm.pause)) s and then not at all for \(Int(silence)) s",
              "\(behind.count) that hang on it directly failed as it fell silent",
            ])
        ))
    }
    return result
  }
}
