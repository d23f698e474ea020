import CascadeAnalysis
import ConsoleOutput
import Crypto
import IncidentModel
import PlaybookModel
import PostmortemReport
import TimelineStore

/// A case read for a report: facts, trace and digests, filled from the store.
struct PostmortemCase {
  var facts = CaseFacts()
  var trace = Trace()
  let reader: CaseReader
  let path: String
  /// SHA-256 over sources and fleet only: notes do not change it.
  var evidenceDigest: [UInt8] = []

  /// Reads a case. `number` pins a stored trace; it must rest on what the case holds now. With `keepsTrace` a trace that had
  /// to be made anew is stored, so that what is written about it can name it.
  init(path: String, number: Int64? = nil, keepsTrace: Bool = false) throws {
    self.path = path
    reader = try CaseReader(path: path)
    var name = path.split(separator: "/").last.map(String.init) ?? "case"
    if name.hasSuffix(".firebreak") { name = String(name.dropLast(".firebreak".count)) }
    facts.caseName = name
    facts.toolVersion = "firebreak \(Firebreak.version)"
    facts.eventCount = Int(clamping: try reader.eventCount())
    facts.newestEvidence = reader.newestEvidence
    facts.annotations = try AnnotationStore.read(reader)
    facts.newestNote = try reader.notes().lazy.filter { $0.kind == .annotation }.map(\.createdAt).max()
    let runs = try reader.runs()
    for run in runs {
      let rows = try reader.journal(run: run)
      if JournalChain.firstProblem(in: rows.map(CaseJournal.record)) != nil { facts.alteredRuns.append(run) }
      facts.runs += rows.compactMap(Self.record)
      facts.runStates[run] = RunState(rows, case: path)
    }
    facts.runsWithoutRecords = RunFolders.unrecorded(beside: path, recorded: runs)
    facts.sources = try EvidenceRegister.read(reader)
    facts.oldestEvidence = facts.sources.compactMap(\.firstTime).min()
    for count in try reader.counts(matching: try reader.query(""), by: [.quality]) {
      let quality = TimeQuality.allCases.first { $0.name == count.values.first ?? nil }
      if let quality { facts.eventsByTimeQuality[quality] = Int(clamping: count.events) }
    }
    try analyse(number, keepsTrace)
  }

  /// Runs the analysis and derives what the timeline says about the incident.
  private mutating func analyse(_ number: Int64?, _ keepsTrace: Bool) throws {
    var session = try TraceSession(path: path)
    facts.inventory = session.evidence.inventory
    var speaks = [Bool](repeating: false, count: session.evidence.devices.count)
    for device in session.evidence.eventDevices where device >= 0 { speaks[Int(device)] = true }
    facts.speakingDevices = speaks.count { $0 }
    var known = Set(session.evidence.topology.links.flatMap { [$0.from, $0.to] })
    for (device, speaks) in speaks.enumerated() where speaks {
      known.insert(session.evidence.devices[device])
    }
    facts.linkedDevices = known.count
    trace = session.trace()
    session.evidence.correctTimes(by: trace.clockSkews)
    facts.signals = IncidentSignals(evidence: session.evidence, incident: trace.incidents.first)
    let input = try digest(number)
    session.evidence = IncidentEvidence()
    if keepsTrace, facts.traceNumber == nil {
      facts.traceNumber = session.store(trace, inputDigest: input)?.split(separator: "@").last.flatMap {
        Int($0)
      }
    }
  }

  /// Signals of another incident than the largest.
  mutating func choose(incident: Int) throws {
    guard incident > 0 else { return }
    guard trace.incidents.indices.contains(incident) else {
      throw CommandError(
        "there is no incident \(incident + 1): the trace has "
          + (trace.incidents.isEmpty ? "none" : Figures.counted(trace.incidents.count, "incident"))
          + "; 'firebreak incidents' lists them", .no)
    }
    var evidence = try TraceSession(path: path).evidence
    evidence.correctTimes(by: trace.clockSkews)
    facts.signals = IncidentSignals(evidence: evidence, incident: trace.incidents[incident])
  }

  /// - Returns: The digest that a trace of this case has: over everything it is made from, without journals.
  private mutating func digest(_ number: Int64?) throws -> String {
    var all = SHA256()
    var evidence = SHA256()
    // A trace made before people wrote their part still rests on the same evidence and judgements.
    var withoutReportFields = SHA256()
    var isFleet = false
    try reader.forEachInput { line in
      all.update(data: Array(line.utf8))
      if !line.hasPrefix("note annotation ") { withoutReportFields.update(data: Array(line.utf8)) }
      if line.hasPrefix("inventory ") { isFleet = true }
      if isFleet || line.hasPrefix("source ") { evidence.update(data: Array(line.utf8)) }
    }
    evidenceDigest = Array(evidence.finalize())
    let inputs = [Self.hex(all.finalize()), Self.hex(withoutReportFields.finalize())]
    if let stored = try reader.traceHead(number) {
      if inputs.contains(stored.inputDigest) {
        facts.traceNumber = Int(clamping: stored.number)
      } else if number != nil {
        Console.warn(
          "trace \(stored.number) rests on other evidence or notes than the case holds now; the report traces anew"
        )
      }
    } else if let number {
      throw CommandError("there is no trace \(number) in '\(path)': make one with 'firebreak trace'", .no)
    }
    for record in facts.runs { all.update(data: Array("journal \(record.hash)\n".utf8)) }
    all.update(data: Array(facts.toolVersion.utf8))
    facts.inputDigest = Self.hex(all.finalize())
    return inputs[0]
  }

  /// Fills in the events that a report cites: their text and place in the evidence.
  mutating func loadCitedEvents(_ ids: [EventID]) throws {
    var accountOf: [SourceDescription: SourceAccount] = [:]
    for source in facts.sources { accountOf[source.description] = source }
    for id in ids where facts.events[id] == nil {
      guard let event = try reader.event(id) else { continue }
      facts.events[id] = CitedEvent(
        id: id, time: event.time, quality: event.quality, device: event.device, basis: event.basis,
        severity: event.severity, message: event.messageBytes,
        place: EvidenceReference(
          source: event.place, sha256: accountOf[event.place]?.sha256 ?? "", line: event.line,
          byteOffset: event.byteOffset, byteLength: event.byteLength,
          encodings: accountOf[event.place]?.compression ?? []))
    }
  }

  private static func record(_ row: JournalRow) -> RunRecord? {
    guard let kind = RunRecord.Kind(rawValue: row.kind) else { return nil }
    return RunRecord(
      run: row.run, sequence: row.sequence, wallTime: row.wallTime, monotonicTime: row.monotonicTime,
      kind: kind,
      step: row.step, target: row.target, action: row.action.flatMap(RunRecord.Action.init),
      outcome: row.outcome.flatMap(RunRecord.Outcome.init), reason: row.reason, wave: row.wave,
      detail: row.detail,
      hash: row.hash)
  }

  static func hex(_ digest: some Sequence<UInt8>) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The hash that reports are given.
  static let sha256: @Sendable ([UInt8]) -> [UInt8] = { Array(SHA256.hash(data: $0)) }
}

/// The register of sources with damage and decisions.
enum EvidenceRegister {
  static func read(_ reader: CaseReader) throws -> [SourceAccount] {
    let all = try reader.remarksBySource()
    return try reader.sources().map { source in
      var account = SourceAccount(
        description: source.description, sha256: source.sha256, format: source.format,
        storedBytes: source.storedBytes, bytes: source.bytes, bytesBy: source.bytesBy, linesBy: source.linesBy
      )
      account.firstTime = source.firstTime
      account.lastTime = source.lastTime
      account.modified = source.modified
      account.compression = source.compression
      let remarks = all[source.ordinal] ?? ([], [])
      account.damage = remarks.damage.map { remark in
        let place = remark.value.split(separator: " ")
        return Damage(
          kind: remark.subject, offset: place.last.flatMap { UInt64($0) } ?? 0, length: nil,
          inContainer: place.first == "compressed", note: remark.reason)
      }
      account.decisions = remarks.decisions.map {
        IntakeDecision(subject: $0.subject, value: $0.value, reason: $0.reason)
      }
      return account
    }
  }
}
