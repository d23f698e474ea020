/// A drawing as data, with what makes it readable for everybody. `HTMLPieces.figure` draws it; renderers that cannot draw print its
/// title, description and table.
public struct Chart: Sendable {
  /// A stable name, unique on its page: letters, digits and hyphens.
  public var id: String
  /// What it shows.
  public var title: String
  /// What a reader sees in it, for those who do not see it.
  public var description: Prose
  /// What to draw.
  public var drawing: Drawing
  /// The same as numbers.
  public var table: Table
  /// A chart from its parts.
  public init(id: String, title: String, description: Prose, drawing: Drawing, table: Table) {
    self.id = id
    self.title = title
    self.description = description
    self.drawing = drawing
    self.table = table
  }
}

/// The kinds of drawings.
public enum Drawing: Sendable {
  /// Curves over time.
  case lines(LineChart)
  /// The spread over time.
  case tree(TreeChart)
  /// Horizontal bars.
  case bars(BarChart)
  /// Places by time.
  case heatMap(HeatMap)
  /// Who did what when.
  case lanes(LaneChart)
}

/// Curves over time with marked moments. Times are nanoseconds since the epoch.
public struct LineChart: Sendable {
  /// One curve; steps hold their value until the next point.
  public struct Curve: Sendable {
    /// What it is, for the legend.
    public var name: String
    /// Points, ascending in time.
    public var points: [(time: Int64, value: Double)]
    /// Values hold until the next point.
    public var isStep: Bool
    /// Drawn as a filled area, the main curve.
    public var isMain: Bool
    /// A curve from its parts.
    public init(
      name: String, points: [(time: Int64, value: Double)], isStep: Bool = true, isMain: Bool = false
    ) {
      self.name = name
      self.points = points
      self.isStep = isStep
      self.isMain = isMain
    }
  }
  /// A vertical mark.
  public struct Mark: Sendable {
    /// Where.
    public var time: Int64
    /// What, in two or three words.
    public var label: String
    /// Observed marks are solid, all others dashed.
    public var certainty: Certainty
    /// A mark from its parts.
    public init(time: Int64, label: String, certainty: Certainty) {
      self.time = time
      self.label = label
      self.certainty = certainty
    }
  }
  /// At most two.
  public var curves: [Curve]
  /// Ascending in time.
  public var marks: [Mark]
  /// Left end of the time axis.
  public var start: Int64
  /// Right end.
  public var end: Int64
  /// Of the values.
  public var unit: String
  /// A chart from its parts.
  public init(curves: [Curve], marks: [Mark] = [], start: Int64, end: Int64, unit: String) {
    self.curves = curves
    self.marks = marks
    self.start = start
    self.end = end
    self.unit = unit
  }
}

/// The spread over time: one row for each node or group. Times are nanoseconds since the epoch.
public struct TreeChart: Sendable {
  /// What an analyst said of a device as the origin.
  public enum OriginVerdict: String, Sendable, Hashable {
    case accepted, rejected
    /// The word in a sentence.
    var words: String { "\(rawValue) as the origin" }
  }
  /// A device or a group of devices.
  public struct Node: Sendable {
    /// Its name.
    public var label: EvidenceText
    /// When.
    public var start: Int64
    /// The last of a group; the same as `start` for one device.
    public var end: Int64
    /// Devices.
    public var count: Int
    /// Row of the parent, which comes before; -1 at a start.
    public var parent: Int
    /// The line to the parent is solid.
    public var isObserved: Bool
    /// Not in any tree.
    public var isUnexplained: Bool
    /// What somebody said of it as the origin; nil where nobody did.
    public var verdict: OriginVerdict?
    /// A node from its parts.
    public init(
      label: EvidenceText, start: Int64, end: Int64, count: Int, parent: Int, isObserved: Bool,
      isUnexplained: Bool = false, verdict: OriginVerdict? = nil
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
  /// Rows from the top.
  public var nodes: [Node]
  /// Left end of the time axis.
  public var start: Int64
  /// Right end.
  public var end: Int64
  /// A tree from its parts.
  public init(nodes: [Node], start: Int64, end: Int64) {
    self.nodes = nodes
    self.start = start
    self.end = end
  }
}

/// Horizontal bars with intervals.
public struct BarChart: Sendable {
  /// One bar.
  public struct Bar: Sendable {
    /// Its name.
    public var label: EvidenceText
    /// Its length.
    public var value: Double
    /// Whisker's beginning; equal to `high` where there is none.
    public var low: Double
    /// Whisker's end.
    public var high: Double
    /// What stands behind it.
    public var text: String
    /// In the accent colour.
    public var isMarked: Bool
    /// A bar from its parts.
    public init(
      label: EvidenceText, value: Double, low: Double, high: Double, text: String, isMarked: Bool = false
    ) {
      self.label = label
      self.value = value
      self.low = low
      self.high = high
      self.text = text
      self.isMarked = isMarked
    }
  }
  /// Bars from the top.
  public var bars: [Bar]
  /// Largest value of the axis.
  public var maximum: Double
  /// `true` prints the axis as per cent, `false` as counts.
  public var isShare: Bool
  /// Bars from their parts.
  public init(bars: [Bar], maximum: Double, isShare: Bool = true) {
    self.bars = bars
    self.maximum = maximum
    self.isShare = isShare
  }
}

/// Rate by place and time: cells of a grid in five classes.
public struct HeatMap: Sendable {
  /// Names of the rows.
  public var rows: [EvidenceText]
  /// Share affected per cell, 0 to 1; row by row. Negative: no device there.
  public var cells: [[Double]]
  /// Left end of the time axis, nanoseconds since the epoch.
  public var start: Int64
  /// Right end.
  public var end: Int64
  /// A map from its parts.
  public init(rows: [EvidenceText], cells: [[Double]], start: Int64, end: Int64) {
    self.rows = rows
    self.cells = cells
    self.start = start
    self.end = end
  }
}

/// Bars on lanes over time: response, lanes of devices. Times are nanoseconds since the epoch.
public struct LaneChart: Sendable {
  /// What a bar stands for; decides its colour.
  public enum Tone: String, Sendable, CaseIterable {
    /// Devices are affected.
    case bad
    /// Something is done.
    case act
    /// People are waited for.
    case wait
    /// Nobody could see.
    case blind
  }
  /// One bar.
  public struct Span: Sendable {
    /// From.
    public var start: Int64
    /// To.
    public var end: Int64
    /// What it stands for.
    public var tone: Tone
    /// The end is not known.
    public var isOpen: Bool
    /// A bar from its parts.
    public init(start: Int64, end: Int64, tone: Tone, isOpen: Bool = false) {
      self.start = start
      self.end = end
      self.tone = tone
      self.isOpen = isOpen
    }
  }
  /// Lanes from the top.
  public var lanes: [(label: EvidenceText, spans: [Span])]
  /// Ascending in time.
  public var marks: [LineChart.Mark]
  /// Left end of the time axis.
  public var start: Int64
  /// Right end.
  public var end: Int64
  /// Legend of the tones in use.
  public var legend: [(tone: Tone, text: String)]
  /// Lanes from their parts.
  public init(
    lanes: [(label: EvidenceText, spans: [Span])], marks: [LineChart.Mark] = [], start: Int64, end: Int64,
    legend: [(tone: Tone, text: String)]
  ) {
    self.lanes = lanes
    self.marks = marks
    self.start = start
    self.end = end
    self.legend = legend
  }
}
