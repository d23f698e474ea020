/// Horizontal bars with whiskers.
enum BarDrawing {
  private static let rowHeight = 26.0

  static func draw(_ chart: BarChart, on canvas: inout SVGCanvas) {
    let (left, right, top) = (230.0, canvas.width - 110, 8.0)
    let bottom = top + Double(chart.bars.count) * rowHeight + 4
    canvas.height = bottom + 26
    let maximum = max(chart.maximum, 0.000_001)
    func x(_ value: Double) -> Double { left + min(1, max(0, value / maximum)) * (right - left) }
    var grid = ""
    let scale = chart.isShare ? 100.0 : 1
    for tick in LineScale.ticks(to: maximum * scale, about: 5) {
      grid += SVGCanvas.move(x(tick / scale), top) + "V\(SVGCanvas.number(bottom))"
      canvas.text(
        x(tick / scale), bottom + 16,
        Format.fixed(tick, digits: tick == tick.rounded() ? 0 : 1) + (chart.isShare ? " %" : ""), "t",
        anchor: "middle")
    }
    canvas.path(grid, "grid")
    var plain = ""
    var marked = ""
    var whiskers = ""
    for (row, bar) in chart.bars.enumerated() {
      let y = top + Double(row) * rowHeight + 5
      let shape = SVGCanvas.rectangle(left, y, x(bar.value) - left, 15)
      if bar.isMarked { marked += shape } else { plain += shape }
      if bar.high > bar.low {
        whiskers += SVGCanvas.move(x(bar.low), y + 7.5) + "H\(SVGCanvas.number(x(bar.high)))"
        whiskers += SVGCanvas.move(x(bar.low), y + 3.5) + "v8" + SVGCanvas.move(x(bar.high), y + 3.5) + "v8"
      }
      canvas.text(left - 10, y + 12, SVGCanvas.fit(bar.label.display, 220), "", anchor: "end")
      canvas.text(max(x(bar.high), x(bar.value)) + 8, y + 12, bar.text, "t halo")
    }
    canvas.path(plain, "bar")
    canvas.path(marked, "barm")
    canvas.path(whiskers, "whisker")
  }
}
