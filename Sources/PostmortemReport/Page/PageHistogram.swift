public import IncidentModel

/// Events over time as bars, errors in the accent colour, on the report's canvas. Where the plot begins and ends stands in
/// data attributes, so that a script can turn a stretch of it into two instants.
public enum PageHistogram {
  /// One bar.
  public struct Bin: Sendable {
    /// Events.
    public var events: Int64
    /// Those of severity error or worse.
    public var errors: Int64
    /// A bar from its numbers.
    public init(events: Int64, errors: Int64) {
      self.events = events
      self.errors = errors
    }
  }

  /// The drawing as SVG.
  /// - Parameters:
  ///   - span: Length of a bar in nanoseconds.
  ///   - isFaint: The bars show more than what was asked for; they are drawn as background.
  public static func svg(
    id: String, title: String, description: String, start: Instant, span: Int64, bins: [Bin],
    marks: [PageChart.Mark] = [], isFaint: Bool = false
  ) -> String {
    guard !bins.isEmpty, span > 0 else { return "" }
    let end = start.adding(nanoseconds: span.multipliedReportingOverflow(by: Int64(bins.count)).partialValue)
    guard end > start else { return "" }
    var canvas = SVGCanvas(width: SVGDrawing.width)
    let (left, right) = (58.0, canvas.width - 14)
    let lines = marks.sorted { $0.time < $1.time }.map(\.mark)
    let rows = SVGCanvas.rows(lines, start.nanoseconds, end.nanoseconds, left, right)
    let top = 10 + Double((rows.max() ?? -1) + 1) * 15
    let bottom = top + 110
    canvas.height = bottom + 36
    let most = Double(max(1, bins.map(\.events).max() ?? 1))
    func y(_ value: Double) -> Double { bottom - value / (most * 1.04) * (bottom - top) }
    canvas.timeAxis(
      from: start.nanoseconds, to: end.nanoseconds, left: left, right: right, top: top, bottom: bottom)
    var grid = ""
    for tick in LineScale.ticks(to: most, about: 3) where tick == tick.rounded() {
      grid += SVGCanvas.move(left, y(tick)) + "H\(SVGCanvas.number(right))"
      canvas.text(left - 8, y(tick) + 4, Format.fixed(tick, digits: 0), "t", anchor: "end")
    }
    canvas.path(grid, "grid")
    let width = (right - left) / Double(bins.count)
    let gap = width > 4 ? 1.0 : 0
    var plain = ""
    var errors = ""
    for (index, bin) in bins.enumerated() where bin.events > 0 {
      let x = left + Double(index) * width
      // One event among millions is still to be seen.
      let height = max(1, bottom - y(Double(bin.events)))
      plain += SVGCanvas.rectangle(x, bottom - height, width - gap, height)
      guard bin.errors > 0 else { continue }
      let part = max(1, bottom - y(Double(bin.errors)))
      errors += SVGCanvas.rectangle(x, bottom - part, width - gap, part)
    }
    canvas.path(plain, isFaint ? "bar faint" : "bar")
    canvas.path(errors, isFaint ? "barm faint" : "barm")
    canvas.marks(
      lines, from: start.nanoseconds, to: end.nanoseconds, left: left, right: right, top: top, bottom: bottom)
    var out = Markup()
    let number = SVGCanvas.number
    out.raw(
      "<svg role=\"img\" viewBox=\"0 0 \(number(canvas.width)) \(number(canvas.height))\" aria-labelledby=\"\(id)-t \(id)-d\" "
        + "data-left=\"\(number(left))\" data-right=\"\(number(right))\" data-top=\"\(number(top))\" "
        + "data-bottom=\"\(number(bottom))\" data-start=\"\(start.nanoseconds)\" data-end=\"\(end.nanoseconds)\" "
        + "data-width=\"\(number(canvas.width))\">")
    out.element("title", "id=\"\(id)-t\"", title)
    out.element("desc", "id=\"\(id)-d\"", description)
    out.raw(canvas.body.text)
    out.raw("</svg>")
    return out.text
  }
}
