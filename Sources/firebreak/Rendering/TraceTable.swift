import CascadeAnalysis
import ConsoleOutput
import IncidentModel

/// A trace for people, at most 80 columns wide.
struct TraceTable {
  let trace: Trace
  let style: TerminalStyle
  private let width = 80

  init(_ trace: Trace, style: TerminalStyle) {
    self.trace = trace
    self.style = style
  }

  /// The lines, ready to print.
  var lines: [String] {
    var lines = DisplayWidth.wrap(Sanitizer.escape(trace.verdict), width)
    for (index, incident) in trace.incidents.enumerated() {
      if trace.incidents.count > 1 {
        lines += ["", style.bold("Incident \(index + 1) of \(trace.incidents.count)")]
        if index > 0 { lines += DisplayWidth.wrap(Sanitizer.escape(incident.verdict), width) }
      }
      lines += phases(incident) + origins(incident) + cause(incident) + tree(incident) + curve(incident)
      lines += rollout(incident)
    }
    if !trace.unrelated.isEmpty { lines += unrelated }
    if !trace.wentOn.isEmpty { lines += wentOn }
    let corrected = trace.clockSkews.contains { abs($0.seconds) >= 1 }
    let times =
      "times are corrected for clocks that were off; as they were written: 'firebreak query', 'firebreak show'"
    // The verdict says already of whom nothing is known.
    let said = trace.unheard.map(\.words)
    for caveat in trace.caveats.filter({ !said.contains($0) }) + (corrected ? [times] : []) {
      for (index, part) in DisplayWidth.wrap(Sanitizer.escape(caveat), width - 6).enumerated() {
        lines.append((index == 0 ? style.dim("note: ") : "      ") + part)
      }
    }
    return lines
  }

  /// Failures that nothing ties to an incident, the surest first, and how sure it is that they have nothing to do with it.
  private var unrelated: [String] {
    let count = Figures.grouped(trace.unrelated.count)
    let isRated = trace.unrelated.contains { $0.unrelated != nil }
    let what =
      isRated
      ? "Other failures (\(count)), and how sure it is that they are unrelated" : "Failures (\(count))"
    var lines = ["", style.bold(what)]
    let ranked = trace.unrelated.sorted {
      ($0.unrelated ?? 0, $1.time, $1.device) > ($1.unrelated ?? 0, $0.time, $0.device)
    }
    // The least sure may belong to it: some of them are shown as well.
    let shown = ranked.count <= 6 ? ranked : Array(ranked.prefix(3) + ranked.suffix(3))
    for (index, onset) in shown.enumerated() {
      if index == 3, ranked.count > 6 {
        lines.append("              \(Figures.grouped(ranked.count - 6)) more")
      }
      let name = DisplayWidth.pad(DisplayWidth.fitEnds(Sanitizer.escape(onset.device), 28), 28)
      let sure = onset.unrelated.map {
        "\(DisplayWidth.pad(Figures.percent($0), 5, right: true))  \(EstimativeWords.of($0))"
      }
      lines.append("  \(clock(onset.time))  \(name) \(sure ?? "")\(otherDay(onset.time))")
    }
    return lines
  }

  /// Those that told of trouble and did not fail, the first of them.
  private var wentOn: [String] {
    let what = trace.whatWentOn
    let title =
      "\(what.prefix(1).uppercased())\(what.dropFirst()) and went on as ever (\(Figures.grouped(trace.wentOn.count))): not taken for failed"
    var lines = ["", style.bold(title)]
    for onset in trace.wentOn.prefix(3) {
      let name = DisplayWidth.pad(DisplayWidth.fitEnds(Sanitizer.escape(onset.device), 28), 28)
      lines.append("  \(clock(onset.time))  \(name)\(otherDay(onset.time))")
    }
    if trace.wentOn.count > 3 {
      lines.append("              \(Figures.grouped(trace.wentOn.count - 3)) more")
    }
    return lines
  }

  /// The date of a failure that was on another day than the incidents, or of any where there is none and the evidence spans more than
  /// a day: a clock without it reads as though it were in their midst, or in order.
  private func otherDay(_ instant: Instant) -> String {
    let day = Self.day(instant)
    let phases = trace.incidents.flatMap(\.phases)
    if phases.isEmpty {
      let isLong = trace.window.map { $0.upperBound.seconds(since: $0.lowerBound) > 86_400 } ?? false
      return isLong ? "  on \(day)" : ""
    }
    return phases.contains { Self.day($0.start) == day } ? "" : "  on \(day)"
  }

  private static func day(_ instant: Instant) -> String {
    String(instant.rfc3339(fractionDigits: 0).prefix(10))
  }

  private func clock(_ instant: Instant) -> String {
    String(instant.rfc3339(fractionDigits: 1).dropLast().suffix(10))
  }

  /// The time of day; with the date where an incident goes past midnight.
  private func clock(_ instant: Instant, of incident: Incident) -> String {
    let times =
      incident.phases.map(\.start)
      + [incident.onsets.first?.time, incident.onsets.last?.time].compactMap { $0 }
    let isOneDay = Set(times.map(Self.day)).count <= 1
    return (isOneDay ? "" : "\(Self.day(instant)) ") + clock(instant)
  }

  private func phases(_ incident: Incident) -> [String] {
    guard let first = incident.phases.first?.start else { return [] }
    let isDated = clock(first, of: incident) != clock(first)
    return ["", style.bold(isDated ? "Phases (UTC)" : "Phases (\(Self.day(first)), UTC)")]
      + incident.phases.map { phase in
        let name = phase.name.rawValue.split(separator: "_").joined(separator: " ")
        return "  \(clock(phase.start, of: incident))  \(DisplayWidth.pad(name, 20))"
          + (phase.start == first ? "" : "+\(Figures.duration(seconds: phase.start.seconds(since: first)))")
      }
  }

  private func origins(_ incident: Incident) -> [String] {
    let rejected = self.rejected(incident)
    let unseen = incident.unseenOrigin.map { [row("(not in the evidence)", $0.probability)] } ?? []
    guard incident.origins.contains(where: { $0.probability >= 0.005 }) else {
      return (unseen.isEmpty ? ["", "Origin: not determined"] : ["", style.bold("Origins")] + unseen)
        + rejected.flatMap { self.lines("\($0.name) was not where it began: \($0.words)", indent: 2) }
    }
    // What speaks for a candidate and against it stands under it: only the first has its reasons printed.
    return ["", style.bold("Origins")] + unseen
      + incident.origins.prefix(5).filter { $0.probability >= 0.005 }.enumerated().flatMap {
        index, origin -> [String] in
        [row(Sanitizer.escape(origin.device), origin.probability)] + (index == 0 ? reasons(origin) : [])
      } + rejected.flatMap { self.lines("\($0.name) was not where it began: \($0.words)", indent: 2) }
  }

  private func row(_ name: String, _ probability: Double) -> String {
    let name = DisplayWidth.pad(DisplayWidth.fitEnds(name, 28), 28)
    let bar = DisplayWidth.pad(Figures.bar(probability, columns: 20), 20)
    let percent = DisplayWidth.pad(Figures.percent(probability), 5, right: true)
    return "  \(name) \(bar) \(percent)  \(EstimativeWords.of(probability))"
  }

  /// Entities of an incident that analysts say are not where it began, and their words.
  private func rejected(_ incident: Incident) -> [(name: String, words: String)] {
    trace.rejectedOrigins(in: incident).compactMap { name in
      trace.rejection(of: "origin:\(name)").map { (name, $0) }
    }
  }

  private func lines(_ text: String, indent: Int) -> [String] {
    DisplayWidth.wrap(Sanitizer.escape(text), width - indent).map {
      String(repeating: " ", count: indent) + $0
    }
  }

  /// What speaks for the first candidate and against it.
  private func reasons(_ origin: OriginCandidate) -> [String] {
    let list = origin.reasonsFor.map { ("for", $0) } + origin.reasonsAgainst.map { ("against", $0) }
    return list.prefix(4).flatMap { side, reason in
      DisplayWidth.wrap(Sanitizer.escape(reason), width - 13).enumerated().map { index, part in
        "    " + style.dim(DisplayWidth.pad(index == 0 ? side : "", 8)) + part
      }
    }
  }

  private func cause(_ incident: Incident) -> [String] {
    guard let cause = incident.commonCause else { return ["", "Common cause: none found"] }
    let terms = cause.terms.map { "\($0.attribute)=\($0.value)" }.joined(separator: " and ")
    let text =
      "Common cause: \(Sanitizer.escape(terms)) (\(cause.exposedFailed) of \(cause.exposed) with it failed early, "
      + "\(cause.othersFailed) of \(cause.others) without)"
    return [""] + DisplayWidth.wrap(text, width)
  }

  /// The first three levels, the most fruitful children first.
  private func tree(_ incident: Incident) -> [String] {
    guard !incident.edges.isEmpty else { return [] }
    let tree = SpreadTree(incident)
    let onsets = incident.onsets
    let index = NameIndex(onsets) { $0.device }
    func time(_ name: String) -> Instant? {
      index.find(ContentHash.of(name)) { onsets[$0].device == name }.map { onsets[$0].time }
    }
    // An overload is the doing of all that failed before; the edge names the nearest of them.
    func words(_ edge: SpreadEdge) -> String {
      incident.crowd(of: edge).map { "overload by it and \(Figures.grouped($0 - 1)) before" }
        ?? edge.kind.rawValue
    }
    let stampWidth = incident.onsets.first.map { clock($0.time, of: incident).count } ?? 10
    var lines = ["", style.bold("Spread")]
    func add(_ entity: Int, _ edge: SpreadEdge?, _ prefix: String, _ branch: String, _ level: Int) {
      let name = tree.names[entity]
      let when = time(name).map { clock($0, of: incident) } ?? String(repeating: " ", count: stampWidth)
      let below = tree.sizes[entity] > 0 ? "  → \(Figures.grouped(tree.sizes[entity]))" : ""
      let how = edge.map { "  \(words($0)) \(Figures.percent($0.probability))" } ?? ""
      let head = "  \(when)  \(prefix)\(branch)"
      let room = width - DisplayWidth.of(head) - DisplayWidth.of(how + below)
      lines.append(head + DisplayWidth.fitEnds(Sanitizer.escape(name), max(8, room)) + style.dim(how) + below)
      guard level < 3 else { return }
      let count = tree.children(of: entity).count
      let shown = tree.first(level == 0 ? 5 : 3, of: entity)
      let inner = level == 0 ? prefix : prefix + (branch == "└ " ? "  " : "│ ")
      for (index, edge) in shown.enumerated() {
        let isLast = index == shown.count - 1 && count == shown.count
        add(tree.target(edge), tree.edge(edge), inner, isLast ? "└ " : "├ ", level + 1)
      }
      if count > shown.count {
        lines.append(
          String(repeating: " ", count: stampWidth + 4)
            + "\(inner)└ \(Figures.grouped(count - shown.count)) more")
      }
    }
    let rejected = Dictionary(self.rejected(incident), uniquingKeysWith: { a, _ in a })
    for root in tree.roots.prefix(3) {
      let position = lines.count
      add(root, nil, "", "", 0)
      if let words = rejected[tree.names[root]] {
        lines.insert(
          contentsOf: self.lines("as the origin \(words)", indent: stampWidth + 4).map { style.dim($0) },
          at: position + 1
        )
      }
    }
    if tree.roots.count > 3 { lines.append("  \(Figures.grouped(tree.roots.count - 3)) more roots") }
    return lines
  }

  private func curve(_ incident: Incident) -> [String] {
    guard let first = incident.onsets.first?.time, let last = incident.onsets.last?.time, first < last else {
      return []
    }
    let columns = 60
    let span = last.seconds(since: first)
    var counts = [Double](repeating: 0, count: columns)
    for onset in incident.onsets {
      counts[min(columns - 1, Int(onset.time.seconds(since: first) / span * Double(columns)))] += 1
    }
    let step = Figures.duration(seconds: span / Double(columns))
    let stamps = [first, last].map { clock($0, of: incident) }
    return [
      "", style.bold("New failures, one column each \(step)"), "  " + Figures.sparkline(counts),
      "  \(stamps[0])" + String(repeating: " ", count: columns - 2 * stamps[0].count) + stamps[1],
    ]
  }

  private func rollout(_ incident: Incident) -> [String] {
    guard let value = incident.counterfactual else { return [] }
    let text =
      "With \(value.policy): \(Figures.decimal(value.failed, 0)) would have failed "
      + "(90 % interval \(Figures.decimal(value.interval.lowerBound, 0)) to "
      + "\(Figures.decimal(value.interval.upperBound, 0))) instead of \(Figures.grouped(value.failedActual))."
    return [""] + DisplayWidth.wrap(text, width)
  }
}
