import CascadeAnalysis
import IncidentModel

/// Which affected entities have numbers beyond their usual range, while the events pass: whoever has goes on reporting them, and is not well.
///
/// Told by the samples themselves, so that it does not matter whether clocks were corrected.
struct NumbersBeyond {
  private var turns: [Int64: [(device: Int, change: Int)]] = [:]
  private var count: [Int: Int] = [:]

  init(_ incident: Incident, _ indexOfName: [String: Int]) {
    for onset in incident.onsets where !onset.departures.isEmpty {
      guard let device = indexOfName[onset.device] else { continue }
      for departure in onset.departures {
        guard let first = departure.sinceEvent else { continue }
        turns[first.rawValue, default: []].append((device, 1))
        if let last = departure.untilEvent { turns[last.rawValue, default: []].append((device, -1)) }
      }
    }
  }

  /// Takes note of an event; they come in their order.
  mutating func pass(_ event: Int64) {
    for turn in turns[event] ?? [] { count[turn.device, default: 0] += turn.change }
  }

  /// Whether a number of an entity is beyond its usual range now.
  func holds(_ device: Int) -> Bool { count[device] ?? 0 > 0 }
}

extension Onset {
  /// When an entity was affected of which others give the numbers, so that it says nothing itself.
  func intervalsByNumbers(healthySpan: Int64, _ newest: Int64) -> [AffectedInterval]? {
    guard let first = departures.first else { return nil }
    var result = [
      AffectedInterval(device: device, start: time, end: first.until, recoveryEvent: first.untilEvent)
    ]
    for departure in departures.dropFirst() {
      guard let end = result[result.count - 1].end else { break }
      if departure.since.nanoseconds - end.nanoseconds < healthySpan {
        guard let until = departure.until, until <= end else {
          result[result.count - 1].end = departure.until
          result[result.count - 1].recoveryEvent = departure.untilEvent
          continue
        }
      } else {
        result.append(
          AffectedInterval(
            device: device, start: departure.since, end: departure.until, recoveryEvent: departure.untilEvent,
            relapseEvent: departure.sinceEvent))
      }
    }
    if let end = result[result.count - 1].end, newest - end.nanoseconds < healthySpan {
      result[result.count - 1].end = nil
      result[result.count - 1].recoveryEvent = nil
    }
    return result
  }
}
