import CascadeAnalysis
import IncidentModel

extension MetricID {
  static let doublingTime = MetricID("doubling_time")
  static let riseTime = MetricID("rise_10_to_90")
  static let peakRate1 = MetricID("peak_rate_1min")
  static let peakRate5 = MetricID("peak_rate_5min")
  static let childrenPerParent = MetricID("children_per_parent")
  static let generations = MetricID("generations")
  static let explained = MetricID("explained_share")
  static let unexplained = MetricID("unexplained_devices")
  static let originProbability = MetricID("origin_probability")
  static let causeProbability = MetricID("common_cause_probability")
  static let causeListed = MetricID("common_cause_listed")
  static let causeExposed = MetricID("common_cause_exposed")
  static let causeExposedFailed = MetricID("common_cause_exposed_failed")
  static let causeOthers = MetricID("common_cause_others")
  static let causeOthersFailed = MetricID("common_cause_others_failed")
  static let causeEarly = MetricID("common_cause_early_failures")
  static let causeRelativeRisk = MetricID("common_cause_relative_risk")
}

/// How it spread, and how sure the cause is.
enum SpreadMetrics: MetricFamily {
  static let heading = "Spread and cause"

  private static let minute: Int64 = 60_000_000_000

  static func define(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let times = picture.onsetTimes
    let nothing: MetricValue? =
      picture.incident == nil
      ? .noIncident : times.isEmpty ? .notDetermined("no onset has a usable time") : nil
    doubling(times, nothing, into: &metrics)
    rise(times, nothing, into: &metrics)
    for (id, minutes) in [(MetricID.peakRate1, 1), (.peakRate5, 5)] {
      var value = nothing ?? .noIncident
      var remark = ""
      if nothing == nil, let peak = Statistics.peak(times, window: Int64(minutes) * minute) {
        value = .count(peak.count)
        remark = "from \(Format.instant(Instant(nanoseconds: peak.start)))"
      }
      metrics.add(
        Metric(
          id, minutes == 1 ? "Most new devices in one minute" : "Most new devices in five minutes", value,
          unit: "devices",
          formula: "most onsets in any half-open window of \(minutes) min", remark: remark))
    }
    tree(picture, into: &metrics)
    cause(picture, into: &metrics)
  }

  private static func doubling(_ times: [Int64], _ nothing: MetricValue?, into metrics: inout MetricSet) {
    let formula =
      "ln 2 / least-squares slope of ln(cumulative affected) per minute, from max(10, 1 %) to 50 %; at least 5 buckets, R² ≥ 0.90"
    guard nothing == nil else {
      metrics.add(Metric(.doublingTime, "Doubling time", nothing ?? .noIncident, formula: formula))
      return
    }
    let fit = DoublingTime(onsets: times)
    var remark = ""
    if let window = fit.window, let time = fit.windowTime {
      remark =
        "window: device \(Format.count(window.lowerBound)) to \(Format.count(window.upperBound)), "
        + "\(Format.instant(Instant(nanoseconds: time.lowerBound))) to \(Format.instant(Instant(nanoseconds: time.upperBound))), "
        + "n = \(Format.count(fit.buckets)) buckets of one minute"
      if let r2 = fit.r2 { remark += ", R² = \(Format.fixed(r2, digits: 3))" }
    }
    let value: MetricValue =
      fit.seconds.map {
        $0.isFinite && $0 < 9e9 ? .duration(Int64($0 * 1e9)) : .notComputable("growth is too slow to measure")
      }
      ?? .notComputable(fit.refusal ?? "no window")
    metrics.add(
      Metric(.doublingTime, "Doubling time", value, formula: formula, inputs: [.affected], remark: remark))
  }

  private static func rise(_ times: [Int64], _ nothing: MetricValue?, into metrics: inout MetricSet) {
    var value = nothing ?? .noIncident
    if nothing == nil {
      if times.count < 10 {
        value = .notComputable("\(times.count) affected devices are too few for tenths")
      } else if let low = Statistics.nearestRank(times, 0.1), let high = Statistics.nearestRank(times, 0.9) {
        value = .duration(high - low)
      }
    }
    metrics.add(
      Metric(
        .riseTime, "From 10 % to 90 % affected", value,
        formula: "onset of the device at 90 % − onset of the device at 10 % (nearest rank)",
        inputs: [.affected]))
  }

  /// Titles of the figures that are told from edges and attributes, whether they have a value or not.
  private static func title(_ id: MetricID) -> String {
    switch id {
    case .childrenPerParent: "Devices taken down by each parent"
    case .generations: "Generations of the spread"
    case .explained: "Explained share"
    case .unexplained: "Devices that nothing explains"
    case .causeProbability: "Probability of the common cause"
    case .causeListed: "Devices of the inventory with the shared attributes"
    case .causeExposed: "Devices at risk with the shared attributes"
    case .causeOthers: "Devices at risk without them"
    case .causeExposedFailed, .causeOthersFailed: "of which failed early"
    case .causeEarly: "Early failures"
    case .causeRelativeRisk: "Relative risk with the shared attributes"
    default: id.rawValue
    }
  }

  private static func tree(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    guard let forest = picture.forest else {
      for id in [MetricID.childrenPerParent, .generations, .explained, .unexplained] {
        metrics.add(Metric(id, title(id), .noIncident, formula: ""))
      }
      return
    }
    let parents = forest.nodes.filter { !$0.children.isEmpty }
    let children = parents.reduce(0) { $0 + $1.children.count }
    metrics.add(
      Metric(
        .childrenPerParent, title(.childrenPerParent),
        parents.isEmpty
          ? .notDetermined("no edge of the spread was found")
          : .finite(Double(children) / Double(parents.count), digits: 1), unit: "devices",
        formula: "devices with a parent / devices that are a parent, most probable parent only",
        remark: byGeneration(forest)))
    metrics.add(
      Metric(
        .generations, title(.generations),
        parents.isEmpty
          ? .notDetermined("no edge of the spread was found")
          : .count((forest.nodes.map(\.generation).max() ?? 0) + 1),
        unit: "generations", formula: "longest chain of most probable parents, its start included"))
    let affected = Set((picture.onsets + picture.untimed).map(\.device))
    let unexplained = forest.unexplained.count { affected.contains(forest.nodes[$0].device) }
    metrics.add(
      Metric(
        .explained, title(.explained),
        affected.isEmpty
          ? .notDetermined("no entity has an onset")
          : .share(affected.count - unexplained, of: affected.count),
        formula: "affected devices that are in a tree of the spread / affected devices", inputs: [.affected]))
    metrics.add(
      Metric(
        .unexplained, title(.unexplained), .count(unexplained), unit: "devices",
        formula: "affected devices with neither parent nor child", inputs: [.affected]))
  }

  private static func byGeneration(_ forest: SpreadForest) -> String {
    var parents: [Int: (parents: Int, children: Int)] = [:]
    for node in forest.nodes where !node.children.isEmpty {
      parents[node.generation, default: (0, 0)].parents += 1
      parents[node.generation, default: (0, 0)].children += node.children.count
    }
    return parents.keys.sorted().prefix(8).compactMap { generation in
      parents[generation].map {
        "generation \(generation): \(Format.fixed(Double($0.children) / Double($0.parents), digits: 1))"
      }
    }.joined(separator: ", ")
  }

  private static func cause(_ picture: IncidentPicture, into metrics: inout MetricSet) {
    let origin = picture.incident?.origins.first
    metrics.add(
      Metric(
        .originProbability, "Probability of the first origin candidate",
        origin.map { .finite(min(1, max(0, $0.probability)), digits: 2) }
          ?? (picture.incident == nil
            ? .noIncident : .notDetermined("the evidence does not single out an origin")),
        formula: picture.verdicts.accepted == nil
          ? "calibrated score of the trace" : "0.99, since an analyst accepted the candidate",
        certainty: picture.verdicts.accepted == nil ? .inferred : .stated, evidence: origin?.evidence ?? []))
    guard let cause = picture.incident?.commonCause else {
      let value: MetricValue =
        picture.incident == nil
        ? .noIncident : .notDetermined("no attribute sets the early failing devices apart clearly enough")
      for id in [
        MetricID.causeProbability, .causeListed, .causeExposed, .causeExposedFailed, .causeOthers,
        .causeOthersFailed,
        .causeEarly, .causeRelativeRisk,
      ] { metrics.add(Metric(id, title(id), value, formula: "test of attributes on the early phase")) }
      return
    }
    func add(_ id: MetricID, _ value: MetricValue, _ formula: String, _ unit: String = "devices") {
      metrics.add(Metric(id, title(id), value, unit: unit, formula: formula))
    }
    add(
      .causeProbability,
      .finite(min(1, max(0, cause.probability)), digits: 2),
      "trace: conditional test on the early phase, false discoveries controlled", "")
    add(
      .causeListed,
      picture.carriers.map { .count($0.count) }
        ?? .notComputable("the inventory of the case has no such column"),
      "rows of the inventory with all of them")
    let atRisk =
      "those of the inventory that the trace holds to have been at risk: of the kind that failed, and not failed in another incident"
    add(.causeExposed, .count(cause.exposed), atRisk)
    add(.causeExposedFailed, .count(cause.exposedFailed), "onsets of the early phase", "")
    add(.causeOthers, .count(cause.others), atRisk)
    add(.causeOthersFailed, .count(cause.othersFailed), "onsets of the early phase", "")
    add(
      .causeEarly, .count(cause.exposedFailed + cause.othersFailed),
      "devices at risk with an onset in the early phase, from which the shared attributes are told")
    let risk = Statistics.relativeRisk(
      cause.exposedFailed, of: cause.exposed, others: cause.othersFailed, of: cause.others)
    metrics.add(
      Metric(
        .causeRelativeRisk, title(.causeRelativeRisk),
        risk.map { .finite($0, digits: 1) } ?? .notComputable("there is no group to compare with"), unit: "×",
        formula:
          "(failed early / count) with ÷ (failed early / count) without; +0.5 in every cell when one is zero",
        inputs: [.causeExposed, .causeExposedFailed, .causeOthers, .causeOthersFailed]))
  }
}
