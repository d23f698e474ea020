import IncidentModel

/// Bad release → mass update → device loss → reconnect storm → overloaded brokers and session service → healthy
/// devices of other firmware lose service → monitoring goes blind.
extension Scenario {
  static let firmwareCascade = Scenario(
    name: "firmware-cascade", family: "D",
    summary:
      "a bad release reaches a cohort, its reconnects overload the cloud, healthy devices lose service",
    modelledOn: """
      AT&T Mobility, 22 February 2024 (simultaneous loss, then hours of registration congestion) and Rivian 2023.42 \
      (a bad over-the-air build, halted after 90 minutes). Synthetic data.
      """,
    start: Instant(nanoseconds: 1_740_187_800_000_000_000),  // 2025-02-22T01:30:00Z
    duration: 10_800,
    unfold: FirmwareCascade.unfold,
    failuresUnderPolicy: FirmwareCascade.failures)
}

/// The story behind `Scenario.firmwareCascade`.
enum FirmwareCascade {
  /// Constants of one run, all drawn from the seed.
  private struct Draw {
    let scale: Double
    let conjunction: Bool
    let breakShare: Double
    let breakMean: Double
    let downloadMean: Double
    let overloadShare: Double

    init(_ chance: Chance, window: Range<Int64>) {
      // Chains that take 40 minutes in a 3 h window must fit a short one as well.
      scale = min(1, Double(window.upperBound - window.lowerBound) / 10_800e9)
      conjunction = chance.below(3, -1, .story, 1) == 0
      breakShare = chance.uniform(0.72..<0.96, -1, .story, 2)
      breakMean = chance.uniform(70..<260, -1, .story, 3)
      downloadMean = chance.uniform(240..<540, -1, .story, 4)
      overloadShare = chance.uniform(0.25..<0.45, -1, .story, 5)
    }
  }

  /// Models that get the release.
  private static func isTarget(_ device: Int, _ fleet: Fleet) -> Bool {
    fleet.ring[device] != 2 && (fleet.model[device] == 0 || fleet.model[device] == 2)
  }

  private static func isSusceptible(_ device: Int, _ fleet: Fleet, _ draw: Draw, _ chance: Chance) -> Bool {
    (!draw.conjunction || fleet.hardware[device] == 3) && chance.unit(device, .breaks) < draw.breakShare
  }

  /// Seconds from being offered the release to running it.
  private static func downloadDelay(_ device: Int, _ draw: Draw, _ chance: Chance) -> Double {
    min(2400, 15 + chance.exponential(device, .download) * draw.downloadMean) * draw.scale
  }

  /// Seconds from running it to failing.
  private static func breakDelay(_ device: Int, _ draw: Draw, _ chance: Chance) -> Double {
    (25 + chance.rayleigh(device, .breakDelay) * draw.breakMean) * draw.scale
  }

  /// When a device loses its session at an overloaded broker, or `never`.
  private static func lossTime(_ device: Int, brokerOnset: Int64, _ draw: Draw, _ chance: Chance) -> Int64 {
    guard brokerOnset != Course.never, chance.unit(device, .victim) < 0.88 else { return Course.never }
    return brokerOnset + nanoseconds((4 + 80 * chance.exponential(device, .victimDelay)) * draw.scale)
  }

  static func unfold(_ fleet: inout Fleet, _ window: Range<Int64>, _ chance: Chance) -> Course {
    let draw = Draw(chance, window: window)
    let length = Double(window.upperBound - window.lowerBound) / 1e9
    let trigger = window.lowerBound + nanoseconds(length * chance.uniform(0.33..<0.45, -1, .story, 6))
    var course = Course(entities: fleet.count, window: window, trigger: trigger)
    course.addDecoys(fleet, chance)
    course.updated = Array(repeating: Course.never, count: fleet.deviceCount)

    // What the release does to the cohort by itself.
    var breaks: [(time: Int64, device: Int)] = []
    for device in 0..<fleet.deviceCount
    where isTarget(device, fleet) && course.mode[device] != .unrelated {
      let updated = trigger + nanoseconds(downloadDelay(device, draw, chance))
      course.updated[device] = updated
      course.rolloutOrder.append(Int32(device))
      if isSusceptible(device, fleet, draw, chance) {
        breaks.append((updated + nanoseconds(breakDelay(device, draw, chance)), device))
      }
    }
    course.rolloutOrder.sort { chance.bits(Int($0), .download, 9) < chance.bits(Int($1), .download, 9) }
    breaks.sort { ($0.time, $0.device) < ($1.time, $1.device) }

    let overload = overloads(of: breaks, fleet, draw, chance)
    for broker in fleet.brokers {
      let at = overload.brokers[broker - fleet.brokers.lowerBound]
      guard at.time != Course.never else { continue }
      course.fail(broker, at: at.time, by: at.parent, mode: .loud)
    }
    if overload.cloud.time != Course.never {
      course.fail(fleet.cloud, at: overload.cloud.time, by: overload.cloud.parent, mode: .loud)
      let blind = overload.cloud.time + nanoseconds(chance.uniform(50..<150, -1, .story, 8) * draw.scale)
      course.fail(fleet.monitor, at: blind, by: fleet.cloud, mode: .loud)
    }

    // Whoever hits the overloaded broker first is its victim; a device that has not updated by then cannot any more.
    var lost = Array(repeating: Course.never, count: fleet.deviceCount)
    for device in 0..<fleet.deviceCount {
      lost[device] = lossTime(device, brokerOnset: course.onset[fleet.broker(of: device)], draw, chance)
      if course.updated[device] > lost[device] { course.updated[device] = Course.never }
    }
    var failedAlready = Array(repeating: false, count: fleet.deviceCount)
    for (time, device) in breaks where course.updated[device] != Course.never && time <= lost[device] {
      failedAlready[device] = true
      let shows = chance.unit(device, .mode)
      let mode: Course.Mode = shows < 0.35 ? .loud : shows < 0.7 ? .lastWord : .silent
      course.fail(device, at: time, by: fleet.updateService, mode: mode)
    }
    for device in 0..<fleet.deviceCount where !failedAlready[device] && lost[device] != Course.never {
      course.fail(device, at: lost[device], by: fleet.broker(of: device), mode: .deprived)
    }
    for device in 0..<fleet.deviceCount where course.updated[device] < window.upperBound {
      fleet.firmware[device] = 255
    }
    describe(&course, fleet, breaks.map(\.device).filter { failedAlready[$0] }, overload, draw)
    return course
  }

  private struct Overloads {
    var brokers: [(time: Int64, parent: Int)]
    var cloud: (time: Int64, parent: Int)
    /// Failing devices of the region before each broker's overload.
    var pushers: [[Int]]
  }

  /// When the reconnects of failed devices are too many for each broker, then for the session service, then,
  /// through it, for brokers that had none of their own.
  private static func overloads(
    of breaks: [(time: Int64, device: Int)], _ fleet: Fleet, _ draw: Draw, _ chance: Chance
  ) -> Overloads {
    var members = Array(repeating: 0, count: fleet.regionCount)
    for device in 0..<fleet.deviceCount { members[fleet.region(of: device)] += 1 }
    var brokers = Array(repeating: (time: Course.never, parent: -1), count: fleet.regionCount)
    var pushers = Array(repeating: [Int](), count: fleet.regionCount)
    // A broker bears so many clients that reconnect at once: a share of those it could expect to.
    let expected = draw.breakShare * 0.41 * (draw.conjunction ? 0.34 : 1)
    for (time, device) in breaks {
      let region = fleet.region(of: device)
      guard brokers[region].time == Course.never else { continue }
      pushers[region].append(device)
      let bound = max(3, Int(Double(members[region]) * expected * draw.overloadShare))
      if pushers[region].count >= bound {
        let lag = chance.uniform(6..<30, fleet.brokers.lowerBound + region, .detail) * draw.scale
        brokers[region] = (time + nanoseconds(lag), device)
      }
    }
    var order = Array(fleet.brokers)
    order.sort {
      (brokers[$0 - fleet.brokers.lowerBound].time, $0) < (brokers[$1 - fleet.brokers.lowerBound].time, $1)
    }
    let first = order[0]
    let firstTime = brokers[first - fleet.brokers.lowerBound].time
    guard firstTime != Course.never else {
      return Overloads(brokers: brokers, cloud: (Course.never, -1), pushers: [])
    }
    let cloudTime = firstTime + nanoseconds(chance.uniform(25..<90, -1, .story, 7) * draw.scale)
    for region in 0..<fleet.regionCount {
      let byCloud = cloudTime + nanoseconds(chance.uniform(60..<240, region, .detail, 1) * draw.scale)
      if brokers[region].time > byCloud { brokers[region] = (byCloud, fleet.cloud) }
    }
    return Overloads(brokers: brokers, cloud: (cloudTime, first), pushers: pushers)
  }

  /// Fills in origins, cause, phases and the parents that would do as well.
  private static func describe(
    _ course: inout Course, _ fleet: Fleet, _ cohort: [Int], _ overload: Overloads, _ draw: Draw
  ) {
    course.firstWave = cohort.prefix(3).filter { course.failed($0) }
    course.origins = course.firstWave + [fleet.updateService]
    course.primaryOrigin = fleet.updateService
    guard !course.firstWave.isEmpty else {
      course.origins = []
      course.primaryOrigin = nil
      return
    }
    course.commonCause = [("firmware", Fleet.newFirmware)]
    if draw.conjunction { course.commonCause.append(("hardware", "r3")) }
    course.phases = [("trigger", course.trigger)]
    func phase(_ name: String, _ times: some Sequence<Int64>) {
      if let start = times.min(), start < course.window.upperBound { course.phases.append((name, start)) }
    }
    phase("mass_update", course.updated)
    phase("device_failure", course.firstWave.map { course.onset[$0] })
    phase("cloud_overload", (Array(fleet.brokers) + [fleet.cloud]).map { course.onset[$0] })
    var losses: [Int64] = []
    for device in 0..<fleet.deviceCount where course.mode[device] == .deprived {
      losses.append(course.onset[device])
    }
    phase("connectivity_loss", losses)
    phase("monitoring_failure", [course.onset[fleet.monitor]])
    for (region, devices) in overload.pushers.enumerated() {
      let broker = fleet.brokers.lowerBound + region
      guard course.failed(broker), overload.brokers[region].parent != fleet.cloud else { continue }
      let onset = course.onset[broker]
      // Any failure of the last two minutes pushed as hard as the one that happened to be the last straw.
      let near = devices.filter { course.failed($0) && course.onset[$0] > onset - 120_000_000_000 }
      course.acceptableParents.append((broker, near.sorted()))
    }
  }

  /// Number of entities that would have failed under another rollout policy, with the same dice for each device.
  static func failures(_ fleet: Fleet, _ course: Course, _ policy: RolloutPolicy, _ chance: Chance) -> Int {
    let draw = Draw(chance, window: course.window)
    let order = course.rolloutOrder.map(Int.init)
    var done = 0
    var waveStart = 0.0
    var breaks: [(time: Int64, device: Int)] = []
    for share in policy.waves {
      let end = min(order.count, max(done + 1, Int((Double(order.count) * share).rounded(.up))))
      guard done < end else { break }
      for device in order[done..<end] where isSusceptible(device, fleet, draw, chance) {
        let delay = downloadDelay(device, draw, chance) + breakDelay(device, draw, chance)
        breaks.append((course.trigger + nanoseconds(waveStart + delay), device))
      }
      done = end
      waveStart += policy.soak
      let decision = course.trigger + nanoseconds(waveStart)
      let failedByNow = breaks.count { $0.time <= decision }
      if Double(failedByNow) > policy.haltAbove * Double(done) { break }
    }
    breaks.sort { ($0.time, $0.device) < ($1.time, $1.device) }
    let overload = overloads(of: breaks, fleet, draw, chance)
    var failed = overload.brokers.count { $0.time != Course.never }
    if overload.cloud.time != Course.never { failed += 2 }
    var breakTime = Array(repeating: Course.never, count: fleet.deviceCount)
    for (time, device) in breaks { breakTime[device] = time }
    for device in 0..<fleet.deviceCount {
      let lost = lossTime(device, brokerOnset: overload.brokers[fleet.region(of: device)].time, draw, chance)
      if course.mode[device] != .unrelated && (breakTime[device] != Course.never || lost != Course.never) {
        failed += 1
      }
    }
    return failed
  }
}
