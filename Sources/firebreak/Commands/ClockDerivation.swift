import CascadeAnalysis
import IncidentModel
import TimelineStore

/// Works out the clocks of a case and keeps them in it: where each ran, which stamps are odd, and by how much clocks were off.
struct ClockDerivation {
  let pieces: [ClockPiece]
  let flags: [ClockFlag]
  /// False where the case had them already.
  let isNew: Bool
  /// Why they could not be kept; nil where they are.
  let notKept: String?

  static let subject = "clocks"
  /// How a correction begins that a person gave.
  static let givenBy = "given by"
  /// Raised when the way of working them out changes.
  private static let version = 3

  /// The clocks as the case keeps them where they rest on what the case holds now, else worked out anew and kept.
  static func current(_ reader: CaseReader, again: Bool = false) throws -> ClockDerivation {
    let digest = try Findings.inputDigest(subject, version: version, reader)
    if !again, try reader.derivation(subject)?.inputDigest == digest {
      return ClockDerivation(
        pieces: try reader.clockPieces(), flags: try reader.clockFlags(), isNew: false, notKept: nil)
    }
    let (pieces, flags, anchors) = try workOut(reader)
    let notKept = try Findings.keep(
      subject, digest,
      "\(pieces.count) corrections, \(anchors.count) anchors, \(flags.count) odd stretches of stamps",
      in: reader
    ) { (store, derivation) throws(StoreError) in
      try store.replaceClocks(pieces, flags: flags, anchors: anchors, derivation)
    }
    return ClockDerivation(pieces: pieces, flags: flags, isNew: true, notKept: notKept)
  }

  /// The corrections that the case holds, where they rest on what it holds now; nil where there are none.
  static func held(_ reader: CaseReader) throws -> [ClockPiece]? {
    guard let kept = try reader.derivation(subject)?.inputDigest,
      kept == (try Findings.inputDigest(subject, version: version, reader))
    else { return nil }
    return try reader.clockPieces()
  }

  private static func workOut(_ reader: CaseReader) throws -> ([ClockPiece], [ClockFlag], [BootEntry]) {
    let (stretches, flags) = try reader.scanClocks()
    // Boots without an anchor are compared as if they had been at the time of the newest evidence.
    // That may lie at the end of what an Instant can tell; 2100 leaves room.
    let bootBase = min(reader.newestEvidence?.nanoseconds ?? 0, 4_102_444_800_000_000_000)
    // Values of telemetry say nothing of clocks.
    let evidence = try reader.loadEvidence(limits: EvidenceLimits(values: 0), sinceBootBase: bootBase)
      .evidence
    let names = try reader.deviceNames()
    var index: [String: Int32] = [:]
    for (position, name) in evidence.devices.enumerated() { index[name] = Int32(position) }
    var spans: [ClockSpan] = []
    var kept: [ClockStretch] = []
    for one in stretches {
      guard let name = names[one.device], let device = index[name] else { continue }
      kept.append(one)
      spans.append(
        ClockSpan(
          device: device, source: one.source, events: one.events, stampsOthers: one.stampsOthers,
          step: one.step.map {
            ClockStep(
              seconds: Double($0.shift) / 1e9, error: Double($0.error) / 1e9, method: $0.method,
              evidence: $0.evidence)
          }))
    }
    let boots = try reader.boots().filter {
      $0.method != BootSpan.twoClocks && ($0.anchor == nil || $0.method.hasPrefix(BootEntry.arrival))
    }
    let firstBoot = spans.count
    var bootOfSpan: [BootEntry] = []
    for boot in boots {
      guard let ordinal = try reader.device(ofEvent: boot.events.lowerBound), let name = names[ordinal],
        let device = index[name]
      else { continue }
      bootOfSpan.append(boot)
      spans.append(ClockSpan(device: device, source: boot.source, events: boot.events))
    }
    let said = try statements(reader)
    var anchors: [BootEntry] = []
    var pieces: [ClockPiece] = []
    let speakers = Speakers(evidence)
    for finding in ClockSurvey.measure(evidence, spans: spans) {
      guard finding.span < firstBoot else {
        var boot = bootOfSpan[finding.span - firstBoot]
        guard finding.pairs >= 2 else { continue }
        boot.anchor = Instant(nanoseconds: bootBase).adding(seconds: -finding.ahead)
        boot.error = nanoseconds(finding.error)
        boot.method =
          "\(BootEntry.arrival): \(finding.pairs) pairs"
          + (finding.receiver.map { " with \(evidence.devices[Int($0)])" } ?? "")
        anchors.append(boot)
        continue
      }
      let stretch = kept[finding.span]
      guard let name = names[stretch.device], said[name] == nil else { continue }
      pieces += Self.pieces(finding, stretch, name, evidence, speakers)
    }
    for (position, stretch) in kept.enumerated() {
      guard let name = names[stretch.device], let statement = said[name], !spans[position].stampsOthers,
        let seconds = statement.seconds
      else { continue }
      pieces.append(
        ClockPiece(
          device: name, events: stretch.events, base: Instant(nanoseconds: stretch.first),
          ahead: nanoseconds(seconds), drift: 0, error: 0, method: statement.method, pairs: 0, receiver: nil,
          evidence: []))
    }
    return (Self.withoutOverlaps(pieces), flags, anchors)
  }

  /// The corrections that one finding makes: of a clock that stamped others, for each device that it stamped.
  private static func pieces(
    _ finding: ClockFinding, _ stretch: ClockStretch, _ name: String, _ evidence: IncidentEvidence,
    _ speakers: Speakers
  ) -> [ClockPiece] {
    // Evidence is moved on firm ground only: a difference within its error is none.
    let isFirm = abs(finding.ahead) > finding.error || finding.drift != 0
    let piece = ClockPiece(
      device: name, events: stretch.events, base: finding.base,
      ahead: isFirm ? nanoseconds(finding.ahead) : 0,
      drift: isFirm ? Int64((finding.drift * 1e9).rounded()) : 0, error: nanoseconds(finding.error),
      method: finding.method + (isFirm ? "" : "; agrees within the error"), pairs: Int64(finding.pairs),
      receiver: finding.receiver.map { evidence.devices[Int($0)] }, evidence: finding.evidence)
    guard stretch.stampsOthers, isFirm else { return [piece] }
    return [piece]
      + speakers.of(stretch.events).sorted().compactMap { device in
        guard device >= 0, evidence.devices[Int(device)] != name else { return nil }
        var other = piece
        other.device = evidence.devices[Int(device)]
        return other
      }
  }

  /// Whose each event is, by its id: made when it is first asked for.
  private final class Speakers {
    private let evidence: IncidentEvidence
    private lazy var first = evidence.eventIDs.min() ?? 0
    private lazy var devices = {
      var devices = [Int32](repeating: -1, count: Int((evidence.eventIDs.max() ?? -1) - first + 1))
      for (position, id) in evidence.eventIDs.enumerated() {
        devices[Int(id - first)] = evidence.eventDevices[position]
      }
      return devices
    }()

    init(_ evidence: IncidentEvidence) { self.evidence = evidence }

    /// The devices that the events of these ids are of.
    func of(_ events: ClosedRange<Int64>) -> Set<Int32> {
      let low = max(0, events.lowerBound - first)
      let high = min(Int64(devices.count), events.upperBound - first + 1)
      return low < high ? Set(devices[Int(low)..<Int(high)]) : []
    }
  }

  private static func nanoseconds(_ seconds: Double) -> Int64 {
    let value = (seconds * 1e9).rounded()
    return value >= 9e18 ? .max / 2 : value <= -9e18 ? .min / 2 : Int64(value)
  }

  /// Pieces of one device must not overlap, so that each event has one: the one with more pairs stays.
  private static func withoutOverlaps(_ pieces: [ClockPiece]) -> [ClockPiece] {
    var kept: [ClockPiece] = []
    for piece in pieces.sorted(by: { ($0.device, $0.events.lowerBound) < ($1.device, $1.events.lowerBound) })
    {
      if let last = kept.last, last.device == piece.device, last.events.overlaps(piece.events) {
        if piece.pairs > last.pairs { kept[kept.count - 1] = piece }
      } else {
        kept.append(piece)
      }
    }
    return kept
  }

  /// What analysts said of clocks: the newest statement about each device that stands.
  private static func statements(_ reader: CaseReader) throws -> [String: (seconds: Double?, method: String)]
  {
    var said: [String: (seconds: Double?, method: String)] = [:]
    for note in try reader.notes() where note.kind == .clock {
      guard let device = note.subject else { continue }
      said[device] = (
        note.value.flatMap { Double($0) }, "\(givenBy) \(note.author) (note \(note.id))"
      )
    }
    return said
  }
}

extension TimelineStore.Note.Kind {
  /// What an analyst says of a device's clock: `subject` is the device, `value` the seconds that it is ahead, or `none`.
  static let clock = Self(rawValue: "clock")
}
