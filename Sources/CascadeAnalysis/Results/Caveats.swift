internal import IncidentModel

/// What limits a trace, one sentence each.
enum Caveats {
  static func list(_ timeline: Timeline, _ fleet: Fleet, _ clocks: ClockCorrection, _ trace: Trace)
    -> [String]
  {
    let evidence = timeline.evidence
    var list: [String] = []
    if evidence.topology.links.isEmpty {
      list.append("no topology was given: dependencies rest on inventory columns and on who names whom")
    }
    if evidence.inventory.count == 0 {
      list.append("no inventory was given: no common cause can be found")
    }
    if fleet.isLearned {
      list.append(
        "some dependencies were learned from who names whom and from what entities share: they may be wrong")
    }
    let voices = (0..<timeline.deviceCount).filter { !timeline.events(of: $0).isEmpty }
    let measured = voices.count { clocks.pairs[$0] > 0 }
    if measured > 0, measured < voices.count {
      let rest = voices.count - measured
      list.append(
        "the clocks of \(rest) of \(voices.count) entities could not be measured: their times may be off")
    }
    let stepped = clocks.pieces.devices
    if !stepped.isEmpty {
      let names = stepped.prefix(3).map { evidence.devices[$0] }.joined(separator: ", ")
      list.append(
        "\(stepped.count == 1 ? "the clock" : "the clocks") of \(names)\(stepped.count > 3 ? ", …" : "") "
          + "ran off by different amounts in different stretches, and each stretch is corrected by its own: "
          + "'firebreak clocks' lists them")
    }
    list += ofLateWindows(timeline, clocks)
    if !timeline.strays.isEmpty {
      let names = timeline.strays.sorted().prefix(3).map { evidence.devices[Int($0)] }.joined(separator: ", ")
      list.append(
        "stamps of \(names)\(timeline.strays.count > 3 ? ", …" : "") lie farther from all others than the evidence is long: "
          + "nobody is missed until then, and the clocks are rather wrong")
    }
    list += trace.unheard.map(\.words)
    let unknown = evidence.severities.count { $0 > 7 }
    if unknown * 2 > max(1, evidence.severities.count) {
      list.append("most events carry no severity: failures are told from everyday life by rhythm alone")
    }
    let onsets = trace.incidents.flatMap(\.onsets)
    let asserted = onsets.count { $0.basis != .authenticated && $0.basis != .network }
    if !onsets.isEmpty, asserted == onsets.count {
      list.append(
        "every name rests on what the messages say of themselves: names may be forged, no origin is certain")
    }
    return list
  }

  /// What those tell that are heard from later to later than most.
  private static func ofLateWindows(_ timeline: Timeline, _ clocks: ClockCorrection) -> [String] {
    func names(_ devices: [Int]) -> String {
      devices.prefix(3).map { timeline.evidence.devices[$0] }.joined(separator: ", ")
        + (devices.count > 3 ? ", …" : "")
    }
    var list = Dictionary(grouping: clocks.zones.keys.sorted()) { clocks.zones[$0]! }.sorted {
      $0.key < $1.key
    }.map {
      seconds, devices in
      "\(names(devices)) \(devices.count == 1 ? "begins and ends" : "begin and end") \(hours(seconds)) later than most: "
        + "\(devices.count == 1 ? "its clock keeps" : "their clocks keep") the time of another zone, and the stamps are corrected"
    }
    if let least = timeline.heardBeyondEnd.map(\.seconds).min() {
      let devices = timeline.heardBeyondEnd.map(\.device)
      list.append(
        "not known: whether the evidence goes on after \(timeline.instant(timeline.commonEnd)), where most are heard last: "
          + "only \(names(devices)) are heard after it, and began \(Int(least)) s later, too. Their clocks are ahead or their logs were "
          + "fetched later, or the others fell silent: nobody is missed from then on")
    }
    return list
  }

  private static func hours(_ seconds: Double) -> String {
    let halves = Int((seconds / 1800).rounded())
    return halves == 2 ? "1 hour" : "\(halves / 2)\(halves % 2 == 1 ? ".5" : "") hours"
  }
}
