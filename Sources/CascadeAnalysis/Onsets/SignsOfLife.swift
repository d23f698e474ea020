internal import IncidentModel

/// When a reporter last spoke of an entity as well: "slave 7 read", until "slave 7 no response".
///
/// A kind of remark is a sign of life where reports take its place: around nearly all of the same reporter's reports it is left out
/// once at least, so that it comes no sooner than one and a half of its usual pauses after the one before. What is said all the
/// same ("polling slave 7") is none. A report that is followed by a sign of life within two and a half pauses was a single miss.
/// What others than the reporter say of the entity is a sign of life by the same rule: a head-end asks by the quarter of an hour, and the
/// gateway between hears its meters every minute. Only a reporter's own next word takes a report of its back.
/// Fails where a reporter speaks of an entity so seldom that no pause is usual: then its reports count as they are.
struct SignsOfLife {
  /// Per reporter and entity: corrected seconds, ascending, and the usual pause between them.
  private var known: [UInt64: (times: [Double], pause: Double)] = [:]
  /// Who gives signs of life of an entity.
  private var speakers: [Int: [Int32]] = [:]

  /// Fewer remarks before a report have no rhythm.
  private static let fewest = 5
  /// In usual pauses: as long as this between two signs, one was left out.
  private static let leftOut = 1.5
  /// In usual pauses: a sign as soon as this after a report takes it back.
  private static let atOnce = 2.5

  /// - Parameter reports: Event positions by the entity that they speak of.
  init(_ timeline: Timeline, _ reports: [Int: [Int32]]) {
    guard !reports.isEmpty else { return }
    var reported: [UInt64: [Double]] = [:]
    var reportedByAnyone: [Int: [Double]] = [:]
    var isReported = [Bool](repeating: false, count: timeline.deviceCount)
    for (device, events) in reports {
      isReported[device] = true
      for event in events {
        let speaker = timeline.evidence.eventDevices[Int(event)]
        reported[Self.key(speaker, device), default: []].append(timeline.seconds[Int(event)])
        reportedByAnyone[device, default: []].append(timeline.seconds[Int(event)])
      }
    }
    var remarks: [Int32: [UInt64: [Double]]] = [:]
    for event in timeline.firstMention.indices {
      let device = timeline.mention(event)
      guard device >= 0, isReported[device] else { continue }
      let template = timeline.evidence.eventTemplates[event]
      guard !timeline.isLoud[Int(template)], timeline.tones[Int(template)] != .loud,
        !timeline.words.tellsOfLoss[Int(template)]
      else { continue }
      let key = Self.key(timeline.evidence.eventDevices[event], device)
      remarks[template, default: [:]][key, default: []].append(timeline.seconds[event])
    }
    for (_, said) in remarks {
      let said = said.mapValues { $0.sorted() }.filter { $0.value.count > Self.fewest }
      let reports = { (key: UInt64) in
        reported[key] ?? reportedByAnyone[Int(UInt32(truncatingIfNeeded: key))] ?? []
      }
      guard Self.isReplaced(said, by: reports) else { continue }
      for (key, times) in said { known[key, default: ([], 0)].times += times }
    }
    for key in known.keys {
      known[key]!.times.sort()
      known[key]!.pause = Self.pause(known[key]!.times)
      speakers[Int(UInt32(truncatingIfNeeded: key)), default: []].append(
        Int32(truncatingIfNeeded: key >> 32))
    }
  }

  /// The last sign of life that a reporter gave of an entity before some time.
  func last(of device: Int, by speaker: Int32, before time: Double) -> Double? {
    guard let (times, _) = known[Self.key(speaker, device)] else { return nil }
    return times.last { $0 < time }
  }

  /// The last sign of life that anybody gave of an entity before some time.
  func last(of device: Int, before time: Double) -> Double? {
    speakers[device]?.compactMap { last(of: device, by: $0, before: time) }.max()
  }

  /// Whether a report was one of single misses: the entity was heard of again at once.
  func goesOn(_ device: Int, by speaker: Int32, after time: Double) -> Bool {
    guard let (times, pause) = known[Self.key(speaker, device)], let next = times.first(where: { $0 > time })
    else { return false }
    return next - time <= Self.atOnce * pause
  }

  /// Whether a sign was due in the pause in which a report came: then the report took its place.
  func wasDue(_ device: Int, by speaker: Int32, at time: Double) -> Bool {
    guard let (_, pause) = known[Self.key(speaker, device)],
      let last = last(of: device, by: speaker, before: time)
    else { return false }
    return time - last <= Self.leftOut * pause
  }

  private static func isReplaced(_ said: [UInt64: [Double]], by reported: (UInt64) -> [Double]) -> Bool {
    var reports = 0
    var replaced = 0
    for (key, times) in said {
      let usual = pause(times)
      for report in reported(key) {
        let before = times.prefix { $0 < report }
        guard before.count >= fewest, let last = before.last else { continue }
        reports += 1
        if (times.dropFirst(before.count).first ?? .infinity) - last >= leftOut * usual { replaced += 1 }
      }
    }
    return reports > 0 && replaced * 5 >= reports * 4
  }

  private static func pause(_ times: [Double]) -> Double {
    Robust.median(zip(times.dropFirst(), times).map { $0 - $1 })
  }

  private static func key(_ speaker: Int32, _ device: Int) -> UInt64 {
    UInt64(UInt32(bitPattern: speaker)) << 32 | UInt64(UInt32(device))
  }
}
