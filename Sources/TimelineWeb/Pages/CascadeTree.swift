internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// Why this device, or why this edge.
enum WhyPanel {
  static func html(_ subject: String, _ verdicts: Verdicts, _ context: PageContext) -> HTML {
    let statements = verdicts.trace.explanation(of: subject)
    let judged = (subject.contains("->") ? "edge:" : "onset:") + subject
    return el(.section, .class("panel"), .id("why")) {
      el(.h2, text: "Why \(.foreign(subject, limit: 160))")
      if statements.isEmpty { el(.p, .class("empty"), text: "The trace says nothing about it.") }
      el(.ul) {
        for statement in statements {
          el(.li) {
            HTML.foreign(statement.text, limit: 1000)
            if let probability = statement.probability {
              HTML.text(" ")
              el(
                .span, .class("certainty"), text: .text(certainty(probability)))
            }
            events(statement.evidence)
          }
        }
      }
      // The explanation begins with what was rejected.
      if verdicts.origin(subject)?.word.isAccepted == true {
        verdicts.statement("origin:" + subject, "That it began here: ")
      }
      verdicts.statement(judged)
      if !statements.isEmpty { Verdicts.form(judged, context) }
      el(.p) { el(.a, .href(context.link.without("why")), text: "Close") }
    }
  }

  /// A probability in words and per cent: neither certainty nor nothing is claimed.
  static func certainty(_ probability: Double) -> String {
    let percent = probability < 0.005 ? "under 1 %" : Figures.percent(min(0.99, probability))
    return "\(EstimativeWords.of(probability)), \(percent)"
  }

  /// The way to it.
  static func link(_ subject: String, _ context: PageContext) -> HTML {
    el(
      .a, .href(context.link.with("why", subject).at("why")),
      .aria("label", "Why \(EvidenceText(subject, limit: 160).display)"), text: "Why")
  }

  /// Links to the events that a statement rests on.
  static func events(_ events: [EventID], limit: Int = 12) -> HTML {
    guard !events.isEmpty else { return .empty }
    return el(.div, .class("soft")) {
      HTML.text("Events ")
      HTMLBuilder.buildArray(
        events.prefix(limit).map { event in
          el(.a, .href(Link("event", "\(event.rawValue)")), text: "\(event.rawValue)") + " "
        })
      if events.count > limit { HTML.text("and \(Figures.grouped(events.count - limit)) more") }
    }
  }
}

/// The tree as rows that open and close, each with its place in time. Which are open stands in the address.
struct CascadeTree {
  private let view: IncidentView
  private let forest: PageForest
  private let verdicts: Verdicts
  private let context: PageContext
  private let open: Set<Int>
  private let start: Int64
  private let end: Int64
  /// Children of one parent on a page, largest first; the rest is a group that opens further.
  private static let children = 25

  init(_ view: IncidentView, _ forest: PageForest, _ verdicts: Verdicts, _ context: PageContext) {
    self.view = view
    self.forest = forest
    self.verdicts = verdicts
    self.context = context
    let named = context.request.fields("open").compactMap { forest.position[$0] }
    // At first the way down to the largest branches is open.
    open =
      context.request.query.contains { $0.name == "open" }
      ? Set(named) : Set(view.largestFirst(-1).prefix(2))
    (start, end) = (view.bounds.lowerBound, view.bounds.upperBound)
  }

  private struct Entry {
    var node: Int
    var depth: Int
    /// Children of `node` that this row stands for; nil: the node itself.
    var group: [Int]?
  }

  /// The rows that are to be seen, parents before children.
  private var entries: [Entry] {
    var rows: [Entry] = []
    var stack: [Entry] = []
    func push(depth: Int, parent: Int) {
      let bySize = view.largestFirst(parent)
      let shown = max(
        Self.children,
        context.request.field("all") == (parent < 0 ? "" : forest.nodes[parent].device) ? 500 : 0)
      let first = bySize.prefix(shown)
      let rest = Array(bySize.dropFirst(shown))
      if !rest.isEmpty { stack.append(Entry(node: parent, depth: depth, group: rest)) }
      for node in first.sorted().reversed() { stack.append(Entry(node: node, depth: depth, group: nil)) }
    }
    push(depth: 0, parent: -1)
    while let entry = stack.popLast(), rows.count < 1500 {
      rows.append(entry)
      if entry.group == nil, open.contains(entry.node) {
        push(depth: entry.depth + 1, parent: entry.node)
      }
    }
    return rows
  }

  private func toggled(_ node: Int) -> Link {
    var set = open
    if set.remove(node) == nil { set.insert(node) }
    var link = context.link.without("open", "format", "list")
    link = link.adding("open", set.sorted().map { forest.nodes[$0].device })
    return link.at("branches")
  }

  var listing: Listing {
    var listing = Listing(
      name: "tree", caption: "Tree of the spread, largest branches first",
      columns: [
        .init("device", "Device"), .init("time", "Failed (UTC)"), .init("when", "", pageOnly: true),
        .init("below", "Below it", numeric: true), .init("depth", "Depth", numeric: true, minor: true),
        .init("over", "Over", minor: true), .init("probability", "Probability", numeric: true, minor: true),
        .init("verdict", "Verdict"), .init("why", "", pageOnly: true),
      ])
    listing.rows = entries.map(row)
    listing.empty = "Nothing is known of who took down whom."
    return listing
  }

  func html(_ listing: Listing) -> HTML {
    el(.div, .class("tree")) {
      listing.html(context)
      if !forest.unexplained.isEmpty {
        el(.p) {
          HTML.text(
            "\(Figures.grouped(forest.unexplained.count)) failed and nothing known to the case explains why: "
          )
          HTMLBuilder.buildArray(
            forest.unexplained.prefix(20).map { node in
              el(
                .a, .href(context.link.with("why", forest.nodes[node].device).at("why")),
                text: .foreign(forest.nodes[node].device, limit: 60)) + " "
            })
          if forest.unexplained.count > 20 { HTML.text("…") }
        }
      }
    }
  }

  private func row(_ entry: Entry) -> Listing.Row {
    let indent = entry.depth == 0 ? "" : "d\(min(8, entry.depth))"
    if let group = entry.group {
      let parent = entry.node < 0 ? "" : forest.nodes[entry.node].device
      let times = group.compactMap { forest.nodes[$0].time }
      let size = group.reduce(0) { $0 + forest.nodes[$1].size }
      return Listing.Row([
        Cell(
          html: el(.div, .class(indent)) {
            el(.span, .class("leaf"), text: .empty)
            el(
              .a, .href(context.link.with("all", parent).at("branches")),
              text: "\(Figures.grouped(group.count)) more")
          }, value: .string("\(group.count) more")),
        .time(times.min(), digits: 0), .shown(lane(times.min(), times.max())), .number(size),
        .number(entry.depth),
        .words("group"), .words(""), .words(""), .shown(.empty),
      ])
    }
    let node = forest.nodes[entry.node]
    let isOpen = open.contains(entry.node)
    let subject = node.edge.map { "\($0.from)->\($0.to)" } ?? node.device
    return Listing.Row([
      Cell(
        html: el(.div, .class(indent)) {
          if node.children.isEmpty {
            el(.span, .class("leaf"), text: .empty)
          } else {
            el(
              .a, .class("fold"), .href(toggled(entry.node)),
              .aria(
                "label",
                isOpen
                  ? "Close \(EvidenceText(node.device).display)" : "Open \(EvidenceText(node.device).display)"
              ),
              .aria("expanded", isOpen ? "true" : "false"), text: isOpen ? "▾" : "▸")
          }
          el(
            .a, .href(Link("fleet", query: [("device", node.device)])), text: verdicts.name(node.device))
        }, value: .string(EvidenceText(node.device, limit: 1 << 20).text)),
      .time(node.time, digits: 1), .shown(lane(node.time, node.time)), .number(node.size - 1),
      .number(entry.depth),
      node.edge.map { .words($0.kind.rawValue) }
        ?? .words(verdicts.marks[node.device] == .rejected ? "nothing known" : "a start"),
      node.edge.map { .share($0.probability) } ?? Cell(html: .empty, value: .null),
      verdicts.originCell(node.device) ?? verdicts.cell((node.edge == nil ? "onset:" : "edge:") + subject),
      .shown(WhyPanel.link(subject, context)),
    ])
  }

  /// A small lane of time with the moment, or the stretch, on it.
  private func lane(_ from: Instant?, _ to: Instant?) -> HTML {
    guard let from, let to else { return .empty }
    return .rendered(
      byReport: PageLane.svg(start: start, end: end, from: from.nanoseconds, to: to.nanoseconds))
  }
}

/// The rows of the drawing: all devices where they are few, else the largest branches and groups below them.
enum CascadeDrawing {
  private static let rows = 36

  static func svg(_ forest: PageForest, _ verdicts: [String: TreeChart.OriginVerdict]) -> String {
    PageChart.tree(
      id: "tree", title: "The spread as a tree over time",
      description:
        "One row for each device or group, placed at the time it failed, joined to what took it down.",
      nodes: nodes(forest, verdicts))
  }

  private static func nodes(_ forest: PageForest, _ verdicts: [String: TreeChart.OriginVerdict])
    -> [PageChart.TreeNode]
  {
    let total = forest.nodes.count - forest.unexplained.count
    let lost = Set(forest.unexplained)
    // Whoever was judged has a row, in a group it could not be marked.
    let judged = Set(verdicts.keys.compactMap { forest.position[$0] }.sorted().prefix(rows / 4))
    let drawn: Set<Int>
    if total <= rows {
      drawn = Set(forest.nodes.indices).subtracting(lost)
    } else {
      let inner = forest.nodes.indices.filter { !forest.nodes[$0].children.isEmpty }
        .sorted { (forest.nodes[$1].size, $0) < (forest.nodes[$0].size, $1) }
      drawn = Set(inner.prefix(rows / 2)).union(judged)
    }
    var out: [PageChart.TreeNode] = []
    func time(_ node: Int) -> Instant? {
      var node = node
      while forest.nodes[node].time == nil, let child = forest.nodes[node].children.first { node = child }
      return forest.nodes[node].time
    }
    func group(_ members: [Int], parent: Int, words: String, isUnexplained: Bool = false) {
      let times = members.compactMap { time($0) }
      guard let first = times.min(), let last = times.max() else { return }
      out.append(
        PageChart.TreeNode(
          label: members.count == 1
            ? forest.nodes[members[0]].device : "\(Figures.grouped(members.count)) \(words)",
          start: first, end: last, count: members.count, parent: parent,
          isObserved: parent >= 0 && members.allSatisfy { forest.nodes[$0].isObserved },
          isUnexplained: isUnexplained))
    }
    var stack = forest.roots.filter { drawn.contains($0) }.reversed().map { ($0, -1) }
    while let (node, parent) = stack.popLast() {
      guard let at = time(node) else { continue }
      out.append(
        PageChart.TreeNode(
          label: forest.nodes[node].device, start: at, end: at, count: 1, parent: parent,
          isObserved: parent >= 0 && forest.nodes[node].isObserved,
          verdict: verdicts[forest.nodes[node].device]))
      let row = out.count - 1
      var members: [Int] = []
      var inner: [Int] = []
      var below = Array(forest.nodes[node].children.reversed())
      while let child = below.popLast() {
        if drawn.contains(child) {
          inner.append(child)
        } else {
          members.append(child)
          below += forest.nodes[child].children.reversed()
        }
      }
      group(members, parent: row, words: "devices")
      for child in inner.reversed() { stack.append((child, row)) }
    }
    let others = forest.roots.filter { !drawn.contains($0) }
    if !others.isEmpty { group(others, parent: -1, words: "smaller trees") }
    for node in forest.unexplained where judged.contains(node) {
      guard let at = time(node) else { continue }
      let device = forest.nodes[node].device
      out.append(
        PageChart.TreeNode(
          label: device, start: at, end: at, count: 1, parent: -1, isObserved: false,
          verdict: verdicts[device]))
    }
    group(
      forest.unexplained.filter { !judged.contains($0) }, parent: -1, words: "unexplained",
      isUnexplained: true)
    return out
  }
}
