internal import IncidentModel

/// The phases of the chain, as ordered onsets per class of entity.
///
/// Something is overloaded where the spread tree has nothing else that took it along, and several that hang on it failed before: surely, unless a
/// change is known to have failed them first. A gateway that says "mains lost" in the moment in which its devices vanish is not. Monitoring is
/// blind where something that nobody hangs on tells of its own trouble: of a service that fell silent it is not known what it watched.
struct Phases {
  /// Fewer dependants overload nothing.
  private static let fewestBelow = 3

  private(set) var list: [(name: Phase.Name, time: Double, events: [Int32])] = []

  init(
    _ fleet: Fleet, _ onsets: Onsets, _ members: [Int], _ spread: Spread, change: Change?, cohort: [Double],
    timeline: Timeline
  ) {
    func events(_ device: Int) -> [Int32] { Array(onsets.findings[device]!.events.prefix(3)) }
    func time(_ device: Int) -> Double { onsets.findings[device]!.time }
    func first(_ devices: [Int], after: Double = -.infinity) -> Int? {
      devices.filter { time($0) >= after }.min { (time($0), $0) < (time($1), $1) }
    }
    let plain = members.filter { !fleet.isShared[$0] }
    let serving = Set(
      members.filter { device in
        fleet.isShared[device] && fleet.descendants(of: device).contains { !fleet.isShared[Int($0)] }
      })
    let watching = members.filter {
      fleet.isShared[$0] && !serving.contains($0) && $0 != change?.actor
        && (onsets.findings[$0]!.kind == .log || onsets.findings[$0]!.kind == .metric)
    }
    let takenAlong = Set(spread.best.lazy.filter { $0.kind != .overload }.map(\.to))
    let overloaded = serving.subtracting(takenAlong).filter { provider in
      let finding = onsets.findings[provider]!
      let sure = change == nil ? finding.earliest : finding.time
      return fleet.descendants(of: provider).count { other in
        guard !fleet.isShared[Int(other)], let below = onsets.findings[Int(other)] else { return false }
        return (change == nil ? below.latest : below.time) <= sure
      } >= Self.fewestBelow
    }
    var failureStart = -Double.infinity
    if let change {
      let announced = change.announcement.map { timeline.seconds[Int($0)] }
      let start = announced.map { max($0, change.start) } ?? change.start
      list.append((.trigger, announced ?? change.start, change.announcement.map { [$0] } ?? []))
      if !change.isOrder {
        list.append((.massUpdate, start, Array(change.events.values.sorted().prefix(3))))
      }
      let own = plain.filter { cohort[$0] > 0.5 && time($0) >= start - 5 }
      if let device = first(own) {
        list.append((.deviceFailure, time(device), events(device)))
        failureStart = time(device)
      }
      if let provider = first(Array(serving), after: failureStart) {
        if let overloaded = first(Array(overloaded), after: failureStart) {
          list.append((.cloudOverload, time(overloaded), events(overloaded)))
        }
        let victims = plain.filter { cohort[$0] <= 0.5 }
        if let victim = first(victims, after: time(provider) - 20) {
          list.append((.connectivityLoss, max(time(victim), time(provider)), events(victim)))
        }
      }
    } else if let root = first(members) {
      let isProvider = serving.contains(root)
      list.append((.trigger, time(root), events(root)))
      failureStart = time(root)
      if let next = first(plain.filter { $0 != root }) {
        list.append((isProvider ? .connectivityLoss : .deviceFailure, time(next), events(next)))
      }
      if !isProvider, let provider = first(Array(overloaded)) {
        list.append((.cloudOverload, time(provider), events(provider)))
      }
    }
    if let monitor = first(watching, after: failureStart) {
      list.append((.monitoringFailure, time(monitor), events(monitor)))
    }
    list.sort { $0.time < $1.time }
  }
}
