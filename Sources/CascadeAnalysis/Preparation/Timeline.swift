internal import IncidentModel

/// The evidence as the steps read it: per-entity event lists, clock-corrected seconds, severity classes.
///
/// Seconds count from the first event, so a `Double` resolves better than a microsecond over a year.
struct Timeline {
  private(set) var evidence: IncidentEvidence
  /// Number of entities.
  let deviceCount: Int
  /// Number of events.
  let eventCount: Int
  /// Nanoseconds of second 0.
  let epoch: Int64
  /// Event positions grouped by entity: those of entity d are `eventOrder[deviceStart[d]..<deviceStart[d + 1]]`.
  private(set) var deviceStart: [Int32]
  private(set) var eventOrder: [Int32]
  /// Corrected seconds per event position.
  var seconds: [Double]
  /// Entities whose events are in another order than their stamps.
  private var reordered: [Int] = []
  /// First entity named by an event, or -1, per event position; empty where no event names any.
  let firstMention: [Int32]
  /// Who brought an event about, by its position, where its fields say so.
  private let actors: [Int32: Int32]
  /// First and last corrected second of any event of a known entity.
  var start = 0.0
  var end = 0.0
  /// What nearly all entities cover, where a few clocks stamp what they say far beyond it.
  private(set) var commonSpan = -Double.infinity...Double.infinity
  /// Entities with such stamps.
  private(set) var strays: Set<Int32> = []
  /// Corrected second beyond which only those are heard that may be ahead of all others (see `LateWindows`): whether the evidence goes on
  /// there is not known.
  private(set) var commonEnd = Double.infinity
  /// Those that are heard beyond it.
  private(set) var heardBeyondEnd: [LateWindows.Late] = []
  /// Whether this is a part of a longer timeline, whose end it knows.
  private let isPart: Bool
  /// What the severities say of each template.
  let tones: [Tone]
  /// True for templates that tell of trouble: severity warning or worse, or, where none is known, by what they do
  /// (see `Tones`).
  var isLoud: [Bool]

  /// What templates say in words.
  let words: FailureWords

  /// What a template's severity says.
  enum Tone { case quiet, loud, unknown }

  /// Who was let in after having been refused again and again.
  private(set) var breakIns: [BreakIn] = []

  /// What is known of templates whose words mean two things, one by one.
  private(set) var meanings: [Tone]

  /// Seconds count from the first event.
  init(_ given: consuming IncidentEvidence) {
    let (graded, isQuiet) = MixedGrades.divided(given)
    let (evidence, losses) = MassLosses.divided(graded)
    let meanings = isQuiet.map { $0 ? Tone.quiet : .unknown } + Array(repeating: .loud, count: losses)
    self.init(evidence, epoch: nil, words: FailureWords(evidence.templateTexts), meanings)
  }

  /// A part of the evidence of another timeline, seen from nearby: what its templates mean is known, also where all that is graded in the
  /// part has one grade.
  init(_ part: consuming IncidentEvidence, of whole: Timeline) {
    self.init(part, epoch: whole.epoch, words: whole.words, whole.meanings, graded: whole.tones)
    breakIns = whole.breakIns
    commonEnd = whole.commonEnd
  }

  private init(
    _ evidence: consuming IncidentEvidence, epoch origin: Int64?, words: FailureWords, _ meanings: [Tone],
    graded known: [Tone] = []
  ) {
    let evidence = evidence
    isPart = origin != nil
    self.words = words
    self.meanings = meanings
    self.evidence = evidence
    deviceCount = evidence.devices.count
    eventCount = evidence.times.count
    epoch = origin ?? evidence.times.first ?? evidence.series.lazy.compactMap(\.times.first).min() ?? 0
    var starts = [Int32](repeating: 0, count: deviceCount + 1)
    for device in evidence.eventDevices where device >= 0 { starts[Int(device) + 1] += 1 }
    for index in 0..<deviceCount { starts[index + 1] += starts[index] }
    var next = starts
    var order = [Int32](repeating: 0, count: Int(starts[deviceCount]))
    for position in 0..<eventCount {
      let device = Int(evidence.eventDevices[position])
      guard device >= 0 else { continue }
      order[Int(next[device])] = Int32(position)
      next[device] += 1
    }
    deviceStart = starts
    eventOrder = order
    seconds = Self.seconds(evidence.times, since: epoch)
    var mention = [Int32]()
    if !evidence.mentionEvents.isEmpty {
      mention = [Int32](repeating: -1, count: eventCount)
      for (event, device) in zip(evidence.mentionEvents, evidence.mentionDevices)
      where device != evidence.eventDevices[Int(event)] && mention[Int(event)] < 0 {
        mention[Int(event)] = device
      }
    }
    firstMention = mention
    actors = Dictionary(
      zip(evidence.actorEvents, evidence.actorDevices), uniquingKeysWith: { first, _ in first })
    // A template's severity is its most frequent one: severities are few, so a histogram per template does.
    let templates = evidence.templateTexts.count
    var histogram = [Int32](repeating: 0, count: templates * 8)
    for position in 0..<eventCount {
      let severity = Int(evidence.severities[position])
      guard severity < 8 else { continue }
      histogram[Int(evidence.eventTemplates[position]) * 8 + severity] += 1
    }
    // One and the same severity on everything says nothing; but what is graded worse than nearly everything is meant.
    var total = [Int](repeating: 0, count: 8)
    for (index, count) in histogram.enumerated() { total[index % 8] += Int(count) }
    let most = total.max() ?? 0
    // A source that grades nothing but trouble (a web server's answers of 500 and more) says much by it.
    let graded = total.reduce(0, +)
    let isTroubleOnly =
      meanings.contains(.quiet) && total[..<5].contains(most) && (eventCount - graded) * 20 > eventCount
    let isFlat = most * 1000 >= graded * 995 && !isTroubleOnly
    let isMildlyFlat = isFlat && total[..<5].allSatisfy { $0 < most }
    tones = (0..<templates).map { template in
      // The same words are trouble elsewhere: here they are none, or the other way round.
      if meanings[template] != .unknown { return meanings[template] }
      if template < known.count, known[template] != .unknown { return known[template] }
      // A row of numbers without a word tells of no trouble by being there.
      let isWordless = !evidence.templateTexts[template].utf8.contains {
        $0 | 32 >= 97 && $0 | 32 <= 122 || $0 >= 128
      }
      var best = 7
      for severity in 0..<8 where histogram[template * 8 + severity] > histogram[template * 8 + best] {
        best = severity
      }
      if isFlat {
        let isLoud = isMildlyFlat && best <= 4 && histogram[template * 8 + best] > 0
        return isLoud ? .loud : isWordless ? .quiet : .unknown
      }
      guard histogram[template * 8 + best] > 0 else { return isWordless ? .quiet : .unknown }
      return best <= 4 ? .loud : .quiet
    }
    isLoud = tones.map { $0 != .quiet }
    start = seconds.first ?? 0
    end = seconds.last ?? 0
  }

  private static func seconds(_ times: [Int64], since origin: Int64) -> [Double] {
    // Stamps may be as far apart as an Instant can tell.
    times.map { time in
      let (difference, overflow) = time.subtractingReportingOverflow(origin)
      return overflow ? Double(time) / 1e9 - Double(origin) / 1e9 : Double(difference) / 1e9
    }
  }

  /// Gives up the variables that tie events together, when the clocks are settled and break-ins found.
  mutating func forgetTokens() {
    breakIns = BreakIn.find(self)
    // Of whom messages complain, and by whose order they say to act, is needed later.
    let kept = evidence.tokenEvents.indices.filter { place in
      let event = Int(evidence.tokenEvents[place])
      let template = Int(evidence.eventTemplates[event])
      return words.tellsOfLoss[template] && tones[template] != .quiet && mention(event) < 0
        || words.tellsOfOrder[template]
    }
    evidence.tokenEvents = kept.map { evidence.tokenEvents[$0] }
    evidence.tokenHashes = kept.map { evidence.tokenHashes[$0] }
  }

  /// What varies in a message that says in words that something failed and names nobody, or that somebody ordered something.
  func tokens(of event: Int32) -> ArraySlice<UInt32> {
    evidence.tokenHashes[evidence.tokenEvents.places(of: event)]
  }

  /// Seconds that the numeric series span.
  var spanOfSeries: Double {
    var first = Int64.max
    var last = Int64.min
    for series in evidence.series {
      first = min(first, series.times.first ?? first)
      last = max(last, series.times.last ?? last)
    }
    return first < last ? Double(last - first) / 1e9 : 0
  }

  /// Event positions of one entity in time order.
  func events(of device: Int) -> ArraySlice<Int32> {
    eventOrder[Int(deviceStart[device])..<Int(deviceStart[device + 1])]
  }

  /// Remembers what templates mean for whoever reads a part of this.
  mutating func remember(_ templates: [Int], as meaning: Tone) {
    for template in templates { meanings[template] = meaning }
  }

  /// The source that an entity was heard in last, or -1.
  func source(of device: Int) -> Int32 {
    device < evidence.lastSources.count ? evidence.lastSources[device] : -1
  }

  /// The templates of some events, each once, in the order in which they come. For a few: it compares each with all.
  func templates(of events: [Int32]) -> [Int32] {
    var templates: [Int32] = []
    for event in events {
      let template = evidence.eventTemplates[Int(event)]
      if !templates.contains(template) { templates.append(template) }
    }
    return templates
  }

  /// The kinds of message by which an entity tells of its failure. What it said last before it fell silent, or first when it was back, tells of
  /// nothing where it told of trouble as well.
  func kinds(of finding: Onsets.Finding) -> [Int32] {
    let all = templates(of: finding.events)
    let loud = all.filter { isLoud[Int($0)] }
    return loud.isEmpty ? all : loud
  }

  /// The kinds of messages that are no trouble and that an entity said in so many seconds before a moment.
  func everydayKinds(saidBy device: Int, within seconds: Double, before moment: Double) -> Set<Int> {
    var kinds: Set<Int> = []
    for event in events(of: device)
    where self.seconds[Int(event)] < moment && self.seconds[Int(event)] > moment - seconds {
      let template = Int(evidence.eventTemplates[Int(event)])
      if !isLoud[template] { kinds.insert(template) }
    }
    return kinds
  }

  /// The same, with some events taken for those of others than who wrote them.
  func attributing(_ owners: [(event: Int32, device: Int32)]) -> Timeline {
    var result = self
    var isChanged = [Bool](repeating: false, count: deviceCount)
    for (event, device) in owners {
      result.evidence.eventDevices[Int(event)] = device
      isChanged[Int(device)] = true
    }
    var lists = [Int32](repeating: 0, count: deviceCount + 1)
    for device in result.evidence.eventDevices where device >= 0 { lists[Int(device) + 1] += 1 }
    for index in 0..<deviceCount { lists[index + 1] += lists[index] }
    result.deviceStart = lists
    var next = lists
    // In the order that each had: only those that were given events need another.
    for event in eventOrder {
      let device = Int(result.evidence.eventDevices[Int(event)])
      result.eventOrder[Int(next[device])] = event
      next[device] += 1
    }
    for device in isChanged.indices where isChanged[device] {
      result.eventOrder[result.events(of: device).indices].sort {
        (seconds[Int($0)], $0) < (seconds[Int($1)], $1)
      }
    }
    return result
  }

  /// The entity that an event names, or -1.
  func mention(_ event: Int) -> Int { firstMention.isEmpty ? -1 : Int(firstMention[event]) }

  /// Who brought an event about, as its fields say, or -1.
  func actor(of event: Int32) -> Int { actors[event].map { Int($0) } ?? -1 }

  /// The evidence between two corrected seconds.
  func evidence(from low: Double, to high: Double) -> IncidentEvidence {
    var result = evidence
    let kept = (0..<eventCount).filter { seconds[$0] >= low && seconds[$0] <= high }
    var place = [Int32](repeating: -1, count: eventCount)
    for (new, old) in kept.enumerated() { place[old] = Int32(new) }
    result.eventIDs = kept.map { evidence.eventIDs[$0] }
    result.times = kept.map { evidence.times[$0] }
    result.eventDevices = kept.map { evidence.eventDevices[$0] }
    result.eventTemplates = kept.map { evidence.eventTemplates[$0] }
    result.severities = kept.map { evidence.severities[$0] }
    result.identityBases = kept.map { evidence.identityBases[$0] }
    result.timeErrorLog2 = kept.map { evidence.timeErrorLog2[$0] }
    let mentions = evidence.mentionEvents.indices.filter { place[Int(evidence.mentionEvents[$0])] >= 0 }
    result.mentionEvents = mentions.map { place[Int(evidence.mentionEvents[$0])] }
    result.mentionDevices = mentions.map { evidence.mentionDevices[$0] }
    let actors = evidence.actorEvents.indices.filter { place[Int(evidence.actorEvents[$0])] >= 0 }
    result.actorEvents = actors.map { place[Int(evidence.actorEvents[$0])] }
    result.actorDevices = actors.map { evidence.actorDevices[$0] }
    let tokens = evidence.tokenEvents.indices.filter { place[Int(evidence.tokenEvents[$0])] >= 0 }
    result.tokenEvents = tokens.map { place[Int(evidence.tokenEvents[$0])] }
    result.tokenHashes = tokens.map { evidence.tokenHashes[$0] }
    let first = epoch + Int64(low * 1e9)
    let last = epoch + Int64(high * 1e9)
    result.series = evidence.series.compactMap { series in
      let inside = series.times.indices.filter { series.times[$0] >= first && series.times[$0] <= last }
      guard !inside.isEmpty else { return nil }
      return MetricSeries(
        device: series.device, name: series.name, times: inside.map { series.times[$0] },
        values: inside.map { series.values[$0] },
        eventIDs: series.eventIDs.isEmpty ? [] : inside.map { series.eventIDs[$0] })
    }
    return result
  }

  /// The instant of a corrected second.
  func instant(_ seconds: Double) -> Instant { Instant(nanoseconds: epoch).adding(seconds: seconds) }

  /// The id of an event.
  func id(_ event: Int) -> EventID { EventID(rawValue: evidence.eventIDs[event]) }

  /// Back to the times as stamped.
  mutating func uncorrect() {
    seconds = []
    seconds = Self.seconds(evidence.times, since: epoch)
    start = seconds.first ?? 0
    end = seconds.last ?? 0
    for device in reordered { eventOrder[events(of: device).indices].sort() }
    reordered = []
  }

  /// Takes what each clock was off by from the times of its entity's events.
  mutating func correct(by clocks: ClockCorrection) {
    for device in clocks.pieces.devices {
      var own = Array(events(of: device))
      for event in own {
        let position = Int(event)
        seconds[position] -=
          clocks.pieces.ahead(device, event: evidence.eventIDs[position], stamp: evidence.times[position])
          ?? 0
      }
      // A clock that was set back wrote later what it stamped earlier.
      own.sort { (seconds[Int($0)], $0) < (seconds[Int($1)], $1) }
      eventOrder.replaceSubrange(events(of: device).indices, with: own)
      reordered.append(device)
    }
    for device in 0..<deviceCount
    where clocks.offsets[device] != 0 && !clocks.pieces.holds(device) || clocks.drifts[device] != 0 {
      let drift = clocks.drifts[device]
      for event in events(of: device) {
        let position = Int(event)
        seconds[position] -= clocks.offsets[device] + drift * (seconds[position] - clocks.middle)
      }
    }
    // A few clocks that are wrong by hours, or by years, must not stretch the window.
    let span = CommonSpan(
      stride(from: 0, to: seconds.count, by: max(1, seconds.count / 20_000))
        .map { (time: seconds[$0], device: evidence.eventDevices[$0]) }.sorted { $0.time < $1.time })
    let sample = Array(span.kept)
    guard let first = sample.first?.time, let last = sample.last?.time else { return }
    let low = sample[sample.count / 200].time
    let high = sample[sample.count - 1 - sample.count / 200].time
    start = max(first, low - 0.1 * (high - low))
    end = min(last, high + 0.1 * (high - low))
    findStrays(beyond: span.range)
    if !isPart { findCommonEnd() }
  }

  private mutating func findCommonEnd() {
    let late = LateWindows(self) { strays.contains(Int32($0)) ? nil : 0 }
    heardBeyondEnd = late.list
    commonEnd = late.end
  }

  private mutating func findStrays(beyond range: ClosedRange<Double>) {
    strays = []
    commonSpan = -Double.infinity...Double.infinity
    guard range.upperBound < .infinity else { return }
    // The sample may have missed the first and the last of them.
    let slack = range.upperBound - range.lowerBound
    commonSpan = range.lowerBound - slack...range.upperBound + slack
    for position in 0..<eventCount
    where evidence.eventDevices[position] >= 0 && !commonSpan.contains(seconds[position]) {
      strays.insert(evidence.eventDevices[position])
    }
  }
}
