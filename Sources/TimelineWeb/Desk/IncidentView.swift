internal import CascadeAnalysis
internal import IncidentModel
internal import PostmortemReport
internal import Synchronization
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
  /// Instants of the onsets, ascending.
  let onsetTimes: [Instant]
  /// The earliest and the latest instant of the trees, nanoseconds.
  let bounds: ClosedRange<Int64>
  private let drawn = Mutex<(verdicts: [String: TreeChart.OriginVerdict], svg: String)?>(nil)
  private let sorted = Mutex<[Int: [Int]]>([:])

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
    onsetTimes = (trace.incidents.first?.onsets ?? []).map(\.time).sorted()
    let times = (forest?.nodes ?? []).compactMap { $0.time?.nanoseconds }
    let start = times.min() ?? 0
    bounds = start...max(times.max() ?? 1, start + 1)
  }

  /// The spread as a tree over time, with what people said of its starts; empty where there is none.
  func drawing(_ verdicts: [String: TreeChart.OriginVerdict]) -> String {
    if let known = drawn.withLock({ $0 }), known.verdicts == verdicts { return known.svg }
    let svg = forest.map { CascadeDrawing.svg($0, verdicts) } ?? ""
    drawn.withLock { $0 = (verdicts, svg) }
    return svg
  }

  /// True for an entity that failed in the largest incident, took somebody down, announced a change, or may be its origin.
  func hasPart(_ device: String) -> Bool {
    guard let incident else { return false }
    return onsetOf[device] != nil || forest?.position[device] != nil
      || incident.origins.contains { $0.device == device } || incident.changes.contains { $0.actor == device }
  }

  /// Children of a node, or the roots for -1, largest branches first.
  func largestFirst(_ node: Int) -> [Int] {
    guard let forest else { return [] }
    if let known = sorted.withLock({ $0[node] }) { return known }
    let children = node < 0 ? forest.roots : forest.nodes[node].children
    let bySize = children.map { (size: forest.nodes[$0].size, node: $0) }
      .sorted { $0.size == $1.size ? $0.node < $1.node : $0.size > $1.size }.map(\.node)
    // Small ones are sorted again as quickly as they are looked up.
    if bySize.count > 100 { sorted.withLock { $0[node] = bySize } }
    return bySize
  }

  /// When a device failed in the largest incident; nil: it did not.
  func onset(of device: String) -> Onset? { onsetOf[device].flatMap { incident?.onsets[$0] } }

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
