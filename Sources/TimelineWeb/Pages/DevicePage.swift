internal import CascadeAnalysis
internal import ConsoleOutput
internal import IncidentModel
internal import PostmortemReport
internal import TimelineStore

/// One device: what it said when, what it is, whom it hangs on, and its clock.
enum DevicePage {
  static func content(_ name: String, _ context: PageContext) throws -> PageContent {
    let state = try context.reader.state()
    let view = try context.desk.incident(state)
    let links = try context.reader.links(of: name, limit: 200)
    let entry = try context.reader.device(named: name)
    let onset = view?.onset(of: name)
    guard entry != nil || onset != nil || !links.isEmpty || view?.forest?.position[name] != nil else {
      throw PageError(
        status: 404, title: "There is no such device", words: "Nothing in the case is called '\(name)'.",
        next: (Link("fleet"), "To the fleet"))
    }
    let events = try errors(name, context)
    let neighbours = neighbours(name, links, view)
    let main = try el(.article) {
      el(.h1, text: .foreign(name, limit: 96))
      el(.p, .class("lede")) {
        if let onset {
          "Failed \(Moment.both(onset.time)), \(EstimativeWords.of(onset.probability)). "
          el(.a, .href(Link("cascade", query: [("why", name)]).at("why")), text: "Why")
        } else {
          HTML.text(
            view == nil ? "Nothing was traced yet." : "Did not fail, as far as the newest trace tells.")
        }
      }
      if let view {
        Verdicts(try context.reader.notes(), on: view).statement("origin:" + name, "That it began here: ")
      }
      if let entry, entry.events > 0 { try lanes(name, entry, onset, neighbours, context) }
      el(.div, .class("columns")) {
        facts(name, entry, view, context)
        el(.section) {
          el(.h2, text: "Neighbours")
          listing(neighbours, context).html(context)
        }
      }
      try versions(name, context)
      el(.section) {
        el(.h2, text: "Its first errors")
        events.html(context)
        el(.p) {
          el(
            .a, .class("button"),
            .href(Link("timeline", query: [("q", "device:" + TimelineQuestion.quoted(name))])),
            text: "All it said")
        }
      }
    }
    return PageContent(
      title: name, main: main, listings: [events, listing(neighbours, context)])
  }

  private static func errors(_ name: String, _ context: PageContext) throws -> Listing {
    let query = try context.reader.query("device:\(TimelineQuestion.quoted(name)) severity>=error")
    let page = try context.reader.page(
      matching: query, after: nil, order: .oldestFirst, limit: 20, seconds: 1)
    var listing = EventListing.make(
      name: "errors", caption: "First errors of this device", events: page.events, tags: [:],
      back: context.link, canStar: false)
    listing.empty = "It reported no error."
    return listing
  }

  private static func facts(
    _ name: String, _ entry: DeviceEntry?, _ view: IncidentView?, _ context: PageContext
  ) -> HTML {
    el(.section) {
      el(.h2, text: "What it is")
      el(.dl, .class("facts")) {
        if let entry {
          EvidencePage.fact(
            "Events", .text("\(Figures.grouped(entry.events)), \(Figures.counted(entry.errors, "error"))"))
          if let first = entry.firstTime, let last = entry.lastTime {
            EvidencePage.fact("Heard", "\(Moment.html(first, digits: 0)) to \(Moment.utc(last))")
          }
          if !entry.isListed {
            EvidencePage.fact("Inventory", el(.span, .class("alarm"), text: "speaks, but is not listed"))
          }
          for (attribute, value) in zip(context.reader.attributes, entry.attributes) where !value.isEmpty {
            EvidencePage.fact(
              EvidenceText(attribute, limit: 40).display,
              .foreign(
                value, limit: 120,
                to: Link("fleet", query: [("attr", attribute), ("value", value)]).at("devices")))
          }
        }
        EvidencePage.fact("Clock", clock(name, view))
      }
    }
  }

  private static func clock(_ name: String, _ view: IncidentView?) -> HTML {
    guard let view else { return el(.span, .class("na"), text: "not compared yet") }
    guard let skew = view.trace.clockSkews.first(where: { $0.device == name }) else {
      return "not found to be off"
    }
    return .text(
      "\(Figures.decimal(abs(skew.seconds), 1)) s \(skew.seconds >= 0 ? "ahead" : "behind") ± \(Figures.decimal(skew.error, 1)) s, from \(Figures.grouped(skew.pairs)) \(skew.pairs == 1 ? "pair" : "pairs") of messages"
    )
  }

  /// What it says of its software, in its own words: the first and the last few.
  private static func versions(_ name: String, _ context: PageContext) throws -> HTML {
    let query = try context.reader.query(
      "device:\(TimelineQuestion.quoted(name)) (text:firmware OR text:version OR text:updat OR text:upgrad)")
    let page = try context.reader.page(
      matching: query, after: nil, order: .oldestFirst, limit: 12, seconds: 0.3)
    guard !page.events.isEmpty else { return .empty }
    let listing = EventListing.make(
      name: "versions", caption: "What it says of its software", events: page.events, tags: [:],
      back: context.link, canStar: false)
    return el(.section) {
      el(.h2, text: "Versions, in its words")
      listing.html(context, showsFormats: false)
    }
  }

  // MARK: Neighbours

  private struct Neighbour {
    var name: String
    var kind: String
    var isUp: Bool
    var onset: Onset?
  }

  private static func neighbours(_ name: String, _ links: [Topology.Link], _ view: IncidentView?)
    -> [Neighbour]
  {
    var seen: Set<String> = []
    var found: [Neighbour] = []
    func add(_ other: String, _ kind: String, isUp: Bool) {
      guard other != name, seen.insert(other).inserted else { return }
      found.append(Neighbour(name: other, kind: kind, isUp: isUp, onset: view?.onset(of: other)))
    }
    for link in links {
      if link.from == name {
        add(link.to, link.kind, isUp: true)
      } else {
        add(link.from, link.kind, isUp: false)
      }
    }
    if let forest = view?.forest, let position = forest.position[name] {
      let node = forest.nodes[position]
      if node.parent >= 0 { add(forest.nodes[node.parent].device, "took it down", isUp: true) }
      for child in node.children.prefix(100) {
        add(forest.nodes[child].device, "was taken down by it", isUp: false)
      }
    }
    return found.sorted {
      let (a, b) = ($0.onset?.time.nanoseconds ?? .max, $1.onset?.time.nanoseconds ?? .max)
      return a == b ? $0.name < $1.name : a < b
    }
  }

  private static func listing(_ neighbours: [Neighbour], _ context: PageContext) -> Listing {
    var listing = Listing(
      name: "neighbours", caption: "Whom it is linked with, those that failed first",
      columns: [.init("device", "Device"), .init("kind", "Link"), .init("failed", "Failed (UTC)")])
    let shown = !context.isForPrograms ? neighbours.prefix(30) : neighbours.prefix(200)
    listing.rows = shown.map {
      Listing.Row([
        .link(Link("fleet", query: [("device", $0.name)]), $0.name, limit: 60), .foreign($0.kind, limit: 40),
        $0.onset.map { .time($0.time, digits: 1) } ?? .words("did not fail"),
      ])
    }
    listing.empty = "The topology links it with nothing."
    return listing
  }

  // MARK: Lanes

  private static func lanes(
    _ name: String, _ entry: DeviceEntry, _ onset: Onset?, _ neighbours: [Neighbour], _ context: PageContext
  ) throws -> HTML {
    let query = try context.reader.query("device:\(TimelineQuestion.quoted(name))")
    guard let found = try context.reader.quickHistogram(matching: query, maximumBins: 160, events: 200_000),
      found.isExact
    else {
      return el(.p, .class("empty"), text: "It said too much to draw; see the timeline.")
    }
    let histogram = found.histogram
    func stretches(_ isIn: (EventHistogram.Bin) -> Bool, _ tone: PageChart.LaneSpan.Tone) -> [PageChart
      .LaneSpan]
    {
      var spans: [PageChart.LaneSpan] = []
      for (index, bin) in histogram.bins.enumerated() where isIn(bin) {
        let from = histogram.start.adding(nanoseconds: histogram.span * Int64(index))
        let to = from.adding(nanoseconds: histogram.span)
        if let last = spans.last, last.end == from {
          spans[spans.count - 1].end = to
        } else {
          spans.append(PageChart.LaneSpan(start: from, end: to, tone: tone))
        }
      }
      return spans
    }
    let end = histogram.start.adding(nanoseconds: histogram.span * Int64(histogram.bins.count))
    var lanes: [(label: String, spans: [PageChart.LaneSpan])] = [
      ("heard", stretches({ $0.events > 0 }, .act)), ("errors", stretches({ $0.errors > 0 }, .bad)),
    ]
    if let onset {
      lanes.append(
        (
          "failed",
          [PageChart.LaneSpan(start: onset.time, end: max(end, onset.time), tone: .blind, isOpen: true)]
        ))
    }
    for other in neighbours.prefix(8) {
      if let time = other.onset?.time {
        lanes.append(
          (other.name, [PageChart.LaneSpan(start: time, end: max(end, time), tone: .wait, isOpen: true)]))
      }
    }
    return Figure.of(
      PageChart.lanes(
        id: "lanes", title: "The device over time",
        description: "When it was heard, when it reported errors, and when it and its neighbours failed.",
        lanes: lanes.filter { !$0.spans.isEmpty },
        legend: [(.act, "heard"), (.bad, "errors"), (.blind, "failed"), (.wait, "neighbour failed")]),
      "Over time",
      "When it was heard and reported errors; when it and its neighbours failed. How long that lasted is in the report.",
      link: (Link("timeline", query: [("q", "device:" + TimelineQuestion.quoted(name))]), "All it said"))
  }
}
