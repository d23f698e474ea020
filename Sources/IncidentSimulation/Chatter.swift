/// Ordinary life: each device has a beat, and at every beat something happens.
struct Chatter: Sendable {
  let fleet: Fleet
  let course: Course
  let chance: Chance
  let missing: Double
  /// Nanoseconds between two beats of a device.
  let period: Int64

  /// What happens at one beat of one device.
  enum Beat { case alive, frame, radio, clock, weakRadio, lateSample, lease, telemetry }

  /// Events that one beat of a device leaves on average: at its gateway, and further up while it gets that far.
  static func eventsPerBeat(missing: Double) -> (near: Double, far: Double) {
    ((1 - missing) * 0.87, (1 - missing) * (0.30 + 0.06) + 0.13 + 0.02)
  }

  /// Nanoseconds between two status batches of a gateway.
  let batchPeriod: Int64

  /// Events that a gateway leaves per status batch, at both ends, with its own chores.
  static func eventsPerBatch(missing: Double) -> Double { 2 - missing + 1.0 / 24 + 1.0 / 13 }

  /// Calls `body` for each beat of a device that may fall within a range of time: ordinal and instant.
  @inline(__always)
  func beats(of device: Int, in range: Range<Int64>, _ body: (_ ordinal: Int, _ time: Int64) -> Void) {
    let origin = course.window.lowerBound
    let phase = Int64(chance.unit(device, .beat) * Double(period))
    var ordinal = max(0, Int((range.lowerBound - 2_000_000_000 - origin - phase) / period) - 1)
    while true {
      let jitter = Int64((chance.unit(device, .beat, ordinal + 1) - 0.5) * 0.3 * Double(period))
      let time = origin + phase + Int64(ordinal) * period + jitter
      if time - jitter - period >= range.upperBound { return }
      if time >= origin, time < range.upperBound { body(ordinal, time) }
      ordinal += 1
    }
  }

  /// What a beat is.
  @inline(__always) func beat(_ device: Int, _ ordinal: Int) -> Beat {
    let draw = chance.unit(device, .slotKind, ordinal)
    if draw < 0.40 { return .alive }
    if draw < 0.70 { return .frame }
    if draw < 0.78 { return .radio }
    if draw < 0.82 { return .clock }
    if draw < 0.84 { return .weakRadio }
    if draw < 0.85 { return .lateSample }
    if draw < 0.87 { return .lease }
    return .telemetry
  }

  /// A gateway's log: what its devices say, what it says about them and of itself.
  func gateway(_ gateway: Int, in range: Range<Int64>, into records: inout [Record]) {
    func add(_ record: Record) {
      if range.contains(record.arrival) { records.append(record) }
    }
    for device in fleet.devices(of: gateway) {
      let silent = course.silentFrom(device)
      let cutOff = course.cutOffFrom(device)
      let firstFrame = UInt32(truncatingIfNeeded: 1000 + chance.below(900_000, device, .beat, -1))
      let updated = device < course.updated.count ? course.updated[device] : Course.never
      let booted =
        course.window.lowerBound - Int64(chance.below(4_000_000, device, .beat, -2)) * 1_000_000_000
      beats(of: device, in: range) { ordinal, time in
        guard time < silent else { return }
        let bits = chance.bits(device, .slotValue, ordinal)
        let value = UInt32(truncatingIfNeeded: bits & 0xFFFF)
        let lost = Double(bits >> 11) * 0x1p-53 < missing
        func say(_ utterance: Utterance, _ value: UInt32) {
          if !lost { add(Record(utterance, at: time, speaker: device, value: value)) }
        }
        switch beat(device, ordinal) {
        case .alive:
          let start = time >= updated ? updated : booted
          say(.alive, UInt32(truncatingIfNeeded: (time - start) / 1_000_000_000))
        case .frame:
          let frame = firstFrame &+ UInt32(truncatingIfNeeded: ordinal)
          say(.frameSent, frame)
          if time < cutOff, chance.unit(device, .missing, -1 - ordinal) >= missing {
            let transit = Int64(25 + bits >> 40 % 200) * 1_000_000
            add(Record(.frameRelayed, at: time + transit, speaker: gateway, subject: device, value: frame))
          }
        case .radio: say(.radio, value)
        case .clock: say(.clock, value)
        case .weakRadio: say(.weakRadio, value)
        case .lateSample: say(.lateSample, value)
        case .lease:
          if !lost { add(Record(.lease, at: time, speaker: gateway, subject: device)) }
        case .telemetry: break
        }
      }
    }
    let fails = course.onset[gateway]
    batches(of: gateway, in: range) { ordinal, time in
      let silentUplink = time >= fails
      if !silentUplink {
        add(
          Record(.batchPushed, at: time, speaker: gateway, subject: fleet.broker(of: gateway), value: ordinal)
        )
      }
      if ordinal % 24 == 7 { add(Record(.cron, at: time + 9_000_000, speaker: gateway)) }
      if ordinal % 13 == 5 {
        add(Record(.knock, at: time + 400_000_000, speaker: gateway, value: ordinal &* 7))
      }
    }
  }

  /// A gateway's status batches, seen at both ends: the bridge between its clock and the broker's.
  private func batches(of gateway: Int, in range: Range<Int64>, _ body: (UInt32, Int64) -> Void) {
    let origin = course.window.lowerBound + Int64(chance.unit(gateway, .beat) * Double(batchPeriod))
    let first = UInt32(100 + chance.below(60_000, gateway, .beat, -1))
    var ordinal = max(0, (range.lowerBound - 2_000_000_000 - origin) / batchPeriod - 1)
    while origin + ordinal * batchPeriod < range.upperBound {
      body(first &+ UInt32(truncatingIfNeeded: ordinal), origin + ordinal * batchPeriod)
      ordinal += 1
    }
  }

  /// A broker's log: clients that come and go, batches that arrive.
  func broker(_ broker: Int, in range: Range<Int64>, into records: inout [Record]) {
    func add(_ record: Record) {
      if range.contains(record.arrival) { records.append(record) }
    }
    let fails = course.onset[broker]
    eachGateway(ofRegion: broker - fleet.brokers.lowerBound) { gateway in
      for device in fleet.devices(of: gateway) {
        let cutOff = min(course.cutOffFrom(device), fails)
        beats(of: device, in: range) { ordinal, time in
          let bits = chance.bits(device, .detail, ordinal)
          // About three beats in a hundred: a client that leaves and comes back.
          guard bits & 0xFFFF < 1966, time < cutOff else { return }
          guard Double(bits >> 11) * 0x1p-53 >= missing else { return }
          let back = time + Int64(bits >> 30 & 0x3FF) * 9_000_000
          add(Record(.clientLeft, at: time, speaker: broker, subject: device))
          add(
            Record(
              .clientConnected, at: back, speaker: broker, subject: device, value: UInt32(bits >> 44 & 0xFFFF)
            ))
        }
      }
      let cut = min(course.onset[gateway], fails)
      batches(of: gateway, in: range) { ordinal, time in
        let transit = Int64(20 + chance.below(150, gateway, .latency, Int(ordinal))) * 1_000_000
        guard time < cut, chance.unit(gateway, .missing, Int(ordinal)) >= missing else { return }
        add(Record(.batchReceived, at: time + transit, speaker: broker, subject: gateway, value: ordinal))
      }
    }
  }

  /// Calls `body` for each gateway of a region, in order.
  func eachGateway(ofRegion region: Int, _ body: (Int) -> Void) {
    for site in stride(from: region, to: fleet.siteCount, by: fleet.regionCount) {
      for gateway in fleet.gateways(ofSite: site) { body(gateway) }
    }
  }

  /// The session service's log: a sample of calls.
  func cloud(in range: Range<Int64>, into records: inout [Record]) {
    let fails = course.onset[fleet.cloud]
    for device in 0..<fleet.deviceCount {
      let cutOff = min(course.cutOffFrom(device), fails)
      beats(of: device, in: range) { ordinal, time in
        let bits = chance.bits(device, .latency, ordinal)
        guard bits & 0xFFFF < 1311, time < cutOff, range.contains(time) else { return }
        records.append(
          Record(
            .apiRequest, at: time, speaker: fleet.cloud, subject: device, value: UInt32(bits >> 40 & 0xFFFF)))
      }
    }
  }

  /// The monitor's log: one round a minute, as long as it sees anything.
  func monitor(in range: Range<Int64>, into records: inout [Record]) {
    let fails = course.onset[fleet.monitor]
    var round = (range.lowerBound - course.window.lowerBound) / 60_000_000_000
    while true {
      let time = course.window.lowerBound + round * 60_000_000_000 + 500_000_000
      if time >= range.upperBound { return }
      if range.contains(time) {
        if time < fails {
          records.append(Record(.probeRound, at: time, speaker: fleet.monitor, value: UInt32(round + 1)))
        }
        if chance.below(20, -2, .detail, Int(round)) == 0 {
          let at = time + 700_000_000
          if range.contains(at) {
            records.append(Record(.slowLookup, at: at, speaker: fleet.monitor, value: UInt32(round * 31)))
          }
        }
      }
      round += 1
    }
  }
}
