import CascadeAnalysis
import IncidentModel
import PlaybookModel

@testable import PostmortemReport

/// A made-up incident: a firmware campaign, devices that fail, a broker that drowns, a monitor that goes blind.
/// Everything is arithmetic on an index, so that each run of the tests sees the same.
struct SyntheticCase {
  var facts = CaseFacts()
  var trace = Trace()
  static let start = Instant(rfc3339: "2026-04-07T09:00:00Z")!
  static let minute: Int64 = 60_000_000_000
  /// The one that most tests use, made once.
  static let standard = SyntheticCase()
  /// Put into every text that evidence can reach; empty in an ordinary case.
  var hostile = ""

  static func at(_ minutes: Double) -> Instant { start.adding(seconds: minutes * 60) }

  init(devices: Int = 120, failing: Int = 60, hostile: String = "", withRun: Bool = true) {
    self.hostile = hostile
    facts.toolVersion = "firebreak 0.1.0"
    facts.caseName = "plant-outage" + hostile
    facts.inputDigest = hex(sha256(Array("synthetic".utf8)))
    facts.traceNumber = 3
    var inventory = Inventory(attributes: ["site", "model", "firmware", "kind"])
    for index in 0..<devices {
      inventory.append(
        device: name(index),
        row: [
          "plant-0\(index % 5)\(hostile)", index % 3 == 0 ? "AX-2" : "BX-1",
          index < failing ? "2.4.1" : "2.3.9", "sensor",
        ])
    }
    inventory.append(device: "broker-1", row: ["core", "VM", "1", "broker"])
    inventory.append(device: "monitor-1", row: ["core", "VM", "1", "monitor"])
    facts.inventory = inventory
    facts.speakingDevices = devices + 3
    build(devices: devices, failing: failing)
    if withRun { facts.runs = Self.run() }
  }

  func name(_ index: Int) -> String { "gw-\(index / 20)-s\(index)\(hostile)" }

  private mutating func build(devices: Int, failing: Int) {
    var evidence = IncidentEvidence()
    evidence.devices = (0..<devices).map(name) + ["broker-1", "monitor-1", "updater"]
    evidence.inventory = facts.inventory
    evidence.templateTexts = [
      "heartbeat ok" + hostile, "kernel panic: watchdog <*>" + hostile, "campaign <*> started",
      "connection overload <*>",
      "ALERT fleet offline <*>", "connecting to broker",
    ]
    evidence.templatePrograms = Array(repeating: "app", count: 6)
    struct Row { var time: Int64, device: Int32, template: Int32, severity: UInt8 }
    var rows: [Row] = []
    let (broker, monitor, updater) = (Int32(devices), Int32(devices + 1), Int32(devices + 2))
    for index in 0..<devices {
      for tick in 0..<60 {
        let time = Self.at(-70 + Double(tick) * 5 + Double(index % 50) / 10)
        let fails = index < failing && time >= onset(index) && time < recovery(index)
        if !fails { rows.append(Row(time: time.nanoseconds, device: Int32(index), template: 0, severity: 6)) }
      }
      rows.append(
        Row(time: Self.at(-60 + Double(index)).nanoseconds, device: Int32(index), template: 5, severity: 6))
    }
    rows.append(Row(time: Self.at(0).nanoseconds, device: updater, template: 2, severity: 6))
    for index in 0..<failing {
      rows.append(Row(time: onset(index).nanoseconds, device: Int32(index), template: 1, severity: 3))
      for attempt in 0..<4 {
        let time = onset(index).adding(seconds: 20 + Double(attempt) * 0.2)
        rows.append(Row(time: time.nanoseconds, device: Int32(index), template: 5, severity: 6))
      }
    }
    rows.append(Row(time: Self.at(32).nanoseconds, device: broker, template: 3, severity: 2))
    rows.append(Row(time: Self.at(34).nanoseconds, device: monitor, template: 4, severity: 1))
    rows.sort { ($0.time, $0.device, $0.template) < ($1.time, $1.device, $1.template) }
    var idOf: [String: EventID] = [:]
    for (position, row) in rows.enumerated() {
      let id = Int64(position + 1)
      evidence.eventIDs.append(id)
      evidence.times.append(row.time)
      evidence.eventDevices.append(row.device)
      evidence.eventTemplates.append(row.template)
      evidence.severities.append(row.severity)
      evidence.identityBases.append(2)
      evidence.timeErrorLog2.append(20)
      if row.template != 0, row.template != 5 {
        idOf["\(row.device)/\(row.template)"] = EventID(rawValue: id)
      }
    }
    facts.eventCount = rows.count
    facts.oldestEvidence = Instant(nanoseconds: rows.first?.time ?? 0)
    facts.newestEvidence = Instant(nanoseconds: rows.last?.time ?? 0)
    facts.eventsByTimeQuality = [.exact: rows.count]
    trace.incidents =
      failing > 0 ? [incident(failing, idOf, broker: broker, monitor: monitor, updater: updater)] : []
    facts.signals = IncidentSignals(evidence: evidence, incident: trace.incidents.first)
    let source = SourceDescription(path: "logs\(hostile).zip", members: ["gw\(hostile)/syslog.1.gz"])
    let digest = hex(sha256(Array("logs".utf8)))
    for (position, row) in rows.enumerated() {
      let id = EventID(rawValue: Int64(position + 1))
      facts.events[id] = CitedEvent(
        id: id, time: Instant(nanoseconds: row.time), quality: .exact,
        device: evidence.devices[Int(row.device)],
        basis: .selfAsserted, severity: Severity(rawValue: row.severity),
        message: Array((evidence.templateTexts[Int(row.template)] + hostile).utf8),
        place: EvidenceReference(
          source: source, sha256: digest, line: UInt64(position + 1), byteOffset: UInt64(position * 80),
          byteLength: 80))
    }
    var tally = Tally()
    tally.events = UInt64(rows.count)
    tally.refused = 2
    var bytes = Tally()
    bytes.events = UInt64(rows.count * 80)
    bytes.refused = 160
    var account = SourceAccount(
      description: source, sha256: digest, format: "syslog-rfc5424", storedBytes: 9000, bytes: bytes.total,
      bytesBy: bytes,
      linesBy: tally)
    account.damage = [
      Damage(kind: "gzip-truncated", offset: 81920, length: nil, note: "gzip data ends early\(hostile)")
    ]
    account.decisions = [IntakeDecision(subject: "zone", value: "UTC", reason: "given\(hostile)")]
    facts.sources = [account]
  }

  func onset(_ index: Int) -> Instant {
    // Doubles about every four minutes.
    var minutes = 4.0
    var count = 1
    while count <= index {
      count *= 2
      minutes += 4
    }
    return Self.at(minutes + Double(index % 7) * 0.3)
  }
  func recovery(_ index: Int) -> Instant { Self.at(70 + Double(index) / 2) }

  private func incident(
    _ failing: Int, _ idOf: [String: EventID], broker: Int32, monitor: Int32, updater: Int32
  ) -> Incident {
    var incident = Incident()
    func events(_ device: Int32, _ template: Int) -> [EventID] {
      idOf["\(device)/\(template)"].map { [$0] } ?? []
    }
    for index in 0..<failing {
      let time = onset(index)
      incident.onsets.append(
        Onset(
          device: name(index), time: time, interval: time.adding(seconds: -2)...time.adding(seconds: 2),
          kind: .log,
          probability: 0.98, evidence: events(Int32(index), 1), basis: .selfAsserted))
      incident.edges.append(
        SpreadEdge(
          from: index < 6 ? "updater" : name((index - 6) / 3), to: name(index),
          kind: index < 6 ? .change : .link,
          probability: index % 4 == 0 ? 0.93 : 0.6, evidence: events(Int32(index), 1)))
    }
    let brokerTime = Self.at(32)
    incident.onsets.append(
      Onset(
        device: "broker-1", time: brokerTime, interval: brokerTime...brokerTime, kind: .log,
        probability: 0.99,
        evidence: events(broker, 3), basis: .authenticated))
    incident.onsets.sort { ($0.time, $0.device) < ($1.time, $1.device) }
    incident.origins = [
      OriginCandidate(
        device: "updater\(hostile)", probability: 0.81,
        reasonsFor: ["announced the campaign before 60 receivers failed\(hostile)"],
        reasonsAgainst: ["its own log ends at 09:00\(hostile)"], evidence: events(updater, 2),
        counterEvidence: []),
      OriginCandidate(
        device: name(0), probability: 0.11, reasonsFor: ["first onset"], reasonsAgainst: [],
        evidence: events(0, 1),
        counterEvidence: []),
    ]
    incident.changes = [
      ChangeEvent(
        template: "campaign <*> started\(hostile)", actor: "updater", start: Self.at(0),
        devices: (0..<failing).map(name),
        failedShare: 0.97, failedShareOfOthers: 0.01, evidence: events(updater, 2))
    ]
    incident.commonCause = CommonCause(
      terms: [.init(attribute: "firmware", value: "2.4.1\(hostile)")], probability: 0.94,
      exposed: failing + 1,
      exposedFailed: failing, others: 60, othersFailed: 1)
    incident.phases = [
      Phase(name: .trigger, start: Self.at(0), evidence: events(updater, 2)),
      Phase(name: .deviceFailure, start: onset(0), evidence: events(0, 1)),
      Phase(name: .cloudOverload, start: brokerTime, evidence: events(broker, 3)),
      Phase(name: .monitoringFailure, start: Self.at(33), evidence: events(monitor, 4)),
    ]
    return incident
  }

  static func run() -> [RunRecord] {
    var records: [RunRecord] = []
    func add(
      _ minutes: Double, _ kind: RunRecord.Kind, step: String? = nil, target: String? = nil,
      outcome: RunRecord.Outcome? = nil,
      _ detail: String = ""
    ) {
      records.append(
        RunRecord(
          run: "run-1", sequence: records.count + 1, wallTime: at(minutes).nanoseconds, monotonicTime: 0,
          kind: kind,
          step: step, target: target, outcome: outcome, detail: detail))
    }
    let step = "action--3b1f0c52-0000-4000-8000-000000000001"
    add(40, .runStarted, "isolate-device")
    add(46, .approved, "by ops")
    add(46.2, .stepStarted, step: step)
    for (index, outcome) in [RunRecord.Outcome.changed, .changed, .failed, .skipped].enumerated() {
      add(46.3 + Double(index), .intent, step: step, target: "gw-0-s\(index)")
      add(46.6 + Double(index), .result, step: step, target: "gw-0-s\(index)", outcome: outcome)
    }
    add(51, .intent, step: step, target: "gw-0-s9")
    add(52, .stepFinished, step: step)
    add(52, .runFinished)
    return records
  }

  func report(_ audience: Audience = .engineer) -> Report {
    Report(facts: facts, trace: trace, options: ReportOptions(audience: audience, sha256: sha256))
  }
}
