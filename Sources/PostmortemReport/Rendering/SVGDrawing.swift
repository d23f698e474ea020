import IncidentModel

/// Charts as inline SVG. Colours are classes of the style sheet; text is escaped once, by `Markup`.
enum SVGDrawing {
  static let width = 760.0

  /// The drawing of a chart with title and description.
  static func markup(_ chart: Chart, description: String) -> String {
    var canvas = SVGCanvas(width: width)
    switch chart.drawing {
    case .lines(let lines): LineDrawing.draw(lines, on: &canvas)
    case .tree(let tree): TreeDrawing.draw(tree, on: &canvas)
    case .bars(let bars): BarDrawing.draw(bars, on: &canvas)
    case .heatMap(let map): HeatMapDrawing.draw(map, on: &canvas)
    case .lanes(let lanes): LaneDrawing.draw(lanes, on: &canvas)
    }
    var out = Markup()
    out.raw(
      "<svg role=\"img\" viewBox=\"0 0 \(SVGCanvas.number(width)) \(SVGCanvas.number(canvas.height))\" aria-labelledby=\"\(chart.id)-t \(chart.id)-d\">"
    )
    out.element("title", "id=\"\(chart.id)-t\"", chart.title)
    out.element("desc", "id=\"\(chart.id)-d\"", description)
    out.raw(canvas.body.text)
    out.raw("</svg>")
    return out.text
  }
}

/// A drawing under way.
struct SVGCanvas {
  let width: Double
  var height = 100.0
  var body = Markup()

  init(width: Double) { self.width = width }

  /// A coordinate with at most one decimal.
  static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e7 else { return "0" }
    let tenths = Int((value * 10).rounded())
    let rest = abs(tenths) % 10
    let sign = tenths < 0 && tenths > -10 ? "-" : ""
    return rest == 0 ? "\(tenths / 10)" : "\(sign)\(tenths / 10).\(rest)"
  }

  mutating func path(_ data: String, _ style: String) {
    if !data.isEmpty { body.raw("<path class=\"\(style)\" d=\"\(data)\"/>") }
  }

  mutating func text(
    _ x: Double, _ y: Double, _ content: String, _ style: String = "", anchor: String = "start"
  ) {
    let anchorText = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    let styleText = style.isEmpty ? "" : " class=\"\(style)\""
    body.raw("<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(anchorText)\(styleText)>")
    body.add(content)
    body.raw("</text>")
  }

  static func move(_ x: Double, _ y: Double) -> String { "M\(number(x)) \(number(y))" }
  static func line(_ x: Double, _ y: Double) -> String { "L\(number(x)) \(number(y))" }
  static func rectangle(_ x: Double, _ y: Double, _ w: Double, _ h: Double) -> String {
    "M\(number(x)) \(number(y))h\(number(max(w, 0.5)))v\(number(h))h\(number(-max(w, 0.5)))z"
  }

  /// A time axis at the bottom of a plot, with grid lines; the date once where it changes.
  mutating func timeAxis(
    from start: Int64, to end: Int64, left: Double, right: Double, top: Double, bottom: Double
  ) {
    let (ticks, step) = LineScale.timeTicks(from: start, to: end, about: 6)
    var grid = ""
    var lastDay = ""
    for tick in ticks {
      let x = Self.position(tick, start, end, left, right)
      grid += Self.move(x, top) + "V\(Self.number(bottom))"
      let instant = Instant(nanoseconds: tick)
      let day = String(instant.rfc3339(fractionDigits: 0).prefix(10))
      let label = step >= 86_400_000_000_000 ? day : Format.clock(instant, withSeconds: step < 60_000_000_000)
      text(x, bottom + 16, label, "t", anchor: "middle")
      if day != lastDay, step < 86_400_000_000_000 { text(x, bottom + 30, day, "t", anchor: "middle") }
      lastDay = day
    }
    path(grid, "grid")
    path(Self.move(left, bottom) + "H\(Self.number(right))", "axis")
    text(right, bottom + 30, "UTC", "t", anchor: "end")
  }

  static func position(_ time: Int64, _ start: Int64, _ end: Int64, _ left: Double, _ right: Double) -> Double
  {
    guard end > start else { return left }
    let share = Double(time - start) / Double(end - start)
    return left + min(1, max(0, share)) * (right - left)
  }

  /// Vertical marks with labels in as few rows as keep them apart. Returns nothing; `rows(for:)` says how much room they need.
  mutating func marks(
    _ marks: [LineChart.Mark], from start: Int64, to end: Int64, left: Double, right: Double, top: Double,
    bottom: Double
  ) {
    var solid = ""
    var dashed = ""
    for (mark, row) in zip(marks, Self.rows(marks, start, end, left, right)) {
      let x = Self.position(mark.time, start, end, left, right)
      let y = 14 + Double(row) * 15
      let line = Self.move(x, y + 4) + "V\(Self.number(bottom))"
      if mark.certainty == .observed { solid += line } else { dashed += line }
      let isRight = x + Self.textWidth(mark.label) + 4 > right
      text(isRight ? x - 4 : x + 4, y + 1, mark.label, "t halo", anchor: isRight ? "end" : "start")
    }
    path(solid, "mark")
    path(dashed, "mark dash")
  }

  /// The row of each mark's label, counted from the top.
  static func rows(_ marks: [LineChart.Mark], _ start: Int64, _ end: Int64, _ left: Double, _ right: Double)
    -> [Int]
  {
    var ends: [Double] = []
    return marks.map { mark in
      let x = position(mark.time, start, end, left, right)
      let width = textWidth(mark.label) + 8
      let from = x + width > right ? x - width : x
      if let row = ends.firstIndex(where: { $0 <= from }) {
        ends[row] = from + width
        return row
      }
      ends.append(from + width)
      return ends.count - 1
    }
  }

  /// A good guess at the width of a label of 11 px.
  static func textWidth(_ text: String) -> Double { Double(text.count) * 5.9 }

  /// The label cut to a width.
  static func fit(_ text: String, _ width: Double) -> String {
    let count = max(4, Int(width / 6.3))
    return text.count <= count ? text : text.prefix(count - 1) + "…"
  }

  /// Small squares with words, in a row; returns the height used.
  mutating func legend(_ entries: [(style: String, text: String)], x: Double, y: Double) {
    var x = x
    for entry in entries {
      path(Self.rectangle(x, y - 9, 10, 10), entry.style)
      text(x + 15, y, entry.text, "t")
      x += 15 + Self.textWidth(entry.text) + 22
    }
  }
}
