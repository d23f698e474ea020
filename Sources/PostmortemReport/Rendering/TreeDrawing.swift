/// The spread: time runs to the right, each row is a device or a group, lines join cause and effect.
enum TreeDrawing {
  private static let rowHeight = 22.0

  static func draw(_ tree: TreeChart, on canvas: inout SVGCanvas) {
    let (left, right, top) = (14.0, canvas.width - 14, 14.0)
    let bottom = top + Double(tree.nodes.count) * rowHeight + 6
    canvas.height = bottom + 62
    canvas.timeAxis(from: tree.start, to: tree.end, left: left, right: right, top: top, bottom: bottom)
    func x(_ time: Int64) -> Double { SVGCanvas.position(time, tree.start, tree.end, left, right) }
    func y(_ row: Int) -> Double { top + (Double(row) + 0.5) * rowHeight }
    var solid = ""
    var dashed = ""
    for (row, node) in tree.nodes.enumerated() where node.parent >= 0 {
      let line =
        SVGCanvas.move(x(tree.nodes[node.parent].start), y(node.parent))
        + "V\(SVGCanvas.number(y(row)))H\(SVGCanvas.number(x(node.start)))"
      if node.isObserved { solid += line } else { dashed += line }
    }
    canvas.path(solid, "edge")
    canvas.path(dashed, "edge dash")
    var dots = ""
    var groups = ""
    var lost = ""
    var rejected = ""
    var accepted = ""
    for (row, node) in tree.nodes.enumerated() {
      let (from, to, middle) = (x(node.start), x(node.end), y(row))
      if node.verdict == .accepted { accepted += circle(from, middle, 7.5) }
      if node.verdict == .rejected {
        rejected += circle(from, middle, 4.5) + cross(from, middle, 3.2)
      } else if node.count == 1 && !node.isUnexplained {
        dots += circle(from, middle, 4.5)
      } else {
        let bar = SVGCanvas.rectangle(from - 4.5, middle - 4.5, to - from + 9, 9)
        if node.isUnexplained { lost += bar } else { groups += bar }
      }
      let label =
        SVGCanvas.fit(node.label.display, 230) + (node.verdict.map { " (\($0.words))" } ?? "")
      let isRight = to + 12 + SVGCanvas.textWidth(label) * 1.1 > right
      canvas.text(isRight ? from - 10 : to + 10, middle + 4, label, "halo", anchor: isRight ? "end" : "start")
    }
    canvas.path(groups, "group")
    canvas.path(lost, "lost")
    canvas.path(dots, "dot")
    canvas.path(rejected, "rejected")
    canvas.path(accepted, "accepted")
    var legend = [("dot", "one device"), ("group", "group, first to last")]
    if !lost.isEmpty { legend.append(("lost", "nothing explains them")) }
    if !rejected.isEmpty { legend.append(("rejected", TreeChart.OriginVerdict.rejected.words)) }
    if !accepted.isEmpty { legend.append(("accepted", TreeChart.OriginVerdict.accepted.words)) }
    canvas.legend(legend, x: left, y: bottom + 54)
  }

  private static func cross(_ x: Double, _ y: Double, _ r: Double) -> String {
    func line(_ slope: Double) -> String {
      SVGCanvas.move(x - r, y - slope * r) + "L\(SVGCanvas.number(x + r)) \(SVGCanvas.number(y + slope * r))"
    }
    return line(1) + line(-1)
  }

  private static func circle(_ x: Double, _ y: Double, _ r: Double) -> String {
    let (n, d) = (SVGCanvas.number(r), SVGCanvas.number(2 * r))
    return "M\(SVGCanvas.number(x - r)) \(SVGCanvas.number(y))a\(n) \(n) 0 1 0 \(d) 0a\(n) \(n) 0 1 0 -\(d) 0"
  }
}
