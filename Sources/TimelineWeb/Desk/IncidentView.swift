internal import CascadeAnalysis
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// A stored trace, read once, with what pages look up in it.
final class IncidentView: Sendable {
  let number: Int64
  let trace: Trace
  let verdict: String
  let createdAt: Instant
  /// Of the largest incident.
  let forest: PageForest?
  /// Position in the largest incident's onsets by device.
  let onsetOf: [String: Int]

  /// The largest incident.
  var incident: Incident? { trace.incidents.first }

  init(reader: CaseReader, number: Int64) throws {
    self.number = number
    createdAt = try reader.traces().first { $0.number == number }?.createdAt ?? Instant(nanoseconds: 0)
    let read = try reader.withTraceText(number) { _, text in try TraceText.read(text) }
    trace = read?.trace ?? Trace()
    verdict = read?.verdict ?? trace.verdict
    forest = trace.incidents.first.map { PageForest($0) }
    var index: [String: Int] = [:]
    for (position, onset) in (trace.incidents.first?.onsets ?? []).enumerated()
    where index[onset.device] == nil {
      index[onset.device] = position
    }
    onsetOf = index
  }

  /// When a device failed in the largest incident; nil: it did not.
  func onset(of device: String) -> Onset? { onsetOf[device].flatMap { incident?.onsets[$0] } }

  /// Instants of the onsets, ascending.
  var onsetTimes: [Instant] { (incident?.onsets ?? []).map(\.time).sorted() }

  /// The phases as marks on a drawing.
  var marks: [PageChart.Mark] {
    (incident?.phases ?? []).map {
      PageChart.Mark(time: $0.start, label: Self.words($0.name), isObserved: !$0.evidence.isEmpty)
    }
  }

  static func words(_ name: Phase.Name) -> String {
    String(name.rawValue.map { $0 == "_" ? " " : $0 })
  }
}
