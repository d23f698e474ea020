/// A small lane of time with one moment or stretch on it, for a row of a table. Its words stand beside it in the row.
public enum PageLane {
  /// The drawing, all in nanoseconds since the epoch.
  public static func svg(start: Int64, end: Int64, from: Int64, to: Int64) -> String {
    var canvas = SVGCanvas(width: 200)
    let (left, right) = (5.0, 195.0)
    let first = SVGCanvas.position(from, start, end, left, right)
    let last = SVGCanvas.position(to, start, end, left, right)
    canvas.path(SVGCanvas.move(left, 8) + "H\(SVGCanvas.number(right))", "grid")
    canvas.path(SVGCanvas.rectangle(first - 4, 4, last - first + 8, 8), last > first + 1 ? "group" : "dot")
    return "<svg viewBox=\"0 0 200 16\" aria-hidden=\"true\">\(canvas.body.text)</svg>"
  }
}
