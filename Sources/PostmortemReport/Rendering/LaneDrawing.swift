/// Lanes over time: who did what when.
enum LaneDrawing {
  private static let rowHeight = 24.0

  static func draw(_ chart: LaneChart, on canvas: inout SVGCanvas) {
    let (left, right) = (190.0, canvas.width - 14)
    let rowCount = (SVGCanvas.rows(chart.marks, chart.start, chart.end, left, right).max() ?? -1) + 1
    let top = 12 + Double(rowCount) * 15
    let bottom = top + Double(chart.lanes.count) * rowHeight + 4
    canvas.height = bottom + 62
    canvas.timeAxis(from: chart.start, to: chart.end, left: left, right: right, top: top, bottom: bottom)
    var shapes: [LaneChart.Tone: String] = [:]
    for (row, lane) in chart.lanes.enumerated() {
      let y = top + Double(row) * rowHeight + 4
      canvas.text(left - 10, y + 12, SVGCanvas.fit(lane.label.display, 178), "", anchor: "end")
      for span in lane.spans {
        let from = SVGCanvas.position(span.start, chart.start, chart.end, left, right)
        let to = SVGCanvas.position(span.end, chart.start, chart.end, left, right)
        shapes[span.tone, default: ""] += SVGCanvas.rectangle(from, y, max(2, to - from), 15)
        // An arrow head where the end is not known.
        if span.isOpen { shapes[span.tone, default: ""] += SVGCanvas.move(to, y) + "l7 7.5l-7 7.5z" }
      }
    }
    for tone in LaneChart.Tone.allCases { canvas.path(shapes[tone] ?? "", tone.rawValue) }
    canvas.marks(
      chart.marks, from: chart.start, to: chart.end, left: left, right: right, top: top, bottom: bottom)
    canvas.legend(chart.legend.map { ($0.tone.rawValue, $0.text) }, x: left, y: bottom + 54)
  }
}
