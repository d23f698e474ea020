import IncidentModel

/// A drawing as data. Renderers draw it; those that cannot print its title, description and table.
public struct Chart: Sendable {
  /// A stable name, unique in the report.
  public var id: String
  /// What it shows.
  public var title: String
  /// What a reader sees in it, for those who do not see it.
  public var description: Prose
  /// What to draw.
  var drawing: Drawing
  /// The same as numbers.
  public var table: Table
}

/// The kinds of drawings.
enum Drawing: Sendable {
  case lines(LineChart)
  case tree(TreeChart)
  case bars(BarChart)
  case heatMap(HeatMap)
  case lanes(LaneChart)
}

/// Curves over time with marked moments.
struct LineChart: Sendable {
  /// One curve; steps hold their value until the next point.
  struct Curve: Sendable {
    var name: String
    var points: [(time: Int64, value: Double)]
    var isStep = true
    /// Drawn as a filled area, the main curve.
    var isMain = false
  }
  /// A vertical mark.
  struct Mark: Sendable {
    var time: Int64
    var label: String
    var certainty: Certainty
  }
  var curves: [Curve]
  var marks: [Mark] = []
  var start: Int64
  var end: Int64
  var unit: String
}

/// The spread over time: one row for each node or group.
struct TreeChart: Sendable {
  struct Node: Sendable {
    var label: EvidenceText
    /// When; the end differs for groups.
    var start: Int64
    var end: Int64
    var count: Int
    /// Row of the parent, -1 at a start.
    var parent: Int
    var isObserved: Bool
    /// Not in any tree.
    var isUnexplained = false
  }
  var nodes: [Node]
  var start: Int64
  var end: Int64
}

/// Horizontal bars with intervals.
struct BarChart: Sendable {
  struct Bar: Sendable {
    var label: EvidenceText
    var value: Double
    var low: Double
    var high: Double
    var text: String
    var isMarked = false
  }
  var bars: [Bar]
  /// Largest value of the axis.
  var maximum: Double
  /// `true` prints the axis as per cent.
  var isShare = true
}

/// Rate by place and time: cells of a grid in five classes.
struct HeatMap: Sendable {
  var rows: [EvidenceText]
  /// Share affected per cell, 0 to 1; row by row. Negative: no device there.
  var cells: [[Double]]
  var start: Int64
  var end: Int64
}

/// Bars on lanes over time: response, lanes of devices.
struct LaneChart: Sendable {
  enum Tone: String, Sendable, CaseIterable { case bad, act, wait, blind }
  struct Span: Sendable {
    var start: Int64
    var end: Int64
    var tone: Tone
    /// The end is not known.
    var isOpen = false
  }
  var lanes: [(label: EvidenceText, spans: [Span])]
  var marks: [LineChart.Mark] = []
  var start: Int64
  var end: Int64
  /// Legend of the tones in use.
  var legend: [(tone: Tone, text: String)]
}
