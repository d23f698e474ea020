import IncidentModel

/// Something that others depend on stops: a gateway, a broker, or the token issuer behind everything.
extension Scenario {
  static let dependencyFailure = Scenario(
    name: "dependency-failure", family: "C",
    summary: "a gateway, a broker or the token issuer stops and takes down whatever depends on it",
    modelledOn: """
      outages of a shared dependency as cloud operators describe them (for one: Google Cloud, 14 December 2020, an \
      identity service out of quota). Synthetic data.
      """,
    start: Instant(nanoseconds: 1_734_163_200_000_000_000),  // 2024-12-14T08:00:00Z
    duration: 7200,
    unfold: DependencyFailure.unfold, failuresUnderPolicy: nil)

  static let certificateExpiry = Scenario(
    name: "certificate-expiry", family: "C",
    summary: "the session service's certificate ends and every device drops within a second",
    modelledOn: "Wink, 18 April 2015 (certificate expired, all hubs in one second). Synthetic data.",
    start: Instant(nanoseconds: 1_744_963_200_000_000_000),  // 2025-04-18T08:00:00Z
    duration: 7200,
    unfold: DependencyFailure.unfoldExpiry, failuresUnderPolicy: nil)

  static let quiet = Scenario(
    name: "quiet", family: "none",
    summary: "nothing happens but a few unrelated failures: the answer is that there is no incident",
    modelledOn: "an ordinary night. Synthetic data.",
    start: Instant(nanoseconds: 1_748_736_000_000_000_000),  // 2025-06-01T00:00:00Z
    duration: 7200,
    unfold: { fleet, window, chance in
      var course = Course(entities: fleet.count, window: window, trigger: window.lowerBound)
      course.addDecoys(fleet, chance)
      return course
    }, failuresUnderPolicy: nil)
}

/// The stories behind `Scenario.dependencyFailure` and `Scenario.certificateExpiry`.
enum DependencyFailure {
  /// A moment in the middle of the window.
  private static func trigger(_ window: Range<Int64>, _ chance: Chance) -> Int64 {
    let length = Double(window.upperBound - window.lowerBound) / 1e9
    return window.lowerBound + nanoseconds(length * chance.uniform(0.35..<0.6, -1, .story, 6))
  }

  static func unfold(_ fleet: inout Fleet, _ window: Range<Int64>, _ chance: Chance) -> Course {
    var course = Course(entities: fleet.count, window: window, trigger: trigger(window, chance))
    course.addDecoys(fleet, chance)
    let lag = chance.uniform(15..<80, -1, .story, 1)
    let origin: Int
    switch chance.below(3, -1, .story, 2) {
    case 0:
      // The fullest kind of gateway; the last one may have a single device.
      origin = fleet.gateways.lowerBound + chance.below(max(1, fleet.gatewayCount - 1), -1, .story, 3)
      course.fail(origin, at: course.trigger, by: -1, mode: .loud)
      takeDevices(of: origin, from: course.trigger, lag, fleet, chance, &course)
    case 1:
      origin = fleet.brokers.lowerBound + chance.below(fleet.regionCount, -1, .story, 3)
      course.fail(origin, at: course.trigger, by: -1, mode: .lastWord)
      takeGateways(of: origin, lag, fleet, chance, &course)
    default:
      origin = fleet.identity
      course.fail(origin, at: course.trigger, by: -1, mode: .silent)
      let cloud = course.trigger + nanoseconds(chance.uniform(4..<40, -1, .story, 4))
      course.fail(fleet.cloud, at: cloud, by: origin, mode: .deprived)
      for broker in fleet.brokers {
        let at = cloud + nanoseconds(chance.uniform(5..<90, broker, .detail))
        course.fail(broker, at: at, by: fleet.cloud, mode: .deprived)
        takeGateways(of: broker, lag, fleet, chance, &course)
      }
    }
    course.origins = [origin]
    course.primaryOrigin = origin
    return course
  }

  private static func takeGateways(
    of broker: Int, _ lag: Double, _ fleet: Fleet, _ chance: Chance, _ course: inout Course
  ) {
    guard course.failed(broker) else { return }
    for gateway in fleet.gateways where fleet.broker(of: gateway) == broker {
      guard chance.unit(gateway, .victim) < 0.95 else { continue }
      let at = course.onset[broker] + nanoseconds(3 + lag * 0.4 * chance.exponential(gateway, .victimDelay))
      course.fail(gateway, at: at, by: broker, mode: .deprived)
      if course.failed(gateway) { takeDevices(of: gateway, from: at, lag, fleet, chance, &course) }
    }
  }

  private static func takeDevices(
    of gateway: Int, from start: Int64, _ lag: Double, _ fleet: Fleet, _ chance: Chance,
    _ course: inout Course
  ) {
    for device in fleet.devices(of: gateway) where chance.unit(device, .victim) < 0.93 {
      let at = start + nanoseconds(2 + lag * chance.exponential(device, .victimDelay))
      course.fail(device, at: at, by: gateway, mode: chance.unit(device, .mode) < 0.15 ? .silent : .deprived)
    }
  }

  static func unfoldExpiry(_ fleet: inout Fleet, _ window: Range<Int64>, _ chance: Chance) -> Course {
    var course = Course(entities: fleet.count, window: window, trigger: trigger(window, chance))
    course.addDecoys(fleet, chance)
    course.fail(fleet.cloud, at: course.trigger, by: -1, mode: .lastWord)
    for device in 0..<fleet.deviceCount where chance.unit(device, .victim) < 0.97 {
      let at = course.trigger + nanoseconds(0.02 + 0.9 * chance.unit(device, .victimDelay))
      course.fail(device, at: at, by: fleet.cloud, mode: .deprived)
    }
    course.origins = [fleet.cloud]
    course.primaryOrigin = fleet.cloud
    return course
  }
}
