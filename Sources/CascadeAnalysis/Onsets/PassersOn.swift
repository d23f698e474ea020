internal import IncidentModel

/// Through whom an entity's lines came into the evidence, as far as that can be told.
///
/// - Who is named in nine of ten of its lines, at whatever place in them.
/// - Whose name stands in the path of the source that it is heard in.
/// - Who runs the program that wrote all its lines: many run a program say the same by it, and one alone says things of its own.
struct PassersOn {
  private let mentions: Mentions
  /// By the program of a template (its place among the programs): who runs it, where others are spoken for by it.
  private var runners: [Int: Int32] = [:]
  private var program: [Int] = []

  /// Of an entity's lines, in tenths, as many name its reporter.
  private static let namingTenths = 9
  /// Lines of an entity in which a reporter is looked for.
  private static let sample = 3
  /// Fewer that are spoken for may be so by chance.
  static let fewest = 3

  init(_ timeline: Timeline) {
    mentions = Mentions(timeline.evidence)
    findRunners(timeline)
  }

  /// The candidates for one entity; none where its lines say nothing of that.
  func list(of device: Int, _ timeline: Timeline) -> [Int32] {
    let events = timeline.events(of: device)
    var named: [Int32] = []
    for event in events.suffix(Self.sample) {
      for other in mentions.of(event) where Int(other) != device && !named.contains(other) {
        named.append(other)
      }
    }
    var result = named.filter { names($0, by: device, timeline) }
    for other in inPath(of: device, timeline) + [runner(for: device, timeline)].compactMap({ $0 })
    where Int(other) != device && !result.contains(other) { result.append(other) }
    return result
  }

  /// Whether an entity's lines themselves tell of a reporter, and not only where they are kept.
  func tells(_ reporter: Int32, _ device: Int, _ timeline: Timeline) -> Bool {
    names(reporter, by: device, timeline) || runner(for: device, timeline) == reporter
  }

  /// When lines of others came through each of some reporters, in corrected seconds.
  func times(through reporters: Set<Int32>, _ timeline: Timeline) -> [Int32: [Double]] {
    var namers: [Int32: Set<Int32>] = [:]
    for (event, named) in mentions.all where reporters.contains(named) {
      let speaker = timeline.evidence.eventDevices[Int(event)]
      if speaker >= 0, speaker != named { namers[named, default: []].insert(speaker) }
    }
    for device in 0..<timeline.deviceCount where !timeline.events(of: device).isEmpty {
      for other in inPath(of: device, timeline) where reporters.contains(other) && Int(other) != device {
        namers[other, default: []].insert(Int32(device))
      }
      if let other = runner(for: device, timeline), reporters.contains(other) {
        namers[other, default: []].insert(Int32(device))
      }
    }
    var result: [Int32: [Double]] = [:]
    for (reporter, speakers) in namers {
      // Who complains of a reporter is not heard through it.
      for speaker in speakers where list(of: Int(speaker), timeline).contains(reporter) {
        result[reporter, default: []] += timeline.events(of: Int(speaker)).map { timeline.seconds[Int($0)] }
      }
    }
    return result
  }

  private func names(_ reporter: Int32, by device: Int, _ timeline: Timeline) -> Bool {
    let events = timeline.events(of: device)
    return events.count { mentions.of($0).contains(reporter) } * 10 >= Self.namingTenths * events.count
  }

  private func inPath(of device: Int, _ timeline: Timeline) -> [Int32] {
    let source = Int(timeline.source(of: device))
    return timeline.evidence.sources.indices.contains(source)
      ? timeline.evidence.sources[source].namedInPath : []
  }

  private func runner(for device: Int, _ timeline: Timeline) -> Int32? {
    guard !runners.isEmpty, let last = timeline.events(of: device).last,
      let runner = runners[program[Int(timeline.evidence.eventTemplates[Int(last)])]], Int(runner) != device
    else { return nil }
    let own = program[Int(timeline.evidence.eventTemplates[Int(last)])]
    let areAll = timeline.events(of: device).allSatisfy {
      program[Int(timeline.evidence.eventTemplates[Int($0)])] == own
    }
    return areAll ? runner : nil
  }

  /// Said fewer times, what one alone says by a program is no thing of its own.
  private static let usual = 5

  private mutating func findRunners(_ timeline: Timeline) {
    let evidence = timeline.evidence
    var numbers: [String: Int] = ["": 0]
    program = evidence.templatePrograms.map { name in
      let number = numbers[name] ?? numbers.count
      numbers[name] = number
      return number
    }
    // Templates that were made later have the program of those that they are like.
    program += Array(repeating: 0, count: max(0, evidence.templateTexts.count - program.count))
    guard numbers.count > 1 else { return }
    var voice = [Int32](repeating: -1, count: program.count)
    var count = [Int](repeating: 0, count: program.count)
    for event in evidence.eventTemplates.indices where evidence.eventDevices[event] >= 0 {
      let (template, speaker) = (Int(evidence.eventTemplates[event]), evidence.eventDevices[event])
      voice[template] = voice[template] == -1 || voice[template] == speaker ? speaker : -2
      count[template] += 1
    }
    var own: [Int: Set<Int32>] = [:]
    var shared: Set<Int> = []
    for template in program.indices where program[template] > 0 && count[template] > 0 {
      if voice[template] == -2 {
        shared.insert(program[template])
      } else if count[template] >= Self.usual {
        own[program[template], default: []].insert(voice[template])
      }
    }
    for (number, voices) in own where voices.count == 1 && shared.contains(number) {
      runners[number] = voices.first
    }
  }
}

/// Whom events name, at any place in them.
private struct Mentions {
  private let events: [Int32]
  private let devices: [Int32]

  init(_ evidence: borrowing IncidentEvidence) {
    events = evidence.mentionEvents
    devices = evidence.mentionDevices
  }

  /// Every event with each entity that it names.
  var all: Zip2Sequence<[Int32], [Int32]> { zip(events, devices) }

  /// The entities that an event names.
  func of(_ event: Int32) -> ArraySlice<Int32> {
    devices[events.places(of: event)]
  }
}
