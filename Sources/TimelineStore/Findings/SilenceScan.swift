internal import IncidentModel

/// How often a device is heard from, by the template that keeps time best.
public struct Rhythm: Sendable, Hashable {
  /// The device's ordinal in the case.
  public var device: Int64
  /// The template's ordinal.
  public var template: Int64
  /// Median time between two of its events, nanoseconds.
  public var period: Int64
  /// How many of a hundred intervals lie within half and one and a half of the period.
  public var regularity: Int64
  /// Events of the template.
  public var events: Int64
  /// When it was seen first.
  public var first: Int64
  /// When it was seen last.
  public var last: Int64
}

/// A stretch in which nothing was heard.
public struct Silence: Sendable, Hashable {
  /// Who was silent.
  public enum Scope: String, Sendable, CaseIterable {
    /// A device of which something was due; others were heard meanwhile, or it alone speaks in its source.
    case device
    /// A source that many devices are heard in: whoever collects was silent, not the devices.
    case collector
    /// A source that one device alone is heard in.
    case source
  }
  /// Who.
  public var scope: Scope
  /// The device's ordinal; nil for collectors and sources.
  public var device: Int64?
  /// The source's number; of a device the source in which it was heard last.
  public var source: Int64?
  /// When something was heard last, nanoseconds.
  public var from: Int64
  /// When something was heard again; nil where nothing was.
  public var to: Int64?
  /// Time that usually lies between two events, nanoseconds.
  public var period: Int64
  /// How many events were missed.
  public var missed: Int64
  /// The last event before.
  public var lastEvent: Int64
  /// The first event after; nil where there is none.
  public var nextEvent: Int64?
}

/// Finds the rhythm of each device and the gaps in it, and the gaps of whole sources. Events whose clock was never set are left
/// out: their times mean nothing.
struct SilenceScan {
  private struct Event {
    var time: Int64
    var id: Int64
    var device: Int32
    var template: Int32
  }

  private(set) var rhythms: [Rhythm] = []
  private(set) var silences: [Silence] = []

  private var events: [Event] = []
  private var sources: [Int64: SourceTimes] = [:]
  /// Sources of events, by the first event of each: ids of a source are in a row.
  private var sourceStarts: [(id: Int64, source: Int64)] = []
  private var lastSource: Int64 = .min

  /// A source as a whole.
  private struct SourceTimes {
    var times: [(time: Int64, id: Int64)] = []
    var devices: Set<Int32> = []
    var hasManyDevices: Bool { devices.count > 1 }
    var gaps: [Silence] = []
    var last: Int64 = .min

    mutating func add(_ id: Int64, _ time: Int64, _ device: Int32) {
      times.append((time, id))
      // Two tell that there are many.
      if device >= 0, devices.count < 2 { devices.insert(device) }
    }
  }

  /// Least number of a template's events that show a rhythm.
  private static let leastEvents = 8
  /// An interval of so many periods is silence.
  private static let patience = 2.5
  private static let year2001: Int64 = 978_307_200_000_000_000

  /// Ready for so many events.
  init(expecting count: Int) { events.reserveCapacity(count) }

  /// One event, in evidence order.
  mutating func add(id: Int64, time: Int64, device: Int64?, template: Int64, source: Int64) {
    guard time >= Self.year2001 else { return }
    if source != lastSource {
      // A source's events are in a row: its own times are not needed any longer.
      findSourceGaps(lastSource)
      lastSource = source
      sourceStarts.append((id, source))
    }
    let device = Int32(truncatingIfNeeded: device ?? -1)
    sources[source, default: SourceTimes()].add(id, time, device)
    if device >= 0 {
      events.append(Event(time: time, id: id, device: device, template: Int32(truncatingIfNeeded: template)))
    }
  }

  mutating func finish() {
    findSourceGaps(lastSource)
    events.sort { ($0.device, $0.time, $0.id) < ($1.device, $1.time, $1.id) }
    var start = 0
    while start < events.count {
      var end = start
      while end < events.count, events[end].device == events[start].device { end += 1 }
      findRhythm(start..<end)
      start = end
    }
    silences.sort {
      ($0.scope.rawValue, $0.from, $0.device ?? -1, $0.source ?? -1)
        < ($1.scope.rawValue, $1.from, $1.device ?? -1, $1.source ?? -1)
    }
  }

  // MARK: Sources

  /// A gap of a source: one so long that at the source's rate 20 events would have come, and five times as long as all but
  /// one interval of a hundred.
  private mutating func findSourceGaps(_ number: Int64) {
    guard var source = sources.removeValue(forKey: number) else { return }
    defer {
      source.times = []
      sources[number] = source
    }
    source.times.sort { $0 < $1 }
    source.last = source.times.last?.time ?? source.last
    guard source.times.count >= 50, let first = source.times.first?.time else { return }
    var sorted = zip(source.times, source.times.dropFirst()).map { $1.time - $0.time }
    sorted.sort()
    let rate = Double(sorted.count) / Double(max(1, source.last - first))
    let usual = sorted[sorted.count / 2]
    let longest = sorted[sorted.count * 99 / 100]
    for (before, after) in zip(source.times, source.times.dropFirst()) {
      let interval = after.time - before.time
      guard interval > 1_000_000_000, interval / 5 > longest, Double(interval) * rate > 20 else { continue }
      let gap = Silence(
        scope: source.hasManyDevices ? .collector : .source, device: nil, source: number, from: before.time,
        to: after.time, period: max(1, usual), missed: Int64(Double(interval) * rate), lastEvent: before.id,
        nextEvent: after.id)
      source.gaps.append(gap)
      silences.append(gap)
    }
  }

  // MARK: Devices

  private mutating func findRhythm(_ range: Range<Int>) {
    guard range.count >= Self.leastEvents else { return }
    let own = events[range]
    let byTemplate = own.sorted { ($0.template, $0.time) < ($1.template, $1.time) }
    var best: Rhythm?
    var start = 0
    while start < byTemplate.count {
      var end = start
      while end < byTemplate.count, byTemplate[end].template == byTemplate[start].template { end += 1 }
      if let one = Self.rhythm(byTemplate[start..<end].map(\.time), byTemplate[start]) {
        // The one that is heard most regularly most often.
        if best.map({ $0.events * $0.regularity < one.events * one.regularity }) ?? true { best = one }
      }
      start = end
    }
    guard let rhythm = best else { return }
    rhythms.append(rhythm)
    let patience = Int64(Double(rhythm.period) * Self.patience)
    var before = range.lowerBound
    for index in range.dropFirst() {
      let gap = events[index].time - events[before].time
      if gap > patience { add(rhythm, events[before], events[index]) }
      before = index
    }
    addOpenEnd(rhythm, events[before], patience)
  }

  /// nil where the intervals show no rhythm.
  private static func rhythm(_ times: [Int64], _ first: Event) -> Rhythm? {
    guard times.count >= leastEvents, let last = times.last else { return nil }
    let intervals = zip(times, times.dropFirst()).map { $1 - $0 }.sorted()
    let period = intervals[intervals.count / 2]
    guard period >= 1_000_000_000 else { return nil }
    let regular = intervals.count { $0 >= period / 2 && $0 <= period + period / 2 }
    let share = Int64(regular * 100 / intervals.count)
    guard share >= 60 else { return nil }
    // Bursts with quiet between them: their short intervals are alike, and yet nothing is due in the quiet. A rhythm is
    // broken seldom: once, or by one interval of twenty.
    let patience = Int64(min(Double(period) * Self.patience, 9e18))
    let broken = intervals.count { $0 > patience }
    guard broken <= max(1, intervals.count / 20) else { return nil }
    return Rhythm(
      device: Int64(first.device), template: Int64(first.template), period: period, regularity: share,
      events: Int64(times.count), first: times[0], last: last)
  }

  private mutating func add(_ rhythm: Rhythm, _ before: Event, _ after: Event) {
    let source = source(of: before.id)
    // Nobody was heard then: that is the collector's silence.
    for gap in sources[source]?.gaps ?? [] where gap.scope == .collector {
      guard let end = gap.to else { continue }
      let shared = min(end, after.time) - max(gap.from, before.time)
      if Double(shared) > 0.8 * Double(after.time - before.time) { return }
    }
    silences.append(
      Silence(
        scope: .device, device: rhythm.device, source: source, from: before.time, to: after.time,
        period: rhythm.period, missed: max(1, (after.time - before.time) / rhythm.period - 1),
        lastEvent: before.id, nextEvent: after.id))
  }

  /// A device that others of the same source outlast.
  private mutating func addOpenEnd(_ rhythm: Rhythm, _ last: Event, _ patience: Int64) {
    let number = source(of: last.id)
    guard let source = sources[number], source.hasManyDevices, source.last - last.time > patience else {
      return
    }
    silences.append(
      Silence(
        scope: .device, device: rhythm.device, source: number, from: last.time, to: nil,
        period: rhythm.period, missed: (source.last - last.time) / rhythm.period, lastEvent: last.id,
        nextEvent: nil))
  }

  private func source(of id: Int64) -> Int64 {
    var low = 0
    var high = sourceStarts.count
    while low < high {
      let middle = (low + high) / 2
      if sourceStarts[middle].id <= id { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? sourceStarts[low - 1].source : -1
  }
}
