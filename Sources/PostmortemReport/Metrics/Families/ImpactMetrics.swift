import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let fleet = MetricID("fleet")
  static let exposed = MetricID("exposed")
  static let affected = MetricID("affected")
  static let peakAffected = MetricID("peak_affected")
  static let stillAffected = MetricID("still_affected")
  static let attackRate = MetricID("attack_rate")
  static let deviceHours = MetricID("device_hours_lost")
  static let relapsed = MetricID("relapsed")
  static let affectedSites = MetricID("affected_sites")
  static let unlistedAffected = MetricID("affected_unlisted")
  static let lifeSafetyAffected = MetricID("affected_life_safety")
}

/// How much was hit, out of how much.
enum ImpactMetrics: MetricFamily {
  static let heading = "Impact"

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let inventory = picture.facts.inventory
    let fleet = max(inventory.count, 0)
    metrics.add(fleetSize(picture))
    guard let incident = picture.incident else {
      for (id, title) in [
        (MetricID.exposed, "Exposed"), (.affected, "Affected"), (.stillAffected, "Still affected"),
        (.attackRate, "Attack rate"), (.deviceHours, "Device-hours lost"),
        (.affectedSites, "Places affected"),
        (.relapsed, "Failed again after a recovery"),
        (.unlistedAffected, "Affected but not in the inventory"),
        (.lifeSafetyAffected, "Affected life-safety devices"),
      ] { metrics.add(Metric(id, title, .noIncident, formula: "")) }
      return
    }
    let (exposed, ground, hit) = exposure(picture, incident)
    let affected = picture.affected
    metrics.add(
      Metric(
        .exposed, "Exposed", exposed, unit: picture.kinds.noun,
        formula:
          "devices of the inventory with the common cause's attributes, where nine in ten of the affected have them; else receivers of the change, else the fleet",
        remark: ground))
    metrics.add(
      Metric(
        .affected, "Affected", .count(affected), unit: picture.kinds.noun,
        formula: "entities with an onset in the incident",
        certainty: .observed, evidence: picture.onsets.prefix(12).compactMap(\.evidence.first),
        evidenceCount: picture.onsets.count { !$0.evidence.isEmpty },
        remark: (picture.facts.traceNumber.map { "query trace@\($0):affected" } ?? "query trace:affected")
          + (picture.untimed.isEmpty
            ? "" : "; without a usable time: \(Format.count(picture.untimed.count))")))
    if case .count(let number, false) = exposed, number > 0 {
      metrics.add(
        Metric(
          .attackRate, "Attack rate",
          .share(hit, of: number, interval: Statistics.wilson(hit, of: number)),
          formula: "affected among the exposed / exposed, Wilson 95 %", inputs: [.affected, .exposed]))
    } else {
      metrics.add(
        Metric(
          .attackRate, "Attack rate", .notComputable("how many devices were exposed is not known"),
          formula: "affected among the exposed / exposed, Wilson 95 %", inputs: [.affected, .exposed]))
    }
    metrics.add(deviceHours(picture))
    metrics.add(sites(picture))
    metrics.add(
      Metric(
        .unlistedAffected, "Affected but not in the inventory",
        fleet == 0
          ? .notComputable("no inventory was given")
          : .count((picture.onsets + picture.untimed).count { inventory.rowOfDevice[$0.device] == nil }),
        unit: picture.kinds.noun,
        formula: "affected entities without a row in the inventory"))
    metrics.add(lifeSafety(picture))
    metrics.add(stillAffected(picture))
    metrics.add(relapsed(picture))
  }

  /// What a column of that name says yes in, in the languages of the words for places.
  private static let yes: Set<String> = ["yes", "y", "true", "1", "ja", "j", "oui", "sí", "si", "sì"]

  /// The marks that playbooks ask for before they touch a device.
  private static func lifeSafety(_ picture: IncidentPicture) -> Metric {
    let inventory = picture.facts.inventory
    let title = "Affected life-safety devices"
    let formula = "affected entities with yes in the inventory's column life_safety"
    guard
      let column = inventory.attributes.firstIndex(where: {
        $0.lowercased().filter(\.isLetter) == "lifesafety"
      })
    else {
      return Metric(
        .lifeSafetyAffected, title, .notComputable("the inventory has no column life_safety"),
        unit: picture.kinds.noun, formula: formula)
    }
    let marks = (picture.onsets + picture.untimed).map { onset in
      inventory.rowOfDevice[onset.device].map { inventory.value(row: $0, attribute: column).lowercased() }
        ?? ""
    }
    let unknown = marks.count(where: \.isEmpty)
    return Metric(
      .lifeSafetyAffected, title, .count(marks.count(where: yes.contains)), unit: picture.kinds.noun,
      formula: formula,
      remark: unknown > 0 ? "of which the inventory does not say: \(Format.count(unknown))" : "")
  }

  /// No inventory is complete that lacks some of those that failed.
  private static func fleetSize(_ picture: IncidentPicture) -> Metric {
    let listed = picture.facts.inventory.count
    let failed = picture.onsets + picture.untimed
    let unlisted = failed.count { picture.facts.inventory.rowOfDevice[$0.device] == nil }
    let known =
      listed > 0
      ? listed + unlisted
      : max(picture.facts.speakingDevices, picture.facts.linkedDevices, picture.affected)
    return Metric(
      .fleet, "Fleet", .count(known, atLeast: listed == 0 || unlisted > 0),
      unit: picture.kinds.noun,
      formula:
        "rows of the inventory, and affected entities that it lacks; without one the most that speak, are linked or are affected (a lower bound)",
      certainty: .observed)
  }

  private static func relapsed(_ picture: IncidentPicture) -> Metric {
    let formula =
      "affected devices that failed again after ten healthy minutes (more where their complaints come at longer pauses), with a message that showed an onset or an error new since the incident"
    guard let intervals = picture.intervals else {
      return Metric(
        .relapsed, "Failed again after a recovery",
        .notComputable("the recovery of devices was not determined"),
        unit: picture.kinds.noun, formula: formula)
    }
    let again = intervals.filter { $0.relapseEvent != nil }
    let devices = Set(again.map(\.device)).count
    return Metric(
      .relapsed, "Failed again after a recovery", .count(devices), unit: picture.kinds.noun, formula: formula,
      evidence: again.prefix(12).compactMap(\.relapseEvent), evidenceCount: again.count,
      remark: again.count > devices ? "relapses in all: \(Format.count(again.count))" : "")
  }

  /// How many could be hit, who they are, and how many of them were. Counted over the inventory, so that anybody can count again:
  /// the trace's own figures leave out who was not at risk.
  private static func exposure(
    _ picture: IncidentPicture, _ incident: Incident
  ) -> (exposed: MetricValue, ground: String, hit: Int) {
    let affected = picture.affected
    let names = Set((picture.onsets + picture.untimed).map(\.device))
    if let cause = incident.commonCause, let carriers = picture.carriers {
      // Who takes the others down (a bridge, a gateway) often lacks what these share: that makes the others no fewer.
      let hit = names.intersection(carriers).count
      if hit * 10 >= affected * 9 {
        let terms = cause.terms.map { "\($0.attribute)=\($0.value)" }.joined(separator: " and ")
        return (.count(carriers.count), "devices of the inventory with \(EvidenceText(terms).display)", hit)
      }
    }
    if let change = picture.causes.all.max(by: { $0.devices.count < $1.devices.count }),
      change.devices.count >= affected
    {
      return (
        .count(change.devices.count), "devices that received the change",
        names.intersection(change.devices).count
      )
    }
    let fleet = picture.facts.inventory.count
    if fleet >= affected, fleet > 0 { return (.count(fleet), "the whole fleet", affected) }
    return (.notComputable("no inventory lists all affected devices"), "", 0)
  }

  private static func deviceHours(_ picture: IncidentPicture) -> Metric {
    let formula =
      "sum of (recovery − onset) over affected devices, relapses included; still open ones count to the newest evidence and make it a lower bound"
    guard let intervals = picture.intervals, !intervals.isEmpty, let newest = picture.facts.newestEvidence
    else {
      return Metric(
        .deviceHours, "Device-hours lost", .notComputable("the recovery of devices was not determined"),
        unit: "h",
        formula: formula)
    }
    var hours = 0.0
    var open = 0
    for interval in intervals {
      if interval.end == nil { open += 1 }
      hours += max(0, (interval.end ?? newest).seconds(since: interval.start)) / 3600
    }
    return Metric(
      .deviceHours, "Device-hours lost", .finite(hours, digits: hours < 100 ? 1 : 0, atLeast: open > 0),
      unit: "h",
      formula: formula, inputs: [.newestEvidence],
      remark: open > 0 ? "devices still affected: \(Format.count(open))" : "")
  }

  private static func stillAffected(_ picture: IncidentPicture) -> Metric {
    let formula =
      "affected ones without ten healthy minutes (more where their complaints come at longer pauses) before the evidence ends; where the failure passed by contact, who attacked others counts until it starts anew or is cleaned"
    guard picture.intervals != nil else {
      return Metric(
        .stillAffected, "Still affected", .notComputable("the recovery of devices was not determined"),
        unit: picture.kinds.noun, formula: formula)
    }
    return Metric(
      .stillAffected, "Still affected when the evidence ends",
      .count(picture.lastIntervals.count { $0.end == nil }),
      unit: picture.kinds.noun, formula: formula, inputs: [.newestEvidence])
  }

  private static func sites(_ picture: IncidentPicture) -> Metric {
    let inventory = picture.facts.inventory
    let formula = "distinct values of the inventory's place column among affected devices"
    guard let column = PlaceColumns.best(inventory.attributes) else {
      return Metric(
        .affectedSites, "Places affected", .notComputable("the inventory has no column that names a place"),
        unit: "places", formula: formula)
    }
    var codes: Set<Int32> = []
    for onset in picture.onsets + picture.untimed {
      guard let row = inventory.rowOfDevice[onset.device],
        !inventory.value(row: row, attribute: column).isEmpty
      else { continue }
      codes.insert(inventory.code(row: row, attribute: column))
    }
    return Metric(
      .affectedSites, "Places affected", .count(codes.count), unit: "places", formula: formula,
      remark: "by the column \(EvidenceText(inventory.attributes[column], limit: 60).display)")
  }
}
