import ArgumentParser
import CascadeAnalysis
import ConsoleOutput
import Crypto
import Glibc
import IncidentModel
import PostmortemReport
import TimelineStore
import TimelineWeb

/// `firebreak trace`: what started it, who was first, how it spread, and how sure that is.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Reconstruct the cascade: origin, onsets, spread, common cause, phases.",
    discussion: """
      Each trace is kept in the case as a numbered result, so that reports and plans can pin the one they used. \
      A case on read-only media is traced all the same; the result is then only printed. The formats dot and mermaid \
      draw the spread tree for other tools; html is one page with the tree over time that needs no network.

      Exit code 1: no cascade was found. 2: the case holds no event with a time, so that nothing can be told.
      """)

  /// How a trace is written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table, json, dot, mermaid, html
  }

  @OptionGroup var location: CaseOption

  @Option(help: "table, json, dot, mermaid or html.")
  var format: Format = .table

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write to a file instead of standard output.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Draws of each simulation behind an interval.", valueName: "n"))
  var simulations = 200

  @Flag(name: .customLong("no-store"), help: "Do not keep the result in the case.")
  var isNotStored = false

  /// For `.ci/fit-calibration`: what the curves are fitted from.
  @Flag(name: .customLong("raw-scores"), help: .hidden)
  var isRaw = false

  func validate() throws {
    guard (1...100_000).contains(simulations) else {
      throw ValidationError("--simulations must be 1 to 100000")
    }
  }

  func run() throws {
    MemoryReturn.early()
    let path = try location.announcedPath()
    // A file that cannot be written shows before the long work, not after it.
    if let output { _ = try OutputPlace(output) }
    Interrupt.endAtOnce()
    if format == .html { return try page(path) }
    var session = try TraceSession(path: path, simulations: simulations)
    try session.requireEvents()
    session.options.isCalibrated = !isRaw
    let trace = session.traceAtLast()
    Interrupt.listen()
    var label: String?
    if !isNotStored, !isRaw, !trace.incidents.isEmpty { label = session.store(trace) }
    switch format {
    case .json where output == nil:
      TraceDocument.of(trace, result: label).prettyText { Console.write($0) }
      Console.print("")
    case .json: try put(TraceDocument.of(trace, result: label).prettyText())
    case .dot: try put(TraceGraph.dot(trace).joined(separator: "\n"))
    case .mermaid: try put(TraceGraph.mermaid(trace).joined(separator: "\n"))
    case .table, .html:
      let style = output == nil ? Console.style : TerminalStyle(isTerminal: false, environment: [:])
      try put(TraceTable(trace, style: style).lines.joined(separator: "\n"))
      if let label { Console.note("kept as \(label)") }
    }
    try Interrupt.check()
    // No cascade is an answer, and the answer is no.
    if trace.incidents.isEmpty { throw ExitStatus.no }
  }
}

extension TraceCommand {
  private func put(_ text: String) throws {
    guard let output else { return Console.print(text) }
    try CommandFile.write(text + "\n", to: output)
  }

  /// One page by the report's renderer: the verdict, what happened, causes, the tree over time, what-if, cited events.
  private func page(_ path: String) throws {
    var input = try PostmortemCase(path: path, keepsTrace: !isNotStored)
    try TraceSession.requireEvents(input.reader, withTime: input.facts.newestEvidence != nil)
    var options = ReportOptions(audience: .engineer, sha256: PostmortemCase.sha256)
    options.sections = [1, 4, 5, 6, 10, 13]
    options.title = "Trace: \(input.facts.caseName)"
    options.pseudonymKey = input.evidenceDigest
    let draft = Report(facts: input.facts, trace: input.trace, options: options)
    try input.loadCitedEvents(draft.citations)
    try put(HTMLRenderer.render(Report(facts: input.facts, trace: input.trace, options: options)))
    if input.trace.incidents.isEmpty { throw ExitStatus.no }
  }
}

/// A case opened to be traced: its evidence, what analysts said of it, and where results are kept.
struct TraceSession {
  let path: String
  let reader: CaseReader
  /// May be given up before the result is kept: both are large.
  var evidence: IncidentEvidence
  /// What could not be taken into memory.
  let left: EvidenceLoadReport
  /// Sources whose stamps are read in a zone that nothing vouches for.
  let zonesAssumed: Int
  var options = CascadeTracer.Options()

  init(path: String, simulations: Int = 200) throws {
    self.path = path
    reader = try CaseReader(path: path)
    var limits = EvidenceLimits()
    limits.fewestValues = MetricSeries.fewestToTell
    let loaded = try reader.loadEvidence(limits: limits)
    evidence = loaded.evidence
    left = loaded.report
    zonesAssumed = try reader.sourcesWithAssumedZone()
    evidence.clockPieces = try Self.clockPieces(reader, evidence, left)
    options.simulations = simulations
    for note in try reader.notes() {
      switch note.kind {
      case .accept, .reject: if let judgement = Judgement(note) { options.judgements.append(judgement) }
      case .fact:
        guard let stamp = note.subject, let instant = Self.instant(stamp) else { continue }
        options.facts.append(KnownFact(at: instant, text: note.text, author: note.author))
      default: continue
      }
    }
  }

  /// Most events of which the clocks are worked out for something else alone.
  static let mostToWorkOut = 3_000_000

  /// The corrections of clocks stretch by stretch, where stamps of one device fall back: as the case holds them, or worked out
  /// now. Elsewhere those alone that a person gave: that somebody had the clocks listed must not change what a trace finds.
  private static func clockPieces(
    _ reader: CaseReader, _ evidence: IncidentEvidence, _ report: EvidenceLoadReport
  ) throws -> [IncidentEvidence.ClockPiece] {
    var found = try ClockDerivation.held(reader)
    if report.stepsBack == 0 {
      found = found?.filter { $0.method.hasPrefix(ClockDerivation.givenBy) }
    } else if found == nil, evidence.times.count <= mostToWorkOut {
      found = try ClockDerivation.current(reader).pieces
    }
    guard let found, !found.isEmpty else { return [] }
    var index: [String: Int32] = [:]
    let names = Set(found.map(\.device))
    for (position, name) in evidence.devices.enumerated() where names.contains(name) {
      index[name] = Int32(position)
    }
    return found.compactMap { piece in
      guard let device = index[piece.device] else { return nil }
      return IncidentEvidence.ClockPiece(
        device: device, events: piece.events, base: piece.base.nanoseconds,
        ahead: Double(piece.ahead) / 1e9, drift: Double(piece.drift) / 1e9,
        error: Double(piece.error) / 1e9, pairs: Int(piece.pairs),
        isGiven: piece.method.hasPrefix(ClockDerivation.givenBy))
    }
  }

  /// Throws where there is nothing to trace: that nothing failed would be no answer then.
  func requireEvents() throws { try Self.requireEvents(reader, withTime: !evidence.times.isEmpty) }

  static func requireEvents(_ reader: CaseReader, withTime: Bool) throws {
    guard !withTime else { return }
    let events = try reader.eventCount()
    guard events == 0 else {
      throw CommandError(
        "nothing can be traced: none of the \(Figures.counted(events, "event")) has a usable time; 'firebreak clocks' says why"
      )
    }
    let refused = try reader.evidenceTotals().refusedLines
    throw CommandError(
      "nothing can be traced: the case holds no event; "
        + (refused == 0
          ? "'firebreak sources' shows what was read"
          : "\(Figures.counted(refused, "line")) could not be read: 'firebreak sources --refused' shows them")
    )
  }

  func trace() -> Trace { noted(CascadeTracer(options).trace(evidence)) }

  /// The same where nothing else needs the evidence, which is given up: it is large, and so is a trace.
  mutating func traceAtLast() -> Trace {
    var last = IncidentEvidence()
    swap(&last, &evidence)
    return noted(CascadeTracer(options).trace(consume last))
  }

  private func noted(_ trace: Trace) -> Trace {
    var trace = trace
    if left.withoutTime > 0 {
      trace.caveats.append("\(Figures.grouped(left.withoutTime)) events without a usable time were left out")
    }
    if zonesAssumed > 0 {
      trace.caveats.append(
        "no zone is known for the stamps of \(Figures.counted(zonesAssumed, "source")): they are taken as UTC, and may be off by hours"
      )
    }
    if left.valuesLeftOut > 0 {
      trace.caveats.append(
        "\(Figures.grouped(left.valuesLeftOut)) telemetry values were left out: too many for memory")
    }
    return trace
  }

  /// Keeps the trace in the case; says why where that is not possible. Returns its name.
  ///
  /// `inputDigest` is the SHA-256 (hex) over everything `forEachInput` gives, where the caller has it already.
  func store(_ trace: Trace, inputDigest: String? = nil) -> String? {
    do {
      let hex = try inputDigest ?? digestOfInput()
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      let number = try TraceStore(CaseFile(path: path)).add(
        StoredTrace(
          createdAt: Instant(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)),
          tool: "firebreak \(Firebreak.version)",
          options: JSONValue.object([("simulations", .int(Int64(options.simulations)))]).text(),
          inputDigest: hex, result: "", devices: [:]),
        envelope: Self.envelope(trace))
      return "trace@\(number)"
    } catch {
      Console.warn("the trace was not kept: \(Sanitizer.escape("\(error)"))")
      return nil
    }
  }

  /// The trace as the case keeps it: names of devices by role, in order of the roles, then the document.
  private static func envelope(_ trace: Trace) -> [UInt8] {
    // An onset with its edges: about 650 bytes.
    var out = JSONWriter(reserving: trace.incidents.reduce(100_000) { $0 + 700 * $1.onsets.count })
    func role(_ name: String, _ devices: some Sequence<String>) {
      out.key(name)
      out.beginArray()
      for device in devices { out.string(device) }
      out.endArray()
    }
    let incident = trace.incidents.first ?? Incident()
    out.beginObject()
    out.key("devices")
    out.beginObject()
    role("affected", incident.onsets.lazy.map(\.device))
    if trace.incidents.count > 1 {
      for (index, other) in trace.incidents.enumerated() {
        role("incident\(index + 1)", other.onsets.lazy.map(\.device))
      }
    }
    role("origin", incident.origins.prefix { $0.probability >= 0.5 }.map(\.device))
    role("unrelated", trace.unrelated.map(\.device))
    out.endObject()
    out.key("trace")
    TraceDocument.of(trace, isKept: true).write(into: &out)
    out.endObject()
    return out.bytes
  }

  private func digestOfInput() throws -> String {
    var digest = SHA256()
    try reader.forEachInput { text in digest.update(data: Array(text.utf8)) }
    return PostmortemCase.hex(digest.finalize())
  }

  /// An instant from RFC 3339 in UTC, as notes keep it.
  private static func instant(_ stamp: String) -> Instant? {
    let parts = stamp.utf8.split { $0 < 48 || $0 > 57 }.map { String(decoding: $0, as: UTF8.self) }
    guard parts.count >= 5, stamp.hasSuffix("Z"), let year = Int(parts[0]), let month = Int(parts[1]),
      let day = Int(parts[2]), let hour = Int64(parts[3]), let minute = Int64(parts[4])
    else { return nil }
    let second = parts.count > 5 ? Int64(parts[5]) ?? 0 : 0
    let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
    return Instant(nanoseconds: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000)
  }
}
