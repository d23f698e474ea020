/// What is said because of the incident: by whoever fails, and by others about it.
///
/// A pure function of the course and the dice: the logs and the truth ask it separately and get the same answer.
struct Testimony: Sendable {
  let fleet: Fleet
  let course: Course
  let chance: Chance
  /// Share of device and gateway messages that got lost.
  let missing: Double

  /// Collects the records of one entity that belong to one log.
  private struct Collector {
    let place: Place
    let window: Range<Int64>
    var ordinal = 0
    var records: [Record]

    /// Adds a record unless it is lost, belongs elsewhere or lies outside the window.
    mutating func add(_ record: Record, _ testimony: Testimony, of entity: Int) {
      ordinal += 1
      guard record.utterance.place == place, window.contains(record.arrival) else { return }
      let central = place == .cloud || place == .monitor || place == .updateService
      if !central, testimony.chance.unit(entity, .missing, ordinal) < testimony.missing { return }
      records.append(record)
    }
  }

  /// Appends what the incident makes anybody write into one kind of log about one entity.
  func collect(_ entity: Int, _ place: Place, into records: inout [Record]) {
    let involved =
      course.mode[entity] != .none
      || (entity < course.updated.count && course.updated[entity] != Course.never)
      || entity == fleet.updateService
    guard involved else { return }
    var collector = Collector(place: place, window: course.window, records: [])
    swap(&collector.records, &records)
    defer { swap(&collector.records, &records) }
    switch fleet.role(entity) {
    case .device: device(entity, &collector)
    case .gateway: gateway(entity, &collector)
    case .broker: broker(entity, &collector)
    case .cloud: cloud(entity, &collector)
    case .monitor:
      repeated(
        [.ingestStalled, .poolDry], entity, from: course.onset[entity], every: 30, times: 25, &collector)
    case .updateService: rollout(&collector)
    case .identity: break
    }
  }

  private func device(_ device: Int, _ out: inout Collector) {
    let gateway = fleet.gateway(of: device)
    let broker = fleet.broker(of: device)
    if device < course.updated.count, course.updated[device] != Course.never {
      let at = course.updated[device]
      out.add(Record(.imageSwitched, at: at, speaker: device, value: number(device, 1)), self, of: device)
      out.add(
        Record(.clientLeft, at: at + 2_000_000_000, speaker: broker, subject: device, value: 0), self,
        of: device)
      out.add(
        Record(
          .clientConnected, at: at + 21_000_000_000, speaker: broker, subject: device,
          value: number(device, 2)),
        self, of: device)
    }
    let onset = course.onset[device]
    switch course.mode[device] {
    case .none, .degraded: break
    case .loud:
      out.add(
        Record(firstWord(device), at: onset, speaker: device, value: number(device, 3)), self, of: device)
      repeated([.bankGaveUp], device, from: onset + 9_000_000_000, every: 70, times: 7, &out)
      for turn in 0..<(2 + chance.below(5, device, .repeats)) {
        let at = onset + nanoseconds(20 + 55 * (Double(turn) + chance.unit(device, .repeats, 20 + turn)))
        out.add(
          Record(.takeover, at: at, speaker: broker, subject: device, value: number(device, 30 + turn)), self,
          of: device)
      }
    case .lastWord:
      out.add(
        Record(firstWord(device), at: onset, speaker: device, value: number(device, 3)), self, of: device)
      offline(device, gateway, onset, &out)
    case .silent: offline(device, gateway, onset, &out)
    case .deprived:
      let expired = course.parent[device] == fleet.cloud
      repeated([expired ? .handshakeFailed : .sessionLost], device, from: onset, every: 85, times: 5, &out)
      if chance.unit(device, .report) < 0.3 {
        let at = onset + nanoseconds(chance.uniform(3..<40, device, .report, 1))
        out.add(Record(.upstreamBusy, at: at, speaker: gateway, subject: device), self, of: device)
      }
    case .compromised:
      let parent = Int(course.parent[device])
      if parent >= 0 {
        out.add(
          Record(.loginAccepted, at: onset, speaker: device, subject: parent, value: number(device, 4)), self,
          of: device)
      }
      let start = onset + nanoseconds(chance.uniform(1..<7, device, .detail))
      out.add(Record(.unknownImage, at: start, speaker: device, value: number(device, 5)), self, of: device)
      repeated([.taskStarved], device, from: start + 15_000_000_000, every: 160, times: 5, &out)
      for turn in 0..<2 {
        let at = onset + nanoseconds(60 * Double(1 + turn) + chance.uniform(0..<50, device, .report, turn))
        out.add(
          Record(.flowBurst, at: at, speaker: gateway, subject: device, value: number(device, 40 + turn)),
          self,
          of: device)
      }
    case .unrelated:
      guard let at = course.decoyTime[device] else { break }
      let word: Utterance = Course.isBattery(device) ? .batteryFlat : .sensorDead
      out.add(Record(word, at: at, speaker: device, value: number(device, 6)), self, of: device)
      if Course.isBattery(device) {
        offline(device, gateway, at, &out)
      } else {
        repeated([.sensorDead], device, from: at + 60_000_000_000, every: 300, times: 3, &out)
      }
    }
  }

  private func firstWord(_ device: Int) -> Utterance {
    chance.below(3, device, .detail, 2) == 0 ? .modemAborted : .oops
  }

  /// A device that just stops is noticed by its gateway a minute or two later.
  private func offline(_ device: Int, _ gateway: Int, _ onset: Int64, _ out: inout Collector) {
    let seconds = chance.uniform(55..<150, device, .report)
    out.add(
      Record(
        .markedOffline, at: onset + nanoseconds(seconds), speaker: gateway, subject: device,
        value: UInt32(seconds)),
      self, of: device)
  }

  private func gateway(_ gateway: Int, _ out: inout Collector) {
    let onset = course.onset[gateway]
    guard onset != Course.never else { return }
    if course.mode[gateway] == .loud {
      repeated([.linkDown], gateway, from: onset, every: 90, times: 2, &out)
    }
    let notices = onset + (course.mode[gateway] == .loud ? 4_000_000_000 : 0)
    repeated([.noRoute], gateway, from: notices, every: 45, times: 12, &out)
  }

  private func broker(_ broker: Int, _ out: inout Collector) {
    let onset = course.onset[broker]
    guard onset != Course.never else { return }
    switch course.mode[broker] {
    case .loud:
      repeated([.backlogExceeded, .handshakesDropped], broker, from: onset, every: 12, times: 60, &out)
      repeated([.reconnectFlood], broker, from: onset + 3_000_000_000, every: 25, times: 20, &out)
    case .deprived: repeated([.authUnreachable], broker, from: onset, every: 20, times: 25, &out)
    default: repeated([.standbyFailed], broker, from: onset, every: 60, times: 6, &out)
    }
  }

  private func cloud(_ cloud: Int, _ out: inout Collector) {
    let onset = course.onset[cloud]
    switch course.mode[cloud] {
    case .loud: repeated([.shedding], cloud, from: onset, every: 15, times: 40, &out)
    case .deprived:
      repeated([.tokenRefused], cloud, about: fleet.identity, from: onset, every: 12, times: 50, &out)
    default: repeated([.certificateExpired], cloud, from: onset, every: 300, times: 8, &out)
    }
  }

  private func rollout(_ out: inout Collector) {
    guard !course.rolloutOrder.isEmpty else { return }
    let entity = fleet.updateService
    out.add(Record(.rolloutOpened, at: course.trigger, speaker: entity, value: 41), self, of: entity)
    let batch = max(1, course.rolloutOrder.count / 8)
    for step in 0..<8 {
      let at = course.trigger + nanoseconds(1 + 4 * Double(step) + chance.unit(entity, .detail, step))
      out.add(Record(.rolloutBatch, at: at, speaker: entity, value: UInt32(batch)), self, of: entity)
    }
    for step in 0..<20 {
      let at = course.trigger + nanoseconds(60 * Double(1 + step))
      let done = course.rolloutOrder.count { course.updated[Int($0)] <= at }
      out.add(
        Record(
          .rolloutProgress, at: at, speaker: entity, value: UInt32(done * 1000 / course.rolloutOrder.count)),
        self, of: entity)
    }
  }

  /// Says something now and again with growing pauses, as retry loops do.
  private func repeated(
    _ words: [Utterance], _ entity: Int, about subject: Int = -1, from start: Int64, every seconds: Double,
    times: Int,
    _ out: inout Collector
  ) {
    guard start != Course.never else { return }
    var at = start
    for turn in 0..<times {
      out.add(
        Record(
          words[turn % words.count], at: at, speaker: entity, subject: subject,
          value: number(entity, 100 + turn)),
        self, of: entity)
      at += nanoseconds(seconds * (0.6 + 0.8 * chance.unit(entity, .repeats, 200 + turn)))
    }
  }

  /// A number that a message carries.
  private func number(_ entity: Int, _ ordinal: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: chance.bits(entity, .slotValue, -ordinal) & 0x7F_FFFF)
  }
}
