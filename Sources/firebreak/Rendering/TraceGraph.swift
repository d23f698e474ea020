import CascadeAnalysis
import IncidentModel

/// The spread tree as a graph for other tools.
enum TraceGraph {
  /// False for what acts on a terminal or turns the direction of text round.
  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }

  /// Graphviz. Names are quoted as its language asks: backslash and quote escaped.
  static func dot(_ trace: Trace) -> [String] {
    func quoted(_ text: String) -> String {
      let shown = String(
        String.UnicodeScalarView(text.unicodeScalars.map { isVisible($0) ? $0 : "?" }))
      return QuotedText.of(shown, "\"", escape: "\\", escapesBackslash: true)
    }
    var lines = ["digraph spread {", "  rankdir=LR; node [shape=box, style=rounded];"]
    for (index, incident) in trace.incidents.enumerated() {
      lines.append("  subgraph cluster_\(index + 1) {")
      lines.append("    label=\"incident \(index + 1)\";")
      for onset in incident.onsets {
        let isOrigin = incident.origins.first?.device == onset.device
        lines.append(
          "    \(quoted(onset.device)) [tooltip=\(quoted(onset.time.description))\(isOrigin ? ", penwidth=3" : "")];"
        )
      }
      for edge in incident.edges {
        let percent = Int((edge.probability * 100).rounded())
        lines.append(
          "    \(quoted(edge.from)) -> \(quoted(edge.to)) [label=\"\(edge.kind.rawValue) \(percent) %\"];")
      }
      lines.append("  }")
    }
    return lines + ["}"]
  }

  /// Mermaid flowchart. Names become labels in quotes with entities, ids are numbers, so that no name is syntax.
  static func mermaid(_ trace: Trace) -> [String] {
    func label(_ text: String) -> String {
      var result = ""
      for scalar in text.unicodeScalars {
        let isPlain =
          scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "-_.:/ ".unicodeScalars.contains(scalar)
        result += isPlain ? String(scalar) : "#\(scalar.value);"
      }
      return result
    }
    var lines = ["flowchart LR"]
    var id: [String: Int] = [:]
    func node(_ name: String) -> String {
      if let known = id[name] { return "n\(known)" }
      id[name] = id.count
      lines.append("  n\(id.count - 1)[\"\(label(name))\"]")
      return "n\(id.count - 1)"
    }
    for incident in trace.incidents {
      for onset in incident.onsets { _ = node(onset.device) }
      for edge in incident.edges {
        let from = node(edge.from)
        let to = node(edge.to)
        lines.append("  \(from) -->|\(edge.kind.rawValue) \(Int((edge.probability * 100).rounded()))%| \(to)")
      }
    }
    return lines
  }
}
