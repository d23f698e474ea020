import CascadeAnalysis
import IncidentModel
import PlaybookModel
import Testing

@testable import PostmortemReport

/// What is derived from the timeline: relapses, the monitoring's own log, harm to others, stages of a rollout.
struct SignalTests {
  /// A timeline from lines: minute, device, message, severity; and what an event mentions.
  static func evidence(
    _ devices: [String], _ lines: [(minute: Double, device: String, text: String, severity: UInt8)],
    mentions: [Int: String] = [:], roles: [String: String] = [:]
  ) -> IncidentEvidence {
    var evidence = IncidentEvidence()
    evidence.devices = devices
    let sorted = lines.enumerated().sorted { ($0.element.minute, $0.offset) < ($1.element.minute, $1.offset) }
    for (row, entry) in sorted.enumerated() {
      let line = entry.element
      if !evidence.templateTexts.contains(line.text) {
        evidence.templateTexts.append(line.text)
        evidence.templatePrograms.append("app")
      }
      evidence.eventIDs.append(Int64(entry.offset + 1))
      evidence.times.append(SyntheticCase.at(line.minute).nanoseconds)
      evidence.eventDevices.append(Int32(devices.firstIndex(of: line.device) ?? -1))
      evidence.eventTemplates.append(Int32(evidence.templateTexts.firstIndex(of: line.text) ?? 0))
      evidence.severities.append(line.severity)
      if let name = mentions[entry.offset], let device = devices.firstIndex(of: name) {
        evidence.mentionEvents.append(Int32(row))
        evidence.mentionDevices.append(Int32(device))
      }
    }
    var inventory = Inventory(attributes: ["role"])
    for device in devices { inventory.append(device: device, row: [roles[device] ?? "device"]) }
    evidence.inventory = inventory
    return evidence
  }

  static func onset(_ device: String, _ minute: Double, _ event: Int) -> Onset {
    let time = SyntheticCase.at(minute)
    return Onset(
      device: device, time: time, interval: time...time, kind: .log, probability: 0.9,
      evidence: [EventID(rawValue: Int64(event))], basis: .selfAsserted)
  }

  static func material(_ evidence: IncidentEvidence, _ incident: Incident) -> ReportMaterial {
    var facts = CaseFacts()
    facts.inventory = evidence.inventory
    facts.newestEvidence = Instant(nanoseconds: evidence.times.last ?? 0)
    facts.signals = IncidentSignals(evidence: evidence, incident: incident)
    var trace = Trace()
    trace.incidents = [incident]
    return ReportMaterial(facts: facts, trace: trace)
  }

  @Test func countsARelapseAsAnotherIntervalAndNotAsARecovery() throws {
    var lines: [(Double, String, String, UInt8)] = [(0, "a", "watchdog reset", 3)]
    lines += (1...20).map { (Double($0) + 5, "a", "frame sent", 6) }
    lines.append((30, "a", "watchdog reset", 3))
    lines += (0...30).map { (Double($0) + 40, "a", "frame sent", 6) }
    lines.append((-30, "a", "frame sent", 6))
    var incident = Incident()
    incident.onsets = [Self.onset("a", 0, 1)]
    let material = Self.material(Self.evidence(["a"], lines), incident)
    let intervals = try #require(material.picture.intervals)
    #expect(intervals.map { $0.start } == [SyntheticCase.at(0), SyntheticCase.at(30)])
    #expect(intervals.map { $0.end } == [SyntheticCase.at(6), SyntheticCase.at(40)])
    #expect(material.metrics[.relapsed].value == .count(1))
    // Recovered from the last time on, and lost twice.
    #expect(material.metrics.instant(.recovered50) == SyntheticCase.at(40))
    #expect(material.metrics[.deviceHours].value == .number((6.0 + 10) / 60, digits: 1))
    #expect(material.metrics[.stillAffected].value == .count(0))
  }

  @Test func takesAnErrorOfEverydayLifeForNoRelapse() throws {
    var lines: [(Double, String, String, UInt8)] = [
      (0, "a", "watchdog reset", 3), (-20, "a", "disk slow", 3),
    ]
    lines += (1...20).map { (Double($0) + 5, "a", "frame sent", 6) }
    lines.append((31, "a", "disk slow", 3))
    lines.append((60, "a", "frame sent", 6))
    var incident = Incident()
    incident.onsets = [Self.onset("a", 0, 1)]
    let material = Self.material(Self.evidence(["a"], lines), incident)
    #expect(material.picture.intervals?.count == 1)
    #expect(material.metrics[.relapsed].value == .count(0))
  }

  /// A lift that says every two minutes until minute 0 that it runs, fails, and says some lines later on.
  private static func recovery(
    _ later: [(Double, String, UInt8)], usual: UInt8 = 6, until end: Double = 90
  ) throws -> [AffectedInterval] {
    var lines: [(Double, String, String, UInt8)] = [(0, "lift", "brake fault", 3)]
    lines += (1...30).map { (Double($0) * -2, "lift", "car in motion", usual) }
    lines += later.map { ($0.0, "lift", $0.1, $0.2) }
    lines += (0...Int(end)).map { (Double($0), "other", "car in motion", 6) }
    var incident = Incident()
    incident.onsets = [onset("lift", 0, 1)]
    return try #require(material(evidence(["lift", "other"], lines), incident).picture.intervals)
  }

  @Test func takesAWarningForNoRecovery() throws {
    let warnings = (1...40).map { (Double($0), "controller asked again", UInt8(4)) }
    #expect(try Self.recovery(warnings).map(\.end) == [nil])
    let back = warnings + (25...45).map { (Double($0) * 2, "car in motion", UInt8(6)) }
    #expect(try Self.recovery(back).map(\.end) == [SyntheticCase.at(50)])
  }

  @Test func takesTheUsualWarningsOfADeviceForItsRecovery() throws {
    let back = (25...45).map { (Double($0) * 2, "car in motion", UInt8(4)) }
    #expect(try Self.recovery(back, usual: 4).map(\.end) == [SyntheticCase.at(50)])
  }

  @Test func takesAWordBeforeALongSilenceForNoRecovery() throws {
    let word: [(Double, String, UInt8)] = [(3, "car in motion", 6)]
    #expect(try Self.recovery(word).map(\.end) == [nil])
    let back = word + (25...45).map { (Double($0) * 2, "car in motion", UInt8(6)) }
    #expect(try Self.recovery(back).map(\.end) == [SyntheticCase.at(50)])
  }

  @Test func takesThePauseBetweenTwoTriesForNoRecovery() throws {
    let tries = (1...6).map { (Double($0) * 11, "brake fault", UInt8(3)) }
    let turns = (1...58).map { (Double($0) * 2 + 1, "car in motion", UInt8(6)) }
    #expect(try Self.recovery(tries + turns.prefix(40), until: 84).map(\.end) == [nil])
    // Well from its first turn after the last try on, when it has gone on for longer than its pace.
    #expect(try Self.recovery(tries + turns, until: 120).map(\.end) == [SyntheticCase.at(67)])
  }

  @Test func takesUngradedWordsThatNobodySaidBeforeForNoRecovery() throws {
    let news = (1...40).map { (Double($0), "lampe clignote", UInt8(255)) }
    #expect(try Self.recovery(news).map(\.end) == [nil])
    let back = news + (25...45).map { (Double($0) * 2, "car in motion", UInt8(255)) }
    #expect(try Self.recovery(back, usual: 255).map(\.end) == [SyntheticCase.at(50)])
  }

  /// What an intruder makes a device do is often graded as routine.
  @Test func takesGradedWordsThatOnlyTheFailedSayForNoRecovery() throws {
    let news = (1...40).map { (Double($0), "mail sent to stranger", UInt8(6)) }
    #expect(try Self.recovery(news).map(\.end) == [nil])
    let back = news + (25...45).map { (Double($0) * 2, "car in motion", UInt8(6)) }
    #expect(try Self.recovery(back).map(\.end) == [SyntheticCase.at(50)])
  }

  /// A new release words its routine anew, on those that did not fail, too.
  @Test func takesNewWordsThatTheWellSayForARecovery() throws {
    var lines: [(Double, String, String, UInt8)] = [(0, "lift", "brake fault", 3)]
    lines += (1...30).map { (Double($0) * -2, "lift", "car in motion", 6) }
    lines += (10...45).map { (Double($0) * 2, "lift", "car moves at speed", 6) }
    lines += (0...90).map { (Double($0), "other", "car moves at speed", 6) }
    var incident = Incident()
    incident.onsets = [Self.onset("lift", 0, 1)]
    let intervals = Self.material(Self.evidence(["lift", "other"], lines), incident).picture.intervals
    #expect(intervals?.map(\.end) == [SyntheticCase.at(20)])
  }

  @Test func takesTheWorkOfWhoAttacksOthersForNoRecovery() throws {
    let work = (1...45).map { (Double($0) * 2, "car in motion", UInt8(6)) }
    let attacks = (1...10).map { (Double($0) * 4 + 0.5, "udp flood sent to stranger", UInt8(6)) }
    #expect(try Self.recovery(work + attacks).map(\.end) == [SyntheticCase.at(42)])
  }

  @Test func seesBlindnessInTheMonitoringsOwnLog() throws {
    var lines: [(Double, String, String, UInt8)] = [(0, "a", "watchdog reset", 3)]
    // A round each minute until minute 5, then none until minute 25, then none to the end at minute 40.
    lines += (0...35).map { (Double($0) - 30, "watch", "round complete", 6) }
    lines += [
      (7, "watch", "ingest stalled", 4), (25, "watch", "round complete", 6), (40, "a", "frame sent", 6),
    ]
    var incident = Incident()
    incident.onsets = [Self.onset("a", 0, 1)]
    incident.phases = [
      Phase(name: .monitoringFailure, start: SyntheticCase.at(7), evidence: [EventID(rawValue: 38)])
    ]
    let material = Self.material(
      Self.evidence(["a", "watch"], lines, roles: ["watch": "monitor"]), incident)
    let signal = try #require(material.picture.facts.signals.monitoring)
    #expect(signal.heartbeat == "round complete" && signal.monitors == ["watch"])
    #expect(material.metrics[.blindTime].value == .duration(35 * SyntheticCase.minute, atLeast: true))
    #expect(material.metrics[.monitorComplaints].value == .count(1))
    #expect(material.metrics.instant(.firstMonitorComplaint) == SyntheticCase.at(7))
  }

  /// What stands at beds, in rooms or on a desk is called a monitor, too.
  @Test(arguments: [
    ("patient monitor", 2, false), ("monitor", 6, false), ("Bedside-Monitor", 1, false), ("monitor", 2, true),
    ("network monitor", 2, true), ("monitoring", 6, true),
  ])
  func takesInstrumentsForNoMonitoring(role: String, count: Int, isMonitoring: Bool) {
    let names = (0..<count).map { "m\($0)" }
    var lines: [(Double, String, String, UInt8)] = [
      (0, "a", "watchdog reset", 3), (40, "a", "frame sent", 6),
    ]
    for (place, name) in names.enumerated() {
      let late = 0.1 * Double(place)
      lines += (0...35).map { (Double($0) - 30 + late, name, "pulse 63", 6) } + [(7, name, "link lost", 3)]
    }
    var incident = Incident()
    incident.onsets = [Self.onset("a", 0, 1)]
    let roles = Dictionary(uniqueKeysWithValues: names.map { ($0, role) })
    let material = Self.material(Self.evidence(["a"] + names, lines, roles: roles), incident)
    #expect((material.picture.facts.signals.monitoring != nil) == isMonitoring)
  }

  @Test func countsWhatOthersSayOfAttackersAfterTheirOnset() {
    let lines: [(Double, String, String, UInt8)] = [
      (-20, "gw", "lease renewed", 6), (-25, "gw", "tcp table 12 flows", 6), (0, "a", "unlisted program", 4),
      (5, "gw", "tcp flow limit exceeded", 4), (6, "gw", "tcp flow limit exceeded", 4),
      (7, "gw", "tcp table 12 flows", 6),
      (8, "gw", "tcp flow limit exceeded", 4),
    ]
    var incident = Incident()
    incident.onsets = [Self.onset("a", 0, 3)]
    // The last one is about a device that was never affected.
    let material = Self.material(
      Self.evidence(["a", "gw", "b"], lines, mentions: [3: "a", 4: "a", 5: "a", 6: "b"]), incident)
    #expect(material.metrics[.attacks].value == .count(2))
    #expect(material.metrics[.attackers].value == .count(1))
  }

  /// A service that does not answer blocks work; that is no attack by it.
  @Test(arguments: [
    ("no answer from hub, charging blocked", 0), ("request to hub denied", 0), ("denied tcp from hub", 1),
    ("hub blocked by firewall", 1), ("outbound syn of hub", 1),
  ]) func takesWhatAServiceRefusesForNoAttack(_ text: String, _ attackers: Int) {
    let lines: [(Double, String, String, UInt8)] = [
      (-20, "gw", "lease renewed", 6), (0, "hub", "out of memory", 3), (2, "gw", text, 4),
    ]
    var incident = Incident()
    incident.onsets = [Self.onset("hub", 0, 2)]
    let material = Self.material(Self.evidence(["hub", "gw"], lines, mentions: [2: "hub"]), incident)
    #expect(material.metrics[.attackers].value == .count(attackers))
  }

  @Test func partsARolloutIntoStages() {
    var input = SyntheticCase.standard
    func give(_ minutes: [Double]) -> MetricSet {
      input.trace.incidents[0].changes[0].devices = minutes.indices.map { input.name($0) }
      input.trace.incidents[0].changes[0].receivedAt = minutes.map { SyntheticCase.at($0) }
      return input.report().metrics
    }
    let staged = give([0, 0.1, 0.2, 30, 30.1, 30.2, 30.3, 90])
    #expect(staged[.stages].value == .count(3))
    #expect(staged[.canary].value == .count(3))
    #expect(staged[.stagePause].value == .duration(Int64(29.8 * 60e9)))
    // The first failure is at four minutes.
    #expect(staged[.receiptsAfterEffect].value == .share(5, of: 8))
    #expect(staged[.haltRule].value.text.contains("went on to 5 devices"))
    input.facts.annotations.buildTime = "2026-04-07T08:00:00Z"
    let atOnce = give([0, 1, 2, 3])
    #expect(atOnce[.stages].value == .count(1) && atOnce[.canary].value == .count(4))
    #expect(!atOnce[.stagePause].value.isKnown)
    #expect(atOnce[.buildToAll].value == .duration(63 * SyntheticCase.minute))
    #expect(!atOnce[.haltRule].value.isKnown)
    #expect(give([])[.canary].value.status == "not_determined")
  }

  /// Alarms that come every half hour, whatever fails, are nobody's first knowledge of it; one about the failed is, and so is a flood of them.
  @Test func anAlarmOfEverydayLifeIsNoFirstKnowledge() {
    func known(_ more: [(Double, String, String, UInt8)], naming: String? = nil) -> Instant? {
      var lines: [(Double, String, String, UInt8)] = [
        (0, "pump", "wheel stuck", 3), (-60, "pump", "turning", 6),
      ]
      lines += stride(from: -170.0, to: 60, by: 30).map { ($0, "desk", "alarm: line of bed occluded", 4) }
      let mentions = naming.map { [lines.count: $0] } ?? [:]
      lines += more
      var incident = Incident()
      incident.onsets = [Self.onset("pump", 0, 1)]
      return Self.material(Self.evidence(["pump", "desk", "other"], lines, mentions: mentions), incident)
        .metrics.instant(.detected)
    }
    #expect(known([]) == nil)
    #expect(known([(43, "desk", "alarm: pump lost", 4)]) == SyntheticCase.at(43))
    #expect(known([(43, "desk", "alarm: line of bed occluded", 4)], naming: "other") == nil)
    #expect(known([(43, "desk", "alarm: line of bed occluded", 4)], naming: "pump") == SyntheticCase.at(43))
    #expect(
      known([(43, "desk", "alarm: line of bed occluded", 4), (44, "desk", "alarm: line of bed occluded", 4)])
        == SyntheticCase.at(44))
  }

  @Test func saysWhichAlertsNobodyAnswered() {
    var input = SyntheticCase.standard
    // The synthetic alert comes at minute 34, the run starts at minute 40.
    #expect(input.report().metrics[.alertsUnanswered].value == .count(0))
    input.facts.runs = []
    #expect(input.report().metrics[.alertsUnanswered].value == .count(1))
    input.facts.newestEvidence = SyntheticCase.at(50)
    #expect(input.report().metrics[.alertsUnanswered].value == .count(0), "it may still be answered")
  }

  @Test func readsTheWaitForApprovalFromWhenThePlanWasMade() {
    var input = SyntheticCase.standard
    input.facts.runs[1].detail = "ops signed the plan 3f, made 2026-04-07T09:30:00Z"
    #expect(input.report().metrics[.approvalWait].value == .duration(16 * SyntheticCase.minute))
  }

  @Test func replacesNamesInPeoplesWords() {
    var input = SyntheticCase.standard
    input.facts.annotations.customerImpact = "Seen on gw-0-s1, gw-0-s12. Not gw-0-s1x; plant-01 was dark."
    input.facts.annotations.title = "Night at plant-02"
    for audience in [Audience.customer, .regulator] {
      let text = MarkdownRenderer.render(input.report(audience))
      #expect(!text.contains(/gw-0-s1\b/) && !text.contains("gw-0-s12") && !text.contains("plant-0"))
      #expect(text.contains("gw-0-s1x"), "a longer word is another name")
      #expect(text.contains(/Seen on device-[0-9a-z]+, device-[0-9a-z]+\. Not/))
    }
    #expect(MarkdownRenderer.render(input.report()).contains("Seen on gw-0-s1, gw-0-s12."))
  }

  @Test func replacesNamesHoweverTheyAreWritten() {
    var input = SyntheticCase.standard
    input.facts.inventory.append(device: "dock", row: ["hq", "VM", "1", "sensor"])
    input.facts.inventory.append(device: "pump 7 (north)", row: ["IT", "VM", "1", "sensor"])
    input.facts.inventory.append(device: "relay.fleet.example.com", row: ["x", "VM", "1", "sensor"])
    input.facts.annotations.customerImpact =
      "Sites hq, HQ and IT: DOCK, Dock. GW-0-S1 and gw-0-s2.fleet.example.com, gw-0-s3.They, Pump 7 (North), relay. It was so."
    for audience in [Audience.customer, .regulator] {
      let report = input.report(audience)
      let text = MarkdownRenderer.render(report)
      for name in ["hq", "HQ", "IT", "dock", "DOCK", "Dock", "GW-0-S", "fleet.example", "Pump 7", "relay"] {
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "-" }
        #expect(!words.contains(name[...]) && (name.count < 5 || !text.contains(name)), "\(name): \(text)")
      }
      #expect(text.contains(#/device-[0-9a-z]+\.They, /#), "the next sentence stays")
      #expect(
        text.contains(#/device-[0-9a-z]+\. It was so\./#), "a word that is a name only in capitals stays")
      // However it is written, it is one name.
      #expect(report.redactions.count { $0.name.lowercased() == "dock" } == 1)
    }
  }

  @Test func namesWhatADeviceIsAndNotWhereItStands() {
    for open in ["model", "Family", "Baureihe", "manufacturer", "firmware"] {
      #expect(Wording.isOpen(open) && !Wording.namesPlace(open), "\(open)")
    }
    for place in ["site", "Standort", "Gebäude", "client"] {
      #expect(Wording.namesPlace(place) && !Wording.isOpen(place), "\(place)")
    }
  }

  @Test func writesTheSameCellsInBulk() {
    let hostile = [
      "plain", "=1+1", "a,b", "q\"q", "-2", " x", "x ", "semi;colon", "it's", "", "é", "\u{202E}x",
      "password=hunter2", "a\"\u{301},=x",
      String(repeating: "x", count: 500),
    ]
    for text in hostile {
      var buffer = CSVBuffer()
      buffer.add(Array(text.utf8), limit: 320)
      buffer.add(-42)
      buffer.endRow()
      let expected = CSVText.row([EvidenceText(text).display, "-42"])
      #expect(String(decoding: buffer.bytes, as: UTF8.self) == expected, "\(text)")
    }
    for nanoseconds in [0, 1, 1_775_552_889_123_456_789, -5, 999_999_999] as [Int64] {
      var buffer = CSVBuffer()
      buffer.add(Instant(nanoseconds: nanoseconds))
      let text = String(decoding: buffer.take(), as: UTF8.self)
      #expect(text == Instant(nanoseconds: nanoseconds).rfc3339(fractionDigits: 9))
      #expect(buffer.bytes.isEmpty)
    }
  }

  @Test func givesPiecesToOtherPages() throws {
    let pieces = HTMLPieces(SyntheticCase.standard.report())
    let section = try #require(pieces.section(6))
    #expect(section.hasPrefix("<section id=\"spread\"") && section.contains("<figure id=\"spread-tree\">"))
    #expect(pieces.section(99) == nil && pieces.figure("nothing") == nil)
    #expect(try #require(pieces.figure("spread-curve")).contains("<svg role=\"img\""))
    let tree = try #require(SpreadTree.chart(of: SyntheticCase(hostile: "<b>").trace.incidents[0]))
    let figure = HTMLPieces.figure(tree)
    #expect(figure.contains("<svg") && figure.contains("&lt;b&gt;") && !figure.contains("<b>"))
    #expect(figure.contains("Joined by edges: 61 of 62"))
    #expect(!HTMLPieces.styleSheet.contains("TLP") && HTMLPieces.styleSheet.contains("svg .edge"))
    #expect(SpreadTree.chart(of: Incident()) == nil)
  }
}
