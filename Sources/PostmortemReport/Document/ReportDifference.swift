/// What changed between two reports of the same kind: figures, text of sections, citations.
public struct ReportDifference: Sendable {
  /// One change.
  public struct Change: Sendable, Hashable {
    /// `figure`, `text`, `control`, `citation`.
    public var kind: String
    /// Which: a metric's id (`ttd`, `ttd.formula`), a section's id, a member of the control block, an event.
    public var subject: String
    /// Before; nil where it was not there.
    public var before: String?
    /// After; nil where it is not there any more.
    public var after: String?
  }
  /// Changes in the order of the report.
  public var changes: [Change] = []

  /// A report as flat texts, as its JSON gives them.
  public struct Flat: Sendable {
    /// State, version, title and the like, in order.
    public var control: [(name: String, text: String)]
    /// Metric id and text, in order.
    public var figures: [(id: String, text: String)]
    /// Section id and its lines, in order.
    public var sections: [(id: String, lines: [String])]
    /// What stands behind the lines of each section, block by block: times, references, columns. Told where the lines are the same.
    public var behind: [String: [String]] = [:]
    /// Cited events with all that is said of them, in order.
    public var citations: [(event: String, text: String)] = []
    /// A flat report from its parts.
    public init(
      control: [(name: String, text: String)], figures: [(id: String, text: String)],
      sections: [(id: String, lines: [String])]
    ) {
      self.control = control
      self.figures = figures
      self.sections = sections
    }
  }

  /// Compares two reports.
  public init(from old: Flat, to new: Flat) {
    pairs("control", old.control.map { ($0.name, $0.text) }, new.control.map { ($0.name, $0.text) })
    pairs("figure", old.figures.map { ($0.id, $0.text) }, new.figures.map { ($0.id, $0.text) })
    leaveOutWhatFollows()
    var oldLines: [String: [String]] = [:]
    for section in old.sections { oldLines[section.id, default: []] += section.lines }
    for section in new.sections {
      let known = changes.count
      lines(section.id, oldLines.removeValue(forKey: section.id) ?? [], section.lines)
      if changes.count == known {
        lines(section.id, old.behind[section.id] ?? [], new.behind[section.id] ?? [])
      }
    }
    for section in old.sections where oldLines[section.id] != nil { lines(section.id, section.lines, []) }
    pairs("citation", old.citations.map { ($0.event, $0.text) }, new.citations.map { ($0.event, $0.text) })
    // Their numbers follow from which there are; of the same events another order is a change.
    let (before, after) = (old.citations.map(\.event), new.citations.map(\.event))
    if before != after, Set(before) == Set(after) {
      changes.append(
        Change(
          kind: "citation", subject: "order", before: before.joined(separator: ", "),
          after: after.joined(separator: ", ")))
    }
  }

  /// A figure that reads otherwise has another value, and one that is new has everything anew: said once.
  private mutating func leaveOutWhatFollows() {
    let values: Set<Substring> = [
      "value", "status", "kind", "reason", "at_least", "part", "whole", "interval_95", "earliest", "latest",
    ]
    var told: [Substring: Change] = [:]
    for change in changes where change.kind == "figure" { told[change.subject[...]] = change }
    changes.removeAll { change in
      guard change.kind == "figure", let dot = change.subject.firstIndex(of: "."),
        let figure = told[change.subject[..<dot]]
      else { return false }
      return figure.before == nil || figure.after == nil
        || values.contains(change.subject[change.subject.index(after: dot)...])
    }
  }

  private mutating func pairs(_ kind: String, _ old: [(String, String)], _ new: [(String, String)]) {
    var before: [String: String] = [:]
    for (name, text) in old { before[name] = text }
    for (name, text) in new {
      let was = before.removeValue(forKey: name)
      if was != text { changes.append(Change(kind: kind, subject: name, before: was, after: text)) }
    }
    for (name, text) in old where before[name] != nil {
      changes.append(Change(kind: kind, subject: name, before: text, after: nil))
    }
  }

  /// Lines that are gone and lines that are new; order alone is no change.
  private mutating func lines(_ section: String, _ old: [String], _ new: [String]) {
    var counts: [String: Int] = [:]
    for line in old { counts[line, default: 0] += 1 }
    var added: [String] = []
    for line in new {
      if let count = counts[line], count > 0 { counts[line] = count - 1 } else { added.append(line) }
    }
    for line in old {
      guard let count = counts[line], count > 0 else { continue }
      counts[line] = count - 1
      changes.append(Change(kind: "text", subject: section, before: line, after: nil))
    }
    for line in added { changes.append(Change(kind: "text", subject: section, before: nil, after: line)) }
  }
}
