internal import IncidentModel

/// Messages that somebody is gone, ungraded and said all day, which many entities say within seconds: a broker's log of nothing but
/// who came and went, when a line breaks. The same words mean another thing there, so these events become a kind of their own.
///
/// Where a twentieth of the evidence is graded, grades tell. What comes back again and again is routine (sessions renewed by the hour). Fails for
/// words that are not recognised (see `FailureWords`) and for sessions that time out over minutes: those are a surge like others.
enum MassLosses {
  /// Seconds within which losses are of one moment.
  private static let moment: Int64 = 30_000_000_000
  /// Who follows within ten minutes is a straggler.
  private static let stragglers: Int64 = 600_000_000_000
  /// Moments closer than this are of one event.
  private static let apart: Int64 = 3_600_000_000_000
  private static let fewest = 8
  /// A tenth of those that speak.
  private static let share = 10
  /// More events of the kind in one case are its everyday life.
  private static let mostEvents = 3
  /// Nats over chance.
  private static let surprise = 20.0

  /// Evidence in which such events have templates of their own, behind all others, with the same texts; and how many there are.
  static func divided(_ evidence: consuming IncidentEvidence) -> (evidence: IncidentEvidence, count: Int) {
    let isLoss = losses(evidence)
    guard isLoss.contains(true) else { return (evidence, 0) }
    let events = evidence.eventTemplates.indices.filter {
      isLoss[Int(evidence.eventTemplates[$0])] && evidence.eventDevices[$0] >= 0
    }
    let speakers = Set(evidence.eventDevices).count
    let needed = max(fewest, speakers / share)
    let moments = moments(events, evidence, needed)
    guard !moments.isEmpty else { return (evidence, 0) }
    var twin = [Int32](repeating: -1, count: isLoss.count)
    var count = 0
    for event in moments.joined() + around(moments, events, evidence) {
      let template = Int(evidence.eventTemplates[event])
      // Those around come after those of the moments, and some are of both.
      guard template < isLoss.count else { continue }
      if twin[template] < 0 {
        twin[template] = Int32(evidence.appendTemplate(like: template))
        count += 1
      }
      evidence.eventTemplates[event] = twin[template]
    }
    return (evidence, count)
  }

  /// What was said around the moments of templates that are hardly said elsewhere: stragglers of the same.
  private static func around(
    _ moments: [[Int]], _ events: [Int], _ evidence: borrowing IncidentEvidence
  ) -> [Int] {
    // Stamps may be as far apart as an Instant can tell.
    let spans = moments.map { moment in
      let (first, last) = (evidence.times[moment[0]], evidence.times[moment[moment.count - 1]])
      let low = first < .min + stragglers ? .min : first - stragglers
      return low...(last > .max - stragglers ? .max : last + stragglers)
    }
    var inside: [Int32: Int] = [:]
    for event in moments.joined() { inside[evidence.eventTemplates[event], default: 0] += 1 }
    var near: [Int] = []
    var distant: [Int] = []
    var far: [Int32: Int] = [:]
    for event in events where inside[evidence.eventTemplates[event]] != nil {
      if spans.contains(where: { $0.contains(evidence.times[event]) }) {
        near.append(event)
      } else {
        far[evidence.eventTemplates[event], default: 0] += 1
        distant.append(event)
      }
    }
    let window = max(1, Double(evidence.times.last ?? 0) - Double(evidence.times.first ?? 0))
    let share = min(1, 2 * Double(stragglers) * Double(moments.count) / window)
    let isRare = { (template: Int32, share: Double) -> Bool in
      Double(far[template] ?? 0) * share < 0.1 * Double(inside[template] ?? 0)
    }
    // Of a kind that is hardly said elsewhere the rest is of the same, under clocks that are wrong: they are not settled yet.
    return near.filter { isRare(evidence.eventTemplates[$0], share) }
      + distant.filter { isRare(evidence.eventTemplates[$0], 1) }
  }

  /// Templates that say in words that somebody is gone, where nothing grades them.
  private static func losses(_ evidence: borrowing IncidentEvidence) -> [Bool] {
    let templates = evidence.templateTexts.count
    var said = [Int](repeating: 0, count: templates)
    var graded = said
    var total = [Int](repeating: 0, count: 8)
    for event in evidence.eventTemplates.indices {
      said[Int(evidence.eventTemplates[event])] += 1
      let severity = Int(evidence.severities[event])
      guard severity < 8 else { continue }
      graded[Int(evidence.eventTemplates[event])] += 1
      total[severity] += 1
    }
    // One grade on everything is none; where others are graded, they tell.
    let all = total.reduce(0, +)
    let isFlat = (total.max() ?? 0) * 1000 >= all * 995
    guard isFlat || all * 20 <= evidence.times.count else { return [] }
    let candidates = (0..<templates).filter { said[$0] >= 1 && (isFlat || graded[$0] * 2 < said[$0]) }
    guard candidates.reduce(0, { $0 + said[$1] }) >= fewest else { return [] }
    var isLoss = [Bool](repeating: false, count: templates)
    let words = FailureWords(candidates.map { evidence.templateTexts[$0] })
    for (position, template) in candidates.enumerated() { isLoss[template] = words.tellsOfLoss[position] }
    return isLoss
  }

  /// The events of each moment; none where there are too many moments.
  private static func moments(
    _ events: [Int], _ evidence: borrowing IncidentEvidence, _ needed: Int
  ) -> [[Int]] {
    guard events.count >= needed, let first = evidence.times.first, let last = evidence.times.last else {
      return []
    }
    let window = max(1, Double(last) - Double(first))
    var found: [[Int]] = []
    var low = 0
    var high = 0
    var voices: [Int32: Int] = [:]
    for start in events.indices {
      if start < low { continue }
      low = start
      while high < events.count,
        evidence.times[events[high]].subtractingReportingOverflow(evidence.times[events[low]]).partialValue
          <= moment
      {
        voices[evidence.eventDevices[events[high]], default: 0] += 1
        high += 1
      }
      let expected = Double(events.count - (high - low)) * Double(moment) / window
      // What follows at once and is as rare by chance is of the same.
      let goesOn = low > 0 && found.last?.last == events[low - 1]
      if goesOn || voices.count >= needed,
        Robust.poissonExcess(Double(high - low), max(0.1, expected)) > surprise
      {
        found.append(Array(events[low..<high]))
        low = high
        voices = [:]
        continue
      }
      let device = evidence.eventDevices[events[low]]
      voices[device]! -= 1
      if voices[device] == 0 { voices[device] = nil }
    }
    var number = 0
    var previous = Int64.min
    for group in found {
      let time = evidence.times[group[0]]
      if number == 0 || time.subtractingReportingOverflow(previous).partialValue > apart { number += 1 }
      previous = time
    }
    return number <= mostEvents ? found : []
  }
}

extension IncidentEvidence {
  /// Adds a template with the text and program of another one, behind all others.
  mutating func appendTemplate(like template: Int) -> Int {
    let text = templateTexts[template]
    templateTexts.append(text)
    if template < templatePrograms.count {
      let program = templatePrograms[template]
      templatePrograms.append(program)
    }
    return templateTexts.count - 1
  }
}
