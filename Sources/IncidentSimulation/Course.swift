/// What truly happened to every entity, whether anybody wrote it down or not. Times are nanoseconds since the epoch.
struct Course: Sendable {
  /// How an entity's failure shows.
  enum Mode: UInt8 {
    /// Did not fail.
    case none
    /// Complains and goes on complaining.
    case loud
    /// One last word, then silence.
    case lastWord
    /// Silence; somebody else reports it later.
    case silent
    /// Loses its service through no fault of its own, and says so.
    case deprived
    /// Compromised: works on, for somebody else.
    case compromised
    /// Slow and full of errors, by its metrics.
    case degraded
    /// Unrelated failure.
    case unrelated
  }

  /// Stands for "never".
  static let never = Int64.max

  /// Onset of the incident's effect, or `never`.
  var onset: [Int64]
  /// The entity that took it down, or -1.
  var parent: [Int32]
  /// How it shows.
  var mode: [Mode]
  /// When a device switched to the new firmware, or `never`; empty where the scenario has no rollout.
  var updated: [Int64] = []
  /// Onset of an unrelated failure by device, in order of device.
  var decoys: [(device: Int, time: Int64)] = []
  /// The same by device.
  var decoyTime: [Int: Int64] = [:]
  /// Other parents that would have done as well.
  var acceptableParents: [(child: Int, parents: [Int])] = []
  /// True origins, and the most telling one.
  var origins: [Int] = []
  var primaryOrigin: Int?
  /// The first failures of a rollout.
  var firstWave: [Int] = []
  /// What the failed share.
  var commonCause: [(attribute: String, value: String)] = []
  /// Named phases in order.
  var phases: [(name: String, start: Int64)] = []
  /// Contact links, where the scenario spreads over some.
  var links: [(Int32, Int32)] = []
  /// Moment of the trigger.
  var trigger: Int64
  /// Instant of the first and the last thing that can be in the evidence.
  var window: Range<Int64>
  /// Devices the rollout was meant for, in its order.
  var rolloutOrder: [Int32] = []

  init(entities: Int, window: Range<Int64>, trigger: Int64) {
    onset = Array(repeating: Course.never, count: entities)
    parent = Array(repeating: -1, count: entities)
    mode = Array(repeating: .none, count: entities)
    self.window = window
    self.trigger = trigger
  }

  /// Marks an entity as failed, unless it would be after the window.
  mutating func fail(_ entity: Int, at time: Int64, by parent: Int, mode: Mode) {
    guard time < window.upperBound, self.mode[entity] != .unrelated else { return }
    onset[entity] = time
    self.parent[entity] = Int32(parent)
    self.mode[entity] = mode
  }

  /// True when the entity failed within the window.
  func failed(_ entity: Int) -> Bool { onset[entity] != Course.never }

  /// The instant from which a device says nothing more, or `never`.
  func silentFrom(_ entity: Int) -> Int64 {
    switch mode[entity] {
    case .silent, .lastWord: onset[entity]
    case .unrelated: Course.isBattery(entity) ? decoyTime[entity] ?? Course.never : Course.never
    default: Course.never
    }
  }

  /// An unrelated failure is a flat battery (then silence) or a dead sensor.
  static func isBattery(_ device: Int) -> Bool { device % 2 == 0 }

  /// The instant from which nothing of a device reaches its gateway's upstream, or `never`.
  func cutOffFrom(_ entity: Int) -> Int64 {
    mode[entity] == .deprived ? onset[entity] : silentFrom(entity)
  }

  /// Decides which devices fail for reasons of their own: about one in 120, before and during the incident.
  /// They take no part in it. Call before anything else fails.
  mutating func addDecoys(_ fleet: Fleet, _ chance: Chance) {
    let length = Double(window.upperBound - window.lowerBound)
    for device in 0..<fleet.deviceCount where chance.unit(device, .decoy) < 1.0 / 120 {
      let at = window.lowerBound + Int64(chance.uniform(0.1..<0.95, device, .decoyTime) * length)
      decoys.append((device, at))
      decoyTime[device] = at
      mode[device] = .unrelated
    }
  }
}

/// Nanoseconds in so many seconds.
@inline(__always) func nanoseconds(_ seconds: Double) -> Int64 { Int64((seconds * 1e9).rounded()) }
