import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let sources = MetricID("sources")
  static let events = MetricID("events")
  static let bytes = MetricID("bytes")
  static let refusedLines = MetricID("refused_lines")
  static let parseFailureShare = MetricID("parse_failure_share")
  static let damagedBytes = MetricID("damaged_bytes")
  static let damagedSources = MetricID("damaged_sources")
  static let eventsWithoutTime = MetricID("events_without_time")
  static let inferredTimes = MetricID("inferred_times")
  static let correctedClocks = MetricID("corrected_clocks")
  static let speakingDevices = MetricID("speaking_devices")
  static let listedDevices = MetricID("listed_devices")
  static let silentListed = MetricID("silent_devices")
  static let incidents = MetricID("incidents")
  static let otherIncidents = MetricID("other_incidents")
  static let unrelatedFailures = MetricID("unrelated_failures")
  static let oldestEvidence = MetricID("oldest_evidence")
  static let newestEvidence = MetricID("newest_evidence")
}

/// What was there to read, and how good it was.
enum EvidenceMetrics: MetricFamily {
  static let heading = "Evidence"

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let facts = picture.facts
    let lines = facts.sources.reduce(0) { $0 + $1.linesBy.total }
    let refused = facts.sources.reduce(0) { $0 + $1.linesBy.refused }
    func add(
      _ id: MetricID, _ title: String, _ value: MetricValue, _ unit: String, _ formula: String,
      _ remark: String = ""
    ) {
      metrics.add(
        Metric(id, title, value, unit: unit, formula: formula, certainty: .observed, remark: remark))
    }
    func sum(_ part: (SourceAccount) -> UInt64) -> MetricValue {
      .count(Int(clamping: facts.sources.reduce(0) { $0 + part($1) }))
    }
    add(
      .sources, "Sources of evidence", .count(facts.sources.count), "sources",
      "files and archive members in the register")
    add(.events, "Events", .count(facts.eventCount), "events", "records read from all sources")
    add(.bytes, "Bytes of evidence", sum(\.bytes), "bytes", "uncompressed bytes of all sources")
    add(
      .refusedLines, "Refused lines", sum(\.linesBy.refused), "lines",
      "lines that no format could read, kept with their reason")
    add(
      .parseFailureShare, "Lines that could not be read",
      lines == 0
        ? .notComputable("there are no lines") : .share(Int(clamping: refused), of: Int(clamping: lines)), "",
      "refused lines divided by all lines")
    add(
      .damagedBytes, "Damaged bytes", sum(\.bytesBy.damaged), "bytes",
      "bytes that could not be recovered, all sources")
    add(
      .damagedSources, "Sources with damage", .count(facts.sources.count { !$0.damage.isEmpty }), "sources",
      "sources with at least one entry of damage")
    let untimed = (facts.eventsByTimeQuality[.none] ?? 0) + (facts.eventsByTimeQuality[.unanchored] ?? 0)
    add(
      .eventsWithoutTime, "Events without a usable time", .count(untimed), "events",
      "events with time quality none or unanchored")
    let inferred =
      (facts.eventsByTimeQuality[.inferredYear] ?? 0) + (facts.eventsByTimeQuality[.assumedZone] ?? 0)
      + (facts.eventsByTimeQuality[.anchored] ?? 0)
    add(
      .inferredTimes, "Events with an inferred part of their time", .count(inferred), "events",
      "events whose year, zone or anchor was inferred")
    add(
      .correctedClocks, "Clocks found to be off",
      .count(picture.trace.clockSkews.count { abs($0.seconds) > $0.error }),
      "devices", "devices whose measured skew is larger than its error")
    add(
      .speakingDevices, "Devices that speak", .count(facts.speakingDevices), "devices",
      "entities named by at least one event")
    let listed = facts.inventory.count
    add(
      .listedDevices, "Devices in the inventory",
      listed == 0 ? .notComputable("no inventory was given") : .count(listed), "devices",
      "rows of the inventory")
    add(
      .silentListed, "Affected devices that fell silent",
      picture.incident == nil
        ? .noIncident
        : facts.signals.affected == nil
          ? .notComputable("the timeline was not searched for recovery")
          : .count(facts.signals.silentDevices.count),
      "devices",
      "affected, last heard within one minute of the onset, not heard again for ten minutes or more")
    add(
      .incidents, "Incidents found", .count(picture.trace.incidents.count), "incidents",
      "independent incidents in the trace")
    add(
      .otherIncidents, "Other incidents", .count(max(0, picture.trace.incidents.count - 1)), "incidents",
      "incidents found − the one of this report")
    add(
      .unrelatedFailures, "Failures that belong to no incident", .count(picture.trace.unrelated.count),
      "devices",
      "onsets that the trace assigns to no incident")
    func instant(_ value: Instant?) -> MetricValue {
      guard let value, Format.isPlausible(value) else {
        return .notComputable("no event has a usable time")
      }
      return .instant(value)
    }
    add(
      .oldestEvidence, "Oldest evidence", instant(facts.oldestEvidence), "",
      "earliest instant of events with one")
    add(
      .newestEvidence, "Newest evidence", instant(facts.newestEvidence), "",
      "latest instant of events with one")
  }
}
