/// Step curves and lines over time.
enum LineDrawing {
  static func draw(_ chart: LineChart, on canvas: inout SVGCanvas) {
    let (left, right) = (58.0, canvas.width - 14)
    let rowCount = (SVGCanvas.rows(chart.marks, chart.start, chart.end, left, right).max() ?? -1) + 1
    let top = 12 + Double(rowCount) * 15
    let bottom = top + 220
    canvas.height = bottom + 62
    let maximum = max(1, chart.curves.flatMap { $0.points.map(\.value) }.max() ?? 1)
    let ticks = LineScale.ticks(to: maximum, about: 5)
    func y(_ value: Double) -> Double { bottom - value / (maximum * 1.04) * (bottom - top) }
    canvas.timeAxis(from: chart.start, to: chart.end, left: left, right: right, top: top, bottom: bottom)
    var grid = ""
    for tick in ticks {
      grid += SVGCanvas.move(left, y(tick)) + "H\(SVGCanvas.number(right))"
      canvas.text(
        left - 8, y(tick) + 4, Format.fixed(tick, digits: tick == tick.rounded() ? 0 : 1), "t", anchor: "end")
    }
    canvas.path(grid, "grid")
    for (index, curve) in chart.curves.enumerated() {
      var data = ""
      var last = 0.0
      for (position, point) in curve.points.enumerated() {
        let x = SVGCanvas.position(point.time, chart.start, chart.end, left, right)
        if position == 0 {
          data = SVGCanvas.move(x, y(point.value))
        } else if curve.isStep {
          if point.value == last {
            data += "H\(SVGCanvas.number(x))"
          } else {
            data += "H\(SVGCanvas.number(x))V\(SVGCanvas.number(y(point.value)))"
          }
        } else {
          data += SVGCanvas.line(x, y(point.value))
        }
        last = point.value
      }
      if curve.isMain, let first = curve.points.first, let end = curve.points.last {
        let close =
          "V\(SVGCanvas.number(bottom))H\(SVGCanvas.number(SVGCanvas.position(first.time, chart.start, chart.end, left, right)))z"
        _ = end
        canvas.path(data + close, "area")
      }
      canvas.path(data, index == 0 ? "line" : "line2")
    }
    canvas.marks(
      chart.marks, from: chart.start, to: chart.end, left: left, right: right, top: top, bottom: bottom)
    canvas.legend(
      chart.curves.enumerated().map { ($0.offset == 0 ? "dot" : "act", $0.element.name) }, x: left,
      y: bottom + 54)
    canvas.text(left, top - 2 < 12 ? 12 : top - 2, "", "t")
  }
}
