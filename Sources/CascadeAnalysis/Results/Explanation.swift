public import IncidentModel

/// One sentence of an explanation with what it rests on.
public struct Statement: Sendable {
  /// The sentence. Names are as in the evidence and must be escaped before they are shown.
  public var text: String
  /// Its probability, where it has one.
  public var probability: Double?
  /// Events for it.
  public var evidence: [EventID]
  /// A statement from its parts.
  public init(text: String, probability: Double? = nil, evidence: [EventID] = []) {
    self.text = text
    self.probability = probability
    self.evidence = evidence
  }
}

extension Trace {
  /// Why an entity (`NAME`) is taken for failed and by what, or why an edge (`FROM->TO`) is or is not in the tree.
  /// Empty where the trace knows neither.
  public func explanation(of subject: String) -> [Statement] {
    let verdicts = rejections(of: subject)
    for incident in incidents {
      let found = incident.explanation(of: subject, rejection)
      if !found.isEmpty { return verdicts + found + skew(of: subject) }
    }
    if !verdicts.isEmpty, !unrelated.contains(where: { $0.device == subject }) {
      return verdicts + incidents.flatMap { $0.announced(by: subject) }
    }
    if let onset = wentOn.first(where: { $0.device == subject }) {
      return verdicts + [
        Statement(
          text:
            "\(subject) \(onset.isRemark ? "said something unusual" : "told of trouble") at \(onset.time), but is not taken for failed: "
            + "\(onset.reasons.joined(separator: "; ")).", evidence: onset.evidence)
      ]
    }
    if let group = unheard.first(where: { $0.devices.contains(subject) }),
      !unrelated.contains(where: { $0.device == subject })
    {
      return verdicts + [
        Statement(
          text:
            "\(subject) is not known to have failed: "
            + (group.reporter.map { "\($0), through which it is heard, was silent from " }
              ?? "the source that holds its lines holds nobody's from ")
            + "\(group.since)" + (group.until.map { " to \($0)." } ?? " on."))
      ]
    }
    guard let alone = unrelated.first(where: { $0.device == subject }) else { return [] }
    var found = [
      Statement(
        text: "\(subject) failed at \(alone.time): \(alone.reasons.joined(separator: "; ")).",
        probability: alone.probability, evidence: alone.evidence)
    ]
    if let probability = alone.unrelated {
      let place =
        switch alone.nearness ?? .outside {
        case .inside where incidents.isEmpty, .beside where incidents.isEmpty:
          ", but others next to it, or many, failed around then"
        case .outside: ", and it lies before or after everything that failed in an incident"
        case .inside: ", and it falls into an incident's time, but next to nobody that failed in it"
        case .beside:
          ", but it falls into an incident's time, and somebody next to it or above it failed then"
        case .above: ", but most of those that failed in an incident hang on it, or are named by it"
        case .alike: ", but it said what those said that failed in an incident"
        case .named: ", but an incident began at one that names it in its own trouble before that"
        case .alone: ", and nothing next to it failed around then"
        }
      found.append(
        Statement(
          text: alone.nearness == .named
            ? "It has nothing to do with any incident: that is doubtful, since an incident began at one that names it in its own trouble."
            : alone.nearness == .alike
              ? "It has nothing to do with any incident: that is doubtful, since it said what those said that failed in one."
              : "It has nothing to do with any incident, as far as can be told: no cause was found\(place).",
          probability: probability))
    } else if alone.nearness == .alone {
      found.append(
        Statement(
          text: "No incident was found that it could belong to, and nothing next to it failed around then."))
    }
    return verdicts + found + skew(of: subject)
  }

  /// What analysts say is wrong of an entity or an edge: it comes first, and nothing after it says otherwise.
  private func rejections(of subject: String) -> [Statement] {
    var list: [Statement] = []
    if let words = rejection(of: "origin:\(subject)") {
      list.append(Statement(text: "That it began at \(subject) was \(words)."))
    }
    if let words = rejection(of: "edge:\(subject)") {
      list.append(Statement(text: "The edge \(subject) was \(words): it is not in the tree."))
    }
    return list
  }

  private func skew(of device: String) -> [Statement] {
    guard let skew = clockSkews.first(where: { $0.device == device }), abs(skew.seconds) > 1 else {
      return []
    }
    let tenths = (abs(skew.seconds) * 10).rounded() / 10
    let isOfZone = skew.pairs < 2 && skew.seconds > 0 && skew.seconds.remainder(dividingBy: 1800) == 0
    let basis =
      isOfZone
      ? "when it begins and ends to be heard, as in another zone"
      : skew.pairs > 0
        ? "\(skew.pairs) messages seen at both ends" : "when its siblings failed; that is a guess"
    let drift =
      skew.partsPerMillion == 0
      ? ""
      : ", running \(Int(abs(skew.partsPerMillion).rounded())) millionths too \(skew.partsPerMillion > 0 ? "fast" : "slow")"
    return [
      Statement(
        text:
          "Its clock was \(tenths) s \(skew.seconds > 0 ? "ahead" : "behind")\(drift) by \(basis); times are corrected."
      )
    ]
  }
}

extension Incident {
  /// `rejection` gives the words on what an analyst says is wrong.
  func explanation(of subject: String, _ rejection: (String) -> String? = { _ in nil }) -> [Statement] {
    func why(_ onset: Onset) -> [Statement] {
      self.explain(onset, mayBeOrigin: rejection("origin:\(onset.device)") == nil)
    }
    if let onset = onsets.first(where: { $0.device == subject }) { return why(onset) }
    if let origin = origins.first(where: { $0.device == subject }) { return explain(origin) }
    let candidates = edges + alternatives
    guard let edge = candidates.first(where: { "\($0.from)->\($0.to)" == subject }) else {
      // Not a candidate at all: say what is known of both ends.
      for onset in onsets where subject.hasSuffix("->\(onset.device)") {
        // An edge that is left out since somebody said so is not explained by the evidence.
        if rejection("edge:\(subject)") != nil { return why(onset) }
        let from = String(subject.dropLast(onset.device.count + 2))
        return [Statement(text: whyNot(from, onset))] + why(onset)
      }
      return []
    }
    guard let onset = onsets.first(where: { $0.device == edge.to }) else { return [] }
    return [Statement(text: words(edge), probability: edge.probability, evidence: edge.evidence)]
      + why(onset)
  }

  private func explain(_ onset: Onset, mayBeOrigin: Bool) -> [Statement] {
    let how =
      switch onset.kind {
      case .log: "by its own messages"
      case .metric: "by its telemetry"
      case .silence: "by its silence"
      case .reported: "by what others report"
      }
    var list = [
      Statement(
        text: "\(onset.device) failed at \(onset.time) (between \(onset.interval.lowerBound) and "
          + "\(onset.interval.upperBound)), \(how): \(onset.reasons.joined(separator: "; ")).",
        probability: onset.probability, evidence: onset.evidence)
    ]
    if onset.basis == .selfAsserted {
      list.append(
        Statement(
          text: "Nobody but the messages themselves vouches for the name \(onset.device): it may be forged."))
    }
    if let edge = edges.first(where: { $0.to == onset.device }) {
      list.append(
        Statement(text: "Its parent: \(words(edge))", probability: edge.probability, evidence: edge.evidence))
    } else {
      list.append(
        Statement(
          text: "It has no parent: nothing it hangs on failed before it"
            + (mayBeOrigin ? ", or it is where it began." : ", as far as this case tells.")))
    }
    for edge in alternatives where edge.to == onset.device {
      list.append(
        Statement(
          text: "Not ruled out: \(words(edge))", probability: edge.probability, evidence: edge.evidence))
    }
    if let origin = origins.first(where: { $0.device == onset.device }) { list += explain(origin) }
    return list
  }

  private func explain(_ origin: OriginCandidate) -> [Statement] {
    var list = [
      Statement(
        text: "As the origin: \(origin.device).", probability: origin.probability, evidence: origin.evidence)
    ]
    list += origin.reasonsFor.map { Statement(text: "For it: \($0).", evidence: origin.evidence) }
    list += origin.reasonsAgainst.map {
      Statement(text: "Against it: \($0).", evidence: origin.counterEvidence)
    }
    list += announced(by: origin.device)
    let taken = edges.count { $0.from == origin.device }
    if taken > 0 {
      list.append(Statement(text: "\(Self.entities(taken)) in the tree hang on it directly."))
    }
    for other in origins.filter({ $0.device != origin.device }).prefix(3) {
      let against = other.reasonsAgainst.first.map { ": \($0)" } ?? ""
      list.append(
        Statement(
          text: "Instead of it: \(other.device)\(against).", probability: other.probability,
          evidence: other.counterEvidence))
    }
    return list
  }

  /// Who received what an entity announced, and how they fared.
  func announced(by device: String) -> [Statement] {
    changes.filter { $0.actor == device }.map { change in
      let failed = Int((change.failedShare * 100).rounded())
      let others = Int((change.failedShareOfOthers * 100).rounded())
      if change.isOrder {
        return Statement(
          text:
            "Of those that say they did what \(device) ordered from \(change.start) on, \(failed) % failed, of the others "
            + "\(others) %.", evidence: change.evidence)
      }
      // A trace that was kept holds no names of receivers.
      return Statement(
        text: change.devices.isEmpty
          ? "Of those that received what \(device) announced at \(change.start), \(failed) % failed afterwards, "
            + "of the others \(others) %."
          : "\(Self.entities(change.devices.count)) received what \(device) announced at \(change.start); "
            + "\(failed) % of them failed afterwards, \(others) % of the others.",
        evidence: change.evidence)
    }
  }

  private static func entities(_ count: Int) -> String { count == 1 ? "1 entity" : "\(count) entities" }

  /// A trace that was kept holds no names of receivers.
  private func rolledOut(to device: String) -> String {
    guard let change = changes.first, !change.devices.isEmpty, !change.devices.contains(device) else {
      return "rolled out the change that it received"
    }
    return "rolled out a change; whether it received that is not known"
  }

  private func words(_ edge: SpreadEdge) -> String {
    if let flood = flood(edge) { return flood }
    let over =
      switch edge.kind {
      case .link: "failed before it as its neighbour"
      case .change:
        changes.first?.isOrder ?? false
          ? "gave the order that it says it carried out" : rolledOut(to: edge.to)
      case .dependency: "failed before it, and it depends on that"
      case .overload: "flooded it, failing before it"
      }
    let child = onsets.first { $0.device == edge.to }?.time
    let parent = onsets.first { $0.device == edge.from }?.time
    var text = "\(edge.from) \(over)"
    if let child, let parent {
      let seconds = (child.seconds(since: parent) * 10).rounded() / 10
      text +=
        seconds >= 0
        ? ", \(seconds) s earlier"
        : seconds >= -SynchronousFailure.usualError
          ? "; its first message came \(-seconds) s later, which is within what lost messages explain"
          : "; its first message came \(-seconds) s later, which only a wrong clock would explain"
    }
    return text + "."
  }

  /// How many failed before what an overload took down, of whom its edge names one; nil for other edges, and where it was
  /// one alone.
  public func crowd(of edge: SpreadEdge) -> Int? {
    guard edge.kind == .overload, let child = onsets.first(where: { $0.device == edge.to }) else {
      return nil
    }
    let before = onsets.count { $0.time < child.time }
    return before > 1 ? before : nil
  }

  /// An overload is the doing of many; its edge names the last of them.
  private func flood(_ edge: SpreadEdge) -> String? {
    guard let before = crowd(of: edge) else { return nil }
    return
      "the \(before) that failed before it came back at it at once; \(edge.from), of these the nearest "
      + "below it, stands for all of them."
  }

  private func whyNot(_ from: String, _ onset: Onset) -> String {
    guard let other = onsets.first(where: { $0.device == from }) else {
      return
        "\(from) did not fail in this incident and announced no change, so it is no parent of \(onset.device)."
    }
    if other.time > onset.time {
      return
        "\(from) failed after \(onset.device), at \(other.time): a later failure is no cause of an earlier one."
    }
    return
      "\(from) failed before \(onset.device), but no link, dependency, change or message known to this case joins them."
  }
}
