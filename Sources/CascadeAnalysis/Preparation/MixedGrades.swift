internal import IncidentModel

/// Templates whose own speakers grade some of their events as trouble and others not: a web server's `POST <*>` answered with
/// 204 and with 503, a cloud's record without text. The same words mean two things there, so they become two templates.
///
/// Where one log grades and another does not, the same words mean the same, graded or not. So it counts only where most of those
/// that say it as trouble said it otherwise before.
enum MixedGrades {
  /// Fewer than this are a slip of who writes the log.
  private static let fewest = 3
  /// Copies of one message in two logs lie closer than this.
  private static let apart: Int64 = 60_000_000_000

  /// Evidence in which the events of a mixed template that are graded warning or worse have one of their own, behind all others,
  /// with the same text. `quiet` marks what remains of the mixed ones.
  static func divided(
    _ evidence: consuming IncidentEvidence
  ) -> (evidence: IncidentEvidence, quiet: [Bool]) {
    let templates = evidence.templateTexts.count
    var quiet = [Bool](repeating: false, count: templates)
    var twin = [Int32](repeating: -1, count: templates)
    for template in mixed(evidence) {
      twin[template] = Int32(evidence.appendTemplate(like: template))
      quiet[template] = true
      quiet.append(false)
    }
    guard evidence.templateTexts.count > templates else { return (evidence, quiet) }
    for event in evidence.eventTemplates.indices where isTrouble(evidence.severities[event]) {
      let other = twin[Int(evidence.eventTemplates[event])]
      if other >= 0 { evidence.eventTemplates[event] = other }
    }
    return (evidence, quiet)
  }

  private static func isTrouble(_ severity: UInt8) -> Bool { severity <= Severity.warning.rawValue }

  private static func mixed(_ evidence: borrowing IncidentEvidence) -> [Int] {
    let templates = evidence.templateTexts.count
    var loud = [Int](repeating: 0, count: templates)
    var others = loud
    for event in evidence.eventTemplates.indices {
      let template = Int(evidence.eventTemplates[event])
      if isTrouble(evidence.severities[event]) { loud[template] += 1 } else { others[template] += 1 }
    }
    let candidates = (0..<templates).filter { loud[$0] >= fewest && others[$0] >= fewest }
    guard !candidates.isEmpty else { return [] }
    var isCandidate = [Bool](repeating: false, count: templates)
    for template in candidates { isCandidate[template] = true }
    // Events come in order of time.
    var firstQuiet: [UInt64: Int64] = [:]
    var firstLoud: [UInt64: Int64] = [:]
    for event in evidence.eventTemplates.indices where evidence.eventDevices[event] >= 0 {
      let template = evidence.eventTemplates[event]
      guard isCandidate[Int(template)] else { continue }
      let key = UInt64(template) << 32 | UInt64(evidence.eventDevices[event])
      if isTrouble(evidence.severities[event]) {
        if firstLoud[key] == nil { firstLoud[key] = evidence.times[event] }
      } else if firstQuiet[key] == nil {
        firstQuiet[key] = evidence.times[event]
      }
    }
    var speakers = [Int](repeating: 0, count: templates)
    var both = speakers
    for (key, time) in firstLoud {
      speakers[Int(key >> 32)] += 1
      if let before = firstQuiet[key], before < time.subtractingReportingOverflow(apart).partialValue {
        both[Int(key >> 32)] += 1
      }
    }
    return candidates.filter { both[$0] > 0 && both[$0] * 2 > speakers[$0] }
  }
}
