import CascadeAnalysis
import IncidentModel

/// Signs of life of affected entities that do not speak themselves, given by those that read them: "meter 12 read", until "meter 12 no
/// answer", and then "meter 12 read" again.
///
/// A kind of remark is one where it tells of no trouble, was made of an entity in a rhythm before its onset, and was left out when the
/// entity failed, so that it came later than half a usual pause too late and than ever before; so it must be for four of five of the
/// affected of whom it is made. What is said of them all the same ("polling meter 12") shows nothing. Who says enough itself, and spoke
/// again after its onset, is judged by its own words.
struct WordsOfOthers {
  /// Per template: whether it is a sign of life.
  private(set) var isSign: [Bool]
  /// Per entity, nanoseconds: the longest silence of those that read it that may still be everyday life; nil for those that speak
  /// themselves and those that nobody read.
  private var pauses: [Int64?]
  private let evidence: IncidentEvidence
  private var next = 0

  /// Remarks before an onset that make a rhythm.
  private static let fewest: Int64 = 5

  /// How one kind of remark was made of one entity.
  private struct Remarks {
    var count: Int64 = 0
    var first = Int64.max
    var last = Int64.min
    var longest: Int64 = 0
    var isAgain = false
    /// From the last one before the failure was seen to the first one after it.
    var gap = Int64.max

    mutating func add(_ time: Int64, before seen: Int64) {
      if time < seen {
        if count > 0 { longest = max(longest, time - last) }
        first = min(first, time)
        last = time
        count += 1
      } else if !isAgain {
        isAgain = true
        if count > 0 { gap = time - last }
      }
    }

    var isRhythm: Bool { count >= WordsOfOthers.fewest && last > first }
    var wasLeftOut: Bool { gap > longest && gap >= (last - first) / (count - 1) * 3 / 2 }
  }

  /// - Parameters:
  ///   - onsets: Per entity, nanoseconds; `Int64.max` for those not affected.
  ///   - isTrouble: Per template: what shows a failure.
  init(_ evidence: IncidentEvidence, _ incident: Incident, _ onsets: [Int64], isTrouble: (Int) -> Bool) {
    self.evidence = evidence
    isSign = [Bool](repeating: false, count: evidence.templateTexts.count)
    pauses = [Int64?](repeating: nil, count: onsets.count)
    guard !evidence.mentionEvents.isEmpty else { return }
    let isMute = Self.mute(evidence, onsets)
    guard isMute.contains(true) else { return }
    let seen = Self.seen(evidence, incident, onsets)
    var remarks: [UInt64: Remarks] = [:]
    for (event, other) in zip(evidence.mentionEvents, evidence.mentionDevices) {
      let (row, device) = (Int(event), Int(other))
      guard isMute[device], Int(evidence.eventDevices[row]) != device,
        evidence.severities[row] > Severity.warning.rawValue
      else { continue }
      let template = Int(evidence.eventTemplates[row])
      guard !isTrouble(template) else { continue }
      remarks[UInt64(template) << 32 | UInt64(device), default: Remarks()]
        .add(evidence.times[row], before: seen[device])
    }
    var counts = [(all: Int, leftOut: Int)](repeating: (0, 0), count: isSign.count)
    for (key, said) in remarks where said.isRhythm {
      counts[Int(key >> 32)].all += 1
      if said.wasLeftOut { counts[Int(key >> 32)].leftOut += 1 }
    }
    for template in counts.indices {
      isSign[template] = counts[template].all > 0 && counts[template].leftOut * 5 >= counts[template].all * 4
    }
    for (key, said) in remarks where said.isRhythm && isSign[Int(key >> 32)] {
      let device = Int(key & 0xffff_ffff)
      // By the same measure as their own words are (see `OwnRhythms`); of several kinds the most frequent counts.
      let pause = max(
        OwnRhythms.least, (said.last - said.first) / (said.count - 1) * 5, said.longest + said.longest / 2)
      pauses[device] = min(pauses[device] ?? .max, pause)
    }
  }

  /// The longest silence of those that read an entity that may still be everyday life; nil for one that is judged by its own words.
  func longestPause(of device: Int) -> Int64? { pauses[device] }

  /// Of whom an event is a sign of life; positions must not go back.
  mutating func alive(in row: Int) -> [Int] {
    while next < evidence.mentionEvents.count, Int(evidence.mentionEvents[next]) < row { next += 1 }
    guard isSign[Int(evidence.eventTemplates[row])], evidence.severities[row] > Severity.warning.rawValue
    else { return [] }
    var result: [Int] = []
    var position = next
    while position < evidence.mentionEvents.count, Int(evidence.mentionEvents[position]) == row {
      let device = Int(evidence.mentionDevices[position])
      if pauses[device] != nil, Int(evidence.eventDevices[row]) != device { result.append(device) }
      position += 1
    }
    return result
  }

  /// Affected entities that said hardly anything before their onset, or nothing after it.
  private static func mute(_ evidence: IncidentEvidence, _ onsets: [Int64]) -> [Bool] {
    var before = [Int32](repeating: 0, count: onsets.count)
    var isHeardAfter = [Bool](repeating: false, count: onsets.count)
    for row in evidence.times.indices {
      let device = Int(evidence.eventDevices[row])
      guard device >= 0, onsets[device] != .max else { continue }
      if evidence.times[row] < onsets[device] {
        before[device] += 1
      } else {
        isHeardAfter[device] = true
      }
    }
    return onsets.indices.map { onsets[$0] != .max && (before[$0] < fewest || !isHeardAfter[$0]) }
  }

  /// When the failure of each was seen: by the event that shows it, which comes after the moment that was worked out.
  private static func seen(_ evidence: IncidentEvidence, _ incident: Incident, _ onsets: [Int64]) -> [Int64] {
    var showing: [Int64: [String]] = [:]
    for onset in incident.onsets where onset.kind == .reported {
      if let event = onset.evidence.first { showing[event.rawValue, default: []].append(onset.device) }
    }
    guard !showing.isEmpty else { return onsets }
    var seen = onsets
    var times: [String: Int64] = [:]
    for row in evidence.eventIDs.indices {
      for name in showing[evidence.eventIDs[row]] ?? [] { times[name] = evidence.times[row] }
    }
    for (device, name) in evidence.devices.enumerated() where onsets[device] != .max {
      if let time = times[name] { seen[device] = max(seen[device], time) }
    }
    return seen
  }
}
