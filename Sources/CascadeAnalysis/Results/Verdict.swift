internal import IncidentModel

extension Trace {
  /// What happened, in one paragraph. Names are as in the evidence and must be escaped before they are shown.
  public var verdict: String {
    ([failures] + unheard.map { "\($0.words.prefix(1).uppercased())\($0.words.dropFirst())." })
      .joined(separator: " ")
  }

  /// What failed.
  private var failures: String {
    guard let incident = incidents.first, !incident.onsets.isEmpty else {
      var apart = unrelated.count { ($0.unrelated ?? 1) >= 0.5 }
      // One alone is tied to nobody.
      if unrelated.count - apart == 1 { apart = unrelated.count }
      if apart < unrelated.count {
        let tied = unrelated.count - apart
        return
          "No cascade was found, but \(tied) entities failed, too many for chance or too close to each other: "
          + "what ties them together is not determined."
      }
      let alone =
        apart == 0
        ? ""
        : " \(apart) \(apart == 1 ? "entity" : "entities") failed on \(apart == 1 ? "its" : "their") own."
      if unrelated.isEmpty, !wentOn.isEmpty {
        return "No cascade was found: \(wentOnWords), and nothing else failed."
      }
      return "No cascade was found: nothing failed that led to other failures.\(alone)"
        + (wentOn.isEmpty ? "" : " \(wentOnWords.prefix(1).uppercased())\(wentOnWords.dropFirst()).")
    }
    var text = incident.verdict
    if incidents.count > 1 {
      text +=
        " \(incidents.count - 1) smaller independent incident\(incidents.count > 2 ? "s" : "") in the same window."
    }
    // Those that lie next to the incident may well belong to it.
    let apart = unrelated.count { ($0.unrelated ?? 1) >= 0.5 }
    if apart > 0 {
      text +=
        apart == 1
        ? " One other failure seems to have nothing to do with it."
        : " \(apart) other failures seem to have nothing to do with it."
    }
    if !wentOn.isEmpty {
      text +=
        " \(wentOn.count) other\(wentOn.count == 1 ? "" : "s") \(whatWentOn) and went on as ever: not taken for failed."
    }
    return text
  }

  private var wentOnWords: String {
    wentOn.count == 1
      ? "1 entity \(whatWentOn), but went on as ever"
      : "\(wentOn.count) entities \(whatWentOn), but went on as ever"
  }

  /// What those did that went on as ever.
  public var whatWentOn: String {
    wentOn.allSatisfy(\.isRemark) ? "said something unusual" : "told of trouble"
  }
}

extension Incident {
  /// What happened in this incident, in one paragraph.
  public var verdict: String {
    let count = onsets.count
    var text = "\(count) \(count == 1 ? "entity" : "entities") failed"
    if let first = onsets.first?.time, let last = onsets.last?.time {
      text += " from \(first.rfc3339(fractionDigits: 0)) to \(last.rfc3339(fractionDigits: 0))"
    }
    text += ". "
    if let unseen = unseenOrigin, unseen.probability >= 0.5 {
      text +=
        "It began with something that is not in the evidence (\(EstimativeWords.of(unseen.probability)), "
        + "\(Int((unseen.probability * 100).rounded())) %): \(unseen.reason)."
      if let first = origins.first, first.probability >= 0.05,
        origins.dropFirst().allSatisfy({ $0.probability < first.probability })
      {
        text += " In the evidence, \(first.device) was the first."
      }
    } else if let origin = origins.first, origin.probability >= 0.5, isChangeByNobody {
      let percent = Int((origin.probability * 100).rounded())
      text +=
        "It began with a change that nobody in the evidence announced; \(origin.device) was among the first to fail after it"
        + " (\(EstimativeWords.of(origin.probability)), \(percent) %)."
    } else if let origin = origins.first, origin.probability >= 0.5 {
      let percent = Int((origin.probability * 100).rounded())
      text += "It began at \(origin.device) (\(EstimativeWords.of(origin.probability)), \(percent) %)"
      if let reason = origin.reasonsFor.first { text += Self.asClause(reason) }
      text += "."
    } else if let origin = origins.first, origin.probability >= 0.05 {
      let percent = Int((origin.probability * 100).rounded())
      text += "Where it began is not determined; the best candidate is \(origin.device) (\(percent) %)."
    } else {
      text += "Where it began is not determined."
    }
    if twins.count > 1, origins.first.map({ $0.probability < 0.5 }) ?? true {
      let names = twins.prefix(3).joined(separator: ", ") + (twins.count > 3 ? ", …" : "")
      text +=
        " \(twins.count) of those that others hang on (\(names)) lost these in one moment: rather by something that they share, or hang on."
    }
    if let sharedValues { text += " \(sharedValues)" }
    if let pause = evenPause {
      text +=
        " They follow each other evenly, one every \(Int(pause.rounded())) s, as on a schedule (a rolling restart or rollout)."
    }
    if let rounds {
      text +=
        " They failed behind \(rounds.count) that they hang on, one after the other, each just after it said"
        + " \"\(rounds.text)\": a rolling restart or update of those."
    }
    if let orders {
      text +=
        " \(orders.count == count ? "All" : "\(orders.count)") of them say: \"\(orders.text)\". Whoever ordered that, or used the name, "
        + "acted on them; that they depend on it is not said."
    }
    if isExpiry {
      text +=
        " They say that something ran out (a certificate, a licence): that was set long before, comes to all that have it at one time, and"
        + " spreads from nobody to nobody."
    }
    if wasPlanned, rounds != nil {
      text +=
        " They only warned while each of those was away, and went on as before it: perhaps nothing failed."
    } else if wasPlanned {
      text +=
        " They said beforehand what they were about to do, and went on as before it: that is how a planned restart looks, and"
        + " perhaps nothing failed."
    }
    if mayBeHarmless {
      text +=
        " What they say is graded by nobody and tells of no trouble in words, and they went on as before: perhaps nothing failed."
    }
    if mayBeGap {
      text +=
        " Nothing but their silence tells of it, and they said nothing new when they were heard again: perhaps only their lines are"
        + " missing, as where whatever gathers them was down, and nothing failed."
    }
    if let saying {
      text += " \(saying.count == count ? "All" : "\(saying.count)") of them say: \"\(saying.text)\"."
    }
    let ends = onsets.compactMap(\.heardAgain).sorted()
    if let first = ends.first, let last = ends.last {
      let who = ends.count == count ? "All" : "\(ends.count)"
      text +=
        " \(who) fell silent and were heard again from \(first.rfc3339(fractionDigits: 0)) to "
        + "\(last.rfc3339(fractionDigits: 0))."
    }
    let silent = onsets.count { $0.kind == .silence && $0.heardAgain == nil }
    if ends.isEmpty, silent >= 3, silent * 10 >= count * 9 {
      text += " \(silent == count ? "All" : "\(silent)") of them fell silent, and were not heard again."
    }
    text += departureWords
    if let cause = commonCause {
      text +=
        " Of the early failures, \(cause.exposedFailed) of \(cause.exposedFailed + cause.othersFailed) have \(cause.description)."
    }
    if let found = measuredBefore {
      let names = found.devices.prefix(3).joined(separator: ", ") + (found.devices.count > 3 ? ", …" : "")
      text +=
        " Before the first of them, \(found.name) of \(names) (\(found.term.attribute)=\(found.term.value)) left its usual range,"
        + " from \(found.since.rfc3339(fractionDigits: 0)) on."
    }
    let kinds = Dictionary(grouping: edges, by: \.kind).mapValues(\.count)
    let parts = [
      (SpreadEdge.Kind.change, orders == nil ? "by the change itself" : "by what they were ordered to do"),
      (.dependency, "through something they depend on"),
      (.link, "by contact with a neighbour or peer"), (.overload, "by overload from below"),
    ].compactMap { kind, words in kinds[kind].map { "\($0) \(words)" } }
    if !parts.isEmpty { text += " Failed: \(parts.joined(separator: ", "))." }
    return text
  }

  /// Whether the numbers that left their usual range came back.
  private var departureWords: String {
    let measured = onsets.filter { !$0.departures.isEmpty }
    let backs = measured.compactMap(\.numbersBack).sorted()
    let out = measured.count - backs.count
    func who(_ number: Int) -> String { number == onsets.count ? "all" : "\(number)" }
    var text = ""
    if let first = backs.first, let last = backs.last {
      text +=
        " The numbers of \(who(backs.count)) of them were back in their usual range from \(first.rfc3339(fractionDigits: 0))"
        + (backs.count > 1 ? " to \(last.rfc3339(fractionDigits: 0))." : " on.")
    }
    if out > 0 {
      let range = backs.isEmpty ? "their usual range" : "it"
      text += " The numbers of \(who(out)) of them were still beyond \(range) when the evidence ends."
    }
    return text
  }

  /// A change explains the failures, and its first receiver stands for whoever made it.
  private var isChangeByNobody: Bool {
    guard let origin = origins.first, origin.method == .change, let change = changes.first else {
      return false
    }
    return change.actor == nil && change.devices.contains(origin.device)
  }

  /// Reasons that begin with what the origin did are clauses about it; the others are sentences of their own.
  private static func asClause(_ reason: String) -> String {
    let isVerb = ["announced ", "failed ", "has ", "gave ", "said "].contains { reason.hasPrefix($0) }
    return isVerb ? ", which \(reason)" : ": \(reason)"
  }
}
