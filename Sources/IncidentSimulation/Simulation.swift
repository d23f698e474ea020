import IncidentModel

/// What a simulation wrote.
public struct SimulationSummary: Sendable {
  /// Entities in the fleet, gateways and services included.
  public let entities: Int
  /// Entities that failed in the incident.
  public let failed: Int
  /// Events in the evidence (lines, CSV headers not counted).
  public let events: Int
  /// Log files, members of archives counted singly.
  public let files: Int
  /// Uncompressed bytes of the evidence.
  public let bytes: Int
}

/// A simulated incident: a fleet, what happened to it, and what was written about it.
///
/// Deterministic: the settings decide every byte (compressed files also depend on the version of zlib).
public struct Simulation: Sendable {
  /// The settings.
  public let settings: SimulationSettings
  /// The scenario.
  public let scenario: Scenario
  let fleet: Fleet
  let course: Course
  let chance: Chance
  let missing: Double
  let maximumSkew: Double
  let topologyKept: Double

  /// The six policies whose outcome the truth states; the first is the one of `counterfactual`.
  public static let policies: [RolloutPolicy] = [
    RolloutPolicy(waves: [0.01, 0.1, 1], soak: 3600, haltAbove: 0.05),
    RolloutPolicy(waves: [0.01, 0.1, 1], soak: 120, haltAbove: 0.05),
    RolloutPolicy(waves: [0.05, 0.25, 1], soak: 600, haltAbove: 0.02),
    RolloutPolicy(waves: [0.2, 1], soak: 1800, haltAbove: 0.1),
    RolloutPolicy(waves: [0.25, 0.5, 1], soak: 300, haltAbove: 0.2),
    RolloutPolicy(waves: [0.1, 0.3, 0.6, 1], soak: 60, haltAbove: 0.05),
  ]

  /// Decides what happens. Throws for settings out of range and unknown scenarios.
  public init(_ settings: SimulationSettings) throws(SimulationError) {
    try settings.validate()
    guard let scenario = Scenario.named(settings.scenario) else {
      let known = Scenario.all.map(\.name).joined(separator: ", ")
      throw SimulationError(.invalidSetting, "no scenario '\(settings.scenario)'; there are: \(known)")
    }
    self.settings = settings
    self.scenario = scenario
    let chance = Chance(seed: settings.seed)
    self.chance = chance
    missing = settings.missing ?? Double(chance.below(4, -1, .missing)) * 0.1
    maximumSkew = settings.maximumSkew ?? [0, 60, 120, 240][chance.below(4, -1, .skewAmount)]
    topologyKept = settings.topologyKept ?? [1, 1, 0.8, 0.5][chance.below(4, -1, .topology)]
    var fleet = Fleet(
      devices: settings.devices, seed: settings.seed, maximumSkew: maximumSkew, chance: chance)
    let start = (settings.start ?? scenario.start).nanoseconds
    let window = start..<(start + Int64(settings.duration ?? scenario.duration) * 1_000_000_000)
    course = scenario.unfold(&fleet, window, chance)
    self.fleet = fleet
  }

  /// Number of entities that would have failed under another rollout policy; nil where there is no rollout.
  public func failures(under policy: RolloutPolicy) -> Int? {
    scenario.failuresUnderPolicy?(fleet, course, policy, chance)
  }

  /// Writes `evidence/`, `inventory.csv`, `topology.csv`, `truth.json` and `manifest.json` into a new or empty folder.
  /// `progress` gets shares from 0 to 1 and stops the work by returning false. Whatever fails, the folder is empty again.
  public func write(
    to folder: String, progress: (Double) -> Bool = { _ in true }
  ) throws(SimulationError) -> SimulationSummary {
    let output = try OutputFolder(folder)
    do {
      return try write(to: output, progress)
    } catch {
      output.removeContents()
      throw error
    }
  }

  private func write(
    to output: OutputFolder, _ progress: (Double) -> Bool
  ) throws(SimulationError) -> SimulationSummary {
    let testimony = Testimony(fleet: fleet, course: course, chance: chance, missing: missing)
    var (observable, spoken) = testimony.witness()
    // Metrics tell of every unit.
    if scenario.evidence == .metrics { observable = course.onset.indices.filter { course.failed($0) } }
    let wanted = settings.events ?? max(2000, settings.devices * (scenario.evidence == .metrics ? 240 : 60))
    let (period, batchPeriod) = periods(events: max(0, wanted - spoken))
    let chatter = Chatter(
      fleet: fleet, course: course, chance: chance, missing: missing, period: period, batchPeriod: batchPeriod
    )
    var writer = EvidenceWriter(
      fleet: fleet, course: course, chance: chance, testimony: testimony, chatter: chatter, output: output,
      expectedEvents: wanted, damage: settings.damage,
      onlyMetrics: scenario.evidence == .metrics)
    try writer.writeAll(progress: progress)
    let headers = writer.entries.count { $0.format == "csv" }
    let events = writer.entries.reduce(0) { $0 + $1.lines } - headers
    let documents = Documents(
      fleet: fleet, course: course, chance: chance, output: output, modified: course.window.upperBound)
    try documents.writeInventory()
    try documents.writeTopology(kept: topologyKept)
    try documents.writeTruth(
      Documents.Facts(
        caseName: "\(scenario.name)-\(settings.devices)-\(settings.seed)", scenario: scenario,
        observable: observable, events: events, missing: missing, maximumSkew: maximumSkew,
        topologyKept: topologyKept, seed: settings.seed,
        counterfactuals: Simulation.policies.compactMap { policy in
          failures(under: policy).map { (policy, $0) }
        }))
    try writeManifest(writer, events: events, output)
    return SimulationSummary(
      entities: fleet.count, failed: course.onset.count { $0 != Course.never }, events: events,
      files: writer.entries.count, bytes: writer.entries.reduce(0) { $0 + $1.bytes })
  }

  /// Nanoseconds between two beats of a device and between two batches of a gateway, so that all of them leave
  /// about so many events.
  private func periods(events: Int) -> (beat: Int64, batch: Int64) {
    // Gateways speak every two minutes, but get at most a tenth of the events.
    let window = Double(course.window.upperBound - course.window.lowerBound)
    let perBatch = Chatter.eventsPerBatch(missing: missing)
    let gatewayTime = Double(fleet.gatewayCount) * window
    let batch = max(120e9, gatewayTime * perBatch / max(1, Double(events) * 0.1))
    let (near, far) = Chatter.eventsPerBeat(missing: missing)
    var eventTime = 0.0
    for device in 0..<fleet.deviceCount {
      let silent = min(course.silentFrom(device), course.window.upperBound) - course.window.lowerBound
      let cutOff = min(course.cutOffFrom(device), course.window.upperBound) - course.window.lowerBound
      eventTime += near * Double(silent) + far * Double(cutOff)
    }
    let left = max(1, Double(events) - gatewayTime / batch * perBatch)
    return (max(1_000_000, Int64(eventTime / left)), Int64(batch))
  }

  private func writeManifest(
    _ writer: EvidenceWriter, events: Int, _ output: OutputFolder
  ) throws(SimulationError) {
    var stream = try output.open("manifest.json")
    var out = ByteBuffer()
    out.put("{\"schema\":\"firebreak.simulation/1\",\n\"synthetic\":true,\n\"scenario\":\"")
    out.put(text: scenario.name)
    out.put("\",\n\"modelled_on\":\"")
    out.put(text: scenario.modelledOn)
    out.put("\",\n\"devices\":")
    out.putDecimal(settings.devices)
    out.put(",\n\"seed\":")
    out.put(text: String(settings.seed))
    out.put(",\n\"window\":[\"")
    CalendarText.putRFC3339(course.window.lowerBound, &out)
    out.put("\",\"")
    CalendarText.putRFC3339(course.window.upperBound, &out)
    out.put("\"],\n\"events\":")
    out.putDecimal(events)
    out.put(",\n\"damage\":[")
    for (index, damage) in writer.damaged.enumerated() {
      out.put(index == 0 ? "\n" : ",\n")
      out.put(text: "{\"path\":\"\(damage.path)\",\"kind\":\"\(damage.kind)\"}")
    }
    out.put("],\n\"sources\":[")
    for (index, entry) in writer.entries.enumerated() {
      out.put(index == 0 ? "\n" : ",\n")
      out.put(
        text: """
          {"path":"\(entry.path)","format":"\(entry.format)","lines":\(entry.lines),"bytes":\(entry.bytes)}
          """)
      try stream.drain(&out)
    }
    out.put("]}\n")
    try stream.drain(&out, above: 0)
    try stream.close(modified: course.window.upperBound)
  }
}

extension Testimony {
  /// Which failed entities anybody wrote anything about, and how many messages the incident left in all.
  func witness() -> (observable: [Int], records: Int) {
    var observable: [Int] = []
    var total = 0
    var records: [Record] = []
    for entity in 0..<fleet.count {
      var seen = false
      for place in [Place.gateway, .broker, .updateService, .cloud, .monitor] {
        records.removeAll(keepingCapacity: true)
        collect(entity, place, into: &records)
        total += records.count
        if records.contains(where: \.utterance.isTestimony) { seen = true }
      }
      if seen && course.failed(entity) { observable.append(entity) }
    }
    return (observable, total)
  }
}
