internal import Glibc
internal import IncidentModel

/// Who may have started it, from the family of incident that explains the failures best.
struct Origins {
  struct Candidate {
    var device: Int
    var probability: Double
    var reasonsFor: [String] = []
    var reasonsAgainst: [String] = []
    var events: [Int32] = []
    var counterEvents: [Int32] = []
  }
  private(set) var candidates: [Candidate] = []

  /// A change: its actor, then the receivers that failed first.
  init(change: Change, _ cohort: [Int], _ onsets: Onsets, confidence: Double) {
    let ordered = cohort.sorted { (onsets.findings[$0]!.time, $0) < (onsets.findings[$1]!.time, $1) }
    var rest = confidence
    if let actor = change.actor {
      var candidate = Candidate(device: actor, probability: confidence * 0.95)
      candidate.reasonsFor.append("announced a change just before its receivers failed")
      candidate.events = [change.announcement].compactMap { $0 }
      candidates.append(candidate)
      rest = confidence * 0.05
    }
    for (rank, device) in ordered.prefix(9).enumerated() {
      var candidate = Candidate(
        device: device,
        probability: change.actor == nil && rank == 0 ? 0.75 * rest : rest * pow(0.5, Double(rank + 2)))
      candidate.reasonsFor.append("among the first to fail after the change")
      candidate.events =
        (change.events[device].map { [$0] } ?? []) + onsets.findings[device]!.events.prefix(3)
      if change.actor != nil { candidate.reasonsAgainst.append("received the change from another entity") }
      candidates.append(candidate)
    }
  }

  /// A failed dependency: providers by how well they explain the failures.
  init(dependency: DependencyCause, _ onsets: Onsets, confidence: Double) {
    let top = dependency.candidates.prefix(10)
    guard let best = top.first?.score else { return }
    let sum = top.reduce(0) { $0 + exp(($1.score - best) / 2) }
    let isNumbersOnly = onsets.devices.allSatisfy { onsets.findings[$0]!.kind == .metric }
    for entry in top {
      var candidate = Candidate(
        device: entry.device, probability: confidence * exp((entry.score - best) / 2) / sum)
      candidate.reasonsFor.append("\(entry.failed) of \(entry.dependants) entities that depend on it failed")
      if entry.explained < entry.failed {
        candidate.reasonsAgainst.append("\(entry.failed - entry.explained) of them failed before it did")
      }
      if let finding = onsets.findings[entry.device] {
        candidate.reasonsFor.append("it failed itself")
        candidate.events = Array(finding.events.prefix(5))
      } else {
        // Numbers that drift in company under a silent provider may have one cause anywhere; the counts flatter it.
        if isNumbersOnly { candidate.probability *= 0.5 }
        candidate.reasonsAgainst.append("its own failure was not seen")
      }
      candidates.append(candidate)
    }
  }

  /// Contact spread: the earliest entities from which the rest can be reached.
  init(contact: ContactCause, _ onsets: Onsets, confidence: Double) {
    let top = contact.origins.prefix(10)
    guard let best = top.first?.weight else { return }
    // Sharpened to agree with how often the first candidate is right over generated incidents.
    let sharpness = 1.5
    let sum = top.reduce(0) { $0 + exp(sharpness * ($1.weight - best)) }
    for entry in top {
      var candidate = Candidate(
        device: entry.device, probability: confidence * exp(sharpness * (entry.weight - best)) / sum)
      candidate.reasonsFor.append(
        "\(entry.reach - 1) of \(contact.failed.count - 1) other failures can be reached from it in order of time"
      )
      candidate.events = Array(onsets.findings[entry.device]!.events.prefix(5))
      let earlier = contact.failed.filter {
        onsets.findings[$0]!.time < onsets.findings[entry.device]!.time
      }
      if !earlier.isEmpty {
        candidate.reasonsAgainst.append("\(earlier.count) entities failed before it")
        candidate.counterEvents = earlier.prefix(3).compactMap { onsets.findings[$0]!.events.first }
      }
      candidates.append(candidate)
    }
  }

  /// Applies analysts' words: rejected candidates go, an accepted one leads.
  mutating func judge(_ judged: [Int: Bool]) {
    guard !judged.isEmpty else { return }
    candidates.removeAll { judged[$0.device] == false }
    for (device, isAccepted) in judged.sorted(by: { $0.key < $1.key }) where isAccepted {
      for index in candidates.indices { candidates[index].probability *= 0.01 }
      candidates.removeAll { $0.device == device }
      candidates.append(Candidate(device: device, probability: 0.99, reasonsFor: ["an analyst accepted it"]))
    }
    candidates.sort { ($0.probability, $1.device) > ($1.probability, $0.device) }
  }

  /// No family fits: the earliest failures, with little confidence.
  init(earliest members: [Int], _ onsets: Onsets, confidence: Double) {
    let ordered = members.sorted { (onsets.findings[$0]!.time, $0) < (onsets.findings[$1]!.time, $1) }
    for (rank, device) in ordered.prefix(10).enumerated() {
      var candidate = Candidate(device: device, probability: confidence * pow(0.5, Double(rank + 1)))
      candidate.reasonsFor.append(rank == 0 ? "failed first" : "failed early")
      candidate.events = Array(onsets.findings[device]!.events.prefix(5))
      candidates.append(candidate)
    }
  }
}
