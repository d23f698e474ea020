import CascadeAnalysis
import IncidentModel

/// 6: how it spread: the tree over time, cohorts, heat map, speed, and what nothing explains.
enum SpreadSection: ReportSection {
  static let number = 6
  static let id = "spread"
  static let title = "How it spread"

  static func blocks(_ context: SectionContext) -> [Block] {
    guard let incident = context.incident else {
      return [.paragraph("\(context.noIncident), so nothing spread that could be drawn.")]
    }
    var blocks: [Block] = [
      .facts([
        ("Doubling time", Prose([.metric(.doublingTime)])),
        ("From 10 % to 90 %", Prose([.metric(.riseTime)])),
        ("Most in a minute", Prose([.metric(.peakRate1)])),
        ("Most in five minutes", Prose([.metric(.peakRate5)])),
        ("Per parent", Prose([.metric(.childrenPerParent)])), ("Generations", Prose([.metric(.generations)])),
        ("Explained", Prose([.metric(.explained)])), ("Unexplained", Prose([.metric(.unexplained)])),
      ])
    ]
    if let chart = TreeLayout.chart(context) {
      blocks.append(.chart(chart))
    } else {
      blocks.append(.paragraph("No edge of the spread was found: who took down whom is not determined."))
    }
    blocks += edges(context, incident)
    if let chart = CohortChart.chart(context) { blocks.append(.chart(chart)) }
    if let chart = SiteHeatMap.chart(context) { blocks.append(.chart(chart)) }
    if let chart = DeviceLanes.chart(context) { blocks.append(.chart(chart)) }
    return blocks
  }

  /// The most telling edges, one for each kind first.
  private static func edges(_ context: SectionContext, _ incident: Incident) -> [Block] {
    guard !incident.edges.isEmpty else { return [] }
    let shown = 15
    func isSurer(_ a: SpreadEdge, _ b: SpreadEdge) -> Bool {
      if a.probability != b.probability { return a.probability > b.probability }
      return (b.evidence.count, a.from, a.to) < (a.evidence.count, b.from, b.to)
    }
    // The surest of each kind first: fifteen receipts of one change say less than one and a contact. Only the best are kept
    // while the edges pass; there are as many as devices.
    var best: [SpreadEdge] = []
    var firstOf: [SpreadEdge.Kind: SpreadEdge] = [:]
    for edge in incident.edges where !edge.probability.isNaN {
      if firstOf[edge.kind].map({ isSurer(edge, $0) }) ?? true { firstOf[edge.kind] = edge }
      if best.count == 2 * shown, let last = best.last, !isSurer(edge, last) { continue }
      best.insert(edge, at: best.firstIndex { isSurer(edge, $0) } ?? best.count)
      if best.count > 2 * shown { best.removeLast() }
    }
    let first = firstOf.values.sorted(by: isSurer)
    let others = best.filter { edge in !first.contains { $0.from == edge.from && $0.to == edge.to } }
    let chosen = (first + others.prefix(max(0, shown - first.count))).sorted(by: isSurer)
    let rows = chosen.map { edge -> [Prose] in
      [
        Prose([.foreign(context.device(edge.from), .name)]),
        Prose([.foreign(context.device(edge.to), .name)]),
        Prose(stringLiteral: Wording.edge(edge.kind)),
        .value(.finite(min(1, max(0, edge.probability)), digits: 2)),
        edge.evidence.isEmpty ? "none" : "\(cite: edge.evidence)",
      ]
    }
    return [
      .table(
        Table(
          "Surest steps of the spread", ["From", "To", "Over", "#Probability", "Evidence"], Array(rows),
          omitted: incident.edges.count - rows.count))
    ]
  }
}

/// The tree with time on x: up to 40 rows; what does not fit is grouped under its nearest drawn ancestor.
enum TreeLayout {
  static let maximumRows = 40

  static func chart(_ context: SectionContext) -> Chart? {
    guard let forest = context.picture.forest, let first = context.picture.onsetTimes.first else {
      return nil
    }
    var verdicts: Verdicts = [:]
    for verdict in context.verdicts.rejected {
      verdicts[verdict.device] = (
        .rejected, "nothing known; that it began here was \(context.words(verdict.judgement))"
      )
    }
    if let accepted = context.verdicts.accepted {
      verdicts[accepted.device] = (
        .accepted, "nothing: that it began here was \(context.words(accepted.judgement))"
      )
    }
    return chart(
      forest, first: first, name: { context.device($0) }, explained: "Explained: \(metric: .explained).",
      verdicts: verdicts)
  }

  /// What analysts said of starts, by name: the word, and the words in place of what took it down.
  typealias Verdicts = [String: (TreeChart.OriginVerdict, Prose)]

  /// The chart of a forest; nil where nothing is joined.
  static func chart(
    _ forest: SpreadForest, first: Int64, name: (String) -> EvidenceText, explained: Prose,
    verdicts: Verdicts = [:]
  ) -> Chart? {
    guard !forest.roots.isEmpty else { return nil }
    let (nodes, rows) = layout(forest, name, fallback: first, verdicts)
    guard let start = nodes.map(\.start).min(), let end = nodes.map(\.end).max() else { return nil }
    let doubt: Prose =
      nodes.contains { $0.verdict == .rejected }
      ? " Crossed out: analysts rejected that it began there; what took it down is not known." : ""
    let margin = max((end - start) / 20, 1_000_000_000)
    return Chart(
      id: "spread-tree", title: "The spread as a tree over time",
      description:
        "One row for each device or group of devices, placed at the time it failed, joined to what took it down. Solid: probability of at least nine tenths and evidence; dashed: inferred. \(explained)\(doubt)",
      drawing: .tree(TreeChart(nodes: nodes, start: start - margin, end: end + margin)),
      table: Table(
        "Rows of the tree", ["Row", "Taken down by", "First", "Last", "#Devices", "Line"], rows))
  }

  private static func layout(
    _ forest: SpreadForest, _ name: (String) -> EvidenceText, fallback: Int64, _ verdicts: Verdicts
  ) -> ([TreeChart.Node], [[Prose]]) {
    let total = forest.nodes.count - forest.unexplained.count
    // All nodes fit, or the largest subtrees get a row of their own and the rest is grouped below them.
    let drawn: Set<Int>
    if total + (forest.unexplained.isEmpty ? 0 : 1) <= maximumRows {
      drawn = Set(forest.nodes.indices).subtracting(forest.unexplained)
    } else {
      let inner = forest.nodes.indices.filter { !forest.nodes[$0].children.isEmpty }
        .sorted { (forest.nodes[$1].size, $0) < (forest.nodes[$0].size, $1) }
      drawn = Set(inner.prefix(maximumRows / 2 - 2))
    }
    var nodes: [TreeChart.Node] = []
    var rows: [[Prose]] = []
    func time(_ position: Int) -> Int64 {
      var position = position
      // A parent without a time of its own stands where its first child fails.
      while forest.nodes[position].time == nil, let child = forest.nodes[position].children.first {
        position = child
      }
      return forest.nodes[position].time?.nanoseconds ?? fallback
    }
    func append(_ node: TreeChart.Node, _ said: Prose? = nil) -> Int {
      nodes.append(node)
      rows.append([
        Prose([.foreign(node.label, .name)]),
        node.parent >= 0
          ? Prose([.foreign(nodes[node.parent].label, .name)])
          : said ?? (node.isUnexplained ? "nothing known" : "nothing: a start"),
        .instant(Instant(nanoseconds: node.start)), .instant(Instant(nanoseconds: node.end)),
        .count(node.count),
        node.parent < 0 ? "none" : node.isObserved ? "solid" : "dashed",
      ])
      return nodes.count - 1
    }
    func group(_ members: [Int], parent: Int, label: String, unexplained: Bool = false) {
      guard let first = members.first else { return }
      let times = members.map(time)
      // One device is no group: it has a name.
      let text =
        members.count == 1
        ? name(forest.nodes[first].device) : EvidenceText("\(Format.count(members.count)) \(label)")
      _ = append(
        TreeChart.Node(
          label: text, start: times.min() ?? fallback, end: times.max() ?? fallback, count: members.count,
          parent: parent,
          isObserved: parent >= 0 && members.allSatisfy(forest.isObserved), isUnexplained: unexplained))
    }
    /// Everything below a node that has no row.
    func collect(_ position: Int, into members: inout [Int], inner: inout [Int]) {
      var stack = forest.nodes[position].children.reversed().map { $0 }
      while let child = stack.popLast() {
        if drawn.contains(child) {
          inner.append(child)
        } else {
          members.append(child)
          stack += forest.nodes[child].children.reversed()
        }
      }
    }
    var stack = forest.roots.filter { drawn.contains($0) }.reversed().map { ($0, -1) }
    while let (position, parentRow) = stack.popLast() {
      let node = forest.nodes[position]
      let at = time(position)
      let said = parentRow < 0 ? verdicts[node.device] : nil
      let row = append(
        TreeChart.Node(
          label: name(node.device), start: at, end: at, count: 1, parent: parentRow,
          isObserved: parentRow >= 0 && forest.isObserved(position), verdict: said?.0), said?.1)
      var members: [Int] = []
      var inner: [Int] = []
      collect(position, into: &members, inner: &inner)
      group(members, parent: row, label: "devices")
      for child in inner.reversed() { stack.append((child, row)) }
    }
    // Trees whose root got no row.
    var others: [Int] = []
    for root in forest.roots where !drawn.contains(root) {
      others.append(root)
      var inner: [Int] = []
      collect(root, into: &others, inner: &inner)
    }
    group(others, parent: -1, label: "devices in smaller trees")
    var unexplained: [Int] = []
    for position in forest.unexplained {
      let device = forest.nodes[position].device
      guard let said = verdicts[device] else {
        unexplained.append(position)
        continue
      }
      let at = time(position)
      _ = append(
        TreeChart.Node(
          label: name(device), start: at, end: at, count: 1, parent: -1, isObserved: false, verdict: said.0),
        said.1)
    }
    group(unexplained, parent: -1, label: "unexplained", unexplained: true)
    return (nodes, rows)
  }
}
