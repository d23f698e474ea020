import CascadeAnalysis
import IncidentModel

/// The change that the trace takes for the cause, put together from all kinds of message that tell of it.
struct ChangeOutcome {
  let parts: [ChangeEvent]
  let receivers: Set<String>
  let start: Instant
  let evidence: [EventID]
  /// First receipt of each receiver, ascending.
  let receipts: [Instant]
  private let overload: Instant?

  init?(_ picture: IncidentPicture) {
    parts = picture.causes.all
    guard let main = parts.first else { return nil }
    receivers = Set(parts.flatMap(\.devices))
    start = parts.map(\.start).min() ?? main.start
    evidence = parts.flatMap(\.evidence)
    var first: [String: Instant] = [:]
    for part in parts {
      for (device, time) in zip(part.devices, part.receivedAt) where Format.isPlausible(time) {
        first[device] = min(first[device] ?? time, time)
      }
    }
    receipts = first.values.sorted()
    overload = picture.incident?.phases.first { $0.name == .cloudOverload }?.start
  }

  /// A pause that parts one stage of a rollout from the next: five minutes or more without a receipt, and ten times the usual
  /// gap, since receipts of a trickle are far apart too.
  var stages: [ClosedRange<Int>] {
    guard let last = receipts.indices.last else { return [] }
    let gaps = zip(receipts.dropFirst(), receipts).map { $0.nanoseconds - $1.nanoseconds }
    let usual = Statistics.median(gaps.sorted()) ?? 0
    let limit = max(300_000_000_000, usual.multipliedClamped(by: 10))
    var result: [ClosedRange<Int>] = []
    var start = 0
    for (index, gap) in gaps.enumerated() where gap >= limit {
      result.append(start...index)
      start = index + 1
    }
    return result + [start...last]
  }

  func failed(in picture: IncidentPicture) -> Int {
    picture.onsets.count { receivers.contains($0.device) && $0.time >= start }
  }

  func failedEarly(in picture: IncidentPicture) -> Int {
    picture.onsets.count { receivers.contains($0.device) && isEarly($0) }
  }

  func others(in picture: IncidentPicture) -> (count: Int, failedEarly: Int) {
    let inventory = picture.facts.inventory
    return (
      inventory.devices.count { !receivers.contains($0) },
      picture.onsets.count {
        inventory.rowOfDevice[$0.device] != nil && !receivers.contains($0.device) && isEarly($0)
      }
    )
  }

  private func isEarly(_ onset: Onset) -> Bool {
    onset.time >= start && (overload.map { onset.time < $0 } ?? true)
  }
}
