/// A grid of places and times in five classes of rate; one path for each class.
enum HeatMapDrawing {
  private static let rowHeight = 18.0

  static func draw(_ map: HeatMap, on canvas: inout SVGCanvas) {
    let (left, right, top) = (170.0, canvas.width - 14, 8.0)
    let bottom = top + Double(map.rows.count) * rowHeight + 4
    canvas.height = bottom + 62
    let columns = max(1, map.cells.map(\.count).max() ?? 1)
    let cellWidth = (right - left) / Double(columns)
    var classes = [String](repeating: "", count: 5)
    for (row, cells) in map.cells.enumerated() {
      let y = top + Double(row) * rowHeight
      canvas.text(left - 10, y + 13, SVGCanvas.fit(map.rows[row].display, 160), "", anchor: "end")
      for (column, rate) in cells.enumerated() where rate > 0 {
        let index = min(4, Int(rate * 5))
        classes[index] += SVGCanvas.rectangle(
          left + Double(column) * cellWidth, y, cellWidth - 1, rowHeight - 1)
      }
    }
    canvas.timeAxis(from: map.start, to: map.end, left: left, right: right, top: bottom, bottom: bottom)
    for (index, data) in classes.enumerated() { canvas.path(data, "h\(index + 1)") }
    canvas.legend(
      ["under 20 %", "to 40 %", "to 60 %", "to 80 %", "80 % and more"].enumerated().map {
        ("h\($0.offset + 1)", $0.element)
      },
      x: left, y: bottom + 54)
  }
}
