public import IncidentModel

/// The report's drawings for pages other than the report: the same canvas, scales and classes of the style sheet.
///
/// Each function gives finished SVG with title and description, in which every text was escaped once.
public enum PageChart {
  /// The report's style sheet: type scale, colours, and the classes that the drawings use. Nothing from a case is in it.
  public static var styleSheet: String { StyleSheet.base }

  /// A vertical mark at an instant.
  public struct Mark: Sendable {
    /// When.
    public var time: Instant
    /// Short words.
    public var label: String
    /// Solid where observed, else dashed.
    public var isObserved: Bool
    /// A mark from its parts.
    public init(time: Instant, label: String, isObserved: Bool) {
      self.time = time
      self.label = label
      self.isObserved = isObserved
    }
    var mark: LineChart.Mark {
      LineChart.Mark(
        time: time.nanoseconds, label: EvidenceText(label, limit: 60).display,
        certainty: isObserved ? .observed : .inferred)
    }
  }

  /// A step curve of how many there are at each time, with marked moments.
  /// - Parameter times: One instant for each that is added, ascending.
  public static func cumulative(
    id: String, title: String, description: String, name: String, times: [Instant], marks: [Mark]
  ) -> String {
    let shown = marks.filter { Format.isPlausible($0.time) }.sorted { $0.time < $1.time }
    let all = times.filter { Format.isPlausible($0) }.map(\.nanoseconds)
    guard let first = (all + shown.map(\.time.nanoseconds)).min(),
      let last = (all + shown.map(\.time.nanoseconds)).max()
    else { return "" }
    let margin = max((last - first) / 40, 1_000_000_000)
    var points: [(time: Int64, value: Double)] = [(first - margin, 0)]
    // More steps than pixels say nothing.
    let stride = max(1, all.count / 700)
    for index in Swift.stride(from: 0, to: all.count, by: stride) {
      points.append((all[index], Double(index + 1)))
    }
    points.append((last + margin, Double(all.count)))
    let chart = LineChart(
      curves: [LineChart.Curve(name: name, points: points, isMain: true)], marks: shown.map(\.mark),
      start: first - margin, end: last + margin, unit: "")
    return markup(id, title, description, .lines(chart))
  }

  /// Lines of values over time.
  public static func line(
    id: String, title: String, description: String, curves: [(name: String, points: [(Instant, Double)])],
    marks: [Mark] = []
  ) -> String {
    let times = curves.flatMap { $0.points.map(\.0.nanoseconds) }
    guard let start = times.min(), let end = times.max() else { return "" }
    let chart = LineChart(
      curves: curves.map { curve in
        LineChart.Curve(
          name: EvidenceText(curve.name, limit: 60).display,
          points: curve.points.map { (time: $0.0.nanoseconds, value: $0.1) }, isStep: false)
      }, marks: marks.map(\.mark), start: start, end: max(end, start + 1_000_000_000), unit: "")
    return markup(id, title, description, .lines(chart))
  }

  /// A node of a tree over time, or a group of them.
  public struct TreeNode: Sendable {
    /// Name of a device, or words for a group.
    public var label: String
    /// When the first of them failed.
    public var start: Instant
    /// When the last of them failed.
    public var end: Instant
    /// How many devices the row stands for.
    public var count: Int
    /// Row of the parent; -1 at a start.
    public var parent: Int
    /// Solid line to the parent.
    public var isObserved: Bool
    /// Nothing explains them.
    public var isUnexplained: Bool
    /// What somebody said of it as the origin; nil where nobody did.
    public var verdict: TreeChart.OriginVerdict?
    /// A node from its parts.
    public init(
      label: String, start: Instant, end: Instant, count: Int, parent: Int, isObserved: Bool,
      isUnexplained: Bool = false, verdict: TreeChart.OriginVerdict? = nil
    ) {
      self.label = label
      self.start = start
      self.end = end
      self.count = count
      self.parent = parent
      self.isObserved = isObserved
      self.isUnexplained = isUnexplained
      self.verdict = verdict
    }
  }

  /// The spread as a tree with time to the right. Parents stand before their children.
  public static func tree(id: String, title: String, description: String, nodes: [TreeNode]) -> String {
    guard let start = nodes.map(\.start.nanoseconds).min(), let end = nodes.map(\.end.nanoseconds).max()
    else { return "" }
    let margin = max((end - start) / 20, 1_000_000_000)
    let chart = TreeChart(
      nodes: nodes.map {
        TreeChart.Node(
          label: EvidenceText($0.label, limit: 96), start: $0.start.nanoseconds, end: $0.end.nanoseconds,
          count: $0.count, parent: $0.parent, isObserved: $0.isObserved, isUnexplained: $0.isUnexplained,
          verdict: $0.verdict)
      }, start: start - margin, end: end + margin)
    return markup(id, title, description, .tree(chart))
  }

  /// Shares from 0 to 1 by place and time, in five classes.
  public static func heatMap(
    id: String, title: String, description: String, rows: [(label: String, shares: [Double])],
    start: Instant, end: Instant
  ) -> String {
    guard !rows.isEmpty, end > start else { return "" }
    return markup(
      id, title, description,
      .heatMap(
        HeatMap(
          rows: rows.map { EvidenceText($0.label, limit: 60) }, cells: rows.map(\.shares),
          start: start.nanoseconds, end: end.nanoseconds)))
  }

  /// A stretch of time on a lane.
  public struct LaneSpan: Sendable {
    /// What the stretch means.
    public enum Tone: String, Sendable { case bad, act, wait, blind }
    /// Where it begins.
    public var start: Instant
    /// Where it ends.
    public var end: Instant
    /// Its meaning.
    public var tone: Tone
    /// The end is not known.
    public var isOpen: Bool
    /// A span from its parts.
    public init(start: Instant, end: Instant, tone: Tone, isOpen: Bool = false) {
      self.start = start
      self.end = end
      self.tone = tone
      self.isOpen = isOpen
    }
  }

  /// Lanes over time, with a legend of the tones in use.
  public static func lanes(
    id: String, title: String, description: String, lanes: [(label: String, spans: [LaneSpan])],
    marks: [Mark] = [], legend: [(tone: LaneSpan.Tone, text: String)]
  ) -> String {
    let times = lanes.flatMap { $0.spans.flatMap { [$0.start.nanoseconds, $0.end.nanoseconds] } }
    let all = times + marks.map(\.time.nanoseconds)
    guard let start = all.min(), let end = all.max() else { return "" }
    let margin = max((end - start) / 40, 1_000_000_000)
    func tone(_ tone: LaneSpan.Tone) -> LaneChart.Tone { LaneChart.Tone(rawValue: tone.rawValue) ?? .act }
    let chart = LaneChart(
      lanes: lanes.map { lane in
        (
          label: EvidenceText(lane.label.count > 24 ? lane.label.prefix(23) + "…" : lane.label, limit: 80),
          spans: lane.spans.map {
            LaneChart.Span(
              start: $0.start.nanoseconds, end: $0.end.nanoseconds, tone: tone($0.tone), isOpen: $0.isOpen)
          }
        )
      }, marks: marks.sorted { $0.time < $1.time }.map(\.mark), start: start - margin, end: end + margin,
      legend: legend.filter { entry in lanes.contains { $0.spans.contains { $0.tone == entry.tone } } }.map {
        (tone: tone($0.tone), text: $0.text)
      })
    return markup(id, title, description, .lanes(chart))
  }

  /// Horizontal bars of shares with their intervals.
  public static func shares(
    id: String, title: String, description: String,
    bars: [(label: String, share: Double, low: Double, high: Double, text: String, isMarked: Bool)]
  ) -> String {
    guard !bars.isEmpty else { return "" }
    let chart = BarChart(
      bars: bars.map {
        BarChart.Bar(
          label: EvidenceText($0.label, limit: 60), value: $0.share, low: $0.low, high: $0.high,
          text: $0.text,
          isMarked: $0.isMarked)
      }, maximum: min(1, max(0.05, bars.map { max($0.share, $0.high) }.max() ?? 1)))
    return markup(id, title, description, .bars(chart))
  }

  private static func markup(_ id: String, _ title: String, _ description: String, _ drawing: Drawing)
    -> String
  {
    let chart = Chart(
      id: id, title: title, description: Prose(stringLiteral: description), drawing: drawing,
      table: Table("", [], []))
    return SVGDrawing.markup(chart, description: description)
  }
}
