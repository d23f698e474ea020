import CascadeAnalysis
import Foundation
import IncidentModel

/// The benchmark's measures for one case, computed from a trace; the same definitions as its own scorer.
struct CaseScore {
  var values: [String: Double] = [:]

  /// `rename` is how the case's names were written into the evidence.
  init(_ trace: Trace, truth: [String: Any], rename: (String) -> String) {
    let incident = trace.incidents.first ?? Incident()
    func names(_ key: String) -> [String] { (truth[key] as? [String] ?? []).map(rename) }
    func stamps(_ key: String) -> [String: Double] {
      var result: [String: Double] = [:]
      for (name, stamp) in truth[key] as? [String: String] ?? [:] {
        result[rename(name)] = Double(CaseFolder.nanoseconds(stamp)) / 1e9
      }
      return result
    }
    let ranked = incident.origins.map(\.device)
    let origins = Set(names("origins"))
    values["origin_top1"] = ranked.prefix(1).contains { origins.contains($0) } ? 1 : 0
    values["origin_top3"] = ranked.prefix(3).contains { origins.contains($0) } ? 1 : 0
    let onsets = Dictionary(incident.onsets.map { ($0.device, $0.time.secondsSinceEpoch) }) { first, _ in
      first
    }
    let actual = stamps("onsets")
    let observable = names("observable")
    let found = observable.filter { onsets[$0] != nil }
    values["onset_recall"] = Double(found.count) / Double(max(1, observable.count))
    if !found.isEmpty {
      values["onset_mae"] = found.reduce(0) { $0 + abs(onsets[$1]! - actual[$1]!) } / Double(found.count)
    }
    var isEdge = Set<String>()
    var children = Set<String>()
    for edge in truth["edges"] as? [[String: String]] ?? [] {
      isEdge.insert(rename(edge["from"]!) + ">" + rename(edge["to"]!))
      children.insert(rename(edge["to"]!))
    }
    for (child, parents) in truth["acceptable_parents"] as? [String: [String]] ?? [:] {
      for parent in parents { isEdge.insert(rename(parent) + ">" + rename(child)) }
    }
    if !children.isEmpty {
      let right = incident.edges.filter { isEdge.contains($0.from + ">" + $0.to) }
      values["edge_prec"] = Double(right.count) / Double(max(1, incident.edges.count))
      values["edge_recall"] = Double(Set(right.map(\.to)).count) / Double(children.count)
    }
    let given = incident.commonCause?.terms.map { "\($0.attribute)=\($0.value)" } ?? []
    let wanted = (truth["common_cause"] as? [[String: String]] ?? []).map {
      rename($0["attribute"]!) + "=" + rename($0["value"]!)
    }
    if wanted.isEmpty {
      values["cc_false_alarm"] = given.isEmpty ? 0 : 1
    } else {
      values["cc_found"] = given.first.map { wanted.contains($0) } == true ? 1 : 0
      values["cc_exact"] = Set(given) == Set(wanted) ? 1 : 0
    }
    let decoys = Set(stamps("decoys").keys)
    if !decoys.isEmpty {
      values["decoy_in_onsets"] = Double(decoys.count { onsets[$0] != nil }) / Double(decoys.count)
      values["decoy_in_top3"] = ranked.prefix(3).contains { decoys.contains($0) } ? 1 : 0
    }
    if let skews = truth["skews"] as? [String: Double], !skews.isEmpty {
      let measured = Dictionary(trace.clockSkews.map { ($0.device, $0.seconds) }) { first, _ in first }
      values["skew_mae"] =
        skews.reduce(0) { $0 + abs((measured[rename($1.key)] ?? 0) - $1.value) } / Double(skews.count)
    }
    if let phases = truth["phases"] as? [[String: String]], !phases.isEmpty {
      let seen = Dictionary(incident.phases.map { ($0.name.rawValue, $0.start.secondsSinceEpoch) }) {
        first, _ in
        first
      }
      let hits = phases.filter { seen[$0["name"]!] != nil }
      values["phase_recall"] = Double(hits.count) / Double(phases.count)
      let errors = hits.map { abs(seen[$0["name"]!]! - Double(CaseFolder.nanoseconds($0["start"]!)) / 1e9) }
      if !errors.isEmpty { values["phase_mae"] = errors.reduce(0, +) / Double(errors.count) }
    }
    if let counterfactual = truth["counterfactual"] as? [String: Any],
      let spared = counterfactual["failed_counterfactual"] as? Int,
      let failed = counterfactual["failed_actual"] as? Int
    {
      values["what_if"] =
        incident.counterfactual.map { abs($0.failed - Double(spared)) / Double(max(1, failed)) } ?? 1
    }
  }

  /// The mean of each measure over the cases that have it.
  static func means(_ scores: [CaseScore]) -> [String: Double] {
    var sums: [String: (total: Double, count: Double)] = [:]
    for score in scores {
      for (name, value) in score.values {
        sums[name, default: (0, 0)].total += value
        sums[name, default: (0, 0)].count += 1
      }
    }
    return sums.mapValues { $0.total / $0.count }
  }
}
