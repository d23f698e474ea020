internal import IncidentModel

/// The evidence with every span of every clock as an entity of its own, so that the estimator, which knows one clock for
/// each entity, measures them apart. The span of a device with the most events keeps the device's place in the fleet.
struct SpanEntities {
  private(set) var evidence: IncidentEvidence
  /// The span that an entity stands for.
  private(set) var spanOfEntity: [Int: Int] = [:]
  /// By entity: the device it was in the evidence given.
  private(set) var originalDevice: [Int32]
  /// Spans of one device in one source, in order.
  private(set) var chains: [[Int]] = []
  /// First instant in each span, by its own clock.
  private(set) var firstTime: [Int: Instant] = [:]
  /// Last instant in each span, by its own clock.
  private(set) var lastTime: [Int: Instant] = [:]

  private struct Lookup {
    /// Spans sorted by their first event.
    var firsts: [Int64] = []
    var lasts: [Int64] = []
    var spans: [Int] = []

    /// The span that holds an event; nil for none.
    func span(of id: Int64) -> Int? {
      var low = 0
      var high = firsts.count
      while low < high {
        let middle = (low + high) / 2
        if firsts[middle] <= id { low = middle + 1 } else { high = middle }
      }
      return low > 0 && lasts[low - 1] >= id ? spans[low - 1] : nil
    }

    mutating func add(_ span: Int, _ events: ClosedRange<Int64>) {
      firsts.append(events.lowerBound)
      lasts.append(events.upperBound)
      spans.append(span)
    }
  }

  init(_ given: IncidentEvidence, _ spans: [ClockSpan]) {
    evidence = given
    originalDevice = given.devices.indices.map { Int32($0) }
    let order = spans.indices.sorted { spans[$0].events.lowerBound < spans[$1].events.lowerBound }
    var byDevice: [Int32: Lookup] = [:]
    var shared = Lookup()
    var chainOf: [Int64: [Int32: Int]] = [:]
    for index in order {
      let span = spans[index]
      if span.stampsOthers {
        shared.add(index, span.events)
      } else {
        byDevice[span.device, default: Lookup()].add(index, span.events)
      }
      if let chain = chainOf[span.source]?[span.device] {
        chains[chain].append(index)
      } else {
        chainOf[span.source, default: [:]][span.device] = chains.count
        chains.append([index])
      }
    }
    // Which entity stands for each span.
    var entityOfSpan = [Int32](repeating: -1, count: spans.count)
    var entitiesOfDevice: [Int32: [Int32]] = [:]
    let spansOfDevice = Dictionary(grouping: order) { spans[$0].device }
    for (device, own) in spansOfDevice.sorted(by: { $0.key < $1.key }) {
      let most = own.max { Self.size(spans[$0]) < Self.size(spans[$1]) }
      for index in own {
        var entity = device
        if index != most {
          entity = Int32(evidence.devices.count)
          // No name can hold a NUL: nothing in inventory or topology is called like that.
          evidence.devices.append("\(given.devices[Int(device)])\u{0}\(index)")
          originalDevice.append(device)
        }
        entityOfSpan[index] = entity
        spanOfEntity[Int(entity)] = index
        entitiesOfDevice[device, default: []].append(entity)
      }
    }
    var mentions: [(event: Int32, device: Int32)] = []
    for position in given.eventIDs.indices {
      let id = given.eventIDs[position]
      let device = given.eventDevices[position]
      var found: Int?
      if let index = shared.span(of: id) {
        found = index
        // Whoever wrote this down saw the device.
        if device >= 0, device != spans[index].device { mentions.append((Int32(position), device)) }
      } else if device >= 0 {
        found = byDevice[device]?.span(of: id)
      }
      guard let found else { continue }
      evidence.eventDevices[position] = entityOfSpan[found]
      let time = Instant(nanoseconds: given.times[position])
      if lastTime[found].map({ $0 < time }) ?? true { lastTime[found] = time }
      if firstTime[found].map({ $0 > time }) ?? true { firstTime[found] = time }
    }
    addMentions(given, mentions, entitiesOfDevice)
  }

  private static func size(_ span: ClockSpan) -> Int64 { span.events.upperBound - span.events.lowerBound }

  /// A device that is named could be any of its spans.
  private mutating func addMentions(
    _ given: IncidentEvidence, _ more: [(event: Int32, device: Int32)], _ entities: [Int32: [Int32]]
  ) {
    var all = zip(given.mentionEvents, given.mentionDevices).map { (event: $0, device: $1) } + more
    var extra: [(event: Int32, device: Int32)] = []
    for one in all {
      for entity in entities[one.device] ?? [] where entity != one.device {
        extra.append((one.event, entity))
      }
    }
    guard !more.isEmpty || !extra.isEmpty else { return }
    all += extra
    all.sort { ($0.event, $0.device) < ($1.event, $1.device) }
    evidence.mentionEvents = []
    evidence.mentionDevices = []
    for (index, one) in all.enumerated()
    where index == 0 || one.event != all[index - 1].event || one.device != all[index - 1].device {
      evidence.mentionEvents.append(one.event)
      evidence.mentionDevices.append(one.device)
    }
  }
}
